"""Whether this build computes NumPy's bits on this CPU: every public operation, in
every dtype, at lengths with tails, in every layout, over its own operands, on one
thread and on several; lists, sums of many arrays, results that do not wrap.

What NumPy is asked for is a line for each operation, in `operations`.
"""

from functools import reduce

import numpy as np

import fastadd
from fastadd._compare.cases import (
    ALIASINGS,
    BROADCASTS,
    DTYPES,
    LAYOUTS,
    coefficients,
    grids,
    kind,
    moderate,
    values,
)
from fastadd._compare.operations import (
    OPERATIONS,
    Operation,
    clamped,
    numbers_of,
    operands_of,
    plus,
    scaled,
)
from fastadd._compare.reference import difference, product, reference

SIZES = (0, 1, 7, 33, 67, 1003)
LARGE = 40_000  # enough for several threads
# Functions that have others for lists and in place: foreach_add, add_, foreach_add_.
PLAIN = [name for name in OPERATIONS if "," not in name]

SUM = Operation(
    lambda *arrays, weights, **more: fastadd.weighted_sum(arrays, weights, **more),
    *(4, "bifc"),
    lambda *arrays, weights: reduce(plus, map(scaled, weights, arrays)),
    ("weights",),
)
WEIGHTS = {
    "b": (True, False, True, True),
    "i": (3, 1, 2, 5),
    "f": (1, 0.3, -1.7, 2.5),
    "c": (1, 0.3, 0.5 - 2j, 1j),
}
RELU = Operation(fastadd.relu, 1, "bif", lambda x: np.where(x <= 0, x.dtype.type(0), x))


def given_to(operation, dtype):
    """Some sets of coefficients."""
    if operation is SUM:
        return [{"weights": WEIGHTS[kind(dtype)]}]
    return numbers_of(operation, dtype)


# ---- what is compared: (where, what fastadd computed, what NumPy does) ---------------


def lengths(operation, dtype):
    for given in given_to(operation, dtype):
        for n in SIZES:
            arrays = operands_of(operation, n, dtype)
            right = operation.right(arrays, dtype, **given)
            yield f"{n} elements", operation.call(*arrays, **given), right
            out = np.empty(n, dtype)
            operation.call(*arrays, **given, out=out)
            yield f"{n} elements, out=", out, right


def layouts(operation, dtype):
    given = given_to(operation, dtype)[-1]
    arrays = operands_of(operation, (5, 7, 67), dtype)
    right = operation.right(arrays, dtype, **given)
    for name, layout in LAYOUTS.items():
        out = np.zeros_like(right)
        if name != "read-only":
            out = layout(out)
        laid = [layout(x) for x in arrays]
        yield f"all {name}", operation.call(*laid, **given), right
        operation.call(*laid, **given, out=out)
        yield f"all {name}, out= too", out.astype(dtype), right
        operation.call(laid[0], *arrays[1:], **given, out=out)
        yield f"the first {name}, out= too", out.astype(dtype), right


def threads(operation, dtype):
    given = given_to(operation, dtype)[0]
    arrays = operands_of(operation, LARGE, dtype)
    right = operation.right(arrays, dtype, **given)
    for count in sorted({1, 2, fastadd.get_num_threads()}):
        with fastadd.threads(count):
            found = operation.call(*arrays, **given)
        yield f"{LARGE:,} elements on {count} threads", found, right


def overlaps(operation, dtype):
    given = given_to(operation, dtype)[0]
    for name, views in ALIASINGS.items():
        for place in range(operation.arrays):
            out, x = views(values(40, dtype, 5))
            arrays = operands_of(operation, out.shape, dtype)
            arrays[place] = x
            right = operation.right([y.copy() for y in arrays], dtype, **given)
            operation.call(*arrays, **given, out=out)
            where = f"out= over operand {place + 1} ({name})"
            yield where, out, np.broadcast_to(right, out.shape)


