"""foreach_add against one add after the other, which has its own tests."""

from fractions import Fraction

import numpy as np
import pytest

import fastadd
from fastadd import foreach_add
from fastadd._compare.cases import DTYPES, LAYOUTS, coefficients, values
from fastadd._compare.reference import assert_same_bits, reference

SIZES = (0, 1, 7, 64, 1003, 5000, 70_001, 3)


def lists(dtype):
    inputs = [values(n, dtype, 2 * place) for place, n in enumerate(SIZES)]
    others = [values(n, dtype, 2 * place + 1) for place, n in enumerate(SIZES)]
    return inputs, others


@pytest.mark.parametrize("name", DTYPES)
def test_values(name, instruction_set):
    dtype = DTYPES[name]
    inputs, others = lists(dtype)
    for alpha, _ in coefficients(dtype):
        expected = [
            reference(x, y, alpha, 1, dtype)
            for x, y in zip(inputs, others, strict=True)
        ]
        results = foreach_add(inputs, others, alpha=alpha)
        for result, right in zip(results, expected, strict=True):
            assert_same_bits(result, right)
        out = [x.copy() for x in inputs]
        assert foreach_add(out, tuple(others), alpha=alpha, out=out) is out
        for result, right in zip(out, expected, strict=True):
            assert_same_bits(result, right)


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_threads_divide_all_elements(threads):
    rng = np.random.default_rng(threads)
    for sizes in ((200_000,), (1, 300_000, 2), rng.integers(0, 9000, 180), [1000] * 99):
        inputs = [rng.standard_normal(n).astype("f4") for n in sizes]
        others = [rng.standard_normal(n).astype("f4") for n in sizes]
        with fastadd.threads(threads):
            results = foreach_add(inputs, others, alpha=0.1)
        for x, y, result in zip(inputs, others, results, strict=True):
            assert_same_bits(result, x + np.float32(0.1) * y)


def test_mixed_dtypes_layouts_and_coefficients():
    inputs, others, alphas = [], [], []
    shape = (40, 90)
    for place, layout in enumerate(LAYOUTS.values()):
        for name in ("float32", "int16", "complex64"):
            inputs.append(layout(values(shape, DTYPES[name], place)))
            others.append(values(shape, DTYPES["float64"], place + 1)[:, :1])
            alphas.append((0.5, np.float32(2), 3)[place % 3])
    results = foreach_add(inputs, others, alpha=alphas)
    for x, y, alpha, result in zip(inputs, others, alphas, results, strict=True):
        assert_same_bits(result, fastadd.add(x, y, alpha=alpha))


def test_scalars():
    inputs = [np.arange(3.0), np.ones((2, 2), "f4"), np.float64(3), np.array(4.0)]
    for other in (2, 2.0, np.float32(2), np.array(2)):
        results = foreach_add(inputs, other, alpha=3)
        for x, result in zip(inputs, results, strict=True):
            assert_same_bits(result, fastadd.add(x, other, alpha=3))
    assert type(results[2]) is np.float64
    assert foreach_add([], []) == []
    assert foreach_add([1, 2], [3, 4], alpha=np.array([1, 2])) == [4, 10]
    assert foreach_add((x for x in (1, 2)), [3, 4]) == [4, 6]


def test_out_over_the_operands_of_others():
    """As if nothing overlapped: all is read before it is written."""
    for n in (30, 50_000):
        memory = np.random.default_rng(n).standard_normal(4 * n + 1)
        for shift in (0, 1, n):
            line = memory.copy()
            outs = [line[k * n : (k + 1) * n] for k in range(3)]
            inputs = [line[k * n + shift : (k + 1) * n + shift] for k in (1, 2, 0)]
            others = [line[k * n : (k + 1) * n][::-1] for k in (2, 0, 1)]
            expected = [x - 2 * y for x, y in zip(inputs, others, strict=True)]
            foreach_add(inputs, others, alpha=-2, out=outs)
            for out, right in zip(outs, expected, strict=True):
                assert_same_bits(out, right)


