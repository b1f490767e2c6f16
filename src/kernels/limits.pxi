# What lies beyond a limit. relu: what is less than zero becomes zero. Clip: what is
# greater than the limit in magnitude becomes the limit, with its sign. Floats are taken
# for the signed integers of their bits. Of these the negative numbers, -0.0 to -inf,
# are the lowest, NaNs with a sign come above them, and all others are positive: one
# comparison, which raises no flags.
# Uses: native, types, rows.

ctypedef fused rectified:
    signed_integer
    longdouble


cdef inline rectified rectify(rectified x, rectified highest) noexcept nogil:
    """`highest` is the highest number that becomes zero."""
    if rectified is longdouble:
        return 0 if islessequal(x, 0) else x
    else:
        # (Where x is compared with the lowest that passes, by >=, GCC reads it twice.)
        return x & -<rectified>(x > highest)


cdef inline rectified clipped(
    rectified x, rectified limit, rectified infinity
) noexcept nogil:
    cdef rectified magnitude, beyond, sign
    if rectified is longdouble:
        magnitude = long_fabs(x)
        return copysign(limit, x) if isgreater(magnitude, limit) else x
    else:
        sign = <rectified>1 << 8 * sizeof(rectified) - 1
        magnitude = x & ~sign
        beyond = -<rectified>(magnitude > limit) & -<rectified>(magnitude <= infinity)
        return x & ~beyond | (x & sign | limit) & beyond


cdef inline rectified limited(
    rectified x, rectified limit, rectified infinity, bint clips
) noexcept nogil:
    return clipped(x, limit, infinity) if clips else rectify(x, limit)


cdef inline void limit_loop(
    const plane_t* plane, Py_ssize_t out_step, Py_ssize_t a_step, rectified limit,
    rectified infinity, bint clips, bint by_strips,
) noexcept nogil:
    cdef streamed_t memory
    cdef rectified[:, :] out = None
    cdef rectified[:, :] strip = None
    cdef rectified[:, :] a = None
    cdef Py_ssize_t i, j, k, s, strips = 0
    cdef Py_ssize_t length = STREAMED // sizeof(rectified)
    lay(out.strides, plane.views[OUT].data, plane.views[OUT].strides[0], out_step)
    lay(strip.strides, memory.bytes, 0, sizeof(rectified))
    lay(a.strides, plane.views[A].data, plane.views[A].strides[0], a_step)
    for i in range(plane.shape[0]):
        if by_strips:
            strips = plane.shape[1] // length
            for s in range(strips):
                j = s * length
                if plane.prefetched:
                    prefetch_strip(<char*>&a[i, j])
                for k in range(length):
                    strip[0, k] = limited(a[i, j + k], limit, infinity, clips)
                move_strip(
                    memory.bytes, length, <rectified*>NULL, <char*>&out[i, j],
                    sizeof(rectified),
                )
        for j in range(strips * length, plane.shape[1]):
            out[i, j] = limited(a[i, j], limit, infinity, clips)


cdef inline void limit_plane(
    const plane_t* plane, rectified limit, rectified infinity, bint clips
) noexcept nogil:
    cdef Py_ssize_t out_step = plane.views[OUT].strides[1]
    cdef Py_ssize_t a_step = plane.views[A].strides[1]
    cdef Py_ssize_t one = sizeof(rectified)
    if out_step == one and a_step == one:
        limit_loop(
            plane, sizeof(rectified), sizeof(rectified), limit, infinity, clips,
            not BASELINE,
        )
    else:
        limit_loop(plane, out_step, a_step, limit, infinity, clips, False)


cdef void relu_plane(
    const plane_t* plane, const rectified* a, const rectified* highest,
    const rectified* unused, int real,
) noexcept nogil:
    limit_plane(plane, highest[0], highest[0], False)


cdef void clip_plane(
    const plane_t* plane, const rectified* a, const rectified* limit,
    const rectified* infinity, int real,
) noexcept nogil:
    limit_plane(plane, limit[0], infinity[0], True)
