"""`foreach_add`: additions of many arrays in one call."""

from fastadd import _core
from fastadd._call import public
from fastadd._lists import (
    FOREACH_ADD,
    as_given,
    as_list,
    as_many,
    as_outs,
    each_added,
    is_one,
)


@public
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
    inputs = as_list("inputs", inputs)
    others = as_many("others", others, "inputs", inputs)
    alphas = as_many("alpha", alpha, "inputs", inputs)
    outs = as_outs(out, "inputs", inputs)
    betas = [1] * len(inputs)
    name = "alpha" if is_one(alpha) else "alpha[{}]"
    call = each_added(FOREACH_ADD, inputs, others, betas, alphas, outs, name)
    return call if out is None else (_core.then, (call, as_given, out, outs), {})
