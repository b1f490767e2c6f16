# What a block of numbers adds to a norm of all: their squares or magnitudes, summed up,
# or the largest magnitude. Which number is added to which sum depends neither on the
# length of the CPU's vectors nor on what comes before: element k of a row goes to lane
# k % LANES.
# Uses: native, types.

ctypedef fused summed:
    double
    longdouble

cdef inline longdouble least_reliable_sum(c_float tag) noexcept nogil:
    """A sum from which on what underflowed on the way is too little to matter."""
    return ldexp(1, lowest_exponent(tag) + 64)


cdef inline int lowest_exponent(c_float tag) noexcept nogil:
    """Of normal numbers."""
    return (DBL_MIN_EXP if c_float is double else LDBL_MIN_EXP) - 1


cdef int64_t LONG_MAGNITUDE = 0x7fffffffffffffff

cdef enum:
    # Many, for each waits for the sum before it: 10**7 float64 took the same loop in C
    # 2.3 ms on one thread, and 2.7 with 32.
    LANES = 64


cdef inline summed term_of_norm(summed x, bint squares) noexcept nogil:
    if squares:
        return x * x
    elif summed is double:
        return fabs(x)
    else:
        return long_fabs(x)


cdef inline summed sum_lanes(summed* lanes, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t k
    while count > 1:
        count //= 2
        for k in range(count):
            lanes[k] += lanes[k + count]
    return lanes[0]


cdef inline summed sum_terms(
    const plane_t* plane, const c_float* tag, summed scale, bint squares
) noexcept nogil:
    cdef summed[LANES] lanes
    cdef c_float[:, :] row = None
    cdef c_float[:, :] a = None
    cdef Py_ssize_t i, j, k, s
    cdef Py_ssize_t step = plane.views[A].strides[1], strips = 0
    cdef summed x
    lay(a.strides, plane.views[A].data, plane.views[A].strides[0], step)
    lay(row.strides, plane.views[A].data, plane.views[A].strides[0], sizeof(c_float))
    if step == sizeof(c_float):
        strips = plane.shape[1] // LANES
    for k in range(LANES):
        lanes[k] = 0
    for i in range(plane.shape[0]):
        for s in range(strips):
            for k in range(LANES):
                x = row[i, s * LANES + k] * scale
                lanes[k] += term_of_norm(x, squares)
        for j in range(strips * LANES, plane.shape[1]):
            x = a[i, j] * scale
            lanes[j & LANES - 1] += term_of_norm(x, squares)
    return sum_lanes(lanes, LANES)


cdef inline longdouble largest(const plane_t* plane, const c_float* tag) noexcept nogil:
    """The largest magnitude, a NaN if one is there: of floats, by their bits as signed
    integers, among which a NaN lies above infinity."""
    cdef c_float[:, :] a = None
    cdef int32_t[:, :] bits = None
    cdef int64_t[:, :] long_bits = None
    cdef Py_ssize_t i, j
    cdef Py_ssize_t row = plane.views[A].strides[0], step = plane.views[A].strides[1]
    cdef int32_t most = 0
    cdef int64_t long_most = 0
    cdef c_float found = 0
    lay(a.strides, plane.views[A].data, row, step)
    lay(bits.strides, plane.views[A].data, row, step)
    lay(long_bits.strides, plane.views[A].data, row, step)
    for i in range(plane.shape[0]):
        for j in range(plane.shape[1]):
            if c_float is float:
                most = max(most, bits[i, j] & <int32_t>0x7fffffff)
            elif c_float is double:
                long_most = max(long_most, long_bits[i, j] & LONG_MAGNITUDE)
            elif isnan(a[i, j]) or long_fabs(a[i, j]) > found:
                found = long_fabs(a[i, j])
                if isnan(found):
                    return found
    if c_float is float:
        memcpy(&found, &most, sizeof(found))
    elif c_float is double:
        memcpy(&found, &long_most, sizeof(found))
    return found


cdef void norm_plane(
    const plane_t* plane, const c_float* a, const c_float* beta, const c_float* alpha,
    int norm,
) noexcept nogil:
    """Squares of float32 neither overflow nor underflow in float64, and are exact
    there. Where those of wider numbers do, the block is scaled by its largest."""
    cdef partial_t* partial = <partial_t*>plane.views[OUT].data
    cdef longdouble most
    partial.exponent = 0
    if norm == NORM_MAX:
        partial.sum = largest(plane, a)
    elif c_float is float:
        if norm == NORM_1:
            partial.sum = sum_terms(plane, a, <double>1, False)
        else:
            partial.sum = sum_terms(plane, a, <double>1, True)
    elif norm == NORM_1:
        partial.sum = sum_terms(plane, a, <c_float>1, False)
    else:
        partial.sum = sum_terms(plane, a, <c_float>1, True)
        if partial.sum >= least_reliable_sum(<c_float>1) and not isinf(partial.sum):
            return
        most = largest(plane, a)
        if most > 0 and not isinf(most) and not isnan(partial.sum):
            # (At most so that the scale is a normal number, which DAZ leaves.)
            partial.exponent = min(
                max(ilogb(most), lowest_exponent(<c_float>1)),
                -lowest_exponent(<c_float>1),
            )
            partial.sum = sum_terms(
                plane, a, <c_float>ldexp(1, -partial.exponent), True
            )
            partial.exponent *= 2
