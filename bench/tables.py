"""Tables for the terminal, none of them wider than it: what has too many columns is
divided."""

import os
import sys
from typing import NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH = 100  # where the output is no terminal
GAP = 2  # columns between two cells
NAME = 24  # a name is broken into lines only if it is longer

console = Console(
    width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDTH,
    highlight=False,
)


class Column(NamedTuple):
    """A header, which may have two lines, and cells: strings, or pairs of a string and
    a style."""

    header: str
    cells: list
    style: str = ""

    @property
    def width(self):
        lines = self.header.split("\n")
        return max(
            map(len, (*lines, *(c if type(c) is str else c[0] for c in self.cells)))
        )


def parts(columns, room):
    """The columns in groups, each with its gaps as wide as the room."""
    part, left = [], room
    for column in columns:
        if part and column.width + GAP > left:
            yield part
            part, left = [], room
        part.append(column)
        left -= column.width + GAP
    yield part


def show(title, first, columns):
    """A table with its names on the left, or several of them one below the other."""
    widest = max(column.width for column in columns)
    named = min(first.width, max(NAME, console.width - widest - 2 * GAP))
    groups = list(parts(columns, console.width - named - GAP))
    for place, group in enumerate(groups, 1):
        more = f" ({place} of {len(groups)})" if len(groups) > 1 else ""
        console.print(Text(title + more, "bold"))
        sheet = Table(
            header_style="bold",
            box=SIMPLE_HEAD,
            show_edge=False,
            pad_edge=False,
            padding=(0, 1, 0, 0),  # and a column of the box
        )
        sheet.add_column(first.header, width=named, overflow="fold")
        for column in group:
            sheet.add_column(
                column.header, justify="right", style=column.style, no_wrap=True
            )
        for cells in zip(first.cells, *(column.cells for column in group), strict=True):
            sheet.add_row(*(Text(c) if type(c) is str else Text(*c) for c in cells))
        console.print(sheet)
        console.print()
