"""weighted_sum against the chain of additions, which has its own tests."""

from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

import fastadd
from fastadd import _core, _machine
from fastadd._compare.cases import values as all_values
from fastadd._compare.operations import clamped
from fastadd._compare.reference import assert_same_bits

NUMBERS = [*"?bhilBHILfdgFDG"]


def values(dtype, shape, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0 if np.dtype(dtype).kind in "uU" else -40, 41, shape)
    if np.dtype(dtype).kind in "fc":
        x = x / 7
    if np.dtype(dtype).kind == "c":
        x = x + 1j * rng.standard_normal(shape)
    return x.astype(dtype)


def weights_of(dtype, count):
    if np.dtype(dtype).kind == "b":
        return [True, False, 1, 1, 0, True][:count]
    weights = [3, 1, -2, 5, 1, -7][:count]
    if np.dtype(dtype).kind in "fc":
        weights = [w / 3 for w in weights]
    if np.dtype(dtype).kind == "c" and count > 2:
        weights[0] = 0.5 + 2j
        weights[2] = 1j
    return weights


def chain(arrays, weights):
    """One addition after the other."""
    if len(arrays) == 1:
        return fastadd.add(arrays[0], np.zeros_like(arrays[0]), beta=weights[0])
    total = fastadd.add(arrays[0], arrays[1], beta=weights[0], alpha=weights[1])
    for x, weight in zip(arrays[2:], weights[2:], strict=True):
        total = fastadd.add(total, x, alpha=weight)
    return total


def same(x, y):
    assert x.dtype == y.dtype
    assert x.shape == y.shape
    np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("count", [1, 2, 3, 6])
@pytest.mark.parametrize("size", [0, 1, 10, 1027, 100_003])
@pytest.mark.parametrize("dtype", NUMBERS)
def test_chain(dtype, size, count, instruction_set):
    arrays = [values(dtype, size, seed) for seed in range(count)]
    weights = weights_of(dtype, count)
    expected = chain(arrays, weights)
    same(fastadd.weighted_sum(arrays, weights), expected)
    out = np.empty_like(expected)
    assert fastadd.weighted_sum(tuple(arrays), weights, out=out) is out
    same(out, expected)
    with fastadd.threads(1):
        same(fastadd.weighted_sum(arrays, weights), expected)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "u4"])
def test_what_is_left_of_packed_rows(dtype, instruction_set):
    """Beside the elements that a sum takes at once, many or few; in place of each
    operand, and where memory begins inside a vector."""
    for shape in [(1, 512 + n) for n in range(35)] + [(60, n) for n in range(9, 75, 3)]:
        arrays = [values(dtype, (shape[0], shape[1] + 1), seed) for seed in range(4)]
        for begin in (0, 1):
            views = [x[:, begin : begin + shape[1]] for x in arrays]
            packed = [np.ascontiguousarray(x) for x in views]
            weights = weights_of(dtype, 4)
            right = chain(views, weights)
            for given in (views, packed):
                same(fastadd.weighted_sum(given, weights), right)
                for place in range(4):
                    again = [x.copy() for x in given]
                    out = again[place]
                    assert fastadd.weighted_sum(again, weights, out=out) is out
                    same(out, right)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "u8"])
def test_numpy_chain(dtype):
    arrays = [values(dtype, (33, 65), seed) for seed in range(4)]
    weights = weights_of(dtype, 4)
    if dtype == "u8":
        weights = [abs(w) for w in weights]
    total = np.multiply(arrays[0], weights[0])
    for x, w in zip(arrays[1:], weights[1:], strict=True):
        total = np.add(total, np.multiply(x, w))
    same(fastadd.weighted_sum(arrays, weights), total)


@pytest.mark.parametrize("dtype", ["f2", ml_dtypes.bfloat16])
@pytest.mark.parametrize("size", [1, 13, 5000])
def test_half_is_rounded_once(dtype, size, instruction_set):
    rng = np.random.default_rng(size)
    arrays = [rng.standard_normal(size).astype(dtype) for _ in range(4)]
    weights = [0.3, -1.7, 2.1, 1]
    total = chain([x.astype("f4") for x in arrays], [np.float32(w) for w in weights])
    same(fastadd.weighted_sum(arrays, weights), total.astype(dtype))
    two = fastadd.add(arrays[0], arrays[1], beta=0.3, alpha=-1.7)
    same(fastadd.weighted_sum(arrays[:2], weights[:2]), two)
    for wide in ("f4", "D", ">f8"):
        out = fastadd.weighted_sum(arrays, weights, out=np.empty(size, wide))
        np.testing.assert_array_equal(out, total.astype(dtype).astype(wide))


