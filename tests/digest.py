"""What a build computes, as a digest of results and floating-point flags: the same for
every instruction set and before and after a change. `make digest CALLS=100000` compares
the sets of this build, and fastadd_old where `make old` has installed it."""

import argparse
import hashlib
import importlib
import os
import subprocess
import sys

import numpy as np
from fuzz import Call
from rich.progress import track

from fastadd._compare.cases import kind


def without_payloads(x):
    """The bits, but NaNs as one: which of two a sum is, nobody promises."""
    x = x.copy()
    for part in (x.real, x.imag) if x.dtype.kind == "c" else (x,):
        if kind(part.dtype) == "f":
            part[np.isnan(part)] = np.nan
    return np.ascontiguousarray(x).tobytes()


def addition(call, module, flags):
    """A random call's result, and the flags that it raises."""
    one, two, _ = call.pair()
    while one.char in "gG" or two.char in "gG":  # with bytes of rubbish in each number
        one, two, _ = call.pair()
    shape = call.shape()
    call.allot(shape, 3)
    a = call.view(call.narrowed(shape), one, apart=True)
    b = call.view(call.narrowed(shape), two, apart=True)
    call.fill(a, b)
    dtype = np.result_type(a, b).newbyteorder("=")
    alpha, beta = call.number(kind(dtype)), call.number(kind(dtype))
    with np.errstate(all="call", call=lambda name, _: flags.append(name)):
        try:
            return module.add(a, b, alpha=alpha, beta=beta)
        except (TypeError, OverflowError) as error:
            return np.array(type(error).__name__)


def digest(module, calls):
    found = hashlib.sha256()
    steps = range(calls)
    for seed in track(steps, module.__name__) if sys.stderr.isatty() else steps:
        flags = []
        result = np.asarray(addition(Call(seed), module, flags))
        found.update(without_payloads(result))
        found.update(repr((result.dtype, result.shape, sorted(set(flags)))).encode())
    return found.hexdigest()[:16]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--module", help="print the digest of this one alone")
    options = parser.parse_args()
    if options.module:
        print(digest(importlib.import_module(options.module), options.calls))
        return
    fastadd = importlib.import_module("fastadd")
    runs = [("fastadd", name) for name in fastadd.show_config("dicts")["available"]]
    if importlib.util.find_spec("fastadd_old"):
        runs.append(("fastadd_old", runs[0][1]))
    digests = {}
    for module, name in runs:
        digests[module, name] = subprocess.check_output(
            [
                sys.executable,
                __file__,
                "--module",
                module,
                "--calls",
                str(options.calls),
            ],
            env=os.environ | {"FASTADD_ISA": name},
            text=True,
        ).strip()
        print(f"{module:12}{name:10}{digests[module, name]}")
    if len(set(digests.values())) > 1:
        sys.exit("they differ")


if __name__ == "__main__":
    main()
