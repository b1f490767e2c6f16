"""The two plots of the benchmark: time over size, and bandwidth beside the limit."""

from math import ceil

from matplotlib.figure import Figure

from fastadd._compare.peers import COLOURS


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
    for lines in range(1, len(labels) + 1):  # as few as the figure has room for
        legend = figure.legend(
            [handles[name] for name in labels],
            labels,
            loc="outside lower center",
            ncols=ceil(len(labels) / lines),
            frameon=False,
        )
        if legend.get_window_extent().width <= figure.bbox.width:
            break
        legend.remove()
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
