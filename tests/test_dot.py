"""`add_dot`: the result has the bits of `add`; the dot product is near to the exact one
and the same by any number of threads and any instruction set."""

import math
import sys
from fractions import Fraction

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

import fastadd
from fastadd import _config, _core, add, add_dot, add_dot_
from fastadd._compare.cases import ALIASINGS, DTYPES, LAYOUTS, moderate, values
from fastadd._compare.reference import assert_same_bits

REAL = [name for name, dtype in DTYPES.items() if dtype.kind in "fV"]
NATIVE = ["float32", "float64", "longdouble"]
SIZES = (0, 1, 2, 10, 63, 64, 67, 4095, 4096, 4097, 70_001)
SCALARS = (np.float64, np.longdouble)


def assert_near(dot, x, y, tolerance=1e-15):
    """Near to the sum of products, of which fsum rounds but each one."""
    terms = (x.astype(np.longdouble) * y.astype(np.longdouble)).ravel().tolist()
    assert abs(math.fsum(terms) - dot) <= tolerance * math.fsum(map(abs, terms))


def scalar_of(dtype):
    return np.longdouble if dtype.char == "g" else np.float64


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("scales", [(1, 1), (-0.3, 1), (2.5, -1.7)])
def test_values(name, scales, instruction_set):
    dtype, (alpha, beta) = DTYPES[name], scales
    given = {"alpha": alpha, "beta": beta}
    for n in SIZES:
        x, y, vector = (moderate(n, dtype, seed) for seed in (1, 2, 3))
        right = add(x, y, **given)
        for by in (None, vector):
            result, dot = add_dot(x, y, by, **given)
            assert_same_bits(result, right)
            assert type(dot) is scalar_of(dtype)
            assert_near(dot, right, right if by is None else by)
            out = np.empty(n, dtype)
            result, again = add_dot(x, y, by, **given, out=out)
            assert result is out and again == dot
            assert_same_bits(out, right)
            copy = x.copy()
            result, again = add_dot_(copy, y, by, **given)
            assert result is copy and again == dot
            assert_same_bits(copy, right)


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(name, layout, instruction_set):
    dtype = DTYPES[name]
    laid = LAYOUTS[layout]
    for shape in ((5, 7, 67), (2, 130, 65), (70, 70), (3, 2)):
        x, y, vector = (moderate(shape, dtype, seed) for seed in (1, 2, 3))
        right = add(x, y, alpha=-0.3)
        for operands in ((laid(x), y), (x, laid(y)), (laid(x), laid(y))):
            for by in (None, vector, laid(vector)):
                result, dot = add_dot(*operands, by, alpha=-0.3)
                assert_same_bits(result, right)
                assert result.strides == add(*operands, alpha=-0.3).strides
                assert_near(dot, right, right if by is None else vector, 1e-14)
        if layout != "read-only":
            out = laid(np.zeros(shape, dtype))
            assert_near(add_dot(x, y, vector, alpha=-0.3, out=out)[1], right, vector)
            assert_same_bits(out.astype(dtype), right)


@pytest.mark.parametrize("name", NATIVE)
def test_shapes(name, instruction_set):
    dtype = DTYPES[name]
    for one, two, three in (
        ((70, 5), (5,), (5,)),
        ((70, 1), (1, 90), (70, 1)),
        ((4, 1, 3), (1, 6, 1), ()),
        ((), (4,), (1,)),
        ((), (), ()),
        ((0, 3), (3,), (3,)),
        ((3000, 3), (3,), (3,)),
        ((40, 1, 300), (2, 300), (2, 1)),
    ):
        x, y, vector = (
            moderate(shape, dtype, seed)
            for seed, shape in enumerate((one, two, three), start=1)
        )
        result, dot = add_dot(x, y, vector, alpha=0.7)
        assert_same_bits(result, add(x, y, alpha=0.7))
        assert type(result) is type(add(x, y, alpha=0.7))
        assert type(dot) in SCALARS
        assert_near(dot, np.asarray(result), vector)
        result, dot = add_dot(x, y, alpha=0.7, out=...)
        assert type(result) is np.ndarray
        assert_near(dot, result, result)


