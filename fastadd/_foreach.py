"""`foreach_add`: additions of many arrays in one call."""

from contextlib import contextmanager

from fastadd import _core
from fastadd._add import add, checked_call
from fastadd._checks import (
    as_given,
    as_list,
    as_many,
    as_operand,
    check_is_array,
    check_lengths,
    computes_itself,
    is_native,
    overlap,
)


def foreach_add(inputs, others, *, alpha=1, out=None):
    """Compute ``input + alpha*other`` for each of many arrays, in one call.

    The threads divide the elements of all arrays among them, so that many small ones
    are computed as fast as one large one: a step of an optimiser, for example.

    Parameters
    ----------
    inputs : iterable of array_like
        The first operands, of any shapes and dtypes.
    others : iterable of array_like, or scalar
        The second operands, one for each of the first; or one number for all.
    alpha : number, or sequence of numbers, optional
        The coefficient, or one for each addition, by the rules of `add`.
    out : sequence of ndarray, optional
        Where to write the results, an array for each addition; ``out=inputs`` computes
        in place. They may overlap the operands in any way, also those of other
        additions, but not one another.

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
    results = _core.gate_each(b"foreach_add", inputs, others, 1, alpha, out)
    if results is not NotImplemented:
        return results
    inputs = as_list("inputs", inputs)
    others = as_many("others", others, "inputs", inputs)
    alphas = as_many("alpha", alpha, "inputs", inputs)
    outs = as_outs(out, "inputs", inputs)
    betas = [1] * len(inputs)
    results = each_added(b"foreach_add", inputs, others, betas, alphas, outs)
    return results if out is None else as_given(out, outs)


def each_added(name, inputs, others, betas, alphas, outs):
    """Lists of one length; outs may be None."""
    for place, out in enumerate(outs):
        if out is not None and not computes_itself(out):
            with located(place):
                check_is_array(out)
    if any(computes_itself(x) for x in (*inputs, *others, *outs)):
        return one_by_one(inputs, others, betas, alphas, outs)
    inputs = [as_operand(x) for x in inputs]
    others = [as_operand(x) for x in others]
    if not all(is_native(x) for x in (*inputs, *others, *outs)):
        return one_by_one(inputs, others, betas, alphas, outs)
    calls = []
    for place, call in enumerate(zip(inputs, others, betas, alphas, outs, strict=True)):
        with located(place):
            calls.append(checked_call(*call, None, "same_kind"))
    results = _core.run_calls(name, calls, all(out is None for out in outs))
    if results is None:  # or cannot tell in a hurry
        results = _core.run_calls(name, apart_from_others(calls, outs), True)
    return [
        result[()] if out is None and result.ndim == 0 else result
        for result, out in zip(results, outs, strict=True)
    ]


@contextmanager
def located(place):
    """Have an error tell at which place of the lists it was."""
    try:
        yield
    except Exception as error:
        error.add_note(f"This is at place {place} of the lists.")
        raise


def as_outs(out, model_name, model):
    if out is None:
        return [None] * len(model)
    outs = as_list("out", out)
    check_lengths(model_name, model, "out", outs)
    if any(each is None for each in outs):
        raise TypeError("a member of out is None: pass an array for each, or no out.")
    return outs


def apart_from_others(calls, outs):
    """The calls with copies of those operands that another call's out overlaps."""
    for place, out in enumerate(outs):
        for before, other in enumerate(outs[:place]):
            if overlap(out, other):
                raise ValueError(
                    f"out[{before}] and out[{place}] overlap: one would overwrite the "
                    "other. Pass arrays that lie apart."
                )
    return [
        (
            *(
                operand.copy()
                if any(
                    overlap(operand, other)
                    for other in (*outs[:place], *outs[place + 1 :])
                )
                else operand
                for operand in (input, other)
            ),
            *rest,
        )
        for place, (input, other, *rest) in enumerate(calls)
    ]


def one_by_one(inputs, others, betas, alphas, outs):
    """As `add` computes them, which asks NumPy's protocols."""
    results = []
    for place, (input, other, beta, alpha, out) in enumerate(
        zip(inputs, others, betas, alphas, outs, strict=True)
    ):
        with located(place):
            results.append(add(input, other, beta=beta, alpha=alpha, out=out))
    return results
