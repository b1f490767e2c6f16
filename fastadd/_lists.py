"""Lists of arrays: what is one, and how one operation is computed for each member."""

from collections.abc import Collection, Iterable, Mapping, Set
from functools import partial

import numpy as np

from fastadd import _core
from fastadd._add import ADD, add
from fastadd._call import checked
from fastadd._checks import (
    as_operand,
    check_is_array,
    computes_itself,
    describe,
    is_native,
    kind_of_number,
    overlap,
)

FOREACH_ADD = ADD._replace(
    name="foreach_add",
    wider="Convert the arrays by x.astype(np.{})",
    other_out="Pass an out of dtype {}",
)


def is_list(given):
    """Whether something is a list of arrays, or of one number for each: an iterable,
    but not one that is an array itself, or has names, or has no order."""
    return isinstance(given, Iterable) and not (
        isinstance(given, str | bytes | bytearray | Mapping | Set | np.generic)
        or hasattr(type(given), "__array__")
        or hasattr(type(given), "__dlpack__")
    )


def as_list(name, given):
    """The members of a list of arrays; an array may be one, along its first axis."""
    if not is_list(given) and not (isinstance(given, np.ndarray) and given.ndim > 0):
        raise TypeError(
            f"{name} is {describe(given)}: it must be a list, or another iterable "
            "without names, with a member for each array."
        )
    members = list(given)
    if not members and not isinstance(given, Collection):
        raise ValueError(
            f"{name} is {describe(given)} without members: has it been used up? Pass a "
            "list."
        )
    return members


def as_given(results, given, members):
    """The results are in the `out` that was given: that itself, unless it was an
    iterator, which is used up."""
    return given if isinstance(given, Collection) else members


def is_one(given):
    """Whether it is a number for all members of a list."""
    return kind_of_number(given) is not None or (
        isinstance(given, np.ndarray) and given.ndim == 0
    )


def as_many(name, given, model_name, model):
    """The members of a sequence that has one for each of the model's; of a number, the
    number for each."""
    if is_one(given):
        return [given] * len(model)
    members = as_list(name, given)
    check_lengths(model_name, model, name, members)
    return members


def check_lengths(model_name, model, name, members):
    if len(members) != len(model):
        raise ValueError(
            f"there are {len(model)} {model_name} and {len(members)} {name}: pass one "
            "for each."
        )


def as_outs(out, model_name, model):
    if out is None:
        return [None] * len(model)
    outs = as_list("out", out)
    check_lengths(model_name, model, "out", outs)
    if any(each is None for each in outs):
        raise TypeError("a member of out is None: pass an array for each, or no out.")
    return outs


def each_added(function, inputs, others, betas, alphas, outs, alpha="alpha[{}]"):
    """The call that computes lists of one length; outs may be of None, and the name of
    a coefficient may have a place."""
    for place, out in enumerate(outs):
        if out is not None and not computes_itself(out):
            check_is_array(out, f"out[{place}]")
    lists = inputs, others, betas, alphas, outs
    if any(computes_itself(x) for x in (*inputs, *others, *outs)):
        return one_by_one(*lists)
    inputs = [as_operand(f"inputs[{place}]", x) for place, x in enumerate(inputs)]
    others = [as_operand(f"others[{place}]", x) for place, x in enumerate(others)]
    if not all(is_native(x) for x in (*inputs, *others, *outs)):
        return one_by_one(*lists)
    calls = []
    lists = inputs, others, betas, alphas, outs
    for place, (input, other, each_beta, each_alpha, out) in enumerate(
        zip(*lists, strict=True)
    ):
        operands, coefficients, *rest = checked(
            function,
            {f"inputs[{place}]": input, f"others[{place}]": other},
            {"beta": each_beta, alpha.format(place): each_alpha},
            *(out, None, "same_kind", f"out[{place}]"),
        )
        calls.append((operands, coefficients, *rest, rest[-1]))
    name = function.name.encode()
    if not all(out is None for out in outs) and not _core.calls_lie_apart("add", calls):
        calls = apart_from_others(calls, outs)
    return _core.compute_calls, (name, "add", calls), {}


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
            [
                operand.copy()
                if any(
                    overlap(operand, other)
                    for other in (*outs[:place], *outs[place + 1 :])
                )
                else operand
                for operand in operands
            ],
            *rest,
        )
        for place, (operands, *rest) in enumerate(calls)
    ]


def one_by_one(inputs, others, betas, alphas, outs):
    """As `add` computes them, which asks NumPy's protocols."""
    calls = [
        (
            f"place {place} of the lists",
            partial(add, input, other, beta=beta, alpha=alpha, out=out),
        )
        for place, (input, other, beta, alpha, out) in enumerate(
            zip(inputs, others, betas, alphas, outs, strict=True)
        )
    ]
    return _core.each_in_turn, (calls,), {}
