"""Which changes of the kernels no test notices: `make kernel-mutants`.

Each change of the table is made in a copy of the sources, where the one module that has
the code is built anew, quickly; then the tests run that are most likely to notice, on
the instruction set of that module. Each text must stand in its file exactly once: who
changes the file changes the table.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from mutants import noticed_by
from rich.console import Console

ROOT = Path(__file__).parents[1]
COPIED = ("src", "fastadd", "setup.py", "pyproject.toml", "README.md", "LICENSE")
SETS = ("baseline", "avx2", "avx512")
SECONDS = 600  # of one build, or of the tests of one change
Mutant = namedtuple("Mutant", "file module tests before after")

VALUES, OPERATIONS = "values kinds streamed", "operations"
MIXTURES, FLAGS = "values kinds operations", "errstate operations"
HALVES, SUMS, NORMS = "values errstate", "sum", "clip"
MUTANTS = [
    Mutant(*row)
    for row in (
        # ---- one addition
        ("kernels/rows.pxi", "avx2", VALUES, "+ -c.imag * x.imag", "+ c.imag * x.imag"),
        (
            *("kernels/rows.pxi", "avx2", VALUES),
            "a, real & BETA_REAL), weighted(alpha, b, real & ALPHA_REAL)",
            "a, real & BETA_REAL), weighted(alpha, b, real & BETA_REAL)",
        ),
        (
            *("kernels/rows.pxi", "avx2", VALUES),
            "        weighted(beta, a, real & BETA_REAL), weighted(alpha, b,",
            "        weighted(alpha, a, real & BETA_REAL), weighted(beta, b,",
        ),
        (
            *("kernels/rows.pxi", "avx2", VALUES),
            "(weight.value != 0) & (x.value != 0)",
            "(weight.value != 0) | (x.value != 0)",
        ),
        (  # a rounding less
            *("kernels/rows.pxi", "avx2", VALUES),
            "x.at[k] = beta * x.at[k] + alpha * y.at[k]",
            "x.at[k] = <float>(<double>beta * x.at[k] + <double>alpha * y.at[k])",
        ),
        ("kernels/rows.pxi", "avx2", VALUES, "if done < n:", "if done + 1 < n:"),
        (
            *("kernels/rows.pxi", "avx2", VALUES),
            "b + done * b_step, b_step, scales",
            "b + done * a_step, b_step, scales",
        ),
        (
            *("kernels/rows.pxi", "avx2", FLAGS),
            "    raise_half_flags(flags)\n\n\ncdef inline void move_strip(",
            "\n\ncdef inline void move_strip(",
        ),
        (
            *("kernels/rows.pxi", "avx2", VALUES),
            "plane, i, strips * length, sizeof(number)",
            "plane, i, strips * length + 1, sizeof(number)",
        ),
        (
            *("kernels/rows.pxi", "avx2", VALUES),
            "elif out_step == one and a_step == -one and b_step == -one:",
            "elif out_step == one and a_step == -one and b_step == one:",
        ),
        (
            *("kernels/rows.pxi", "avx2", VALUES),
            "packed_loop(plane, 0, sizeof(number), beta, alpha, real)",
            "packed_loop(plane, sizeof(number), 0, beta, alpha, real)",
        ),
        (  # a lane, in strips alone
            *("kernels/rows.pxi", "avx2", VALUES),
            "strip[0, k] = element(beta, a[i, j + k], alpha, b[i, j + k], 0)",
            "strip[0, k] = element(beta, a[i, j + k], alpha, b[i, j + (k ^ 1)], 0)",
        ),
        # ---- conversions, mixtures
        (
            *("kernels/convert.pxi", "avx2", MIXTURES),
            "y.value = (x.real != 0) | (x.imag != 0)",
            "y.value = x.real != 0",
        ),
        (  # float64 to float16 in two roundings
            *("kernels/convert.pxi", "avx2", MIXTURES),
            "return double_to_odd_float(x)",
            "return <float>x",
        ),
        ("kernels/convert.pxi", "avx2", MIXTURES, "<to_t>1 << 63", "<to_t>1 << 62"),
        (
            *("kernels/convert.pxi", "avx2", MIXTURES),
            "i * x_strides[0] + j * x_strides[1]",
            "i * x_strides[0] + j * <Py_ssize_t>sizeof(from_t)",
        ),
        (
            *("kernels/convert.pxi", "avx2", FLAGS),
            "    raise_half_flags(flags)\n",
            "",
        ),
        (
            *("kernels/mixed.pxi", "avx2", MIXTURES),
            "and not BASELINE and beta == 1\n",
            "and not BASELINE and alpha == 1\n",
        ),
        (
            *("kernels/mixed.pxi", "avx2", MIXTURES),
            "beta, <mixed>strip.at[k], alpha, b[i, j + k], 0",
            "beta, <mixed>strip.at[k], alpha, b[i, j], 0",
        ),
        # ---- sums, three operands
        (
            *("kernels/sums.pxi", "avx2", SUMS),
            "+ j * terms[term].view.strides[1]",
            "+ j * one",
        ),
        (
            *("kernels/sums.pxi", "avx2", SUMS),
            "stream(out + part * STREAMED, &memory.parts[part])\n            elif",
            "stream(out + part * STREAMED, &memory.parts[0])\n            elif",
        ),
        (
            *("kernels/sums.pxi", "avx2", SUMS),
            "stream(out + part * STREAMED, &memory.parts[part])\n            else",
            "stream(out + part * STREAMED, &memory.parts[0])\n            else",
        ),
        (
            *("kernels/sums.pxi", "avx2", SUMS),
            "<const unrolled*>rows[term] + begin + j * SUMMED_LANES",
            "<const unrolled*>rows[term] + j * SUMMED_LANES",
        ),
        (
            *("kernels/sums.pxi", "avx2", SUMS),
            "sum = total(sum, weighted(weights[term], x, False))",
            "sum = total(sum, weighted(weights[0], x, False))",
        ),
        (
            *("kernels/operations.pxi", "avx2", OPERATIONS),
            "z.imag = x.imag / fabsl(y.real)",
            "z.imag = x.real / fabsl(y.real)",
        ),
        (
            *("kernels/operations.pxi", "avx2", OPERATIONS),
            "return total(weighted(d, a, False), weighted(c, b, False))",
            "return total(weighted(c, a, False), weighted(d, b, False))",
        ),
        (
            *("kernels/operations.pxi", "avx2", OPERATIONS),
            "last = d[i, 0] if inputs == 4 else c[i, 0]",
            "last = d[0, 0] if inputs == 4 else c[i, 0]",
        ),
        (
            *("kernels/operations.pxi", "avx2", OPERATIONS),
            "real != BETA_REAL | ALPHA_REAL",
            "real == 0",
        ),
        (
            *("c/choose.h", "avx2", OPERATIONS),
            "0x7fffffff) < 0x3f000000",
            "0x7fffffff) <= 0x3f000000",
        ),
        (
            *("c/choose.h", "avx2", OPERATIONS),
            "real * real + imag * imag <",
            "real * real - imag * imag <",
        ),
        # ---- limits, norms, saturation
        ("kernels/limits.pxi", "avx2", "relu", "(x > highest)", "(x >= highest)"),
        ("kernels/limits.pxi", "baseline", "relu", "islessequal(x, 0)", "x < 0"),
        (  # a NaN
            *("kernels/limits.pxi", "avx2", "clip"),
            " & -<rectified>(magnitude <= infinity)",
            "",
        ),
        ("kernels/norms.pxi", "avx2", NORMS, "lanes[j & LANES - 1] +=", "lanes[0] +="),
        ("kernels/norms.pxi", "avx2", NORMS, "            partial.exponent *= 2", ""),
        (
            *("kernels/saturate.pxi", "avx2", OPERATIONS),
            "high = <double>((<int64_t>1 << bits) - 1)",
            "high = <double>((<int64_t>1 << bits) - 2)",
        ),
        # ---- 16-bit floats
        (  # a subnormal
            *("c/scalars.h", "baseline", HALVES),
            "exponent == 0, subnormal",
            "exponent == 0x00800000u, subnormal",
        ),
        (  # a tie
            *("c/scalars.h", "baseline", HALVES),
            "magnitude + 0xfffu + (magnitude >> 13 & 1u)",
            "magnitude + 0x1000u",
        ),
        (  # a NaN of a small payload
            *("c/scalars.h", "baseline", HALVES),
            "nan = 0x7e00u |",
            "nan = 0x7c00u |",
        ),
        (  # a flag, from 65520 on
            *("c/scalars.h", "baseline", HALVES),
            "(magnitude >= 0x477ff000u)",
            "(magnitude >= 0x47800000u)",
        ),
        (  # ties, in whole strips alone
            *("c/scalars.h", "avx2", HALVES),
            "(even + 0x7fffu + (even >> 16 & 1u))",
            "(even + 0x8000u)",
        ),
        # ---- how memory is moved
        (
            *("c/transpose.h", "avx2", VALUES),
            "store_row(y + ys, _mm256_unpackhi_pd(e, g));",
            "store_row(y + ys, _mm256_unpacklo_pd(e, g));",
        ),
        (
            *("c/transpose.h", "baseline", VALUES),
            "__m128i g = _mm_unpacklo_epi32(c, d), h = _mm_unpackhi_epi32(c, d);",
            "__m128i g = _mm_unpacklo_epi32(c, d), h = _mm_unpackhi_epi32(d, c);",
        ),
        (
            *("c/transpose.h", "avx2", VALUES),
            "for (j = i < rows ? columns : 0; j < n; j++)",
            "for (j = columns; j < n; j++)",
        ),
        (
            *("c/stream.h", "core", "streamed"),
            "memcpy(target + head, source + head, nbytes - head);",
            "memcpy(target + head, source + head, (nbytes - head) & -16);",
        ),
        # ---- small integers that do not wrap
        (
            *("c/clamp.h", "avx2", OPERATIONS),
            "_mm256_and_ps(x, _mm256_cmp_ps(x, x, _CMP_ORD_Q))",
            "x",
        ),
        (
            *("c/clamp.h", "avx512", OPERATIONS),
            "_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, x, _CMP_ORD_Q), x)",
            "x",
        ),
        (
            *("c/clamp.h", "avx2", OPERATIONS),
            "_mm256_cmp_ps(x, y, _CMP_LT_OQ)",
            "_mm256_cmp_ps(x, y, _CMP_GE_OQ)",
        ),
        (  # a flag of a NaN
            *("c/clamp.h", "avx512", OPERATIONS),
            "_mm512_cmp_ps_mask(x, y, _CMP_LT_OQ)",
            "_mm512_cmp_ps_mask(x, y, _CMP_LT_OS)",
        ),
        (
            *("c/clamp.h", "baseline", OPERATIONS),
            "return EACH(min_ps)(x, most);",
            "return x;",
        ),
        (
            *("c/clamp.h", "avx512", OPERATIONS),
            "EACH(loadu_ps)(last + k * last_step)",
            "EACH(loadu_ps)(last + j * last_step)",
        ),
        (
            *("c/clamp.h", "avx512", "sum operations"),
            "is_signed ? _mm512_cvtsepi32_epi8(x)",
            "is_signed ? _mm512_cvtusepi32_epi8(x)",
        ),
        (
            *("core/strips.pxi", "core", OPERATIONS),
            "if carrier.raw or carrier.dtype != job.reads[OUT] or carrier.spread:",
            "if carrier.raw or carrier.dtype != job.dtype or carrier.spread:",
        ),
        (
            *("c/spread.h", "avx2", OPERATIONS),
            "j < n; j++, y += SIZE, from += step) memcpy",
            "j < n; j++, y += SIZE, from += SIZE) memcpy",
        ),
        (
            *("c/spread.h", "avx2", OPERATIONS),
            "from = (b - part) * few + part - v",
            "from = (b - part) * few - v",
        ),
        (  # a vector that reaches beyond the operand
            *("c/spread.h", "avx2", "guarded"),
            "for (; done + count < n;",
            "for (; done + count <= n;",
        ),
        (
            *("c/spread.h", "baseline", OPERATIONS),
            "row = at / size / few * size + part;",
            "row = at / size / few * size;",
        ),
        (
            *("c/spread.h", "avx2", OPERATIONS),
            "memcpy(&last, x + nbytes - 8, 8);",
            "memcpy(&last, x + nbytes - 9, 8);",
        ),
        (
            *("c/spread.h", "avx2", OPERATIONS),
            "x + k / n * row + k % n * step",
            "x + k / n * row",
        ),
        (
            *("c/transpose.h", "avx2", OPERATIONS),
            "transpose_each(SIZE, 3, x, xs, y, ys);",
            "transpose_each(SIZE, 2, x, xs, y, ys);",
        ),
        (
            *("core/strips.pxi", "core", "streamed"),
            "begin, end = end, block.shape[1]",
            "begin, end = end + 1, block.shape[1]",
        ),
        (
            *("core/strips.pxi", "core", "streamed"),
            "view.data + i * view.strides[0] + begin * view.strides[1]",
            "view.data + begin * view.strides[1]",
        ),
    )
]


def module_of(mutant):
    return "_core" if mutant.module == "core" else f"_kernels_{mutant.module}"


def build(folder, module):
    """One module of a copy, from what has been translated there before, if that is
    still what the sources say."""
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
        check=False,
        cwd=folder,
        env=os.environ | {"FASTADD_ONLY": module},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    if done.returncode:
        raise RuntimeError(f"{module} does not build:\n{done.stdout}{done.stderr}")


def run_tests(folder, instruction_set, *tests):
    """pytest of the tests of ROOT and the package of a copy."""
    others = " or ".join(each for each in SETS if each != instruction_set)
    return subprocess.run(
        [
            *(sys.executable, "-P", "-m", "pytest", "-qx", "--tb=no"),
            *("-p", "no:cacheprovider", "-k", f"not ({others})", *tests),
        ],
        check=False,
        cwd=ROOT,
        env=os.environ
        | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT / 'tests'}"}
        | {"FASTADD_ISA": instruction_set},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def tried(base, mutant):
    """The test that notices a change, None if none does."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent, "copy")
        shutil.copytree(base, folder)
        path = folder / "src" / mutant.file
        path.write_text(path.read_text().replace(mutant.before, mutant.after))
        build(folder, module_of(mutant))
        instruction_set = "avx2" if mutant.module == "core" else mutant.module
        files = [f"tests/test_{name}.py" for name in mutant.tests.split()]
        try:
            done = run_tests(folder, instruction_set, *files)
        except subprocess.TimeoutExpired:
            return "it did not end"
    return noticed_by(done)


