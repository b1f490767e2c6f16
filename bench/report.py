"""What people see of the results: tables, a plot, and JSON for machines."""

import json
import sys
from itertools import groupby
from pathlib import Path
from statistics import geometric_mean

from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
NOISE = 0.95  # a cell is lost below this ratio of the best peer's time to ours
COLOURS = {
    "fastadd": "#d62728",
    "numpy a + s*b": "#1f77b4",
    "numpy two calls": "#6baed6",
    "numexpr": "#8c6d31",
    "numba": "#2ca02c",
    "torch": "#ff7f0e",
    "OpenCV": "#9467bd",
    "SciPy axpy": "#7f7f7f",
}

console = Console(width=None if sys.stdout.isatty() else 118)


def duration(seconds):
    """Three digits and a unit."""
    for unit, scale in (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3)):
        if seconds < 999.5 * scale:
            value = seconds / scale
            return f"{value:.{max(0, 2 - len(str(int(value))) + 1)}f} {unit}"
    return f"{seconds:.2f} s"


def ratio(cell):
    """The best peer's time over ours, and its name."""
    peers = {name: t for name, t in cell["times"].items() if name != "fastadd"}
    best = min(peers, key=peers.get)
    return peers[best] / cell["times"]["fastadd"], best


def table(title, cells):
    """A row a cell: our time, then each peer's as a multiple of ours."""
    names = [n for n in COLOURS if any(n in cell["times"] for cell in cells)]
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
        lead, best = ratio(cell)
        row.append(f"[{'red' if lead < NOISE else 'green'}]{lead:.2f} {best}[/]")
        sheet.add_row(*row)
    console.print(sheet)


def summary(cells):
    """The geometric means, and every cell that is lost."""
    sheet = Table(title="Summary", title_justify="left", header_style="bold")
    for column in ("group", "cells", "over the best peer", "over NumPy", "lost"):
        sheet.add_column(column, justify="left" if column == "group" else "right")
    lost = []
    for group, run in groupby(cells, key=lambda cell: cell["group"]):
        members = list(run)
        losses = [cell for cell in members if ratio(cell)[0] < NOISE]
        lost += losses
        numpy = [
            min(t for name, t in cell["times"].items() if name.startswith("numpy"))
            / cell["times"]["fastadd"]
            for cell in members
        ]
        sheet.add_row(
            group,
            str(len(members)),
            f"{geometric_mean(ratio(cell)[0] for cell in members):.2f}",
            f"{geometric_mean(numpy):.2f}",
            str(len(losses)),
        )
    console.print(sheet)
    if lost:
        console.print("[red]Slower than the best peer:[/]")
    for cell in lost:
        lead, best = ratio(cell)
        console.print(f"  {cell['group']}, {cell['case']}: {lead:.2f} of {best}")


def plot(cells, path):
    """Time per call over n, a line a library, for out= and for fresh results."""
    groups = ("sizes, out=", "sizes, fresh")
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for axis, group in zip(axes, groups, strict=True):
        members = [cell for cell in cells if cell["group"] == group]
        for name, colour in reversed(COLOURS.items()):
            points = [
                (cell["n"], cell["times"][name])
                for cell in members
                if name in cell["times"]
            ]
            if points:
                axis.loglog(
                    *zip(*points, strict=True),
                    color=colour,
                    label=name,
                    linewidth=3 if name == "fastadd" else 1.3,
                    marker="o",
                    markersize=5 if name == "fastadd" else 3,
                )
        axis.set_xlabel("n, float32 elements")
        axis.set_title(
            "a + s*b into out" if group.endswith("out=") else "a + s*b, fresh result"
        )
        axis.grid(which="major", alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("seconds per call (best of many)")
    handles, labels = {}, []
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            handles[label] = handle
    labels = [name for name in COLOURS if name in handles]
    figure.legend(
        [handles[name] for name in labels],
        labels,
        loc="outside lower center",
        ncols=len(labels),
        frameon=False,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def markdown(cells, groups):
    """Our time and each peer's as a multiple of it, as a table for the README."""
    names = [name for name in COLOURS if not name.startswith("numpy")][1:]
    lines = [
        f"| | fastadd | numpy | {' | '.join(names)} |",
        f"|---|{'--:|' * (2 + len(names))}",
    ]
    for cell in cells:
        if cell["group"] in groups:
            times = dict(cell["times"])
            ours = times.pop("fastadd")
            times["numpy"] = min(t for n, t in times.items() if n.startswith("numpy"))
            ratios = [
                f"{times[name] / ours:.2f}" if name in times else ""
                for name in ("numpy", *names)
            ]
            where = {"sizes, out=": ", out=", "sizes, fresh": ", fresh"}
            case = cell["case"] + where.get(cell["group"], "")
            lines.append(f"| {case} | {duration(ours)} | {' | '.join(ratios)} |")
    return "\n".join(lines)


def save(cells, machine):
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "results.json").write_text(
        json.dumps({"machine": machine, "cells": cells}, indent=1)
    )
