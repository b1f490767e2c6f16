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

ctypedef fused unclamped:
    float
    double
    longdouble


cdef inline clamped to_clamped(unclamped x, clamped tag) noexcept nogil:
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
        if unclamped is float and sizeof(clamped) <= 2:
            return <clamped>clamp_float(x, <float>low, <float>high)
        elif unclamped is longdouble:
            return <clamped>max(
                <int64_t>low, min(<int64_t>high, clamp_to_int64(x))
            )
        else:
            return <clamped>clamp_double(x, low, high)


cdef inline void saturate_loop(
    Py_ssize_t m, Py_ssize_t n, clamped* y_data, Py_ssize_t y_row, Py_ssize_t y_step,
    const unclamped* x_data, Py_ssize_t x_row,
) noexcept nogil:
    cdef clamped[:, :] y = None
    cdef unclamped[:, :] x = None
    cdef Py_ssize_t i, j
    lay(y.strides, <char*>y_data, y_row, y_step)
    lay(x.strides, <char*>x_data, x_row, sizeof(unclamped))
    for i in range(m):
        for j in range(n):
            y[i, j] = to_clamped(x[i, j], <clamped>0)


cdef void saturate_plane(
    Py_ssize_t m, Py_ssize_t n,
    clamped* y, const Py_ssize_t* y_strides,
    const unclamped* x, const Py_ssize_t* x_strides,
) noexcept nogil:
    """x lies in rows, side by side."""
    if y_strides[1] == sizeof(clamped):
        saturate_loop(m, n, y, y_strides[0], sizeof(clamped), x, x_strides[0])
    else:
        saturate_loop(m, n, y, y_strides[0], y_strides[1], x, x_strides[0])


ctypedef fused small:
    int8_t
    uint8_t
    int16_t
    uint16_t


cdef void clamp_plane(
    const plane_t* plane, const small* tag, const float* beta, const float* alpha,
    int real,
) noexcept nogil:
    """The addition of two, in float32; all lie in rows, side by side."""
    cdef small[:, :] out = None
    cdef small[:, :] a = None
    cdef small[:, :] b = None
    cdef Py_ssize_t i, j
    cdef float x = beta[0], y = alpha[0]
    lay(out.strides, plane.views[OUT].data, plane.views[OUT].strides[0], sizeof(small))
    lay(a.strides, plane.views[A].data, plane.views[A].strides[0], sizeof(small))
    lay(b.strides, plane.views[B].data, plane.views[B].strides[0], sizeof(small))
    for i in range(plane.shape[0]):
        for j in range(plane.shape[1]):
            out[i, j] = to_clamped(
                x * <float>a[i, j] + y * <float>b[i, j], <small>0
            )


cdef void fill_saturations(convert_t* to, unclamped* tag) noexcept:
    to[INT8] = <convert_t>saturate_plane[int8_t, unclamped]
    to[INT16] = <convert_t>saturate_plane[int16_t, unclamped]
    to[INT32] = <convert_t>saturate_plane[int32_t, unclamped]
    to[INT64] = <convert_t>saturate_plane[int64_t, unclamped]
    to[UINT8] = <convert_t>saturate_plane[uint8_t, unclamped]
    to[UINT16] = <convert_t>saturate_plane[uint16_t, unclamped]
    to[UINT32] = <convert_t>saturate_plane[uint32_t, unclamped]
    to[UINT64] = <convert_t>saturate_plane[uint64_t, unclamped]
