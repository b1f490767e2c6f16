"""Operations of three arrays, masks, pictures, sounds and lists, beside what others
offer for the same: contenders by name, checked against NumPy's chain, which writes into
buffers of its own where that can be (the fair opponent)."""

import math

import numpy as np

import fastadd
from fastadd._compare.cases import twin
from fastadd._compare.measure import Contender
from fastadd._compare.others import parameters
from fastadd._compare.peers import cv2, tensor, torch

FULL_HD = 1080, 1920
CHAINS = {
    "alpha of each": "add(a, multiply(b, c, out=t), out=o)",
    "lerp by an array": "add(a, multiply(subtract(b, a, out=t), c, out=t), out=o)",
    "addcmul": "add(a, multiply(multiply(b, 0.5, out=t), c, out=t), out=o)",
    "addcdiv": "add(a, divide(multiply(b, 0.5, out=t), c, out=t), out=o)",
}
OURS = {
    "alpha of each": "f.add(a, b, alpha=c, out=o)",
    "lerp by an array": "f.lerp(a, b, c, out=o)",
    "addcmul": "f.addcmul(a, b, c, value=0.5, out=o)",
    "addcdiv": "f.addcdiv(a, b, c, value=0.5, out=o)",
}
TORCH = {
    "alpha of each": "f.addcmul(a, b, c, out=o)",
    "lerp by an array": "f.lerp(a, b, c, out=o)",
    "addcmul": "f.addcmul(a, b, c, value=0.5, out=o)",
    "addcdiv": "f.addcdiv(a, b, c, value=0.5, out=o)",
}
UFUNCS = {name: getattr(np, name) for name in ("add", "subtract", "multiply", "divide")}


def close(found, tolerance=1e-5):
    expected = np.asarray(found["numpy chain"]()).copy()
    for call in found.values():
        np.testing.assert_allclose(np.asarray(call()), expected, tolerance, tolerance)
    return found


def three(name, n, dtype):
    """With out, of numbers from 1 to 2; of weights below 1/2 `lerp` is one formula."""
    rng = np.random.default_rng(n)
    a, b, c = (1 + rng.random(n).astype(dtype) for _ in range(3))
    if name == "lerp by an array":
        c = (c - 1) / 2
    names = {"a": a, "b": b, "c": c}
    out = np.empty_like(a)
    found = {
        "fastadd": Contender(OURS[name], f=fastadd, o=out, **names),
        "numpy chain": Contender(
            CHAINS[name], o=twin(out), t=twin(out), **UFUNCS, **names
        ),
    }
    if torch:
        tensors = {key: tensor(x) for key, x in names.items()}
        found["torch"] = Contender(TORCH[name], f=torch, o=tensor(twin(out)), **tensors)
    return close(found)


def masked():
    """A picture into another, float32, by a mask of one channel."""
    rng = np.random.default_rng(0)
    a, b = (rng.random((*FULL_HD, 3), "f4") for _ in range(2))
    c = rng.random((*FULL_HD, 1), "f4") / 2
    names = {"a": a, "b": b, "c": c}
    found = {
        "fastadd": Contender(
            "lerp(a, b, c, out=o)", lerp=fastadd.lerp, o=a * 0, **names
        ),
        "numpy chain": Contender(
            CHAINS["lerp by an array"], o=a * 0, t=a * 0, **UFUNCS, **names
        ),
    }
    if torch:
        tensors = {key: tensor(x) for key, x in names.items()}
        found["torch"] = Contender(
            "f(a, b, c, out=o)", f=torch.lerp, o=tensor(a * 0), **tensors
        )
    return close(found)


def numpy_blend(a, b):
    sum = a * np.float32(0.3) + b * np.float32(0.7)
    return np.clip(np.rint(sum), 0, 255).astype(np.uint8)


def numpy_by_mask(a, b, c):
    sum = a + c * (b.astype("f4") - a)
    return np.clip(np.rint(sum), 0, 255).astype(np.uint8)


def pictures(by_mask):
    """Bytes that are rounded and do not wrap. (OpenCV may be 1 apart at ties.)"""
    rng = np.random.default_rng(1)
    a, b = (rng.integers(0, 256, (*FULL_HD, 3), np.uint8) for _ in range(2))
    names = {"a": a, "b": b, "o": np.empty_like(a)}
    if by_mask:
        names["c"] = rng.random((*FULL_HD, 1), "f4") / 2
        return close(
            {
                "fastadd": Contender(
                    "f(a, b, c, out=o, casting='saturate')", f=fastadd.lerp, **names
                ),
                "numpy chain": Contender("f(a, b, c)", f=numpy_by_mask, **names),
            }
        )
    found = {
        "fastadd": Contender(
            "f(a, b, beta=0.3, alpha=0.7, out=o, casting='saturate')",
            f=fastadd.add,
            **names,
        ),
        "numpy chain": Contender("f(a, b)", f=numpy_blend, **names),
    }
    if cv2:
        found["OpenCV"] = Contender(
            "f(a, 0.3, b, 0.7, 0, dst=o)", f=cv2.addWeighted, **names
        )
    expected = found["numpy chain"]()
    for call in found.values():
        assert np.abs(call().astype(int) - expected).max() <= 1
    assert (found["fastadd"]() == expected).all()
    return found


def numpy_mix(tracks, weights):
    sum = tracks[0] * np.float32(weights[0])
    for x, w in zip(tracks[1:], weights[1:], strict=True):
        sum = sum + x * np.float32(w)
    return np.clip(np.rint(sum), -32768, 32767).astype(np.int16)


