"""The numbers are right to the bit: every dtype, mixture, length, layout, broadcast and
aliasing, on every instruction set, through the gate, past it and as a ufunc."""

import itertools
import platform
import warnings

import numpy as np
import pytest
from fastadd._core import carefully
from fresh import run_python

import fastadd
from fastadd._compare import cases
from fastadd._compare.cases import DTYPES
from fastadd._compare.reference import assert_same_bits, reference

pytestmark = pytest.mark.usefixtures("instruction_set")

each_dtype = pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)


def by_ufunc(a, b, *, alpha, beta, **options):
    return fastadd.scaled_add(a, b, alpha, beta, **options)


def in_two_halves(out, a, b, **options):
    """Where a mask is true and then where it is not."""
    where = np.random.default_rng(0).random(out.shape) < 0.7
    assert fastadd.add(a, b, out=out, where=where, **options) is out
    return fastadd.add(a, b, out=out, where=~where, **options)


def check(a, b, alpha, beta, dtype, **options):
    expected = reference(a, b, alpha, beta, dtype)
    out = np.empty_like(expected)
    in_two_halves(out, a, b, alpha=alpha, beta=beta, **{"dtype": dtype, **options})
    assert_same_bits(out, expected)
    for add in (fastadd.add, carefully("add"), by_ufunc):
        assert_same_bits(add(a, b, alpha=alpha, beta=beta, **options), expected)


@each_dtype
def test_lengths_and_offsets(dtype):
    for n in cases.LENGTHS:
        line_a, line_b = (cases.values(n + 3, dtype, seed) for seed in (1, 2))
        for alpha, beta in cases.coefficients(dtype):
            for i, j in ((0, 0), (1, 0), (0, 3), (2, 1)):
                a, b = line_a[i : i + n], line_b[j : j + n]
                expected = reference(a, b, alpha, beta, dtype)
                assert_same_bits(fastadd.add(a, b, alpha=alpha, beta=beta), expected)
                out = cases.values(n + 3, dtype)[2 : 2 + n]
                assert fastadd.add(a, b, alpha=alpha, beta=beta, out=out) is out
                assert_same_bits(out, expected)


@each_dtype
def test_number_operand(dtype):
    number = {"b": True, "i": 3, "f": 2.5, "c": 1 - 2j}[cases.kind(dtype)]
    for n in (1, 9, 1003):
        a = cases.values(n, dtype)
        for alpha, beta in cases.coefficients(dtype):
            x = np.asarray(number).astype(dtype)
            assert_same_bits(
                fastadd.add(a, number, alpha=alpha, beta=beta),
                reference(a, x, alpha, beta, dtype),
            )
            assert_same_bits(
                fastadd.add(number, a, alpha=alpha, beta=beta),
                reference(x, a, alpha, beta, dtype),
            )


@each_dtype
@pytest.mark.parametrize("shape", cases.SHAPES, ids=str)
def test_layouts(dtype, shape):
    alpha, beta = list(cases.coefficients(dtype))[-1]
    a, b = (cases.values(shape, dtype, seed) for seed in (3, 4))
    if not shape:
        check(a, b, alpha, beta, dtype)
        return
    for lay_a, lay_b in itertools.product(cases.LAYOUTS.values(), repeat=2):
        check(lay_a(a), lay_b(b), alpha, beta, dtype)
    expected = reference(a, b, alpha, beta, dtype)
    for name, lay_out in cases.LAYOUTS.items():
        if name != "read-only":
            for add in (fastadd.add, carefully("add"), by_ufunc):
                out = lay_out(cases.values(shape, dtype, 5))
                assert add(a, b, alpha=alpha, beta=beta, out=out) is out
                assert_same_bits(out.astype(dtype), expected)


@each_dtype
@pytest.mark.parametrize("shapes", cases.BROADCASTS, ids=str)
def test_broadcasts(dtype, shapes):
    a, b = (cases.values(shape, dtype, seed) for seed, shape in enumerate(shapes))
    for alpha, beta in cases.coefficients(dtype):
        check(a, b, alpha, beta, dtype)
        check(b, a, alpha, beta, dtype)
    shape = (3, *np.broadcast_shapes(*shapes))
    out = np.empty(shape, dtype)
    fastadd.add(a, b, out=out)
    assert_same_bits(out, np.broadcast_to(reference(a, b, 1, 1, dtype), shape))


