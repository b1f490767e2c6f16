"""What people see of the results: tables, losses, the page of the documentation, and
JSON for machines."""

import json
from itertools import groupby
from pathlib import Path
from statistics import geometric_mean

import tables
from rich.text import Text
from tables import Column

from fastadd._compare.measure import NOISE, busy, duration, ratio
from fastadd._compare.peers import COLOURS
from fastadd._compare.show import three_digits

RESULTS = Path(__file__).parent / "results"
# The groups, and how far ahead of the best peer each is to be, as a geometric mean.
GOALS = {
    "small": "2.0",
    "small broadcasts": "1.5",
    "large, out=": "1.1",
    "large, fresh": "1.3",
    "layouts": "1.3",
    "views": "1.0",
    "dtypes": "1.2",
    "weighted_sum": "1.0",
    "foreach_add": "1.0",
    "clip_grad_norm": "1.0",
    "operations": "1.0",
    "relu": "1.0",
    "triad": "0.95",
    "jobs": "",
}

# Groups of which the page shows every cell.
FUNCTIONS = ("weighted_sum", "foreach_add", "clip_grad_norm")


def say(text, style=""):
    """A paragraph."""
    tables.console.print(Text(text, style))


def multiples(times):
    """Each peer's time as a multiple of ours, in cells, and that of the best with its
    name; red where it is below 1 by more than noise."""
    ours = times["fastadd"]
    found = {
        name: (three_digits(time / ours), "red" if time / ours < NOISE else "")
        for name, time in times.items()
    }
    lead, best = ratio(times)
    return found, (f"{three_digits(lead)} {best}", "red" if lead < NOISE else "green")


def table(title, cells):
    """A row a cell: our time, then each peer's as a multiple of ours."""
    names = {
        name: None for cell in cells for name in cell["times"] if name != "fastadd"
    }
    order = [*COLOURS, *names]
    names = sorted(names, key=lambda n: (not n.startswith("numpy"), order.index(n)))
    rows, leads = zip(*(multiples(cell["times"]) for cell in cells), strict=True)
    ours = [duration(cell["times"]["fastadd"]) for cell in cells]
    tables.show(
        title,
        Column("case", [cell["case"] for cell in cells]),
        [
            Column("fastadd", ours, "bold"),
            Column("lead over the\nbest peer", leads),
            *(
                Column(name.replace(" ", "\n", 1), [row.get(name, "") for row in rows])
                for name in names
            ),
        ],
    )


def rivals(times):
    """Our time beside NumPy's, and beside those of all others, by who they are."""
    numpy = {name: time for name, time in times.items() if name.startswith("numpy")}
    others = {name: time for name, time in times.items() if name not in numpy}
    return {"NumPy": numpy | {"fastadd": times["fastadd"]}, "another peer": others}


def losses(cells):
    """What is told of a section: in how many cases NumPy is faster, in how many another
    peer, and in which; and whether there are such cases."""
    for who in ("NumPy", "another peer"):
        found = [(cell["case"], rivals(cell["times"])[who]) for cell in cells]
        leads = [(case, *ratio(times)) for case, times in found if len(times) > 1]
        lost = [
            f"{case} ({best} took {three_digits(lead)} of the time)"
            for case, lead, best in leads
            if lead < NOISE
        ]
        if leads:
            listed = f": {'; '.join(lost)}" if lost else ""
            yield (
                f"slower than {who} in {len(lost)} of {len(leads)}{listed}",
                bool(lost),
            )


def section(name, cells):
    """Its tables, and what is lost."""
    for group, members in groupby(cells, key=lambda cell: cell["group"]):
        table(group, list(members))
    for told, lost in losses(cells):
        say(f"{name}: {told}", "red" if lost else "green")
    tables.console.print()


def summaries(cells):
    """Of each group: its cells, the geometric mean over the best peer, the goal, the
    mean over NumPy, and how many cells are lost."""
    for group, run in groupby(
        sorted(cells, key=lambda cell: list(GOALS).index(cell["group"])),
        key=lambda cell: cell["group"],
    ):
        members = list(run)
        of_numpy = [
            min(times) / cell["times"]["fastadd"]
            for cell in members
            if (times := [t for n, t in cell["times"].items() if n.startswith("numpy")])
        ]
        yield (
            group,
            len(members),
            geometric_mean(ratio(cell["times"])[0] for cell in members),
            GOALS[group],
            three_digits(geometric_mean(of_numpy)) if of_numpy else "",
            str(sum(ratio(cell["times"])[0] < NOISE for cell in members)),
        )


