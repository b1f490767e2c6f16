"""Faults that were found by trial, each as a case of its kind."""

import sys
import threading
import time
from collections import deque
from contextlib import suppress
from types import MappingProxyType

import numpy as np
import pytest
from fresh import run_python
from numpy.lib.stride_tricks import as_strided

import fastadd
from fastadd._compare.cases import DTYPES
from fastadd._compare.reference import assert_same_bits, reference

HALVES = [name for name in ("float16", "bfloat16") if name in DTYPES]
X, Y = np.array([1.0, 2.0]), np.array([3.0, 5.0])


# ---- coefficients -------------------------------------------------------------------


@pytest.mark.parametrize("name", HALVES)
def test_coefficients_of_16_bit_floats_are_float32(name):
    """On every path: a scale of the loss, and one that 16 bits would round."""
    dtype = DTYPES[name]
    rng = np.random.default_rng(0)
    for n in (3, 1000, 140_000):
        x, y = (rng.standard_normal(n).astype(dtype) * dtype.type(0.01) for _ in "xy")
        for s in (65536.0, 0.1, 1e-7, 3e38, np.float64(0.3), np.float32(1 / 3)):
            right = reference(x, y, s, 1, dtype)
            out = np.empty_like(x)
            for result in (
                fastadd.add(x, y, alpha=s),
                fastadd.add(y, x, beta=s),
                fastadd.add(x, y, alpha=np.array(s)),
                fastadd.add(x, y[::-1][::-1], alpha=s, out=out),
                fastadd.add(x, y, alpha=s, out=np.empty_like(x), where=[True]),
                fastadd.scaled_add(x, y, float(s), 1),
                fastadd.foreach_add([x], [y], alpha=s)[0],
                fastadd.foreach_add([x], [y], alpha=[s], out=[np.empty_like(x)])[0],
                fastadd.add(x, y.astype(dtype.newbyteorder()), alpha=s)
                if dtype.kind != "V"
                else right,
                fastadd.weighted_sum([x, y], [1, s]),
            ):
                assert_same_bits(result, right)


@pytest.mark.parametrize("limit", [0.1, 0.02, 1e-6])
def test_clipping_keeps_the_direction(limit):
    half, double = np.full(1000, 30000, np.float16), np.full(10, 1e4)
    (clipped, other), norm = fastadd.clip_grad_norm([half, double], limit)
    ratio = limit / norm
    assert_same_bits(
        clipped, (half.astype("f4") * np.float32(ratio)).astype(np.float16)
    )
    assert np.allclose(other, double * ratio, rtol=1e-15)


def test_clipping_by_less_than_float32_holds():
    """In double, where float32 would make it 0 or keep few of its bits."""
    large = np.full(4, 3e38, np.float32)
    for limit in (1e-3, 1e-8):
        for out in (None, [np.empty_like(large)]):
            (clipped,), norm = fastadd.clip_grad_norm([large], limit, out=out)
            assert clipped.dtype == np.float32
            right = (large.astype("f8") * (limit / norm)).astype("f4")
            assert_same_bits(clipped, right)
            assert (clipped > 0).all()
    (scalar,), _ = fastadd.clip_grad_norm([np.float32(3e38)], 1e-8)
    assert isinstance(scalar, np.float32)


def test_integer_coefficients_are_rounded_once():
    """NumPy's integers as np.float32(k); Python's by way of a double, as NumPy does."""
    x, y = np.zeros(1, "f4"), np.ones(1, "f4")
    for k in (np.int64(2**54 - 2**29 - 1), np.uint64(2**63 + 2**39 + 1), 2**54 - 1):
        right = np.multiply(y, k if isinstance(k, int) else np.float32(k))
        out = np.empty_like(x)
        for result in (
            fastadd.add(x, y, alpha=k),
            fastadd.add(x, y, alpha=k, out=out, where=[True]),
            fastadd.foreach_add([x], [y], alpha=k)[0],
            fastadd.weighted_sum([x, y], [1, k]),
            fastadd.scaled_add(x, y, k, 1),
        ):
            assert_same_bits(result, right)
        if not isinstance(k, int):
            assert_same_bits(fastadd.add(x, y, alpha=np.array(k)), right)


