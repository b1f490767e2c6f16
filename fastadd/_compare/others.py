"""The other functions beside what others offer for the same: contenders by name, each
checked by whoever times it."""

import numpy as np

import fastadd
from fastadd._compare.measure import Contender
from fastadd._compare.peers import numexpr, tensor, torch

WEIGHTS = (1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


def numpy_chain(arrays, weights, out, product):
    np.multiply(arrays[0], weights[0], out=out)
    for x, w in zip(arrays[1:], weights[1:], strict=True):
        np.multiply(x, w, out=product)
        np.add(out, product, out=out)
    return out


def weighted_sums(n, weights=WEIGHTS, dtype=np.float64):
    """Seven operands of float64, or what is asked for, with out."""
    rng = np.random.default_rng(n)
    stacked = rng.standard_normal((len(weights), n)).astype(dtype)
    names = {"xs": list(stacked), "w": weights}

    def out():
        return np.empty(n, dtype)

    found = {
        "fastadd": Contender(
            "f(xs, w, out=out)", f=fastadd.weighted_sum, out=out(), **names
        ),
        "numpy chain": Contender(
            "f(xs, w, out, t)", f=numpy_chain, out=out(), t=out(), **names
        ),
        "BLAS dot": Contender(
            "dot(w, x, out=out)",
            dot=np.dot,
            w=np.array(weights, dtype),
            x=stacked,
            out=out(),
        ),
    }
    if numexpr:
        terms = [f"w{k}*x{k}" for k in range(len(weights))]
        found["numexpr"] = Contender(
            f"evaluate('{' + '.join(terms)}', names, out=out)",
            evaluate=numexpr.evaluate,
            names={f"x{k}": x for k, x in enumerate(stacked)}
            | {f"w{k}": dtype(w) for k, w in enumerate(weights)},
            out=out(),
        )
    expected = numpy_chain(names["xs"], weights, out(), out())
    tolerance = 4 * len(weights) * np.finfo(dtype).eps
    for call in found.values():
        np.testing.assert_allclose(call(), expected, tolerance, tolerance)
    assert (found["fastadd"]() == expected).all()
    return found


def parameters(largest, seed):
    """As of a network: 180 arrays of float32, of 10 elements to `largest`, as many of
    each magnitude."""
    rng = np.random.default_rng(seed)
    sizes = np.geomspace(10, largest, 180).astype(int)
    np.random.default_rng(0).shuffle(sizes)
    return [rng.standard_normal(n).astype("f4") for n in sizes]


def numpy_step(parameters, gradients, rate):
    for p, g in zip(parameters, gradients, strict=True):
        np.subtract(p, rate * g, out=p)  # p -= rate * g
    return parameters


def steps(largest):
    """A step of gradient descent over many arrays, in place."""
    rate = np.float32(1e-6)
    mine, yours, theirs = (parameters(largest, 1) for _ in range(3))
    names = {"g": parameters(largest, 2)}
    found = {
        "fastadd": Contender(
            "f(p, g, alpha=-1e-6, out=p)", f=fastadd.foreach_add, p=mine, **names
        ),
        "numpy loop": Contender("f(p, g, r)", f=numpy_step, p=yours, r=rate, **names),
    }
    if torch:
        found["torch"] = Contender(
            "f(p, g, alpha=-1e-6)",
            f=torch._foreach_add_,
            p=[tensor(p) for p in theirs],
            g=[tensor(g) for g in names["g"]],
        )
    for call in found.values():
        call()
    for one, two, three in zip(mine, yours, theirs, strict=True):
        assert (one == two).all()
        np.testing.assert_allclose(three, one, 1e-5, 1e-5)
    return found


def numpy_clip(grads, max_norm):
    """In float64, so that nothing overflows."""
    norm = np.sqrt(sum(np.square(g, dtype=np.float64).sum() for g in grads))
    if norm > max_norm:
        for g in grads:
            np.multiply(g, np.float32(max_norm / norm), out=g)
    return norm


def clipping(largest, clips):
    """The norm of many arrays in place, and scaling them in place. (Each time to a
    little less: what is clipped once has the norm.)"""
    mine, yours, theirs = (parameters(largest, 3) for _ in range(3))
    expected = np.sqrt(sum(np.square(g, dtype=np.float64).sum() for g in mine))
    limit = "next(limits)" if clips else "1e9"

    def smaller():
        limit = float(expected)
        while True:
            limit *= 0.9999999
            yield limit

    found = {
        "fastadd": Contender(
            f"f(g, {limit}, out=g)", f=fastadd.clip_grad_norm, g=mine, limits=smaller()
        ),
        "numpy loop": Contender(
            f"f(g, {limit})", f=numpy_clip, g=yours, limits=smaller()
        ),
    }
    if torch:
        held = [torch.nn.Parameter(torch.zeros(g.size)) for g in theirs]
        for parameter, g in zip(held, theirs, strict=True):
            parameter.grad = tensor(g)
        found["torch"] = Contender(
            f"f(g, {limit})",
            f=torch.nn.utils.clip_grad_norm_,
            g=held,
            limits=smaller(),
        )
    for name, call in found.items():
        norm = call()
        norm = float(norm[1] if name == "fastadd" else norm)
        np.testing.assert_allclose(norm, expected, 1e-6)
    for one, two, three in zip(mine, yours, theirs, strict=True):
        np.testing.assert_allclose(two, one, 1e-6)
        np.testing.assert_allclose(three, one, 1e-5)
    return found


def relus(n, dtype, way):
    """With out, in place or fresh."""
    x = np.random.default_rng(n).standard_normal(n).astype(dtype)
    names = {"x": x, "relu": fastadd.relu, "maximum": np.maximum}
    into = {"out=": ", out=out", "fresh": "", "in place": ", out=x"}[way]
    names["out"] = np.empty_like(x)
    found = {
        "fastadd": Contender(f"relu(x{into})", **names),
        "numpy maximum": Contender(f"maximum(x, 0{into})", **names),
    }
    if torch:
        call = {
            "out=": "clamp_min(x, 0, out=out)",
            "fresh": "relu(x)",
            "in place": "relu_(x)",
        }[way]
        found["torch"] = Contender(
            call,
            relu=torch.relu,
            relu_=torch.relu_,
            clamp_min=torch.clamp_min,
            x=tensor(x),
            out=tensor(names["out"]),
        )
    expected = np.maximum(x, 0)
    for call in found.values():
        assert (np.asarray(call()) == expected).all()
    return found