def saturated(operation, dtype):
    """Operands of integers, in results that do not wrap."""
    floats = np.dtype("f4" if dtype.itemsize <= 2 else "f8")
    for given in given_to(operation, floats):
        for n in SIZES:
            arrays = [
                values(n, dtype if place < operation.factors else floats, place)
                for place in range(operation.arrays)
            ]
            found = operation.call(*arrays, **given, casting="saturate")
            right = clamped(operation.right(arrays, floats, **given), dtype)
            yield f'{n} elements, casting="saturate"', found, right


def every(operation, dtype):
    """All of the above that an operation has in a dtype."""
    if kind(dtype) in operation.kinds:
        yield from lengths(operation, dtype)
        yield from layouts(operation, dtype)
        yield from threads(operation, dtype)
        yield from overlaps(operation, dtype)
    if kind(dtype) == "i" and "f" in operation.kinds and operation is not RELU:
        yield from saturated(operation, dtype)


def in_place(name, dtype):
    operation = OPERATIONS.get(name, RELU)
    if kind(dtype) in operation.kinds:
        given = given_to(operation, dtype)[-1]
        for n in SIZES:
            arrays = operands_of(operation, n, dtype)
            right = operation.right(arrays, dtype, **given)
            getattr(fastadd, f"{name}_")(*arrays, **given)
            yield f"{n} elements", arrays[0], right


def lists(name, dtype):
    operation = OPERATIONS[name]
    if kind(dtype) not in operation.kinds:
        return
    for given in given_to(operation, dtype):
        calls = [operands_of(operation, n, dtype) for n in SIZES]
        right = [operation.right(arrays, dtype, **given) for arrays in calls]
        arguments = [list(arrays) for arrays in zip(*calls, strict=True)]
        found = getattr(fastadd, f"foreach_{name}")(*arguments, **given)
        for n, one, two in zip(SIZES, found, right, strict=True):
            yield f"a list, member of {n} elements", one, two
        getattr(fastadd, f"foreach_{name}_")(*arguments, **given)
        for n, one, two in zip(SIZES, arguments[0], right, strict=True):
            yield f"a list in place, member of {n} elements", one, two


def lists_of_sums(_, dtype):
    weights = WEIGHTS[kind(dtype)]
    calls = [operands_of(SUM, n, dtype) for n in SIZES]
    found = fastadd.foreach_weighted_sum(
        [list(arrays) for arrays in zip(*calls, strict=True)], weights
    )
    for n, one, arrays in zip(SIZES, found, calls, strict=True):
        right = SUM.right(arrays, dtype, weights=weights)
        yield f"lists, members of {n} elements", one, right


def clipped(_, dtype):
    """The norm to 12 digits, for sums have many orders; what it scales to the bit."""
    if kind(dtype) not in "fc":
        return
    arrays = [moderate(n, dtype, n) for n in SIZES]
    wide = [x.astype("f4") if dtype.itemsize == 2 else x for x in arrays]
    found, norm = fastadd.clip_grad_norm(arrays, 1.5)
    right = np.linalg.norm(np.concatenate(wide).astype(np.result_type(wide[0], "f8")))
    yield f"the norm, {norm}", np.isclose(norm, right, 1e-12, 0), np.True_
    for n, one, x in zip(SIZES, found, wide, strict=True):
        right = product(1.5 / norm, x, x.dtype).astype(dtype)
        yield f"a list, member of {n} elements", one, right


def dotted(_, dtype):
    """The result to the bit, the dot product to 12 digits, on one thread and several
    the same."""
    if kind(dtype) != "f":
        return
    for alpha, beta in ((1, 1), (-0.3, 1), (2.5, -1.7)):
        for n in (*SIZES, LARGE):
            a, b, vector = (moderate(n, dtype, seed) for seed in (1, 2, 3))
            right = reference(a, b, alpha, beta, dtype)
            for given in (None, vector):
                found, dot = fastadd.add_dot(a, b, given, alpha=alpha, beta=beta)
                with fastadd.threads(1):
                    again = fastadd.add_dot(a, b, given, alpha=alpha, beta=beta)[1]
                what = f"{n} elements{'' if given is None else ' and a vector'}"
                yield what, found, right
                yield f"{what}, the dot product again", dot, again
                wide = right.astype(np.longdouble)
                terms = wide * (wide if given is None else given.astype(wide.dtype))
                close = abs(dot - terms.sum()) <= 1e-12 * abs(terms).sum()
                yield f"{what}, the dot product, {dot}", close, np.True_


