"""`relu`: what is less than zero becomes zero."""

import numpy as np

from fastadd import _core
from fastadd._checks import (
    apart,
    as_operand,
    as_out,
    check_is_array,
    check_layout,
    check_out,
    computes_itself,
    is_native,
)


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
    result = _core.gate_relu(x, out)
    if result is not NotImplemented:
        return result
    out = as_out(out)
    if computes_itself(x) or computes_itself(out):
        check_is_real(x)
        if isinstance(out, np.ndarray):
            check_layout(out)
        return np.maximum(x, 0, out=out)
    x = np.asarray(as_operand(x))
    check_is_real(x)
    if out is not None:
        check_is_array(out)
        check_out(out, x.dtype, x.shape, "same_kind")
        x = apart(x, out)
    if not is_native(x) or not is_native(out):
        return np.maximum(x, 0, out=out)
    result = _core.run_relu(x, out)
    return result[()] if out is None and result.ndim == 0 else result


def check_is_real(x):
    dtype = getattr(x, "dtype", None)
    if getattr(dtype, "kind", None) == "c":
        raise TypeError(
            f"x has dtype {dtype}: complex numbers have no order, so relu takes real "
            "ones alone. Pass x.real, or x.imag."
        )