def summary(cells):
    """The geometric means. (What is lost was told with each section.)"""
    groups, counts, leads, goals, numpy, lost = zip(*summaries(cells), strict=True)
    tables.show(
        "Summary: how many times as fast, as geometric means",
        Column("group", groups),
        [
            Column("cells", [str(count) for count in counts]),
            Column(
                "over the\nbest peer",
                [
                    (
                        three_digits(lead),
                        "red" if goal and lead < float(goal) else "green",
                    )
                    for lead, goal in zip(leads, goals, strict=True)
                ],
            ),
            Column("goal", goals),
            Column("over\nNumPy", numpy),
            Column("slower than\na peer", lost),
        ],
    )


def markdown(cells):
    """The summary and, for float32, our time and each peer's as a multiple of it."""
    parts = [
        "| | cells | over the best peer | goal | over NumPy | slower than a peer |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for group, count, best, goal, numpy, lost in summaries(cells):
        lead = three_digits(best)
        missed = ", missed" if goal and best < float(goal) else ""
        parts.append(
            f"| {group} | {count} | {lead} | {goal}{missed} | {numpy} | {lost} |"
        )
    shown = [
        cell
        for cell in cells
        if cell["case"].startswith("float32, ") or cell["group"] in ("jobs", *FUNCTIONS)
    ]
    names = [
        name
        for name in list(COLOURS)[1:]
        if not name.startswith("numpy") and any(name in c["times"] for c in shown)
    ]
    parts += [
        "",
        f"| | fastadd | numpy | {' | '.join(names)} |",
        f"|---|{'--:|' * (2 + len(names))}",
    ]
    for cell in shown:
        times = dict(cell["times"])
        ours = times.pop("fastadd")
        of_numpy = [t for name, t in times.items() if name.startswith("numpy")]
        if of_numpy:
            times["numpy"] = min(of_numpy)
            ratios = [
                three_digits(times[name] / ours) if name in times else ""
                for name in ("numpy", *names)
            ]
            case = cell["case"].removeprefix("float32, ")
            if cell["group"] in FUNCTIONS:
                case = f"`{cell['group']}`, {case}"
            parts.append(f"| {case} | {duration(ours)} | {' | '.join(ratios)} |")
    return "\n".join(parts)


BESIDE = {
    "pairs": (
        "right after",
        "Means of a call of another library and an addition after it",
    ),
    "processes": ("busy processes", "Means of calls while other processes compute"),
}


def beside_rows(rows):
    """Header and rows: the mean on one thread, and the others as multiples of it."""
    names = list(dict.fromkeys(name for *_, times in rows for name in times))
    names.remove("one thread")
    yield "n", "one thread", *names
    for label, n, times in rows:
        one = times["one thread"]
        ratios = [
            three_digits(times[name] / one) if name in times else "" for name in names
        ]
        yield str(label), f"{n:,}", duration(one), *ratios


def beside_tables(measured):
    for kind, rows in measured.items():
        first, title = BESIDE[kind]
        header, *lines = beside_rows(rows)
        names, *columns = zip(*lines, strict=True)
        headers = (name.replace(" ", "\n", 1) for name in header)
        tables.show(title, Column(first, names), list(map(Column, headers, columns)))


def beside_markdown(rows, first):
    header, *lines = beside_rows(rows)
    yield f"| {first} | {' | '.join(header)} |"
    yield f"|---|{'--:|' * len(header)}"
    for line in lines:
        yield f"| {' | '.join(line)} |"


def warn_if_busy(share):
    found = busy(share)
    if found:
        say(f"{found}: until then ratios mean little.", "red")


def save(cells, machine, beside):
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "results.json").write_text(
        json.dumps({"machine": machine, "cells": cells, "beside": beside}, indent=1)
    )
