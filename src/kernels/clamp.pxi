# Operations on integers of 8 and 16 bits, in float32, whose results do not wrap.
# Uses: native, saturate, operations.

cdef extern from "clamp.h" nogil:
    Py_ssize_t clamp_rows(
        char* out, char** rows, const float* weights, int count, Py_ssize_t n,
        int size, bint is_signed,
    )
    Py_ssize_t clamp_factors(
        int operation, char* out, const char* a, const char* b, const float* c,
        const float* last, Py_ssize_t last_step, float beta, float alpha, Py_ssize_t n,
        int size, bint is_signed,
    )
    enum:
        CLAMPS_BY_VECTORS
        CLAMP_PRODUCTS
        CLAMP_LERP
        CLAMP_ADDCMUL

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


cdef inline void clamp_factors_plane(
    const plane_t* plane, int operation, const float* beta, const float* alpha,
    small tag,
) noexcept nogil:
    """Rows lie side by side, but the last operand may be constant along them. Which
    operation it is, is a literal."""
    cdef bint is_signed = small is int8_t or small is int16_t
    cdef int what = (
        CLAMP_PRODUCTS if operation == PRODUCTS
        else CLAMP_LERP if operation == LERP else CLAMP_ADDCMUL
    )
    cdef const view_t* factors = &plane.views[D if operation == PRODUCTS else C]
    cdef small[:, :] out = None
    cdef small[:, :] a = None
    cdef small[:, :] b = None
    cdef float[:, :] c = None
    cdef float[:, :] last = None
    cdef Py_ssize_t i, j, n = plane.shape[1]
    lay(out.strides, plane.views[OUT].data, plane.views[OUT].strides[0], sizeof(small))
    lay(a.strides, plane.views[A].data, plane.views[A].strides[0], sizeof(small))
    lay(b.strides, plane.views[B].data, plane.views[B].strides[0], sizeof(small))
    lay(c.strides, plane.views[C].data, plane.views[C].strides[0], sizeof(float))
    lay(last.strides, factors.data, factors.strides[0], factors.strides[1])
    for i in range(plane.shape[0]):
        for j in range(
            clamp_factors(
                what, <char*>&out[i, 0], <char*>&a[i, 0], <char*>&b[i, 0], &c[i, 0],
                &last[i, 0], factors.strides[1] != 0, beta[0], alpha[0], n,
                sizeof(small), is_signed,
            ),
            n,
        ):
            if CLAMPS_BY_VECTORS:
                one_by_one()
            out[i, j] = to_clamped(
                element_of(
                    operation, beta[0], alpha[0], <float>a[i, j], <float>b[i, j],
                    c[i, j] if operation == PRODUCTS else last[i, j], last[i, j], 0,
                ),
                tag,
            )


cdef void clamp_products_plane(
    const plane_t* plane, const small* tag, const float* beta, const float* alpha,
    int real,
) noexcept nogil:
    clamp_factors_plane(plane, PRODUCTS, beta, alpha, <small>0)


cdef void clamp_lerp_plane(
    const plane_t* plane, const small* tag, const float* beta, const float* alpha,
    int real,
) noexcept nogil:
    clamp_factors_plane(plane, LERP, beta, alpha, <small>0)


cdef void clamp_addcmul_plane(
    const plane_t* plane, const small* tag, const float* beta, const float* alpha,
    int real,
) noexcept nogil:
    clamp_factors_plane(plane, ADDCMUL, beta, alpha, <small>0)
