"""The limit of the machine: `a + s*b` as one would write it in C."""

import ctypes
import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from fastadd._compare.measure import Contender


@cache
def triad():
    """bench/triad.c, compiled for this machine; None if that is not possible."""
    source = Path(__file__).parent / "triad.c"
    flags = ["-O3", "-march=native", "-fopenmp", "-shared", "-fPIC"]
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "triad.so")
        try:
            subprocess.run(
                [os.environ.get("CC", "cc"), *flags, str(source), "-o", str(library)],
                check=True,
                capture_output=True,
            )
            return ctypes.CDLL(str(library))
        except (OSError, subprocess.CalledProcessError):
            return None


def aligned(n, dtype):
    """Zeros that begin with a cache line, as streaming stores need."""
    memory = np.zeros(n + 64, dtype)
    skip = -memory.ctypes.data % 64 // memory.itemsize
    return memory[skip : skip + n]


def triads(a, b, s, threads):
    """The C loops on float32, on each number of threads; and an out of their own."""
    out = aligned(a.size, a.dtype)
    pointers = [ctypes.c_void_p(x.ctypes.data) for x in (out, a, b)]
    numbers = (ctypes.c_float(s), ctypes.c_long(a.size))
    for stores in ("plain", "streaming"):
        for count in threads:
            yield (
                f"C {stores}, {count}",
                Contender(
                    "f(*arguments)",
                    f=getattr(triad(), stores),
                    arguments=(*pointers, *numbers, ctypes.c_int(count)),
                    keep=(out, a, b),
                ),
            )
