"""relu: every real dtype, layout and special number."""

import ml_dtypes
import numpy as np
import pytest

import fastadd
from fastadd import _core, _machine, relu
from fastadd._compare.cases import ALIASINGS, DTYPES, LAYOUTS, LENGTHS, SHAPES, values
from fastadd._compare.reference import assert_same_bits

REAL = [name for name, dtype in DTYPES.items() if dtype.kind != "c"]


def rectified(x):
    """What is below zero, or -0.0, is zero; NaN is not below anything."""
    result = x.copy()
    result[(x <= 0)] = 0
    return result


@pytest.mark.parametrize("name", REAL)
def test_values(name, instruction_set):
    for n in (*LENGTHS, 70_001):
        x = values(n, DTYPES[name], n)
        expected = rectified(x)
        assert_same_bits(relu(x), expected)
        out = np.empty_like(x)
        assert relu(x, out=out) is out
        assert_same_bits(out, expected)
        relu(x, out=x)
        assert_same_bits(x, expected)


@pytest.mark.parametrize("name", REAL)
def test_about_the_caches(name, instruction_set):
    """Streamed and, in place, prefetched."""
    x = values(9_003, DTYPES[name], 1)
    expected = rectified(x)
    try:
        _core.set_last_level_cache(1)
        for start in (0, 1, 5):
            assert_same_bits(relu(x[start:]), expected[start:])
        _core.set_last_level_cache(x.nbytes)
        assert_same_bits(relu(x, out=x), expected)
    finally:
        _core.set_last_level_cache(*_machine.cache_habits())


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
def test_every_special_number(name):
    """All numbers of 16 bits, and as many of wider dtypes."""
    dtype = DTYPES[name]
    bits = np.arange(1 << 16, dtype=f"u{dtype.itemsize}") << 8 * (dtype.itemsize - 2)
    x = bits.view(dtype)
    result = relu(x)
    assert_same_bits(result, rectified(x))
    kept = np.isnan(x) | (x > 0)
    assert (result.view(bits.dtype) == np.where(kept, bits, 0)).all()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["float32", "int16", "float64", "longdouble", "bool"])
def test_layouts(name, layout, instruction_set):
    for shape in (*(s for s in SHAPES if s), (300, 200)):
        x = values(shape, DTYPES[name], 3)
        result = relu(LAYOUTS[layout](x))
        assert_same_bits(result, rectified(x))
        for into in ("C", "F", "stepped", "misaligned", "swapped"):
            out = LAYOUTS[into](np.empty_like(x))
            assert relu(LAYOUTS[layout](x), out=out) is out
            assert_same_bits(out.astype(x.dtype), rectified(x))


@pytest.mark.parametrize("aliasing", ALIASINGS)
def test_overlap(aliasing):
    line = values(40, DTYPES["float32"], 4)
    out, x = ALIASINGS[aliasing](line)
    expected = np.broadcast_to(rectified(x), out.shape).copy()
    relu(x, out=out)
    assert_same_bits(out, expected)


def test_order_scalars_and_lists():
    x = np.ones((4, 5, 6)).transpose(2, 0, 1)
    assert relu(x).strides == np.maximum(x, 0).strides
    assert relu(-3) == 0
    assert type(relu(np.float32(-3))) is np.float32
    assert type(relu(np.array(2.5))) is np.float64
    assert relu([-1, 2]).tolist() == [0, 2]
    assert relu(ml_dtypes.bfloat16(-1)) == 0
    assert relu(np.array([], "f4")).size == 0


def test_out_of_another_dtype_and_shape():
    x = np.array([-1.5, 2.5], "f4")
    assert (relu(x, out=np.empty((3, 2))) == [0, 2.5]).all()
    assert (relu(x, out=np.empty(2, "f2")) == [0, 2.5]).all()


def test_no_flags():
    x = np.array([np.nan, -np.inf, np.inf, -0.0, -1e-310, 1e-310])
    with np.errstate(all="raise"):
        for dtype in ("f8", "g"):
            relu(x.astype(dtype))


def test_threads():
    x = values((700, 800), DTYPES["float64"], 5)
    for threads in (1, 2, 5):
        with fastadd.threads(threads):
            assert_same_bits(relu(x.T), rectified(x.T))


def test_others_compute_themselves():
    masked = relu(np.ma.array([-1.0, 2.0, -3.0], mask=[0, 1, 0]))
    assert masked.tolist() == [0.0, None, 0.0]
    assert relu(np.array([-1, 2**70], object)).tolist() == [0, 2**70]


@pytest.mark.parametrize(
    "x, out, error, match",
    [
        (np.ones(2, "F"), None, TypeError, "complex numbers have no order"),
        (1j, None, TypeError, "complex"),
        (np.ma.ones(2, "F"), None, TypeError, "complex"),
        (np.ones(2), [1, 2], TypeError, "out is of type list"),
        (np.ones(2), np.full(2, 7), TypeError, "casting"),
        (np.ones(2), np.full(3, 7.0), ValueError, "never resized"),
        (np.ones(2), np.broadcast_to(7.0, 2), ValueError, "read-only"),
        (
            np.ones(2),
            np.lib.stride_tricks.as_strided(np.full(2, 7.0), (2,), (0,)),
            ValueError,
            "overlaps itself",
        ),
        (np.array([-1, 2], object), np.full(3, 7, object), ValueError, "never resized"),
        (np.ma.ones(2), np.full(2, 7), TypeError, "casting"),
        (np.array(["a"]), None, TypeError, "strings have no zero"),
        (np.array(["2020-01-01"], "M8[D]"), None, TypeError, "dates have no zero"),
    ],
)
def test_refused(x, out, error, match):
    with pytest.raises(error, match=match):
        relu(x, out=out)
    if isinstance(out, np.ndarray):
        assert (out == 7).all()
