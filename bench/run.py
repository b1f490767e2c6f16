"""The benchmark: `a + s*b` against NumPy and whatever peers are installed, over sizes,
layouts, dtypes and broadcasts, against the limit of the machine, and in two real jobs.
Each result is checked before it is timed.

    make bench          (about 3 minutes)
    make bench-full     (the whole matrix, more rounds)
"""

import argparse
import platform
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import beside
import jobs
import limit
import numpy as np
import report
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

import fastadd
from fastadd import _machine
from fastadd._compare import cases, chains, others, peers
from fastadd._compare.measure import Contender, race, share_of_cores
from fastadd._compare.reference import assert_same_bits, reference


class Case(NamedTuple):
    """A cell of the matrix."""

    group: str
    name: str
    contenders: Callable[[], dict]  # made and checked when its turn comes
    row: tuple = ()  # dtype, length and "out=" or "fresh" of contiguous arrays


SCALE = 1.5
CORES = _machine.processors()


def scale(dtype):
    """An alpha of the dtype's kind."""
    return {"b": True, "i": 3}.get(cases.kind(dtype), SCALE)


def row(n, name, fresh):
    a, b = (cases.moderate(n, cases.DTYPES[name], seed) for seed in (1, 2))
    s = scale(a.dtype)
    out = None if fresh else np.empty_like(a)
    return peers.checked(peers.rows(a, b, s, out), reference(a, b, s, 1, a.dtype))


def rows(full):
    """Contiguous arrays, from one element to 4*10**7."""
    small = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)
    large = tuple(int(m * 10**e) for e in (5, 6, 7) for m in (1, 2, 4))
    for group, names, sizes in (
        ("small", ("float32", "float64", "int64"), small if full else small[::2]),
        ("large", ("float32", "float64"), large if full else large[::3]),
    ):
        for name in names if full else names[:1]:
            for fresh in (False, True):
                way = "fresh" if fresh else "out="
                for n in sizes:
                    yield Case(
                        # Small results cost no memory of their own.
                        group if group == "small" else f"{group}, {way}",
                        f"{name}, n = {n:,}, {way}",
                        lambda n=n, name=name, fresh=fresh: row(n, name, fresh),
                        (name, n, way),
                    )


def layouts(full):
    for name in ("float32", "float64") if full else ("float32",):
        for layout in cases.grids(8, cases.DTYPES[name]):
            yield Case(
                "layouts",
                f"{name}, {layout}",
                lambda layout=layout, name=name: grid(layout, name),
            )


def views(full):
    for name in ("float32", "float64", "uint8") if full else ("float32",):
        for view, operands in cases.views(2000, cases.DTYPES[name]).items():
            yield Case(
                "views",
                f"{name}, {view}",
                lambda operands=operands: one_view(*operands()),
            )


def one_view(a, b):
    s = scale(a.dtype)
    expected = reference(a, b, s, 1, a.dtype)
    return peers.checked(peers.layouts(a, b, s, np.empty_like(expected)), expected)


def grid(layout, name):
    a, b, out = cases.grids(2048, cases.DTYPES[name])[layout]
    expected = reference(a, b, SCALE, 1, a.dtype)
    if out is a:
        return peers.in_place(a, b, SCALE, expected)
    out = np.empty_like(expected) if out is None else out
    return peers.checked(peers.layouts(a, b, SCALE, out), expected)


def mixture(one, two):
    a = cases.moderate(2_000_000, cases.DTYPES[one], 1)
    b = cases.moderate(2_000_000, cases.DTYPES[two], 2)
    dtype = np.result_type(a, b)
    s = scale(dtype)
    expected = reference(a, b, s, 1, dtype)
    return peers.checked(peers.layouts(a, b, s, np.empty_like(expected)), expected)


def dtypes(_):
    """Of 2*10**6 elements, with out."""
    for one, two in (*((name, name) for name in cases.DTYPES), *cases.MIXTURES):
        yield Case(
            "dtypes",
            one if one == two else f"{one} + {two}",
            lambda one=one, two=two: mixture(one, two),
        )


def small_broadcasts(full):
    for name, (a, b) in cases.small_grids().items():
        for fresh in (False, True) if full else (True,):
            yield Case(
                "small broadcasts",
                f"{name}, {'fresh' if fresh else 'out='}",
                lambda a=a, b=b, fresh=fresh: small_broadcast(a, b, fresh),
            )


def small_broadcast(a, b, fresh):
    expected = reference(a, np.asarray(b, a.dtype), SCALE, 1, a.dtype)
    out = None if fresh else np.empty_like(expected)
    return peers.checked(peers.broadcasts(a, b, SCALE, out), expected)


