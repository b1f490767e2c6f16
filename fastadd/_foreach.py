"""Functions of lists: what one call computes, for each of many arrays."""

from functools import partial

from fastadd import _core
from fastadd._add import add
from fastadd._addcmul import ADDCDIV, ADDCMUL, addcdiv, addcmul
from fastadd._function import in_place, public
from fastadd._lerp import LERP, lerp
from fastadd._lists import (
    FOREACH_ADD,
    LISTS,
    as_given,
    as_list,
    as_outs,
    check_lengths,
    foreach,
    lists_apart,
    place_of,
)
from fastadd._sub import SUB, sub
from fastadd._sum import WEIGHTED_SUM, summed, weighted_sum

FOREACH_SUB = SUB._replace(name="foreach_sub", **LISTS)
FOREACH_LERP = LERP._replace(name="foreach_lerp", **LISTS)
FOREACH_ADDCMUL = ADDCMUL._replace(name="foreach_addcmul", **LISTS)
FOREACH_ADDCDIV = ADDCDIV._replace(name="foreach_addcdiv", **LISTS)


# One call, with operands, coefficients and out in the order in which lists have them.


def added(input, other, beta, alpha, out, casting):
    return add(input, other, alpha=alpha, beta=beta, out=out, casting=casting)


def subtracted(input, other, beta, alpha, out, casting):
    return sub(input, other, alpha=alpha, out=out, casting=casting)


def interpolated(input, end, weight, out, casting):
    return lerp(input, end, weight, out=out, casting=casting)


def multiplied(input, tensor1, tensor2, beta, value, out, casting):
    return addcmul(
        input, tensor1, tensor2, value=value, beta=beta, out=out, casting=casting
    )


def divided(input, tensor1, tensor2, beta, value, out, casting):
    return addcdiv(
        input, tensor1, tensor2, value=value, beta=beta, out=out, casting=casting
    )


@public
def foreach_add(inputs, others, *, alpha=1, beta=1, out=None, casting="same_kind"):
    """Compute ``beta*input + alpha*other`` for each of many arrays, in one call.

    The threads divide the elements of all arrays among them, so that many small ones
    are computed as fast as one large one: a step of an optimiser, for example.

    Parameters
    ----------
    inputs : iterable of array_like
        The first operands, of any shapes and dtypes.
    others : iterable of array_like, or scalar
        The second operands, one for each of the first; or one number for all.
    alpha, beta : number, or sequence of numbers or arrays, optional
        The coefficients, by the rules of `add`: one for all additions, or a sequence
        that has one for each: a number, or an array of one for each element. (A lone
        array of one dimension is a sequence of numbers.)
    out : sequence of ndarray, optional
        Where to write the results, an array for each addition; ``out=inputs`` computes
        in place. They may overlap the operands in any way, also those of other
        additions, but not one another.
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe', 'saturate'}, optional
        As in `add`.

    Returns
    -------
    list of ndarray
        `out` itself if given. Otherwise a list of what `add` returns.

    Raises
    ------
    TypeError, ValueError, OverflowError, FloatingPointError
        As `add`, of which a note tells the place in the lists; also TypeError if
        `inputs` or `out` is not a sequence, and ValueError if the lists are not of one
        length or if two of `out` overlap. All is checked before anything is written.

    See Also
    --------
    add : one addition.
    clip_grad_norm : scale many arrays to a norm of all.

    Notes
    -----
    Each result has the bits of ``add(input, other, alpha=alpha)``. The name is that of
    ``torch._foreach_add``. Where arrays of other types (of Dask, pandas, ...) or dtypes
    that NumPy computes itself are among the operands, the additions are computed one
    after the other, each checked when its turn comes.

    Examples
    --------
    A step of gradient descent:

    >>> import numpy as np
    >>> import fastadd
    >>> parameters = [np.ones((2, 2)), np.zeros(2)]
    >>> gradients = [np.full((2, 2), 0.5), np.array([1.0, -1.0])]
    >>> fastadd.foreach_add(parameters, gradients, alpha=-0.1, out=parameters)
    [array([[0.95, 0.95],
           [0.95, 0.95]]), array([-0.1,  0.1])]
    """
    return foreach(
        *(FOREACH_ADD, added, inputs, {"others": others}),
        *({"beta": beta, "alpha": alpha}, out, casting),
    )


