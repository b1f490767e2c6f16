"""Peers that the benchmark alone has, where they can do the same: NumKong, on arrays of
one dtype that lie in one piece; JAX, compiled for the CPU, and albucore, which have no
`out` and return new arrays. (`python -m fastadd` need not wait for them to load.)"""

import numpy as np

from fastadd._compare.cases import twin
from fastadd._compare.chains import close
from fastadd._compare.measure import Contender
from fastadd._compare.peers import expression, module

numkong, jax, albucore = (module(name) for name in ("numkong", "jax", "albucore"))
if jax:
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", True)  # it makes float32 of float64 otherwise

FORMULAS = {
    "alpha of each": lambda a, b, c: a + b * c,
    "lerp by an array": lambda a, b, c: a + c * (b - a),
    "addcmul": lambda a, b, c: a + 0.5 * b * c,
    "addcdiv": lambda a, b, c: a + 0.5 * b / c,
}
FACTORS = {"alpha of each": 1, "addcmul": 0.5}  # of what is one call of NumKong


def versions():
    found = {"NumKong": numkong, "JAX": jax, "albucore": albucore}
    return {name: m.__version__ for name, m in found.items() if m is not None}


def jitted(function, *arrays):
    """A call of JAX, on arrays that it has; it ends when the result is there."""
    return Contender(
        "f(*x).block_until_ready()",
        f=jax.jit(function),
        x=[jax.numpy.asarray(x) for x in arrays],
    )


def blended(a, b, alpha, beta, out):
    """alpha*a + beta*b by NumKong, which takes vectors alone and returns None if it is
    given an out. It computes integers in floats, and clamps them."""
    names = {"a": a.ravel(), "b": b.ravel(), "v": alpha, "w": beta}
    if out is None:
        return Contender("f(a, b, alpha=v, beta=w)", f=numkong.blend, **names)
    return Contender(
        "f(a, b, alpha=v, beta=w, out=o) or o",
        f=numkong.blend,
        o=out.reshape(-1),
        **names,
    )


def additions(a, b, s, out):
    """a + s*b by name; out is None for a fresh result."""
    found = {}
    arrays = [x for x in (a, b, out) if x is not None]
    if numkong and all(
        (x.shape, x.dtype) == (a.shape, a.dtype) and x.flags.c_contiguous
        for x in arrays
    ):
        try:
            found["NumKong"] = blended(a, b, 1, s, out)
            found["NumKong"]()
        except (LookupError, ValueError):
            del found["NumKong"]  # bool, longdouble: not in NumKong
    if jax and out is None and a.dtype.kind == "f":
        found["JAX"] = jitted(expression, a, b, a.dtype.type(s))
    return found


def three(name, found):
    """To the contenders of `chains.three` or `chains.masked` those that can do it."""
    names = found["fastadd"].names
    a, b, c, o = (names[key] for key in "abco")
    if numkong and name in FACTORS and a.shape == c.shape:
        found["NumKong"] = Contender(
            "f(b, c, a, alpha=v, beta=1, out=o) or o",
            f=numkong.fma,
            a=a,
            b=b,
            c=c,
            o=twin(o),
            v=FACTORS[name],
        )
    if jax:
        found["JAX"] = jitted(FORMULAS[name], a, b, c)
    return close(found)


def rounded(x):
    return jax.numpy.clip(jax.numpy.rint(x), 0, 255).astype("u1")


def pictures(by_mask, found):
    """To the contenders of `chains.pictures`. (At ties they may be 1 apart.)"""
    names = found["fastadd"].names
    a, b = names["a"], names["b"]
    more = {}
    if jax and by_mask:
        more["JAX"] = jitted(
            lambda a, b, c: rounded(a + c * (b.astype("f4") - a)), a, b, names["c"]
        )
    elif jax:
        more["JAX"] = jitted(
            lambda a, b: rounded(a * np.float32(0.3) + b * np.float32(0.7)), a, b
        )
    if numkong and not by_mask:
        more["NumKong"] = blended(a, b, 0.3, 0.7, np.empty_like(a))
    if albucore and not by_mask:
        more["albucore"] = Contender(
            "f(a, 0.3, b, 0.7)", f=albucore.add_weighted, a=a, b=b
        )
    expected = found["numpy chain"]().astype(int).ravel()
    for call in more.values():
        assert np.abs(np.asarray(call()).astype(int).ravel() - expected).max() <= 1
    return found | more
