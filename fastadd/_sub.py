"""`sub`: a difference."""

import numpy as np

from fastadd._add import ADD, arranged
from fastadd._call import add_by_ufunc, careful
from fastadd._checks import coefficient, is_factor, kind_of_number
from fastadd._function import in_place, public


def negative(alpha):
    """Of a number or of one for each element. Unsigned ones do not wrap, but for those
    of 64 bits from 2**63 on."""
    if isinstance(alpha, np.unsignedinteger):
        return -int(alpha)
    if isinstance(alpha, list | tuple):
        alpha = np.asarray(alpha)
    if getattr(getattr(alpha, "dtype", None), "kind", None) == "u":
        alpha = alpha.astype(np.int64)
    return -alpha


def arranged_negative(operands, coefficients, dtype):
    beta, alpha = coefficients
    if alpha.ndim == 0:
        return arranged(operands, [beta, np.asarray(np.negative(alpha))], dtype)
    minus = coefficient("alpha", -1, dtype)
    return "addcmul", operands, [alpha], [beta, minus]


def by_subtract(function, operands, coefficients, out, dtype, casting, where):
    alpha = coefficients["alpha"]
    if isinstance(alpha, np.ndarray) and alpha.ndim == 0:
        alpha = alpha[()]
    given = out, dtype, casting, where
    if not (type(alpha) is int and alpha == 1):
        if kind_of_number(alpha) is not None or is_factor(alpha):
            coefficients = coefficients | {"alpha": negative(alpha)}
        return add_by_ufunc(function, operands, coefficients, *given)
    return add_by_ufunc(function, operands, coefficients, *given, ufunc=np.subtract)


SUB = ADD._replace(
    name="sub",
    arrange=arranged_negative,
    by_numpy=by_subtract,
    kinds="ifc",
    instead="NumPy does not subtract bools either, but has np.logical_xor.",
)


@public
def sub(
    input,
    other,
    *,
    alpha=1,
    out=None,
    dtype=None,
    casting="same_kind",
    where=True,
):
    """Compute ``input - alpha*other``, element by element, in one pass.

    Parameters
    ----------
    input, other : array_like
        The operands, by the rules of `add`.
    alpha : number or array_like, optional
        The coefficient, by the rules of `add`: one number, or one for each element.
    out : ndarray, optional
        Where to write the result, by the rules of `add`.
    dtype : dtype_like, optional
        The dtype of the computation; by default ``np.result_type(input, other)``.
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe', 'saturate'}, optional
        As in `add`.
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
        As `add`; also TypeError if the result is bool, as in NumPy.

    See Also
    --------
    add : the sum, with a coefficient for `input` too.

    Notes
    -----
    The bits of ``add(input, other, alpha=-alpha)``. The name is that of ``torch.sub``.

    Examples
    --------
    >>> import numpy as np
    >>> import fastadd
    >>> fastadd.sub(np.array([3.0, 5.0]), np.array([1.0, 2.0]), alpha=2)
    array([1., 1.])
    >>> bytes = np.array([10, 200], np.uint8)
    >>> fastadd.sub(bytes, np.uint8(20), casting="saturate")
    array([  0, 180], dtype=uint8)
    """
    return careful(
        *(SUB, {"input": input, "other": other}, {"beta": 1, "alpha": alpha}),
        *(out, dtype, casting, where),
    )


sub_ = in_place("sub", "x, 1.0", "array([ 0., -3.])")
