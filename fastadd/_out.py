"""What may be written, and whether it overlaps itself or what is read."""

import numpy as np

from fastadd._checks import broadcast, describe

# How hard to try to prove that operand and out lie apart before copying the operand, or
# that out does not overlap itself: some ms at most.
MAX_WORK = 10_000


def as_out(out):
    """What NumPy's ufuncs take for one output: an array, or a tuple of one."""
    return out[0] if type(out) is tuple and len(out) == 1 else out


def check_is_array(out, function, name):
    """`name` is what the function calls it."""
    if not isinstance(out, np.ndarray):
        writes = f"{function.name} writes into it, so " if function.in_place else ""
        advice = (
            f"Use {function.fresh} for a new result."
            if function.in_place
            else "Leave it out for a new array."
        )
        raise TypeError(
            f"{name} is {describe(out)}: {writes}it must be a numpy.ndarray, or an "
            f"array of another type that overrides NumPy's ufuncs. {advice}"
        )


def check_out(out, dtype, shape, casting, function, name):
    """`name` is what the function calls it."""
    if not np.can_cast(dtype, out.dtype, casting):
        raise TypeError(
            f"{name} has dtype {out.dtype} and the result {dtype}, which "
            f"casting={casting!r} does not let into it. {function.other_out(dtype)}"
        )
    if broadcast(shape, out.shape) != out.shape:
        raise ValueError(
            f"{name} has shape {out.shape}, to which the result's shape {shape} does "
            f"not broadcast; it is never resized. The result needs one of shape "
            f"{shape}."
        )
    check_layout(out, name)


def check_layout(out, name):
    if not out.flags.writeable:
        raise ValueError(
            f"{name} is read-only. Pass a writeable array, or a copy: {name}.copy()."
        )
    try:
        overlaps = overlaps_itself(out)
    except np.exceptions.TooHardError:
        raise ValueError(
            f"{name} (shape {out.shape}, strides {out.strides}) may overlap itself: to "
            "find out whether it does would take too long. Pass an array whose axes do "
            "not interleave."
        ) from None
    if overlaps:
        raise ValueError(
            f"{name} overlaps itself (shape {out.shape}, strides {out.strides}): "
            "several elements would be written to one place. Pass an array that does "
            "not."
        )


def overlaps_itself(x):
    """Whether two elements share a byte. Two that do first differ in some axis; moved
    together, one of them lies at its start."""
    x = np.asarray(x)  # subclasses index in ways of their own
    if x.flags.c_contiguous or x.flags.f_contiguous or nests(x):  # or empty
        return False
    while x.ndim:
        if np.shares_memory(x[1:], x[:1], max_work=MAX_WORK):
            return True
        x = x[0, ...]
    return False


def nests(x):
    """Whether each axis steps over all that the axes inside it reach."""
    reach = x.itemsize
    for stride, length in sorted(
        (abs(stride), length)
        for stride, length in zip(x.strides, x.shape, strict=True)
        if length > 1
    ):
        if stride < reach:
            return False
        reach += (length - 1) * stride
    return True


def apart(operand, out):
    """The operand, or a copy if writing out could change what is still to be read."""
    if not overlap(operand, out) or is_same_view(operand, out):
        return operand
    return np.array(operand)


def overlap(x, y):
    """Whether two arrays share memory, or may: to be sure can be too hard."""
    if not np.may_share_memory(x, y):
        return False
    try:
        return np.shares_memory(x, y, max_work=MAX_WORK)
    except np.exceptions.TooHardError:
        return True


def is_same_view(x, out):
    x = np.broadcast_to(x, out.shape)
    return (
        x.__array_interface__["data"][0] == out.__array_interface__["data"][0]
        and x.itemsize == out.itemsize
        and all(
            mine == its or length == 1
            for mine, its, length in zip(x.strides, out.strides, out.shape, strict=True)
        )
    )
