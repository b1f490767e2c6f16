# Floats to integers that do not wrap: rounded half to even; what does not fit becomes
# the nearest that does, a NaN 0; no flags.
# Uses: native, types.

cdef extern from "choose.h" nogil:
    int32_t clamp_float(float x, float low, float high)
    int64_t clamp_double(double x, double low, double high)
    int64_t clamp_to_int64(longdouble x)
    uint64_t clamp_to_uint64(longdouble x)

ctypedef fused clamped:
    signed_integer
    unsigned_integer


cdef inline clamped to_clamped(c_float x, clamped tag) noexcept nogil:
    cdef int bits = 8 * sizeof(clamped)
    cdef double low, high
    if clamped is int64_t:
        return clamp_to_int64(x)
    elif clamped is uint64_t:
        return clamp_to_uint64(x)
    else:
        if clamped in signed_integer:
            low = -<double>(<int64_t>1 << bits - 1)
            high = <double>((<int64_t>1 << bits - 1) - 1)
        else:
            low = 0
            high = <double>((<int64_t>1 << bits) - 1)
        if c_float is float and sizeof(clamped) <= 2:
            return <clamped>clamp_float(x, <float>low, <float>high)
        elif c_float is longdouble:
            return <clamped>max(
                <int64_t>low, min(<int64_t>high, clamp_to_int64(x))
            )
        else:
            return <clamped>clamp_double(x, low, high)


cdef inline void saturate_loop(
    Py_ssize_t m, Py_ssize_t n, clamped* y_data, Py_ssize_t y_row, Py_ssize_t y_step,
    const c_float* x_data, Py_ssize_t x_row,
) noexcept nogil:
    cdef clamped[:, :] y = None
    cdef c_float[:, :] x = None
    cdef Py_ssize_t i, j
    lay(y.strides, <char*>y_data, y_row, y_step)
    lay(x.strides, <char*>x_data, x_row, sizeof(c_float))
    for i in range(m):
        for j in range(n):
            y[i, j] = to_clamped(x[i, j], <clamped>0)


cdef void saturate_plane(
    Py_ssize_t m, Py_ssize_t n,
    clamped* y, const Py_ssize_t* y_strides,
    const c_float* x, const Py_ssize_t* x_strides,
) noexcept nogil:
    """x lies in rows, side by side."""
    if y_strides[1] == sizeof(clamped):
        saturate_loop(m, n, y, y_strides[0], sizeof(clamped), x, x_strides[0])
    else:
        saturate_loop(m, n, y, y_strides[0], y_strides[1], x, x_strides[0])


cdef void fill_saturations(convert_t* to, c_float* tag) noexcept:
    to[INT8] = <convert_t>saturate_plane[int8_t, c_float]
    to[INT16] = <convert_t>saturate_plane[int16_t, c_float]
    to[INT32] = <convert_t>saturate_plane[int32_t, c_float]
    to[INT64] = <convert_t>saturate_plane[int64_t, c_float]
    to[UINT8] = <convert_t>saturate_plane[uint8_t, c_float]
    to[UINT16] = <convert_t>saturate_plane[uint16_t, c_float]
    to[UINT32] = <convert_t>saturate_plane[uint32_t, c_float]
    to[UINT64] = <convert_t>saturate_plane[uint64_t, c_float]
