"""What the gate and the Python layer hand on: NumPy's override protocol, `where`,
dates, objects and strings, and the ufunc itself."""

import datetime
import decimal
import fractions
import pickle
import threading
from importlib.util import find_spec

import numpy as np
import pytest

import fastadd
from fastadd import add, scaled_add
from fastadd._compare.cases import moderate, values
from fastadd._compare.reference import assert_same_bits

A = np.arange(6.0).reshape(2, 3)
B = np.arange(3.0)


# ---- overrides -----------------------------------------------------------------------


class Recorder:
    """Answers with what it was asked."""

    def __array_ufunc__(self, *args, **kwargs):
        return args, kwargs


class Aloof:
    def __array_ufunc__(self, *args, **kwargs):
        return NotImplemented


class Refusing:
    __array_ufunc__ = None

    def __array__(self, dtype=None, copy=None):
        raise AssertionError


def test_an_override_receives_the_whole_call():
    mine, some = Recorder(), [1]
    for call, inputs, keywords in (
        (lambda: add(A, mine, alpha=2), (A, mine, 2, 1), {}),
        (lambda: add(mine, A, beta=0.5), (mine, A, 1, 0.5), {}),
        (lambda: add(some, mine, alpha=2.0), (some, mine, 2.0, 1), {}),
        (
            lambda: add(A, mine, alpha=2, dtype="f4", casting="unsafe"),
            (A, mine, 2, 1),
            {"dtype": "f4", "casting": "unsafe"},
        ),
        (lambda: add(A, B, alpha=2, out=mine), (A, B, 2, 1), {"out": (mine,)}),
        (lambda: fastadd.add_(mine, B, alpha=2), (mine, B, 2, 1), {"out": (mine,)}),
        (lambda: scaled_add(A, B, mine, 1), (A, B, mine, 1), {}),
    ):
        (ufunc, method, *given), given_keywords = call()
        assert ufunc is scaled_add
        assert method == "__call__"
        assert all(x is y for x, y in zip(given, inputs, strict=True))
        assert given_keywords == keywords


def test_without_coefficients_an_override_receives_np_add():
    mine, out = Recorder(), np.empty(3)
    (ufunc, method, x, y), keywords = add(B, mine, out=out)
    assert ufunc is np.add
    assert method == "__call__"
    assert x is B
    assert y is mine
    assert keywords["out"][0] is out
    (ufunc, method, x, y), _ = fastadd.sub(mine, B)
    assert ufunc is np.subtract
    assert x is mine
    assert y is B


def test_nobody_answers():
    for foreign in (Aloof(), Refusing()):
        for call in (
            lambda x: add(A, x),
            lambda x: add(x, A, alpha=2),
            lambda x: add(A, A, alpha=2, out=x),
        ):
            with pytest.raises(TypeError):
                call(foreign)


def test_the_second_answers_if_the_first_does_not():
    mine = Recorder()
    (_, _, x, y, _, _), _ = add(Aloof(), mine, alpha=2)
    assert y is mine
    assert type(x) is Aloof


def test_a_subclass_answers_first():
    class Special(Recorder):
        def __array_ufunc__(self, *args, **kwargs):
            return "special"

    assert add(Recorder(), Special(), alpha=2) == "special"


def test_refused_before_anybody_is_asked():
    class Unasked:
        def __array_ufunc__(self, *args, **kwargs):
            raise AssertionError

    for bad in (None, "2", b"2"):
        with pytest.raises(TypeError, match=r"alpha.* is of type"):
            add(A, Unasked(), alpha=bad)
    with pytest.raises(ValueError, match="casting"):
        add(A, Unasked(), casting="some")
    for call, more in ((add, (1,)), (fastadd.sub, (1,)), (fastadd.relu, ())):
        with pytest.raises(ValueError, match="read-only"):
            call(Unasked(), *more, out=np.broadcast_to(0.0, 3))
    with pytest.raises(ValueError, match="overlaps itself"):
        add(Unasked(), 1, out=np.lib.stride_tricks.as_strided(A, (3,), (0,)))


def test_what_wraps_results_by_priority():
    class Wrapped:
        def __init__(self, array):
            self.array = array

        def __array__(self, dtype=None, copy=None):
            return np.asarray(self.array, dtype)

        def __array_wrap__(self, array, context=None, return_scalar=False):
            return type(self)(array)

    class Modest(Wrapped):
        __array_priority__ = -1.0

    class Vain(Wrapped):
        __array_priority__ = 10.0

    for x, y in ((Modest(A), Vain(B)), (Vain(A), Modest(B))):
        result = add(x, y, alpha=2)
        assert type(result) is Vain
        assert (result.array == A + 2 * B).all()
    assert type(add(A, Modest(B), alpha=2)) is np.ndarray
    assert type(add(Modest(A), Modest(B), alpha=2)) is Modest


