"""The benchmark: `a + s*b` against NumPy and whatever peers are installed, over sizes,
layouts and dtypes, and in two real jobs. Checked before it is timed.

    make bench          (under 3 minutes)
    make bench-full     (more sizes, more rounds)
"""

import argparse
import os
import platform
import sys
from pathlib import Path

# OpenBLAS lets idle threads spin for 2**26 cycles unless told otherwise, on a core that
# the next contender needs: torch at 10**5 then took 7 ms instead of 0.02.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "10")

import numpy as np
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import cases
import jobs
import peers
import report
from measure import race
from reference import assert_same_bits, reference

import fastadd

SCALE = 1.5


def sizes(full):
    """Contiguous float32, from one element to 10**7."""
    decades = np.arange(0, 7.01, 0.5 if full else 1)
    for fresh in (False, True):
        group = "sizes, fresh" if fresh else "sizes, out="
        for n in np.unique((10**decades).round().astype(int)):
            yield (
                group,
                f"n = {n:,}",
                int(n),
                lambda n=int(n), fresh=fresh: row(n, fresh),
            )


def row(n, fresh):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, n)).astype(np.float32)
    contenders = peers.rows(a, b, SCALE, None if fresh else np.empty_like(a))
    expected = reference(a, b, SCALE, 1, a.dtype)
    for name, call in contenders.items():
        if name == "fastadd" or name.startswith("numpy"):
            assert_same_bits(call(), expected)
        else:  # these may fuse the product into the sum
            np.testing.assert_allclose(call(), expected, 1e-5, 1e-6, err_msg=name)
    return contenders


def layouts(full):
    for name in ("float32", "float64") if full else ("float32",):
        for layout in cases.grids(8, cases.DTYPES[name]):
            yield (
                f"layouts, {name}, 2048 x 2048, out=",
                layout,
                2048 * 2048,
                lambda layout=layout, name=name: grid(layout, name),
            )


def grid(layout, name):
    a, b, out = cases.grids(2048, cases.DTYPES[name])[layout]
    return checked(a, b, SCALE, out)


def dtypes(_):
    n = 2_000_000
    pairs = [(name, name) for name in cases.DTYPES]
    for group, members in (("dtypes", pairs), ("mixtures", cases.MIXTURES)):
        for one, two in members:
            yield (
                f"{group}, 2*10**6, out=",
                one if one == two else f"{one} + {two}",
                n,
                lambda one=one, two=two: checked(
                    cases.moderate(n, cases.DTYPES[one], 1),
                    cases.moderate(n, cases.DTYPES[two], 2),
                    {"b": True, "i": 3}.get(
                        cases.kind(
                            np.result_type(cases.DTYPES[one], cases.DTYPES[two])
                        ),
                        SCALE,
                    ),
                    None,
                ),
            )


def checked(a, b, s, out):
    """The contenders on arrays of any kind; out is made if it is not given."""
    expected = reference(a, b, s, 1, np.result_type(a, b))
    if out is None:
        out = np.empty_like(expected)
    for name, call in peers.any_layout(a.copy(), b, s, out).items():
        if name != "torch":  # which may fuse, and which rounds float16 in its own way
            assert_same_bits(call(), expected)
    return peers.any_layout(a, b, s, out)


def real_jobs(_):
    def blend():
        assert_same_bits(jobs.blend_by_fastadd(), jobs.blend_by_numpy())
        return {
            "fastadd": jobs.blend_by_fastadd,
            "numpy a + s*b": jobs.blend_by_numpy,
        }

    def training():
        ours, theirs = jobs.train(jobs.step_by_fastadd), jobs.train(jobs.step_by_numpy)
        assert_same_bits(ours, theirs)
        report.console.print(
            f"Softmax regression on the digits: {jobs.accuracy(ours):.1%} of the test "
            "digits are right, with the same weights to the bit from both."
        )
        return {
            "fastadd": lambda: jobs.train(jobs.step_by_fastadd),
            "numpy a + s*b": lambda: jobs.train(jobs.step_by_numpy),
        }

    def step():
        w, g = np.random.default_rng(0).standard_normal((2, 65, 10)).astype(np.float32)
        mine, yours = w.copy(), w.copy()
        jobs.step_by_fastadd(mine, g, 0.1)
        jobs.step_by_numpy(yours, g, 0.1)
        assert_same_bits(mine, yours)
        return {
            "fastadd": lambda: jobs.step_by_fastadd(mine, g, 0.1),
            "numpy a + s*b": lambda: jobs.step_by_numpy(yours, g, 0.1),
        }

    yield "jobs", "blend two photographs, uint8 to float32", 0, blend
    yield "jobs", "train on the digits, 900 steps", 0, training
    yield "jobs", "one such step alone", 0, step


def machine():
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "instruction set": fastadd.show_config("dicts")["instruction set"],
        "versions": peers.versions(),
    }


def remake_readme(cells):
    """Its plot, and the table between its two marks."""
    here = Path(__file__).parent
    report.plot(cells, here / "figures" / "sizes.png")
    readme = here.parent / "README.md"
    begin, end = "<!-- make readme -->\n", "<!-- end -->"
    head, rest = readme.read_text().split(begin)
    shown = ("sizes, out=", "layouts, float32, 2048 x 2048, out=", "jobs")
    table = report.markdown(cells, shown)
    readme.write_text(f"{head}{begin}\n{table}\n\n{end}{rest.split(end)[1]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--full", action="store_true", help="more sizes and rounds")
    parser.add_argument(
        "--readme", action="store_true", help="remake the README's table and plot"
    )
    options = parser.parse_args()
    known = machine()
    report.console.print(
        "[bold]fastadd benchmark[/]: a + s*b, best of many rounds, all in turn; "
        f"{known['cores']} cores, {known['instruction set']}; "
        + ", ".join(f"{name} {version}" for name, version in known["versions"].items())
    )
    todo = [
        cell
        for section in (sizes, layouts, dtypes, real_jobs)
        for cell in section(options.full)
    ]
    cells = []
    with Progress(
        TextColumn("{task.description:60}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        console=report.console,
        transient=True,
    ) as progress:
        bar = progress.add_task("", total=len(todo))
        for group, case, n, contenders in todo:
            progress.update(bar, description=f"{group}: {case}")
            times = race(contenders(), 0.6 if options.full else 0.15)
            cells.append({"group": group, "case": case, "n": n, "times": times})
            progress.advance(bar)
    for group in dict.fromkeys(cell["group"] for cell in cells):
        report.table(group, [cell for cell in cells if cell["group"] == group])
    report.summary(cells)
    report.save(cells, known)
    figure = report.RESULTS / "sizes.png"
    report.plot(cells, figure)
    report.console.print(f"Plot: {figure}   JSON: {report.RESULTS}/results.json")
    if options.readme:
        remake_readme(cells)


if __name__ == "__main__":
    main()
