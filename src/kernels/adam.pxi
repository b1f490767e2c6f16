# A step of the optimiser Adam: four arrays are read and three of them written, in one
# pass. Each operation is rounded, in the order of torch's formula.
# Uses: native.

cdef extern from "<math.h>" nogil:
    float sqrtf(float)
    double sqrt(double)
    longdouble sqrtl(longdouble)

ctypedef fused moment:
    float
    double
    longdouble


cdef inline moment root(moment x) noexcept nogil:
    if moment is float:
        return sqrtf(x)
    elif moment is double:
        return sqrt(x)
    else:
        return sqrtl(x)


cdef inline void adam_loop(
    const plane_t* plane, const moment* by, int decay
) noexcept nogil:
    """Rows lie side by side. (Out is not named: it is `weight`.)"""
    cdef moment[:, :] weight = None
    cdef moment[:, :] gradient = None
    cdef moment[:, :] first = None
    cdef moment[:, :] second = None
    cdef moment w, g, m, v
    cdef moment shrink = by[DECAY], step = by[STEP_SIZE]
    cdef moment keep_first = by[KEEP_FIRST], take_first = by[TAKE_FIRST]
    cdef moment keep_second = by[KEEP_SECOND], take_second = by[TAKE_SECOND]
    cdef moment scale = by[ROOT_SCALE], epsilon = by[EPSILON]
    cdef Py_ssize_t i, j
    lay(weight.strides, plane.views[A].data, plane.views[A].strides[0], sizeof(moment))
    lay(
        gradient.strides, plane.views[B].data, plane.views[B].strides[0], sizeof(moment)
    )
    lay(first.strides, plane.views[C].data, plane.views[C].strides[0], sizeof(moment))
    lay(second.strides, plane.views[D].data, plane.views[D].strides[0], sizeof(moment))
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
    const plane_t* plane, const moment* a, const moment** beta, const moment* alpha,
    int decay,
) noexcept nogil:
    if decay == NO_DECAY:
        adam_loop(plane, beta[0], NO_DECAY)
    elif decay == COUPLED:
        adam_loop(plane, beta[0], COUPLED)
    else:
        adam_loop(plane, beta[0], DECOUPLED)
