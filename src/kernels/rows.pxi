# How a plane is computed: out[i, j] = beta * a[i, j] + alpha * b[i, j], and how one
# is converted from dtype to dtype. Included by one module per instruction set.
#
# Design: one loop, plain enough for the compiler to vectorise, tails included. Each
# `if` around it hands the loop literal strides (and, for integers, literal ones as
# coefficients), which is all that a compiler needs to specialise it. Where it pays, a
# packed row is computed in strips of literal length, by the same mathematics.
# Uses: native, types.

cdef inline complex_number scaled(
    complex_number c, complex_number x, bint real
) noexcept nogil:
    cdef complex_number product
    if real:
        product.real = c.real * x.real
        product.imag = c.real * x.imag
    else:
        # Of a product minus a product GCC 12 makes an AVX-512 fused instruction, even
        # under -ffp-contract=off.
        product.real = c.real * x.real + -c.imag * x.imag
        product.imag = c.real * x.imag + c.imag * x.real
    return product


cdef inline single weighted(single weight, single x, bint real) noexcept nogil:
    cdef single y
    if single is boolean:
        y.value = (weight.value != 0) & (x.value != 0)
        return y
    elif single in complex_number:
        return scaled(weight, x, real)
    else:
        return <single>(weight * x)


cdef inline single total(single sum, single term) noexcept nogil:
    if single is boolean:
        sum.value |= term.value
        return sum
    elif single in complex_number:
        sum.real += term.real
        sum.imag += term.imag
        return sum
    else:
        return <single>(sum + term)


cdef inline single element(
    single beta, single a, single alpha, single b, int real
) noexcept nogil:
    """The mathematics: beta*a + alpha*b, two products and a sum, each rounded."""
    return total(
        weighted(beta, a, real & BETA_REAL), weighted(alpha, b, real & ALPHA_REAL)
    )


cdef inline void add_strip(
    Py_ssize_t count, char* out, Py_ssize_t out_step, const char* a, Py_ssize_t a_step,
    const char* b, Py_ssize_t b_step, const float* scales, const half_float* tag,
    uint32_t* flags,
) noexcept nogil:
    cdef strip_t x, y
    cdef float beta = scales[0], alpha = scales[1]
    cdef Py_ssize_t k
    if half_float is half:
        halves_to_floats(a, a_step, count, x.at)
        halves_to_floats(b, b_step, count, y.at)
    else:
        bfloat16s_to_floats(a, a_step, count, x.at)
        bfloat16s_to_floats(b, b_step, count, y.at)
    for k in range(count):
        x.at[k] = beta * x.at[k] + alpha * y.at[k]
    if half_float is half:
        floats_to_halves(x.at, out, out_step, count, flags)
    else:
        floats_to_bfloat16s(x.at, out, out_step, count, flags)


cdef inline void add_in_strips(
    Py_ssize_t n, char* out, Py_ssize_t out_step, const char* a, Py_ssize_t a_step,
    const char* b, Py_ssize_t b_step, const float* scales, const half_float* tag,
    uint32_t* flags,
) noexcept nogil:
    cdef Py_ssize_t strip, whole = n // STRIP, done = whole * STRIP
    for strip in range(whole):
        add_strip(
            STRIP, out + strip * STRIP * out_step, out_step,
            a + strip * STRIP * a_step, a_step, b + strip * STRIP * b_step, b_step,
            scales, tag, flags,
        )
    if done < n:
        add_strip(
            n - done, out + done * out_step, out_step, a + done * a_step, a_step,
            b + done * b_step, b_step, scales, tag, flags,
        )


