# Conversions from each native dtype to each, and copies.
# Uses: types.

cdef inline float rounded_once(c_number x) noexcept nogil:
    """A float32 that rounds to the float16 to which x rounds."""
    if c_number is double:
        return double_to_odd_float(x)
    else:
        return <float>x


cdef inline float on_the_way_to_half(from_t x) noexcept nogil:
    if from_t is boolean:
        return x.value != 0
    elif from_t is half:
        return half_to_float(x)
    elif from_t is bfloat16:
        return bfloat16_to_float(x)
    elif from_t in complex_number:
        return rounded_once(x.real)
    else:
        return rounded_once(x)


cdef inline to_t to_number(c_number x, to_t* tag, uint32_t* flags) noexcept nogil:
    cdef to_t y
    cdef uint64_t top
    if to_t is boolean:
        y.value = x != 0
    elif to_t is half:
        y = float_to_half(rounded_once(x), flags)
    elif to_t is bfloat16:
        y = float_to_bfloat16(<float>x, flags)
    elif to_t is complex64:
        y.real = <float>x
        y.imag = 0
    elif to_t is complex128:
        y.real = <double>x
        y.imag = 0
    elif to_t is clongdouble:
        y.real = <longdouble>x
        y.imag = 0
    elif (
        to_t is int8_t or to_t is uint8_t or to_t is int16_t or to_t is uint16_t
    ) and (c_number is float or c_number is double or c_number is longdouble):
        # C leaves open what does not fit, of unsigned ones all negative numbers. By way
        # of int32 it wraps, which it does under GCC anyway, but not under Clang.
        y = <to_t><int32_t>x
    elif to_t is int32_t and c_number is double and DOUBLES_WRAP:
        y = <to_t><int64_t>x
    elif to_t is uint32_t and (
        c_number is float or c_number is double or c_number is longdouble
    ):
        # It becomes the same in a vector's body and in its tail only by way of int64:
        # GCC does it in two ways.
        y = <to_t><int64_t>x
    elif to_t is uint64_t and (
        c_number is float or c_number is double or c_number is longdouble
    ):
        # And the same on every instruction set: AVX-512 alone converts to uint64.
        if x >= <c_number>9223372036854775808.0:  # 2**63
            x = x - <c_number>9223372036854775808.0
            top = <to_t>1 << 63
        else:
            top = 0
        y = <to_t><int64_t>x ^ top
    else:
        y = <to_t>x
    return y


cdef inline to_t converted(from_t x, to_t* tag, uint32_t* flags) noexcept nogil:
    cdef to_t y
    if from_t is boolean and (to_t is float or to_t is double):
        # (For these GCC does not vectorise x.value != 0.)
        return to_number(min(x.value, <uint8_t>1), tag, flags)
    elif from_t is boolean:
        return to_number(<uint8_t>(x.value != 0), tag, flags)
    elif from_t is half:
        return to_number(half_to_float(x), tag, flags)
    elif from_t is bfloat16:
        return to_number(bfloat16_to_float(x), tag, flags)
    elif from_t in complex_number:
        if to_t is boolean:
            y.value = (x.real != 0) | (x.imag != 0)
            return y
        elif to_t is complex64:
            y.real = <float>x.real
            y.imag = <float>x.imag
            return y
        elif to_t is complex128:
            y.real = <double>x.real
            y.imag = <double>x.imag
            return y
        elif to_t is clongdouble:
            y.real = x.real
            y.imag = x.imag
            return y
        else:
            return to_number(x.real, tag, flags)
    else:
        return to_number(x, tag, flags)


cdef void move(
    Py_ssize_t count, char* y, Py_ssize_t y_step, const char* x, Py_ssize_t x_step,
    Py_ssize_t size,
) noexcept nogil:
    """Elements of one size from step to step."""
    cdef Py_ssize_t j
    if size == 1:
        for j in range(count):
            memcpy(y + j * y_step, x + j * x_step, 1)
    elif size == 2:
        for j in range(count):
            memcpy(y + j * y_step, x + j * x_step, 2)
    elif size == 4:
        for j in range(count):
            memcpy(y + j * y_step, x + j * x_step, 4)
    elif size == 8:
        for j in range(count):
            memcpy(y + j * y_step, x + j * x_step, 8)
    else:
        for j in range(count):
            memcpy(y + j * y_step, x + j * x_step, size)