def check_short_rows(a, b, alpha, beta, dtype):
    """Either way round, also into rows with gaps between them, that are left alone."""
    for x, y in ((a, b), (b, a)):
        expected = reference(x, y, alpha, beta, dtype)
        gaps = cases.values((2 * len(expected), *expected.shape[1:]), dtype)
        before = gaps.copy()
        for out in (np.empty_like(expected), gaps[::2]):
            fastadd.add(x, y, alpha=alpha, beta=beta, out=out)
            assert_same_bits(out, expected)
        assert_same_bits(gaps[1::2], before[1::2])


@each_dtype
@pytest.mark.parametrize("n", [2, 3, 16, 17])
def test_one_short_row_added_to_each(dtype, n):
    """Rows that are repeated 64 times (of 64 bytes at most, in 4096 elements or more):
    whole repetitions, a rest of 1 and of 63, several blocks, and fewer elements; then
    another row for each few rows."""
    alpha, beta = cases.coefficients(dtype)[-1]
    least = -(-4096 // n)
    whole = -(-least // 64) * 64
    for rows in (least - 1, least, whole, whole + 1, whole + 63, 90_000 // n):
        a = cases.values((rows, n), dtype, 1)
        b = cases.values(n, dtype, 2)
        check_short_rows(a, b, alpha, beta, dtype)
        check_short_rows(a[::-1, ::-1], b, alpha, beta, dtype)
        check_short_rows(a[:, ::-1], b[::-1], alpha, beta, dtype)
    for rows in (5, 31, 32, 33, 100):
        a = cases.values((4100 // (rows * n) + 1, rows, n), dtype, 1)
        check_short_rows(a, cases.values((len(a), 1, n), dtype, 2), alpha, beta, dtype)


@pytest.mark.parametrize(
    "mixture", [("u1", "f4"), ("f4", "f8"), ("i4", "f4"), ("f2", "f4"), ("u2", "i8")]
)
def test_one_short_row_of_another_dtype(mixture):
    dtype = np.result_type(*mixture)
    alpha, beta = cases.coefficients(dtype)[-1]
    for one, other in (mixture, mixture[::-1]):
        for rows in (1366, 30_001):
            a = cases.values((rows, 3), np.dtype(one), 1)
            b = cases.values(3, np.dtype(other), 2)
            check_short_rows(a, b, alpha, beta, dtype)


@each_dtype
def test_grids(dtype):
    """What the benchmark times, at a size with tails."""
    alpha, beta = list(cases.coefficients(dtype))[-1]
    for a, b, out in cases.grids(67, dtype).values():
        expected = reference(a, b, alpha, beta, dtype)
        assert_same_bits(fastadd.add(a, b, alpha=alpha, beta=beta, out=out), expected)


@pytest.mark.parametrize("name_b", DTYPES)
@pytest.mark.parametrize("name_a", DTYPES)
def test_mixtures(name_a, name_b):
    """Long enough for several pieces, with a constant row and one that varies; and so
    short that strided ones are not converted beforehand."""
    for n, shape, pair in (
        *((1003, (3, 1003), -1), (1003, (1003,), -1), (1003, (3, 1), -1)),
        *((70, (3, 70), 1), (70, (3, 70), -1), (70, (3, 1), -1)),
    ):
        a = cases.values((3, n), DTYPES[name_a], 6)
        b = cases.values(shape, DTYPES[name_b], 7)
        try:
            dtype = np.result_type(a, b)
        except TypeError:
            with pytest.raises(TypeError, match="no common dtype"):
                fastadd.add(a, b)
            return
        alpha, beta = cases.coefficients(dtype)[pair]
        check(a, b, alpha, beta, dtype)
        check(cases.misaligned(a), b[..., ::-1], alpha, beta, dtype)


@pytest.mark.parametrize("name_out", DTYPES)
@pytest.mark.parametrize("name", DTYPES)
def test_every_conversion(name, name_out):
    """The computation in one dtype, out in another: as NumPy's astype. And operands of
    one, the computation in the other."""
    dtype, dtype_out = DTYPES[name], DTYPES[name_out]
    floats_to_integers = cases.kind(dtype) in "fc" and cases.kind(dtype_out) == "i"
    a = (cases.moderate if floats_to_integers else cases.values)((2, 1003), dtype, 8)
    lost = dtype.kind == "c" and dtype_out.kind not in "bc"
    expected = a.real if lost else a
    if floats_to_integers:  # negative ones wrap; NumPy's become 0 on aarch64
        expected = expected.astype(np.int64)
    expected = expected.astype(dtype_out)
    if floats_to_integers:  # and the highest power of 2 that fits both
        most = np.iinfo(dtype_out).max // 2 + 1
        most = min(most, 2**15) if name == "float16" else most
        a[:, 5], expected[:, 5] = float(most), most
    # -0.0 leaves every value as it is, +0.0 too.
    zero = np.negative(np.zeros((), dtype)) if cases.kind(dtype) in "fc" else False
    for lay_out in (np.array, cases.misaligned, cases.stepped):
        out = lay_out(np.empty(a.shape, dtype_out))
        with warnings.catch_warnings(record=lost) as caught:
            warnings.simplefilter("always" if lost else "error")
            fastadd.add(a, zero, out=out, casting="unsafe")
        assert not lost or caught[0].category is np.exceptions.ComplexWarning
        assert_same_bits(out, expected)
    for x in (a, cases.stepped(a)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
            twice = fastadd.add(x, x, dtype=dtype_out, casting="unsafe")
        assert_same_bits(twice, reference(expected, expected, 1, 1, dtype_out))


@each_dtype
@pytest.mark.parametrize("aliasing", cases.ALIASINGS.values(), ids=cases.ALIASINGS)
def test_overlap(dtype, aliasing):
    alpha, beta = list(cases.coefficients(dtype))[-1]
    for operand in (0, 1):
        line = cases.values(40, dtype, 9)
        out, alias = aliasing(line)
        pair = [cases.values(out.shape, dtype, 10)] * 2
        pair[operand] = alias
        expected = reference(*pair, alpha, beta, dtype)
        around = line.copy()
        aliasing(around)[0][...] = expected
        assert fastadd.add(*pair, alpha=alpha, beta=beta, out=out) is out
        assert_same_bits(line, around)


@each_dtype
def test_overlap_at_every_offset(dtype):
    """Two pieces long, so that a wrong order shows, and with a second dtype."""
    n = 600
    for offset in (-599, -64, -17, -2, -1, 1, 3, 16, 63, 599):
        line = cases.values(2 * n, dtype, 11)
        start = max(0, -offset)
        a, out = line[start : start + n], line[start + offset : start + offset + n]
        expected = reference(a, a[::-1], 1, 1, dtype)
        fastadd.add(a, a[::-1], out=out)
        assert_same_bits(out, expected)


@each_dtype
def test_nothing_is_written_beside_out(dtype):
    for n in cases.LENGTHS[:12]:
        for step in (1, 2, -1):
            memory = np.full((2 * n + 16) * dtype.itemsize, 0xA5, np.uint8)
            line = memory.view(dtype)[8 : 8 + 2 * n]
            out = line[:n] if step == 1 else line[::step][:n]
            a = cases.values(n, dtype)
            fastadd.add(a, a, out=out)
            marks = np.zeros(memory.size, np.uint8)
            place = marks.view(dtype)[8 : 8 + 2 * n]
            place = place[:n] if step == 1 else place[::step][:n]
            place[...] = np.full(dtype.itemsize, 1, np.uint8).view(dtype)
            assert (memory[marks == 0] == 0xA5).all()


@pytest.mark.parametrize("name", ("complex64", "complex128", "clongdouble"))
def test_complex_is_near_numpy(name):
    """NumPy may fuse a complex product: parts agree within an ulp of each product."""
    dtype = DTYPES[name]
    rng = np.random.default_rng(12)
    a, b = (
        (rng.standard_normal(1003) + 1j * rng.standard_normal(1003)).astype(dtype)
        for _ in range(2)
    )
    alpha, beta = 0.1 + 0.7j, -1.3 + 0.2j
    near = np.multiply(a, dtype.type(beta)) + np.multiply(b, dtype.type(alpha))
    ulp = np.finfo(dtype).eps * (abs(beta) * abs(a) + abs(alpha) * abs(b))
    assert (abs(fastadd.add(a, b, alpha=alpha, beta=beta) - near) <= 2 * ulp).all()


def test_real_coefficient_keeps_an_infinite_part_alone():
    z = np.array([complex(np.inf, 0)])
    assert_same_bits(fastadd.add(z, z, alpha=2), np.array([complex(np.inf, 0)]))


def test_float16_does_not_overflow_in_the_middle():
    for n in (1, 8, 1003):
        a, b = np.full(n, -60000, "f2"), np.full(n, 60000, "f2")
        assert (fastadd.add(a, b, alpha=2) == 60000).all()


def test_bool_that_is_not_0_or_1():
    odd = np.array([0, 1, 2, 255], np.uint8).view(bool)
    result = fastadd.add(odd, np.zeros(4, bool))
    assert result.view(np.uint8).tolist() == [0, 1, 1, 1]


def test_every_float16_and_bfloat16():
    """All 65536 values, against all rounding positions of a sum."""
    for name in {"float16", "bfloat16"} & set(DTYPES):
        x = np.arange(65536, dtype=np.uint16).view(DTYPES[name])
        for shift in (1, 257, 4099):
            check(x, np.roll(x, shift), 0.7, 1.3, DTYPES[name])


@pytest.mark.parametrize("name", ("float16", "bfloat16"))
def test_every_rounding_to_a_16_bit_float(name):
    if name not in DTYPES:
        pytest.skip("ml_dtypes is not installed")
    dtype = DTYPES[name]
    bits = np.arange(0, 2**32, 4099, dtype=np.uint32)
    near = np.arange(65536, dtype=np.uint32)[:, None] << np.uint32(13)
    near = (near + np.arange(-1, 2, dtype=np.int64).astype(np.uint32)).ravel()
    for single in (bits.view(np.float32), near.view(np.float32)):
        out = np.empty(single.shape, dtype)
        fastadd.add(single, np.float32(-0.0), out=out, casting="unsafe")
        assert_same_bits(out, single.astype(dtype))
        # (A signalling NaN is quiet once it has been added to.)
        alone = fastadd.add(single, -0.0, dtype=dtype, casting="unsafe")
        assert_same_bits(alone, single.astype(dtype))
        double = single.astype(np.float64)
        for x in (double, np.nextafter(double, np.inf), np.nextafter(double, -np.inf)):
            fastadd.add(x, -0.0, out=out, casting="unsafe")
            assert_same_bits(out, x.astype(dtype))


def test_what_does_not_fit_an_integer_is_the_same_everywhere():
    """C leaves it open; body and tail and every layout must still agree."""
    for name in ("float16", "float32", "float64", "longdouble", "complex64"):
        for target in [n for n in DTYPES if cases.kind(DTYPES[n]) == "i"]:
            for x in (np.nan, np.inf, -np.inf, 5e4, -5e4):
                a = np.full(37, x).astype(DTYPES[name])
                found = set()
                for b in (a, np.repeat(a, 2)[::2], a[:1]):
                    out = np.empty(b.shape, target)
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        fastadd.add(b, 0, out=out, casting="unsafe")
                    found |= set(out.tolist())
                assert len(found) == 1, (name, target, x, found)


def test_64_dimensions():
    for dtype in (np.dtype("f4"), np.dtype(">i2")):
        native = dtype.newbyteorder("=")
        a = cases.values((1,) * 60 + (2, 3, 2, 1), dtype, 13)
        b = np.asfortranarray(cases.values((2,) + (1,) * 63, dtype, 14))
        check(a, b, 3, 2, native)
        out = np.empty((1,) * 60 + (2, 3, 2, 1), dtype).T.copy().T
        assert fastadd.add(a, a, out=out) is out
        assert_same_bits(out.astype(native), reference(a, a, 1, 1, native))
        assert_same_bits(fastadd.add_(a, a), out)
        order = np.random.default_rng(0).permutation(12)
        many = cases.values((2,) * 12, dtype, 15).transpose(order)
        check(many, many.T, 3, 2, native)


def test_many_planes():
    """An odometer over them, long enough to let the GIL go."""
    a = cases.values((40, 50, 60), np.dtype("f8"), 16)
    check(a.transpose(2, 0, 1), a.transpose(2, 0, 1)[::-1], 0.3, 1.1, np.dtype("f8"))
    check(a, a.astype("f4")[:, ::-1], 0.3, 1.1, np.dtype("f8"))


@pytest.mark.parametrize("name", DTYPES)
def test_views_that_people_have(instruction_set, name):
    """NumPy's values, whatever policy takes them: of 40 * 40 numbers, and of 300 * 300,
    where all are in play."""
    dtype = DTYPES[name]
    beta = 1 if cases.kind(dtype) == "b" else 3
    for n in (40, 300):
        for operands in cases.views(n, dtype).values():
            a, b = operands()
            a[...], b[...] = (
                cases.moderate(x.shape, dtype, seed) for seed, x in enumerate((a, b))
            )
            out = np.empty(np.broadcast(a, b).shape, dtype)
            fastadd.add(a, b, beta=beta, out=out)
            expected = np.add(np.multiply(a, dtype.type(beta)), b).astype(dtype)
            assert_same_bits(out, expected)


FLUSHING = """
import ctypes, mmap
import ml_dtypes, numpy as np
import fastadd

code = mmap.mmap(-1, 4096, prot=7)
code.write(b"\\x0f\\xae\\x17\\xc3")  # ldmxcsr [rdi]; ret
address = ctypes.addressof(ctypes.c_char.from_buffer(code))
load = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address)

def mxcsr(value):
    load(ctypes.addressof(ctypes.c_uint(value)))

TINY = {"f4": 1e-38, "f8": 2e-308, ml_dtypes.bfloat16: 1e-38}
for one, two in (("f4", "f4"), ("f8", "f8"), ("c8", "c8"), (ml_dtypes.bfloat16,) * 2,
                 (ml_dtypes.bfloat16, "f4"), ("f4", ml_dtypes.bfloat16), ("f4", "f8"),
                 ("i4", "f8")):
    x = np.full((64, 128), TINY.get(one, 1e-38)).astype(one)
    y = np.full((64, 128), TINY.get(two, 1e-38)).astype(two)
    for beta, alpha in ((1, 3), (1, 1), (3, 1)):
        mxcsr(0x9F80)  # subnormal results become zero, subnormal operands do not
        results = [fastadd.add(x, y, alpha=alpha, beta=beta)]
        for cut in (np.s_[:, :3], np.s_[::2, ::2], np.s_[:, ::-1], np.s_[:1, 5:],
                    np.s_[:, :1]):
            results.append(fastadd.add(x[cut], y[cut], alpha=alpha, beta=beta))
        results.append(fastadd.add(x, y.T.copy().T, alpha=alpha, beta=beta))
        results.append(fastadd.add(x, y[:1], alpha=alpha, beta=beta))
        big = [np.tile(each.ravel(), 40) for each in (x, y)]
        results.append(fastadd.add(*big, alpha=alpha, beta=beta))
        out = np.empty_like(results[0])
        results.append(fastadd.add(x, y, alpha=alpha, beta=beta, out=out))
        product = alpha * y if alpha != 1 else y
        expected = x + product if beta == 1 else None
        mxcsr(0x1F80)
        found = {each for result in results for each in np.unique(result).tolist()}
        assert len(found) == 1, (one, two, beta, alpha, found)
        if one in ("f4", "f8") and one == two and beta == 1 and alpha != 1:
            assert found == {expected.flat[0].item()}, (found, expected.flat[0])
"""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="x86 code")
def test_flushed_alike_on_every_path():
    done = run_python(FLUSHING)
    assert done.returncode == 0, done.stderr