def shown(text):
    return " ".join(text.split()) or "nothing"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--jobs", type=int, default=1, help="changes at once")
    parser.add_argument("--only", default="", help="changes of files of such a name")
    options = parser.parse_args()
    chosen = [each for each in MUTANTS if options.only in each.file]
    for each in chosen:
        count = (ROOT / "src" / each.file).read_text().count(each.before)
        if count != 1:
            parser.error(f"{each.file} has {count} times, not once: {each.before}")
    alive, noticing, console = 0, {}, Console(highlight=False, soft_wrap=True)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder, "base")
        base.mkdir()
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            copy(ROOT / name, base / name)
        for module in {*map(module_of, chosen)}:
            build(base, module)
        with ThreadPoolExecutor(options.jobs) as pool:
            running = {pool.submit(tried, base, each): each for each in chosen}
            for done in as_completed(running):
                mutant, test = running[done], done.result()
                alive += test is None
                if test is not None and "::" in test:
                    noticing.setdefault(mutant.module, set()).add(test)
                console.print(
                    f"{'dead ' if test else 'ALIVE'} {mutant.file} ({mutant.module}): "
                    f"{shown(mutant.before)} -> {shown(mutant.after)}"
                    + (f"\n      by {test}" if test else ""),
                    markup=False,
                )
        for module, tests in noticing.items():
            instruction_set = "avx2" if module == "core" else module
            if run_tests(base, instruction_set, *tests).returncode:
                sys.exit("What fails without a change, too, notices nothing.")
    print(f"{len(chosen)} changes, {alive} alive")
    sys.exit(alive > 0)


if __name__ == "__main__":
    main()