def test_no_code_of_a_coefficient_runs_in_the_gate():
    """It could free what has been planned."""

    class Meta(type):
        def __hash__(cls):
            raise AssertionError

        def __eq__(cls, other):
            raise AssertionError

    class Evil(metaclass=Meta):
        ndim = (
            0  # np.ndim does not look further (NumPy without the GIL hashes the type)
        )

    for call in (
        lambda evil: fastadd.add(X, Y, alpha=evil),
        lambda evil: fastadd.foreach_add([X, X], [Y, Y], alpha=[1.0, evil]),
        lambda evil: fastadd.weighted_sum([X, Y], [1.0, evil]),
    ):
        with pytest.raises(TypeError):
            call(Evil())


def test_integers_that_python_does_not_print():
    """Of more than 4,300 digits."""
    huge = 10**5000
    for call in (
        lambda: fastadd.add(X, Y, alpha=huge),
        lambda: fastadd.add([1], [2], alpha=huge),
        lambda: fastadd.weighted_sum([X, Y], [1, huge]),
        lambda: fastadd.foreach_add([X], [Y], alpha=huge),
        lambda: fastadd.clip_grad_norm([X], huge),
    ):
        with pytest.raises(OverflowError, match="an integer of 16,610 bits"):
            call()


def test_bfloat16_by_its_name():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    result = fastadd.add(X, Y, alpha=2, dtype="bfloat16", casting="unsafe")
    assert result.dtype == ml_dtypes.bfloat16


def test_bfloat16_without_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(TypeError, match="bfloat16 needs the package ml_dtypes"):
        fastadd.add(X, Y, dtype="bfloat16")


def test_out_as_ufuncs_take_it():
    out = np.empty(2)
    assert fastadd.add(X, Y, alpha=2, out=(out,)) is out
    assert out.tolist() == [7, 12]
    assert fastadd.weighted_sum([X, Y], [1, 3], out=(out,)) is out
    assert out.tolist() == [10, 17]
    assert fastadd.relu(-X, out=(out,)) is out
    assert out.tolist() == [0, 0]
    result = fastadd.add(1.0, 2.0, alpha=3, out=...)
    assert isinstance(result, np.ndarray)
    assert result == 7
    with pytest.raises(TypeError, match="out is of type tuple"):
        fastadd.add(X, Y, out=(out, out))


# ---- lists --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "as_list",
    [list, tuple, deque, iter, lambda x: dict(enumerate(x)).values(), np.stack],
    ids=["list", "tuple", "deque", "iterator", "values", "array"],
)
def test_what_is_a_list_of_arrays(as_list):
    assert fastadd.weighted_sum(as_list([X, Y]), [1, 2]).tolist() == [7, 12]
    results = fastadd.foreach_add(as_list([X, Y]), as_list([Y, X]), alpha=2)
    assert [x.tolist() for x in results] == [[7, 12], [5, 9]]
    if as_list is not np.stack:  # which is one array there
        clipped, norm = fastadd.clip_grad_norm(as_list([X, Y]), 1.0)
        assert norm == np.sqrt(39)
        assert isinstance(clipped, list)
        outs = [np.empty(2), np.empty(2)]
        given = as_list(outs)
        result = fastadd.foreach_add([X, Y], [Y, X], out=given)
        assert list(result)[1] is outs[1]
        assert outs[0].tolist() == [4, 7]


@pytest.mark.parametrize("wrong", [{"a": X}, MappingProxyType({0: X}), {1, 2}, "ab"])
def test_what_is_none(wrong):
    for call in (
        lambda: fastadd.weighted_sum(wrong),
        lambda: fastadd.foreach_add(wrong, 1.0),
        lambda: fastadd.foreach_add([X], [Y], out=wrong),
        lambda: fastadd.clip_grad_norm(wrong, 1.0),
    ):
        with pytest.raises(TypeError, match="must be a list"):
            call()


def test_an_iterator_that_is_used_up():
    for call in (
        fastadd.weighted_sum,
        lambda x: fastadd.foreach_add(x, 1.0),
        lambda x: fastadd.clip_grad_norm(x, 1.0),
    ):
        with pytest.raises(ValueError, match="used up"):
            call(iter([]))


