"""The page of the documentation that shows the results: the tables between its marks,
which `make readme` replaces, and the plots."""

from pathlib import Path

import pictures
import report

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
FIGURES = ROOT / "bench" / "figures"
END = "<!-- end -->"


def mark(name):
    return f"<!-- make {name} -->\n"


def missing(names):
    """In words, what the page has to have for these tables and has not; or None."""
    path = PAGE.relative_to(ROOT)
    if not PAGE.exists():
        return f"there is no {path}: make it, with {mark(names[0]).strip()} and {END}"
    text = PAGE.read_text()
    for name in names:
        if END not in text.partition(mark(name))[2]:
            return f"{path} has no {mark(name).strip()} with {END} after it: add them"
    return None


def remake(cells, curves, rows):
    if curves:
        pictures.plots(cells, curves, FIGURES)
    found = {
        kind: "\n".join(report.beside_markdown(rows[kind], first))
        for kind, (first, _) in report.BESIDE.items()
        if kind in rows
    }
    if cells:
        found["readme"] = report.markdown(cells)
    text = PAGE.read_text()
    for name, table in found.items():
        head, _, rest = text.partition(mark(name))
        _, _, tail = rest.partition(END)
        text = f"{head}{mark(name)}\n{table}\n\n{END}{tail}"
    PAGE.write_text(text)
