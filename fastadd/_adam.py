"""A step of the optimisers Adam and AdamW, for many arrays in one pass."""

from operator import itemgetter

import numpy as np
from numpy.lib.array_utils import byte_bounds

from fastadd import _core
from fastadd._checks import (
    as_operand,
    computes_itself,
    describe,
    is_native,
    kind_of,
    kind_of_number,
    shortened,
)
from fastadd._clip import checked_limit
from fastadd._function import public
from fastadd._lists import as_given, as_list, check_lengths, is_list
from fastadd._out import check_layout, overlap


@public
def foreach_adam_(
    params,
    grads,
    exp_avgs,
    exp_avg_sqs,
    *,
    step,
    lr=1e-3,
    betas=(0.9, 0.999),
    eps=1e-8,
    weight_decay=0,
    decoupled=False,
):
    """Compute a step of Adam, or of AdamW, for each of many arrays, in one pass.

    Parameters
    ----------
    params : iterable of ndarray
        What is learned: arrays of real floating-point numbers, of any shapes and
        dtypes. They are updated in place.
    grads : iterable of array_like
        The gradients, one for each of `params` and of its shape. They are left as they
        are.
    exp_avgs, exp_avg_sqs : iterable of ndarray
        The moving averages of the gradients and of their squares, one for each of
        `params` and of its shape, zeros before the first step. They are updated in
        place.
    step : int
        The number of this step, from 1 on.
    lr : float, optional
        The learning rate, at least 0.
    betas : (float, float), optional
        How much of each moving average is kept, from 0 to less than 1.
    eps : float, optional
        What is added to the root that divides, at least 0.
    weight_decay : float, optional
        How strongly the parameters are drawn to zero, at least 0.
    decoupled : bool, optional
        Whether the decay scales the parameters themselves, which is AdamW, and is not
        added to the gradients.

    Returns
    -------
    sequence of ndarray
        `params`.

    Raises
    ------
    TypeError
        If an array is not of real floating-point numbers, or is of a type that computes
        in its own way (of Dask, pandas, ...), or if one that is updated is no ndarray.
    ValueError
        If the lists are not of one length or the arrays of one place not of one shape,
        if one that is updated is read-only or overlaps itself or any other, or if a
        number is out of its range.
    OverflowError
        If a coefficient does not fit the dtype. In no case has anything been written.

    See Also
    --------
    foreach_addcdiv_ : a step of other optimisers.
    clip_grad_norm_ : gradients scaled to a norm of all.

    Notes
    -----
    The names of the lists and their order are those of ``torch._fused_adam_``, the
    formula is that of ``torch.optim.Adam`` and ``torch.optim.AdamW`` [1]_, without
    ``amsgrad`` and ``maximize``::

        if weight_decay != 0:
            if decoupled:
                p = (1 - lr*weight_decay)*p
            else:
                g = g + weight_decay*p
        m = beta1*m + (1 - beta1)*g
        v = beta2*v + (1 - beta2)*g*g
        p = p + (-lr/(1 - beta1**step))*m / (sqrt(v)/sqrt(1 - beta2**step) + eps)

    What consists of numbers alone is computed in float64 and rounded to the dtype; then
    each operation on arrays is rounded, from the left to the right: so the result has
    the bits of these lines in NumPy.

    The dtype is the one that NumPy finds for the four arrays of a place, but at least
    float32. 16-bit floats are computed in float32, and whatever is kept in a narrower
    dtype than that of the computation is rounded to it when it is stored, once: `p` is
    made of averages that have not been rounded so. Nothing is copied on the way.

    References
    ----------
    .. [1] `torch.optim.Adam
       <https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html>`_

    Examples
    --------
    The lowest point of ``(p - 3)**2``:

    >>> import numpy as np
    >>> import fastadd
    >>> p, m, v = [np.zeros(1)], [np.zeros(1)], [np.zeros(1)]
    >>> for step in range(1, 201):
    ...     g = [2 * (p[0] - 3)]
    ...     p = fastadd.foreach_adam_(p, g, m, v, step=step, lr=0.1)
    >>> p[0].round(2)
    array([3.])
    """
    numbers = checked_numbers(step, lr, betas, eps, weight_decay)
    members = as_list("params", params)
    lists = {"params": members}
    for name, given in (
        ("grads", grads),
        ("exp_avgs", exp_avgs),
        ("exp_avg_sqs", exp_avg_sqs),
    ):
        lists[name] = as_list(name, given)
        check_lengths("params", members, name, lists[name])
    arrays = {
        name: [checked_array(f"{name}[{k}]", x, name) for k, x in enumerate(each)]
        for name, each in lists.items()
    }
    for name, each in arrays.items():
        for place, (x, p) in enumerate(zip(each, arrays["params"], strict=True)):
            if x.shape != p.shape:
                raise ValueError(
                    f"{name}[{place}] has shape {x.shape}, and params[{place}] "
                    f"{p.shape}: pass arrays of one shape."
                )
    check_apart(arrays)
    call = _core.compute_adam, (list(arrays.values()), *numbers, bool(decoupled)), {}
    return _core.then, (call, as_given, params, members), {}


