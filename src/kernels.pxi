# How a plane is computed: out[i, j] = beta * a[i, j] + alpha * b[i, j], and how one
# is converted from dtype to dtype. Included by one module per instruction set.
#
# Design: one loop, plain enough for the compiler to vectorise, tails included. Each
# `if` around it hands the loop literal strides (and, for integers, literal ones as
# coefficients), which is all that a compiler needs to specialise it.

from cpython.pycapsule cimport PyCapsule_New

include "native.pxi"

cdef extern from "lay.h" nogil:
    void lay "FASTADD_LAY"(
        const Py_ssize_t* strides, char* data, Py_ssize_t stride0, Py_ssize_t stride1
    )

cdef extern from "scalars.h" nogil:
    float half_to_float(half x)
    half float_to_half(float x, uint32_t* flags)
    half double_to_half(double x, uint32_t* flags)
    float bfloat16_to_float(bfloat16 x)
    bfloat16 float_to_bfloat16(float x, uint32_t* flags)
    void raise_half_flags(uint32_t flags)

ctypedef fused unsigned_integer:
    uint8_t
    uint16_t
    uint32_t
    uint64_t

ctypedef fused complex_number:
    complex64
    complex128
    clongdouble

# What C calculates with.
ctypedef fused c_number:
    int8_t
    int16_t
    int32_t
    int64_t
    unsigned_integer
    float
    double
    longdouble

# What has an addition of its own: signed integers wrap to the bits of unsigned ones.
ctypedef fused number:
    boolean
    unsigned_integer
    half
    bfloat16
    float
    double
    longdouble
    complex_number

# Every native dtype, and every one again, for the conversions from each to each.
ctypedef fused from_t:
    boolean
    half
    bfloat16
    c_number
    complex_number

ctypedef fused to_t:
    boolean
    half
    bfloat16
    c_number
    complex_number


cdef inline complex_number scaled(
    complex_number c, complex_number x, bint real
) noexcept nogil:
    cdef complex_number product
    if real:
        product.real = c.real * x.real
        product.imag = c.real * x.imag
    else:
        product.real = c.real * x.real - c.imag * x.imag
        product.imag = c.real * x.imag + c.imag * x.real
    return product


cdef inline number element(
    number beta, number a, number alpha, number b, int real, uint32_t* flags
) noexcept nogil:
    """The mathematics: beta*a + alpha*b, two products and a sum, each rounded."""
    cdef number x, y
    if number is boolean:
        x.value = (
            ((beta.value != 0) & (a.value != 0)) | ((alpha.value != 0) & (b.value != 0))
        )
        return x
    elif number is half:
        return float_to_half(
            half_to_float(beta) * half_to_float(a)
            + half_to_float(alpha) * half_to_float(b),
            flags,
        )
    elif number is bfloat16:
        return float_to_bfloat16(
            bfloat16_to_float(beta) * bfloat16_to_float(a)
            + bfloat16_to_float(alpha) * bfloat16_to_float(b),
            flags,
        )
    elif number in complex_number:
        x = scaled(beta, a, real & BETA_REAL)
        y = scaled(alpha, b, real & ALPHA_REAL)
        x.real += y.real
        x.imag += y.imag
        return x
    else:
        return <number>(beta * a + alpha * b)


cdef inline void loop(
    const plane_t* plane,
    Py_ssize_t out_step, Py_ssize_t a_step, Py_ssize_t b_step,
    number beta, number alpha, int real,
) noexcept nogil:
    cdef number[:, :] out = None
    cdef number[:, :] a = None
    cdef number[:, :] b = None
    cdef Py_ssize_t i, j
    cdef uint32_t flags = 0
    lay(out.strides, plane.views[OUT].data, plane.views[OUT].strides[0], out_step)
    lay(a.strides, plane.views[A].data, plane.views[A].strides[0], a_step)
    lay(b.strides, plane.views[B].data, plane.views[B].strides[0], b_step)
    for i in range(plane.shape[0]):
        for j in range(plane.shape[1]):
            out[i, j] = element(beta, a[i, j], alpha, b[i, j], real, &flags)
    raise_half_flags(flags)