def layouts(shape):
    rng = np.random.default_rng(5)

    def new(*shape):
        return rng.standard_normal(shape)

    m, n = shape
    return [
        new(m, n),
        new(n, m).T,
        new(m, 2 * n)[:, ::2],
        new(2 * m, n)[::-2],
        new(n),
        new(m, 1),
        new(1, 1),
        new(m, n)[:, ::-1],
        new(m, n).astype(">f8"),
        new(m, n).astype("f4"),
        new(n, m).astype("f4").T,
    ]


@pytest.mark.parametrize("shape", [(3, 4), (70, 90), (300, 257)])
@pytest.mark.parametrize("shift", range(11))
def test_layouts(shape, shift, instruction_set):
    arrays = layouts(shape)
    arrays = (arrays[shift:] + arrays[:shift])[:7]
    weights = [0.5, 1, -1.5, 2, 1, 0.1, 3]
    expected = np.multiply(arrays[0], weights[0], dtype="f8")
    for x, w in zip(arrays[1:], weights[1:], strict=True):
        expected = expected + np.multiply(x, w, dtype="f8")
    same(fastadd.weighted_sum(arrays, weights, dtype="f8"), expected)
    for out in (np.empty(shape), np.empty(shape[::-1]).T, np.empty(shape, ">f8")):
        assert fastadd.weighted_sum(arrays, weights, out=out) is out
        np.testing.assert_array_equal(out, expected)


def test_memory_order():
    x = np.ones((4, 5, 6)).transpose(2, 0, 1)
    assert fastadd.weighted_sum([x, x, x]).strides == (x + x + x).strides
    row = np.ones(5)
    assert fastadd.weighted_sum([row, x, row]).strides == (row + x + row).strides


@pytest.mark.parametrize("size", [50, 100_000])
@pytest.mark.parametrize("which", range(4))
@pytest.mark.parametrize("shift", [0, 1, -1, 7])
def test_out_among_the_operands(which, shift, size):
    memory = np.arange(size + 20.0)
    arrays = [np.random.default_rng(k).standard_normal(size) for k in range(4)]
    out = memory[10 : 10 + size]
    arrays[which] = memory[10 + shift : 10 + shift + size]
    weights = [1, -0.5, 2, 0.25]
    expected = chain([x.copy() for x in arrays], weights)
    fastadd.weighted_sum(arrays, weights, out=out)
    same(out, expected)


def test_negative_zero_of_one_operand():
    x = np.array([-0.0, 0.0, np.inf, np.nan])
    result = fastadd.weighted_sum([x])
    assert np.signbit(result[0]) and not np.signbit(result[1])
    z = fastadd.weighted_sum([np.array([complex(-0.0, -0.0)])])
    assert np.signbit(z[0].real) and np.signbit(z[0].imag)


@pytest.mark.parametrize("dtype", NUMBERS)
def test_streamed(dtype, instruction_set):
    """Rows with every kind of end."""
    weights = weights_of(dtype, 5)
    arrays = [values(dtype, 9005, seed) for seed in range(5)]
    expected = chain(arrays, weights)
    _core.set_last_level_cache(1)
    try:
        for offset in (0, 1, 5):
            out = np.empty(9005 + offset, dtype)[offset:]
            same(fastadd.weighted_sum(arrays, weights, out=out), expected)
            turned = [x[::-1] for x in arrays]
            same(fastadd.weighted_sum(turned, weights, out=out), expected[::-1])
    finally:
        _core.set_last_level_cache(*_machine.cache_habits())


def test_weights_as_an_array():
    arrays = [values("d", 9, k) for k in range(3)]
    weights = np.array([0.5, 2, -1])
    same(fastadd.weighted_sum(arrays, weights), chain(arrays, weights.tolist()))


def test_numbers_and_scalars():
    assert fastadd.weighted_sum([1, 2, 3], [1, 2, 3]) == 14
    assert type(fastadd.weighted_sum([np.array(1.0), np.array(2.0)])) is np.float64
    same(fastadd.weighted_sum([np.ones(3, "f4"), 2.0]), np.full(3, 3, "f4"))


def test_others_compute_themselves():
    masked = np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0])
    result = fastadd.weighted_sum([masked, np.ones(3), np.ones(3)], [1, 2, 3])
    assert isinstance(result, np.ma.MaskedArray)
    assert result.tolist() == [6.0, None, 8.0]
    fractions = np.array([Fraction(1, 3)], object)
    assert fastadd.weighted_sum([fractions, fractions, fractions])[0] == 1


