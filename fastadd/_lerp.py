"""`lerp`: from one array to another."""

from fastadd import _core
from fastadd._call import by_owner_of, careful
from fastadd._function import Function, in_place, public


def arranged(operands, coefficients, dtype):
    return "lerp", operands, coefficients, []


LERP = Function(
    name="lerp",
    arrange=arranged,
    by_numpy=by_owner_of(_core.lerp_by_operators),
    factors=("weight",),
    kinds="fc",
    instead="what lies between two numbers is a float or complex.",
)


@public
def lerp(input, end, weight, *, out=None, dtype=None, casting="same_kind", where=True):
    """Compute ``input + weight*(end - input)``, element by element, in one pass.

    That is, the number at `weight` of the way from `input` to `end`, exactly `input`
    at 0 and exactly `end` at 1: from 1/2 on it is computed from the other side, as
    ``end - (1 - weight)*(end - input)``.

    Parameters
    ----------
    input, end : array_like
        Where to begin and to end, of any shapes that broadcast together, by the rules
        of `add`.
    weight : number or array_like
        How far to go, mostly from 0 to 1: one number or, of a shape that broadcasts
        with the others, one for each element. It does not change the dtype of the
        result, to which it is converted.
    out : ndarray, optional
        Where to write the result, by the rules of `add`.
    dtype : dtype_like, optional
        The dtype of the computation; by default ``np.result_type(input, end)``, which
        must be of floating-point or complex numbers.
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe', 'saturate'}, optional
        As in `add`. 'saturate' rounds to a result of integers.
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
        As `add`; also TypeError if the result is of integers that are not to be
        rounded to.

    See Also
    --------
    add : ``beta*input + alpha*other``, of which factors may be arrays too.

    Notes
    -----
    Where ``abs(weight)`` is at least 1/2, ``end - (end - input)*(1 - weight)`` is
    computed, so that the result is exact at both ends and never goes back where the
    weight grows: the formula of ``torch.lerp`` [1]_. Each operation is rounded; of
    float16 and bfloat16 only the result is.

    References
    ----------
    .. [1] https://docs.pytorch.org/docs/stable/generated/torch.lerp.html

    Examples
    --------
    >>> import numpy as np
    >>> import fastadd
    >>> a, b = np.array([0.0, 10.0, 20.0]), np.array([10.0, 10.0, 0.0])
    >>> fastadd.lerp(a, b, 0.25)
    array([ 2.5, 10. , 15. ])
    >>> fastadd.lerp(a, b, [0, 0.5, 1])
    array([ 0., 10.,  0.])

    A photograph of bytes, faded in:

    >>> black, white = np.zeros(3, np.uint8), np.full(3, 255, np.uint8)
    >>> fastadd.lerp(black, white, [0.1, 0.5, 0.9], casting="saturate")
    array([ 26, 128, 230], dtype=uint8)
    """
    return careful(
        *(LERP, {"input": input, "end": end}, {"weight": weight}),
        *(out, dtype, casting, where),
    )


lerp_ = in_place("lerp", "x, 0.0, 0.5", "array([ 0.5, -1. ])")
