"""What others offer for `a + s*b`: each a function of no arguments that returns the
result, for the cases that it can do. A peer that is not installed is left out."""

import numpy as np

import fastadd


def module(name):
    try:
        return __import__(name, fromlist=["_"])
    except ImportError:
        return None


numexpr = module("numexpr")
numba = module("numba")
torch = module("torch")
cv2 = module("cv2")
blas = module("scipy.linalg.blas")


def versions():
    found = {"numpy": np, "fastadd": fastadd, "numexpr": numexpr, "numba": numba}
    found |= {"torch": torch, "OpenCV": cv2, "SciPy": module("scipy")}
    return {name: m.__version__ for name, m in found.items() if m is not None}


def compiled():
    """The loop that one would write for numba."""

    def into(a, b, s, out):
        for i in range(a.size):
            out[i] = a[i] + s * b[i]
        return out

    into = numba.njit(into)

    def fresh(a, b, s):
        return into(a, b, s, np.empty_like(a))

    return into, numba.njit(fresh)


def rows(a, b, s, out):
    """All contenders on contiguous rows of one float dtype; out is None for a fresh
    result."""
    s = a.dtype.type(s)
    number = float(s)
    found = {}
    if out is None:
        found["fastadd"] = lambda: fastadd.add(a, b, alpha=number)
        found["numpy a + s*b"] = lambda: a + number * b
    else:
        found["fastadd"] = lambda: fastadd.add(a, b, alpha=number, out=out)
        found["numpy two calls"] = lambda: np.add(
            a, np.multiply(b, number, out=out), out=out
        )
    if numexpr:
        names = {"a": a, "b": b, "s": s}
        found["numexpr"] = lambda: numexpr.evaluate("a + s*b", names, out=out)
    if numba:
        into, fresh = compiled()
        found["numba"] = (
            (lambda: fresh(a, b, s)) if out is None else (lambda: into(a, b, s, out))
        )
    if torch:
        x, y = torch.from_numpy(a), torch.from_numpy(b)
        z = None if out is None else torch.from_numpy(out)
        found["torch"] = lambda: torch.add(x, y, alpha=number, out=z).numpy()
    if cv2:
        flat = None if out is None else out.reshape(-1, 1)
        c, d = a.reshape(-1, 1), b.reshape(-1, 1)
        found["OpenCV"] = lambda: cv2.scaleAdd(d, number, c, flat).reshape(-1)
    if blas:
        axpy = blas.get_blas_funcs("axpy", dtype=a.dtype)

        def copy_and_axpy():
            y = a.copy() if out is None else out
            if out is not None:
                y[...] = a
            return axpy(b, y, a=number)

        found["SciPy axpy"] = copy_and_axpy
    return found


def any_layout(a, b, s, out):
    """The contenders that take any layout and most dtypes, with out."""
    # In place, out holds an operand, and the product needs memory of its own.
    product = np.empty_like(out) if out is a else out
    factor = out.dtype.type(s)
    found = {
        "fastadd": lambda: fastadd.add(a, b, alpha=s, out=out),
        "numpy two calls": lambda: np.add(
            a, np.multiply(b, factor, out=product, dtype=out.dtype), out=out
        ),
    }
    if torch:
        try:
            x, y, z = (torch.from_numpy(each) for each in (a, b, out))
            torch.add(x, y, alpha=s, out=z)
        except (TypeError, ValueError, RuntimeError):
            pass  # negative strides, uint16 arithmetic, longdouble: not in torch
        else:
            found["torch"] = lambda: torch.add(x, y, alpha=s, out=z).numpy()
    return found
