"""What others offer for `a + s*b`: each an expression, for the cases that it can do. A
peer that is not installed is left out."""

import importlib
from functools import cache

import numpy as np

import fastadd
from fastadd._compare.measure import Contender
from fastadd._compare.reference import assert_same_bits


def module(name):
    """One that is installed and loads (of torch, a library that it needs may not)."""
    try:
        return importlib.import_module(name)
    except (ImportError, OSError):
        return None


numexpr = module("numexpr")
numba = module("numba")
torch = module("torch")
cv2 = module("cv2")
blas = module("scipy.linalg.blas")

COLOURS = {
    "fastadd": "#d62728",
    "numpy a + s*b": "#1f77b4",
    "numpy two calls": "#6baed6",
    "numexpr": "#8c6d31",
    "numba": "#2ca02c",
    "numba parallel": "#98df8a",
    "torch": "#ff7f0e",
    "OpenCV": "#9467bd",
    "NumKong": "#e377c2",
    "albucore": "#8c564b",
    "JAX": "#bcbd22",
    "SciPy axpy": "#7f7f7f",
    "BLAS dot": "#17becf",
}

# The types that numba compiles.
NUMBA_KINDS = "iufc"


def versions():
    found = {"numpy": np, "fastadd": fastadd, "numexpr": numexpr, "numba": numba}
    found |= {"torch": torch, "OpenCV": cv2, "SciPy": module("scipy")}
    return {name: m.__version__ for name, m in found.items() if m is not None}


# ---- numba: the loops that one would write ------------------------------------------


def add_1d(a, b, s, out):
    for i in numba.prange(out.shape[0]):
        out[i] = a[i] + s * b[i]
    return out


