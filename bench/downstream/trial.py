"""One program, as released and with a patch: how both are run, timed and compared.

A program is a module here, with

- `DISTRIBUTION`, the name that pip knows it by;
- `PATCH`, of each function that is changed the difference that a maintainer would
  commit, in lines that begin with "- ", "+ " or, for context, two blanks; an empty line
  divides hunks, and how far a hunk is indented does not matter;
- `prepare(case)`, of each of `CASES`: a function without arguments that runs the
  program, end to end, and returns arrays;
- `TOLERANCES`, of the cases whose results are not equal to the bit: how far they may be
  apart, over the largest of them.
"""

import argparse
import importlib
import inspect
import json
import resource
import textwrap
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

import fastadd

VARIANTS = "released", "patched"
MARK = {"released": "-", "patched": "+"}


class Clock:
    """The time that is spent within `with` statements."""

    seconds = 0.0

    def __enter__(self):
        self.start = perf_counter()

    def __exit__(self, *_):
        self.seconds += perf_counter() - self.start


def edited(source, diff, variant, clocked):
    """The source with the hunks of diff; if clocked, the lines that differ are within
    `with fastadd_clock:`, also those of the released variant."""
    lines = source.splitlines()
    for hunk in diff.strip("\n").split("\n\n"):
        marked = [(line[:1], line[2:]) for line in hunk.splitlines()]
        old = textwrap.dedent("\n".join(text for mark, text in marked if mark != "+"))
        height = old.count("\n") + 1
        places = [
            place
            for place in range(len(lines))
            if textwrap.dedent("\n".join(lines[place : place + height])) == old
        ]
        if len(places) != 1:
            raise ValueError(f"this is there {len(places)} times, not once:\n{old}")
        new = []
        for mark, group in groupby(marked, key=lambda line: line[0]):
            texts = [text for _, text in group]
            if mark == MARK[variant] and clocked:
                blanks = " " * (len(texts[0]) - len(texts[0].lstrip()))
                texts = [f"{blanks}with fastadd_clock:", *("    " + t for t in texts)]
            if mark in (" ", MARK[variant]):
                new += texts
        margin = len(lines[places[0]]) - len(lines[places[0]].lstrip())
        new = textwrap.indent(textwrap.dedent("\n".join(new)), " " * margin)
        lines[places[0] : places[0] + height] = new.splitlines()
    return "\n".join(lines)


class Patch:
    """The functions of a program, which take turns in their code: whoever has imported
    them by name has the variant that is in use."""

    def __init__(self, changes):
        self.clock = Clock()
        self.functions = [inspect.unwrap(function) for function in changes]
        self.codes = {
            (variant, clocked): [
                self.compiled(function, diff, variant, clocked)
                for function, diff in zip(self.functions, changes.values(), strict=True)
            ]
            for variant in VARIANTS
            for clocked in (False, True)
        }

    def compiled(self, function, diff, variant, clocked):
        source = textwrap.dedent(inspect.getsource(function))
        source = source[source.index("def ") :]  # without decorators
        function.__globals__.update(np=np, fastadd=fastadd, fastadd_clock=self.clock)
        found = {}
        exec(edited(source, diff, variant, clocked), function.__globals__, found)
        return found[function.__name__].__code__

    @contextmanager
    def __call__(self, variant, clocked=False):
        before = [function.__code__ for function in self.functions]
        self.use(self.codes[variant, clocked])
        try:
            yield
        finally:
            self.use(before)

    def use(self, codes):
        for function, code in zip(self.functions, codes, strict=True):
            function.__code__ = code


def distance(found, expected):
    """How far arrays are apart, over the largest magnitude: 0 if the bits are equal."""
    far = 0.0
    for x, y in zip(found, expected, strict=True):
        assert (x.dtype, x.shape) == (y.dtype, y.shape)
        if x.tobytes() != y.tobytes():
            away = np.abs(x.astype(complex) - y).max() / np.abs(y).max()
            far = max(far, float(away), np.finfo(float).tiny)
    return far


def timed(patch, variant, run, clocked=False):
    with patch(variant, clocked):
        start = perf_counter()
        run()
        return perf_counter() - start


def times(program, case, rounds):
    """How far the results are apart, and the medians of runs that take turns. The lines
    that differ are timed in runs of their own, since clocks cost time as well."""
    patch, run = Patch(program.PATCH), program.prepare(case)
    results = {}
    for variant in VARIANTS:
        with patch(variant):
            results[variant] = [np.array(x) for x in run()]
    far = distance(results["patched"], results["released"])
    del results
    seconds, steps = ({variant: [] for variant in VARIANTS} for _ in range(2))
    for place in range(rounds):
        for variant in VARIANTS[:: 1 if place % 2 else -1]:
            seconds[variant].append(timed(patch, variant, run))
    for _ in range(max(1, rounds // 2)):
        for variant in VARIANTS:
            patch.clock.seconds = 0.0
            whole = timed(patch, variant, run, clocked=True)
            steps[variant].append((patch.clock.seconds, patch.clock.seconds / whole))
    tolerance = getattr(program, "TOLERANCES", {}).get(case, 0)
    found = {"distance": far, "tolerance": tolerance}
    for variant in VARIANTS:
        found[variant] = {
            "seconds": median(seconds[variant]),
            "step": median(step for step, _ in steps[variant]),
            "share": median(share for _, share in steps[variant]),
        }
    return found


def peak():
    """The most MiB that the process has had at once, on Linux since `forget_peak()`."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":") for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS: bytes


def forget_peak():
    switch = Path("/proc/self/clear_refs")
    if switch.exists():
        switch.write_text("5")


def memory(program, case, variant):
    """The MiB by which one run raises the peak of the process."""
    patch, run = Patch(program.PATCH), program.prepare(case)
    forget_peak()
    before = peak()
    with patch(variant):
        run()
    return peak() - before


def main():
    parser = argparse.ArgumentParser(description="One case of a program, as JSON.")
    parser.add_argument("name")
    parser.add_argument("case")
    parser.add_argument("--memory", choices=VARIANTS, help="instead of times")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    program = importlib.import_module(given.name)
    if given.memory:
        found = memory(program, given.case, given.memory)
    else:
        found = times(program, given.case, given.rounds)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
