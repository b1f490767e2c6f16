"""Beside others: an addition right after a call of another library with threads of its
own, and additions while other processes keep the cores busy. Here the mean counts,
stalls included, not the best; nothing is set and nobody is waited for, as in a program.
"""

import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np

import fastadd
from fastadd._compare import peers
from fastadd._compare.peers import module

PAIR_SIZES = (20_000, 100_000, 1_000_000)
BUSY_SIZES = (60_000, 300_000, 3_000_000)


def means(calls, seconds, rounds=6):
    """The mean seconds of each call, by turns of some ms."""
    spent = dict.fromkeys(calls, 0.0)
    count = dict.fromkeys(calls, 0)
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            begin = time.perf_counter()
            end = begin + seconds / rounds
            now = begin
            while now < end:
                call()
                count[name] += 1
                now = time.perf_counter()
            spent[name] += now - begin
    return {name: spent[name] / count[name] for name in calls}


# ---- after other libraries ----------------------------------------------------------


def others(n):
    """Calls with threads of their own, on about n numbers; those that are installed."""
    x = np.random.default_rng(0).standard_normal(n)
    side = round((n / 4) ** 0.5)
    yield "np.dot", lambda: np.dot(x, x)
    blas = module("scipy.linalg.blas")
    if blas:
        yield "SciPy ddot", lambda: blas.ddot(x, x)
    torch = peers.torch
    if torch:
        matrix = torch.from_numpy(x[: side * side].reshape(side, side).copy())
        out = matrix.clone()
        yield "torch.mm", lambda: torch.mm(matrix, matrix, out=out)
    if peers.numba:
        into, _ = peers.compiled(1, True)
        y, z = x.copy(), x.copy()
        yield "numba parallel", lambda: into(x, y, 1.5, z)
    pairwise = module("sklearn.metrics.pairwise")
    if pairwise:
        points = x[: n // 8 * 8].reshape(-1, 8)
        yield (
            "scikit-learn, nearest of 16",
            lambda: pairwise.pairwise_distances_argmin(points, points[:16]),
        )


def pairs(seconds, advance):
    """Rows of (other library, n, mean seconds of the pair by who adds)."""
    for n in PAIR_SIZES:
        x, y = np.ones(n), np.ones(n)
        for name, other in others(n):

            def one(other=other, x=x, y=y):
                other()
                with fastadd.threads(1):
                    fastadd.add_(y, x, alpha=1e-9)

            def default(other=other, x=x, y=y):
                other()
                fastadd.add_(y, x, alpha=1e-9)

            def numpy(other=other, x=x, y=y):
                other()
                y += 1e-9 * x

            calls = {"fastadd": default, "one thread": one, "numpy": numpy}
            yield name, n, means(calls, seconds)
            advance()


# ---- beside busy processes ----------------------------------------------------------


@contextmanager
def busy(processes):
    started = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(processes)
    ]
    try:
        time.sleep(0.2)
        yield
    finally:
        for each in started:
            each.kill()
            each.wait()


def beside_processes(seconds, advance):
    """Rows of (busy processes, n, mean seconds of each contender's call)."""
    for processes in (0, 1, 2):
        with busy(processes):
            for n in BUSY_SIZES:
                a, b = np.random.default_rng(0).random((2, n), np.float32)
                out = np.empty_like(a)
                calls = dict(peers.rows(a, b, np.float32(1.5), out))
                ours = calls["fastadd"]

                def one(ours=ours):
                    with fastadd.threads(1):
                        ours()

                kept = ("fastadd", "numpy two calls", "torch", "numba parallel")
                calls = {
                    name: calls[name] for name in (*kept, "numexpr") if name in calls
                }
                calls = {"fastadd": ours, "one thread": one, **calls}
                yield processes, n, means(calls, seconds)
                advance()
