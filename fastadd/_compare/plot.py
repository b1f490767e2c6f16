"""The comparison of speeds as a picture."""

import textwrap

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from fastadd._compare import peers
from fastadd._compare.speed import FAMILIES

# A family's is that of the first of its ways.
COLOURS = {}
for way, colour in peers.COLOURS.items():
    if way.split()[0] in FAMILIES:
        COLOURS.setdefault(FAMILIES[way.split()[0]], colour)


def plot(results, summary, path):
    """A row a case: what the others take, as a multiple of fastadd's time."""
    raced = [result for result in results if "seconds" in result][::-1]
    figure = Figure(figsize=(8, 1.4 + 0.3 * len(raced)), layout="constrained")
    axis = figure.subplots()
    axis.axvline(1, color=COLOURS["fastadd"], linewidth=2, label="fastadd")
    for name, colour in list(COLOURS.items())[1:]:
        points = [
            (result["seconds"][name] / result["seconds"]["fastadd"], place)
            for place, result in enumerate(raced)
            if name in result["seconds"]
        ]
        if points:
            size = 7 if name == "NumPy" else 5
            axis.plot(
                *zip(*points, strict=True), "o", color=colour, label=name, ms=size
            )
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axis.xaxis.set_minor_formatter("")
    axis.set_xlabel("times as long as fastadd takes")
    axis.set_yticks(range(len(raced)), [result["case"] for result in raced])
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle(textwrap.fill(summary, 100), fontsize="small")
    figure.legend(loc="outside lower center", ncols=len(COLOURS), frameon=False)
    figure.savefig(path, dpi=110)
