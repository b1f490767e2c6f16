"""`add`: the calls that are not ready to run.

Those that are never get here: `_core.gated` recognises and computes them. The others
are checked, converted and explained, and end in `_core.run`. Arrays with a protocol of
their own, dates, objects and `where` end in the ufunc of the same kernels. Nothing is
written before everything has been checked; only where objects compute themselves does
an error leave `out` as NumPy leaves it.
"""

import warnings

import numpy as np

from fastadd import _core
from fastadd._checks import (
    apart,
    as_dtype,
    as_operand,
    as_out,
    check_casting,
    check_is_array,
    check_layout,
    check_out,
    checked_operand,
    coefficient,
    common_dtype,
    common_shape,
    computes_itself,
    describe,
    is_native,
    kind_of_number,
    nothing,
    refusal,
    warn_of_complex,
)


@_core.gated
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
    alpha, beta : number, optional
        The coefficients: Python or NumPy numbers or 0-d arrays. They do not change
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
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe'}, optional
        What conversion is allowed on the way from the operands to the dtype of the
        computation and from there to `out`.
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
    check_casting(casting)
    if out is ...:  # an array of no dimensions instead of a scalar
        result = add(
            *(input, other),
            **{"alpha": alpha, "beta": beta, "dtype": dtype},
            **{"casting": casting, "where": where},
        )
        return np.asarray(result) if isinstance(result, np.generic) else result
    out = as_out(out)
    where = checked_where(where, out)
    if any(computes_itself(x) for x in (input, other, out)):
        return by_ufunc(input, other, alpha, beta, out, dtype, casting, where)
    input = as_operand(input)
    other = as_operand(other)
    if out is not None:
        check_is_array(out)
    if dtype is not None:
        dtype = as_dtype(dtype)
    if not all(is_native(x) for x in (input, other, dtype)):
        return by_ufunc(input, other, alpha, beta, out, dtype, casting, where)
    if not is_native(out):  # an array of objects, say
        check_layout(out)
        result = add(input, other, alpha=alpha, beta=beta, dtype=dtype, casting=casting)
        np.copyto(out, result, casting=casting, where=where)
        return out
    call = checked_call(input, other, beta, alpha, out, dtype, casting)
    if where is not True:
        return add_where(*call, where)
    result = _core.run(*call)
    return result[()] if out is None and result.ndim == 0 else result


def checked_where(where, out):
    """The mask, or a copy of it if writing out would change it."""
    if where is True or computes_itself(where):
        return where
    mask = np.asarray(where)
    if where is None or mask.dtype != bool:
        given = describe(None) if where is None else f"of dtype {mask.dtype}"
        raise TypeError(
            f"where is {given}: it must be an array of bool that says where to "
            "compute. Pass where=(mask != 0), or leave it out."
        )
    if out is None:
        warnings.warn(
            "where= without out=: the elements where it is False are whatever was in "
            "memory. Pass out= to say what they are.",
            UserWarning,
            stacklevel=3,
        )
    elif isinstance(out, np.ndarray) and np.may_share_memory(mask, out):
        mask = mask.copy()
    return mask


def add_where(input, other, beta, alpha, out, dtype, where):
    """By NumPy's masked loop. That would also read an out of another dtype, and warn of
    what is lost thereby, so the result is brought there afterwards."""
    direct = out is None or out.dtype == dtype
    result = _core.scaled_add(
        *(input, other, held(alpha), held(beta)),
        out=out if direct else np.zeros(out.shape, dtype),
        dtype=dtype,
        casting="unsafe",  # has been checked
        where=where,
    )
    if direct:
        return result
    one = coefficient("beta", 1, dtype)
    converted = np.empty(out.shape, out.dtype)
    _core.run(result, nothing(dtype), one, one, converted, dtype)
    np.copyto(out, converted, where=where)
    return out


def checked_call(input, other, beta, alpha, out, dtype, casting):
    """What `_core.run` takes, of native operands."""
    if dtype is None:
        dtype = common_dtype({"input": input, "other": other})
    input = checked_operand("input", input, dtype, casting)
    other = checked_operand("other", other, dtype, casting)
    beta = coefficient("beta", beta, dtype)
    alpha = coefficient("alpha", alpha, dtype)
    shape = common_shape({"input": input, "other": other})
    if out is not None:
        check_out(out, dtype, shape, casting)
        input = apart(input, out)
        other = apart(other, out)
    warn_of_complex((input, other), dtype, out)
    return input, other, beta, alpha, out, dtype


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
    if not isinstance(input, np.ndarray) and not computes_itself(input):
        raise TypeError(
            f"input is {describe(input)}: add_ writes into it, so it must be a "
            "numpy.ndarray. Use add for a new result."
        )
    return add(input, other, alpha=alpha, beta=beta, out=input)


def by_ufunc(input, other, alpha, beta, out, dtype, casting, where):
    """Let NumPy's protocols decide who computes. Without coefficients this is np.add,
    which all that override ufuncs know, with its units and its strings."""
    keywords = {
        "out": out,
        "dtype": dtype,
        "casting": None if casting == "same_kind" else casting,
        "where": None if where is True else where,
    }
    given = {name: value for name, value in keywords.items() if value is not None}
    for name, value in (("alpha", alpha), ("beta", beta)):
        if value is None or isinstance(value, str | bytes) or np.ndim(value):
            raise TypeError(refusal(name, value, None, None))
    if isinstance(out, np.ndarray):
        check_layout(out)
    if type(alpha) is int and type(beta) is int and alpha == beta == 1:
        return np.add(input, other, **given)
    owners = [x for x in (input, other) if computes_itself(x)]
    if any(is_frame(x) for x in owners) and not given:
        return by_operators(input, other, alpha, beta, given)
    try:
        return _core.scaled_add(input, other, alpha, beta, **given)
    except (TypeError, RuntimeError, NotImplementedError) as error:
        if owners and "scaled_add" in str(error) and "ufunc" in str(error).lower():
            return by_operators(input, other, alpha, beta, given)
        raise


def is_frame(x):
    """Whether x has a dtype for each column, or pandas' nullable ones: its ufuncs would
    bring all to one."""
    return hasattr(type(x), "iloc")


def by_operators(input, other, alpha, beta, given):
    """In the operators of arrays that do not know the ufunc: units, for example."""
    if given:
        owner = input if computes_itself(input) else other
        raise TypeError(
            f"{', '.join(given)}: {type(owner).__name__} does not know "
            "fastadd.scaled_add, so its own operators compute, which do not take that. "
            "Leave it out."
        )
    return scaled(input, beta) + scaled(other, alpha)


def scaled(x, factor):
    """x as it is, if the factor is 1."""
    return x if kind_of_number(factor) != "b" and factor == 1 else factor * x


def held(coefficient):
    """A checked coefficient as the ufunc takes it: integers modulo 2**64 as int64."""
    return (
        coefficient.astype(np.int64) if coefficient.dtype.kind in "bu" else coefficient
    )