def test_the_vector_has_no_say_in_the_layout():
    x = np.asfortranarray(moderate((5, 7), np.dtype("f8"), 1))
    result, _ = add_dot(x, x, np.ones((5, 7)))
    assert result.flags.f_contiguous
    with pytest.raises(ValueError, match=r"vector has shape \(5, 7\)"):
        add_dot(x[0], x[0], np.ones((5, 7)))


@pytest.mark.parametrize("name", NATIVE)
def test_threads_and_sets_change_no_bit(name):
    dtype = DTYPES[name]
    cases = []
    for shape in ((300_001,), (600, 501), (40, 3, 2500)):
        x, y, vector = (
            np.random.default_rng(seed).standard_normal(shape).astype(dtype)
            for seed in (1, 2, 3)
        )
        cases += [(x, y, None), (x, y, vector), (x[::-1], y, vector)]
        cases += [(x, y.T.copy().T, None), (x, y, vector[..., :1])]
    for x, y, vector in cases:
        found = set()
        for instruction_set in _config.available():
            _config.use(instruction_set)
            for count in (1, 2, 3, 4):
                with fastadd.threads(count):
                    found.add(add_dot(x, y, vector, alpha=-0.3)[1])
        _config.use(_config.available()[0])
        assert len(found) == 1


def test_where_the_memory_begins_changes_no_bit():
    memory = np.empty(100_064 + 64)
    x = np.random.default_rng(0).standard_normal(100_064)
    found = set()
    for place in range(0, 64, 3):
        out = memory[place : place + x.size]
        found.add(add_dot(x, x, alpha=0.1, out=out)[1])
    assert len(found) == 1