cdef inline void by_layout(
    const plane_t* plane, number beta, number alpha, int real
) noexcept nogil:
    cdef Py_ssize_t out_step = plane.views[OUT].strides[1]
    cdef Py_ssize_t a_step = plane.views[A].strides[1]
    cdef Py_ssize_t b_step = plane.views[B].strides[1]
    if out_step == sizeof(number):
        if a_step == sizeof(number) and b_step == sizeof(number):
            loop(
                plane, sizeof(number), sizeof(number), sizeof(number),
                beta, alpha, real,
            )
            return
        if a_step == sizeof(number) and b_step == 0:
            loop(plane, sizeof(number), sizeof(number), 0, beta, alpha, real)
            return
        if a_step == 0 and b_step == sizeof(number):
            loop(plane, sizeof(number), 0, sizeof(number), beta, alpha, real)
            return
    loop(plane, out_step, a_step, b_step, beta, alpha, real)


cdef void add_plane(
    const plane_t* plane, const number* beta, const number* alpha, int real
) noexcept nogil:
    if number in unsigned_integer:
        # A product costs: int64 has no vector instruction for it below AVX-512.
        if beta[0] != 1:
            by_layout(plane, beta[0], alpha[0], 0)
        elif alpha[0] != 1:
            by_layout(plane, <number>1, alpha[0], 0)
        else:
            by_layout(plane, <number>1, <number>1, 0)
    elif number in complex_number:
        if real == BETA_REAL | ALPHA_REAL:
            by_layout(plane, beta[0], alpha[0], BETA_REAL | ALPHA_REAL)
        else:
            by_layout(plane, beta[0], alpha[0], real)
    else:
        by_layout(plane, beta[0], alpha[0], 0)


cdef inline to_t to_number(c_number x, to_t* tag, uint32_t* flags) noexcept nogil:
    cdef to_t y
    if to_t is boolean:
        y.value = x != 0
    elif to_t is half:
        if c_number is double or c_number is longdouble:
            y = double_to_half(<double>x, flags)
        else:
            y = float_to_half(<float>x, flags)
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
    elif to_t is uint32_t and (
        c_number is float or c_number is double or c_number is longdouble
    ):
        # What does not fit becomes the same in a vector's body and in its tail only by
        # way of int64: C leaves it open, and GCC does it in two ways.
        y = <to_t><int64_t>x
    else:
        y = <to_t>x
    return y


cdef inline to_t converted(from_t x, to_t* tag, uint32_t* flags) noexcept nogil:
    cdef to_t y
    if from_t is boolean:
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


cdef inline void convert_loop(
    Py_ssize_t m, Py_ssize_t n,
    to_t* y_data, Py_ssize_t y_row, Py_ssize_t y_step,
    const from_t* x_data, Py_ssize_t x_row, Py_ssize_t x_step,
) noexcept nogil:
    cdef to_t[:, :] y = None
    cdef from_t[:, :] x = None
    cdef Py_ssize_t i, j
    cdef uint32_t flags = 0
    lay(y.strides, <char*>y_data, y_row, y_step)
    lay(x.strides, <char*>x_data, x_row, x_step)
    for i in range(m):
        for j in range(n):
            y[i, j] = converted(x[i, j], <to_t*>NULL, &flags)
    raise_half_flags(flags)


cdef void convert_plane(
    Py_ssize_t m, Py_ssize_t n,
    to_t* y, const Py_ssize_t* y_strides,
    const from_t* x, const Py_ssize_t* x_strides,
) noexcept nogil:
    if y_strides[1] == sizeof(to_t) and x_strides[1] == sizeof(from_t):
        convert_loop(
            m, n, y, y_strides[0], sizeof(to_t), x, x_strides[0], sizeof(from_t)
        )
    else:
        convert_loop(
            m, n, y, y_strides[0], y_strides[1], x, x_strides[0], x_strides[1]
        )


