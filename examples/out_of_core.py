"""Subtract two arrays that are larger than the memory at hand.

Two arrays of float32 on disk (Zarr), together several times what a worker may use, are
subtracted by a Dask cluster on this machine and written back, chunk by chunk:

    difference = fastadd.add(x, y, alpha=-1)

is all that Dask has to be told. On a cluster of many machines that line is the same.

    python examples/out_of_core.py --size 768MiB --memory 300MiB --workers 2
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import dask.array as da
import numpy as np
from dask.distributed import Client, LocalCluster, progress
from dask.utils import format_bytes, parse_bytes
from rich.console import Console
from rich.table import Table

import fastadd

CHUNK = 1 << 22  # elements, 16 MiB


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", default="768MiB", help="of each array")
    parser.add_argument("--memory", default="300MiB", help="of each worker")
    parser.add_argument("--workers", default=2, type=int, help="processes")
    parser.add_argument("--folder", help="for the arrays; a temporary one by default")
    return parser.parse_args()


def waves(indices, period):
    return np.sin(indices * (2 * np.pi / period)).astype(np.float32)


def store(array, path):
    """Write to disk, with a progress bar."""
    print(f"{path.name}, {format_bytes(array.nbytes)}")
    task = array.to_zarr(str(path), compute=False).persist()
    progress(task, notebook=False)
    task.compute()
    print()


def peak_memory():
    """Bytes that the process has had in memory at most."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10


def main():
    given = arguments()
    n = parse_bytes(given.size) // 4
    with (
        tempfile.TemporaryDirectory(dir=given.folder) as folder,
        LocalCluster(
            n_workers=given.workers,
            threads_per_worker=1,
            memory_limit=given.memory,
            dashboard_address=None,
        ) as cluster,
        Client(cluster) as client,
    ):
        paths = [Path(folder, name) for name in ("x", "y", "difference")]
        indices = da.arange(n, chunks=CHUNK)
        for path, period in zip(paths[:2], (1000, 777), strict=True):
            store(indices.map_blocks(waves, period, dtype=np.float32), path)

        x, y = (da.from_zarr(str(path)) for path in paths[:2])
        start = time.perf_counter()
        store(fastadd.add(x, y, alpha=-1), paths[2])
        seconds = time.perf_counter() - start

        right = bool((da.from_zarr(str(paths[2])) == x - y).all().compute())
        peaks = client.run(peak_memory).values()
        threads = client.run(fastadd.get_num_threads).values()
    limit = parse_bytes(given.memory)
    table = Table("", "", show_header=False, title="difference = add(x, y, alpha=-1)")
    for row in (
        ("both arrays", format_bytes(8 * n)),
        ("memory of a worker", format_bytes(limit)),
        ("of which it used at most", ", ".join(map(format_bytes, peaks))),
        ("fastadd's threads in each worker", ", ".join(map(str, threads))),
        ("read, subtracted, written in", f"{seconds:.1f} s"),
        ("equal to x - y", str(right)),
    ):
        table.add_row(*row)
    Console().print(table)
    if not right or max(peaks) > limit:
        sys.exit("the result is wrong, or a worker used more memory than it may")


if __name__ == "__main__":
    main()
