"""The numbers are right to the bit where they go past the caches, or are asked for
ahead, which other tests are too small for."""

import numpy as np
import pytest
from fastadd._core import explain

import fastadd
from fastadd import _core, _machine
from fastadd._compare.cases import DTYPES, MIXTURES, kind, values
from fastadd._compare.reference import assert_same_bits, reference

PAIRS = [(name, name) for name in DTYPES] + list(MIXTURES)


@pytest.mark.parametrize("one, two", PAIRS, ids=map(" + ".join, PAIRS))
def test_streamed_values(one, two, instruction_set):
    """Rows with every kind of end, in order, reversed, constant and transposed; and
    those in place that are prefetched."""
    n = 5003
    x, y = values(n + 8, DTYPES[one], 1), values(n + 8, DTYPES[two], 2)
    dtype = np.result_type(x, y)
    alpha = {"b": True, "i": 3}.get(kind(dtype), 1.5)
    square = values((70, 1100), DTYPES[one], 3), values((1100, 70), DTYPES[two], 4).T
    _core.set_last_level_cache(1)
    found = explain(x[:n], y[:n], alpha=alpha, out=np.empty(n, dtype))
    assert found["streamed"] == (dtype.char not in "gG")
    try:
        with np.errstate(all="ignore"):
            for a, b in (
                *((x[k : k + n], y[8 - k :][:n]) for k in (0, 1, 8)),
                (x[:n][::-1], y[:n]),
                (x[:n][::-1], y[:n][::-1]),
                (x[:n], y[:1]),
                (x[:1], y[:n]),
                square,
            ):
                right = reference(a, b, alpha, 1, dtype)
                for offset in (0, 1, 5):
                    out = np.empty(right.size + offset, dtype)[offset:]
                    out = out.reshape(right.shape)
                    fastadd.add(a, b, alpha=alpha, out=out)
                    assert_same_bits(out, right)
            if dtype in (x.dtype, y.dtype):
                a, b = x[:n].copy(), y[1:][:n].copy()
                out = a if a.dtype == dtype else b
                right = reference(a, b, alpha, 1, dtype)
                _core.set_last_level_cache(a.nbytes + b.nbytes)
                assert explain(a, b, alpha=alpha, out=out)["prefetched"]
                fastadd.add(a, b, alpha=alpha, out=out)
                assert_same_bits(out, right)
    finally:
        _core.set_last_level_cache(*_machine.cache_habits())


@pytest.mark.parametrize("one, two", PAIRS, ids=map(" + ".join, PAIRS))
def test_long_rows_that_begin_anywhere(one, two, instruction_set):
    """Rows of which the first elements are computed apart, each of another number."""
    n = 12500
    a, b = values((3, n), DTYPES[one], 1), values((3, n), DTYPES[two], 2)
    dtype = np.result_type(a, b)
    alpha = {"b": True, "i": 3}.get(kind(dtype), 1.5)
    with np.errstate(all="ignore"), fastadd.threads(1):
        for other in (b, b[:1]):
            right = reference(a, other, alpha, 1, dtype)
            for offset in range(0, 5, 2):
                wide = np.zeros((3, n + 7), dtype)
                out = wide[:, offset : offset + n]
                fastadd.add(a, other, alpha=alpha, out=out)
                assert_same_bits(out, right)
                assert not wide[:, :offset].any()
                assert not wide[:, offset + n :].any()