def test_accuracy():
    """A sum of a million numbers that nearly cancel, and one of float32, whose products
    float32 would round."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(100_000) * 10.0 ** rng.integers(-8, 8, 100_000)
    y = np.concatenate([x, -x])[rng.permutation(200_000)]
    ones = np.ones_like(y)
    _, dot = add_dot(y, np.zeros_like(y), ones)
    assert abs(dot) <= 1e-15 * abs(y).sum()
    x, y = rng.standard_normal(5000), rng.standard_normal(5000)
    right = sum(
        Fraction(one) * Fraction(two)
        for one, two in zip(x.tolist(), y.tolist(), strict=True)
    )
    _, dot = add_dot(x, np.zeros_like(x), y)
    assert abs(Fraction(float(dot)) - right) <= Fraction(1e-15) * Fraction(
        abs(x) @ abs(y)
    )
    small = rng.standard_normal(100_000).astype("f4")
    _, dot = add_dot(small, np.zeros_like(small))
    assert abs(dot / math.fsum(each * each for each in small.tolist()) - 1) < 1e-15


# ---- overlap -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["float16", *NATIVE])
@pytest.mark.parametrize("aliasing", ALIASINGS)
@pytest.mark.parametrize("place", range(3))
def test_overlap(name, aliasing, place):
    """The dot product is that with a vector as it was."""
    dtype = DTYPES[name]
    for seed in range(3):
        out, x = ALIASINGS[aliasing](moderate(400, dtype, seed))
        arrays = [moderate(out.shape, dtype, seed + 10 + k) for k in range(3)]
        arrays[place] = x
        copies = [each.copy() for each in arrays]
        right, dot = add_dot(*copies, alpha=0.5)
        result, again = add_dot(*arrays, alpha=0.5, out=out)
        assert result is out
        assert_same_bits(out, np.broadcast_to(right, out.shape))
        if right.shape == out.shape:
            assert_near(again, out.copy(), copies[2])
            assert math.isclose(dot, again, rel_tol=1e-12)


@pytest.mark.parametrize("n", [3, 64, 70_001])
def test_the_vector_is_out(n):
    r, q = (np.random.default_rng(seed).standard_normal(n) for seed in (1, 2))
    before, new = r.copy(), add(r, q, alpha=-0.5)
    _, dot = add_dot(r, q, r, alpha=-0.5, out=r)
    assert_same_bits(r, new)
    assert_near(dot, new, before)
    assert dot == add_dot(before, q, before.copy(), alpha=-0.5)[1]
    # Once more by the careful path, and all three the same array.
    again = before.copy()
    assert_near(add_dot_(again, q.astype(">f8"), again, alpha=-0.5)[1], new, before)
    same = before.copy()
    assert_near(add_dot_(same, same, same)[1], 2 * before, before)


def test_both_paths_agree():
    for dtype in map(DTYPES.get, NATIVE):
        x, y, vector = (moderate(9001, dtype, seed) / 7 for seed in (1, 2, 3))
        carefully = _core.carefully("add_dot")
        for by in (None, vector):
            result, dot = add_dot(x, y, by, alpha=0.3)
            found, again = carefully(x, y, by, alpha=0.3)
            assert_same_bits(found, result)
            assert_near(again, result, result if by is None else by)
            assert math.isclose(again, dot, rel_tol=1e-14)


# ---- what is not one dtype -----------------------------------------------------------


def test_mixtures():
    x, y = moderate(300, np.dtype("f4"), 1) / 3, moderate(300, np.dtype("f8"), 2) / 3
    for one, two, by in (
        (x, y, x),
        (x, x, y),  # not rounded to float32
        (x, x.astype("i2"), np.arange(300)),
        (x, 2, np.arange(300) % 2 == 0),
        (x.astype("f2"), x.astype("f2"), y),
        (x.tolist(), y, y.tolist()),
        (x, x, 3),
        (x, x, [0.1]),
    ):
        result, dot = add_dot(one, two, by, alpha=0.5)
        assert_same_bits(result, add(one, two, alpha=0.5))
        assert type(dot) is np.float64
        assert_near(dot, result, np.asarray(by))
    assert type(add_dot(x, x, y.astype("g"))[1]) is np.longdouble


def test_into_another_dtype():
    """The dot product is of what has been stored."""
    x, y = moderate(300, np.dtype("f8"), 1) / 3, moderate(300, np.dtype("f8"), 2) / 7
    for dtype in ("f2", "f4", ">f4", "g"):
        out = np.empty(300, dtype)
        assert_near(add_dot(x, y, out=out)[1], out, out)
        assert_same_bits(out, add(x, y, out=np.empty(300, dtype)))


def test_factors():
    x, y = moderate(30, np.dtype("f8"), 1), moderate(30, np.dtype("f8"), 2)
    result, dot = add_dot(x, y, alpha=y)
    assert_same_bits(result, add(x, y, alpha=y))
    assert_near(dot, result, result)


# ---- out of range --------------------------------------------------------------------


def test_infinity_and_nan(instruction_set):
    zero = np.zeros(9000)
    for n in (5, 9000):
        x = np.ones(n)
        x[-1] = np.inf
        assert add_dot(x, zero[:n])[1] == np.inf
        assert add_dot(x, zero[:n], -np.ones(n))[1] == -np.inf
        assert math.isnan(add_dot(x, zero[:n], zero[:n])[1])
        x[0] = -np.inf
        assert math.isnan(add_dot(x, zero[:n], np.ones(n))[1])
        x[:] = np.nan
        assert math.isnan(add_dot(x, zero[:n])[1])
    large = np.full(9000, 1e154)
    assert add_dot(large, zero)[1] == np.inf
    assert add_dot(large.astype("f4"), zero.astype("f4"))[1] == np.inf


@pytest.mark.parametrize("n", [3, 9000, 200_000])
def test_errstate(n, instruction_set):
    zero = np.zeros(n)
    with np.errstate(all="raise"):
        add_dot(np.ones(n), zero)
        add_dot(np.full(n, np.inf), zero)
        add_dot(np.full(n, np.nan), zero)
        add_dot(np.full(n, 3e38, "f4"), zero.astype("f4"))
        for wrong, vector, message in (
            (1e200, None, "overflow encountered in add_dot"),
            (1e-200, None, "underflow encountered in add_dot"),
            (np.inf, zero, "invalid value encountered in add_dot"),
        ):
            out = np.empty(n)
            with pytest.raises(FloatingPointError, match=message):
                add_dot(np.full(n, wrong), zero, vector, out=out)
            assert (out == wrong).all()
    with np.errstate(under="ignore"), np.errstate(over="warn"):
        assert add_dot(np.full(n, 1e-200), zero)[1] == 0


def test_errstate_between_blocks():
    """Of what no block of its own raises."""
    x, zero = np.zeros(3 * 4096), np.zeros(3 * 4096)
    x[0] = x[5000] = 1.2e154
    with np.errstate(all="raise"):
        with pytest.raises(FloatingPointError, match="overflow"):
            add_dot(x, zero)
        x[0], x[5000] = np.inf, -np.inf
        with pytest.raises(FloatingPointError, match="invalid"):
            add_dot(x, zero, np.ones_like(x))


def test_special_values(instruction_set):
    for name in NATIVE:
        dtype = DTYPES[name]
        x, y = values(5000, dtype, 1), values(5000, dtype, 2)
        for scales in ((1, 1), (0.3, -2)):
            given = dict(zip(("alpha", "beta"), scales, strict=True))
            assert_same_bits(add_dot(x, y, **given)[0], add(x, y, **given))


# ---- refusals ------------------------------------------------------------------------

X = np.ones(3)


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (TypeError, r"input has dtype int64.*np\.vdot", lambda out: ([1], [2])),
        (TypeError, r"input \+ other has dtype int64", lambda out: (1, 2)),
        (TypeError, r"np\.vdot\(vector, result\)", lambda out: (X, X * 1j)),
        (TypeError, r"vector has dtype complex128", lambda out: (X, X, X * 1j)),
        (TypeError, r"vector has dtype <U1", lambda out: (X, X, ["a", "b", "c"])),
        (TypeError, r"other has dtype object", lambda out: (X, X.astype(object))),
        (TypeError, r"other is None", lambda out: (X, None)),
        (
            TypeError,
            r"vector is of type .*MaskedArray",
            lambda out: (X, X, np.ma.ones(3)),
        ),
        (TypeError, r"input is of type .*MaskedArray", lambda out: (np.ma.ones(3), X)),
        (ValueError, r"vector has shape \(2,\)", lambda out: (X, X, np.ones(2))),
        (ValueError, r"vector has shape \(2, 3\)", lambda out: (X, X, np.ones((2, 3)))),
        (ValueError, r"which do not broadcast", lambda out: (X, np.ones(2))),
    ],
)
def test_refusals_write_nothing(error, message, call):
    out = np.full(3, 7.0)
    with pytest.raises(error, match=message):
        add_dot(*call(out), out=out)
    assert (out == 7).all()
    with pytest.raises(error, match=message):
        add_dot(*call(out))


def test_outs_that_are_refused():
    for error, message, out in (
        (TypeError, "out has dtype int64", np.ones(3, "i8")),
        (TypeError, "out has dtype complex128", np.ones(3, complex)),
        (TypeError, "out has dtype object", np.ones(3, object)),
        (TypeError, "out is of type list", [1, 2, 3]),
        (ValueError, "out has shape", np.ones(2)),
        (ValueError, "overlaps itself", as_strided(np.ones(1), (3,), (0,))),
    ):
        with pytest.raises(error, match=message):
            add_dot(X, X, out=out)
    frozen = X.copy()
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        add_dot_(frozen, X)
    with pytest.raises(TypeError, match=r"beta is complex.*np\.vdot"):
        add_dot(X, X, beta=1j)
    with pytest.raises(OverflowError, match="Pass operands of float64"):
        add_dot(X.astype("f4"), X.astype("f4"), alpha=1e300)
    with pytest.raises(TypeError, match="alpha='1'"):
        add_dot(X, X, alpha="1")
    with pytest.raises(TypeError, match="no argument dtype"):
        add_dot(X, X, dtype="f4")


def test_references():
    x, y = np.ones(10), np.ones(10)
    before = sys.getrefcount(x), sys.getrefcount(y), sys.getrefcount(np.float64)
    for _ in range(100):
        add_dot(x, y, x)
        add_dot_(x, y)
        with pytest.raises(ValueError, match="vector"):
            add_dot(x, y, np.ones(3))
    after = sys.getrefcount(x), sys.getrefcount(y), sys.getrefcount(np.float64)
    assert after[:2] == before[:2] and abs(after[2] - before[2]) < 50