def test_subclasses_come_back():
    class Plain(np.ndarray):
        pass

    assert type(add(A.view(Plain), B, alpha=2)) is Plain
    assert type(add(A.view(np.matrix), B, alpha=2)) is np.matrix
    out = np.empty((2, 3)).view(Plain)
    assert add(A, B, alpha=2, out=out) is out
    assert (np.asarray(out) == A + 2 * B).all()


# ---- the ufunc -----------------------------------------------------------------------


def test_it_is_a_ufunc_of_the_package():
    assert isinstance(scaled_add, np.ufunc)
    assert (scaled_add.nin, scaled_add.nout) == (4, 1)
    assert pickle.loads(pickle.dumps(scaled_add)) is scaled_add


@pytest.mark.parametrize(
    "method, args",
    (
        ("reduce", (A,)),
        ("accumulate", (A,)),
        ("reduceat", (B, [0, 1])),
        ("outer", (B, B)),
        ("at", (B.copy(), [0], 1.0)),
    ),
)
def test_methods_that_make_no_sense(method, args):
    with pytest.raises(ValueError, match="binary"):
        getattr(scaled_add, method)(*args)


@pytest.mark.parametrize("char", "?bhilqBHILQefdgFDG")
def test_every_dtype_of_numpy(char):
    x, y = np.array([1, 0, 1], char), np.array([1, 1, 0], char)
    expected = np.array([3, 2, 1]).astype(char)
    assert_same_bits(scaled_add(x, y, 2, 1), expected)
    assert_same_bits(scaled_add(x, y, np.int8(2), np.uint16(1)), expected)


def test_coefficients_do_not_promote():
    for x, alpha in (("f4", np.float64(0.5)), ("f2", 3), ("i1", np.int64(-2))):
        assert scaled_add(np.ones(3, x), np.ones(3, x), alpha, 1).dtype == x
    assert scaled_add(np.ones(3, "f4"), np.ones(3, "f8"), 1, 1).dtype == "f8"
    assert scaled_add(np.ones(3, "F"), np.ones(3, "f4"), 1j, 1).dtype == "F"
    assert (scaled_add(np.ones(3, "u1"), np.ones(3, "u1"), -1, 1) == 0).all()
    for x, alpha, error in (
        ("i4", 0.5, TypeError),
        ("f8", 1j, TypeError),
        ("u1", 300, OverflowError),
        ("i1", -129, OverflowError),
        ("f4", 1e39, OverflowError),
        ("f2", np.float64(1e39), OverflowError),
        ("F", 1e39j, OverflowError),
    ):
        out = np.zeros(3, x)
        with pytest.raises(error):
            scaled_add(np.ones(3, x), np.ones(3, x), alpha, 1, out)
        assert (out == 0).all()
    assert scaled_add(np.float32(1), np.float32(1), np.inf, 1) == np.inf


def test_coefficients_of_each_element():
    alpha = np.arange(6.0).reshape(2, 3)
    assert (scaled_add(A, B, alpha, B) == A * B + alpha * B).all()


@pytest.mark.parametrize("char", "FDG")
def test_complex_coefficients_of_each_element(char, instruction_set):
    """Those of real numbers scale both parts; with any other they are one by one."""
    n = 5000
    real = np.dtype("g" if char == "G" else "d")
    x, y = (values(n, np.dtype(char), seed) for seed in range(2))
    c, d = (moderate(n, np.dtype(char), seed) for seed in (3, 4))
    k, m = (moderate(n, real, seed) for seed in (5, 6))
    for factors in (c, d, k, m):
        factors[:: 7 * 5], factors[7 :: 7 * 5] = np.nan, np.inf
        factors[14 :: 7 * 5] = -0.0
    wide = np.dtype("G" if char == "G" else "D")
    for alpha, beta in (
        *((c, d), (k, m), (c, 1), (c, 2.5), (c, 2 - 1j), (1, d), (k, 2), (2j, d)),
        *((k, 1j), (1j, m), (c, m), (k, d), (c[:1], m), (c[:1], d)),
    ):
        given = [
            np.asarray(v).astype(wide if np.iscomplexobj(v) else real)
            for v in (alpha, beta)
        ]
        with np.errstate(all="ignore"):
            out = scaled_add(x, y, *given)
        one_by_one = np.empty_like(x)
        each = np.broadcast_arrays(x, y, *given)
        for place in range(0, n, 7):
            with np.errstate(all="ignore"):
                one_by_one[place] = scaled_add(*[v[place] for v in each])
        assert_same_bits(out[::7], one_by_one[::7])
    long = np.ones(300_000, char)
    assert (scaled_add(long, long, 1j * long, 1) == 1 + 1j).all()


