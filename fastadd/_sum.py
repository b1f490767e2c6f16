"""`weighted_sum`: any number of operands in one pass."""

import numpy as np

from fastadd import _core
from fastadd._add import add
from fastadd._checks import (
    apart,
    as_dtype,
    as_list,
    as_operand,
    as_out,
    check_casting,
    check_is_array,
    check_lengths,
    check_out,
    checked_operand,
    coefficient,
    common_dtype,
    common_shape,
    computes_itself,
    is_native,
    kind_of_number,
    warn_of_complex,
)


def weighted_sum(arrays, weights=None, *, out=None, dtype=None, casting="same_kind"):
    """Compute ``w0*x0 + w1*x1 + w2*x2 + ...``, element by element, in one pass.

    Each operand is read once and the result written once, whatever their number,
    dtypes and layouts; the sum so far stays in the cache.

    Parameters
    ----------
    arrays : iterable of array_like
        The operands, at least one, of any shapes that broadcast together: a list, or
        anything else without names that yields arrays.
    weights : iterable of numbers, optional
        One for each operand, by the rules of `add`'s coefficients: they do not change
        the dtype of the result. Left out, they are 1.
    out : ndarray, optional
        Where to write the result. The operands must broadcast to its shape; it is
        never resized. It may overlap the operands in any way, but not itself.
    dtype : dtype, optional
        The dtype of the computation and of a fresh result, in place of
        ``np.result_type(*arrays)``.
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe'}, optional
        What conversion is allowed on the way from the operands to the dtype of the
        computation and from there to `out`.

    Returns
    -------
    ndarray or scalar
        `out` itself if given. Otherwise a new array of the broadcast shape, or a NumPy
        scalar if that shape is ``()``.

    Raises
    ------
    TypeError, ValueError, OverflowError, FloatingPointError
        As `add`; also ValueError if `arrays` is empty or has not as many members as
        `weights`.

    See Also
    --------
    add : the sum of two.

    Notes
    -----
    From left to right, each product and each sum is rounded to the dtype of the
    computation: the bits are those of the chain of NumPy's ``multiply`` and ``add`` in
    that dtype and, for two operands, those of `add`. float16 and bfloat16 are computed
    in float32 and rounded once, at the end. Arrays of other types (of Dask, pandas,
    ...) and dtypes that NumPy computes itself are added one after the other.

    Examples
    --------
    A step of Heun's method:

    >>> import numpy as np
    >>> import fastadd
    >>> y = np.array([1.0, 2.0])
    >>> k1, k2 = np.array([0.5, 1.0]), np.array([0.6, 1.2])
    >>> fastadd.weighted_sum([y, k1, k2], [1, 0.05, 0.05])
    array([1.055, 2.11 ])
    """
    result = _core.sum_gate(arrays, weights, out, dtype, casting)
    if result is not NotImplemented:
        return result
    check_casting(casting)
    out = as_out(out)
    arrays, weights = paired(arrays, weights)
    if any(computes_itself(x) for x in (*arrays, out)):
        return one_by_one(arrays, weights, out, dtype, casting)
    operands = [as_operand(x) for x in arrays]
    if out is not None:
        check_is_array(out)
    if dtype is not None:
        dtype = as_dtype(dtype)
    if not all(is_native(x) for x in (*operands, dtype, out)):
        return one_by_one(arrays, weights, out, dtype, casting)
    named = {f"arrays[{place}]": x for place, x in enumerate(operands)}
    if dtype is None:
        dtype = common_dtype(named)
    named = {
        name: checked_operand(name, x, dtype, casting) for name, x in named.items()
    }
    weights = [
        coefficient(f"weights[{place}]", weight, dtype)
        for place, weight in enumerate(weights)
    ]
    shape = common_shape(named)
    operands = named.values()
    if out is not None:
        check_out(out, dtype, shape, casting)
        operands = [apart(x, out) for x in operands]
    warn_of_complex(operands, dtype, out)
    if dtype.itemsize == 2 and dtype.kind in "fV":
        # The kernels will bring the operands to float32: on the way, those that hold
        # more than the result must be rounded to it.
        operands = [
            x if np.can_cast(x.dtype, dtype) else x.astype(dtype) for x in operands
        ]
        # And so must their sum, on its way to an out of another dtype.
        if out is not None and out.dtype != dtype:
            result = _core.run_sum(tuple(operands), weights, None, dtype)
            np.copyto(out, result, casting="unsafe")
            return out
    result = _core.run_sum(tuple(operands), weights, out, dtype)
    return result[()] if out is None and shape == () else result


def paired(arrays, weights):
    """Both as lists of one length."""
    arrays = as_list("arrays", arrays)
    if not arrays:
        raise ValueError(
            "arrays is empty: the sum has no shape and no dtype. Pass at least one."
        )
    if weights is None:
        return arrays, [1] * len(arrays)
    weights = as_list("weights", weights)
    check_lengths("arrays", arrays, "weights", weights)
    return arrays, weights


def one_by_one(arrays, weights, out, dtype, casting):
    """As `add` computes them, which asks NumPy's protocols."""
    keywords = {"dtype": dtype, "casting": casting}
    if len(arrays) == 1:
        return alone(arrays[0], weights[0], out, keywords)
    total = arrays[0]
    for place in range(1, len(arrays)):
        total = add(
            total,
            arrays[place],
            beta=weights[0] if place == 1 else 1,
            alpha=weights[place],
            out=out if place == len(arrays) - 1 else None,
            **keywords,
        )
    return total


def alone(x, weight, out, keywords):
    """One array, by the same rules as two: a weighted one and nothing."""
    if out is None and keywords["dtype"] is None and is_one(weight):
        return x.copy() if computes_itself(x) else np.array(x)[()]
    dtype = getattr(x, "dtype", None)
    zero = -0.0 if getattr(dtype, "kind", None) in ("f", "c") else 0
    if getattr(dtype, "kind", None) in ("m", "M"):
        zero = np.timedelta64(0)
    return add(x, zero, beta=weight, out=out, **keywords)


def is_one(weight):
    return kind_of_number(weight) in ("i", "f", "c") and weight == 1