def test_frames_are_no_lists():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({0: [1.0, 2.0], 1: [3.0, 4.0]})
    for call in (
        lambda: fastadd.weighted_sum(frame, [10, 100]),
        lambda: fastadd.foreach_add(frame, 1.0),
    ):
        with pytest.raises(TypeError, match="must be a list"):
            call()
    xarray = pytest.importorskip("xarray")
    with pytest.raises(TypeError, match="must be a list"):
        fastadd.weighted_sum(xarray.Dataset({"a": ("x", X)}))


def test_lists_that_another_thread_changes():
    """(Without the GIL this crashed within seconds.)"""
    inputs, stop = [X] * 2000, threading.Event()

    def shrink_and_grow():
        while not stop.is_set():
            del inputs[5:]
            inputs.extend([X] * 1995)

    thread = threading.Thread(target=shrink_and_grow)
    thread.start()
    try:
        for _ in range(300):
            for call in (
                lambda: fastadd.foreach_add(inputs, 1.0),
                lambda: fastadd.foreach_add([X] * 9, 1.0, alpha=inputs),
                lambda: fastadd.weighted_sum(inputs[:9], inputs),
                lambda: fastadd.clip_grad_norm(inputs, 1.0),
            ):
                with suppress(ValueError, TypeError):
                    call()
    finally:
        stop.set()
        thread.join()


# ---- owners -------------------------------------------------------------------------


class Meters(np.lib.mixins.NDArrayOperatorsMixin):
    """A quantity with a unit, which knows the ufuncs of NumPy alone."""

    refusal = staticmethod(lambda ufunc: NotImplemented)

    def __init__(self, x):
        self.x = np.asarray(x)

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        if ufunc not in (np.add, np.multiply) or keywords:
            return self.refusal(ufunc)
        return Meters(ufunc(*(x.x if isinstance(x, Meters) else x for x in inputs)))


def unknown(ufunc):
    raise TypeError(f"Unknown ufunc {ufunc.__name__}. Please raise an issue")


def unsupported(ufunc):
    raise RuntimeError(f"Support for the {ufunc} ufunc has not been added")


@pytest.mark.parametrize("refusal", [Meters.refusal, unknown, unsupported])
def test_owners_that_do_not_know_the_ufunc(monkeypatch, refusal):
    monkeypatch.setattr(Meters, "refusal", staticmethod(refusal))
    x, y = Meters(X), Meters(Y)
    for alpha, beta in ((2, 1), (1, -1), (0.5, 0.25), (1, 1)):
        result = fastadd.add(x, y, alpha=alpha, beta=beta)
        assert type(result) is Meters
        assert_same_bits(result.x, beta * X + alpha * Y)
    with pytest.raises(TypeError, match=r"out: Meters does not know"):
        fastadd.add(x, type("Feet", (Meters,), {})(Y), alpha=2, out=np.empty(2))


def test_units():
    pint = pytest.importorskip("pint")
    meter = pint.UnitRegistry().meter
    result = fastadd.add(X * meter, Y * meter, alpha=0.5)
    assert result.units == meter
    assert result.magnitude.tolist() == [2.5, 4.5]


def test_frames_keep_the_dtype_of_each_column():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"id": [2**53 + 1], "x": [0.5]})
    for result in (fastadd.add(frame, 1, alpha=2), fastadd.add(1, frame, beta=2)):
        pandas.testing.assert_frame_equal(result, frame + 2 * 1)
    nullable = pandas.DataFrame({"a": [1, None]}, dtype="Int64")
    result = fastadd.add(nullable, nullable, alpha=2)
    pandas.testing.assert_frame_equal(result, nullable + 2 * nullable)
    series = pandas.Series([1.0, 2.0], index=["id", "x"])
    pandas.testing.assert_frame_equal(
        fastadd.add(frame, series, alpha=3), frame + 3 * series
    )