def test_out_over_what_has_been_read():
    """NumPy lets it pass without a copy where elements are taken in order."""
    for n in (10, 5000, 1 << 20):
        for char in "fde":
            x = (np.arange(n) % 100).astype(char)
            expected = x[1:] + x[1:]
            scaled_add(x[1:], x[1:], 1, 1, out=x[:-1])
            assert (x[:-1] == expected).all()


def test_errors_are_told_once():
    x = np.full(100_000, 3e38, np.float32)
    where = np.arange(100_000) % 2 == 0
    told = []
    with np.errstate(over="call", call=lambda *args: told.append(args)):
        add(x, x, alpha=2, where=where, out=np.zeros_like(x))
    assert len(told) == 1
    with (
        np.errstate(over="raise"),
        pytest.raises(FloatingPointError, match="overflow encountered in scaled_add"),
    ):
        scaled_add(x, x, 2, 1)
    with np.errstate(all="raise"):
        scaled_add(np.ones(9), np.ones(9), 0.1, 1)


# ---- where ---------------------------------------------------------------------------


def test_where_leaves_the_rest_untouched():
    out = np.full((2, 3), -1.0)
    assert add(A, B, alpha=2, out=out, where=[True, False, True]) is out
    assert out.tolist() == [[0, -1, 6], [3, -1, 9]]
    out = np.full((2, 3), -1, np.int64)
    add(1, 2, alpha=3, out=out, where=np.eye(2, 3, dtype=bool))
    assert out.tolist() == [[7, -1, -1], [-1, 7, -1]]
    assert add(A, B, alpha=2, where=True).tolist() == (A + 2 * B).tolist()
    with pytest.warns(UserWarning, match="without out=") as caught:
        assert add(A[0, 1], 2, alpha=2, where=np.True_) == 5
    assert caught[0].filename == __file__


def test_where_broadcasts():
    with pytest.warns(UserWarning, match="without out="):
        assert add(B, B, alpha=2, where=np.ones((2, 1), bool)).shape == (2, 3)
    for bad in (None, [1, 0, 1], "yes"):
        with pytest.raises(TypeError, match="where is of"):
            add(A, B, where=bad, out=A.copy())


def test_where_in_the_memory_of_out():
    """Of another dtype, so that NumPy's own guard does not see it."""
    m = np.array([1, 0, 1, 1, 0, 1, 1], bool)
    for out_dtype in ("i1", "u1", "?"):
        mask = m.copy()
        out = mask[1:].view(out_dtype)
        right = np.where(mask[:-1], np.full(6, 5), out).astype(out_dtype)
        zeros, fives = np.zeros(6, "i2"), np.full(6, 5, "i2")
        result = add(zeros, fives, out=out, where=mask[:-1], casting="unsafe")
        assert result is out
        assert out.tolist() == right.tolist()
    words = np.array([True, False, True], object)
    mask = np.array([True, False, True])
    assert add(B, 1, out=words, where=mask).tolist() == [B[0] + 1, False, B[2] + 1]
    with pytest.raises(ValueError):
        add(A, B, where=np.ones(4, bool), out=A.copy())
    with pytest.raises(TypeError):
        add(A, B, where=np.ones(3), out=A.copy())


def test_where_keeps_the_contract():
    out = np.zeros(3, np.uint64)
    x, y = np.arange(3, dtype=np.uint64), np.full(3, 2, np.uint64)
    add(x, y, alpha=-1, out=out, where=[True, True, False])
    assert out.tolist() == [2**64 - 2, 2**64 - 1, 0]
    add(x, y, alpha=2**63 + 1, out=out, where=[True, False, False])
    assert out[0] == 2
    for bad, error in ((0.5, TypeError), (2**64, OverflowError)):
        with pytest.raises(error, match=f"alpha={bad}"):
            add(x, y, alpha=bad, where=[True, False, True], out=out)
    overlapping = np.arange(10.0)
    add(overlapping[:-1], 1.0, out=overlapping[1:], where=np.arange(9) % 2 == 0)
    assert overlapping.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    add(overlapping[:-1], 10.0, out=overlapping[1:], where=np.arange(9) % 2 == 0)
    assert overlapping.tolist() == [0, 10, 2, 12, 4, 14, 6, 16, 8, 18]
    words = np.array(["a", "b", "c"], object)
    add(x.astype(object), 1, out=words, where=[True, False, True])
    assert words.tolist() == [1, "b", 3]
    add(x, 1, out=words, where=[False, True, False])
    assert words.tolist() == [1, 2, 3]


