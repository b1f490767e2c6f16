"""The compiled part: which modules there are and which flags build them; and the links
of a release.

Everything else that packaging needs to know is in pyproject.toml.
"""

import os
import platform
import re
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

WINDOWS = sys.platform == "win32"

if WINDOWS:
    # /fp:precise forbids reassociation; a pragma in scalars.h contraction.
    FLAGS = ["/O2", "/fp:precise"]
else:
    FLAGS = [
        "-O3",  # vectorises the one plain loop that each kernel is
        "-ffp-contract=off",  # beta*a + alpha*b is two roundings more than an fma
        "-fwrapv",  # integers wrap, as NumPy's do
        # A root of a negative number need not set errno, for which GCC has a branch
        # and leaves the loop scalar; the flag it raises all the same.
        "-fno-math-errno",
        # GCC before 14 computes in halves of vectors (where a row is nearly done, a
        # pair of statements is alike, or a whole vector seems not to pay) and leaves
        # rubbish in the other half, which raises flags: inf + 1 in bfloat16 was
        # "invalid" at 4 elements. So vectors are whole, and the rest is scalar. It
        # costs 15 % on rows of 3 and gains 25 % on strided operands.
        "-fvect-cost-model=unlimited",
        "--param=vect-epilogues-nomask=0",
        "-fno-tree-slp-vectorize",
        # It takes two strips of a sum of squares at a time, an order in which the CPU
        # does not prefetch: 10**7 float64 in 5.5 ms instead of 2.1.
        "-fno-loop-unroll-and-jam",
        # A row of 1000 float32 takes 50 ns, or 63 where its loop straddles two lines.
        "-falign-loops=64",
        # Nothing unwinds through these functions: 33 kB of the wheel.
        "-fno-asynchronous-unwind-tables",
        "-g0",  # symbols would be three quarters of the wheel
    ]

# A kernel is one loop inlined under every layout with that layout's literal strides.
# As a mere hint GCC takes "inline" for 176 of 635 loops, and a float32 row then takes
# seven times as long.
FORCE_INLINE = "__forceinline" if WINDOWS else "inline __attribute__((always_inline))"

STRIPS = [
    # A strip that is computed in registers (packed_loop) would go through memory where
    # GCC took its move to out for a memcpy.
    "-fno-tree-loop-distribute-patterns",
    # GCC would mix the stores of a strip, and in the L2 cache, where the CPU fetches
    # the lines of out in their order, it takes 1.1 to 1.35 times as long: 25,000
    # float64 in 7.3 us instead of 5.3 (Sapphire Rapids).
    "-fno-schedule-insns2",
]

# What each instruction set adds; cpu.h asks the CPU for the same. No -mfma: with it GCC
# contracts complex products even under -ffp-contract=off.
INSTRUCTION_SETS = {"baseline": []}
X86 = platform.machine().lower() in ("x86_64", "amd64")
if X86 and WINDOWS:
    INSTRUCTION_SETS |= {"avx2": ["/arch:AVX2"], "avx512": ["/arch:AVX512"]}
elif X86:
    INSTRUCTION_SETS = {
        "baseline": ["-msse4.2"],  # with what it implies, x86-64-v2: CPUs from 2009 on
        "avx2": ["-mavx2", "-mf16c", *STRIPS],
        "avx512": [
            *("-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mf16c"),
            *STRIPS,
            # On a Zen 4 longer vectors are 3 to 8 % slower in the L3 cache, where they
            # straddle two lines, 0 to 40 % (int8) in L1, and nowhere faster.
            "-mprefer-vector-width=256",
        ],
    }

# For `make sanitize`, `make reach` and `make kernel-mutants`. (-O3 would take an hour
# under the sanitizers: each access is a call more.)
CHECKS = []
if os.environ.get("FASTADD_SANITIZE") == "1":
    CHECKS = ["-fsanitize=address,undefined", "-fno-omit-frame-pointer", "-g1", "-O1"]
if os.environ.get("FASTADD_COVERAGE") == "1":
    # What is inlined would not be counted by itself.
    CHECKS = ["--coverage", "-fno-inline", "-O1"]
    FORCE_INLINE = "__attribute__((noinline))"
ONLY = os.environ.get("FASTADD_ONLY")  # a module
if ONLY:
    CHECKS = ["-O1"]

# The memoryviews' own code is a tenth of a set of kernels: one module has it for all.
SHARED = "_shared"