@public
def foreach_sub(inputs, others, *, alpha=1, out=None, casting="same_kind"):
    """Compute ``input - alpha*other`` for each of many arrays, in one call.

    Parameters
    ----------
    inputs, others : iterable of array_like
        The operands, as in `foreach_add`.
    alpha : number, or sequence of numbers or arrays, optional
        The coefficient, or one for each, as in `foreach_add`.
    out : sequence of ndarray, optional
        Where to write the results, as in `foreach_add`.
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe', 'saturate'}, optional
        As in `add`.

    Returns
    -------
    list of ndarray
        `out` itself if given. Otherwise a list of what `sub` returns.

    Raises
    ------
    TypeError, ValueError, OverflowError, FloatingPointError
        As `foreach_add`.

    See Also
    --------
    sub : one difference.

    Examples
    --------
    >>> import numpy as np
    >>> import fastadd
    >>> fastadd.foreach_sub([np.array([3.0]), np.array([5.0])], [np.array([1.0]), 2.0])
    [array([2.]), array([3.])]
    """
    return foreach(
        *(FOREACH_SUB, subtracted, inputs, {"others": others}),
        *({"beta": 1, "alpha": alpha}, out, casting),
    )


@public
def foreach_lerp(inputs, ends, weight, *, out=None, casting="same_kind"):
    """Compute `lerp` for each of many arrays, in one call.

    Parameters
    ----------
    inputs, ends : iterable of array_like
        Where to begin and to end, as the operands of `foreach_add`.
    weight : number, or sequence of numbers or arrays
        How far to go: one number for all, or a sequence that has one for each, a number
        or an array.
    out : sequence of ndarray, optional
        Where to write the results, as in `foreach_add`.
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe', 'saturate'}, optional
        As in `add`.

    Returns
    -------
    list of ndarray
        `out` itself if given. Otherwise a list of what `lerp` returns.

    Raises
    ------
    TypeError, ValueError, OverflowError, FloatingPointError
        As `lerp` and `foreach_add`.

    See Also
    --------
    lerp : one interpolation.

    Examples
    --------
    A moving average of parameters:

    >>> import numpy as np
    >>> import fastadd
    >>> average, now = [np.zeros(2), np.ones(1)], [np.ones(2), np.zeros(1)]
    >>> fastadd.foreach_lerp(average, now, 0.25, out=average)
    [array([0.25, 0.25]), array([0.75])]
    """
    return foreach(
        *(FOREACH_LERP, interpolated, inputs, {"ends": ends}),
        *({"weight": weight}, out, casting),
    )


@public
def foreach_addcmul(
    inputs, tensors1, tensors2, *, value=1, beta=1, out=None, casting="same_kind"
):
    """Compute ``beta*input + value*tensor1*tensor2`` for each of many arrays, in one
    call.

    Parameters
    ----------
    inputs, tensors1, tensors2 : iterable of array_like
        The operands, as in `foreach_add`.
    value, beta : number, or sequence of numbers, optional
        The coefficients, or one for each.
    out : sequence of ndarray, optional
        Where to write the results, as in `foreach_add`.
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe', 'saturate'}, optional
        As in `add`.

    Returns
    -------
    list of ndarray
        `out` itself if given. Otherwise a list of what `addcmul` returns.

    Raises
    ------
    TypeError, ValueError, OverflowError, FloatingPointError
        As `addcmul` and `foreach_add`.

    See Also
    --------
    addcmul : one of them.

    Examples
    --------
    Running means of squares, as in the optimiser Adam:

    >>> import numpy as np
    >>> import fastadd
    >>> v, g = [np.array([1.0, 4.0])], [np.array([3.0, 0.0])]
    >>> fastadd.foreach_addcmul(v, g, g, beta=0.5, value=0.5, out=v)
    [array([5., 2.])]
    """
    return foreach(
        *(FOREACH_ADDCMUL, multiplied, inputs),
        {"tensors1": tensors1, "tensors2": tensors2},
        *({"beta": beta, "value": value}, out, casting),
    )