# ---- what NumPy computes -------------------------------------------------------------


def pandas_timedelta(days):
    pandas = pytest.importorskip("pandas") if find_spec("pandas") else datetime
    return getattr(pandas, "Timedelta", datetime.timedelta)(days=days)


@pytest.mark.filterwarnings("ignore:The 'generic' unit")  # bare integers, NumPy 2.5
def test_dates():
    day = np.array(["2020-01-01", "2020-02-01", "NaT"], "M8[D]")
    for step in (
        np.array([1, 2, 3], "m8[D]"),
        np.array([5, "NaT", 7], "m8[h]"),
        np.timedelta64(3, "s"),
        np.arange(3),
        5,
    ):
        for k in (3, -1, 2):
            expected = day + k * step
            for actual in (add(day, step, alpha=k), add(step, day, beta=k)):
                assert actual.dtype == expected.dtype
                assert np.array_equal(actual.astype("i8"), expected.astype("i8"))
        assert np.array_equal(add(day, step), day + step, equal_nan=True)
    assert np.array_equal(add(day, day[:1], alpha=-1), day - day[:1], equal_nan=True)
    for each in (datetime.timedelta(1), pandas_timedelta(1)):
        assert (add(day[:1], each, alpha=2) == day[:1] + 2 * np.timedelta64(1)).all()
    hours = np.array([1, -3, "NaT"], "m8[h]")
    for a, b in ((2, 3), (2.5, 1), (1, -0.7), (np.nan, 1), (1, np.inf)):
        with np.errstate(all="ignore"):
            expected = hours * b + hours * a
        actual = add(hours, hours, alpha=a, beta=b)
        assert actual.dtype == "m8[h]"
        assert np.array_equal(actual, expected, equal_nan=True)
    for wrong in (
        lambda: add(day, day),
        lambda: add(day, day, alpha=2),
        lambda: add(day, hours, beta=2),
        lambda: add(hours, day, alpha=2),
        lambda: add(day, hours, alpha=2.5j),
        lambda: add(day, 1.5, alpha=2),
        lambda: add(day[:1], np.array([datetime.timedelta(1)], object), alpha=2),
        lambda: add(day.astype("M8[ns]"), np.array(5, object), alpha=2),
    ):
        with pytest.raises(TypeError):
            wrong()


def test_objects():
    exact = np.array([fractions.Fraction(1, 3), decimal.Decimal(2)], object)
    assert add(exact, exact, alpha=2).tolist() == [1, 6]
    third = add(exact[:1], exact[:1], alpha=fractions.Fraction(2))
    assert third.tolist() == [fractions.Fraction(1)]
    out = np.empty(2, object)
    assert add(exact, exact, alpha=-1, out=out) is out
    assert out.tolist() == [0, 0]
    assert add(exact[:1], np.array([2]), alpha=3).tolist() == [
        fractions.Fraction(19, 3)
    ]
    lists = np.array([[1], None], object)[:1]
    assert add(lists, lists, alpha=2).tolist() == [[1, 1, 1]]
    for bad in (None, "2"):
        with pytest.raises(TypeError, match=r"alpha.* is of type"):
            add(exact, exact, alpha=bad)
    with pytest.raises(TypeError):
        add(exact, np.array([None]), alpha=2)


def test_strings():
    for dtype in ("U3", "S3", np.dtypes.StringDType()):
        x, y = (np.array([s, s], dtype) for s in ("a", "bc"))
        assert np.array_equal(add(x, y), np.add(x, y))
        for options in ({"alpha": 2}, {"beta": 0.5}):
            with pytest.raises(TypeError, match="leave alpha and beta out"):
                add(x, y, **options)


def test_from_many_threads():
    """NumPy looks for the loop of each dtype the first time that it is asked."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    wrong = []

    def use():
        for char in ("f4", "i2", ml_dtypes.bfloat16, "F", "m8[s]", "O"):
            x = np.arange(100).astype(char)
            if not (scaled_add(x, x, 2, 1) == (3 * np.arange(100)).astype(char)).all():
                wrong.append(char)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
