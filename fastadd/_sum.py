"""`weighted_sum`: any number of operands in one pass."""

import numpy as np

from fastadd import _core
from fastadd._add import add
from fastadd._call import careful
from fastadd._checks import computes_itself, kind_of_number
from fastadd._function import Function, public
from fastadd._lists import as_list, check_lengths


def one_by_one(function, operands, weights, out, dtype, casting, where):
    """As `add` computes them, which asks NumPy's protocols."""
    arrays, weights = list(operands.values()), list(weights.values())
    keywords = {"dtype": dtype, "casting": casting, "where": where}
    if len(arrays) == 1:
        return alone(arrays[0], weights[0], out, keywords)
    return _core.added_in_turn, (add, arrays, weights, out, keywords), {}


def alone(x, weight, out, keywords):
    """One array, by the same rules as two: a weighted one and nothing."""
    if out is None and keywords["dtype"] is None and is_one(weight):
        return (
            _core.given_back,
            (x.copy() if computes_itself(x) else np.array(x)[()],),
            {},
        )
    dtype = getattr(x, "dtype", None)
    zero = -0.0 if getattr(dtype, "kind", None) in ("f", "c") else 0
    if getattr(dtype, "kind", None) in ("m", "M"):
        zero = np.timedelta64(0)
    return add, (x, zero), {"beta": weight, "out": out, **keywords}


def is_one(weight):
    return kind_of_number(weight) in ("i", "f", "c") and weight == 1


def arranged(operands, weights, dtype):
    return "weighted_sum", operands, [], weights


WEIGHTED_SUM = Function(
    name="weighted_sum",
    arrange=arranged,
    by_numpy=one_by_one,
)


@public
def weighted_sum(
    arrays, weights=None, *, out=None, dtype=None, casting="same_kind", where=True
):
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
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe', 'saturate'}, optional
        What conversion is allowed on the way from the operands to the dtype of the
        computation and from there to `out`. 'saturate' rounds to integers that do not
        wrap, as in `add`: a mix of sounds, for example.
    where : array_like of bool, optional
        As in `add`.

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
    return summed(WEIGHTED_SUM, arrays, weights, out, dtype, casting, where)


def summed(function, arrays, weights, out, dtype=None, casting="same_kind", where=True):
    """The call that computes a sum."""
    arrays, weights = paired(arrays, weights)
    return careful(
        function,
        {f"arrays[{place}]": x for place, x in enumerate(arrays)},
        {f"weights[{place}]": weight for place, weight in enumerate(weights)},
        out,
        dtype,
        casting,
        where,
    )


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
