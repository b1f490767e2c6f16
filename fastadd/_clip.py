"""Clipping: many arrays scaled to the norm of all, or limited number by number."""

import math
from collections.abc import Mapping, Set
from functools import partial

import numpy as np

from fastadd import _core
from fastadd._checks import (
    as_operand,
    computes_itself,
    describe,
    kind_of,
    kind_of_number,
    nothing,
    shortened,
)
from fastadd._function import in_place, of_one, public, written
from fastadd._lists import (
    FOREACH_ADD,
    as_given,
    as_list,
    as_outs,
    each_of_lists,
    is_list,
)

CLIP_GRAD_NORM = FOREACH_ADD._replace(name="clip_grad_norm", takes=())


@public
def clip_grad_norm(
    grads, max_norm, norm_type=2.0, *, error_if_nonfinite=False, out=None
):
    """Scale arrays together so that their norm is at most `max_norm`.

    Parameters
    ----------
    grads : array_like, or iterable of array_like
        Real or complex floating-point numbers, of any shapes and dtypes.
    max_norm : float
        The largest norm to leave, at least 0.
    norm_type : {2.0, 1.0, math.inf}, optional
        Which norm: the root of the sum of squares, the sum of magnitudes, or the
        largest magnitude.
    error_if_nonfinite : bool, optional
        Whether to refuse a norm that is infinite or NaN.
    out : ndarray, or sequence of ndarray, optional
        Where to write the result: an array for each of `grads`; ``out=grads`` computes
        in place.

    Returns
    -------
    clipped : ndarray or list of ndarray
        `out` itself if given. Otherwise one array or a list, as `grads` is: new ones if
        they had to be scaled, or else the given arrays themselves.
    norm : numpy.float64 or numpy.longdouble
        The norm of all numbers of all arrays, before.

    Raises
    ------
    TypeError
        If an array is not of floating-point numbers, or is of a type that computes in
        its own way (of Dask, pandas, ...), or if `out` is not as described.
    ValueError
        If `max_norm` is negative or NaN, if `norm_type` is none of these, or an `out`
        is of another shape, is read-only, overlaps itself or overlaps another one.
    RuntimeError
        If the norm is not finite and `error_if_nonfinite`. In no case has anything been
        written.

    See Also
    --------
    clip_grad_value : many arrays limited number by number.
    foreach_add : additions of many arrays.

    Notes
    -----
    The norm is the square root of the sum of ``abs(x)**2``, the sum of ``abs(x)`` or
    the largest ``abs(x)``, of no numbers 0. It is summed up in float64
    (longdouble if one of the arrays is), of float64 in scaled blocks where squares
    would overflow or underflow, and with compensation from block to block, so that the
    error is some 1e-15 of it, whatever their number. It depends on neither the number
    of threads nor the instruction set, to the bit; arrays in another memory order can
    move its last bit.

    If ``norm > max_norm``, each array is multiplied by ``max_norm / norm``, rounded to
    its dtype. (``torch.nn.utils.clip_grad_norm_`` [1]_ divides by ``norm + 1e-6``.) So
    an infinite norm makes zeros and NaNs, and a norm that is NaN, which is larger than
    nothing, leaves all as it is.

    References
    ----------
    .. [1] `torch.nn.utils
       <https://docs.pytorch.org/docs/stable/nn.html#module-torch.nn.utils>`_

    Examples
    --------
    >>> import numpy as np
    >>> import fastadd
    >>> grads = [np.array([3.0, 0.0]), np.array([[4.0]])]
    >>> fastadd.clip_grad_norm(grads, 1.0, out=grads)
    ([array([0.6, 0. ]), array([[0.8]])], np.float64(5.0))
    """
    max_norm = checked_limit(
        "max_norm", max_norm, " Pass math.inf to learn the norm alone."
    )
    function, out = written(CLIP_GRAD_NORM, out)
    function, alone, arrays, outs = one_or_several(function, grads, out)
    given = arrays
    norm_type = checked_norm_type(norm_type)
    norm = _core.norm_of(arrays, norm_type)
    if norm is None:
        arrays = [
            checked_grad("clip_grad_norm", name_of_grad(alone, place), x)
            for place, x in enumerate(arrays)
        ]
        magnitudes = arrays if norm_type == 2 else [magnitude_of(x) for x in arrays]
        norm = _core.norm_of(magnitudes, norm_type)
    if error_if_nonfinite and not np.isfinite(norm):
        raise RuntimeError(
            f"the norm of grads is {norm}, so they cannot be clipped. To do so all the "
            "same, leave error_if_nonfinite out."
        )
    clips = norm > max_norm
    if not clips and out is None:
        return _core.given_back, ((grads if alone else given, norm),), {}
    coefficient = 1
    if clips:
        coefficient = max_norm / (norm if norm.dtype.char == "g" else float(norm))
    call = scaled(function, arrays, coefficient, None if out is None else outs)
    if out is not None and not alone:
        call = _core.then, (call, as_given, out, outs), {}
    return _core.with_norm, (call, norm, alone), {}


