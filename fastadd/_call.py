"""The careful path, one for all operations: calls that are not ready to run.

A call that is (exact native arrays of one dtype, plain numbers) is recognised and
computed by the compiled part and never gets here. The others are converted, checked and
explained, and nothing is written before everything has been checked. A careful function
returns the call that is then to be made (a function, its arguments and keywords), so
that no frame of Python lies between it and the caller, at whose line it may warn.
"""

from functools import partial

import numpy as np

from fastadd import _core
from fastadd._checks import (
    as_dtype,
    as_operand,
    broadcast,
    check_casting,
    checked_operand,
    coefficient,
    common_dtype,
    common_shape,
    computes_itself,
    describe,
    factor,
    is_factor,
    is_half,
    is_native,
    kind_of,
    kind_of_number,
    sentence,
    warn,
    warn_of_complex,
)
from fastadd._function import written
from fastadd._out import (
    apart,
    as_out,
    check_is_array,
    check_layout,
    check_out,
)


def careful(
    function,
    operands,
    coefficients,
    out=None,
    dtype=None,
    casting="same_kind",
    where=True,
):
    """The call that computes an operation of operands and coefficients by name."""
    check_casting(casting, saturates="casting" in function.takes)
    function, out = written(function, out)
    if out is ...:  # an array of no dimensions instead of a scalar
        call = careful(function, operands, coefficients, None, dtype, casting, where)
        return _core.as_array, (call,), {}
    out = as_out(out)
    factors = {
        name: value
        for name, value in coefficients.items()
        if name in function.factors and is_factor(value)
    }
    owners = [
        x for x in (*operands.values(), *factors.values(), out) if computes_itself(x)
    ]
    is_owned = bool(owners)
    check_owners(owners, casting)
    where = checked_where(where, out, is_owned)
    if out is not None and not computes_itself(out):
        check_is_array(out, function, function.out)
    if dtype is not None:
        dtype = as_dtype(dtype, function)
    given = operands, coefficients, out, dtype, casting, where
    if is_owned:
        return function.by_numpy(function, *given)
    operands = {name: as_operand(name, x) for name, x in operands.items()}
    if not all(is_native(x) for x in (*operands.values(), dtype)):
        return function.by_numpy(function, operands, *given[1:])
    if not is_native(out):  # an array of objects, say
        check_layout(out, function.out)
        call = careful(function, operands, coefficients, None, dtype, casting)
        return _core.then, (call, copied_to, out, casting, where), {}
    if where is not True and out is None:
        warn(
            "where= without out=: the elements where it is False are whatever was in "
            "memory. Pass out= to say what they are."
        )
    if casting == "saturate":
        result, dtype, casting = saturated(function, operands, out, dtype)
    else:
        result = None
    operands, coefficients, out, dtype = checked(
        *(function, operands, coefficients, out, dtype, casting, function.out, result),
    )
    if where is not True:
        check_mask(where, [*operands, *coefficients], out)
    return computation(
        *function.arrange(operands, coefficients, dtype),
        *(out, dtype, None if where is True else where, result),
        function.fresh,
    )


def check_owners(owners, casting):
    if owners and casting == "saturate":
        raise TypeError(
            f"casting='saturate' takes numbers that lie in memory, and "
            f"{type(owners[0]).__name__} computes in its own way. Pass np.asarray(x)."
        )


def checked(
    function,
    operands,
    coefficients,
    out,
    dtype,
    casting,
    out_name,
    result,
):
    """What computes native operands: they and the coefficients as arrays, out and the
    dtype. `result` is the dtype of the result, where that saturates."""
    if dtype is None:
        dtype = common_dtype(operands, function)
    if kind_of(dtype) not in function.kinds:
        raise TypeError(f"the result is {dtype}: {function.refuses(dtype)}")
    operands = {
        name: checked_operand(name, x, dtype, casting, function)
        for name, x in operands.items()
    }
    coefficients = {
        name: (
            factor(name, value, dtype, function)
            if name.partition("[")[0] in function.factors and is_factor(value)
            else coefficient(name, value, dtype, function, result)
        )
        for name, value in coefficients.items()
    }
    factors = {name: x for name, x in coefficients.items() if x.ndim > 0}
    shape = common_shape(operands | factors)
    operands, coefficients = list(operands.values()), list(coefficients.values())
    if out is not None:
        check_out(out, result or dtype, shape, casting, function, out_name)
        operands = [apart(x, out) for x in operands]
        coefficients = [apart(x, out) if x.ndim else x for x in coefficients]
    warn_of_complex(operands, dtype, out)
    return operands, coefficients, out, dtype


