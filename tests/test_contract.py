"""Every row of the contract that is not a number: dtypes, shapes, memory order, out,
and each refusal with its words, after which out is as it was."""

import fractions
import inspect
import pickle
import tracemalloc
import warnings

import numpy as np
import pytest
from fastadd._core import carefully

import fastadd
from fastadd import add, add_
from fastadd._compare import cases
from fastadd._compare.cases import DTYPES
from fastadd._compare.reference import assert_same_bits, reference

F4 = np.arange(6, dtype=np.float32).reshape(2, 3)
I4 = F4.astype(np.int32)


# ---- refusals: what is said, and that nothing was written ---------------------------

REFUSED = {
    "float for integers": (
        lambda out: add(I4, I4, alpha=1.5, out=out),
        np.int32,
        TypeError,
        r"alpha=1\.5 is a float, but the result is int32: .*must be an integer\. "
        r"Pass dtype=np\.float64",
    ),
    "1.0 for integers": (
        lambda out: add(I4, I4, beta=1.0, out=out),
        np.int32,
        TypeError,
        r"beta=1\.0 is a float, but the result is int32",
    ),
    "NumPy float for integers": (
        lambda out: add(I4, I4, alpha=np.float32(2), out=out),
        np.int32,
        TypeError,
        r"alpha=.*2\.0.* is a float, but the result is int32",
    ),
    "complex for integers": (
        lambda out: add(I4, I4, alpha=1j, out=out),
        np.int32,
        TypeError,
        r"alpha=1j is a complex number, but the result is int32.*dtype=np\.complex128",
    ),
    "bool for integers": (
        lambda out: add(I4, I4, alpha=True, out=out),
        np.int32,
        TypeError,
        r"alpha=True is a bool, but the result is int32.*alpha=int\(alpha\)",
    ),
    "complex for floats": (
        lambda out: add(F4, F4, alpha=1j, out=out),
        np.float32,
        TypeError,
        r"alpha=1j is a complex number, but the result is float32: "
        r"for that, alpha must be an integer or a float",
    ),
    "bool for floats": (
        lambda out: add(F4, F4, alpha=np.True_, out=out),
        np.float32,
        TypeError,
        r"is a bool, but the result is float32",
    ),
    "bool for complex": (
        lambda out: add(F4, 1j, alpha=True, out=out),
        np.complex64,
        TypeError,
        r"is a bool, but the result is complex64: for that, alpha must be an integer "
        r"or a float or a complex number",
    ),
    "float for bool": (
        lambda out: add(F4 > 1, F4 > 2, alpha=1.0, out=out),
        np.bool_,
        TypeError,
        r"is a float, but the result is bool: for that, alpha must be a bool or an int",
    ),
    "complex for bool": (
        lambda out: add(F4 > 1, F4 > 2, beta=1j, out=out),
        np.bool_,
        TypeError,
        r"beta=1j is a complex number, but the result is bool",
    ),
    "None": (
        lambda out: add(F4, F4, alpha=None, out=out),
        np.float32,
        TypeError,
        r"alpha is of type NoneType: it must be a Python or NumPy number or a 0-d ",
    ),
    "string": (
        lambda out: add(F4, F4, alpha="2", out=out),
        np.float32,
        TypeError,
        r"alpha='2' is of type str",
    ),
    "array of complex numbers": (
        lambda out: add(F4, F4, beta=np.ones(3, complex), out=out),
        np.float32,
        TypeError,
        r"beta has dtype complex128.*each of beta must be an integer or a float",
    ),
    "array of another shape": (
        lambda out: add(F4, F4, beta=np.ones(4), out=out),
        np.float32,
        ValueError,
        r"other \(2, 3\) and beta \(4,\), which do not broadcast",
    ),
    "fraction": (
        lambda out: add(F4, F4, alpha=fractions.Fraction(1, 2), out=out),
        np.float32,
        TypeError,
        r"alpha is of type fractions\.Fraction",
    ),
    "timedelta": (
        lambda out: add(I4, I4, alpha=np.timedelta64(1, "D"), out=out),
        np.int32,
        TypeError,
        r"alpha is of type numpy\.timedelta64",
    ),
    "300 for uint8": (
        lambda out: add(I4.astype("u1"), 1, alpha=300, out=out),
        np.uint8,
        OverflowError,
        r"alpha=300 does not fit uint8: -255 to 255 .*dtype=np\.int64",
    ),
    "-256 for uint8": (
        lambda out: add(I4.astype("u1"), 1, alpha=-256, out=out),
        np.uint8,
        OverflowError,
        r"alpha=-256 does not fit uint8",
    ),
    "200 for int8": (
        lambda out: add(I4.astype("i1"), 1, alpha=200, out=out),
        np.int8,
        OverflowError,
        r"alpha=200 does not fit int8: -128 to 127",
    ),
    "2**64 for uint64": (
        lambda out: add(I4.astype("u8"), 1, alpha=2**64, out=out),
        np.uint64,
        OverflowError,
        r"alpha=18446744073709551616 does not fit uint64.*dtype=np\.float64",
    ),
    "-2**63-1 for int64": (
        lambda out: add(I4.astype("i8"), 1, beta=-(2**63) - 1, out=out),
        np.int64,
        OverflowError,
        r"beta=-9223372036854775809 does not fit int64",
    ),
    "1e300 for float32": (
        lambda out: add(F4, F4, alpha=1e300, out=out),
        np.float32,
        OverflowError,
        r"alpha=1e\+300 does not fit float32: .*Pass dtype=np\.float64, or",
    ),
    "1e39 for float16": (
        lambda out: add(F4.astype("f2"), 1, alpha=1e39, out=out),
        np.float16,
        OverflowError,
        r"alpha=1e\+39 does not fit float32",  # in which it is computed
    ),
    "10**400 for float64": (
        lambda out: add(F4.astype("f8"), 1, alpha=10**400, out=out),
        np.float64,
        OverflowError,
        r"alpha=1000.*\.\.\..*000 does not fit float64",
    ),
    "1e300j for complex64": (
        lambda out: add(F4, 1j, alpha=1 + 1e300j, out=out),
        np.complex64,
        OverflowError,
        r"alpha=\(1\+1e\+300j\) does not fit complex64",
    ),
    "integer operand out of range": (
        lambda out: add(I4.astype("u1"), 300, out=out),
        np.uint8,
        OverflowError,
        r"other=300 does not fit uint8: 0 to 255 are allowed",
    ),
    "negative operand of unsigned": (
        lambda out: add(I4.astype("u8"), -1, out=out),
        np.uint64,
        OverflowError,
        r"other=-1 does not fit uint64: 0 to",
    ),
    "shapes": (
        lambda out: add(F4, F4[:, :2], out=out),
        np.float32,
        ValueError,
        r"input has shape \(2, 3\) and other \(2, 2\).*do not broadcast",
    ),
    "out of another shape": (
        lambda out: add(F4.T, F4.T, out=out),
        np.float32,
        ValueError,
        r"out has shape \(2, 3\), .*\(3, 2\) does not broadcast; it is never resized",
    ),
    "out that would have to grow": (
        lambda out: add(np.ones((4, 2, 3), "f4"), 1, out=out),
        np.float32,
        ValueError,
        r"\(4, 2, 3\) does not broadcast",
    ),
    "out of a lower kind": (
        lambda out: add(F4, F4, out=out),
        np.int32,
        TypeError,
        r"out has dtype int32 and the result float32, .*casting='same_kind'",
    ),
    "out of int8 as uint8": (
        lambda out: add(I4.astype("i1"), 1, out=out),
        np.uint8,
        TypeError,
        r"out has dtype uint8 and the result int8",
    ),
    "casting of an operand": (
        lambda out: add(F4, F4, dtype=np.int32, out=out),
        np.int32,
        TypeError,
        r"input has dtype float32, which casting='same_kind' does not let into .*int32",
    ),
    "casting of a number": (
        lambda out: add(I4, 1.5, dtype=np.int32, out=out),
        np.int32,
        TypeError,
        r"other is 1\.5, which casting='same_kind' does not let into .*int32",
    ),
    "casting='no'": (
        lambda out: add(F4, F4.astype(">f4"), casting="no", out=out),
        np.float32,
        TypeError,
        r"other has dtype >f4, which casting='no' does not let",
    ),
    "unknown casting": (
        lambda out: add(1, 2, casting="same-kind", out=out),
        np.int64,
        ValueError,
        r"casting",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_and_nothing_written(case):
    call, dtype, error, message = REFUSED[case]
    out = np.full((2, 3), 1, dtype)
    with pytest.raises(error, match=f"(?s){message}"):
        call(out)
    assert (out == 1).all()
    if not case.startswith("out "):
        with pytest.raises(error, match=f"(?s){message}"):
            call(None)


@pytest.mark.parametrize("out", ([0.0] * 3, np.ndarray, 1.0, "x", (np.empty(3),) * 2))
def test_out_must_be_an_array(out):
    with pytest.raises(TypeError, match=r"out is of type .*must be a numpy\.ndarray"):
        add([1.0] * 3, 2.0, out=out)
    with pytest.raises(TypeError, match=r"input is of type .*add_ writes into it"):
        add_(out, 2.0)


def test_out_read_only():
    memory = np.zeros(3)
    for out in (np.broadcast_to(memory, (3,)), np.frombuffer(bytes(24))):
        with pytest.raises(ValueError, match=r"out is read-only"):
            add(np.ones(3), 1.0, out=out)
        assert (out == 0).all()


@pytest.mark.parametrize(
    "shape, strides",
    (
        ((5,), (0,)),
        ((3, 3), (8, 8)),
        ((2, 5), (32, 8)),
        ((5,), (4,)),
        ((3, 2), (16, 8)),
    ),
)
def test_out_that_overlaps_itself(shape, strides):
    memory = np.zeros(32)
    out = np.lib.stride_tricks.as_strided(memory, shape, strides)
    overlaps = strides != (16, 8)
    if overlaps:
        with pytest.raises(ValueError, match=r"out overlaps itself \(shape .*strides"):
            add(np.ones(shape), 1.0, out=out)
        assert (memory == 0).all()
    else:
        assert (add(np.ones(shape), 1.0, out=out) == 2).all()


def test_out_interlocked_but_apart():
    """Strides 3 and 2 elements over (2, 3): no two meet, though no axis steps over the
    other; only an exact test sees it."""
    memory = np.zeros(16)
    out = np.lib.stride_tricks.as_strided(memory, (2, 3), (24, 16))
    add(F4.astype("f8"), 1, out=out)
    assert (out == F4 + 1).all()


def test_keywords_only():
    with pytest.raises(TypeError):
        add(F4, F4, 2)
    with pytest.raises(TypeError):
        add(F4)
    with pytest.raises(TypeError):
        add(F4, F4, gamma=1)


# ---- dtypes --------------------------------------------------------------------------


def numbers():
    return (True, 2, 2.5, 1j, np.int8(1), np.float32(1), np.array(2), np.array(1, "f2"))


@pytest.mark.parametrize("name", DTYPES)
def test_result_dtype_is_numpys(name):
    a = cases.moderate(3, DTYPES[name])
    for x in numbers():
        if name == "bfloat16" and type(x) in (int, float):
            assert add(a, x).dtype == add(x, a).dtype == a.dtype  # weak
            continue
        try:
            expected = np.result_type(a, x)
        except TypeError:
            with pytest.raises(TypeError, match="no common dtype"):
                add(a, x)
        else:
            assert add(a, x).dtype == add(x, a).dtype == expected


def test_two_numbers():
    for x in numbers():
        for y in numbers():
            result = add(x, y, alpha=1)
            assert isinstance(result, np.generic)
            assert result == np.add(x, y)
            assert result.dtype == np.result_type(x, y)


def test_nested_lists():
    result = add([[1, 2], [3, 4]], (10, 20), alpha=2)
    assert result.dtype == np.int64
    assert result.tolist() == [[21, 42], [23, 44]]
    with pytest.raises(ValueError, match="inhomogeneous"):
        add([[1], [2, 3]], 1)


def test_coefficients_may_be_numpy_numbers_or_0d_arrays():
    for alpha in (2, np.int8(2), np.uint64(2), np.array(2), np.array(2, ">i4")):
        assert (add(I4, I4, alpha=alpha) == 3 * I4).all()
        assert add(I4, I4, alpha=alpha).dtype == np.int32
    for alpha in (2.0, np.float16(2), np.float64(2), np.longdouble(2), np.array(2.0)):
        assert (add(F4, F4, alpha=alpha) == 3 * F4).all()
        assert add(F4, F4, alpha=alpha).dtype == np.float32
    z = F4.astype(np.complex64)
    for alpha in (2j, np.complex64(2j), np.array(2j)):
        assert (add(z, z, alpha=alpha) == z + 2j * z).all()
    if "bfloat16" in DTYPES:
        assert (add(F4, F4, beta=DTYPES["bfloat16"].type(2)) == 3 * F4).all()


def test_unsigned_coefficients_wrap():
    a, b = cases.values(99, np.dtype("u8"), 1), cases.values(99, np.dtype("u8"), 2)
    assert_same_bits(add(a, b, alpha=-1), a - b)
    assert_same_bits(add(a, b, alpha=-(2**64) + 1), a + b)
    assert_same_bits(add(a, b, alpha=2**64 - 1), a - b)
    small = a.astype("u1")
    assert_same_bits(add(small, small[::-1], beta=-255), small + small[::-1])


@pytest.mark.parametrize("name", ("float32", "float64", "longdouble", "complex64"))
def test_coefficients_at_the_edge(name):
    dtype = DTYPES[name]
    one = np.ones(3, dtype)
    largest = np.finfo(dtype).max
    assert_same_bits(add(0, one, alpha=largest), one * largest)
    assert_same_bits(
        add(0, one, alpha=np.finfo(dtype).tiny), one * np.finfo(dtype).tiny
    )
    assert np.isinf(add(0, one, alpha=np.inf).real).all()
    assert np.isnan(add(0, one, alpha=np.nan)).all()
    assert np.isnan(add(one, 0 * one, alpha=np.inf).real).all()  # no shortcut for 0


def test_longdouble_coefficient_keeps_its_digits():
    if np.finfo(np.longdouble).nmant < 63:
        pytest.skip("longdouble is float64 here")
    one = np.ones(3, np.longdouble)
    third = np.longdouble(1) / 3
    assert_same_bits(add(0, one, alpha=third), one * third)
    assert_same_bits(add(0, one, alpha=2**63 + 1), one * np.longdouble(2**63 + 1))
    assert add(0, one, alpha=2**70 + 2**10)[0] - np.longdouble(2) ** 70 == 2**10


def test_dtype_argument():
    photo = np.array([0, 100, 255], np.uint8)
    result = add(photo, photo[::-1], alpha=0.4, beta=0.6, dtype=np.float32)
    assert_same_bits(result, reference(photo, photo[::-1], 0.4, 0.6, np.float32))
    assert add(I4, I4, dtype=">f8").dtype == np.dtype("f8")
    assert add(I4, 1.5, dtype="i4", casting="unsafe").tolist() == (I4 + 1).tolist()
    assert add(F4, 1, dtype=np.complex64).dtype == np.complex64
    out = np.empty((2, 3), np.float16)
    assert_same_bits(add(F4, F4, dtype="f8", out=out), (F4 + F4).astype("f2"))


def test_dtype_classes():
    result = add(F4, F4, alpha=0.5, dtype=np.dtypes.Float32DType)
    assert_same_bits(result, reference(F4, F4, 0.5, 1, np.float32))
    with pytest.raises(TypeError):
        add(F4, F4, dtype=np.dtypes.StringDType())


def test_the_c_type_is_numpys():
    for x, y in ("ll", "lq", "ql", "qq", "LQ", "QL"):
        result = add(np.ones(2, x), np.ones(2, y))
        assert result.dtype.num == np.add(np.ones(2, x), np.ones(2, y)).dtype.num


def test_numbers_keep_all_their_digits():
    exact = np.longdouble(2**62 + 1)
    for either in (add, carefully("add")):
        assert either(np.zeros(1, "g"), 2**62 + 1)[0] == exact
        assert either(0, np.ones(1, "g"), alpha=2**62 + 1)[0] == exact
        assert either(0, np.ones(1, "G"), alpha=2**62 + 1)[0] == exact
    if "bfloat16" in DTYPES:
        one = np.ones(1, DTYPES["bfloat16"])
        for number in (2**62, 2**63, -(2**63) - 1, 2**70):
            assert add(one, number)[0] == one.dtype.type(float(number))
        with pytest.raises(OverflowError):
            add(one, 10**400)


def test_numbers_are_let_in_by_their_kind():
    order = "bifc"
    for number, own in ((2, "i"), (2.5, "f"), (2j, "c")):
        for dtype in map(np.dtype, "?bILfdgFDG"):
            x = np.ones(2, dtype)
            if order.index(own) > order.index(cases.kind(dtype)):
                with pytest.raises(TypeError, match="casting='same_kind' does not let"):
                    add(x, number, dtype=dtype)
            else:
                assert add(x, number, dtype=dtype).dtype == dtype


@pytest.mark.parametrize("casting", ("no", "equiv", "safe", "same_kind", "unsafe"))
def test_casting_is_numpys(casting):
    """Accepted and refused exactly as np.add accepts and refuses."""
    names = ("bool", "int8", "uint8", "int64", "float32", "float64", "complex64")
    for x in names:
        for y in names:
            for z in (*names, ">f4"):
                a, b, out = np.ones(2, x), np.ones(2, y), np.zeros(2, z)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
                    try:
                        expected = np.add(a, b, out=np.zeros(2, z), casting=casting)
                    except TypeError:
                        with pytest.raises(TypeError, match=f"casting='{casting}'"):
                            add(a, b, out=out, casting=casting)
                        assert (out == 0).all()
                    else:
                        result = add(a, b, out=out, casting=casting)
                        assert_same_bits(result, expected)


# ---- shape and memory ----------------------------------------------------------------


@pytest.mark.parametrize("ndim", (1, 2, 3, 4))
def test_memory_order_is_numpys(ndim):
    rng = np.random.default_rng(ndim)
    for _ in range(200):
        shape = tuple(int(n) for n in rng.integers(0 if ndim < 3 else 1, 4, ndim))
        pair = []
        for _ in range(2):
            order = rng.permutation(ndim)
            x = np.empty([shape[i] for i in order]).transpose(np.argsort(order))
            x = x[tuple(slice(None, None, rng.choice([1, -1])) for _ in shape)]
            keep = rng.random(ndim) < 0.8
            pair.append(x[tuple(slice(None if k else 1) for k in keep)])
        a, b = pair
        try:
            expected = np.add(a, b)
        except ValueError:
            with pytest.raises(ValueError, match="do not broadcast"):
                add(a, b)
            continue
        for result in (add(a, b), carefully("add")(a, b), add(a, b.astype(">f4"))):
            assert result.shape == expected.shape
            assert result.strides == expected.strides
            assert result.flags.owndata and result.base is None


def test_0d():
    zero_d = np.array(2.0)
    for result in (
        add(zero_d, zero_d),
        carefully("add")(zero_d, zero_d),
        add(zero_d, 2),
    ):
        assert type(result) is np.float64
        assert result == 4
    out = np.empty(())
    assert add(zero_d, 2.0, out=out) is out
    assert out == 4
    assert add(np.float32(1), np.ones(3, "f4")).dtype == np.float32


def test_empty():
    for shape in ((0,), (2, 0, 3), (0, 4)):
        a = np.empty(shape)
        assert add(a, a).shape == shape
        assert add(a, 1.0, out=a) is a
    assert add(np.empty((0,)), np.ones((1,))).shape == (0,)
    assert add(np.empty((2, 0)), np.ones((1, 1), "i4")).shape == (2, 0)
    with pytest.raises(ValueError, match="do not broadcast"):
        add(np.empty((0,)), np.ones((2,)))


def test_out_broadcasts_the_operands():
    out = np.empty((2, 3))
    assert add([1, 2, 3], 1, out=out) is out
    assert out.tolist() == [[2, 3, 4]] * 2
    assert add_(out, [1, 1, 1], alpha=-1) is out
    assert out.tolist() == [[1, 2, 3]] * 2


def test_in_place_costs_no_copy():
    a = np.ones((1000, 1000), "f4")[:, ::2]
    b = np.ones((1000, 500), "f8")
    for operand, copied in ((a, 0), (1.5, 0), (b, 0), (a[:1], 0), (a[::-1], 1)):
        tracemalloc.start()
        add(a, operand, out=a)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak // 1_000_000 == 2 * copied


def test_read_only_operands_are_read_in_place():
    a = np.arange(1000.0)
    a.flags.writeable = False
    assert (add(a, a) == 2 * a).all()
    assert (add(np.frombuffer(a.tobytes()), a) == 2 * a).all()


def test_memmap_in_and_out(tmp_path):
    out = np.memmap(tmp_path / "out", np.float32, "w+", shape=(100,))
    a = np.memmap(tmp_path / "in", np.float32, "w+", shape=(100,))
    a[:] = np.arange(100)
    assert add(a, a, alpha=2, out=out) is out
    out.flush()
    assert (np.fromfile(tmp_path / "out", np.float32) == 3 * np.arange(100)).all()
    assert type(add(a, 1)) is np.ndarray


def test_plain_subclass_as_out():
    class Plain(np.ndarray):
        pass

    out = np.zeros(3).view(Plain)
    assert add(np.ones(3), 1, out=out) is out
    assert (np.asarray(out) == 2).all()


def test_matrix_as_out():
    out = np.zeros((4, 4)).view(np.matrix)[:, ::2]
    assert add(np.ones((4, 2)), 1.0, out=out) is out
    assert (np.asarray(out) == 2).all()


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_out_of_fewer_dimensions_is_refused(dtype):
    for shape, out_shape in (((1, 3), (3,)), ((1, 1), ()), ((1, 1, 3), (1, 3))):
        out = np.zeros(out_shape, dtype)
        for x, y in ((np.ones(shape), 1.0), (np.ones(out_shape), np.ones(shape))):
            with pytest.raises(ValueError, match="does not broadcast"):
                add(x, y, out=out)
            assert (out == 0).all()


def test_array_likes():
    class Likeness:
        def __array__(self, dtype=None, copy=None):
            return np.arange(3.0)

    assert add(Likeness(), 1).tolist() == [1, 2, 3]
    assert add(memoryview(b"abc"), 1).tolist() == [98, 99, 100]
    assert add(range(3), 1).tolist() == [1, 2, 3]


# ---- what NumPy computes -------------------------------------------------------------


def test_objects_as_out_of_native_operands():
    out = np.empty((2, 3), object)
    assert add(I4, I4, alpha=2, out=out) is out
    assert out.tolist() == (3 * I4).tolist()
    overlapping = np.lib.stride_tricks.as_strided(out, (2, 3), (0, 8))
    for call in (
        lambda: add(I4, I4, out=overlapping),
        lambda: fastadd.addcmul(out, 2, 3, out=overlapping),
        lambda: fastadd.relu(out, out=overlapping),
    ):
        with pytest.raises(ValueError, match="out overlaps itself"):
            call()
    assert out.tolist() == (3 * I4).tolist()
    for bad in (1.5, np.arange(3) * 0.5):
        with pytest.raises(TypeError, match="alpha"):
            add(I4, I4, alpha=bad, out=out)
    with pytest.raises(ValueError):
        add(I4, I4, out=np.empty(5, object))
    with pytest.raises(TypeError):
        add(F4, F4, out=np.empty((2, 3), "m8[s]"))


# ---- the function as an object -------------------------------------------------------


def test_add_is_a_documented_function():
    assert fastadd.add.__name__ == "add"
    assert "Parameters" in inspect.getdoc(fastadd.add)
    assert str(inspect.signature(fastadd.add)) == (
        "(input, other, *, alpha=1, beta=1, out=None, dtype=None, casting='same_kind', "
        "where=True)"
    )
    assert pickle.loads(pickle.dumps(fastadd.add)) is fastadd.add


def test_too_large_a_result():
    huge = np.broadcast_to(np.float64(1), (1 << 24, 1 << 24))
    with pytest.raises(MemoryError):
        add(huge, 1.0)
    with pytest.raises(MemoryError):
        add(huge, np.float32(1))
