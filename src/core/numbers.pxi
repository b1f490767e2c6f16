# Python's and NumPy's numbers, as operands and coefficients.
# Uses: native, job, dtypes.

cdef inline bint integer_fits(long long x, int dtype, bint operand) noexcept:
    """An operand must lie in the dtype's range; an unsigned coefficient may also be
    negative, down to -max, and wraps."""
    cdef int bits = 8 * itemsizes[dtype]
    if dtype < UINT8:
        return bits == 64 or -(1LL << bits - 1) <= x < 1LL << bits - 1
    if operand and x < 0:
        return False
    return bits == 64 or -(1LL << bits) < x < 1LL << bits


# NumPy's scalar types, and what holds their numbers in Python. (A longdouble has none.
# Their `item()` takes 200 ns. A dictionary would ask the type of a type for its hash,
# which may be anybody's code.)
SCALAR_TYPES = tuple(numpy.dtype(code).type for code in "bhilqBHILQefdFD")
HELD = (int,) * 10 + (float,) * 3 + (complex,) * 2


cdef object as_python_number(object value, int operand_dtype):
    """What a NumPy scalar holds; None of what is no such number. As an operand, which
    is not weak, it must be of that dtype already."""
    cdef int place
    kind = type(value)
    for place in range(len(<tuple>SCALAR_TYPES)):
        if kind is (<tuple>SCALAR_TYPES)[place]:
            break
    else:
        return None
    if (
        operand_dtype >= 0
        and native_of_type(cnp.PyArray_DescrFromScalar(value).type_num) != operand_dtype
    ):
        return None
    return (<tuple>HELD)[place](value)


cdef int store_number(
    object value, int dtype, bint operand, scalar_t* stored
) except -1:
    """Store a plain Python number in a dtype; a coefficient in that of the arithmetic.
    Returns 1 if it is real, 2 if complex, and 0, which is no verdict, if it needs the
    Python layer."""
    if not operand:
        dtype = arithmetic_dtype(dtype)
    return store_plain_number(value, dtype, operand, False, stored)


cdef int store_plain_number(
    object value, int dtype, bint operand, bint typed, scalar_t* stored
) except -1:
    """`typed` is a number of one of NumPy's scalar types."""
    cdef double parts[2]
    cdef long long integer
    cdef int overflow = 0
    cdef Py_ssize_t* step = [0, 0]
    if (
        PyLong_CheckExact(value)
        or dtype == BOOL and not operand and PyBool_Check(value)
    ):
        integer = PyLong_AsLongLongAndOverflow(value, &overflow)
        if overflow:
            return 0
        if dtype == BOOL:
            if operand:
                return 0
        elif dtype <= UINT64:
            if not integer_fits(integer, dtype, operand):
                return 0
        parts[0] = <double>integer
        if (
            typed or dtype <= UINT64 or dtype == LONGDOUBLE
            or dtype == CLONGDOUBLE and not operand
        ):
            # These hold more of an integer than a double does, by way of which NumPy
            # brings Python's integers to the others, but not its own.
            kernels.convert[INT64][dtype](1, 1, stored, step, &integer, step)
            return 1
    elif PyFloat_CheckExact(value):
        if dtype < FLOAT16:
            return 0
        parts[0] = PyFloat_AS_DOUBLE(value)
    elif PyComplex_CheckExact(value):
        if dtype < COMPLEX64:
            return 0
        parts[0] = PyComplex_RealAsDouble(value)
        parts[1] = PyComplex_ImagAsDouble(value)
        if abs(parts[0]) >= limits[dtype] or abs(parts[1]) >= limits[dtype]:
            return 0
        kernels.convert[COMPLEX128][dtype](1, 1, stored, step, parts, step)
        return 2
    else:
        held = as_python_number(value, dtype if operand else -1)
        return (
            0 if held is None
            else store_plain_number(held, dtype, operand, True, stored)
        )
    if dtype == FLOAT64:
        (<double*>stored)[0] = parts[0]
    elif abs(parts[0]) >= limits[dtype]:
        return 0
    elif dtype == FLOAT32:
        (<float*>stored)[0] = <float>parts[0]
    else:
        kernels.convert[FLOAT64][dtype](1, 1, stored, step, parts, step)
    return 1


NOTHING = object()  # an operand that leaves the other as it is


cdef void set_number(scalar_t* stored, int dtype, double value) noexcept:
    cdef Py_ssize_t* step = [0, 0]
    kernels.convert[FLOAT64][dtype](1, 1, stored, step, &value, step)


cdef void set_additive_identity(scalar_t* stored, int dtype) noexcept:
    """What changes no number that it is added to, negative zeros included."""
    cdef int part = real_of(dtype)
    set_number(stored, part, -0.0)
    if part != dtype:
        memcpy(stored.bytes + itemsizes[part], stored, itemsizes[part])
