"""What cpu.h asks the CPU under MSVC, compiled here with functions in place of that
compiler's intrinsics: they give the answers of this CPU, and of others."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fastadd import _core

HEADER = Path(__file__).parents[1] / "src/c/cpu.h"
pytestmark = pytest.mark.skipif(
    sys.platform != "linux"
    or platform.machine() != "x86_64"
    or shutil.which("cc") is None
    or not HEADER.exists(),
    reason="compiles a source on Linux, x86-64",
)

INTRIN = """
static unsigned largest, ecx_of_1, ebx_of_7, saved;
static void answer_cpuid(int *answer, int leaf, int part) {
    answer[0] = answer[1] = answer[2] = answer[3] = 0;
    if (leaf == 0) answer[0] = (int)largest;
    if (leaf == 1 && largest >= 1) answer[2] = (int)ecx_of_1;
    if (leaf == 7 && largest >= 7 && part == 0) answer[1] = (int)ebx_of_7;
}
static unsigned long long answer_xgetbv(unsigned which) { return which ? 0 : saved; }
#define __cpuidex answer_cpuid
#define _xgetbv answer_xgetbv
"""
PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
#include <cpuid.h>
#define _MSC_VER 1930
#define _M_X64 1
#include "cpu.h"

int main(int count, char **given) {
    unsigned a, b, c, d;
    if (count == 6) {
        largest = strtoul(given[2], NULL, 16), ecx_of_1 = strtoul(given[3], NULL, 16);
        ebx_of_7 = strtoul(given[4], NULL, 16), saved = strtoul(given[5], NULL, 16);
    } else {
        __cpuid(0, largest, b, c, d);
        __cpuid(1, a, b, ecx_of_1, d);
        if (largest >= 7) __cpuid_count(7, 0, a, ebx_of_7, c, d);
        if (ecx_of_1 & bit_OSXSAVE)
            __asm__ volatile("xgetbv" : "=a"(saved), "=d"(d) : "c"(0));
    }
    printf("%d", fastadd_cpu_runs(given[1]));
}
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cpu")
    (folder / "intrin.h").write_text(INTRIN)
    (folder / "cpu.c").write_text(PROGRAM)
    subprocess.run(
        [
            *("cc", "-Wall", "-Wextra", "-Werror", "-I.", f"-I{HEADER.parent}"),
            *("cpu.c", "-o", "cpu"),
        ],
        cwd=folder,
        check=True,
    )

    def ask(*given):
        return subprocess.run(
            [folder / "cpu", *given], capture_output=True, text=True, check=True
        ).stdout

    return ask


@pytest.mark.parametrize("name", ["baseline", "avx2", "avx512", "avx1024"])
def test_this_cpu(asked, name):
    """As GCC's and Clang's own functions answer."""
    assert asked(name) == str(int(_core.runs_here(name)))


# The highest leaf of CPUID, ECX of leaf 1, EBX of leaf 7 and XCR0 of an Ice Lake.
ICE_LAKE = ("1b", "fffa3203", "f1bf07ab", "2e7")
LACKING = {
    "leaf 7": (0, 0xFFFFFFF9, "baseline"),  # & with each
    "FMA": (1, ~(1 << 12), "baseline"),
    "OSXSAVE": (1, ~(1 << 27), "baseline"),
    "AVX": (1, ~(1 << 28), "baseline"),
    "F16C": (1, ~(1 << 29), "baseline"),
    "BMI1": (2, ~(1 << 3), "baseline"),
    "AVX2": (2, ~(1 << 5), "baseline"),
    "BMI2": (2, ~(1 << 8), "baseline"),
    "AVX-512 F": (2, ~(1 << 16), "avx2"),
    "AVX-512 DQ": (2, ~(1 << 17), "avx2"),
    "AVX-512 CD": (2, ~(1 << 28), "avx2"),
    "AVX-512 BW": (2, ~(1 << 30), "avx2"),
    "AVX-512 VL": (2, ~(1 << 31), "avx2"),
    "XMM saved": (3, ~(1 << 1), "baseline"),
    "YMM saved": (3, ~(1 << 2), "baseline"),
    "masks saved": (3, ~(1 << 5), "avx2"),
    "ZMM saved": (3, ~(1 << 6), "avx2"),
    "ZMM16 to 31 saved": (3, ~(1 << 7), "avx2"),
    "nothing": (0, ~0, "avx512"),
}


@pytest.mark.parametrize("what", LACKING)
def test_cpus_and_systems_that_lack_something(asked, what):
    place, kept, best = LACKING[what]
    answers = list(ICE_LAKE)
    answers[place] = f"{int(answers[place], 16) & kept & 0xFFFFFFFF:x}"
    if what == "leaf 7":
        answers[0] = "6"
    sets = ["baseline", "avx2", "avx512"]
    runs = sets[: sets.index(best) + 1]
    assert [name for name in sets if asked(name, *answers) == "1"] == runs
