"""What may be an operand, a coefficient, a dtype and `out`: every refusal, explained.

Errors say what was given, what is allowed and what to do.
"""

import datetime
import difflib
import importlib
import reprlib
import sys
import warnings
from contextlib import nullcontext
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


def sentence(advice):
    return f"{advice[0].upper()}{advice[1:]}"


def describe(value):
    return f"of type {type(value).__module__}.{type(value).__qualname__}".replace(
        "builtins.", ""
    )


def warn(message, category=UserWarning):
    """At the line that called fastadd."""
    level, frame = 1, sys._getframe(0)
    # (What is run by `exec` has the name that it is given, or none.)
    while frame is not None and str(frame.f_globals.get("__name__")).startswith(
        "fastadd."
    ):
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


def as_dtype(dtype, function):
    """What stands for a dtype, classes as np.dtypes.Float32DType included, in native
    byte order."""
    given = dtype
    if isinstance(dtype, type) and issubclass(dtype, np.dtype):
        dtype = dtype()
    if isinstance(dtype, str) and dtype == "bfloat16":
        dtype = bfloat16()
    try:
        dtype = np.dtype(dtype)
    except (TypeError, ValueError) as error:
        near = difflib.get_close_matches(str(given), _core.NAMES, 1)
        raise TypeError(
            f"dtype={shortened(given)} of {function.name} is no dtype. Pass one of "
            f"NumPy's, or its name, as dtype={near[0] if near else 'float32'!r}."
        ) from error
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


def is_bfloat16(dtype):
    return dtype.kind == "V"  # among the native dtypes


def kind_of(dtype):
    """'b', 'i', 'f' or 'c' of a native dtype."""
    return {"u": "i", "V": "f"}.get(dtype.kind, dtype.kind)


def common_dtype(operands, function):
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
            f"{listed('dtype', dtypes)}, which have no common dtype in NumPy. To "
            f"compute in one of your choice, {function.wider('float32')}."
        ) from error


def listed(what, by_name):
    """As "input has dtype int8 and other float16"."""
    first, *others = (f"{name} {value}" for name, value in by_name.items())
    name, _, value = first.partition(" ")
    rest = f", {', '.join(others[:-1])}" if others[:-1] else ""
    last = f" and {others[-1]}" if others else ""
    return f"{name} has {what} {value}{rest}{last}"


def checked_operand(name, value, dtype, casting, function):
    """The operand as an array that `casting` lets into the computation's dtype."""
    if is_python_number(value):
        if KINDS[kind_of(dtype)] >= KINDS[kind_of_number(value)]:
            if kind_of(dtype) == "i":
                limits = np.iinfo(dtype)
                check_range(name, value, limits.min, limits.max, dtype, function)
            return in_dtype(name, value, dtype)
        if casting == "unsafe":
            return np.asarray(value)
        given = f"{name} is {shortened(value)}"
    else:
        if np.can_cast(value.dtype, dtype, casting):
            return value
        given = f"{name} has dtype {value.dtype}"
    takes = " or ".join(f"{argument}=" for argument in function.takes)
    raise TypeError(
        f"{given}, which casting={casting!r} does not let into a computation in "
        f"{dtype}. {sentence(function.passing(f'another {takes}'))}."
    )


def in_dtype(name, value, dtype):
    """A number as a 0-d array, as NumPy converts it (np.asarray itself does not take
    long integers to every dtype), which may warn at the line that called fastadd."""
    if isinstance(value, int) and kind_of(dtype) in "fc":
        try:
            value = np.asarray(value, np.longdouble if dtype.char == "g" else float)
        except OverflowError:
            raise OverflowError(
                f"{name} is an integer of {value.bit_length():,} bits, which no "
                f"{dtype} holds. Pass a float: it may be np.inf."
            ) from None
    warns = np.geterr()["over"] == "warn"
    with np.errstate(over="ignore") if warns else nullcontext():
        if isinstance(value, np.generic | np.ndarray):
            made = np.asarray(value).astype(dtype)
        else:
            made = np.asarray(value, dtype)
    if warns and kind_of(dtype) in "fc" and np.isinf(made) and not np.isinf(value):
        warn("overflow encountered in cast", RuntimeWarning)
    return made


def nothing(dtype):
    """What changes no number of a dtype that it is added to."""
    value = complex(-0.0, -0.0) if dtype.kind == "c" else -0.0
    return np.array(value, dtype.newbyteorder("="))


