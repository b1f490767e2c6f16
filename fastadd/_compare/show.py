"""What people see, in 80 columns: by rich, if it is installed, or as plain text."""

import sys
import textwrap
from contextlib import contextmanager

try:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Table
    from rich.text import Text
except ImportError:
    Console = None

WIDTH = 80
NAMES = 44  # columns for what is being done, beside the bar


def say(text, style=""):
    """A paragraph."""
    text = textwrap.fill(text, WIDTH)
    if Console:
        Console(width=WIDTH, highlight=False).print(Text(text, style))
    else:
        print(text)


def table(header, rows):
    """Lines of text, to the left in the first column and to the right in others. A cell
    that should catch the eye is a pair of text and style."""
    lines = [header, *rows]
    texts = [[c if isinstance(c, str) else c[0] for c in line] for line in lines]
    if Console:
        sheet = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
        for place, name in enumerate(header):
            sheet.add_column(name, justify="right" if place else "left", no_wrap=True)
        for row in rows:
            sheet.add_row(*(Text(c) if isinstance(c, str) else Text(*c) for c in row))
        Console(width=WIDTH, highlight=False).print(sheet)
        return
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for first, *others in texts:
        cells = (c.rjust(w) for c, w in zip(others, widths[1:], strict=True))
        print(" ".join((first.ljust(widths[0]), *cells)))


@contextmanager
def progress():
    """A function to tell what comes next, how much is done, and of how much; it shows a
    line on the terminal, or nothing where standard error is none."""
    if not sys.stderr.isatty():
        yield lambda name, done, total: None
    elif Console:
        with Progress(
            *(TextColumn(f"{{task.description:{NAMES}}}"), BarColumn(20)),
            TimeElapsedColumn(),
            console=Console(stderr=True, width=WIDTH),
            transient=True,
        ) as bar:
            task = bar.add_task("")
            yield lambda name, done, total: bar.update(
                task, description=name[:NAMES], completed=done, total=total
            )
    else:

        def line(text):
            print(f"\r{text:{WIDTH - 1}}", end="", file=sys.stderr, flush=True)

        yield lambda name, done, total: line(f"{done / total:4.0%} {name[:NAMES]}")
        line("")
        print("\r", end="", file=sys.stderr, flush=True)


def three_digits(number):
    if number < 0.005:
        return "<0.01"
    return f"{number:.{2 if number < 9.995 else 1 if number < 99.95 else 0}f}"