def test_a_sum_of_one():
    """By the rules of two."""
    m = np.ma.array([True, False], mask=[0, 1])
    assert fastadd.weighted_sum([m]).dtype == bool
    ints = np.ma.array([1, 2], mask=[0, 1])
    tripled = fastadd.weighted_sum([ints], [3])
    assert tripled.dtype == ints.dtype
    assert tripled.tolist() == [3, None]
    with pytest.raises(TypeError):
        fastadd.weighted_sum([ints], [0.5])
    dates = np.array(["2020-01-01"], "M8[D]")
    assert fastadd.weighted_sum([dates]).tolist() == dates.tolist()
    steps = np.array([1, 2], "m8[s]")
    assert fastadd.weighted_sum([steps], [3]).tolist() == (3 * steps).tolist()
    words = np.array(["a", "b"])
    assert fastadd.weighted_sum([words]).tolist() == ["a", "b"]
    assert fastadd.weighted_sum([words]) is not words
    da = pytest.importorskip("dask.array")
    assert (fastadd.weighted_sum([da.ones(3)], [2.5]).compute() == 2.5).all()
    assert (fastadd.weighted_sum([da.ones(3)]).compute() == 1).all()


def test_a_dtype_without_scalars():
    try:
        from numpy._core._multiarray_umath import (  # noqa: PLC0415
            _get_sfloat_dtype,
        )
    except ImportError:
        pytest.skip("NumPy has none")
    x = np.ones(3).view(_get_sfloat_dtype()(1.0))
    expected = np.add(x, x)
    assert fastadd.add(x, x).dtype == expected.dtype
    with pytest.raises(TypeError):
        fastadd.add(x, x, alpha=2)


# ---- memory -------------------------------------------------------------------------


def test_views_that_interleave():
    """Columns, channels and every other row of one array share no byte, and need no
    copy; those that do share some do."""
    rng = np.random.default_rng(0)

    def pairs(a):
        yield a[:, 3], a[:, 7]
        yield a[:, 0], a[:, 1]
        yield a[::2], a[1::2]
        yield a[1::2], a[::2]
        yield a[:, ::2], a[:, 1::2]
        yield a[::2, ::2], a[1::2, 1::2]
        yield a[::-2], a[-2::-2]
        yield a[:-1], a[1:]  # these overlap
        yield a[:, :-3], a[:, 3:]
        yield a[1:, 1:], a[:-1, :-1]
        yield a.reshape(10, 2, 12)[:, 0], a.reshape(10, 2, 12)[:, 1]
        yield a.reshape(20, 4, 3)[..., 0], a.reshape(20, 4, 3)[..., 2]
        yield a.T[3:], a.T[:-3]
        yield a[:, 2:3], a[:, 2:3]

    count = len(list(pairs(np.zeros((20, 12)))))
    for which in range(count):
        for dtype in ("f4", "f8", "i1"):
            a = rng.integers(-9, 9, (20, 12)).astype(dtype)
            x, y = list(pairs(a))[which]
            right = a.copy()
            out = list(pairs(right))[which][0]
            out[...] = reference(x, y, 2, 1, a.dtype)
            assert fastadd.add(x, y, alpha=2, out=x) is x
            assert_same_bits(a, right)
    a = np.ones((2000, 2000))
    assert fastadd._core.explain(a[:, 3], a[:, 7], out=a[:, 3])["ready"]
    assert not fastadd._core.explain(a[:-1], a[1:], out=a[:-1])["ready"]


@pytest.mark.parametrize("count", [3, 70, 800])
def test_lists_of_views_that_interleave(count):
    """Columns of one array, in place; and what only seems so is refused or copied."""
    rng = np.random.default_rng(0)
    a, b = rng.integers(-9, 9, (2, 5, count)).astype("f8")
    columns, right = list(a.T), a + 2 * b
    begin = time.perf_counter()
    assert fastadd.foreach_add(columns, list(b.T), alpha=2, out=columns) is columns
    assert time.perf_counter() - begin < 1
    assert_same_bits(a, right)
    image = rng.standard_normal((7, 5, 3))
    channels, right = [image[..., k] for k in range(3)], image * 3
    fastadd.foreach_add(channels, channels, alpha=2, out=channels)
    assert_same_bits(image, right)
    rows = [image[::2], image[1::2]]
    right = image + 1
    fastadd.foreach_add(rows, 1.0, out=rows)
    assert_same_bits(image, right)
    # One column reads another, which is written: as if they were not.
    right = a[:, [1, 2, 0]] * 2 + a[:, :3]
    fastadd.foreach_add(
        columns[:3], [columns[k] for k in (1, 2, 0)], alpha=2, out=columns[:3]
    )
    assert_same_bits(a[:, :3], right)
    with pytest.raises(ValueError, match=r"out\[0\] and out\[2\] overlap"):
        fastadd.foreach_add(columns[:3], 1.0, out=[a[:, 0], a[:, 1], a[:, 0]])
    with pytest.raises(ValueError, match="overlap"):
        fastadd.foreach_add([a, a[:, 0]], 1.0, out=[a, a[:, 0]])