cdef inline void add_row(
    const plane_t* plane, Py_ssize_t i, Py_ssize_t begin,
    Py_ssize_t out_step, Py_ssize_t a_step, Py_ssize_t b_step,
    number beta, number alpha, int real, bint is_known, uint32_t* flags,
) noexcept nogil:
    """Row i, from element `begin` on. The steps are literals, if known."""
    cdef number[:, :] out = None
    cdef number[:, :] a = None
    cdef number[:, :] b = None
    cdef Py_ssize_t j
    lay(out.strides, plane.views[OUT].data, plane.views[OUT].strides[0], out_step)
    lay(a.strides, plane.views[A].data, plane.views[A].strides[0], a_step)
    lay(b.strides, plane.views[B].data, plane.views[B].strides[0], b_step)
    if number in half_float:
        add_in_strips(
            plane.shape[1] - begin, <char*>&out[i, begin], out_step,
            <char*>&a[i, begin], a_step, <char*>&b[i, begin], b_step, plane.scales,
            <number*>NULL, flags,
        )
    else:
        if not is_known and (number is uint8_t or number is uint16_t):
            # (Four at a time: 0.34 ns each, not 0.46. Zen 5; others gain nothing.)
            while begin + 4 <= plane.shape[1]:
                one_by_one()
                for j in range(4):
                    out[i, begin + j] = element(
                        beta, a[i, begin + j], alpha, b[i, begin + j], real
                    )
                begin += 4
        for j in range(begin, plane.shape[1]):
            # (complex128, whose elements are vectors: 2.6 us for 62 x 62, or 3.6.)
            if not is_known and number is not complex128:
                one_by_one()
            out[i, j] = element(beta, a[i, j], alpha, b[i, j], real)