def saturated(function, operands, out, dtype):
    """The dtype of a saturating result, that of its computation, and the casting rule:
    a result of floats saturates nothing."""
    if out is None:
        result = common_dtype(operands, function)
    else:
        result = out.dtype.newbyteorder("=")
    kind = kind_of(result)
    if kind == "b":
        raise TypeError(
            "casting='saturate' is for results that are integers, and this one is "
            "bool. Leave it out, or pass an out of integers."
        )
    if kind != "i":
        return None, dtype, "same_kind"
    for name, x in operands.items():
        if kind_of_number(x) == "c" or kind_of(getattr(x, "dtype", result)) == "c":
            raise TypeError(
                f"{name} is complex, and casting='saturate' computes in real numbers. "
                "Pass x.real, or x.imag."
            )
    if dtype is None:
        dtype = np.dtype(np.float32 if result.itemsize <= 2 else np.float64)
    if dtype.char not in "fdg":
        raise TypeError(
            f"dtype={dtype}: casting='saturate' computes in float32, float64 or "
            "longdouble and rounds to the integers of the result. Pass one of these."
        )
    return result, dtype, "unsafe"


def computation(name, operands, factors, numbers, out, dtype, where, result, called):
    """The call that computes an operation in the compiled part: operands and factors,
    which are arrays, and numbers. `called` is its name in warnings."""
    if is_half(dtype) and name != "add":
        # The kernels will bring the operands to float32: on the way, those that hold
        # more than the result must be rounded to it; factors need not.
        operands = [
            x if np.can_cast(x.dtype, dtype) else x.real.astype(dtype) for x in operands
        ]
        # And so must the result, on its way to an out of another dtype.
        if out is not None and out.dtype != dtype:
            fresh = np.empty(out.shape, dtype)
            call = computation(
                *(name, operands, factors, numbers, fresh, dtype, where, None, called)
            )
            where = True if where is None else where
            return _core.then, (call, copied_to, out, "unsafe", where), {}
    operands = [*operands, *factors]
    arguments = name, operands, numbers, out, dtype, where, result, called
    return _core.compute_checked, arguments, {}


def copied_to(result, out, casting, where, name="out"):
    """`name` is what the function calls out."""
    own = getattr(result, "dtype", None)
    if isinstance(own, np.dtype) and not np.can_cast(own, out.dtype, casting):
        raise TypeError(
            f"{name} has dtype {out.dtype} and the result {own}, which "
            f"casting={casting!r} does not let into it. Pass an out of dtype {own}."
        )
    if isinstance(out, np.ma.MaskedArray):
        np.copyto(out.data, np.ma.getdata(result), casting=casting, where=where)
        mask = np.ma.getmask(result)
        out.mask = mask if where is True else np.where(where, mask, out.mask)
        return out
    np.copyto(out, result, casting=casting, where=where)
    return out


# ---- where ---------------------------------------------------------------------------


def checked_where(where, out, is_owned):
    """The mask, or a copy of it if writing out would change it."""
    if where is True or (is_owned and computes_itself(where)):
        return where
    mask = np.asarray(where)
    if where is None or mask.dtype != bool:
        given = describe(None) if where is None else f"of dtype {mask.dtype}"
        raise TypeError(
            f"where is {given}: it must be an array of bool that says where to "
            "compute. Pass where=(mask != 0), or leave it out."
        )
    if isinstance(out, np.ndarray) and np.may_share_memory(mask, out):
        mask = mask.copy()
    return mask


def check_mask(mask, arrays, out):
    """A mask broadcasts with the arrays to the shape of out, if there is one."""
    shape = common_shape(dict(enumerate(arrays))) if out is None else out.shape
    both = broadcast(mask.shape, shape)
    if both is None or (out is not None and both != shape):
        raise ValueError(
            f"where has shape {mask.shape}, which does not broadcast to the result's "
            f"shape {shape}. Pass a mask of that shape."
        )


