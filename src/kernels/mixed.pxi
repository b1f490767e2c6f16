# Where a is of a narrower dtype, each element is converted on its way: an addition by
# way of scratch memory takes up to twice as long where the caches are the limit, for
# the CPU prefetches only what is read all along. These are the dtypes that people mix.
# Uses: native, types, rows, convert.

cdef inline mixed element_of_mixed(
    mixed beta, narrow a, mixed alpha, mixed b, uint32_t* flags
) noexcept nogil:
    return element(beta, converted(a, <mixed*>NULL, flags), alpha, b, 0, flags)


cdef inline void mixed_loop(
    const plane_t* plane, const narrow* a_tag,
    Py_ssize_t out_step, Py_ssize_t a_step, Py_ssize_t b_step,
    mixed beta, mixed alpha, bint of_float32, bint streamed,
) noexcept nogil:
    cdef streamed_t memory
    cdef mixed[:, :] out = None
    cdef mixed[:, :] lines = None
    cdef narrow[:, :] a = None
    cdef mixed[:, :] b = None
    cdef float[:, :] narrow_b = None
    cdef strip_t strip
    cdef Py_ssize_t i, j, k, s, count
    cdef Py_ssize_t length = STREAMED // sizeof(mixed)
    cdef uint32_t flags = 0
    lay(out.strides, plane.views[OUT].data, plane.views[OUT].strides[0], out_step)
    lay(lines.strides, memory.bytes, 0, sizeof(mixed))
    lay(a.strides, plane.views[A].data, plane.views[A].strides[0], a_step)
    lay(b.strides, plane.views[B].data, plane.views[B].strides[0], b_step)
    lay(narrow_b.strides, plane.views[B].data, plane.views[B].strides[0], b_step)
    for i in range(plane.shape[0]):
        if narrow is half and streamed:
            for s in range(plane.shape[1] // STRIP):
                j = s * STRIP
                k = j % length
                halves_to_floats(<char*>&a[i, j], a_step, STRIP, strip.at)
                for count in range(STRIP):
                    lines[0, k + count] = element(
                        beta, <mixed>strip.at[count], alpha, b[i, j + count], 0, &flags
                    )
                if k + STRIP == length:
                    stream(<char*>&out[i, j - k], &memory)
        elif narrow is half:
            for s in range((plane.shape[1] + STRIP - 1) // STRIP):
                j = s * STRIP
                count = min(STRIP, plane.shape[1] - j)
                halves_to_floats(<char*>&a[i, j], a_step, count, strip.at)
                for k in range(count):
                    out[i, j + k] = element(
                        beta, <mixed>strip.at[k], alpha, b[i, j + k], 0, &flags
                    )
        elif streamed:
            for s in range(plane.shape[1] // length):
                j = s * length
                for k in range(length):
                    lines[0, k] = element_of_mixed(
                        beta, a[i, j + k], alpha,
                        <mixed>narrow_b[i, j + k] if of_float32 else b[i, j + k],
                        &flags,
                    )
                stream(<char*>&out[i, j], &memory)
        else:
            for j in range(plane.shape[1]):
                out[i, j] = element_of_mixed(
                    beta, a[i, j], alpha,
                    <mixed>narrow_b[i, j] if of_float32 else b[i, j], &flags,
                )
    raise_half_flags(flags)


cdef inline void mixed_by_layout(
    const plane_t* plane, const narrow* a, mixed beta, mixed alpha,
    bint of_float32, bint streamed,
) noexcept nogil:
    cdef Py_ssize_t out_step = plane.views[OUT].strides[1]
    cdef Py_ssize_t a_step = plane.views[A].strides[1]
    cdef Py_ssize_t b_step = plane.views[B].strides[1]
    cdef Py_ssize_t one = sizeof(mixed), one_b = sizeof(float) if of_float32 else one
    if out_step == one and a_step == <Py_ssize_t>sizeof(narrow) and b_step == one_b:
        if (
            mixed not in unsigned_integer and narrow in multiplied
            and not BASELINE and not streamed and beta == 1
        ):
            mixed_loop(
                plane, a, sizeof(mixed), sizeof(narrow), one_b, <mixed>1, alpha,
                of_float32, streamed,
            )
        else:
            mixed_loop(
                plane, a, sizeof(mixed), sizeof(narrow), one_b, beta, alpha,
                of_float32, streamed,
            )
    else:
        mixed_loop(
            plane, a, out_step, a_step, b_step, beta, alpha, of_float32, streamed
        )


cdef inline void mixed_by_coefficients(
    const plane_t* plane, const narrow* a, mixed beta, mixed alpha,
    bint of_float32, bint streamed,
) noexcept nogil:
    if mixed in unsigned_integer and beta == 1:
        mixed_by_layout(plane, a, <mixed>1, alpha, of_float32, streamed)
    else:
        mixed_by_layout(plane, a, beta, alpha, of_float32, streamed)


cdef inline void mixed_by_parts(
    const plane_t* plane, const narrow* a, const mixed* beta, const mixed* alpha,
    bint of_float32, add_t add,
) noexcept nogil:
    """Heads and tails, of less than a strip, are added by a function of their own:
    inlined here once more, they were an eighth of the package."""
    cdef plane_t found
    cdef Py_ssize_t row
    cdef int part
    for row in range(plane.shape[0]):
        for part in range(PARTS):
            part_of_row(plane, row, part, sizeof(mixed), &found)
            if part == BODY:
                mixed_by_coefficients(&found, a, beta[0], alpha[0], of_float32, True)
            elif found.shape[1] > 0:
                add(&found, a, beta, alpha, 0)


cdef void add_mixed_plane(
    const plane_t* plane, const narrow* a, const mixed* beta, const mixed* alpha,
    int real,
) noexcept nogil:
    mixed_by_coefficients(plane, a, beta[0], alpha[0], False, False)


cdef void stream_mixed_plane(
    const plane_t* plane, const narrow* a, const mixed* beta, const mixed* alpha,
    int real,
) noexcept nogil:
    mixed_by_parts(
        plane, a, beta, alpha, False, <add_t>add_mixed_plane[narrow, mixed]
    )


# And where b is of float32 besides: that and an integer of 4 bytes make float64.

cdef void add_to_float32_plane(
    const plane_t* plane, const narrow* a, const double* beta, const double* alpha,
    int real,
) noexcept nogil:
    mixed_by_coefficients(plane, a, beta[0], alpha[0], True, False)


cdef void stream_to_float32_plane(
    const plane_t* plane, const narrow* a, const double* beta, const double* alpha,
    int real,
) noexcept nogil:
    mixed_by_parts(plane, a, beta, alpha, True, <add_t>add_to_float32_plane[narrow])
