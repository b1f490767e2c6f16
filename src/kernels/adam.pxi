# A step of the optimiser Adam: four arrays are read and three of them written, in one
# pass. Each operation is rounded, in the order of torch's formula.
# Uses: native, types.

cdef extern from "<math.h>" nogil:
    float sqrtf(float)
    double sqrt(double)
    longdouble sqrtl(longdouble)


cdef inline c_float root(c_float x) noexcept nogil:
    if c_float is float:
        return sqrtf(x)
    elif c_float is double:
        return sqrt(x)
    else:
        return sqrtl(x)


cdef inline void adam_loop(
    const plane_t* plane, const c_float* by, int decay
) noexcept nogil:
    """Rows lie side by side. (Out is not named: it is `weight`.)"""
    cdef c_float[:, :] weight = None
    cdef c_float[:, :] gradient = None
    cdef c_float[:, :] first = None
    cdef c_float[:, :] second = None
    cdef c_float w, g, m, v
    cdef c_float shrink = by[DECAY], step = by[STEP_SIZE]
    cdef c_float keep_first = by[KEEP_FIRST], take_first = by[TAKE_FIRST]
    cdef c_float keep_second = by[KEEP_SECOND], take_second = by[TAKE_SECOND]
    cdef c_float scale = by[ROOT_SCALE], epsilon = by[EPSILON]
    cdef Py_ssize_t i, j
    lay(weight.strides, plane.views[A].data, plane.views[A].strides[0], sizeof(c_float))
    lay(
        gradient.strides, plane.views[B].data, plane.views[B].strides[0],
        sizeof(c_float),
    )
    lay(first.strides, plane.views[C].data, plane.views[C].strides[0], sizeof(c_float))
    lay(second.strides, plane.views[D].data, plane.views[D].strides[0], sizeof(c_float))
    for i in range(plane.shape[0]):
        for j in range(plane.shape[1]):
            w, g = weight[i, j], gradient[i, j]
            if decay == COUPLED:
                g = g + shrink * w
            elif decay == DECOUPLED:
                w = shrink * w
            m = keep_first * first[i, j] + take_first * g
            v = keep_second * second[i, j] + take_second * g * g
            first[i, j] = m
            second[i, j] = v
            weight[i, j] = w + step * m / (root(v) / scale + epsilon)


cdef void adam_plane(
    const plane_t* plane, const c_float* a, const c_float** beta, const c_float* alpha,
    int decay,
) noexcept nogil:
    if decay == NO_DECAY:
        adam_loop(plane, beta[0], NO_DECAY)
    elif decay == COUPLED:
        adam_loop(plane, beta[0], COUPLED)
    else:
        adam_loop(plane, beta[0], DECOUPLED)