def checked_numbers(step, lr, betas, eps, weight_decay):
    """step, lr, both betas, eps and weight_decay, as floats."""
    number = step[()] if isinstance(step, np.ndarray) else step
    if kind_of_number(number) != "i":
        raise TypeError(
            f"step is {describe(step)}: it must be an integer, the number of this step."
        )
    if number < 1:
        raise ValueError(f"step={shortened(step)}: the first step has the number 1.")
    if not is_list(betas) and not (isinstance(betas, np.ndarray) and betas.ndim == 1):
        raise TypeError(f"betas is {describe(betas)}: it must be two numbers.")
    members = list(betas)
    if len(members) != 2:
        raise ValueError(f"betas={shortened(betas)}: it must be two numbers.")
    for place, beta in enumerate(members):
        members[place] = checked_limit(f"betas[{place}]", beta)
        if members[place] >= 1:
            raise ValueError(
                f"betas[{place}]={shortened(beta)}: it must be less than 1, so that "
                "the average forgets."
            )
    return (
        float(min(int(number), 10**300)),  # from long before on they are all alike
        checked_limit("lr", lr),
        *members,
        checked_limit("eps", eps),
        checked_limit("weight_decay", weight_decay),
    )


def checked_array(name, x, where):
    """One of real floats that may be written, if it is not of `grads`."""
    if computes_itself(x):
        raise TypeError(
            f"{name} is {describe(x)}, which computes in its own way: foreach_adam_ "
            "takes numbers that lie in memory. Pass np.asarray(x)."
        )
    if where != "grads" and not isinstance(x, np.ndarray):
        raise TypeError(
            f"{name} is {describe(x)}: it must be a numpy.ndarray, which is updated in "
            "place."
        )
    x = np.asarray(as_operand(name, x))
    if not is_native(x) or kind_of(x.dtype) != "f":
        advice = (
            "Pass views of the real numbers that it consists of, as x.view(np.float32)."
            if x.dtype.kind == "c"
            else "Keep it in np.float32, for example."
        )
        raise TypeError(
            f"{name} has dtype {x.dtype}: foreach_adam_ takes real floating-point "
            f"numbers. {advice}"
        )
    if where != "grads":
        check_layout(x, name)
    return x


def check_apart(lists):
    """Nothing that is written may share memory with anything else. In the order of
    memory, each array is compared with those that have not ended yet."""
    held = [
        (*byte_bounds(x), place, name, x)
        for name, each in lists.items()
        for place, x in enumerate(each)
        if x.size
    ]
    begun = []
    for low, high, place, name, x in sorted(held, key=itemgetter(0)):
        begun = [other for other in begun if other[1] > low]
        for *_, before, other, y in begun:
            if not name == other == "grads" and overlap(x, y):
                raise ValueError(
                    f"{other}[{before}] and {name}[{place}] overlap: what is written "
                    "to one would change the other. Pass arrays that lie apart."
                )
        begun.append((low, high, place, name, x))
