# Operations of three and four operands, all of one dtype: what is computed of an
# element, and the one loop that does it. What lies otherwise than in rows, side by
# side, has been brought to that before (src/core/strips.pxi).
#
# A new operation is an arm of `element_of`, a kernel below, and its rows in the table.
# Uses: native, types, rows.

cdef extern from "choose.h" nogil:
    float lerp_float(float a, float b, float w)
    double lerp_double(double a, double b, double w)
    longdouble lerp_longdouble(longdouble a, longdouble b, longdouble w)
    bint is_near_zero(longdouble real, longdouble imag)
    double fabs(double)
    float fabsf(float)
    longdouble fabsl(longdouble)

# What can be divided.
ctypedef fused fractional:
    c_float
    complex_number


cdef inline fractional difference(fractional x, fractional y) noexcept nogil:
    if fractional in complex_number:
        x.real -= y.real
        x.imag -= y.imag
        return x
    else:
        return <fractional>(x - y)


cdef inline bint is_larger(complex_number x) noexcept nogil:
    """Whether the real part is the larger one, or none is."""
    if complex_number is complex64:
        return fabsf(x.real) >= fabsf(x.imag)
    elif complex_number is complex128:
        return fabs(x.real) >= fabs(x.imag)
    else:
        return fabsl(x.real) >= fabsl(x.imag)


cdef inline fractional quotient(fractional x, fractional y) noexcept nogil:
    """Of complex numbers by Smith's method, as NumPy does it."""
    cdef fractional z, ratio, scale
    if fractional in complex_number:
        if y.real == 0 and y.imag == 0:
            z.real = x.real / fabsl(y.real)
            z.imag = x.imag / fabsl(y.real)
        elif is_larger(y):
            ratio.real = y.imag / y.real
            scale.real = 1 / (y.real + y.imag * ratio.real)
            z.real = (x.real + x.imag * ratio.real) * scale.real
            z.imag = (x.imag + -x.real * ratio.real) * scale.real
        else:
            ratio.real = y.real / y.imag
            scale.real = 1 / (y.imag + y.real * ratio.real)
            z.real = (x.real * ratio.real + x.imag) * scale.real
            z.imag = (x.imag * ratio.real + -x.real) * scale.real
        return z
    else:
        return <fractional>(x / y)


cdef inline fractional interpolated(
    fractional a, fractional b, fractional w
) noexcept nogil:
    cdef fractional step
    cdef bint near
    if fractional is float:
        return lerp_float(a, b, w)
    elif fractional is double:
        return lerp_double(a, b, w)
    elif fractional is longdouble:
        return lerp_longdouble(a, b, w)
    else:
        near = is_near_zero(w.real, w.imag)
        w.real = w.real if near else 1 - w.real
        w.imag = w.imag if near else 0 - w.imag
        step = weighted(w, difference(b, a), False)
        step.real = step.real if near else -step.real
        step.imag = step.imag if near else -step.imag
        a.real = a.real if near else b.real
        a.imag = a.imag if near else b.imag
        return total(a, step)


cdef inline single element_of(
    int operation, single beta, single alpha, single a, single b, single c, single d,
    int real,
) noexcept nogil:
    """The mathematics."""
    if operation == PRODUCTS:
        return total(weighted(d, a, False), weighted(c, b, False))
    elif operation == ADDCMUL:
        return total(
            weighted(beta, a, real & BETA_REAL),
            weighted(weighted(alpha, b, real & ALPHA_REAL), c, False),
        )
    elif single in fractional:
        if operation == ADDCDIV:
            return total(
                weighted(beta, a, real & BETA_REAL),
                quotient(weighted(alpha, b, real & ALPHA_REAL), c),
            )
        elif operation == LERP:
            return interpolated(a, b, c)
    return a


cdef inline void operation_loop(
    const plane_t* plane, int operation, int inputs, bint constant, single beta,
    single alpha, int real,
) noexcept nogil:
    """Rows lie side by side, but the last operand may be `constant` along them. That,
    and which operation it is, are literals."""
    cdef single[:, :] out = None
    cdef single[:, :] a = None
    cdef single[:, :] b = None
    cdef single[:, :] c = None
    cdef single[:, :] d = None
    cdef single last
    cdef Py_ssize_t i, j
    lay(
        out.strides, plane.views[OUT].data, plane.views[OUT].strides[0], sizeof(single)
    )
    lay(a.strides, plane.views[A].data, plane.views[A].strides[0], sizeof(single))
    lay(b.strides, plane.views[B].data, plane.views[B].strides[0], sizeof(single))
    lay(c.strides, plane.views[C].data, plane.views[C].strides[0], sizeof(single))
    if inputs == 4:
        lay(d.strides, plane.views[D].data, plane.views[D].strides[0], sizeof(single))
    for i in range(plane.shape[0]):
        if constant:
            last = d[i, 0] if inputs == 4 else c[i, 0]
        for j in range(plane.shape[1]):
            if inputs == 3:
                out[i, j] = element_of(
                    operation, beta, alpha, a[i, j], b[i, j],
                    last if constant else c[i, j], a[i, j], real,
                )
            else:
                out[i, j] = element_of(
                    operation, beta, alpha, a[i, j], b[i, j], c[i, j],
                    last if constant else d[i, j], real,
                )


cdef inline void with_last_operand(
    const plane_t* plane, int operation, int inputs, single tag
) noexcept nogil:
    if plane.views[inputs].strides[1] == 0:
        operation_loop(plane, operation, inputs, True, tag, tag, 0)
    else:
        operation_loop(plane, operation, inputs, False, tag, tag, 0)


cdef inline void with_coefficients(
    const plane_t* plane, int operation, single beta, single alpha, int real
) noexcept nogil:
    if single in complex_number and real != BETA_REAL | ALPHA_REAL:
        operation_loop(plane, operation, 3, False, beta, alpha, real)
    else:
        operation_loop(plane, operation, 3, False, beta, alpha, BETA_REAL | ALPHA_REAL)


# ---- the kernels ---------------------------------------------------------------------

cdef void products_plane(
    const plane_t* plane, const single* a, const single* beta, const single* alpha,
    int real,
) noexcept nogil:
    with_last_operand(plane, PRODUCTS, 4, a[0])


cdef void addcmul_plane(
    const plane_t* plane, const single* a, const single* beta, const single* alpha,
    int real,
) noexcept nogil:
    with_coefficients(plane, ADDCMUL, beta[0], alpha[0], real)


cdef void addcdiv_plane(
    const plane_t* plane, const fractional* a, const fractional* beta,
    const fractional* alpha, int real,
) noexcept nogil:
    with_coefficients(plane, ADDCDIV, beta[0], alpha[0], real)


cdef void lerp_plane(
    const plane_t* plane, const fractional* a, const fractional* beta,
    const fractional* alpha, int real,
) noexcept nogil:
    with_last_operand(plane, LERP, 3, a[0])
