"""What `add` means: dtype, coefficients, shapes, out, overlap and every refusal.

Calls that are ready to run never get here: `_core.gated` recognises and computes them.
The functions below check, convert and explain the others, and end in `_core.run`.
Arrays with a protocol of their own, dates, objects and `where` end in the ufunc of the
same kernels. Nothing is written before everything has been checked; only where objects
compute themselves does an error leave `out` as NumPy leaves it.
"""

import reprlib
import warnings
from itertools import zip_longest

import numpy as np

from fastadd import _core

# What a number may be, by what becomes of it. Python and NumPy numbers have a kind,
# 0-d arrays have that of their element.
ALLOWED = {"b": "bi", "i": "i", "f": "if", "c": "ifc"}
CASTINGS = ("no", "equiv", "safe", "same_kind", "unsafe")
KINDS = {"b": 0, "i": 1, "f": 2, "c": 3}
KIND_NAMES = {"b": "a bool", "i": "an integer", "f": "a float", "c": "a complex number"}


@_core.gated
def add(
    input,
    other,
    *,
    alpha=1,
    beta=1,
    out=None,
    dtype=None,
    casting="same_kind",
    where=True,
):
    """Compute ``beta*input + alpha*other``, element by element, in one pass.

    There is no temporary array, whatever the dtypes and layouts: operands of another
    dtype, byte order or alignment are converted in cache-sized pieces on the way.

    Parameters
    ----------
    input, other : array_like
        The operands, of any shapes that broadcast together. Python numbers are weak,
        as in NumPy (NEP 50): they take the dtype of the other operand's kind. An array
        that overrides NumPy's ufuncs (of Dask, xarray, pandas, masked, ...) computes
        in its own way: it is given `scaled_add` or, without coefficients, `np.add`.
    alpha, beta : number, optional
        The coefficients: Python or NumPy numbers or 0-d arrays. They do not change
        the dtype of the result; they are converted to it. An integer result takes
        integers, a float result takes integers and floats, a complex result takes
        any of these, a bool result takes bools and integers. An unsigned result takes
        negative integers, which wrap: ``alpha=-1`` subtracts.
    out : ndarray, optional
        Where to write the result. `input` and `other` must broadcast to its shape; it
        is never resized. It may overlap the operands in any way, but not itself.
    dtype : dtype, optional
        The dtype of the computation and of a fresh result, in place of
        ``np.result_type(input, other)``.
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe'}, optional
        What conversion is allowed on the way from the operands to the dtype of the
        computation and from there to `out`.
    where : array_like of bool, optional
        Where to compute; it broadcasts with the operands. The other elements of `out`
        stay as they are, those of a fresh result are not set.

    Returns
    -------
    ndarray or scalar
        `out` itself if given. Otherwise a new array of the broadcast shape, in memory
        order ``"K"``, or a NumPy scalar if that shape is ``()``. What an array of
        another type makes of it, if an operand is one.

    Raises
    ------
    TypeError
        If a coefficient is of a kind that the result's dtype does not take, if
        `casting` forbids a conversion, if there is no common dtype, or if `out` is not
        an array.
    ValueError
        If shapes do not broadcast, or `out` is read-only or overlaps itself.
    OverflowError
        If a coefficient or a Python integer does not fit the result's dtype.
    FloatingPointError
        If ``np.errstate`` asks for it; `out` has then been written.

    See Also
    --------
    add_ : the same, in place.

    Notes
    -----
    For bool, the result is ``(beta and input) or (alpha and other)``. Integers wrap.
    For float32, float64 and longdouble each product and the sum are rounded: the bits
    are those of ``np.add(np.multiply(input, beta), np.multiply(other, alpha))``.
    float16 and bfloat16 are computed in float32 and rounded once. Complex products are
    computed by parts, and a real coefficient scales both parts. The name and the
    coefficient are those of ``torch.add`` [1]_; promotion, broadcasting, `out`,
    overlap and error state are NumPy's.

    References
    ----------
    .. [1] https://docs.pytorch.org/docs/stable/generated/torch.add.html

    Examples
    --------
    >>> import numpy as np
    >>> import fastadd
    >>> a = np.array([1.0, 2.0, 3.0])
    >>> b = np.array([10.0, 20.0, 30.0])
    >>> fastadd.add(a, b, alpha=0.5)
    array([ 6., 12., 18.])
    >>> fastadd.add(a, b, alpha=-1, out=a) is a
    True
    >>> a
    array([ -9., -18., -27.])
    >>> fastadd.add(np.eye(2, dtype=np.uint8), [1, 2], alpha=0.5, dtype=np.float32)
    array([[1.5, 1. ],
           [0.5, 2. ]], dtype=float32)
    """
    if not isinstance(casting, str) or casting not in CASTINGS:
        raise ValueError(f"casting={casting!r}: it must be one of {CASTINGS}")
    if any(computes_itself(x) for x in (input, other, out)):
        return by_ufunc(input, other, alpha, beta, out, dtype, casting, where)
    input = as_operand(input)
    other = as_operand(other)
    if out is not None:
        check_is_array(out)
    if dtype is not None:
        dtype = as_dtype(dtype)
    if not all(is_native(x) for x in (input, other, dtype)):
        return by_ufunc(input, other, alpha, beta, out, dtype, casting, where)
    if not is_native(out):  # an array of objects, say
        check_layout(out)
        result = add(input, other, alpha=alpha, beta=beta, dtype=dtype, casting=casting)
        np.copyto(out, result, casting=casting, where=where)
        return out
    if dtype is None:
        dtype = common_dtype(input, other)
    input = checked_operand("input", input, dtype, casting)
    other = checked_operand("other", other, dtype, casting)
    beta = coefficient("beta", beta, dtype)
    alpha = coefficient("alpha", alpha, dtype)
    shape = common_shape(input, other)
    path = {(input.dtype.kind, dtype.kind), (other.dtype.kind, dtype.kind)}
    if out is not None:
        check_out(out, dtype, shape, casting)
        input = apart(input, out)
        other = apart(other, out)
        path.add((dtype.kind, out.dtype.kind))
    if any(kind == "c" and into not in "bc" for kind, into in path):
        warnings.warn(
            "Casting complex values to real discards the imaginary part",
            np.exceptions.ComplexWarning,
            stacklevel=2,
        )
    if where is not True:
        return _core.scaled_add(
            *(input, other, held(alpha), held(beta)),
            out=out,
            dtype=dtype,
            casting="unsafe",  # has been checked
            where=where,
        )
    result = _core.run(input, other, beta, alpha, out, dtype)
    return result[()] if out is None and shape == () else result


