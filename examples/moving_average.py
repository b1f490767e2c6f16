"""Smooth many series that lie on disk, without bringing them into memory.

The series are the columns of a memory-mapped array, a row for each moment; their
exponential moving averages go to another one. Each step is one pass over a row, and the
average so far is the row before: nothing is allocated.

    python examples/moving_average.py --size 100 --picture moving_average.png
"""

import argparse
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.signal import lfilter

import fastadd

STEPS = 2000
ALPHA = 0.05  # the part of what is new in the average
COLUMNS = 100  # to compare with SciPy


def measure(rows):
    """Waves of many periods, and noise."""
    rng = np.random.default_rng(0)
    periods = rng.uniform(300, 1000, rows.shape[1]).astype(np.float32)
    for step in track(range(STEPS), "measuring"):
        noise = rng.standard_normal(rows.shape[1], np.float32)
        fastadd.add(
            np.sin(2 * np.pi * step / periods), noise, alpha=0.5, out=rows[step]
        )


def smooth(rows, averages):
    averages[0] = rows[0]
    for step in track(range(1, STEPS), "smoothing"):
        before, out = averages[step - 1 : step + 1]
        fastadd.add(before, rows[step], beta=1 - ALPHA, alpha=ALPHA, out=out)


def compare_with_numpy(rows, averages):
    """Everything, to the bit."""
    average = np.array(rows[0])
    for step in track(range(1, STEPS), "comparing"):
        average = (1 - ALPHA) * average + ALPHA * rows[step]
        if average.tobytes() != averages[step].tobytes():
            sys.exit(f"row {step} is not what NumPy makes of it")


def compare_with_scipy(rows, averages):
    """The largest error of some columns, beside what rounding may make of it: half a
    unit in the last place for both products and for the sum, summed up over the past
    with the weights of the average."""
    some = rows[:, :COLUMNS].astype(np.float64)
    alpha, beta = float(np.float32(ALPHA)), float(np.float32(1 - ALPHA))
    exact, _ = lfilter([alpha], [1, -beta], some[1:], axis=0, zi=beta * some[:1])
    error = np.abs(averages[1:, :COLUMNS] - exact).max()
    return error, 2 * 2**-24 * np.abs(some).max() / (1 - beta)


def draw(rows, averages, path):
    """One series and its average."""
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    axis = figure.subplots()
    axis.plot(rows[:, 0], ".", color="#a0a0a0", markersize=3, label="measured")
    axis.plot(averages[:, 0], color="#d62728", linewidth=2, label="moving average")
    axis.set(xlabel="row", xlim=(0, STEPS))
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(loc="lower right", bbox_to_anchor=(1, 1), frameon=False, ncols=2)
    figure.savefig(path, dpi=110)


def run(folder, given):
    shape = STEPS, max(COLUMNS, given.size * 10**6 // (4 * STEPS))
    paths = [Path(folder, name) for name in ("rows", "averages")]
    rows, averages = (np.memmap(path, np.float32, "w+", shape=shape) for path in paths)
    measure(rows)
    # It counts what NumPy and Python allocate; the pages of a mapped file, which the
    # system takes back when it likes, are not among that.
    tracemalloc.start()
    start = time.perf_counter()
    smooth(rows, averages)
    seconds = time.perf_counter() - start
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    averages.flush()
    averages = np.memmap(paths[1], np.float32, "r", shape=shape)
    compare_with_numpy(rows, averages)
    error, bound = compare_with_scipy(rows, averages)
    table = Table("", "", show_header=False)
    for row in (
        ("each file", f"{rows.nbytes / 1e6:.0f} MB, {shape[0]} rows of {shape[1]:,}"),
        ("read, smoothed, written in", f"{seconds:.2f} s"),
        ("allocated at most", f"{peak / 1e6:.2f} MB"),
        ("largest difference from SciPy's in float64", f"{error:.1e}"),
        ("of which rounding explains", f"{bound:.1e}"),
    ):
        table.add_row(*row)
    Console().print(table)
    if given.picture:
        draw(rows, averages, given.picture)
    if not error <= bound:
        sys.exit("the averages are not those of scipy.signal.lfilter")
    if peak > rows.nbytes / 20:
        sys.exit("smoothing took memory that grows with the file")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", default=100, type=int, help="of each file, in MB")
    parser.add_argument("--folder", help="for the files; a temporary one by default")
    parser.add_argument("--picture", help="where to draw one, a PNG for example")
    given = parser.parse_args(argv)
    # Windows does not delete a file that is still mapped.
    with tempfile.TemporaryDirectory(
        dir=given.folder, ignore_cleanup_errors=True
    ) as folder:
        run(folder, given)


if __name__ == "__main__":
    main()