def add_2d(a, b, s, out):
    for i in numba.prange(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = a[i, j] + s * b[i, j]
    return out


def add_3d(a, b, s, out):
    for i in numba.prange(out.shape[0]):
        for j in range(out.shape[1]):
            for k in range(out.shape[2]):
                out[i, j, k] = a[i, j, k] + s * b[i, j, k]
    return out


def add_4d(a, b, s, out):
    for i in numba.prange(out.shape[0]):
        for j in range(out.shape[1]):
            for k in range(out.shape[2]):
                for m in range(out.shape[3]):
                    out[i, j, k, m] = a[i, j, k, m] + s * b[i, j, k, m]
    return out


def expression(a, b, s):
    return a + s * b


@cache
def compiled(ndim, parallel):
    """The loop over an out of so many dimensions, and that with a fresh result."""
    loops = {1: add_1d, 2: add_2d, 3: add_3d, 4: add_4d}
    into = numba.njit(loops[ndim], parallel=parallel)

    def fresh(a, b, s):
        return into(a, b, s, np.empty_like(a))

    return into, numba.njit(fresh)


@cache
def compiled_expression():
    return numba.njit(expression)


def numba_loops(a, b, s, out):
    """Plain and parallel, over operands that are broadcast beforehand."""
    shape = np.broadcast_shapes(a.shape, b.shape)
    s = np.result_type(a, b).type(s)
    for name, parallel in (("numba", False), ("numba parallel", True)):
        into, fresh = compiled(len(shape), parallel)
        if out is None:
            yield name, Contender("fresh(a, b, s)", fresh=fresh, a=a, b=b, s=s)
        else:
            x, y = (np.broadcast_to(each, shape) for each in (a, b))
            yield (
                name,
                Contender("into(x, y, s, out)", into=into, x=x, y=y, s=s, out=out),
            )


# ---- torch --------------------------------------------------------------------------


def tensor(x):
    if x.dtype.kind == "V":  # ml_dtypes.bfloat16
        return torch.from_numpy(x.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(x)


def torch_add(a, b, s, out):
    try:
        names = {"add": torch.add, "x": tensor(a), "s": s}
        names["y"] = tensor(b) if isinstance(b, np.ndarray) else b
        if out is None:
            call = Contender("add(x, y, alpha=s)", **names)
        else:
            call = Contender("add(x, y, alpha=s, out=z)", z=tensor(out), **names)
        call()
    except (TypeError, ValueError, RuntimeError):
        return  # negative strides, uint16 arithmetic, longdouble: not in torch
    yield "torch", call


# ---- the contenders of a case -------------------------------------------------------


def ours_and_numpy(a, b, s, out):
    names = {"fastadd": fastadd, "np": np, "a": a, "b": b, "s": s}
    if out is None:
        yield "fastadd", Contender("fastadd.add(a, b, alpha=s)", **names)
        yield "numpy a + s*b", Contender("a + s*b", **names)
        return
    yield "fastadd", Contender("fastadd.add(a, b, alpha=s, out=out)", out=out, **names)
    # In place, out holds an operand, and the product needs memory of its own.
    names["product"] = np.empty_like(out) if out is a else out
    names["s"] = out.dtype.type(s) if out.dtype.kind == "V" else s
    # Only where dtypes differ must NumPy be told in which one to multiply.
    more = "" if np.result_type(b) == out.dtype else ", dtype=out.dtype"
    yield (
        "numpy two calls",
        Contender(
            f"np.add(a, np.multiply(b, s, out=product{more}), out=out)",
            out=out,
            **names,
        ),
    )


def rows(a, b, s, out):
    """On contiguous rows of one dtype; out is None for a fresh result."""
    found = dict(ours_and_numpy(a, b, s, out))
    if numba:
        found |= numba_loops(a, b, s, out)
    if torch:
        found |= torch_add(a, b, s, out)
    if a.dtype.kind != "f":
        return found
    if numexpr:
        found["numexpr"] = Contender(
            "evaluate('a + s*b', names, out=out)",
            evaluate=numexpr.evaluate,
            names={"a": a, "b": b, "s": a.dtype.type(s)},
            out=out,
        )
    if cv2:
        found["OpenCV"] = Contender(
            "scaleAdd(b, s, a, out)",
            scaleAdd=cv2.scaleAdd,
            a=a.reshape(-1, 1),
            b=b.reshape(-1, 1),
            s=s,
            out=None if out is None else out.reshape(-1, 1),
        )
    if blas:
        axpy = blas.get_blas_funcs("axpy", dtype=a.dtype)

        def copy_and_axpy(y):
            if y is None:
                y = a.copy()
            else:
                y[...] = a
            return axpy(b, y, a=s)

        found["SciPy axpy"] = Contender("f(out)", f=copy_and_axpy, out=out)
    return found


def layouts(a, b, s, out):
    """On large arrays of any layout and dtype, with out."""
    found = dict(ours_and_numpy(a, b, s, out))
    if numba and all(x.dtype.kind in NUMBA_KINDS for x in (a, b, out)):
        try:
            loops = dict(numba_loops(a, b, s, out))
            for loop in loops.values():
                loop()
            found |= loops
        except (numba.errors.NumbaError, NotImplementedError, ValueError):
            pass  # float16, longdouble: not in numba
    if torch:
        found |= torch_add(a, b, s, out)
    return found


def broadcasts(a, b, s, out):
    """On small arrays that broadcast, or an array and a Python number."""
    found = dict(ours_and_numpy(a, b, s, out))
    if numba:
        typed = a.dtype.type(s)
        if out is None:
            found["numba"] = Contender(
                "f(a, b, s)", f=compiled_expression(), a=a, b=b, s=typed
            )
        elif out.ndim in (1, 2):
            into, _ = compiled(out.ndim, False)
            x, y = (np.broadcast_to(np.asarray(v, a.dtype), out.shape) for v in (a, b))
            found["numba"] = Contender(
                "into(x, y, s, out)", into=into, x=x, y=y, s=typed, out=out
            )
    if torch:
        found |= torch_add(a, b, s, out)
    return found


def checked(contenders, expected):
    """The contenders, each of which has computed the right numbers: fastadd and NumPy
    to the bit; others may fuse the product into the sum, or round float16 their way."""
    for name, call in contenders.items():
        result = call()
        if name == "fastadd" or name.startswith("numpy"):
            assert_same_bits(result, expected)
        elif name != "torch" or expected.dtype.kind != "V":
            np.testing.assert_allclose(
                np.asarray(result).reshape(expected.shape),
                expected,
                2e-3 if expected.itemsize == 2 else 1e-5,
                1e-3 if expected.itemsize == 2 else 1e-6,
                err_msg=name,
            )
    return contenders


def in_place(a, b, s, expected):
    """Those of `layouts`, checked like the others, from the same values each time."""
    before = a.copy()
    contenders = layouts(a, b, s, a)
    for name, call in contenders.items():
        a[...] = before
        checked({name: call}, expected)
    return contenders
