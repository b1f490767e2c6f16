"""The oracle: what the contract says, in NumPy operations, each of which rounds."""

import math

import numpy as np


def reference(a, b, alpha, beta, dtype):
    """beta*a + alpha*b computed in dtype, float16 and bfloat16 by way of float32."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return (a.astype(bool) & bool(beta)) | (b.astype(bool) & bool(alpha))
    wide = np.float32 if dtype.itemsize == 2 and dtype.kind in "fV" else dtype
    with np.errstate(all="ignore"):
        x = product(beta, a.astype(dtype).astype(wide), dtype)
        y = product(alpha, b.astype(dtype).astype(wide), dtype)
        return np.add(x, y).astype(dtype)


def product(c, x, dtype):
    """c*x, the coefficient rounded to that of x first; complex numbers by parts."""
    if dtype.kind != "c":
        return np.multiply(x, np.asarray(c).astype(x.dtype))
    z, part = np.empty_like(x), np.dtype(dtype.char.lower()).type
    re, im = part(c.real), part(c.imag)
    if isinstance(c, complex):
        z.real, z.imag = re * x.real - im * x.imag, re * x.imag + im * x.real
    else:
        z.real, z.imag = re * x.real, re * x.imag
    return z


def difference(actual, expected):
    """What is not equal of dtype, shape and bits, in words; None if all is. One NaN is
    as good as another: which payload survives a sum is the compiler's choice, in NumPy
    too."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    for what in ("dtype", "shape"):
        one, two = getattr(actual, what), getattr(expected, what)
        if one != two:
            return f"{what} {one} instead of {two}"
    if actual.dtype.kind == "c":
        return difference(actual.real, expected.real) or difference(
            actual.imag, expected.imag
        )
    same = actual == expected
    if actual.dtype.kind in "fV":
        same &= np.signbit(actual) == np.signbit(expected)
        same |= np.isnan(actual) & np.isnan(expected)
    if same.all():
        return None
    return (
        f"{(~same).sum()} of {same.size} differ, first at "
        f"{tuple(int(i[0]) for i in np.nonzero(~same))}: "
        f"{actual[~same][:3]} instead of {expected[~same][:3]}"
    )


def assert_same_bits(actual, expected):
    found = difference(actual, expected)
    if found:
        raise AssertionError(found)


def adam(
    p,
    g,
    m,
    v,
    step,
    lr=1e-3,
    betas=(0.9, 0.999),
    eps=1e-8,
    weight_decay=0,
    decoupled=False,
):
    """p, m and v after a step, computed in the dtype of all four, at least float32, and
    each rounded to its own."""
    kept = [x.dtype for x in (p, m, v)]
    dtype = np.result_type(
        *(np.float32 if x.dtype.itemsize == 2 else x.dtype for x in (p, g, m, v))
    )
    p, g, m, v = (x.astype(dtype) for x in (p, g, m, v))
    beta1, beta2 = betas
    with np.errstate(all="ignore"):
        if weight_decay != 0 and decoupled:
            p = (1 - lr * weight_decay) * p
        elif weight_decay != 0:
            g = g + weight_decay * p
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        root = np.sqrt(v) / math.sqrt(1 - beta2**step)
        p = p + (-lr / (1 - beta1**step)) * m / (root + eps)
        return [x.astype(own) for x, own in zip((p, m, v), kept, strict=True)]
