# Where a is of a narrower dtype, each element is converted on its way: an addition by
# way of scratch memory takes up to twice as long where the caches are the limit, for
# the CPU prefetches only what is read all along. These are the dtypes that people mix.
# Uses: native, types, rows, convert.

cdef inline mixed element_of_mixed(
    mixed beta, narrow a, mixed alpha, mixed b, uint32_t* flags
) noexcept nogil:
    return element(beta, converted(a, <mixed*>NULL, flags), alpha, b, 0)


cdef inline void mixed_loop(
    const plane_t* plane, const narrow* a_tag,
    Py_ssize_t out_step, Py_ssize_t a_step, Py_ssize_t b_step,
    mixed beta, mixed alpha, bint of_float32, bint packed,
) noexcept nogil:
    cdef mixed[:, :] out = None
    cdef narrow[:, :] a = None
    cdef mixed[:, :] b = None
    cdef float[:, :] narrow_b = None
    cdef strip_t strip
    cdef Py_ssize_t i, j, k, s, count
    cdef uint32_t flags = 0
    lay(out.strides, plane.views[OUT].data, plane.views[OUT].strides[0], out_step)
    lay(a.strides, plane.views[A].data, plane.views[A].strides[0], a_step)
    lay(b.strides, plane.views[B].data, plane.views[B].strides[0], b_step)
    lay(narrow_b.strides, plane.views[B].data, plane.views[B].strides[0], b_step)
    for i in range(plane.shape[0]):
        if narrow is half:
            for s in range((plane.shape[1] + STRIP - 1) // STRIP):
                j = s * STRIP
                count = min(STRIP, plane.shape[1] - j)
                halves_to_floats(<char*>&a[i, j], a_step, count, strip.at)
                for k in range(count):
                    out[i, j + k] = element(
                        beta, <mixed>strip.at[k], alpha, b[i, j + k], 0
                    )
        else:
            for j in range(plane.shape[1]):
                if not packed:
                    one_by_one()
                out[i, j] = element_of_mixed(
                    beta, a[i, j], alpha,
                    <mixed>narrow_b[i, j] if of_float32 else b[i, j], &flags,
                )
    raise_half_flags(flags)


cdef inline void mixed_by_layout(
    const plane_t* plane, const narrow* a, mixed beta, mixed alpha, bint of_float32,
) noexcept nogil:
    cdef Py_ssize_t out_step = plane.views[OUT].strides[1]
    cdef Py_ssize_t a_step = plane.views[A].strides[1]
    cdef Py_ssize_t b_step = plane.views[B].strides[1]
    cdef Py_ssize_t one = sizeof(mixed), one_b = sizeof(float) if of_float32 else one
    if out_step != one or a_step != <Py_ssize_t>sizeof(narrow) or b_step != one_b:
        mixed_loop(
            plane, a, out_step, a_step, b_step, beta, alpha, of_float32, False
        )
    elif (
        mixed not in unsigned_integer and narrow in multiplied
        and not BASELINE and beta == 1
    ):
        mixed_loop(
            plane, a, sizeof(mixed), sizeof(narrow), one_b, <mixed>1, alpha,
            of_float32, True,
        )
    else:
        mixed_loop(
            plane, a, sizeof(mixed), sizeof(narrow), one_b, beta, alpha,
            of_float32, True,
        )


cdef inline void mixed_by_coefficients(
    const plane_t* plane, const narrow* a, mixed beta, mixed alpha, bint of_float32
) noexcept nogil:
    if mixed in unsigned_integer and not BASELINE and beta == 1:
        mixed_by_layout(plane, a, <mixed>1, alpha, of_float32)
    else:
        mixed_by_layout(plane, a, beta, alpha, of_float32)


cdef void add_mixed_plane(
    const plane_t* plane, const narrow* a, const mixed* beta, const mixed* alpha,
    int real,
) noexcept nogil:
    mixed_by_coefficients(plane, a, beta[0], alpha[0], False)


# And where b is of float32 besides: that and an integer of 4 bytes make float64.

cdef void add_to_float32_plane(
    const plane_t* plane, const narrow* a, const double* beta, const double* alpha,
    int real,
) noexcept nogil:
    mixed_by_coefficients(plane, a, beta[0], alpha[0], True)
