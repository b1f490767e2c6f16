# Floats to integers that do not wrap: rounded half to even; what does not fit becomes
# the nearest that does, a NaN 0; no flags.
# Uses: native, types.

cdef extern from "choose.h" nogil:
    int32_t clamp_float(float x, float low, float high)
    int64_t clamp_double(double x, double low, double high)
    int64_t clamp_to_int64(longdouble x)
    uint64_t clamp_to_uint64(longdouble x)

cdef extern from "clamp.h" nogil:
    Py_ssize_t clamp_rows(
        char* out, char** rows, const float* weights, int count, Py_ssize_t n,
        int size, bint is_signed,
    )

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


ctypedef fused small:
    int8_t
    uint8_t
    int16_t
    uint16_t


cdef inline void clamp_row(
    char* out, char** rows, const float* weights, int count, Py_ssize_t n, small tag
) noexcept nogil:
    """The sum of rows, in float32; all lie side by side."""
    cdef bint is_signed = small is int8_t or small is int16_t
    cdef Py_ssize_t j
    cdef float sum
    cdef int row
    for j in range(
        clamp_rows(out, rows, weights, count, n, sizeof(small), is_signed), n
    ):
        sum = weights[0] * <float>(<small*>rows[0])[j]
        for row in range(1, count):
            sum = sum + weights[row] * <float>(<small*>rows[row])[j]
        (<small*>out)[j] = to_clamped(sum, tag)


cdef void clamp_plane(
    const plane_t* plane, const small* tag, const float* beta, const float* alpha,
    int real,
) noexcept nogil:
    cdef char* out
    cdef char* rows[2]
    cdef float weights[2]
    cdef Py_ssize_t i
    weights[0], weights[1] = beta[0], alpha[0]
    for i in range(plane.shape[0]):
        out = plane.views[OUT].data + i * plane.views[OUT].strides[0]
        rows[0] = plane.views[A].data + i * plane.views[A].strides[0]
        rows[1] = plane.views[B].data + i * plane.views[B].strides[0]
        clamp_row(out, rows, weights, 2, plane.shape[1], <small>0)


cdef void clamp_sum_plane(
    const plane_t* plane, const small* tag, const term_t* terms, int count,
    bint streamed,
) noexcept nogil:
    cdef char* out
    cdef char* rows[TERMS]
    cdef float weights[TERMS]
    cdef Py_ssize_t i
    cdef int row
    for i in range(plane.shape[0]):
        out = plane.views[OUT].data + i * plane.views[OUT].strides[0]
        for row in range(count):
            rows[row] = terms[row].view.data + i * terms[row].view.strides[0]
            weights[row] = (<const float*>terms[row].weight)[0]
        clamp_row(out, rows, weights, count, plane.shape[1], <small>0)


cdef void fill_saturations(convert_t* to, c_float* tag) noexcept:
    to[INT8] = <convert_t>saturate_plane[int8_t, c_float]
    to[INT16] = <convert_t>saturate_plane[int16_t, c_float]
    to[INT32] = <convert_t>saturate_plane[int32_t, c_float]
    to[INT64] = <convert_t>saturate_plane[int64_t, c_float]
    to[UINT8] = <convert_t>saturate_plane[uint8_t, c_float]
    to[UINT16] = <convert_t>saturate_plane[uint16_t, c_float]
    to[UINT32] = <convert_t>saturate_plane[uint32_t, c_float]
    to[UINT64] = <convert_t>saturate_plane[uint64_t, c_float]
