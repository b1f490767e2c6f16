"""Cross-fade two photographs: every frame is one pass from bytes to float32.

The photographs are uint8, and are converted as they are read; the frame is a buffer of
float32 that is written again and again. Timed beside NumPy's expression, with the same
bits, and beside NumPy's calls into buffers.

    python examples/cross_fade.py --picture cross_fade.jpg
"""

import argparse
import sys
import time

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_sample_image

import fastadd


class Fade:
    """Three ways from one photograph to another. t runs from 0 to 1."""

    def __init__(self, start, end):
        self.start, self.end = start, end
        self.frame = np.empty(start.shape, np.float32)
        self.own, self.other = np.empty_like(self.frame), np.empty_like(self.frame)

    def by_fastadd(self, t):
        return fastadd.add(
            self.start,
            self.end,
            beta=1 - t,
            alpha=t,
            dtype=np.float32,
            out=self.frame,
        )

    def by_expression(self, t):
        return np.float32(1 - t) * self.start + np.float32(t) * self.end

    def by_calls(self, t):
        np.multiply(self.start, np.float32(1 - t), out=self.own)
        np.multiply(self.end, np.float32(t), out=self.other)
        return np.add(self.own, self.other, out=self.own)


def best(way, times):
    """The seconds of the fastest frame."""
    seconds = []
    for t in times:
        start = time.perf_counter()
        way(t)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def draw(fade, path):
    """A strip of five frames."""
    figure = Figure(figsize=(10, 1.6))
    axes = figure.subplots(1, 5)
    figure.subplots_adjust(0, 0, 1, 0.85, wspace=0.02)
    for axis, t in zip(axes, np.linspace(0, 1, len(axes)), strict=True):
        axis.imshow(np.rint(fade.by_fastadd(t)).astype(np.uint8))
        axis.set_title(f"t = {t:g}", fontsize="medium", pad=4)
        axis.axis("off")
    figure.savefig(path, dpi=150)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", default=100, type=int)
    parser.add_argument("--picture", help="where to draw one, a JPEG for example")
    given = parser.parse_args(argv)
    start, end = (load_sample_image(name) for name in ("china.jpg", "flower.jpg"))
    fade = Fade(start, end)
    ways = {
        "fastadd.add": fade.by_fastadd,
        "NumPy's expression": fade.by_expression,
        "NumPy's calls, out=": fade.by_calls,
    }
    times = np.linspace(0, 1, given.frames).tolist()
    for t in times:
        frame, *others = (way(t).tobytes() for way in ways.values())
        if any(other != frame for other in others):
            sys.exit(f"t = {t}: the frames are not the same to the bit")
    for t, photograph in ((0.0, start), (1.0, end)):
        if not np.array_equal(fade.by_fastadd(t), photograph):
            sys.exit(f"t = {t}: the frame is not the photograph")
    seconds = {name: best(way, times) for name, way in ways.items()}
    table = Table("", "frames per second, at best", "time / fastadd's")
    for name, second in seconds.items():
        ratio = second / seconds["fastadd.add"]
        table.add_row(name, f"{1 / second:,.0f}", f"{ratio:.1f}")
    Console().print(table)
    if given.picture:
        draw(fade, given.picture)


if __name__ == "__main__":
    main()
