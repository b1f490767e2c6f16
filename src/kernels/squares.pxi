# Sums of squares. Which number is added to which sum depends neither on the length of
# the CPU's vectors nor on what comes before: element k of a row goes to lane k % LANES.
# Uses: native.

ctypedef fused squared:
    float
    double
    longdouble

ctypedef fused summed:
    double
    longdouble

cdef inline longdouble least_reliable_sum(squared tag) noexcept nogil:
    """A sum from which on what underflowed on the way is too little to matter."""
    return ldexp(1, lowest_exponent(tag) + 64)


cdef inline int lowest_exponent(squared tag) noexcept nogil:
    """Of normal numbers."""
    return (DBL_MIN_EXP if squared is double else LDBL_MIN_EXP) - 1


cdef enum:
    # Many, for each waits for the sum before it: 10**7 float64 took the same loop in C
    # 2.3 ms on one thread, and 2.7 with 32.
    LANES = 64


cdef inline summed sum_squares(
    const plane_t* plane, const squared* tag, summed scale
) noexcept nogil:
    cdef summed[LANES] lanes
    cdef squared[:, :] row = None
    cdef squared[:, :] a = None
    cdef Py_ssize_t i, j, k, s
    cdef Py_ssize_t step = plane.views[A].strides[1], strips = 0
    cdef Py_ssize_t count = LANES
    cdef summed x
    lay(a.strides, plane.views[A].data, plane.views[A].strides[0], step)
    lay(row.strides, plane.views[A].data, plane.views[A].strides[0], sizeof(squared))
    if step == sizeof(squared):
        strips = plane.shape[1] // LANES
    for k in range(LANES):
        lanes[k] = 0
    for i in range(plane.shape[0]):
        for s in range(strips):
            for k in range(LANES):
                x = row[i, s * LANES + k] * scale
                lanes[k] += x * x
        for j in range(strips * LANES, plane.shape[1]):
            x = a[i, j] * scale
            lanes[j & LANES - 1] += x * x
    while count > 1:
        count //= 2
        for k in range(count):
            lanes[k] += lanes[k + count]
    return lanes[0]


cdef inline longdouble largest(const plane_t* plane, const squared* tag) noexcept nogil:
    """The magnitude of the largest of a plane's numbers."""
    cdef squared[:, :] a = None
    cdef Py_ssize_t i, j
    cdef squared most = 0
    lay(
        a.strides, plane.views[A].data, plane.views[A].strides[0],
        plane.views[A].strides[1],
    )
    for i in range(plane.shape[0]):
        for j in range(plane.shape[1]):
            most = max(most, a[i, j], -a[i, j])
    return most


cdef void squares_plane(
    const plane_t* plane, const squared* a, const squared* beta, const squared* alpha,
    int real,
) noexcept nogil:
    """Squares of float32 neither overflow nor underflow in float64, and are exact
    there. Where those of wider numbers do, the block is scaled by its largest."""
    cdef partial_t* partial = <partial_t*>plane.views[OUT].data
    cdef longdouble most
    partial.exponent = 0
    if squared is float:
        partial.sum = sum_squares(plane, a, <double>1)
    else:
        partial.sum = sum_squares(plane, a, <squared>1)
        if partial.sum >= least_reliable_sum(<squared>1) and not isinf(partial.sum):
            return
        most = largest(plane, a)
        if most > 0 and not isinf(most) and not isnan(partial.sum):
            partial.exponent = max(ilogb(most), lowest_exponent(<squared>1))
            partial.sum = sum_squares(
                plane, a, <squared>ldexp(1, -partial.exponent)
            )
            partial.exponent *= 2
