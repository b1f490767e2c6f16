"""Cross-fade two photographs: every frame is one pass from bytes to bytes.

The photographs are uint8, and so is the frame: it is computed in float32, rounded half
to even and clamped, and can be shown or saved as it is. Timed beside NumPy, with the
same bits, and beside OpenCV where that is installed, whose bytes are at most 1 apart.

    python examples/cross_fade.py --picture cross_fade.jpg
"""

import argparse
import sys
import timeit

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_sample_image

import fastadd

try:
    import cv2
except ImportError:
    cv2 = None


class Fade:
    """Several ways from one photograph to another. t runs from 0 to 1."""

    def __init__(self, start, end):
        self.start, self.end = start, end
        self.frame = np.empty_like(start)
        self.own, self.other = np.empty((2, *start.shape), np.float32)

    def by_fastadd(self, t):
        return fastadd.add(
            self.start,
            self.end,
            beta=1 - t,
            alpha=t,
            casting="saturate",
            out=self.frame,
        )

    def by_expression(self, t):
        mixture = np.float32(1 - t) * self.start + np.float32(t) * self.end
        return np.clip(np.rint(mixture), 0, 255).astype(np.uint8)

    def by_calls(self, t):
        np.multiply(self.start, np.float32(1 - t), out=self.own)
        np.multiply(self.end, np.float32(t), out=self.other)
        np.add(self.own, self.other, out=self.own)
        # A fade stays between 0 and 255: nothing has to be clamped.
        return np.rint(self.own, out=self.frame, casting="unsafe")

    def by_opencv(self, t):
        return cv2.addWeighted(self.start, 1 - t, self.end, t, 0, dst=self.frame)


def compare(fade, times):
    """NumPy's frames must be fastadd's, and OpenCV's at most 1 apart: return in how
    many of its bytes they are."""
    apart = 0
    for t in times:
        frame = fade.by_fastadd(t).copy()
        for way in (fade.by_expression, fade.by_calls):
            if not np.array_equal(way(t), frame):
                sys.exit(f"t = {t}: the frame is not that of {way.__name__}")
        if cv2:
            other = fade.by_opencv(t)
            if cv2.absdiff(other, frame).max() > 1:
                sys.exit(f"t = {t}: OpenCV's frame is more than 1 apart")
            apart += np.count_nonzero(other != frame)
    for t, photograph in ((0.0, fade.start), (1.0, fade.end)):
        if not np.array_equal(fade.by_fastadd(t), photograph):
            sys.exit(f"t = {t}: the frame is not the photograph")
    return apart / (len(times) * fade.frame.size)


def draw(fade, path):
    """A strip of five frames."""
    figure = Figure(figsize=(10, 1.6))
    axes = figure.subplots(1, 5)
    figure.subplots_adjust(0, 0, 1, 0.85, wspace=0.02)
    for axis, t in zip(axes, np.linspace(0, 1, len(axes)), strict=True):
        axis.imshow(fade.by_fastadd(t))
        axis.set_title(f"t = {t:g}", fontsize="medium", pad=4)
        axis.axis("off")
    figure.savefig(path, dpi=150)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", default=101, type=int)
    parser.add_argument("--picture", help="where to draw one, a JPEG for example")
    given = parser.parse_args(argv)
    fade = Fade(*(load_sample_image(name) for name in ("china.jpg", "flower.jpg")))
    apart = compare(fade, np.linspace(0, 1, given.frames).tolist())
    ways = {
        f"fastadd.add, threads: {fastadd.get_num_threads()}": fade.by_fastadd,
        "fastadd.add, threads: 1": fastadd.threads(1)(fade.by_fastadd),
        "NumPy's expression": fade.by_expression,
        "NumPy's calls, out=": fade.by_calls,
    }
    if cv2:
        ways["OpenCV's addWeighted"] = fade.by_opencv
    seconds = {
        name: min(
            timeit.repeat(lambda way=way: way(0.3), number=1, repeat=given.frames)
        )
        for name, way in ways.items()
    }
    first = next(iter(seconds.values()))
    table = Table("", "frames per second, at best", "time / fastadd's")
    for name, second in seconds.items():
        table.add_row(name, f"{1 / second:,.0f}", f"{second / first:.1f}")
    Console().print(table)
    if cv2:
        print(f"{apart:.2%} of OpenCV's bytes are 1 apart from the others.")
    if given.picture:
        draw(fade, given.picture)


if __name__ == "__main__":
    main()