@public
def foreach_addcdiv(
    inputs, tensors1, tensors2, *, value=1, beta=1, out=None, casting="same_kind"
):
    """Compute ``beta*input + value*tensor1/tensor2`` for each of many arrays, in one
    call.

    Parameters
    ----------
    inputs, tensors1, tensors2 : iterable of array_like
        The operands, as in `foreach_add`.
    value, beta : number, or sequence of numbers, optional
        The coefficients, or one for each.
    out : sequence of ndarray, optional
        Where to write the results, as in `foreach_add`.
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe', 'saturate'}, optional
        As in `add`.

    Returns
    -------
    list of ndarray
        `out` itself if given. Otherwise a list of what `addcdiv` returns.

    Raises
    ------
    TypeError, ValueError, OverflowError, FloatingPointError
        As `addcdiv` and `foreach_add`.

    See Also
    --------
    addcdiv : one of them.

    Examples
    --------
    >>> import numpy as np
    >>> import fastadd
    >>> x, step, root = [np.ones(2)], [np.array([2.0, 4.0])], [np.array([4.0, 2.0])]
    >>> fastadd.foreach_addcdiv(x, step, root, value=-0.5)
    [array([0.75, 0.  ])]
    """
    return foreach(
        *(FOREACH_ADDCDIV, divided, inputs),
        {"tensors1": tensors1, "tensors2": tensors2},
        *({"beta": beta, "value": value}, out, casting),
    )


@public
def foreach_weighted_sum(lists, weights=None, *, out=None, casting="same_kind"):
    """Compute the weighted sum of several lists of arrays, place by place.

    Parameters
    ----------
    lists : iterable of iterables of array_like
        Lists of one length, at least one: the parameters of several models, say.
    weights : iterable of numbers, optional
        One for each list, by the rules of `weighted_sum`. Left out, they are 1.
    out : sequence of ndarray, optional
        Where to write the results, an array for each place; one of the lists computes
        in place. They may overlap the operands in any way, also those of other places,
        which are then copied, but not one another.
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe', 'saturate'}, optional
        As in `weighted_sum`.

    Returns
    -------
    list of ndarray
        `out` itself if given. Otherwise a list of what `weighted_sum` returns.

    Raises
    ------
    TypeError, ValueError, OverflowError, FloatingPointError
        As `weighted_sum`, of which a note tells the place; also ValueError if `lists`
        is empty or they are not of one length. All is checked before anything is
        written.

    See Also
    --------
    weighted_sum : one sum.

    Notes
    -----
    The results are computed one after the other, each of them by all threads. Nothing
    is copied but operands that a result overlaps.

    Examples
    --------
    The average of three models, into the first:

    >>> import numpy as np
    >>> import fastadd
    >>> models = [[np.full(2, k), np.full(1, 10.0 * k)] for k in (1.0, 2.0, 6.0)]
    >>> fastadd.foreach_weighted_sum(models, [1 / 3] * 3, out=models[0])
    [array([3., 3.]), array([30.])]
    """
    lists = as_list("lists", lists)
    if not lists:
        raise ValueError("lists is empty: pass at least one list of arrays.")
    lists = [as_list(f"lists[{place}]", members) for place, members in enumerate(lists)]
    for place, members in enumerate(lists):
        check_lengths("arrays in lists[0]", lists[0], f"in lists[{place}]", members)
    if weights is not None:
        weights = as_list("weights", weights)
        check_lengths("lists", lists, "weights", weights)
    outs = as_outs(out, "arrays in lists[0]", lists[0])
    if out is not None:
        lists = lists_apart(FOREACH_SUM, lists, outs)
    calls = [
        (place_of(place), partial(sum_at, place, arrays, weights, to, casting))
        for place, (to, *arrays) in enumerate(zip(outs, *lists, strict=True))
    ]
    call = _core.made_in_turn, (_core.each_in_turn(calls),), {}
    return call if out is None else (_core.then, (call, as_given, out, outs), {})


FOREACH_SUM = WEIGHTED_SUM._replace(**LISTS)


def sum_at(place, arrays, weights, out, casting):
    """The call that computes one sum, checked."""
    if casting == "same_kind" and _core.is_ready_sum(arrays, weights, out):
        return weighted_sum, (arrays, weights), {"out": out}
    function = FOREACH_SUM._replace(out=f"out[{place}]")
    return summed(function, arrays, weights, out, casting=casting)


foreach_add_ = in_place(
    "foreach_add", "[x], 1.0", "[array([ 2., -1.])]", "sequence of ndarray"
)
foreach_sub_ = in_place(
    "foreach_sub", "[x], 1.0", "[array([ 0., -3.])]", "sequence of ndarray"
)
foreach_lerp_ = in_place(
    "foreach_lerp", "[x], [0.0], 0.5", "[array([ 0.5, -1. ])]", "sequence of ndarray"
)
foreach_addcmul_ = in_place(
    "foreach_addcmul", "[x], [x], [x]", "[array([2., 2.])]", "sequence of ndarray"
)
foreach_addcdiv_ = in_place(
    "foreach_addcdiv", "[x], [x], [x]", "[array([ 2., -1.])]", "sequence of ndarray"
)
