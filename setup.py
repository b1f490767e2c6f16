"""The compiled part: which modules there are and which flags build them.

Everything else that packaging needs to know is in pyproject.toml.
"""

import os
import platform
import sys
from pathlib import Path

import numpy as np
from Cython.Build import cythonize
from setuptools import Extension, setup

MSVC = sys.platform == "win32"
X86_64 = platform.machine().lower() in ("x86_64", "amd64")

if MSVC:
    # /fp:precise forbids contraction and reassociation.
    FLAGS = ["/O2", "/fp:precise"]
else:
    FLAGS = [
        "-O3",  # vectorises the one plain loop that each kernel is
        "-ffp-contract=off",  # beta*a + alpha*b is two roundings more than an fma
        "-fwrapv",  # integers wrap, as NumPy's do
        # GCC before 14 computes halves of vectors (in what is left of a row, and in pairs
        # of statements) with rubbish in the other half, which raises flags: inf + 1 in
        # bfloat16 was "invalid" at 4 elements. So vectors are whole, the rest is scalar.
        "--param=vect-epilogues-nomask=0",
        "-fno-tree-slp-vectorize",
        "-g0",  # symbols would be three quarters of the wheel
    ]

# A kernel is one loop inlined under every layout with that layout's literal strides.
# As a mere hint GCC takes "inline" for 176 of 635 loops, and the float32 row with one
# coefficient runs at a seventh of its speed.
FORCE_INLINE = "__forceinline" if MSVC else "inline __attribute__((always_inline))"

# What each instruction set adds; cpu.h asks the CPU for the same. No -mfma: with it
# the compiler may contract complex products even under -ffp-contract=off.
INSTRUCTION_SETS = {"baseline": []}
if X86_64 and not MSVC:
    INSTRUCTION_SETS["avx2"] = ["-mavx2"]


def extension(name, source, flags=(), macros=()):
    return Extension(
        f"fastadd.{name}",
        [source],
        include_dirs=["src", np.get_include()],
        depends=[str(path) for path in Path("src").glob("*.*")],
        define_macros=[
            ("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"),
            ("NPY_TARGET_VERSION", "NPY_2_0_API_VERSION"),
            *macros,
        ],
        extra_compile_args=[*FLAGS, *flags],
    )


extensions = [extension("_core", "src/core.pyx")]
for name, flags in INSTRUCTION_SETS.items():
    extensions.append(
        extension(
            f"_kernels_{name}",
            f"src/kernels_{name}.pyx",
            flags,
            [("CYTHON_INLINE", FORCE_INLINE)],
        )
    )

setup(
    ext_modules=cythonize(
        extensions,
        build_dir="build/cython",
        nthreads=0 if MSVC else os.cpu_count() or 1,
        compiler_directives={
            "language_level": 3,
            "boundscheck": False,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": False,
            "freethreading_compatible": True,
        },
    ),
)
