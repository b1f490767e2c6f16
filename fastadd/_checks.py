"""What may be an operand, a coefficient, a dtype and `out`: every refusal, explained.

Errors say what was given, what is allowed and what to do.
"""

import datetime
import importlib
import reprlib
import sys
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


def check_casting(casting, saturates=False):
    allowed = (*CASTINGS, "saturate") if saturates else CASTINGS
    if not isinstance(casting, str) or casting not in allowed:
        raise ValueError(f"casting={casting!r}: it must be one of {allowed}")


def describe(value):
    return f"of type {type(value).__module__}.{type(value).__qualname__}".replace(
        "builtins.", ""
    )


def warn(message, category=UserWarning):
    """At the line that called fastadd."""
    level, frame = 1, sys._getframe(0)
    while frame is not None and frame.f_globals["__name__"].startswith("fastadd."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def shortened(value):
    """What repr says of a value, in a few characters. (Of integers of more than 4,300
    digits it says nothing.)"""
    try:
        return " ".join(reprlib.repr(value).split())
    except ValueError:
        return f"an integer of {value.bit_length():,} bits"


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


def as_operand(name, value):
    """The operand as an ndarray, or as it is if it is a Python number."""
    if is_python_number(value):
        return value
    if value is None:
        raise TypeError(
            f"{name} is None: it must be an array, a number, or what NumPy makes an "
            "array of."
        )
    if isinstance(value, datetime.timedelta):  # pandas' too
        own = getattr(value, "to_timedelta64", None)
        return np.asarray(own() if own else np.timedelta64(value))
    if str(getattr(value, "dtype", None)) == "torch.bfloat16":
        # torch would refuse: NumPy has no such dtype of its own.
        bits = value.detach().view(sys.modules["torch"].int16)
        return np.asarray(bits).view(bfloat16())
    if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        return np.from_dlpack(value)
    return np.asarray(value)


def as_out(out):
    """What NumPy's ufuncs take for one output: an array, or a tuple of one."""
    return out[0] if type(out) is tuple and len(out) == 1 else out


def check_is_array(out, name="out"):
    if not isinstance(out, np.ndarray):
        raise TypeError(
            f"{name} is {describe(out)}: it must be a numpy.ndarray, or an array of "
            "another type that overrides NumPy's ufuncs. Leave it out for a new array."
        )


def as_dtype(dtype):
    """What stands for a dtype, classes as np.dtypes.Float32DType included, in native
    byte order."""
    if isinstance(dtype, type) and issubclass(dtype, np.dtype):
        dtype = dtype()
    if isinstance(dtype, str) and dtype == "bfloat16":
        dtype = bfloat16()
    dtype = np.dtype(dtype)
    return dtype.newbyteorder("=") if _core.native(dtype) >= 0 else dtype


def bfloat16():
    """NumPy knows it by this name only where ml_dtypes is installed."""
    try:
        return importlib.import_module("ml_dtypes").bfloat16
    except ImportError:
        raise TypeError(
            "bfloat16 needs the package ml_dtypes: install it, or use another dtype, "
            "as np.float32."
        ) from None


def is_native(x):
    """Whether the kernels know the dtype of an operand, or a dtype, if there is one."""
    if x is None or is_python_number(x):
        return True
    return _core.native(x if isinstance(x, np.dtype) else x.dtype) >= 0


# How hard to try to prove that operand and out lie apart before copying the operand, or
# that out does not overlap itself: some ms at most.
MAX_WORK = 10_000


def is_bfloat16(dtype):
    return dtype.kind == "V"  # among the native dtypes


def kind_of(dtype):
    """'b', 'i', 'f' or 'c' of a native dtype."""
    return {"u": "i", "V": "f"}.get(dtype.kind, dtype.kind)


def common_dtype(operands):
    """Of operands by name: what np.result_type makes of them."""
    dtypes = {name: x.dtype for name, x in operands.items() if not is_python_number(x)}
    if (
        all(is_bfloat16(dtype) for dtype in dtypes.values())
        and dtypes
        and not any(isinstance(x, complex) for x in operands.values())
    ):
        # With a Python float np.result_type says float64, though np.add makes it
        # float32: a Python number is weak here too.
        return next(iter(dtypes.values())).newbyteorder("=")
    try:
        return np.result_type(*operands.values()).newbyteorder("=")
    except TypeError as error:
        raise TypeError(
            f"{listed('dtype', dtypes)}, which have no common dtype in NumPy. Name one "
            "to compute in, as dtype=np.float32."
        ) from error


def listed(what, by_name):
    """As "input has dtype int8 and other float16"."""
    first, *others = (f"{name} {value}" for name, value in by_name.items())
    name, _, value = first.partition(" ")
    rest = f", {', '.join(others[:-1])}" if others[:-1] else ""
    last = f" and {others[-1]}" if others else ""
    return f"{name} has {what} {value}{rest}{last}"


def checked_operand(name, value, dtype, casting):
    """The operand as an array that `casting` lets into the computation's dtype."""
    if is_python_number(value):
        if KINDS[kind_of(dtype)] >= KINDS[kind_of_number(value)]:
            return in_dtype(value, dtype)
        if casting == "unsafe":
            return np.asarray(value)
        given = f"{name} is {shortened(value)}"
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


def nothing(dtype):
    """What changes no number of a dtype that it is added to."""
    value = complex(-0.0, -0.0) if dtype.kind == "c" else -0.0
    return np.array(value, dtype.newbyteorder("="))


def coefficient(name, value, dtype, wider="", result=None):
    """A coefficient as a 0-d array of the result's dtype; a real one of a complex
    result is of its real dtype, and scales both parts; one of 16-bit floats is of
    float32, in which they are computed. `wider` is how to compute in another dtype,
    `result` the result's dtype where it is another one."""
    given = value
    if type(value) is np.ndarray and value.ndim == 0:
        value = value[()]
    kind = kind_of_number(value)
    wanted = kind_of(dtype)
    if kind is None or kind not in ALLOWED[wanted]:
        raise TypeError(refusal(name, given, kind, dtype, wider, result or dtype))
    if wanted == "b":
        return np.asarray(bool(value))
    if wanted == "i":
        return integer_coefficient(name, int(value), dtype, wider)
    holds_more = {"f": "float64", "F": "complex128"}.get(dtype.char)
    if wanted == "c" and kind != "c":
        dtype = np.dtype(dtype.char.lower())
    if is_half(dtype):
        dtype = np.dtype(np.float32)
    advice = f"{wider.format(holds_more)}, or" if holds_more else "Pass"
    return float_coefficient(name, given, value, dtype, advice)


def is_half(dtype):
    """Whether it is of the 16-bit floats, which are computed in float32."""
    return dtype.itemsize == 2 and kind_of(dtype) == "f"


def is_factor(value):
    """Whether a coefficient is one for each element: an array of one or more
    dimensions, or what NumPy makes one."""
    return isinstance(value, list | tuple) or (
        kind_of_number(value) is None
        and not isinstance(value, str | bytes)
        and (
            (hasattr(type(value), "__array_ufunc__") and computes_itself(value))
            or (hasattr(type(value), "__array__") and np.ndim(value) > 0)
        )
    )


def factor(name, value, dtype, wider):
    """An array of coefficients, by the rule of one: its kind decides, and it is
    converted to the result's dtype on its way."""
    x = np.asarray(as_operand(name, value))
    if not is_native(x) or kind_of(x.dtype) not in ALLOWED[kind_of(dtype)]:
        allowed = " or ".join(KIND_NAMES[each] for each in ALLOWED[kind_of(dtype)])
        advice = (
            f" {wider.format('float64')} to compute in floating point, or "
            "casting='saturate'."
            if kind_of(dtype) == "i" and is_native(x) and kind_of(x.dtype) == "f"
            else f" Convert it by {name}.astype."
        )
        raise TypeError(
            f"{name} has dtype {x.dtype}, but the result is {dtype}: for that, each of "
            f"{name} must be {allowed}.{advice}"
        )
    return x


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


def integer_coefficient(name, value, dtype, wider):
    highest = int(np.iinfo(dtype).max)
    unsigned = dtype.kind == "u"
    lowest = -highest if unsigned else -highest - 1
    if not lowest <= value <= highest:
        raise OverflowError(
            f"{name}={shortened(value)} does not fit {dtype}: {lowest} to {highest} "
            f"are allowed{' (negative ones wrap)' if unsigned else ''}. "
            f"{wider.format('float64' if dtype.itemsize == 8 else 'int64')}."
        )
    return np.asarray(value % (highest + 1) if unsigned else value, dtype)


def float_coefficient(name, given, value, dtype, advice):
    try:
        with np.errstate(all="ignore"):
            stored = in_dtype(value, dtype)
    except OverflowError:
        stored = np.asarray(np.inf)
    for part, before in ((stored.real, value.real), (stored.imag, value.imag)):
        if np.isinf(part) and abs(before) != np.inf:
            raise OverflowError(
                f"{name}={shortened(given)} does not fit {dtype}: it would become "
                f"infinite. {advice} a smaller one, or np.inf if you mean that."
            )
    return stored


def refusal(name, given, kind, dtype, wider, result):
    if kind is None:
        what = f"={shortened(given)}" if isinstance(given, str | bytes) else ""
        advice = ""
        if np.ndim(given):
            advice = " For a factor per element, multiply the operand first."
        return (
            f"{name}{what} is {describe(given)}: it must be a Python or NumPy number "
            f"or a 0-d array of one.{advice}"
        )
    allowed = " or ".join(KIND_NAMES[each] for each in ALLOWED[kind_of(dtype)])
    advice = {
        "b": f" Pass {name}=int({name}).",
        "i": "",
        "f": f" {wider.format('float64')} to compute in floating point.",
        "c": f" {wider.format('complex128')} to compute in complex numbers.",
    }[kind]
    return (
        f"{name}={shortened(given)} is {KIND_NAMES[kind]}, but the result is "
        f"{result}: for that, {name} must be {allowed}.{advice}"
    )


def broadcast(one, two):
    """The common shape of two, None if there is none. (np.broadcast_shapes stops at 32
    dimensions.)"""
    pairs = list(zip_longest(reversed(one), reversed(two), fillvalue=1))
    if any(m != n and 1 not in (m, n) for m, n in pairs):
        return None
    return tuple(n if m == 1 else m for m, n in reversed(pairs))


def common_shape(operands):
    """Of operands by name."""
    shape = ()
    for x in operands.values():
        shape = broadcast(shape, x.shape)
        if shape is None:
            shapes = {name: x.shape for name, x in operands.items()}
            raise ValueError(
                f"{listed('shape', shapes)}, which do not broadcast together: counted "
                "from the last, each pair of lengths must be equal or have a 1."
            )
    return shape


def check_out(out, dtype, shape, casting, name, other):
    """`other` says how to get the result in another dtype."""
    if not np.can_cast(dtype, out.dtype, casting):
        raise TypeError(
            f"{name} has dtype {out.dtype} and the result {dtype}, which "
            f"casting={casting!r} does not let into it. {other.format(dtype)}."
        )
    if broadcast(shape, out.shape) != out.shape:
        raise ValueError(
            f"{name} has shape {out.shape}, to which the result's shape {shape} does "
            f"not broadcast; it is never resized. The result needs one of shape "
            f"{shape}."
        )
    check_layout(out, name)


def check_layout(out, name="out"):
    if not out.flags.writeable:
        raise ValueError(
            f"{name} is read-only. Pass a writeable array, or a copy: {name}.copy()."
        )
    try:
        overlaps = overlaps_itself(out)
    except np.exceptions.TooHardError:
        raise ValueError(
            f"{name} (shape {out.shape}, strides {out.strides}) may overlap itself: to "
            "find out whether it does would take too long. Pass an array whose axes do "
            "not interleave."
        ) from None
    if overlaps:
        raise ValueError(
            f"{name} overlaps itself (shape {out.shape}, strides {out.strides}): "
            "several elements would be written to one place. Pass an array that does "
            "not."
        )


def overlaps_itself(x):
    """Whether two elements share a byte. Two that do first differ in some axis; moved
    together, one of them lies at its start."""
    x = np.asarray(x)  # subclasses index in ways of their own
    if x.flags.c_contiguous or x.flags.f_contiguous or nests(x):  # or empty
        return False
    while x.ndim:
        if np.shares_memory(x[1:], x[:1], max_work=MAX_WORK):
            return True
        x = x[0, ...]
    return False


def nests(x):
    """Whether each axis steps over all that the axes inside it reach."""
    reach = x.itemsize
    for stride, length in sorted(
        (abs(stride), length)
        for stride, length in zip(x.strides, x.shape, strict=True)
        if length > 1
    ):
        if stride < reach:
            return False
        reach += (length - 1) * stride
    return True


def apart(operand, out):
    """The operand, or a copy if writing out could change what is still to be read."""
    if not overlap(operand, out) or is_same_view(operand, out):
        return operand
    return np.array(operand)


def overlap(x, y):
    """Whether two arrays share memory, or may: to be sure can be too hard."""
    if not np.may_share_memory(x, y):
        return False
    try:
        return np.shares_memory(x, y, max_work=MAX_WORK)
    except np.exceptions.TooHardError:
        return True


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


def warn_of_complex(operands, dtype, out):
    """Where unsafe casting drops the imaginary part on the way."""
    path = {(x.dtype.kind, dtype.kind) for x in operands}
    if out is not None:
        path.add((dtype.kind, out.dtype.kind))
    if any(kind == "c" and into not in "bc" for kind, into in path):
        warn(
            "Casting complex values to real discards the imaginary part",
            np.exceptions.ComplexWarning,
        )