def extension(name, source, flags=(), macros=()):
    return Extension(
        f"fastadd.{name}",
        [source],
        include_dirs=["src/c", np.get_include()],
        depends=[str(path) for path in Path("src").glob("*/*.*")],
        define_macros=[
            ("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"),
            ("NPY_TARGET_VERSION", "NPY_2_0_API_VERSION"),
            *macros,
        ],
        extra_compile_args=[*FLAGS, *flags, *CHECKS],
        extra_link_args=[*CHECKS],
    )


def say(text):
    """To who waits; `pip --verbose` lets it through, and `make` that alone."""
    print(f"fastadd: {text}", flush=True)


class Build(build_ext):
    """Translates Cython only when there is something to build (who asks for metadata
    waits for nothing), compiles the modules side by side, and leaves out the flags that
    this compiler does not know."""

    def run(self):
        self.parallel = self.parallel or os.cpu_count() or 1
        self.ready = []
        say(f"compiling {len(self.extensions)} modules, 1 to 4 minutes")
        self.extensions[:] = cythonize(
            self.extensions,
            build_dir="build/cython",
            include_path=[".", "src/core", "src/ufunc"],  # . is for fastadd/_core.pxd
            shared_utility_qualified_name=f"fastadd.{SHARED}",
            nthreads=0 if WINDOWS else self.parallel,
            compiler_directives={
                "language_level": 3,
                "boundscheck": False,
                "wraparound": False,
                "cdivision": True,
                "initializedcheck": False,
                "freethreading_compatible": True,
            },
        )
        for each in self.extensions:  # new ones, of which setuptools knows less
            each._needs_stub = False
        super().run()

    def build_extensions(self):
        known = {}
        for extension in self.extensions:
            for flags in (extension.extra_compile_args, extension.extra_link_args):
                for flag in flags:
                    if flag not in known:
                        known[flag] = self.knows(flag)
                flags[:] = [flag for flag in flags if known[flag]]
        super().build_extensions()

    def build_extension(self, extension):
        begin = perf_counter()
        super().build_extension(extension)
        self.ready.append(extension)
        say(
            f"{len(self.ready)} of {len(self.extensions)} ready: {extension.name}, "
            f"{perf_counter() - begin:.0f} s"
        )

    def knows(self, flag):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "empty.c")
            source.write_text("int nothing;\n")
            errors = [] if WINDOWS else ["-Werror"]
            try:
                self.compiler.compile(
                    [str(source)], folder, extra_postargs=[flag, *errors]
                )
            except CompileError:
                return False
        return True


extensions = [
    # (cythonize writes it. No call runs it, and so it is 40 kB smaller.)
    extension(SHARED, f"src/{SHARED}.c", [] if WINDOWS else ["-Os"]),
    # GCC inlines until a module has grown by 40 %, and no function that seems large. So
    # it leaves out what the smallest calls go through: they took 4 to 8 % longer when
    # something was added.
    extension(
        "_core",
        "src/core/core.pyx",
        []
        if WINDOWS
        else ["--param=inline-unit-growth=200", "--param=max-inline-insns-single=600"],
    ),
]
for name, flags in INSTRUCTION_SETS.items():
    extensions.append(
        extension(
            f"_kernels_{name}",
            f"src/kernels/{name}.pyx",
            flags,
            [("CYTHON_INLINE", FORCE_INLINE)],
        )
    )

if ONLY:
    extensions = [each for each in extensions if each.name == f"fastadd.{ONLY}"]

# The address of the repository, passed by the workflow that builds a release. With it
# the links of the README are absolute, since they lead nowhere from a package index.
URL = os.environ.get("FASTADD_URL", "")


def description():
    text = Path("README.md").read_text(encoding="utf-8")
    if not URL:
        return text
    text = re.sub(r"(!\[[^]]*\]\()(?![a-z]+:)", rf"\1{tree('raw')}/", text)
    return re.sub(r"(\]\()(?![a-z]+:)", rf"\1{tree('blob')}/", text)


def tree(form):
    """Of this version: GitHub shows a "blob" as a page, and a "raw" file as it is."""
    source = Path("fastadd/__init__.py").read_text(encoding="utf-8")
    version = re.search(r'^__version__ = "(.+)"$', source, re.MULTILINE)[1]
    return f"{URL}/{form}/v{version}"


def urls():
    if not URL:
        return {}
    return {
        "Source": URL,
        "Documentation": f"{tree('blob')}/docs/index.md",
        "Changelog": f"{tree('blob')}/CHANGELOG.md",
        "Issues": f"{URL}/issues",
    }


setup(
    ext_modules=extensions,
    cmdclass={"build_ext": Build},
    long_description=description(),
    long_description_content_type="text/markdown",
    project_urls=urls(),
)
