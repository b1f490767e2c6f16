"""clip_grad_norm: the norm against exact arithmetic, and what is made of it."""

import math
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

import fastadd
from fastadd import _config, clip_grad_norm, clip_grad_value, clip_grad_value_
from fastadd._compare.cases import DTYPES, LAYOUTS, moderate, values
from fastadd._compare.reference import assert_same_bits

FLOATS = [name for name, dtype in DTYPES.items() if dtype.kind in "fcV"]


def exact_norm(arrays):
    """By fractions, correctly rounded but for the last step."""
    total = Fraction(0)
    for x in arrays:
        for part in (x.real, x.imag) if x.dtype.kind == "c" else (x,):
            total += sum(Fraction(float(v)) ** 2 for v in part.ravel())
    scale = max(total.numerator.bit_length() - total.denominator.bit_length(), 0)
    scale = 2 ** (2 * (scale // 2)) if scale else 1
    small = Fraction(1)
    while total and total / scale * small**2 < 1:
        small *= 2
    return math.sqrt(total / scale * small**2) * math.sqrt(scale) / float(small)


def norm(*arrays):
    return clip_grad_norm(list(arrays), math.inf)[1]


def relative(actual, expected):
    return abs(actual - expected) / expected


@pytest.mark.parametrize("name", FLOATS)
def test_norm(name, instruction_set):
    rng = np.random.default_rng(0)
    for sizes in ((1,), (3, 0, 70), (63, 64, 65), (1003,), (5000, 9001)):
        arrays = [rng.standard_normal(n).astype(DTYPES[name]) for n in sizes]
        found = norm(*arrays)
        assert relative(float(found), exact_norm(arrays)) < 4e-16
        wide = DTYPES[name].char in "gG"
        assert type(found) is (np.longdouble if wide else np.float64)


@pytest.mark.parametrize(
    "dtype, scale",
    [
        ("f4", 1e20),
        ("f4", 3e38),
        ("f4", 1e-30),
        ("f4", 1e-45),
        ("f8", 1e200),
        ("f8", 1.7e308),
        ("f8", 1e-200),
        ("f8", 5e-324),
        ("f8", 1e-160),
        ("F", 1e30),
        ("D", 1e-300),
        ("g", np.longdouble("1e4000")),
        ("g", np.longdouble("1e-4900")),
    ],
)
def test_neither_overflow_nor_underflow(dtype, scale, instruction_set):
    if dtype == "g" and np.finfo("g").nmant == np.finfo("d").nmant:
        pytest.skip("long double is double here")
    with np.errstate(all="raise"):
        for n in (1, 5, 9000):
            x = np.zeros(n, dtype)
            x[::3] = scale
            count = len(x[::3])
            if scale == 1.7e308:
                count, x[3:] = 1, 1
            expected = np.sqrt(np.longdouble(count)) * abs(x[0])
            if dtype == "f8":  # of subnormal numbers it is one
                expected = np.float64(expected)
            assert relative(norm(x), expected) < 1e-15
    mixed = norm(np.array([3e200]), np.array([1e-300, 4e200]), np.array([1.0]))
    assert relative(mixed, 5e200) < 1e-15


def test_the_error_does_not_grow():
    """0.1 in float32, squared, is not a number that many sums keep."""
    for n in (10**4, 10**6, 10**7):
        x = np.full(n, 0.1, "f4")
        expected = math.sqrt(n) * float(np.float32(0.1))
        assert relative(norm(x), expected) < 1e-15
        assert relative(norm(np.full(n, 0.1)), math.sqrt(n) * 0.1) < 1e-15


@pytest.mark.parametrize("name", FLOATS)
def test_same_bits_for_every_number_of_threads(name):
    rng = np.random.default_rng(1)
    for sizes in ((300_001,), (20_000, 3, 70_000), [900] * 150):
        arrays = [rng.standard_normal(n).astype(DTYPES[name]) for n in sizes]
        found = set()
        for threads in (1, 2, 3, 8):
            with fastadd.threads(threads):
                found.add(norm(*arrays))
        assert len(found) == 1


def test_eight_threads_at_once():
    rng = np.random.default_rng(3)
    arrays = [rng.standard_normal(n).astype("f4") for n in (40_000, 7, 150_000)]
    right = clip_grad_norm(arrays, 1.5)

    def compute(threads):
        for _ in range(20):
            with fastadd.threads(threads):
                clipped, found = clip_grad_norm(arrays, 1.5)
            assert found == right[1]
            for x, expected in zip(clipped, right[0], strict=True):
                assert_same_bits(x, expected)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(compute, [1, 2, 3, 4] * 2))


def test_same_bits_on_every_instruction_set():
    x = np.random.default_rng(2).standard_normal((301, 203))
    before = _config.in_use
    for view in (x, x.T, x[::2, ::-3], x.astype("f4"), x.astype("f2"), x.astype(">f8")):
        found = set()
        for name in _config.available():
            _config.use(name)
            found.add(norm(view))
        assert len(found) == 1
    _config.use(before)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", FLOATS)
def test_layouts(name, layout, instruction_set):
    x = moderate((40, 90), DTYPES[name], 3)
    assert relative(norm(LAYOUTS[layout](x)), exact_norm([x])) < 1e-15
    assert relative(norm(LAYOUTS[layout](x)[1:, ::2]), exact_norm([x[1:, ::2]])) < 1e-15


def test_nonfinite():
    inf, nan = np.array([1.0, np.inf]), np.array([np.nan, 1.0])
    assert norm(inf) == np.inf
    assert np.isnan(norm(nan))
    assert np.isnan(norm(inf, nan))
    assert norm(np.array([1.0, -np.inf], "f4")) == np.inf
    for x in (inf, nan):
        with pytest.raises(RuntimeError, match="cannot be clipped"):
            clip_grad_norm(x, 1, error_if_nonfinite=True)
    assert clip_grad_norm(nan, 1)[0] is nan
    clipped, _ = clip_grad_norm(inf, 1)
    assert clipped[0] == 0
    assert np.isnan(clipped[1])


@pytest.mark.parametrize("name", FLOATS)
def test_clipped(name, instruction_set):
    dtype = DTYPES[name]
    arrays = [moderate(n, dtype, n) for n in (0, 1, 70, 1003, 30_000)]
    arrays.append(np.array([-0.0, 0.0]).astype(dtype))
    limit = 1.5
    found = norm(*arrays)
    coefficient = np.asarray(limit / found).astype(
        dtype.char.lower()
        if dtype.kind == "c"
        else np.float32
        if dtype.itemsize == 2
        else dtype
    )
    wide = coefficient.dtype
    expected = [
        (x.astype(np.result_type(wide, x)) * coefficient.astype(wide)).astype(dtype)
        if dtype.kind != "c"
        else x * coefficient
        for x in arrays
    ]
    clipped, same = clip_grad_norm(arrays, limit)
    assert same == found
    for x, right in zip(clipped, expected, strict=True):
        assert_same_bits(x, right)
    out = [np.empty_like(x) for x in arrays]
    assert clip_grad_norm(arrays, limit, out=out)[0] is out
    for x, right in zip(out, expected, strict=True):
        assert_same_bits(x, right)
    assert clip_grad_norm(arrays, limit, out=arrays)[0] is arrays
    for x, right in zip(arrays, expected, strict=True):
        assert_same_bits(x, right)
    assert relative(float(norm(*arrays)), limit) < 0.02


@pytest.mark.parametrize("name", FLOATS)
def test_zeros_keep_their_signs(name):
    """Also of lists that are converted, to which nothing is added."""
    dtype = DTYPES[name]
    zeros = [complex(x, y) for x in (0.0, -0.0) for y in (0.0, -0.0)]
    x = np.array([*zeros, 4]) if dtype.kind == "c" else np.array([0.0, -0.0, 4])
    x = x.astype(dtype)
    right = x.copy()
    right[-1] = 2
    for out in (None, [np.empty_like(x)], [np.empty(x.size, "G")]):
        for layout in (np.array, LAYOUTS["swapped"]):
            (clipped,), _ = clip_grad_norm([layout(x)], 2.0, out=out)
            assert_same_bits(clipped, right.astype(clipped.dtype))


def test_what_is_not_clipped_comes_back(tmp_path):
    arrays = [np.ones(3), np.ones(4, "f4")]
    clipped, found = clip_grad_norm(arrays, 100)
    assert clipped[0] is arrays[0]
    assert clipped[1] is arrays[1]
    assert found == np.sqrt(7.0)
    out = [np.zeros(3), np.zeros(4)]
    clip_grad_norm(arrays, 100, out=out)
    assert (out[0] == 1).all()
    assert (out[1] == 1).all()
    assert clip_grad_norm(arrays, 100, out=arrays)[0] is arrays
    assert (arrays[0] == 1).all()
    mapped = np.memmap(tmp_path / "x", np.float32, "w+", shape=3)
    assert clip_grad_norm([mapped], 1)[0][0] is mapped
    mapped[...] = 3e38
    for limit in (1, 1e-6):
        assert type(clip_grad_norm([mapped], limit)[0][0]) is np.ndarray
    # Exactly the limit is not over it.
    x = np.array([3.0, 4.0])
    assert clip_grad_norm(x, 5)[0] is x
    assert x.tolist() == [3, 4]


def test_error_state():
    x = np.array([1e-300, 1e300])
    for grads in (x, [x, x.astype(">f8")]):
        with (
            np.errstate(under="raise"),
            pytest.raises(FloatingPointError, match="underflow encountered in clip"),
        ):
            clip_grad_norm(grads, 1e-20)


def test_one_array():
    x = np.array([[3.0, 4.0]])
    clipped, found = clip_grad_norm(x, 1)
    assert found == 5
    assert clipped.shape == (1, 2)
    assert np.allclose(clipped, [[0.6, 0.8]])
    out = np.empty((1, 2))
    assert clip_grad_norm(x, 1, out=out)[0] is out
    assert_same_bits(out, clipped)
    assert clip_grad_norm(x, 1, out=x)[0] is x
    assert clip_grad_norm(np.float32(4), 2)[0] == 2
    assert clip_grad_norm([], 1) == ([], 0)
    assert clip_grad_norm((g for g in [np.array([4.0])]), 2)[0][0][0] == 2


@pytest.mark.parametrize("form", [float, np.float32, np.longdouble, np.array])
def test_what_may_be_the_limit(form):
    x = np.array([3.0, 4.0])
    for limit in (0, 0.5, 2):
        assert clip_grad_norm(x, form(limit))[0].tolist() == (x * (limit / 5)).tolist()
    assert clip_grad_norm(x, 0)[0].tolist() == [0, 0]


def test_mixed_dtypes():
    arrays = [np.full(3, 2, name) for name in ("f4", "f8", "f2", "F", "g")]
    clipped, found = clip_grad_norm(arrays, 1.0)
    assert type(found) is np.longdouble
    assert [x.dtype for x in clipped] == [x.dtype for x in arrays]
    assert relative(float(found), math.sqrt(60)) < 1e-15
    assert relative(float(norm(*clipped)), 1) < 1e-3


X = np.full(3, 7.0)


@pytest.mark.parametrize(
    "arguments, keywords, error, match",
    [
        ((X, None), {}, TypeError, "max_norm is of type NoneType"),
        ((X, 1j), {}, TypeError, "max_norm"),
        ((X, -1), {}, ValueError, "max_norm=-1"),
        ((X, -0.5), {}, ValueError, "max_norm=-0.5"),
        ((X, math.nan), {}, ValueError, "max_norm=nan"),
        (([X, np.ones(3, int)], 1), {}, TypeError, "dtype int64"),
        (([X, np.ones(3, int)], 1), {}, TypeError, r"grads\[1\] has"),
        (([X, np.ma.ones(3)], 1), {}, TypeError, "computes in its own way"),
        (("abc", 1), {}, TypeError, "grads is of type str"),
        (({"w": X}, 1), {}, TypeError, "must be a list, or another iterable without"),
        (([X], 1), {"out": [X, X]}, ValueError, "1 grads and 2 out"),
        (([X], 1), {"out": [np.full(2, 7.0)]}, ValueError, "never resized"),
        (([X], 100), {"out": [np.full(2, 7.0)]}, ValueError, "never resized"),
        (([X], 1), {"out": [np.full(3, 7)]}, TypeError, "casting"),
        (([X], 1), {"out": [[1, 2, 3]]}, TypeError, "type list"),
        (([X, X], 1), {"out": [X, X]}, ValueError, "overlap"),
        (([X, X], 100), {"out": [X, X]}, ValueError, "overlap"),
        ((X, 100), {"out": np.broadcast_to(7.0, 3)}, ValueError, "read-only"),
    ],
)
def test_refused(arguments, keywords, error, match):
    with pytest.raises(error, match=match):
        clip_grad_norm(*arguments, **keywords)
    assert (X == 7).all()
    out = keywords.get("out", X)
    for x in [out] if isinstance(out, np.ndarray) else out:
        assert isinstance(x, list) or (x == 7).all()


# ---- other norms ---------------------------------------------------------------------


def exact_other_norm(arrays, norm_type):
    magnitudes = [
        Fraction(math.hypot(float(v.real), float(v.imag)))
        if x.dtype.kind == "c"
        else abs(Fraction(float(v)))
        for x in arrays
        for v in x.ravel()
    ]
    if norm_type == 1:
        return float(sum(magnitudes))
    return float(max(magnitudes, default=0))


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("norm_type", [1, math.inf])
def test_other_norms(name, norm_type, instruction_set):
    rng = np.random.default_rng(1)
    for sizes in ((), (0,), (1,), (3, 0, 70), (63, 64, 65), (5000, 9001)):
        arrays = [rng.standard_normal(n).astype(DTYPES[name]) for n in sizes]
        if DTYPES[name].kind == "c":
            arrays = [x + 1j * x[::-1] for x in arrays]
        for laid in (arrays, [np.repeat(x, 2)[::2] for x in arrays]):
            found = clip_grad_norm(laid, math.inf, norm_type)[1]
            exact = exact_other_norm(arrays, norm_type)
            assert abs(float(found) - exact) <= 4e-16 * exact
    limit = float(found) / 2
    clipped, before = clip_grad_norm(arrays, limit, norm_type)
    assert before == found
    after = float(clip_grad_norm(clipped, math.inf, norm_type)[1])
    assert abs(after - limit) <= (1e-3 if "16" in name else 1e-6) * limit


@pytest.mark.parametrize("code", ["f2", "f4", "f8", "g", "F", "D"])
def test_other_norms_of_infinity_and_nan(code):
    x = np.ones(9000, code)
    x[4500] = -np.inf
    for norm_type in (1, math.inf):
        assert clip_grad_norm([x], math.inf, norm_type)[1] == math.inf
    x[8999] = np.nan
    with np.errstate(all="raise"):
        for norm_type in (1, math.inf):
            assert math.isnan(clip_grad_norm([x], 1, norm_type)[1])


def test_other_norms_are_the_same_by_any_threads_and_set():
    arrays = [moderate(n, np.dtype("f4"), n) for n in (300_000, 7, 90_001)]
    found = set()
    for name in _config.available():
        _config.use(name)
        for count in (1, 2, 4):
            with fastadd.threads(count):
                found.add(clip_grad_norm(arrays, math.inf, 1.0)[1])
    _config.use(_config.available()[0])
    assert len(found) == 1


@pytest.mark.parametrize("wrong", [3, 0, -1, 2.5, math.nan, -math.inf])
def test_norm_types_that_there_are_not(wrong):
    with pytest.raises(ValueError, match=r"2, 1 or math\.inf"):
        clip_grad_norm([np.ones(3)], 1.0, wrong)


@pytest.mark.parametrize("wrong", ["inf", None, True, 1j, [2]])
def test_norm_types_that_are_no_numbers(wrong):
    with pytest.raises(TypeError, match="norm_type is"):
        clip_grad_norm([np.ones(3)], 1.0, wrong)


# ---- number by number ----------------------------------------------------------------

REAL_FLOATS = [name for name in FLOATS if DTYPES[name].kind != "c"]


@pytest.mark.parametrize("name", REAL_FLOATS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_clip_value(name, layout, instruction_set):
    dtype = DTYPES[name]
    given = [values(n, dtype, n + 1) for n in (0, 1, 63, 4097, 70_001)]
    laid = [LAYOUTS[layout](x) for x in given]
    for limit in (0.0, 1.5, 0.1, 3e38, math.inf):
        with np.errstate(all="ignore"):
            bound = np.asarray(limit, np.float64).astype(dtype)
            right = [np.clip(x, -bound, bound).astype(dtype) for x in given]
        with np.errstate(all="raise"):
            for found, expected in zip(
                clip_grad_value(laid, limit), right, strict=True
            ):
                assert found.dtype == dtype
                assert_same_values(found, expected)


def assert_same_values(found, expected):
    """(Which sign a zero has is left open, as NumPy does where the limit is 0.)"""
    found, expected = (x.astype(np.longdouble) for x in (found, expected))
    assert ((found == expected) | (np.isnan(found) & np.isnan(expected))).all()


def test_clip_value_into_outs():
    x, y = np.array([3.0, -0.5]), np.array([[-4.0]], "f4")
    outs = [np.empty(2, "f4"), np.empty((1, 1))]
    assert clip_grad_value((x, y), 1, out=outs) is outs
    assert outs[0].tolist() == [1, -0.5] and outs[1] == -1
    assert clip_grad_value_([x], 2.0)[0] is x and x.tolist() == [2, -0.5]
    assert clip_grad_value(x, 1.0).tolist() == [1, -0.5]
    z = np.arange(5.0)
    clip_grad_value([z[:-1]], 2.0, out=[z[1:]])
    assert z.tolist() == [0, 0, 1, 2, 2]
    assert clip_grad_value(np.array([9.0], ">f8"), 2.0) == 2


@pytest.mark.parametrize(
    "grads, limit, error, says",
    [
        ([np.ones(2)], -1.0, ValueError, "clip_value=-1.0"),
        ([np.ones(2)], math.nan, ValueError, "clip_value=nan"),
        ([np.ones(2)], "1", TypeError, "clip_value is of type str"),
        ([np.ones(2, int)], 1.0, TypeError, r"grads\[0\] has dtype int64"),
        ([np.ones(2, "D")], 1.0, TypeError, r"grads\[0\] is complex"),
        ({"a": np.ones(2)}, 1.0, TypeError, "grads is of type dict"),
    ],
)
def test_clip_value_refuses(grads, limit, error, says):
    with pytest.raises(error, match=says):
        clip_grad_value(grads, limit)


def test_norm_near_the_largest_number():
    """Where a scale that makes the squares small is itself next to subnormal."""
    x = np.array([2.0**1023, 2.0**1023 * 1.5, 1.0])
    assert norm(x) == math.inf or relative(norm(x), math.hypot(*x)) < 4e-16
    y = x[:1]
    assert norm(y) == 2.0**1023