def limited(_, dtype):
    if kind(dtype) != "f":
        return
    for limit in (1.5, 0.1):
        arrays = [values(n, dtype, n) for n in SIZES]
        bound = np.asarray(limit).astype(dtype)
        found = fastadd.clip_grad_value(arrays, limit)
        for n, one, x in zip(SIZES, found, arrays, strict=True):
            right = np.clip(x, -bound, bound).astype(dtype)
            yield f"a list, {limit=}, member of {n} elements", one, right


def shapes(_, dtype):
    """What broadcasts, and what is hard about layouts of two dimensions."""
    for alpha, beta in coefficients(dtype):
        for one, two in BROADCASTS:
            a, b = values(one, dtype, 1), values(two, dtype, 2)
            right = reference(a, b, alpha, beta, dtype)
            found = fastadd.add(a, b, alpha=alpha, beta=beta)
            yield f"shapes {one} and {two}", found, right
    alpha, beta = coefficients(dtype)[1]
    for side in (8, 67, 130):
        for name, (a, b, out) in grids(side, dtype).items():
            right = reference(a, b, alpha, beta, dtype)
            found = fastadd.add(a, b, alpha=alpha, beta=beta, out=out)
            yield f"{side} x {side}, {name}", found, right


def by_ufunc(_, dtype):
    for alpha, beta in coefficients(dtype):
        for n in SIZES:
            a, b = values(n, dtype, 1), values(n, dtype, 2)
            right = reference(a, b, alpha, beta, dtype)
            yield f"{n} elements", fastadd.scaled_add(a, b, alpha, beta), right


def mixtures(_, dtype):
    """With every other dtype, in the one that NumPy finds for both."""
    for other in DTYPES.values():
        a, b = values(300, dtype, 1), values(300, other, 2)
        try:
            both = np.result_type(a, b)
        except TypeError:
            continue
        for alpha, beta in coefficients(both)[:2]:
            found = fastadd.add(a, b, alpha=alpha, beta=beta)
            right = reference(a, b, alpha, beta, both)
            yield f"{dtype} and {other}", found, right


# ---- all of it -----------------------------------------------------------------------


def parts():
    """Rows of (public function, what of it, its part above, what that is given)."""
    for name, operation in OPERATIONS.items():
        function, _, what = name.partition(", ")
        yield function, what, every, operation
    yield "add", "of shapes that broadcast", shapes, None
    yield "add", "of two dtypes", mixtures, None
    yield "scaled_add", "", by_ufunc, None
    for name in PLAIN:
        yield name, "in place", in_place, name
    yield "relu", "", every, RELU
    yield "relu", "in place", in_place, "relu"
    yield "weighted_sum", "", every, SUM
    yield "add_dot", "", dotted, None
    yield "clip_grad_norm", "", clipped, None
    yield "clip_grad_value", "", limited, None
    for name in PLAIN:
        yield f"foreach_{name}", "", lists, name
    yield "foreach_weighted_sum", "", lists_of_sums, None


def check(advance):
    """Compare everything: of each public function, by name, how many results there were
    and how many of them had NumPy's bits; and the first that had not, in words, or
    None. `advance` is told what comes next, how much is done, and of how much."""
    counts, first = {}, None
    todo = list(parts())
    for place, (function, what, part, about) in enumerate(todo):
        compared, equal = counts.get(function, (0, 0))
        for dtype in DTYPES.values():
            name = ", ".join(filter(None, (function, what, str(dtype))))
            advance(name, place, len(todo))
            with np.errstate(all="ignore"):
                try:
                    for where, found, right in part(about, dtype):
                        compared += 1
                        wrong = difference(found, right)
                        equal += not wrong
                        if wrong and not first:
                            first = f"{name}, {where}: {wrong}"
                except Exception as error:  # whatever went wrong is to be told
                    compared += 1
                    told = f"{type(error).__name__}: {error}"
                    first = first or f"{name}: {told}"
        counts[function] = (compared, equal)
    return counts, first
