"""What the compiler has made of the kernels: each computes with whole vectors, and a
set of them is no larger than its budget. Where GCC leaves a loop scalar, nothing else
tells: bool + float32 was seven times slower than uint8 + float32."""

import importlib.util
import platform
import re
import shutil
import subprocess
from collections import Counter

import pytest

BUDGET = 750_000  # bytes of code of a set
# Arithmetic, conversion or comparison of whole vectors.
PACKED = re.compile(
    r"v(add|sub|mul|div|fmadd|cvt\w*|and|or|max|min|padd|pmul\w*|pand|por|pcmp\w*|pmov[sz]\w*"
    r"|psub|pmin|pmax|ptest\w*)(ps|pd|[bwdq]|[a-z0-9]*)\s.*%[yz]mm"
)
KERNELS = re.compile(
    r"(?:__pyx_fuse_([\d_]+))?__pyx_f_\w*_kernels_avx2_"
    r"(add_plane|add_mixed_plane|add_to_float32_plane|sum_plane|relu_plane|clip_plane"
    r"|norm_plane|add_dot_plane|products_plane|adam_plane|addcmul_plane|addcdiv_plane"
    r"|lerp_plane|clamp_plane)$"
)
# int64 and uint64 on their way to float64, before AVX-512; and complex quotients, which
# have a branch.
NO_INSTRUCTION = re.compile(
    r"__pyx_fuse_(6|10)(_3)?__pyx_f_\w*(mixed|to_float32)_plane"
    r"|__pyx_fuse_[34]__pyx_f_\w*addcdiv_plane"
)


def disassembled():
    """Instructions by function."""
    found = importlib.util.find_spec("fastadd._kernels_avx2")
    if found is None or shutil.which("objdump") is None or platform.system() != "Linux":
        pytest.skip("no kernels for AVX2, or no objdump")
    text = subprocess.check_output(
        ["objdump", "-d", "--no-show-raw-insn", found.origin], text=True
    )
    functions, name = {}, None
    for line in text.splitlines():
        head = re.match(r"[0-9a-f]+ <(.+)>:", line)
        if head:
            name = head[1]
            functions[name] = []
        elif name:
            functions[name].append(line.split("\t", 1)[-1])
    return functions, found.origin


def test_kernels_compute_with_whole_vectors():
    functions, _ = disassembled()
    counts = Counter()
    for name, lines in functions.items():
        match = KERNELS.match(re.sub(r"\.(part|isra|constprop|cold)\.?\d*", "", name))
        if match:
            counts[match[0]] += sum(bool(PACKED.match(line)) for line in lines)
    assert len(counts) >= 90, sorted(counts)
    scalar = sorted(
        name
        for name, count in counts.items()
        if count < 4 and not NO_INSTRUCTION.match(name)
    )
    assert not scalar, "\n".join(scalar)


def test_roots_and_quotients_of_whole_vectors():
    """Additions and products alone would do for the count."""
    functions, _ = disassembled()
    kernels = {
        name: " ".join(lines)
        for name, lines in functions.items()
        if re.fullmatch(r"__pyx_fuse_[01]__pyx_f_\w*_adam_plane", name)
    }
    assert len(kernels) == 2
    for name, text in kernels.items():
        for what in ("vsqrtp[sd]", "vdivp[sd]"):
            assert re.search(rf"{what}\s[^v]*%ymm", text), name


def test_size():
    _, path = disassembled()
    line = subprocess.check_output(["size", path], text=True).splitlines()[1]
    assert int(line.split()[0]) < BUDGET
