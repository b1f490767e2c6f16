# beta*a + alpha*b, and what a block of that adds to its dot product with c, or with
# itself: summed up in lanes, as a norm is.
#
# (Computed one after the other, 512 elements at a time, both took 1.3 times as long in
# the L2 cache, and from 1.0 to 1.2 times in the L3: Sapphire Rapids, one thread.)
# Uses: native, types, rows, norms.

cdef enum:
    # Half as many as a norm has: 10**5 float64 by SSE took 40 us instead of 55. By AVX
    # nothing changed. (Sapphire Rapids, one thread.)
    DOT_LANES = 32


cdef inline summed add_dot_loop(
    const plane_t* plane, c_float beta, c_float alpha, summed tag, bint has_vector
) noexcept nogil:
    """Rows lie side by side. An element of c is read before that of out is written,
    which may be the same one."""
    cdef summed[DOT_LANES] lanes
    cdef c_float[DOT_LANES] strip
    cdef c_float[:, :] out = None
    cdef c_float[:, :] a = None
    cdef c_float[:, :] b = None
    cdef c_float[:, :] c = None
    cdef Py_ssize_t i, j, k, s, strips = plane.shape[1] // DOT_LANES
    cdef c_float x
    cdef summed y
    lay(
        out.strides, plane.views[OUT].data, plane.views[OUT].strides[0], sizeof(c_float)
    )
    lay(a.strides, plane.views[A].data, plane.views[A].strides[0], sizeof(c_float))
    lay(b.strides, plane.views[B].data, plane.views[B].strides[0], sizeof(c_float))
    if has_vector:
        lay(c.strides, plane.views[C].data, plane.views[C].strides[0], sizeof(c_float))
    for k in range(DOT_LANES):
        lanes[k] = 0
    for i in range(plane.shape[0]):
        for s in range(strips):
            j = s * DOT_LANES
            for k in range(DOT_LANES):
                strip[k] = element(beta, a[i, j + k], alpha, b[i, j + k], 0)
            for k in range(DOT_LANES):
                y = c[i, j + k] if has_vector else strip[k]
                lanes[k] += strip[k] * y
            for k in range(DOT_LANES):
                out[i, j + k] = strip[k]
        for j in range(strips * DOT_LANES, plane.shape[1]):
            x = element(beta, a[i, j], alpha, b[i, j], 0)
            y = c[i, j] if has_vector else x
            out[i, j] = x
            lanes[j & DOT_LANES - 1] += x * y
    return sum_lanes(lanes, DOT_LANES)


cdef inline summed add_dot(
    const plane_t* plane, c_float beta, c_float alpha, summed tag, bint has_vector
) noexcept nogil:
    """(A factor of 1 is left out, as in an addition.)"""
    if c_float is longdouble:
        return add_dot_loop(plane, beta, alpha, tag, has_vector)
    else:
        if beta == 1 and has_vector:
            return add_dot_loop(plane, <c_float>1, alpha, tag, True)
        if beta == 1:
            return add_dot_loop(plane, <c_float>1, alpha, tag, False)
        if has_vector:
            return add_dot_loop(plane, beta, alpha, tag, True)
        return add_dot_loop(plane, beta, alpha, tag, False)


cdef void add_dot_plane(
    const plane_t* plane, const c_float* a, const c_float* beta, const c_float* alpha,
    int has_vector,
) noexcept nogil:
    """Products of float32 are exact in float64."""
    cdef partial_t* partial = <partial_t*>plane.views[D].data
    partial.exponent = 0
    if c_float is float:
        partial.sum = add_dot(plane, beta[0], alpha[0], <double>0, has_vector)
    else:
        partial.sum = add_dot(plane, beta[0], alpha[0], <c_float>0, has_vector)