cdef void fill_conversions(convert_t* to, from_t* tag) noexcept:
    to[BOOL] = <convert_t>convert_plane[boolean, from_t]
    to[INT8] = <convert_t>convert_plane[int8_t, from_t]
    to[INT16] = <convert_t>convert_plane[int16_t, from_t]
    to[INT32] = <convert_t>convert_plane[int32_t, from_t]
    to[INT64] = <convert_t>convert_plane[int64_t, from_t]
    to[UINT8] = <convert_t>convert_plane[uint8_t, from_t]
    to[UINT16] = <convert_t>convert_plane[uint16_t, from_t]
    to[UINT32] = <convert_t>convert_plane[uint32_t, from_t]
    to[UINT64] = <convert_t>convert_plane[uint64_t, from_t]
    to[FLOAT16] = <convert_t>convert_plane[half, from_t]
    to[BFLOAT16] = <convert_t>convert_plane[bfloat16, from_t]
    to[FLOAT32] = <convert_t>convert_plane[float, from_t]
    to[FLOAT64] = <convert_t>convert_plane[double, from_t]
    to[LONGDOUBLE] = <convert_t>convert_plane[longdouble, from_t]
    to[COMPLEX64] = <convert_t>convert_plane[complex64, from_t]
    to[COMPLEX128] = <convert_t>convert_plane[complex128, from_t]
    to[CLONGDOUBLE] = <convert_t>convert_plane[clongdouble, from_t]


cdef void fill(kernels_t* kernels) noexcept:
    fill_conversions(kernels.convert[BOOL], <boolean*>NULL)
    fill_conversions(kernels.convert[INT8], <int8_t*>NULL)
    fill_conversions(kernels.convert[INT16], <int16_t*>NULL)
    fill_conversions(kernels.convert[INT32], <int32_t*>NULL)
    fill_conversions(kernels.convert[INT64], <int64_t*>NULL)
    fill_conversions(kernels.convert[UINT8], <uint8_t*>NULL)
    fill_conversions(kernels.convert[UINT16], <uint16_t*>NULL)
    fill_conversions(kernels.convert[UINT32], <uint32_t*>NULL)
    fill_conversions(kernels.convert[UINT64], <uint64_t*>NULL)
    fill_conversions(kernels.convert[FLOAT16], <half*>NULL)
    fill_conversions(kernels.convert[BFLOAT16], <bfloat16*>NULL)
    fill_conversions(kernels.convert[FLOAT32], <float*>NULL)
    fill_conversions(kernels.convert[FLOAT64], <double*>NULL)
    fill_conversions(kernels.convert[LONGDOUBLE], <longdouble*>NULL)
    fill_conversions(kernels.convert[COMPLEX64], <complex64*>NULL)
    fill_conversions(kernels.convert[COMPLEX128], <complex128*>NULL)
    fill_conversions(kernels.convert[CLONGDOUBLE], <clongdouble*>NULL)
    kernels.add[BOOL] = <add_t>add_plane[boolean]
    kernels.add[INT8] = kernels.add[UINT8] = <add_t>add_plane[uint8_t]
    kernels.add[INT16] = kernels.add[UINT16] = <add_t>add_plane[uint16_t]
    kernels.add[INT32] = kernels.add[UINT32] = <add_t>add_plane[uint32_t]
    kernels.add[INT64] = kernels.add[UINT64] = <add_t>add_plane[uint64_t]
    kernels.add[FLOAT16] = <add_t>add_plane[half]
    kernels.add[BFLOAT16] = <add_t>add_plane[bfloat16]
    kernels.add[FLOAT32] = <add_t>add_plane[float]
    kernels.add[FLOAT64] = <add_t>add_plane[double]
    kernels.add[LONGDOUBLE] = <add_t>add_plane[longdouble]
    kernels.add[COMPLEX64] = <add_t>add_plane[complex64]
    kernels.add[COMPLEX128] = <add_t>add_plane[complex128]
    kernels.add[CLONGDOUBLE] = <add_t>add_plane[clongdouble]


cdef kernels_t kernels
fill(&kernels)
table = PyCapsule_New(&kernels, "fastadd.kernels", NULL)
