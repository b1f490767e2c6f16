"""What people see of the results: tables, a plot, and JSON for machines."""

import json
import sys
from itertools import groupby
from pathlib import Path
from statistics import geometric_mean

from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from fastadd._compare.measure import NOISE, busy, duration, ratio
from fastadd._compare.peers import COLOURS

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

# Groups of which the README shows every cell.
FUNCTIONS = ("weighted_sum", "foreach_add", "clip_grad_norm")

console = Console(width=None if sys.stdout.isatty() else 118)


def table(title, cells):
    """A row a cell: our time, then each peer's as a multiple of ours."""
    found = {name: None for cell in cells for name in cell["times"]}
    names = sorted(found, key=[*COLOURS, *found].index)
    sheet = Table(title=title, title_justify="left", header_style="bold")
    sheet.add_column("case")
    sheet.add_column("fastadd", justify="right", style="bold")
    for name in names[1:]:
        sheet.add_column(name.replace(" ", "\n", 1), justify="right")
    sheet.add_column("lead over the\nbest peer", justify="right", no_wrap=True)
    for cell in cells:
        ours = cell["times"]["fastadd"]
        row = [cell["case"], duration(ours)]
        for name in names[1:]:
            if name in cell["times"]:
                times = cell["times"][name] / ours
                row.append(f"[red]{times:.2f}[/]" if times < NOISE else f"{times:.2f}")
            else:
                row.append("")
        lead, best = ratio(cell["times"])
        row.append(f"[{'red' if lead < NOISE else 'green'}]{lead:.2f} {best}[/]")
        sheet.add_row(*row)
    console.print(sheet)


def summaries(cells):
    """Of each group: its cells, the geometric mean over the best peer, the goal, the
    mean over NumPy, and the cells that are lost."""
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
            f"{geometric_mean(of_numpy):.2f}" if of_numpy else "",
            [cell for cell in members if ratio(cell["times"])[0] < NOISE],
        )


def summary(cells):
    """The geometric means, and every cell that is lost."""
    sheet = Table(title="Summary", title_justify="left", header_style="bold")
    for column in (
        "group",
        "cells",
        "over the best peer",
        "goal",
        "over NumPy",
        "lost",
    ):
        sheet.add_column(column, justify="left" if column == "group" else "right")
    everything = []
    for group, count, best, goal, numpy, lost in summaries(cells):
        mark = "green" if not goal or best >= float(goal) else "red"
        sheet.add_row(
            group, str(count), f"[{mark}]{best:.2f}[/]", goal, numpy, str(len(lost))
        )
        everything += lost
    console.print(sheet)
    if everything:
        console.print("[red]Slower than the best peer:[/]")
    for cell in everything:
        lead, best = ratio(cell["times"])
        console.print(f"  {cell['group']}, {cell['case']}: {lead:.2f} of {best}")


def points(cells, name, way):
    """Lengths of float32 rows, and a contender's seconds."""
    return [
        (cell["row"][1], cell["times"][name])
        for cell in cells
        if cell["row"]
        and cell["row"][::2] == ("float32", way)
        and name in cell["times"]
    ]


def lines(axis, cells, way, value):
    """A line a library, over n; `value` makes a number of n and seconds."""
    for name, colour in reversed(COLOURS.items()):
        found = points(cells, name, way)
        if found:
            axis.semilogx(
                [n for n, _ in found],
                [value(n, seconds) for n, seconds in found],
                color=colour,
                label=name,
                linewidth=3 if name == "fastadd" else 1.3,
                marker="o",
                markersize=5 if name == "fastadd" else 3,
            )
    axis.set_xlabel("n, float32 elements")


def finish(figure, path):
    """One legend below all, in the order of COLOURS."""
    handles = {}
    for axis in figure.axes:
        axis.grid(which="major", alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            if label in COLOURS:
                handles[label] = handle
    labels = [name for name in COLOURS if name in handles]
    figure.legend(
        [handles[name] for name in labels],
        labels,
        loc="outside lower center",
        ncols=(len(labels) + 1) // 2 if len(labels) > 8 else len(labels),
        frameon=False,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def plot_sizes(cells, path):
    """Time per call over n, for out= and for fresh results."""
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for axis, way in zip(axes, ("out=", "fresh"), strict=True):
        lines(axis, cells, way, lambda n, seconds: seconds)
        axis.set_yscale("log")
        axis.set_title("a + s*b into out" if way == "out=" else "a + s*b, fresh result")
    axes[0].set_ylabel("seconds per call (best of many)")
    finish(figure, path)


def plot_bandwidth(cells, curves, path):
    """GB/s over n beside the limit that C sets, and the gain from threads."""
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    lines(left, cells, "out=", lambda n, seconds: 12 * n / seconds / 1e9)
    limits = [
        3
        * 4
        * int(cell["case"].split("=")[1].split(", o")[0].replace(",", ""))
        / min(t for name, t in cell["times"].items() if name != "fastadd")
        / 1e9
        for cell in cells
        if cell["group"] == "triad"
    ]
    if limits:
        left.axhline(limits[-1], color="black", linestyle="--", linewidth=1)
        left.text(
            1, limits[-1], "memory: the best triad in C", va="bottom", fontsize="small"
        )
    left.set_ylabel("GB/s read and written")
    left.set_title("a + s*b into out")
    for name, times in curves.items():
        counts = list(times)
        right.plot(
            counts, [times[1] / times[c] for c in counts], marker="o", label=name
        )
    right.plot(counts, counts, color="black", linestyle=":", linewidth=1)
    right.set_xticks(counts)
    right.set_xlabel("threads")
    right.set_ylabel("times as fast as one thread")
    right.set_title("threads")
    right.legend(frameon=False)
    finish(figure, path)


def plots(cells, curves, folder):
    if any(cell["row"] for cell in cells):
        plot_sizes(cells, folder / "sizes.png")
        plot_bandwidth(cells, curves, folder / "bandwidth.png")


def markdown(cells):
    """The summary and, for float32, our time and each peer's as a multiple of it."""
    parts = [
        "| | cells | over the best peer | goal | over NumPy | slower than a peer |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for group, count, best, goal, numpy, lost in summaries(cells):
        parts.append(
            f"| {group} | {count} | {best:.2f} | {goal} | {numpy} | {len(lost)} |"
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
                f"{times[name] / ours:.2f}" if name in times else ""
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
        ratios = [f"{times[name] / one:.2f}" if name in times else "" for name in names]
        yield str(label), f"{n:,}", duration(one), *ratios


def beside_tables(measured):
    for kind, rows in measured.items():
        first, title = BESIDE[kind]
        header, *lines = beside_rows(rows)
        sheet = Table(title=title, title_justify="left", header_style="bold")
        for column in (first, *header):
            sheet.add_column(column, justify="left" if column == first else "right")
        for line in lines:
            sheet.add_row(*line)
        console.print(sheet)


def beside_markdown(rows, first):
    header, *lines = beside_rows(rows)
    yield f"| {first} | {' | '.join(header)} |"
    yield f"|---|{'--:|' * len(header)}"
    for line in lines:
        yield f"| {' | '.join(line)} |"


def warn_if_busy(share):
    found = busy(share)
    if found:
        console.print(
            f"[red]{found}, or read the last table alone, which is of additions beside "
            "busy processes.[/]"
        )


def save(cells, machine, beside):
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "results.json").write_text(
        json.dumps({"machine": machine, "cells": cells, "beside": beside}, indent=1)
    )
