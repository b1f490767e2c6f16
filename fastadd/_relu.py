"""`relu`: what is less than zero becomes zero."""

import numpy as np

from fastadd._call import careful
from fastadd._checks import (
    as_operand,
    computes_itself,
)
from fastadd._function import Function, in_place, public
from fastadd._out import (
    check_layout,
    check_out,
)


def arranged(operands, coefficients, dtype):
    return "relu", operands, [], []


def by_maximum(function, operands, coefficients, out, dtype, casting, where):
    (x,) = operands.values()
    if isinstance(out, np.ndarray):
        if isinstance(x, np.ndarray):
            check_out(out, x.dtype, x.shape, casting, function, function.out)
        check_layout(out, function.out)
    return np.maximum, (x, 0), {"out": out}


RELU = Function(
    name="relu",
    arrange=arranged,
    by_numpy=by_maximum,
    takes=(),
)
REFUSED = {
    "c": "complex numbers have no order. Pass x.real, or x.imag.",
    "M": "dates have no zero. Pass a difference of dates.",
    "S": "strings have no zero. Pass numbers, as x.astype(np.float64).",
    "U": "strings have no zero. Pass numbers, as x.astype(np.float64).",
    "T": "strings have no zero. Pass numbers, as x.astype(np.float64).",
}


@public
def relu(x, *, out=None):
    """Compute ``max(x, 0)``, element by element, in one pass.

    Parameters
    ----------
    x : array_like
        Real numbers, of any shape. An array that overrides NumPy's ufuncs is given
        ``np.maximum``.
    out : ndarray, optional
        Where to write the result. `x` must broadcast to its shape; it is never
        resized. It may overlap `x` in any way (``out=x`` computes in place), but not
        itself.

    Returns
    -------
    ndarray or scalar
        `out` itself if given. Otherwise a new array of the shape and dtype of `x`, in
        memory order ``"K"``, or a NumPy scalar if that shape is ``()``.

    Raises
    ------
    TypeError
        If `x` is complex, or if `out` is not an array or cannot hold the result.
    ValueError
        If `x` does not broadcast to `out`, or `out` is read-only or overlaps itself.

    See Also
    --------
    add : the addition.

    Notes
    -----
    The rectified linear unit [1]_. A NaN stays a NaN, a negative zero becomes zero,
    and no floating-point flag is raised. (``x + max(x, 0)``, found in some places as a
    formula for it, is not: it is ``2*x`` where x is positive and x elsewhere. Of finite
    floats ``max(x, 0)`` is ``0.5*x + 0.5*abs(x)``, which is
    ``add(x, abs(x), beta=0.5, alpha=0.5)``.)

    References
    ----------
    .. [1] https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.relu.html

    Examples
    --------
    >>> import numpy as np
    >>> import fastadd
    >>> x = np.array([-2.0, -0.0, 3.0, np.nan])
    >>> fastadd.relu(x)
    array([ 0.,  0.,  3., nan])
    >>> fastadd.add(x, abs(x), beta=0.5, alpha=0.5)
    array([ 0.,  0.,  3., nan])
    """
    check_is_real(x if computes_itself(x) else np.asarray(as_operand("x", x)))
    return careful(RELU, {"x": x}, {}, out)


def check_is_real(x):
    dtype = getattr(x, "dtype", None)
    reason = REFUSED.get(getattr(dtype, "kind", None))
    if getattr(dtype, "names", None):
        reason = "records have no order. Compute with its fields, as relu(x['field'])."
    if reason is not None:
        raise TypeError(f"x has dtype {dtype}: relu takes real numbers, and {reason}")


relu_ = in_place("relu", "x", "array([1., 0.])")