cdef inline void plain_loop(
    const plane_t* plane, Py_ssize_t out_step, Py_ssize_t a_step, Py_ssize_t b_step,
    number beta, number alpha, int real, bint is_known=True,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef uint32_t flags = 0
    for i in range(plane.shape[0]):
        add_row(
            plane, i, 0, out_step, a_step, b_step, beta, alpha, real, is_known, &flags
        )
    raise_half_flags(flags)


cdef inline void move_strip(
    const char* memory, Py_ssize_t length, const stored* tag, char* out_data,
    Py_ssize_t out_step,
) noexcept nogil:
    cdef stored[:, :] strip = None
    cdef stored[:, :] out = None
    cdef Py_ssize_t k
    lay(strip.strides, <char*>memory, 0, sizeof(stored))
    lay(out.strides, out_data, 0, out_step)
    for k in range(length):
        out[0, k] = strip[0, k]


cdef enum:
    # Bytes ahead of a strip at which its operands are prefetched; twice as many do as
    # well. (The CPU's own prefetching ends with each page of 4 KiB.)
    AHEAD = 1 << 11


cdef inline void prefetch_strip(const char* x) noexcept nogil:
    cdef int line
    for line in range(STREAMED // LINE):
        prefetch(x + AHEAD + line * LINE)


cdef inline void add_strips(
    const plane_t* plane, Py_ssize_t i, Py_ssize_t strips,
    Py_ssize_t a_step, Py_ssize_t b_step,
    unrolled beta, unrolled alpha,
) noexcept nogil:
    """The first strips of row i of a packed out."""
    cdef streamed_t memory
    cdef unrolled[:, :] strip = None
    cdef unrolled[:, :] out = None
    cdef unrolled[:, :] a = None
    cdef unrolled[:, :] b = None
    cdef Py_ssize_t j, k, s, length = STREAMED // sizeof(unrolled)
    lay(strip.strides, memory.bytes, 0, sizeof(unrolled))
    lay(
        out.strides, plane.views[OUT].data, plane.views[OUT].strides[0],
        sizeof(unrolled),
    )
    lay(a.strides, plane.views[A].data, plane.views[A].strides[0], a_step)
    lay(b.strides, plane.views[B].data, plane.views[B].strides[0], b_step)
    for s in range(strips):
        j = s * length
        if plane.prefetched:
            if a_step == sizeof(unrolled):
                prefetch_strip(<char*>&a[i, j])
            if b_step == sizeof(unrolled):
                prefetch_strip(<char*>&b[i, j])
        for k in range(length):
            strip[0, k] = element(beta, a[i, j + k], alpha, b[i, j + k], 0)
        move_strip(
            memory.bytes, length, <unrolled*>NULL, <char*>&out[i, j], sizeof(unrolled)
        )


cdef inline void packed_loop(
    const plane_t* plane, Py_ssize_t a_step, Py_ssize_t b_step,
    number beta, number alpha, int real,
) noexcept nogil:
    """The same for packed rows of out; `unrolled` numbers are added strip by strip,
    which stays in registers."""
    cdef Py_ssize_t i, length = STREAMED // sizeof(number)
    cdef Py_ssize_t strips = plane.shape[1] // length
    if number not in unrolled:
        strips = 0
    if BASELINE or strips == 0:
        plain_loop(plane, sizeof(number), a_step, b_step, beta, alpha, real)
        return
    for i in range(plane.shape[0]):
        if number in unrolled:
            add_strips(plane, i, strips, a_step, b_step, beta, alpha)
        add_row(
            plane, i, strips * length, sizeof(number), a_step, b_step, beta, alpha,
            real, True, NULL,
        )


cdef inline void by_layout(
    const plane_t* plane, number beta, number alpha, int real
) noexcept nogil:
    cdef Py_ssize_t out_step = plane.views[OUT].strides[1]
    cdef Py_ssize_t a_step = plane.views[A].strides[1]
    cdef Py_ssize_t b_step = plane.views[B].strides[1]
    cdef Py_ssize_t one = sizeof(number)
    if out_step == one and a_step == one and b_step == one:
        packed_loop(plane, sizeof(number), sizeof(number), beta, alpha, real)
    elif out_step == one and a_step == one and b_step == 0:
        packed_loop(plane, sizeof(number), 0, beta, alpha, real)
    elif out_step == one and a_step == 0 and b_step == one:
        packed_loop(plane, 0, sizeof(number), beta, alpha, real)
    elif out_step == one and a_step == -one and b_step == -one:
        plain_loop(
            plane, sizeof(number), -<Py_ssize_t>sizeof(number),
            -<Py_ssize_t>sizeof(number), beta, alpha, real,
        )
    elif (
        out_step == one and a_step == 2 * one and b_step == 2 * one
        and number not in half_float
    ):  # x[::2], z.real
        plain_loop(
            plane, sizeof(number), 2 * sizeof(number), 2 * sizeof(number),
            beta, alpha, real,
        )
    elif (  # one of them reversed
        (number is uint8_t or number is uint16_t or number is float)
        and out_step == one and a_step == -one and b_step == one
    ):
        plain_loop(
            plane, sizeof(number), -<Py_ssize_t>sizeof(number), sizeof(number), beta,
            alpha, real,
        )
    elif (
        (number is uint8_t or number is uint16_t or number is float)
        and out_step == one and a_step == one and b_step == -one
    ):
        plain_loop(
            plane, sizeof(number), sizeof(number), -<Py_ssize_t>sizeof(number), beta,
            alpha, real,
        )
    else:
        plain_loop(plane, out_step, a_step, b_step, beta, alpha, real, False)


cdef inline void by_coefficients(
    const plane_t* plane, number beta, number alpha, int real
) noexcept nogil:
    if number in unsigned_integer:
        # A product costs: int64 has no vector instruction for it below AVX-512.
        if beta != 1:
            by_layout(plane, beta, alpha, 0)
        elif alpha != 1:
            by_layout(plane, <number>1, alpha, 0)
        else:
            by_layout(plane, <number>1, <number>1, 0)
    elif number in complex_number:
        if real == BETA_REAL | ALPHA_REAL:
            by_layout(plane, beta, alpha, BETA_REAL | ALPHA_REAL)
        else:
            by_layout(plane, beta, alpha, real)
    elif (number is float or number is double) and beta == 1:
        # On every path, so that under FTZ a subnormal is added on every path.
        by_layout(plane, <number>1, alpha, 0)
    else:
        by_layout(plane, beta, alpha, 0)


cdef void add_plane(
    const plane_t* plane, const number* a, const number* beta, const number* alpha,
    int real,
) noexcept nogil:
    by_coefficients(plane, beta[0], alpha[0], real)