def sounds():
    """Eight tracks of ten seconds, mixed."""
    rng = np.random.default_rng(2)
    tracks = list(rng.integers(-30000, 30000, (8, 480_000), np.int16))
    names = {"x": tracks, "w": [0.3] * 8}
    found = {
        "fastadd": Contender(
            "f(x, w, out=o, casting='saturate')",
            f=fastadd.weighted_sum,
            o=np.empty_like(tracks[0]),
            **names,
        ),
        "numpy chain": Contender("f(x, w)", f=numpy_mix, **names),
    }
    return close(found, 0)


def numpy_moments(ms, vs, gs, buffers):
    for m, v, g, t in zip(ms, vs, gs, buffers, strict=True):
        np.add(np.multiply(m, 0.9, out=m), np.multiply(g, 0.1, out=t), out=m)
        np.multiply(np.multiply(g, 0.001, out=t), g, out=t)
        np.add(np.multiply(v, 0.999, out=v), t, out=v)


def fastadd_moments(ms, vs, gs):
    fastadd.foreach_add_(ms, gs, beta=0.9, alpha=0.1)
    fastadd.foreach_addcmul_(vs, gs, gs, beta=0.999, value=0.001)


def torch_moments(ms, vs, gs):
    torch._foreach_lerp_(ms, gs, 0.1)
    torch._foreach_mul_(vs, 0.999)
    torch._foreach_addcmul_(vs, gs, gs, 0.001)


def moments():
    """Adam's two moving averages, of 180 arrays in place."""
    lists = [[parameters(60_000, k) for k in (1, 2, 3)] for _ in range(3)]
    for each in lists:
        each[1] = [abs(x) for x in each[1]]
    names = [dict(zip("mvg", each, strict=True)) for each in lists]
    found = {
        "fastadd": Contender("f(m, v, g)", f=fastadd_moments, **names[0]),
        "numpy chain": Contender(
            "f(m, v, g, t)",
            f=numpy_moments,
            t=[np.empty_like(x) for x in names[1]["m"]],
            **names[1],
        ),
    }
    if torch:
        tensors = {key: [tensor(x) for x in each] for key, each in names[2].items()}
        found["torch"] = Contender("f(m, v, g)", f=torch_moments, **tensors)
    for call in found.values():
        call()
    for key in "mv":
        for one, two in zip(names[0][key], names[1][key], strict=True):
            assert (one == two).all()
    return found


RATES = {"lr": 1e-3, "eps": 1e-8}


def numpy_adam(ps, gs, ms, vs, buffers):
    size, scale = -1e-3 / (1 - 0.9**5), math.sqrt(1 - 0.999**5)
    for p, g, m, v, (t, u) in zip(ps, gs, ms, vs, buffers, strict=True):
        np.add(np.multiply(m, 0.9, out=m), np.multiply(g, 1 - 0.9, out=t), out=m)
        np.multiply(np.multiply(g, 1 - 0.999, out=t), g, out=t)
        np.add(np.multiply(v, 0.999, out=v), t, out=v)
        np.add(np.divide(np.sqrt(v, out=t), scale, out=t), 1e-8, out=t)
        np.add(p, np.divide(np.multiply(m, size, out=u), t, out=u), out=p)


def torch_adam(*lists, steps):
    torch._fused_adam_(
        *(*lists, [], steps),
        **RATES,
        **{"beta1": 0.9, "beta2": 0.999, "weight_decay": 0.0},
        **{"amsgrad": False, "maximize": False},
    )


def adam():
    """A step of Adam for 180 arrays, in place: the fifth, again and again."""
    lists = [[parameters(60_000, k) for k in range(4)] for _ in range(3)]
    for each in lists:
        each[3] = [np.square(x) for x in each[3]]
    names = [dict(zip("pgmv", each, strict=True)) for each in lists]
    found = {
        "fastadd": Contender(
            "f(p, g, m, v, step=5)", f=fastadd.foreach_adam_, **names[0]
        ),
        "numpy chain": Contender(
            "f(p, g, m, v, b)",
            f=numpy_adam,
            b=[(np.empty_like(x), np.empty_like(x)) for x in names[1]["p"]],
            **names[1],
        ),
    }
    if torch:
        tensors = {key: [tensor(x) for x in each] for key, each in names[2].items()}
        found["torch"] = Contender(
            "f(p, g, m, v, steps=s)",
            f=torch_adam,
            s=[torch.tensor(5.0) for _ in names[2]["p"]],
            **tensors,
        )
    for call in found.values():
        call()
    for key in "pmv":
        for one, two, three in zip(*(each[key] for each in names), strict=True):
            assert (one == two).all()
            if torch:
                np.testing.assert_allclose(three, one, 1e-5, 1e-6)
    return found


def numpy_average(models, weight):
    for members in zip(*models, strict=True):
        np.multiply(members[0], weight, out=members[0])
        for x in members[1:]:
            np.add(members[0], weight * x, out=members[0])


def models():
    """Ten models of ten arrays, averaged into the first."""
    rng = np.random.default_rng(3)
    mine = [[rng.random(10**6, "f4") for _ in range(10)] for _ in range(10)]
    yours = [[x.copy() for x in mine[0]], *mine[1:]]
    weight = np.float32(0.1)
    found = {
        "fastadd": Contender(
            "f(x, w, out=x[0])",
            f=fastadd.foreach_weighted_sum,
            x=mine,
            w=[weight] * 10,
        ),
        "numpy chain": Contender("f(x, w)", f=numpy_average, x=yours, w=weight),
    }
    for call in found.values():
        call()
    for one, two in zip(mine[0], yours[0], strict=True):
        assert (one == two).all()
    return found
