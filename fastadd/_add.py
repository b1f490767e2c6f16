"""`add` and `add_`."""

from fastadd._call import add_by_ufunc, careful
from fastadd._checks import coefficient
from fastadd._function import Function, InPlace, public


def arranged(operands, coefficients, dtype):
    """By the operation that takes as many arrays."""
    input, other = operands
    beta, alpha = coefficients
    one = coefficient("alpha", 1, dtype)
    if alpha.ndim and beta.ndim:
        return "products", [input, other], [alpha, beta], []
    if alpha.ndim:
        return "addcmul", [input, other], [alpha], [beta, one]
    if beta.ndim:
        return "addcmul", [other, input], [beta], [alpha, one]
    return "add", operands, [], coefficients


ADD = Function(
    name="add",
    arrange=arranged,
    by_numpy=add_by_ufunc,
    factors=("alpha", "beta"),
)


@public
def add(
    input,
    other,
    *,
    alpha=1,
    beta=1,
    out=None,
    dtype=None,
    casting="same_kind",
    where=True,
):
    """Compute ``beta*input + alpha*other``, element by element, in one pass.

    There is no temporary array, whatever the dtypes and layouts: operands of another
    dtype, byte order or alignment are converted in cache-sized pieces on the way.

    Parameters
    ----------
    input, other : array_like
        The operands, of any shapes that broadcast together. Python numbers are weak,
        as in NumPy (NEP 50): they take the dtype of the other operand's kind. An array
        that overrides NumPy's ufuncs (of Dask, xarray, pandas, masked, ...) computes
        in its own way: it is given `scaled_add` or, without coefficients, `np.add`;
        its own operators compute if it does not know the former (units), or if it has a
        dtype for each column (frames of pandas).
    alpha, beta : number or array_like, optional
        The coefficients: Python or NumPy numbers or 0-d arrays, or arrays that
        broadcast with the operands and have one for each element. They do not change
        the dtype of the result; they are converted to it. An integer result takes
        integers, a float result takes integers and floats, a complex result takes
        any of these, a bool result takes bools and integers. An unsigned result takes
        negative integers, which wrap: ``alpha=-1`` subtracts. For 16-bit floats they
        are kept in float32, in which these are computed.
    out : ndarray, tuple of one, or Ellipsis, optional
        Where to write the result. `input` and `other` must broadcast to its shape; it
        is never resized. It may overlap the operands in any way, but not itself. As in
        NumPy's ufuncs, ``out=...`` asks for an array where a scalar would be returned.
    dtype : dtype, optional
        The dtype of the computation and of a fresh result, in place of
        ``np.result_type(input, other)``.
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe', 'saturate'}, optional
        What conversion is allowed on the way from the operands to the dtype of the
        computation and from there to `out`. 'saturate' computes a result of integers
        in float32 (of 8 and 16 bits), float64 or `dtype`, rounds half to even and
        clamps to the range, instead of wrapping; coefficients may be floats then.
    where : array_like of bool, optional
        Where to compute; it broadcasts with the operands. The other elements of `out`
        stay as they are, those of a fresh result are not set (a warning says so).

    Returns
    -------
    ndarray or scalar
        `out` itself if given. Otherwise a new array of the broadcast shape, in memory
        order ``"K"``, or a NumPy scalar if that shape is ``()``. What an array of
        another type makes of it, if an operand is one.

    Raises
    ------
    TypeError
        If a coefficient is of a kind that the result's dtype does not take, if
        `casting` forbids a conversion, if there is no common dtype, or if `out` is not
        an array.
    ValueError
        If shapes do not broadcast, or `out` is read-only or overlaps itself.
    OverflowError
        If a coefficient or a Python integer does not fit the result's dtype.
    FloatingPointError
        If ``np.errstate`` asks for it; `out` has then been written.

    See Also
    --------
    add_ : the same, in place.

    Notes
    -----
    For bool, the result is ``(beta and input) or (alpha and other)``. Integers wrap.
    For float32, float64 and longdouble each product and the sum are rounded: the bits
    are those of ``np.add(np.multiply(input, beta), np.multiply(other, alpha))``.
    float16 and bfloat16 are computed in float32 and rounded once. Complex products are
    computed by parts, and a real coefficient scales both parts. The name and the
    coefficient are those of ``torch.add`` [1]_; promotion, broadcasting, `out`,
    overlap and error state are NumPy's.

    References
    ----------
    .. [1] https://docs.pytorch.org/docs/stable/generated/torch.add.html

    Examples
    --------
    >>> import numpy as np
    >>> import fastadd
    >>> a = np.array([1.0, 2.0, 3.0])
    >>> b = np.array([10.0, 20.0, 30.0])
    >>> fastadd.add(a, b, alpha=0.5)
    array([ 6., 12., 18.])
    >>> fastadd.add(a, b, alpha=-1, out=a) is a
    True
    >>> a
    array([ -9., -18., -27.])
    >>> fastadd.add(np.eye(2, dtype=np.uint8), [1, 2], alpha=0.5, dtype=np.float32)
    array([[1.5, 1. ],
           [0.5, 2. ]], dtype=float32)
    """
    return careful(
        ADD,
        {"input": input, "other": other},
        {"beta": beta, "alpha": alpha},
        out,
        dtype,
        casting,
        where,
    )


@public
def add_(input, other, *, alpha=1, beta=1):
    """Compute ``beta*input + alpha*other`` into `input`.

    ``add_(x, y)`` is ``add(x, y, out=x)``.

    Parameters
    ----------
    input : ndarray
        The first operand and the result; its shape and dtype stay as they are. An
        array of another type that overrides NumPy's ufuncs, if it can be written to.
    other : array_like
        The second operand; it must broadcast to the shape of `input`.
    alpha, beta : number, optional
        The coefficients, as in `add`.

    Returns
    -------
    ndarray
        `input`.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As `add`; also TypeError if `input` is not an array.

    See Also
    --------
    add : the same, into a new array or one of your choice.

    Examples
    --------
    >>> import numpy as np
    >>> import fastadd
    >>> weights = np.array([1.0, 2.0])
    >>> fastadd.add_(weights, [10.0, 20.0], alpha=-0.1)
    array([0., 0.])
    """
    return careful(
        ADD,
        {"input": input, "other": other},
        {"beta": beta, "alpha": alpha},
        InPlace(input, "input"),
    )