def test_outs_between_one_another():
    """Columns of one array lie in one another's bounds, and yet apart."""
    square = np.zeros((5, 6))
    columns = list(square.T)
    foreach_add([np.full(5, k) for k in range(6)], 10, alpha=2, out=columns)
    assert (square == np.arange(6) + 20).all()


def test_others_compute_themselves():
    masked = np.ma.array([1.0, 2.0], mask=[0, 1])
    fraction = np.array([Fraction(1, 3)], object)
    results = foreach_add([masked, fraction, np.ones(2)], [1.0, fraction, np.ones(2)])
    assert isinstance(results[0], np.ma.MaskedArray)
    assert results[0].tolist() == [2.0, None]
    assert results[1][0] == Fraction(2, 3)
    assert (results[2] == 2).all()


ONE, TWO, THREE = np.ones(1), np.ones(2), np.ones(3)
WRONG = (
    (((5, [1]), {}), TypeError, "inputs is of type int"),
    ((([TWO], None), {}), TypeError, "others is of type NoneType"),
    ((([TWO], "a"), {}), TypeError, "others is of type str"),
    ((([TWO, TWO], [TWO]), {}), ValueError, "2 inputs and 1 others"),
    ((([TWO, TWO], 1), {"alpha": [1]}), ValueError, "2 inputs and 1 alpha"),
    ((([TWO, TWO], [TWO, THREE]), {}), ValueError, "do not broadcast"),
    ((([TWO, TWO], [TWO, THREE]), {}), ValueError, r"others\[1\]"),
    ((([TWO, TWO], 1), {"alpha": [1, 1j]}), TypeError, r"alpha\[1\]=1j is a complex"),
    ((([TWO, TWO], 1), {"alpha": [1, None]}), TypeError, r"alpha\[1\] is of type None"),
    ((([np.ones(2, "u1")] * 2, [1, 300]), {}), OverflowError, "300"),
    ((([TWO, TWO], 1), {"out": [TWO]}), ValueError, "2 inputs and 1 out"),
    ((([TWO, TWO], 1), {"out": 3}), TypeError, "out is of type int"),
    ((([TWO, TWO], 1), {"out": [TWO.copy(), [1, 2]]}), TypeError, "type list"),
    ((([TWO, TWO], 1), {"out": [TWO.copy(), ONE]}), ValueError, "never resized"),
    (
        (([TWO, TWO], 1), {"out": [TWO.copy(), None]}),
        TypeError,
        "member of out is None",
    ),
    ((([TWO, 2j], 1), {"out": [TWO.copy(), ONE]}), TypeError, "casting"),
    (
        (([TWO, TWO], 1), {"out": [TWO.copy(), np.broadcast_to(1.0, 2)]}),
        ValueError,
        "read-only",
    ),
    ((([TWO, TWO], 1), {"out": [TWO, TWO]}), ValueError, r"out\[0\] and out\[1\]"),
    (
        (([TWO, ONE], 1), {"out": [THREE[:2], THREE[1:2]]}),
        ValueError,
        r"out\[0\] and out\[1\]",
    ),
)


@pytest.mark.parametrize("call, error, match", WRONG)
def test_refused_before_anything_is_written(call, error, match):
    arguments, keywords = call
    with pytest.raises(error, match=match):
        foreach_add(*arguments, **keywords)
    outs = keywords.get("out", [])
    for x in (ONE, TWO, THREE, *(outs if isinstance(outs, list) else [])):
        assert not isinstance(x, np.ndarray) or (x == 1).all()


def test_nothing_is_written_where_the_last_is_refused():
    outs = [np.full(2, 9.0), np.full(3, 9.0)]
    with pytest.raises(ValueError, match="never resized"):
        foreach_add([TWO, TWO], 1, out=outs)
    assert all((x == 9).all() for x in outs)


def test_error_state():
    for n in (4, 100_000):
        large = [np.ones(n), np.full(n, 1e308)]
        with (
            np.errstate(over="raise"),
            pytest.raises(FloatingPointError, match="overflow encountered in foreach"),
        ):
            foreach_add(large, large, alpha=1.5)
        with np.errstate(over="raise"):
            foreach_add(large, large, alpha=0.5)
