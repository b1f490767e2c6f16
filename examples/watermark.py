"""Lay a logo with an alpha channel over a photograph: one pass from bytes to bytes.

The logo is drawn here, as RGBA. Its alpha channel is a float32 mask of shape (height,
width, 1), which broadcasts over red, green and blue. Two calls do it: `fastadd.lerp`,
which is exact where the mask is 0 or 1, and `fastadd.add` with arrays as coefficients.
Both are compared to the bit with what NumPy makes of their formulas, and Pillow's paste
is at most 1 apart.

    python examples/watermark.py --picture watermark.jpg
"""

import argparse
import sys
import timeit

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_sample_image

import fastadd


def logo_of(height, width):
    """Letters across, half transparent, and a badge: uint8 RGBA."""
    figure = Figure(figsize=(width / 100, height / 100), dpi=100, facecolor="none")
    canvas = FigureCanvasAgg(figure)
    style = {"color": "white", "weight": "bold", "ha": "center", "va": "center"}
    letters = {"size": width / 7, "rotation": 25, "alpha": 0.5}
    figure.text(0.5, 0.5, "fastadd", **letters, **style)
    red = {"boxstyle": "round,pad=0.6", "facecolor": "#d62728", "linewidth": 0}
    figure.text(0.87, 0.1, r"$\beta x + \alpha y$", size=width / 40, bbox=red, **style)
    canvas.draw()
    return np.array(canvas.buffer_rgba())


class Overlay:
    """Several ways to lay the logo over the photograph."""

    def __init__(self, photo, logo):
        self.photo, self.logo = photo, np.ascontiguousarray(logo[..., :3])
        self.mask = logo[..., 3:] / np.float32(255)
        self.rest = 1 - self.mask
        self.out = np.empty_like(photo)
        self.own, self.other = np.empty((2, *photo.shape), np.float32)
        # Pillow has images and masks of its own.
        self.images = Image.fromarray(photo), Image.fromarray(self.logo)
        self.alpha = Image.fromarray(logo[..., 3])

    def lerp(self):
        return fastadd.lerp(
            self.photo, self.logo, self.mask, casting="saturate", out=self.out
        )

    def add(self):
        return fastadd.add(
            self.photo,
            self.logo,
            beta=self.rest,
            alpha=self.mask,
            casting="saturate",
            out=self.out,
        )

    def lerp_expression(self):
        photo, logo = self.photo.astype(np.float32), self.logo.astype(np.float32)
        mixture = np.where(
            self.mask < 0.5,
            photo + self.mask * (logo - photo),
            logo - (logo - photo) * self.rest,
        )
        return np.clip(np.rint(mixture), 0, 255).astype(np.uint8)

    def add_expression(self):
        mixture = self.rest * self.photo + self.mask * self.logo
        return np.clip(np.rint(mixture), 0, 255).astype(np.uint8)

    def add_calls(self):
        np.multiply(self.photo, self.rest, out=self.own)
        np.multiply(self.logo, self.mask, out=self.other)
        np.add(self.own, self.other, out=self.own)
        # What lies between two bytes need not be clamped.
        return np.rint(self.own, out=self.out, casting="unsafe")

    def paste(self):
        photo, logo = self.images
        result = photo.copy()
        result.paste(logo, mask=self.alpha)
        return result


def compare(overlay):
    lerp, add = overlay.lerp().copy(), overlay.add().copy()
    for way, expected in (
        (overlay.lerp_expression, lerp),
        (overlay.add_expression, add),
        (overlay.add_calls, add),
    ):
        if not np.array_equal(way(), expected):
            sys.exit(f"fastadd's picture is not that of {way.__name__}")
    opaque, clear = (overlay.mask[..., 0] == edge for edge in (1, 0))
    if not (opaque.any() and clear.any()):
        sys.exit("the logo is nowhere opaque or nowhere transparent")
    for picture in (lerp, add):
        if not np.array_equal(picture[opaque], overlay.logo[opaque]):
            sys.exit("where the logo is opaque, the picture is not the logo")
        if not np.array_equal(picture[clear], overlay.photo[clear]):
            sys.exit("where there is no logo, the picture is not the photograph")
        if np.abs(picture.astype(int) - overlay.paste()).max() > 1:
            sys.exit("Pillow's picture is more than 1 apart")


def draw(overlay, path):
    """The photograph, the mask and the photograph with the logo."""
    figure = Figure(figsize=(10, 2.55))
    axes = figure.subplots(1, 3)
    figure.subplots_adjust(0, 0, 1, 0.9, wspace=0.02)
    for axis, title, image in zip(
        axes,
        ("photograph", "mask", "lerp(photograph, logo, mask)"),
        (overlay.photo, overlay.mask, overlay.lerp()),
        strict=True,
    ):
        axis.imshow(image, cmap="gray")
        axis.set_title(title, fontsize="medium", pad=4)
        axis.axis("off")
    figure.savefig(path, dpi=110)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", default=100, type=int, help="to find the fastest")
    parser.add_argument("--picture", help="where to draw one, a JPEG for example")
    given = parser.parse_args(argv)
    photo = load_sample_image("flower.jpg")
    overlay = Overlay(photo, logo_of(*photo.shape[:2]))
    compare(overlay)
    threads = fastadd.get_num_threads()
    ways = {
        f"fastadd.lerp, threads: {threads}": overlay.lerp,
        "fastadd.lerp, threads: 1": fastadd.threads(1)(overlay.lerp),
        f"fastadd.add, threads: {threads}": overlay.add,
        "NumPy's expression": overlay.add_expression,
        "NumPy's calls, out=": overlay.add_calls,
        "Pillow's paste": overlay.paste,
    }
    milliseconds = {
        name: 1000 * min(timeit.repeat(way, number=1, repeat=given.repeats))
        for name, way in ways.items()
    }
    first = next(iter(milliseconds.values()))
    table = Table("", "ms", "time / fastadd.lerp's")
    for name, ms in milliseconds.items():
        table.add_row(name, f"{ms:.2f}", f"{ms / first:.1f}")
    Console().print(table)
    if given.picture:
        draw(overlay, given.picture)


if __name__ == "__main__":
    main()