def one_or_several(function, grads, out):
    """The function, which calls out what its user does; whether one array was given,
    which is a list of one then; arrays and outs."""
    alone = not is_list(grads)
    if alone and isinstance(grads, Mapping | Set | str | bytes):
        as_list("grads", grads)  # refuses it
    arrays = [grads] if alone else as_list("grads", grads)
    if function.in_place:
        outs = arrays
    else:
        outs = as_outs([out] if alone and out is not None else out, "grads", arrays)
    if alone:
        function = of_one(function)
    return function, alone, arrays, outs


def scaled(function, arrays, coefficient, outs):
    """The call that scales arrays by a coefficient."""
    if 0 < coefficient < np.finfo(np.float32).tiny:
        return scaled_in_double(function, arrays, coefficient, outs)
    in_place = outs is not None and all(
        x is out for x, out in zip(arrays, outs, strict=True)
    )
    compute = coefficient != 1 or not in_place
    otherwise = partial(scaled_carefully, function)
    return _core.scaled_each, (arrays, coefficient, outs, compute, otherwise), {}


def scaled_carefully(function, arrays, coefficient, outs):
    return each_of_lists(
        *(function, None),
        {"grads[{}]": arrays, "": [nothing(x.dtype) for x in arrays]},
        {"beta": [coefficient] * len(arrays), "alpha": [1] * len(arrays)},
        outs or [None] * len(arrays),
    )


def scaled_in_double(function, arrays, coefficient, outs):
    """By a coefficient that float32 would round to few bits, or to 0."""
    fresh = outs is None
    if fresh:
        outs = [np.empty_like(x, x.dtype.newbyteorder("=")) for x in arrays]
    wide = [np.result_type(x.dtype, np.float64) for x in arrays]
    copies = [x.astype(dtype) for x, dtype in zip(arrays, wide, strict=True)]
    call = scaled_carefully(function, copies, coefficient, outs)
    return (_core.scalars_of, (call,), {}) if fresh else call


def checked_limit(name, limit, advice=""):
    """A real number of at least 0, as a float."""
    if type(limit) is float and limit >= 0:
        return limit
    value = limit[()] if isinstance(limit, np.ndarray) else limit
    if kind_of_number(value) not in ("i", "f"):
        raise TypeError(f"{name} is {describe(limit)}: it must be a real number.")
    try:
        value = float(value)
    except OverflowError:
        raise OverflowError(
            f"{name}={shortened(limit)} does not fit float64.{advice}"
        ) from None
    if not value >= 0:
        raise ValueError(
            f"{name}={shortened(limit)}: it must be a number of at least 0.{advice}"
        )
    return value


def checked_norm_type(norm_type):
    value = norm_type[()] if isinstance(norm_type, np.ndarray) else norm_type
    if kind_of_number(value) not in ("i", "f"):
        raise TypeError(
            f"norm_type is {describe(norm_type)}: it must be 2, 1 or math.inf."
        )
    if value not in (1, 2, math.inf):
        raise ValueError(
            f"norm_type={shortened(norm_type)}: it must be 2, 1 or math.inf."
        )
    return float(value)


def name_of_grad(alone, place):
    return "grads" if alone else f"grads[{place}]"


def magnitude_of(x):
    """Of complex numbers, in the dtype in which they are summed up."""
    if x.dtype.kind != "c":
        return x
    with np.errstate(all="ignore"):
        return np.hypot(x.real, x.imag, dtype=np.result_type(x.real, np.float64))


