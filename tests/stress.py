"""Calls from 50 threads for so many minutes, while the number of threads and the memory
that is kept change, and children are forked that compute as well. `make stress`.
"""

import argparse
import os
import random
import sys
import threading
import time

import numpy as np
from rich.progress import Progress

import fastadd
from fastadd._compare.reference import assert_same_bits, reference

CALLERS = 50


def jobs():
    """Ways to call, each with its result."""
    rng = np.random.default_rng(0)
    for shape, one, two in (
        ((10,), "f4", "f4"),
        ((40_001,), "f8", "f8"),
        ((300_007,), "f4", "f4"),
        ((700, 501), "i2", "f4"),
        ((150, 300), "f2", "f2"),
    ):
        x, y = rng.standard_normal(shape).astype(one), np.ones(shape, two)
        expected = reference(x, y, 2, -1, np.result_type(x, y))
        yield (
            lambda out, x=x, y=y: fastadd.add(x, y, alpha=2, beta=-1, out=out),
            expected,
        )
        yield (
            lambda out, x=x, y=y: fastadd.weighted_sum([x, y], [-1, 2], out=out),
            expected,
        )
        yield (
            lambda out, x=x, y=y: (
                fastadd.foreach_add([-x, x], y, alpha=2)[0]
                if x.dtype == y.dtype and x.ndim == 1
                else fastadd.add(x.T, y.T, alpha=2, beta=-1).T
            ),
            expected,
        )


def compute(seed, calls, stop):
    """Until it is told to stop; how many calls, added to those of all."""
    choose, known = random.Random(seed), list(jobs())
    while not stop.is_set():
        call, expected = choose.choice(known)
        out = choose.choice((None, np.empty_like(expected)))
        with fastadd.threads(choose.randint(1, 9)):
            assert_same_bits(call(out), expected)
        if choose.random() < 0.02:
            fastadd.set_num_threads(choose.randint(1, 9))
            fastadd.set_cache_limit(choose.randint(0, 2) << 24)
        calls[seed] += 1


def fork(seed):
    """A child that computes, on threads of its own; whether it was right."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            known = list(jobs())
            fastadd.set_num_threads(4)
            for call, expected in known * 3:
                assert_same_bits(call(None), expected)
            code = 0
        finally:
            os._exit(code)
    for _ in range(6000):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.01)
    os.kill(child, 9)
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1)
    minutes = parser.parse_args().minutes
    stop, failed, calls = threading.Event(), [], [0] * CALLERS

    def caller(seed):
        try:
            compute(seed, calls, stop)
        except BaseException as error:
            failed.append(error)
            stop.set()
            raise

    threads = [threading.Thread(target=caller, args=(k,)) for k in range(CALLERS)]
    for thread in threads:
        thread.start()
    begin, forks, most = time.monotonic(), 0, 0
    with Progress() as progress:
        bar = progress.add_task("stress", total=minutes * 60)
        while (passed := time.monotonic() - begin) < minutes * 60 and not stop.is_set():
            progress.update(bar, completed=passed)
            if hasattr(os, "fork"):
                forks += 1
                if not fork(forks):
                    failed.append("a child")
                    break
            most = max(most, fastadd._core.workers_alive())
            time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join()
    print(
        f"{sum(calls):,} calls of {CALLERS} threads, {forks} forks, at most {most} "
        f"workers: {f'failed: {failed[:3]}' if failed else 'clean'}"
    )
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
