"""Two builds in one process, by turns: `make old REV=...` installs one as fastadd_old,
and `make race` tells the cells in which the new one is slower or faster. A cell that
looks slower is raced again, for the machines are noisy."""

import argparse
import math
import sys

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

import fastadd
from fastadd._compare import cases
from fastadd._compare.measure import Contender, race

try:
    import fastadd_old
except ImportError:
    sys.exit("fastadd_old is not installed: run `make old REV=...` first")

SCALE = {"b": True, "i": 3, "f": 1.5, "c": 1.5}


def cells():
    """(name, operands, out or None)"""
    for name in ("float32", "float64", "int32", "int8", "complex64"):
        for n in (10, 1000, 30_000, 100_000, 1_000_000, 4_000_000):
            a, b = (cases.moderate(n, cases.DTYPES[name], seed) for seed in (1, 2))
            yield f"{name} {n:,} out=", a, b, np.empty_like(a)
            yield f"{name} {n:,} fresh", a, b, None
    for name in ("float32", "float64", "float16", "uint8", "complex128"):
        for layout, operands in cases.views(2000, cases.DTYPES[name]).items():
            a, b = operands()
            yield f"{name}, {layout}", a, b, np.empty(np.broadcast(a, b).shape, a.dtype)
    for layout in cases.grids(8, cases.DTYPES["float32"]):
        a, b, out = cases.grids(2048, cases.DTYPES["float32"])[layout]
        if out is None:
            out = np.empty(np.broadcast(a, b).shape, a.dtype)
        yield f"float32, {layout}", a, b, out
    for one, two in cases.MIXTURES:
        for n in (10, 1000, 30_000, 2_000_000):
            a = cases.moderate(n, cases.DTYPES[one], 1)
            b = cases.moderate(n, cases.DTYPES[two], 2)
            yield f"{one} + {two}, {n:,}", a, b, np.empty(n, np.result_type(a, b))
    for name in cases.DTYPES:
        a, b = (cases.moderate(2_000_000, cases.DTYPES[name], seed) for seed in (1, 2))
        yield f"{name}, 2,000,000", a, b, np.empty_like(a)


def times(a, b, out, seconds):
    scale = SCALE[cases.kind(np.result_type(a, b))]
    text = "add(a, b, alpha=s)" if out is None else "add(a, b, alpha=s, out=out)"
    names = {"a": a, "b": b, "out": out, "s": scale}
    contenders = {
        module.__name__: Contender(text, add=module.add, **names)
        for module in (fastadd_old, fastadd)
    }
    if np.prod(np.broadcast(a, b).shape) > 500:
        contenders["numpy"] = Contender(
            "np.add(a, s * b)" if out is None else "np.add(a, s * b, out=out)",
            np=np,
            **names,
        )
    return race(contenders, seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", default="", help="cells whose name has this")
    parser.add_argument("--seconds", type=float, default=0.1, help="for a contender")
    parser.add_argument("--all", action="store_true", help="show every cell")
    options = parser.parse_args()
    chosen = [cell for cell in cells() if options.only in cell[0]]
    table = Table("cell", "old, us", "new, us", "new / old", "new / NumPy")
    logs = []
    for name, a, b, out in track(chosen, "racing", console=Console(stderr=True)):
        found = times(a, b, out, options.seconds)
        ratio = found["fastadd"] / found["fastadd_old"]
        if ratio > 1.03:
            again = times(a, b, out, 4 * options.seconds)
            found = {key: min(found[key], again[key]) for key in found}
            ratio = found["fastadd"] / found["fastadd_old"]
        logs.append(math.log(ratio))
        of_numpy = found["fastadd"] / found.get("numpy", math.nan)
        if options.all or not 0.9 < ratio < 1.03 or of_numpy > 1:
            table.add_row(
                name,
                f"{1e6 * found['fastadd_old']:.2f}",
                f"{1e6 * found['fastadd']:.2f}",
                f"{ratio:.2f}",
                f"{of_numpy:.2f}",
            )
    Console().print(table)
    mean = math.exp(sum(logs) / len(logs))
    print(f"{len(logs)} cells, geometric mean of new / old: {mean:.3f}")


if __name__ == "__main__":
    main()