def checked_grad(called, name, x, kinds="fc"):
    if computes_itself(x):
        raise TypeError(
            f"{name} is {describe(x)}, which computes in its own way: {called} "
            "takes numbers that lie in memory. Pass np.asarray(x)."
        )
    operand = np.asarray(as_operand(name, x))
    if _core.native(operand.dtype) < 0 or kind_of(operand.dtype) not in kinds:
        if kind_of(operand.dtype) == "c":
            raise TypeError(
                f"{name} is complex, and complex numbers have no order: {called} takes "
                "real ones. Pass x.real and x.imag, or clip their norm."
            )
        raise TypeError(
            f"{name} has dtype {operand.dtype}: {called} takes "
            f"{'real or complex' if 'c' in kinds else 'real'} floating-point numbers. "
            "Pass x.astype(np.float64)."
        )
    return operand


def arranged(operands, coefficients, dtype):
    (limit,) = coefficients
    with np.errstate(over="ignore"):  # what float16 cannot hold clips nothing
        limit = limit.astype(dtype)
    return "clip", operands, [], [limit, np.array(math.inf, dtype)]


CLIP_GRAD_VALUE = CLIP_GRAD_NORM._replace(name="clip_grad_value", arrange=arranged)


@public
def clip_grad_value(grads, clip_value, *, out=None):
    """Limit each number of many arrays to ``-clip_value`` and ``clip_value``.

    Parameters
    ----------
    grads : array_like, or iterable of array_like
        Real floating-point numbers, of any shapes and dtypes.
    clip_value : float
        The largest magnitude to leave, at least 0; it is rounded to the dtype of each
        array.
    out : ndarray, or sequence of ndarray, optional
        Where to write the result: an array for each of `grads`; ``out=grads`` computes
        in place.

    Returns
    -------
    ndarray or list of ndarray
        `out` itself if given. Otherwise new arrays: one or a list, as `grads` is.

    Raises
    ------
    TypeError
        If an array is not of real floating-point numbers, or is of a type that computes
        in its own way (of Dask, pandas, ...), or if `out` is not as described.
    ValueError
        If `clip_value` is negative or NaN, or an `out` is of another shape, is
        read-only, overlaps itself or overlaps another one. In no case has anything been
        written.

    See Also
    --------
    clip_grad_norm : many arrays scaled to the norm of all.

    Notes
    -----
    That is ``np.clip(x, -clip_value, clip_value)`` of each array. A NaN stays a NaN,
    and no floating-point flag is raised. The name is that of
    ``torch.nn.utils.clip_grad_value_`` [1]_.

    References
    ----------
    .. [1] `torch.nn.utils
       <https://docs.pytorch.org/docs/stable/nn.html#module-torch.nn.utils>`_

    Examples
    --------
    >>> import numpy as np
    >>> import fastadd
    >>> grads = [np.array([3.0, -0.5]), np.array([[-4.0]])]
    >>> fastadd.clip_grad_value(grads, 1.0, out=grads)
    [array([ 1. , -0.5]), array([[-1.]])]
    """
    clip_value = checked_limit(
        "clip_value", clip_value, " Pass math.inf to leave all as it is."
    )
    function, out = written(CLIP_GRAD_VALUE, out)
    function, alone, arrays, outs = one_or_several(function, grads, out)
    arrays = [
        checked_grad("clip_grad_value", name_of_grad(alone, place), x, "f")
        for place, x in enumerate(arrays)
    ]
    # (What float32 cannot hold clips nothing there.)
    most = float(np.finfo(np.float32).max)
    limits = [
        math.inf if x.dtype.itemsize <= 4 and clip_value > most else clip_value
        for x in arrays
    ]
    call = each_of_lists(
        *(function, None),
        *({"grads[{}]": arrays}, {"clip_value": limits}, outs),
    )
    if alone:
        return _core.first_of, (call,), {}
    return call if out is None else (_core.then, (call, as_given, out, outs), {})


clip_grad_norm_ = in_place(
    "clip_grad_norm",
    "[2 * x - 1], 1.0",
    "([array([ 0.19611614, -0.98058068])], np.float64(5.0990195135927845))",
    "tuple",
    ", and the norm before",
)
clip_grad_value_ = in_place(
    "clip_grad_value",
    "[2 * x - 1], 1.0",
    "[array([ 1., -1.])]",
    "list of ndarray",
)