def test_an_out_that_cannot_be_told_apart_in_time():
    """Conway's and Guy's sets of strides: no two elements share a byte."""
    u = [0, 1]
    for k in range(1, 30):
        u.append(2 * u[k] - u[k - round((2 * k) ** 0.5)])
    n = 20
    strides = [u[n] - u[n - i] for i in range(1, n + 1)]
    memory = np.zeros(sum(strides) + 1, np.int8)
    out = as_strided(memory, (2,) * n, strides)
    with pytest.raises(ValueError, match="would take too long"):
        fastadd.add(np.int8(1), np.int8(1), out=out)
    assert not memory.any()


def test_sizes_that_do_not_fit():
    code = """
import numpy as np, fastadd
from numpy.lib.stride_tricks import as_strided
base = np.ones(1 << 22, np.float16)
x = as_strided(base, (2**15, 2**15, 2**15, 2**14, 2, 2), (20, 20, 20, 20, 8, 2))
try: fastadd.clip_grad_norm([x], 1.0)
except MemoryError as error: print(error)
"""
    done = run_python(code)
    assert done.stdout.startswith("no memory for"), done.stderr


@pytest.mark.parametrize("size", [32, 64])
def test_small_stacks(size):
    """Python allows 32 KiB, and NumPy lives with it."""
    code = f"""
import threading, numpy as np, fastadd
c = np.ones((100, 100), np.float32)
swapped = np.ones((300, 300), ">f4")
threading.stack_size({size} * 1024)
def work():
    fastadd.add(c, c.T)
    fastadd.add(swapped, c[0, 0])
    fastadd.add(swapped, np.ones(300), alpha=3)
    fastadd.weighted_sum([swapped, np.ones(300), swapped.T])
    fastadd.add(np.ones((5000, 3), "f4"), np.ones(3, "f4"))
    with fastadd.threads(4): fastadd.add(np.ones(3_000_000), 1.0)
    fastadd.clip_grad_norm([swapped, c], 1.0)
    print("done")
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""
    done = run_python(code)
    assert done.stdout.strip() == "done", done.stderr


def test_objects_that_are_not_contiguous():
    table = np.zeros((3, 2), object)
    assert fastadd.add(np.ones(3), np.ones(3), out=table[:, 1]) is not None
    assert table.tolist() == [[0, 2], [0, 2], [0, 2]]
    if hasattr(np.dtypes, "StringDType"):
        words = np.array([["a", "b"], ["c", "d"]], np.dtypes.StringDType())
        fastadd.add(words[:, 0], words[:, 0], out=words[:, 1])
        assert words.tolist() == [["a", "aa"], ["c", "cc"]]


def test_complex_numbers_at_odd_places():
    """complex64 needs 4 bytes of alignment, and uint64 takes 8."""

    def at_four(n):
        x = np.zeros(n * n * 8 + 4, np.uint8)[4:].view(np.complex64).reshape(n, n)
        x[...] = np.arange(n * n).reshape(n, n) + 1j
        return x

    a, b = at_four(80), at_four(80)
    assert_same_bits(fastadd.add(a, b.T), reference(a, b.T, 1, 1, a.dtype))


# ---- the package --------------------------------------------------------------------


def test_nothing_of_ours_outside():
    code = """
import sys
sys.path.insert(0, PATH)
before = set(sys.modules)
import fastadd
new = {name.split(".")[0] for name in set(sys.modules) - before}
print("_shared" in new, "_core" in new)
import fastadd._core
print(sorted(set(dir(fastadd)) & {"dirname", "import_module", "samefile"}))
"""
    done = run_python(code.replace("PATH", repr(sys.path[-1])))
    assert done.stdout.splitlines() == ["False False", "[]"], done.stderr