def other_functions(full):
    for n in (1000, 100_000, 1_000_000, 4_000_000):
        yield Case(
            "weighted_sum",
            f"7 operands of {n:,} float64, out=",
            lambda n=n: others.weighted_sums(n),
        )
    for largest in (2000, 20_000):
        yield Case(
            "foreach_add",
            f"180 arrays of 10 to {largest:,} float32, in place",
            lambda largest=largest: others.steps(largest),
        )
    for largest in (2000, 20_000):
        for clips in (False, True):
            yield Case(
                "clip_grad_norm",
                f"180 arrays of 10 to {largest:,} float32"
                f"{', scaled in place' if clips else ''}",
                lambda largest=largest, clips=clips: others.clipping(largest, clips),
            )
    for name in ("float32", "float64", "int32") if full else ("float32",):
        for way in ("out=", "fresh", "in place"):
            for n in (1, 10, 100, 1000, 10**4, 10**5, 10**6, 4 * 10**6, 2 * 10**7):
                yield Case(
                    "relu",
                    f"relu of {name}, n = {n:,}, {way}",
                    lambda n=n, name=name, way=way: others.relus(n, name, way),
                )


def three_arrays(full):
    sizes = (10, 1000, 30_000, 10**6, 4 * 10**6) if full else (10, 1000, 10**6)
    for dtype in ("float32", "float64") if full else ("float32",):
        for name in chains.OURS:
            for n in sizes:
                yield Case(
                    "operations",
                    f"{name}, {dtype}, n = {n:,}, out=",
                    lambda name=name, n=n, dtype=dtype: chains.three(name, n, dtype),
                )
    for name, make in (
        ("1080p float32, lerp by a mask of one channel", chains.masked),
        ("1080p uint8, blend, saturating", lambda: chains.pictures(False)),
        ("1080p uint8, lerp by a mask, saturating", lambda: chains.pictures(True)),
        ("8 tracks of int16 mixed, saturating", chains.sounds),
        ("180 arrays, Adam's moments in place", chains.moments),
        ("10 models of 10**7 float32 averaged in place", chains.models),
    ):
        yield Case("operations", name, make)


def triads(_):
    """float32 with out beside the loops that one would write in C."""
    if limit.triad() is None:
        report.console.print("[red]No C compiler with OpenMP: no triad.[/]")
        return
    for n in (10_000_000, 50_000_000):
        yield Case("triad", f"float32, n = {n:,}, out=", lambda n=n: triad(n))


def triad(n):
    n -= n % 16
    a, b = (cases.moderate(n, np.dtype("f4"), seed) for seed in (1, 2))
    contenders = {
        "fastadd": Contender(
            "add(a, b, alpha=1.5, out=o)", add=fastadd.add, a=a, b=b, o=np.empty_like(a)
        )
    }
    return contenders | dict(limit.triads(a, b, SCALE, sorted({1, CORES})))


def real_jobs(_):
    def blend():
        assert_same_bits(jobs.blend_by_fastadd(), jobs.blend_by_numpy())
        return {
            "fastadd": Contender("f()", f=jobs.blend_by_fastadd),
            "numpy a + s*b": Contender("f()", f=jobs.blend_by_numpy),
        }

    def training():
        ours, theirs = jobs.train(jobs.step_by_fastadd), jobs.train(jobs.step_by_numpy)
        assert_same_bits(ours, theirs)
        report.console.print(
            f"Softmax regression on the digits: {jobs.accuracy(ours):.1%} of the test "
            "digits are right, with the same weights to the bit from both."
        )
        return {
            "fastadd": Contender("f(s)", f=jobs.train, s=jobs.step_by_fastadd),
            "numpy a + s*b": Contender("f(s)", f=jobs.train, s=jobs.step_by_numpy),
        }

    def step():
        w, g = np.random.default_rng(0).standard_normal((2, 65, 10)).astype(np.float32)
        mine, yours = w.copy(), w.copy()
        jobs.step_by_fastadd(mine, g, 0.1)
        jobs.step_by_numpy(yours, g, 0.1)
        assert_same_bits(mine, yours)
        return {
            "fastadd": Contender("f(w, g, 0.1)", f=jobs.step_by_fastadd, w=mine, g=g),
            "numpy a + s*b": Contender(
                "f(w, g, 0.1)", f=jobs.step_by_numpy, w=yours, g=g
            ),
        }

    yield Case("jobs", "blend two photographs, uint8 to float32", blend)
    yield Case("jobs", "train on the digits, 900 steps", training)
    yield Case("jobs", "one such step alone", step)