def add_(input, other, *, alpha=1, beta=1):
    """Compute ``beta*input + alpha*other`` into `input`.

    ``add_(x, y)`` is ``add(x, y, out=x)``.

    Parameters
    ----------
    input : ndarray
        The first operand and the result; its shape and dtype stay as they are. An
        array of another type that overrides NumPy's ufuncs, if it can be written to.
    other : array_like
        The second operand; it must broadcast to the shape of `input`.
    alpha, beta : number, optional
        The coefficients, as in `add`.

    Returns
    -------
    ndarray
        `input`.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As `add`; also TypeError if `input` is not an array.

    See Also
    --------
    add : the same, into a new array or one of your choice.

    Examples
    --------
    >>> import numpy as np
    >>> import fastadd
    >>> weights = np.array([1.0, 2.0])
    >>> fastadd.add_(weights, [10.0, 20.0], alpha=-0.1)
    array([0., 0.])
    """
    if not isinstance(input, np.ndarray) and not computes_itself(input):
        raise TypeError(
            f"input is {describe(input)}: add_ writes into it, so it must be a "
            "numpy.ndarray. Use add for a new result."
        )
    return add(input, other, alpha=alpha, beta=beta, out=input)


def describe(value):
    return f"of type {type(value).__module__}.{type(value).__qualname__}".replace(
        "builtins.", ""
    )


def is_python_number(value):
    """Whether NumPy takes it for a weak scalar (its own scalars derive from some)."""
    return isinstance(value, int | float | complex) and not isinstance(
        value, bool | np.generic
    )


def computes_itself(x):
    """Whether NumPy's ufuncs leave x, or the type of what they return, to x itself.

    Arrays of other frameworks (they offer DLPack) are taken for their numbers, though
    torch's would also have NumPy's results made into tensors."""
    if type(x) in (np.ndarray, np.memmap) or isinstance(x, np.generic) or x is None:
        return False
    kind = type(x)
    return (
        issubclass(kind, np.ndarray)
        or hasattr(kind, "__array_ufunc__")
        or (hasattr(kind, "__array_wrap__") and not hasattr(kind, "__dlpack__"))
    )


def by_ufunc(input, other, alpha, beta, out, dtype, casting, where):
    """Let NumPy's protocols decide who computes. Without coefficients this is np.add,
    which all that override ufuncs know, with its units and its strings."""
    keywords = {
        "out": out,
        "dtype": dtype,
        "casting": None if casting == "same_kind" else casting,
        "where": None if where is True else where,
    }
    given = {name: value for name, value in keywords.items() if value is not None}
    for name, value in (("alpha", alpha), ("beta", beta)):
        if value is None or isinstance(value, str | bytes) or np.ndim(value):
            raise TypeError(refusal(name, value, None, None))
    if isinstance(out, np.ndarray):
        check_layout(out)
    if type(alpha) is int and type(beta) is int and alpha == beta == 1:
        return np.add(input, other, **given)
    return _core.scaled_add(input, other, alpha, beta, **given)


