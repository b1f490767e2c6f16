"""The table of operations: how each is called, and what NumPy says. A new one needs a
row here, and then every property of it is tested, and `python -m fastadd` checks it."""

from dataclasses import dataclass

import numpy as np

import fastadd
from fastadd._compare.cases import coefficients, kind, values
from fastadd._compare.reference import product


def times(x, y):
    """A product, of complex numbers by parts (NumPy fuses them on some CPUs)."""
    if x.dtype.kind != "c":
        return x & y if x.dtype.kind == "b" else np.multiply(x, y)
    z = np.empty(np.broadcast_shapes(x.shape, y.shape), x.dtype)
    z.real = x.real * y.real + -x.imag * y.imag
    z.imag = x.real * y.imag + x.imag * y.real
    return z


def plus(x, y):
    return x | y if x.dtype.kind == "b" else np.add(x, y)


def scaled(c, x):
    return x & bool(c) if x.dtype.kind == "b" else product(c, x, x.dtype)


def minus(x, c, y):
    """x - c*y, as the sum with -c*y."""
    if isinstance(np.asarray(c)[()], np.unsignedinteger):  # which has no negative
        return plus(x, -scaled(c, y))
    if x.dtype.kind in "fcV" and type(c) is int and c == 0:
        c = 0.0  # which has a negative
    return plus(x, scaled(-c, y))


def lerp(a, b, w):
    near = np.abs(w) < 0.5
    if w.dtype.kind == "c":
        near = w.real.astype("g") ** 2 + w.imag.astype("g") ** 2 < 0.25
    one = w.dtype.type(1)
    near_a = plus(a, times(w, b - a))
    return np.where(near, near_a, b - times(b - a, one - w))


def clamped(x, dtype):
    """As integers that do not wrap. (Not by np.clip: the largest integer of 64 bits is
    no float.)"""
    info = np.iinfo(dtype)

    def clamp(number):
        if np.isnan(number):
            return 0
        if np.isinf(number):
            return info.max if number > 0 else info.min
        return min(max(int(number), info.min), info.max)

    flat = [clamp(number) for number in np.rint(x).ravel().tolist()]
    return np.array(flat, dtype).reshape(x.shape)


@dataclass(frozen=True)
class Operation:
    """`call` takes so many arrays and the keywords of all, `numbers` coefficients by
    name; arrays from `factors` on are factors, which do not decide on the dtype."""

    call: object
    arrays: int
    kinds: str
    oracle: object  # of arrays of the dtype in which is computed
    numbers: tuple = ()
    factors: int = 9

    def right(self, arrays, dtype, **numbers):
        """What it must be, computed in a dtype."""
        half = dtype.itemsize == 2 and dtype.kind in "fV"
        wide = np.dtype("f4") if half else dtype
        with np.errstate(all="ignore"):
            brought = [
                (x if place >= self.factors else x.astype(dtype)).astype(wide)
                for place, x in enumerate(arrays)
            ]
            return np.asarray(self.oracle(*brought, **numbers)).astype(dtype)


OPERATIONS = {
    "add": Operation(
        fastadd.add,
        *(2, "bifc", lambda a, b, beta, alpha: plus(scaled(beta, a), scaled(alpha, b))),
        ("beta", "alpha"),
    ),
    "add, alpha of each": Operation(
        lambda a, b, c, **more: fastadd.add(a, b, alpha=c, **more),
        *(3, "bifc", lambda a, b, c, beta: plus(scaled(beta, a), times(b, c))),
        *(("beta",), 2),
    ),
    "add, beta of each": Operation(
        lambda a, b, c, **more: fastadd.add(a, b, beta=c, **more),
        *(3, "bifc", lambda a, b, c, alpha: plus(scaled(alpha, b), times(a, c))),
        *(("alpha",), 2),
    ),
    "add, both of each": Operation(
        lambda a, b, c, d, **more: fastadd.add(a, b, alpha=c, beta=d, **more),
        *(4, "bifc", lambda a, b, c, d: plus(times(d, a), times(c, b))),
        *((), 2),
    ),
    "sub": Operation(
        fastadd.sub,
        *(2, "ifc", lambda a, b, alpha: minus(a, alpha, b)),
        ("alpha",),
    ),
    "sub, alpha of each": Operation(
        lambda a, b, c, **more: fastadd.sub(a, b, alpha=c, **more),
        *(3, "ifc", lambda a, b, c: plus(a, times(scaled(-1, b), c))),
        *((), 2),
    ),
    "lerp": Operation(fastadd.lerp, 3, "fc", lerp, (), 2),
    "addcmul": Operation(
        fastadd.addcmul,
        *(3, "bifc"),
        lambda a, b, c, beta, value: plus(scaled(beta, a), times(scaled(value, b), c)),
        ("beta", "value"),
    ),
    "addcdiv": Operation(
        fastadd.addcdiv,
        *(3, "fc"),
        lambda a, b, c, beta, value: plus(
            scaled(beta, a), np.divide(scaled(value, b), c)
        ),
        ("beta", "value"),
    ),
}


def numbers_of(operation, dtype):
    """Some coefficients, by name."""
    names = operation.numbers
    found = []
    for pair in coefficients(dtype):
        if operation is OPERATIONS["sub"] and (pair[1] is True or kind(dtype) == "b"):
            continue
        found.append(
            dict(zip(names, pair[-len(names) :] if names else (), strict=True))
        )
    return found if names else [{}]


def operands_of(operation, shape, dtype, make=values):
    """Arrays for one call; the weights of `lerp` lie on both sides of 1/2."""
    arrays = [make(shape, dtype, seed) for seed in range(operation.arrays)]
    if operation is OPERATIONS["lerp"] and kind(dtype) == "f" and arrays[2].size > 3:
        weights = np.array([0, 1, 0.5, -0.5, 0.25, 0.75, 0.49], dtype)
        arrays[2] = np.resize(weights, arrays[2].shape).astype(dtype)
        if make is values:
            arrays[2].reshape(-1)[1::3] = values(arrays[2].size, dtype, 7)[1::3]
    if operation is OPERATIONS["addcdiv"] and make is values:
        arrays[2].reshape(-1)[2::5] = 0
    return arrays