def scaling(seconds):
    """Seconds of one call on 1, 2, 4 ... threads, by what is added."""
    counts = [1 << k for k in range(CORES.bit_length()) if 1 << k <= CORES]
    counts = sorted({*counts, CORES})
    curves = {}
    for name, n in (("float32", 10**6), ("float32", 10**7), ("complex64", 10**6)):
        a, b = (cases.moderate(n, cases.DTYPES[name], seed) for seed in (1, 2))
        names = {"add": fastadd.add, "a": a, "b": b, "o": np.empty_like(a)}
        times = {}
        for count in counts:
            with fastadd.threads(count):
                call = Contender("add(a, b, alpha=1.5, out=o)", **names)
                times[count] = race({"": call}, seconds)[""]
        curves[f"{name}, n = {n:,}"] = times
    return curves


def machine():
    return {
        "processor": _machine.processor(),
        "cores": CORES,
        "python": platform.python_version(),
        "instruction set": fastadd.show_config("dicts")["instruction set"],
        "versions": peers.versions(),
    }


def measure_beside(seconds, progress, bar):
    """Rows by kind; with how much of the machine this process had, at first."""

    def advance():
        progress.advance(bar)

    progress.update(bar, description="beside other libraries' threads")
    rows = {"pairs": list(beside.pairs(seconds, advance))}
    progress.update(bar, description="beside busy processes")
    rows["processes"] = list(beside.beside_processes(seconds, advance))
    return rows


def remake_readme(cells, curves, rows):
    """Its plots, and the tables between its marks."""
    here = Path(__file__).parent
    if curves:
        report.plots(cells, curves, here / "figures")
    tables = {
        kind: "\n".join(report.beside_markdown(rows[kind], first))
        for kind, (first, _) in report.BESIDE.items()
        if kind in rows
    }
    if cells:
        tables["readme"] = report.markdown(cells)
    readme = here.parent / "README.md"
    text = readme.read_text()
    for name, found in tables.items():
        head, rest = text.split(f"<!-- make {name} -->\n")
        _, tail = rest.split("<!-- end -->", 1)
        text = f"{head}<!-- make {name} -->\n\n{found}\n\n<!-- end -->{tail}"
    readme.write_text(text)


SECTIONS = {
    "rows": rows,
    "layouts": layouts,
    "views": views,
    "dtypes": dtypes,
    "broadcasts": small_broadcasts,
    "others": other_functions,
    "operations": three_arrays,
    "triad": triads,
    "jobs": real_jobs,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--full", action="store_true", help="the matrix, more rounds")
    parser.add_argument(
        "--readme", action="store_true", help="remake the README's tables and plots"
    )
    parser.add_argument(
        "--only",
        choices=[*SECTIONS, "beside"],
        nargs="+",
        default=[*SECTIONS, "beside"],
        help="these sections",
    )
    options = parser.parse_args()
    known = machine()
    report.console.print(
        "[bold]fastadd benchmark[/]: a + s*b, best of many rounds, all in turn; "
        f"{known['cores']} cores, {known['instruction set']}; "
        + ", ".join(f"{name} {version}" for name, version in known["versions"].items())
    )
    report.warn_if_busy(share_of_cores(CORES))
    todo = [
        cell
        for name in options.only
        if name in SECTIONS
        for cell in SECTIONS[name](options.full)
    ]
    seconds = 0.7 if options.full else 0.1
    cells, curves, rows = [], {}, {}
    with Progress(
        TextColumn("{task.description:60}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        console=report.console,
        transient=True,
    ) as progress:
        bar = progress.add_task("", total=len(todo) + 25)
        for case in todo:
            progress.update(bar, description=f"{case.group}: {case.name}")
            times = race(case.contenders(), seconds)
            cells.append(
                {
                    "group": case.group,
                    "case": case.name,
                    "row": case.row,
                    "times": times,
                }
            )
            progress.advance(bar)
        if todo:
            progress.update(bar, description="scaling with threads")
            curves = scaling(seconds)
        if "beside" in options.only:
            rows = measure_beside(3 * seconds, progress, bar)
    for group in dict.fromkeys(cell["group"] for cell in cells):
        report.table(group, [cell for cell in cells if cell["group"] == group])
    if cells:
        report.summary(cells)
        report.plots(cells, curves, report.RESULTS)
    report.beside_tables(rows)
    report.warn_if_busy(share_of_cores(CORES))
    report.save(cells, known, rows)
    report.console.print(f"Plots and JSON: {report.RESULTS}")
    if options.readme:
        remake_readme(cells, curves, rows)


if __name__ == "__main__":
    main()