def test_error_state():
    x = np.full(3, 1e308)
    with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="weighted"):
        fastadd.weighted_sum([x, x, x])
    with np.errstate(over="ignore"):
        assert np.isinf(fastadd.weighted_sum([x, x, x])).all()


@pytest.mark.parametrize(
    "arguments, keywords, error, match",
    [
        (([],), {}, ValueError, "arrays is empty"),
        ((5,), {}, TypeError, "must be a list"),
        (([np.ones(2)], 3), {}, TypeError, "weights is of type int"),
        (([np.ones(2)], [1, 2]), {}, ValueError, "1 arrays and 2 weights"),
        (([np.ones(2), np.ones(3)],), {}, ValueError, r"arrays\[1\]"),
        (([np.ones(2, int)] * 2, [1, 0.5]), {}, TypeError, r"weights\[1\]=0.5"),
        (([np.ones(2)] * 2, [1, "a"]), {}, TypeError, r"weights\[1\]"),
        (([np.ones(2)] * 3,), {"out": np.ones(3)}, ValueError, "never resized"),
        (([np.ones(2)] * 3,), {"out": np.ones(2, int)}, TypeError, "casting"),
        (([np.ones(2)] * 3,), {"out": [1, 2]}, TypeError, "out is of type list"),
        (([np.ones(2)] * 3,), {"casting": "any"}, ValueError, "casting='any'"),
    ],
)
def test_refusals(arguments, keywords, error, match):
    out = keywords.get("out")
    before = None if out is None else np.copy(out)
    with pytest.raises(error, match=match):
        fastadd.weighted_sum(*arguments, **keywords)
    if before is not None:
        np.testing.assert_array_equal(out, before)


@pytest.mark.parametrize("code", ["f2", "f4", "i4", "F"])
@pytest.mark.parametrize("n", [10, 5000, 100_000])
def test_where(code, n):
    arrays = [values(code, n, seed) for seed in range(4)]
    mask = np.random.default_rng(n).random(n) < 0.4
    out = np.full(n, 7, code)
    right = np.where(mask, fastadd.weighted_sum(arrays, [2, 3, 4, 5]), out)
    assert fastadd.weighted_sum(arrays, [2, 3, 4, 5], out=out, where=mask) is out
    assert_same_bits(out, right)


def test_where_raises_no_flags_of_others():
    arrays = [np.array([3e38, 1], "f4")] * 3
    with np.errstate(all="raise"):
        out = fastadd.weighted_sum(arrays, out=np.zeros(2, "f4"), where=[False, True])
    assert out.tolist() == [0, 3]


def test_saturating_mix():
    tracks = [900 * values("i2", 10_000, seed) for seed in range(5)]
    weights = [0.3, 0.4, 0.5, 0.6, 0.7]
    floats = [x.astype("f4") for x in tracks]
    right = np.clip(
        np.rint(fastadd.weighted_sum(floats, weights)), -32768, 32767
    ).astype("i2")
    assert_same_bits(fastadd.weighted_sum(tracks, weights, casting="saturate"), right)
    out = np.empty(10_000, "i2")[::-1]
    assert_same_bits(
        fastadd.weighted_sum(tracks, weights, casting="saturate", out=out), right
    )


@pytest.mark.parametrize("terms", [1, 2, 3, 8, 70])
@pytest.mark.parametrize("code", ["i1", "u1", "i2", "u2"])
def test_small_integers_that_saturate(terms, code, instruction_set):
    """Of one dtype and in rows they have kernels of their own, others and those with
    large weights have not; ties are rounded to even."""
    dtype = np.dtype(code)
    for n, many in ((1, 1), (31, 1), (32, 1), (257, 1), (1003, 1), (97, 1e6)):
        arrays = [all_values(n, dtype, seed) for seed in range(terms)]
        weights = [many * (0.5, -0.25, 1.5, 0.1)[k % 4] for k in range(terms)]
        right = np.float32(weights[0]) * arrays[0].astype("f4")
        for weight, x in zip(weights[1:], arrays[1:], strict=True):
            right += np.float32(weight) * x.astype("f4")
        right = clamped(right, dtype)
        assert_same_bits(
            fastadd.weighted_sum(arrays, weights, casting="saturate"), right
        )
        strided = [np.repeat(x, 2)[::2] for x in arrays]
        assert_same_bits(
            fastadd.weighted_sum(strided, weights, casting="saturate"), right
        )
        out = np.zeros((2, n), dtype)
        rows = [np.stack([x, x[::-1]])[:, :n] for x in arrays]
        fastadd.weighted_sum(rows, weights, casting="saturate", out=out)
        assert_same_bits(out, np.stack([right, right[::-1]]))