# ---- arrays that compute themselves, and dtypes that NumPy computes ------------------


def add_by_ufunc(
    function, operands, coefficients, out, dtype, casting, where, ufunc=np.add
):
    """Let NumPy's protocols decide who computes. Without coefficients this is np.add,
    which all that override ufuncs know, with its units and its strings."""
    input, other = operands.values()
    keywords = {
        "out": out,
        "dtype": dtype,
        "casting": None if casting == "same_kind" else casting,
        "where": None if where is True else where,
    }
    given = {name: value for name, value in keywords.items() if value is not None}
    for name, value in coefficients.items():
        if not is_factor(value):
            check_is_number(name, value)
    if isinstance(out, np.ndarray):
        check_layout(out, function.out)
    is_plain = all(type(value) is int and value == 1 for value in coefficients.values())
    if any(is_frame(x) for x in (*operands.values(), out)):
        if not given:
            return by_operators(operands, coefficients, ufunc)
        if list(given) == ["out"] and is_frame(out):
            call = by_operators(operands, coefficients, ufunc)
            return _core.then, (call, into_frame, out), {}
    if is_plain:
        return ufunc, (input, other), given
    check_dtypes(operands, dtype, function)
    coefficients = foreign_coefficients(function, operands, coefficients, dtype)
    otherwise = partial(by_owner, function, operands, coefficients, given)
    numbers = tuple(coefficients.values())
    return (
        _core.by_scaled_add,
        (tuple(operands.values()), numbers, given, otherwise),
        {},
    )


def check_is_number(name, value):
    if value is None or isinstance(value, str | bytes) or np.ndim(value):
        coefficient(name, value, np.dtype(float))  # refuses it


def check_dtypes(operands, dtype, function):
    """Refuse dtypes that cannot be scaled."""
    for name, x in operands.items():
        own = getattr(x, "dtype", None)
        if not isinstance(own, np.dtype) or own.kind in "mMO" or is_native(own):
            continue
        if own.kind in "SUT":
            advice = "Strings can be added, but not scaled: leave alpha and beta out."
        elif own.names:
            advice = "Compute with its fields, as x['field']."
        elif dtype is not None and is_native(dtype):
            continue
        else:
            advice = f"{sentence(function.wider('float32'))}, or convert it by "
            advice += f"{name}.astype(np.float32)."
        raise TypeError(
            f"{name} has dtype {own}, with which fastadd does not compute. {advice}"
        )


def foreign_coefficients(function, operands, coefficients, dtype):
    """Checked against the dtype of the result, where it is known and native."""
    takes = ("dtype",) if "dtype" in function.takes else ()
    function = function._replace(takes=takes)  # owners do not saturate
    known = {
        name: x
        for name, x in operands.items()
        if kind_of_number(x) is None or isinstance(x, np.generic)
    }
    dtypes = [getattr(x, "dtype", None) for x in known.values()]
    times = [x for x in dtypes if isinstance(x, np.dtype) and x.kind in "mM"]
    if times:
        for name, value in coefficients.items():
            if is_factor(value):
                continue
            coefficient(name, value, np.dtype(float), function, times[0])
    if not dtypes or not all(isinstance(x, np.dtype) and is_native(x) for x in dtypes):
        return coefficients
    if dtype is None:
        empty = {name: np.empty(0, x.dtype) for name, x in known.items()}
        result = common_dtype(empty, function)
    else:
        result = dtype
    if not is_native(result):
        return coefficients
    checked = {}
    for name, value in coefficients.items():
        if is_factor(value):
            checked[name] = value
            continue
        number = coefficient(name, value, result, function)
        wraps = type(value) is int and result.kind == "u"
        checked[name] = int(number.astype(np.int64)) if wraps else value
    return checked


def by_owner(function, operands, coefficients, given, error):
    """The call in the operators of an array whose type refused the ufunc."""
    owners = [x for x in operands.values() if computes_itself(x)]
    if not (owners and "scaled_add" in str(error) and "ufunc" in str(error).lower()):
        raise error
    if given:
        reason = f"{type(owners[0]).__name__} does not know fastadd.scaled_add, so its "
        refuse_given(function, given, f"{reason}own operators compute")
    return by_operators(operands, coefficients)