def coefficient(name, value, dtype, function=None, result=None):
    """A coefficient as a 0-d array of the result's dtype; a real one of a complex
    result is of its real dtype, and scales both parts; one of 16-bit floats is of
    float32, in which they are computed. `function` has advice, `result` is the dtype
    of the result where it is another one."""
    given = value
    if type(value) is np.ndarray and value.ndim == 0:
        value = value[()]
    kind = kind_of_number(value)
    wanted = kind_of(dtype)
    if kind is None or kind not in ALLOWED[wanted]:
        raise TypeError(refusal(name, given, kind, dtype, function, result))
    if wanted == "b":
        return np.asarray(bool(value))
    if wanted == "i":
        return integer_coefficient(name, int(value), dtype, function)
    holds_more = {"f": "float64", "F": "complex128"}.get(dtype.char)
    if wanted == "c" and kind != "c":
        dtype = np.dtype(dtype.char.lower())
    if is_half(dtype):
        dtype = np.dtype(np.float32)
    return float_coefficient(name, given, value, dtype, function, holds_more)


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


def factor(name, value, dtype, function):
    """An array of coefficients, by the rule of one: its kind decides, and it is
    converted to the result's dtype on its way."""
    x = np.asarray(as_operand(name, value))
    if not is_native(x) or kind_of(x.dtype) not in ALLOWED[kind_of(dtype)]:
        allowed = " or ".join(KIND_NAMES[each] for each in ALLOWED[kind_of(dtype)])
        advice = (
            function.floats(dtype)
            if kind_of(dtype) in "bi" and is_native(x) and kind_of(x.dtype) == "f"
            else f"Convert it by {name}.astype."
        )
        raise TypeError(
            f"{name} has dtype {x.dtype}, but the result is {dtype}: for that, each of "
            f"{name} must be {allowed}. {advice}"
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


def integer_coefficient(name, value, dtype, function):
    highest = int(np.iinfo(dtype).max)
    unsigned = dtype.kind == "u"
    lowest = -highest if unsigned else -highest - 1
    check_range(
        *(name, value, lowest, highest, dtype, function),
        " (negative ones wrap)" if unsigned else "",
    )
    return np.asarray(value % (highest + 1) if unsigned else value, dtype)


def check_range(name, value, lowest, highest, dtype, function, note=""):
    if not lowest <= value <= highest:
        wider = function.wider("float64" if dtype.itemsize == 8 else "int64")
        raise OverflowError(
            f"{name}={shortened(value)} does not fit {dtype}: {lowest} to {highest} "
            f"are allowed{note}. {sentence(wider + function.saturating(dtype))}."
        )


def float_coefficient(name, given, value, dtype, function, holds_more):
    try:
        with np.errstate(all="ignore"):
            stored = in_dtype(name, value, dtype)
    except OverflowError:
        stored = np.asarray(np.inf)
    for part, before in ((stored.real, value.real), (stored.imag, value.imag)):
        if np.isinf(part) and abs(before) != np.inf:
            wider = f"{function.wider(holds_more)}, or " if holds_more else ""
            raise OverflowError(
                f"{name}={shortened(given)} does not fit {dtype}: it would become "
                f"infinite. {sentence(wider + 'pass a smaller one')}, or np.inf if "
                "you mean that."
            )
    return stored


def refusal(name, given, kind, dtype, function, result):
    if kind is None:
        what = f"={shortened(given)}" if isinstance(given, str | bytes) else ""
        advice = ""
        if np.ndim(given):
            advice = " For a factor per element, multiply the operand first."
            if function is not None and name in function.factors:
                advice = f" For a factor per element, pass np.asarray({name})."
        return (
            f"{name}{what} is {describe(given)}: it must be a Python or NumPy number "
            f"or a 0-d array of one.{advice}"
        )
    allowed = " or ".join(KIND_NAMES[each] for each in ALLOWED[kind_of(dtype)])
    if kind == "b":
        advice = f"Pass {name}=int({name})."
    elif kind == "f":
        advice = function.floats(dtype)
    elif result is not None:
        advice = f"Pass {name}.real."
    else:
        advice = sentence(f"{function.wider('complex128')} for a complex result.")
    return (
        f"{name}={shortened(given)} is {KIND_NAMES[kind]}, but the result is "
        f"{result or dtype}: for that, {name} must be {allowed}. {advice}"
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