cdef enum:
    PACKED = 4 * STRIP


cdef inline void convert_row(
    Py_ssize_t n, to_t* y_data, const from_t* x_data
) noexcept nogil:
    cdef to_t[:, :] y = None
    cdef from_t[:, :] x = None
    cdef strip_t strip
    cdef Py_ssize_t j, k, p, count
    cdef uint32_t flags = 0
    lay(y.strides, <char*>y_data, 0, sizeof(to_t))
    lay(x.strides, <char*>x_data, 0, sizeof(from_t))
    if from_t is half:
        for p in range((n + STRIP - 1) // STRIP):
            j = p * STRIP
            count = min(STRIP, n - j)
            halves_to_floats(<char*>&x[0, j], sizeof(half), count, strip.at)
            for k in range(count):
                y[0, j + k] = to_number(strip.at[k], <to_t*>NULL, &flags)
    elif to_t is half:
        for p in range((n + STRIP - 1) // STRIP):
            j = p * STRIP
            count = min(STRIP, n - j)
            for k in range(count):
                strip.at[k] = on_the_way_to_half(x[0, j + k])
            floats_to_halves(strip.at, <char*>&y[0, j], sizeof(half), count, &flags)
    else:
        for j in range(n):
            y[0, j] = converted(x[0, j], <to_t*>NULL, &flags)
    raise_half_flags(flags)


cdef void convert_plane(
    Py_ssize_t m, Py_ssize_t n,
    to_t* y, const Py_ssize_t* y_strides,
    const from_t* x, const Py_ssize_t* x_strides,
) noexcept nogil:
    """What is not contiguous is first packed: a second, strided loop for each two
    dtypes was a tenth of the package."""
    cdef to_t y_packed[PACKED]
    cdef from_t x_packed[PACKED]
    cdef char* y_row
    cdef char* x_row
    cdef bint y_lies = n == 1 or y_strides[1] == sizeof(to_t)
    cdef bint x_lies = n == 1 or x_strides[1] == sizeof(from_t)
    cdef Py_ssize_t i, j, count, length = n if y_lies and x_lies else PACKED
    for i in range(m):
        j = 0
        while j < n:
            count = min(length, n - j)
            y_row = <char*>y + i * y_strides[0] + j * y_strides[1]
            x_row = <char*>x + i * x_strides[0] + j * x_strides[1]
            if not x_lies:
                move(
                    count, <char*>x_packed, sizeof(from_t), x_row, x_strides[1],
                    sizeof(from_t),
                )
            convert_row(
                count, <to_t*>y_row if y_lies else y_packed,
                <from_t*>x_row if x_lies else x_packed,
            )
            if not y_lies:
                move(
                    count, y_row, y_strides[1], <char*>y_packed, sizeof(to_t),
                    sizeof(to_t),
                )
            j += length


# And what is only copied, to where a transposed operand is read in rows: packed first,
# `a + b.T` took 1.2 to 2 times as long.

ctypedef fused copied:
    unsigned_integer
    longdouble
    complex128
    clongdouble


cdef inline void copy_loop(
    Py_ssize_t m, Py_ssize_t n,
    copied* y_data, Py_ssize_t y_row, Py_ssize_t y_step,
    const copied* x_data, Py_ssize_t x_row, Py_ssize_t x_step,
) noexcept nogil:
    cdef copied[:, :] y = None
    cdef copied[:, :] x = None
    cdef Py_ssize_t i, j
    lay(y.strides, <char*>y_data, y_row, y_step)
    lay(x.strides, <char*>x_data, x_row, x_step)
    for i in range(m):
        for j in range(n):
            y[i, j] = x[i, j]


cdef void copy_plane(
    Py_ssize_t m, Py_ssize_t n,
    copied* y, const Py_ssize_t* y_strides,
    const copied* x, const Py_ssize_t* x_strides,
) noexcept nogil:
    cdef Py_ssize_t one = sizeof(copied)
    if y_strides[1] == one and x_strides[1] == one:
        copy_loop(m, n, y, y_strides[0], one, x, x_strides[0], one)
    else:
        copy_loop(m, n, y, y_strides[0], y_strides[1], x, x_strides[0], x_strides[1])