def refuse_given(function, given, reason):
    """Of arguments that operators do not take."""
    if function.in_place:
        raise TypeError(
            f"{function.out}: {reason}, which do not write into it. Use "
            f"{function.fresh} for a new result."
        )
    raise TypeError(
        f"{', '.join(given)}: {reason}, which do not take that. Leave it out."
    )


def by_operators(operands, coefficients, ufunc=np.add):
    if ufunc is np.subtract:
        coefficients = coefficients | {"alpha": -1}
    return (
        _core.by_operators,
        (tuple(operands.values()), tuple(coefficients.values())),
        {},
    )


def by_owner_of(formula):
    """What leaves an operation to the operators of arrays that compute in their own
    way, or of dtypes that NumPy computes: the compiled `formula` of its operands and
    coefficients."""

    def by_numpy(function, operands, coefficients, out, dtype, casting, where):
        owners = [x for x in (*operands.values(), out) if computes_itself(x)]
        given = {"dtype": dtype, "where": None if where is True else where}
        if owners and not isinstance(out, np.ndarray):
            given["out"] = out
        given = [name for name, value in given.items() if value is not None]
        if given:
            kinds = owners or list(operands.values())
            refuse_given(
                function,
                given,
                f"for arrays {describe(kinds[0])}, {function.fresh} is computed by "
                "their own operators",
            )
        check_dtypes(operands, None, function)
        for name, value in coefficients.items():
            if name not in function.factors or not is_factor(value):
                check_is_number(name, value)
        if all(isinstance(x, np.ndarray) for x in owners):
            coefficients = subclass_coefficients(function, operands, coefficients)
        call = formula, (*operands.values(), *coefficients.values()), {}
        if out is None:
            return call
        check_layout(out, function.out)
        return _core.then, (call, copied_to, out, casting, True, function.out), {}

    return by_numpy


def subclass_coefficients(function, operands, coefficients):
    """Those of operands that are arrays of NumPy's, or of a type that derives from
    them: by the rules of plain ones, and so that they decide on no dtype."""
    arrays = {
        name: np.empty(0, x.dtype)
        for name, x in operands.items()
        if isinstance(x, np.ndarray)
    }
    if not arrays or not all(is_native(x) for x in arrays.values()):
        return coefficients
    function = function._replace(takes=())
    dtype = common_dtype(arrays, function)
    if kind_of(dtype) not in function.kinds:
        raise TypeError(f"the result is {dtype}: {function.refuses(dtype)}")
    checked = foreign_coefficients(function, operands, coefficients, None)
    real = np.empty(0, dtype).real.dtype
    return {
        name: value
        if is_factor(value)
        else (dtype if kind_of_number(value) == "c" else real).type(value)
        for name, value in checked.items()
    }


def is_frame(x):
    """Whether x has a dtype for each column, or pandas' nullable ones: its ufuncs would
    bring all to one."""
    return hasattr(type(x), "iloc")


def into_frame(result, out):
    """Write into a frame or a series of pandas, column by column."""
    if np.shape(result) != out.shape:
        raise ValueError(
            f"out has shape {out.shape} and the result {np.shape(result)}: out is "
            "never resized. Leave it out for a new one."
        )
    if out.ndim == 1:
        check_column(result, out)
        out.iloc[:] = np.asarray(result)
        return out
    columns = [
        result.iloc[:, place] if is_frame(result) else result[:, place]
        for place in range(out.shape[1])
    ]
    for place, column in enumerate(columns):
        check_column(column, out.iloc[:, place])
    for place, column in enumerate(columns):
        out.isetitem(place, np.asarray(column).astype(out.dtypes.iloc[place]))
    return out


def check_column(result, out):
    if isinstance(out.dtype, np.dtype) and not np.can_cast(
        np.asarray(result).dtype, out.dtype, "same_kind"
    ):
        raise TypeError(
            f"out has dtype {out.dtype} and the result {np.asarray(result).dtype}, "
            "which casting='same_kind' does not let into it. Leave out= out."
        )