def held(coefficient):
    """A checked coefficient as the ufunc takes it: integers modulo 2**64 as int64."""
    return (
        coefficient.astype(np.int64) if coefficient.dtype.kind in "bu" else coefficient
    )


def as_operand(value):
    """The operand as an ndarray, or as it is if it is a Python number."""
    if is_python_number(value):
        return value
    if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        return np.from_dlpack(value)
    return np.asarray(value)


def check_is_array(out):
    if not isinstance(out, np.ndarray):
        raise TypeError(
            f"out is {describe(out)}: it must be a numpy.ndarray, or an array of "
            "another type that overrides NumPy's ufuncs. Leave it out for a new array."
        )


def as_dtype(dtype):
    """What stands for a dtype, classes as np.dtypes.Float32DType included, in native
    byte order."""
    if isinstance(dtype, type) and issubclass(dtype, np.dtype):
        dtype = dtype()
    dtype = np.dtype(dtype)
    return dtype.newbyteorder("=") if _core.native(dtype) >= 0 else dtype


def is_native(x):
    """Whether the kernels know the dtype of an operand, or a dtype, if there is one."""
    if x is None or is_python_number(x):
        return True
    return _core.native(x if isinstance(x, np.dtype) else x.dtype) >= 0


# How hard to try to prove that operand and out lie apart before copying the operand.
MAX_WORK = 10_000


def is_bfloat16(dtype):
    return dtype.kind == "V"  # among the native dtypes


def kind_of(dtype):
    """'b', 'i', 'f' or 'c' of a native dtype."""
    return {"u": "i", "V": "f"}.get(dtype.kind, dtype.kind)


def common_dtype(input, other):
    for array, scalar in ((input, other), (other, input)):
        if (
            is_python_number(scalar)
            and not isinstance(scalar, complex)
            and not is_python_number(array)
            and is_bfloat16(array.dtype)
        ):
            # np.result_type says float64 for a float, though np.add makes it float32:
            # a Python number is weak here too.
            return array.dtype
    try:
        return np.result_type(input, other).newbyteorder("=")
    except TypeError as error:
        raise TypeError(
            f"input has dtype {input.dtype} and other {other.dtype}, which have no "
            "common dtype in NumPy. Name one to compute in, as dtype=np.float32."
        ) from error


def checked_operand(name, value, dtype, casting):
    """The operand as an array that `casting` lets into the computation's dtype."""
    if is_python_number(value):
        if KINDS[kind_of(dtype)] >= KINDS[kind_of_number(value)]:
            return in_dtype(value, dtype)
        if casting == "unsafe":
            return np.asarray(value)
        given = f"{name} is {reprlib.repr(value)}"
    else:
        if np.can_cast(value.dtype, dtype, casting):
            return value
        given = f"{name} has dtype {value.dtype}"
    raise TypeError(
        f"{given}, which casting={casting!r} does not let into a computation in "
        f"{dtype}. Pass another dtype= or casting=."
    )


def in_dtype(value, dtype):
    """A number as a 0-d array, as NumPy converts it (np.asarray itself does not take
    long integers to every dtype)."""
    if isinstance(value, int) and kind_of(dtype) in "fc":
        value = np.asarray(value, np.longdouble if dtype.char == "g" else float)
    if isinstance(value, np.generic | np.ndarray):
        return np.asarray(value).astype(dtype)
    return np.asarray(value, dtype)


def coefficient(name, value, dtype):
    """A coefficient as a 0-d array of the result's dtype; a real one of a complex
    result is of its real dtype, and scales both parts."""
    given = value
    if type(value) is np.ndarray and value.ndim == 0:
        value = value[()]
    kind = kind_of_number(value)
    wanted = kind_of(dtype)
    if kind is None or kind not in ALLOWED[wanted]:
        raise TypeError(refusal(name, given, kind, dtype))
    if wanted == "b":
        return np.asarray(bool(value))
    if wanted == "i":
        return integer_coefficient(name, int(value), dtype)
    if wanted == "c" and kind != "c":
        dtype = np.dtype(dtype.char.lower())
    return float_coefficient(name, given, value, dtype)


def kind_of_number(value):
    """'b', 'i', 'f' or 'c' of a Python or NumPy number, None of anything else."""
    if isinstance(value, bool | np.bool_):
        return "b"
    if isinstance(value, np.generic):
        return kind_of(value.dtype) if _core.native(value.dtype) >= 0 else None
    for kind, number in (("i", int), ("f", float), ("c", complex)):
        if isinstance(value, number):
            return kind
    return None


