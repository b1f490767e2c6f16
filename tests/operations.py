"""The table of operations for tests: how each is called, and what NumPy says. A new
one needs a row here, and then every property of it is tested."""

from dataclasses import dataclass

import numpy as np
from reference import product

import fastadd


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
    return np.where(near, near_a, plus(b, times(w - one, b - a)))


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