def integer_coefficient(name, value, dtype):
    highest = int(np.iinfo(dtype).max)
    unsigned = dtype.kind == "u"
    lowest = -highest if unsigned else -highest - 1
    if not lowest <= value <= highest:
        raise OverflowError(
            f"{name}={reprlib.repr(value)} does not fit {dtype}: {lowest} to {highest} "
            f"are allowed{' (negative ones wrap)' if unsigned else ''}. Pass a "
            f"{'' if dtype.itemsize == 8 else 'wider '}dtype= that holds it, such as "
            f"dtype=np.{'float64' if dtype.itemsize == 8 else 'int64'}."
        )
    return np.asarray(value % (highest + 1) if unsigned else value, dtype)


def float_coefficient(name, given, value, dtype):
    try:
        with np.errstate(all="ignore"):
            stored = in_dtype(value, dtype)
    except OverflowError:
        stored = np.asarray(np.inf)
    for part, before in ((stored.real, value.real), (stored.imag, value.imag)):
        if np.isinf(part) and abs(before) != np.inf:
            wider = (
                "" if dtype in (np.float64, np.complex128) else "dtype=np.float64 or "
            )
            raise OverflowError(
                f"{name}={reprlib.repr(given)} does not fit {dtype}: it would become "
                f"infinite. Pass {wider}a smaller one, or np.inf if you mean that."
            )
    return stored


def refusal(name, given, kind, dtype):
    if kind is None:
        return (
            f"{name} is {describe(given)}: it must be a Python or NumPy number or a "
            "0-d array of one. For a factor per element, multiply the operand first."
        )
    allowed = " or ".join(KIND_NAMES[each] for each in ALLOWED[kind_of(dtype)])
    advice = {
        "b": f"Pass {name}=int({name}).",
        "i": "",
        "f": "Pass dtype=np.float64 to compute in floating point.",
        "c": "Pass dtype=np.complex128 to compute in complex numbers.",
    }[kind]
    return (
        f"{name}={reprlib.repr(given)} is {KIND_NAMES[kind]}, but the result is "
        f"{dtype}: for that, {name} must be {allowed}. {advice}"
    )


def broadcast(one, two):
    """The common shape of two, None if there is none. (np.broadcast_shapes stops at 32
    dimensions.)"""
    pairs = list(zip_longest(reversed(one), reversed(two), fillvalue=1))
    if any(m != n and 1 not in (m, n) for m, n in pairs):
        return None
    return tuple(n if m == 1 else m for m, n in reversed(pairs))


def common_shape(input, other):
    shape = broadcast(input.shape, other.shape)
    if shape is None:
        raise ValueError(
            f"input has shape {input.shape} and other {other.shape}, which do not "
            "broadcast together: counted from the last, each pair of lengths must be "
            "equal or have a 1."
        )
    return shape


def check_out(out, dtype, shape, casting):
    if not np.can_cast(dtype, out.dtype, casting):
        raise TypeError(
            f"out has dtype {out.dtype} and the result {dtype}, which "
            f"casting={casting!r} does not let into it. Pass an out of dtype {dtype}, "
            "or casting='unsafe'."
        )
    if broadcast(shape, out.shape) != out.shape:
        raise ValueError(
            f"out has shape {out.shape}, to which the result's shape {shape} does not "
            f"broadcast; out is never resized. Pass an out of shape {shape}."
        )
    check_layout(out)


def check_layout(out):
    if not out.flags.writeable:
        raise ValueError(
            "out is read-only. Pass a writeable array, or a copy: out=out.copy()."
        )
    if overlaps_itself(out):
        raise ValueError(
            f"out overlaps itself (shape {out.shape}, strides {out.strides}): several "
            "elements would be written to one place. Pass an array that does not."
        )


def overlaps_itself(x):
    """Whether two elements share a byte. Two that do first differ in some axis; moved
    together, one of them lies at its start."""
    x = np.asarray(x)  # subclasses index in ways of their own
    if x.flags.c_contiguous or x.flags.f_contiguous or x.size == 0:
        return False
    while x.ndim:
        if x.shape[0] > 1 and np.shares_memory(x[1:], x[:1]):
            return True
        x = x[0]
    return False


def apart(operand, out):
    """The operand, or a copy if writing out could change what is still to be read."""
    if not np.may_share_memory(operand, out) or is_same_view(operand, out):
        return operand
    try:
        if not np.shares_memory(operand, out, max_work=MAX_WORK):
            return operand
    except np.exceptions.TooHardError:
        pass
    return np.array(operand)


def is_same_view(x, out):
    x = np.broadcast_to(x, out.shape)
    return (
        x.__array_interface__["data"][0] == out.__array_interface__["data"][0]
        and x.itemsize == out.itemsize
        and all(
            mine == its or length == 1
            for mine, its, length in zip(x.strides, out.strides, out.shape, strict=True)
        )
    )
