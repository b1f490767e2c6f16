# How a plane is computed: out[i, j] = beta * a[i, j] + alpha * b[i, j], and how one
# is converted from dtype to dtype. Included by one module per instruction set.
#
# Design: one loop, plain enough for the compiler to vectorise, tails included. Each
# `if` around it hands the loop literal strides (and, for integers, literal ones as
# coefficients), which is all that a compiler needs to specialise it. Where it pays, a
# packed row is computed in strips of literal length, by the same mathematics.

from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from libc.string cimport memcpy

include "native.pxi"

cdef extern from "lay.h" nogil:
    void lay "FASTADD_LAY"(
        const Py_ssize_t* strides, char* data, Py_ssize_t stride0, Py_ssize_t stride1
    )

cdef extern from "stream.h" nogil:
    enum:
        LINE
        STREAMED
    # Of STREAMED bytes, aligned to LINE.
    ctypedef struct streamed_t:
        char bytes[1]
    void stream(char* target, const streamed_t* source)
    void prefetch "FASTADD_PREFETCH"(const char* line)

cdef extern from "transpose.h" nogil:
    bint transpose(
        Py_ssize_t size, Py_ssize_t m, Py_ssize_t n, char* y, Py_ssize_t y_row,
        const char* x, Py_ssize_t x_row,
    )

cdef extern from "scalars.h" nogil:
    float half_to_float(half x)
    half float_to_half(float x, uint32_t* flags)
    float double_to_odd_float(double x)
    enum:
        DOUBLES_WRAP
        STRIP
    ctypedef struct strip_t:
        float at[1]
    void halves_to_floats(
        const char* x, Py_ssize_t step, Py_ssize_t count, float* y
    )
    void floats_to_halves(
        const float* x, char* y, Py_ssize_t step, Py_ssize_t count, uint32_t* flags
    )
    void bfloat16s_to_floats(
        const char* x, Py_ssize_t step, Py_ssize_t count, float* y
    )
    void floats_to_bfloat16s(
        const float* x, char* y, Py_ssize_t step, Py_ssize_t count, uint32_t* flags
    )
    float bfloat16_to_float(bfloat16 x)
    bfloat16 float_to_bfloat16(float x, uint32_t* flags)
    void raise_half_flags(uint32_t flags)

cdef extern from "<float.h>" nogil:
    const int DBL_MIN_EXP
    const int LDBL_MIN_EXP

cdef extern from "<math.h>" nogil:
    bint islessequal(longdouble, longdouble)
    bint isinf(longdouble)
    bint isnan(longdouble)
    int ilogb "ilogbl"(longdouble)
    longdouble ldexp "ldexpl"(longdouble, int)

ctypedef fused signed_integer:
    int8_t
    int16_t
    int32_t
    int64_t

ctypedef fused unsigned_integer:
    uint8_t
    uint16_t
    uint32_t
    uint64_t

ctypedef fused complex_number:
    complex64
    complex128
    clongdouble

ctypedef fused floating:
    half
    bfloat16
    float
    double
    longdouble

# What C calculates with.
ctypedef fused c_number:
    signed_integer
    unsigned_integer
    float
    double
    longdouble

# What has an addition of its own, element by element: signed integers wrap to the bits
# of unsigned ones.
ctypedef fused single:
    boolean
    unsigned_integer
    float
    double
    longdouble
    complex_number

# And what is added in strips, as float32.
ctypedef fused half_float:
    half
    bfloat16

ctypedef fused number:
    half_float
    single

# What is added strip by strip in registers, where rows are packed. Fewer instructions
# for each byte, and the CPU looks further ahead: in the L3 cache of a Zen 3 it gains 3
# to 12 % for rows of float32, 10 to 30 % where an operand is broadcast or out is one of
# them. (int8 and int16 gained nothing, and the products of int64 take the registers.)
ctypedef fused unrolled:
    uint32_t
    float
    double

# What the narrow dtypes are added to, converted on their way.
ctypedef fused mixed:
    uint32_t
    uint64_t
    float
    double

ctypedef fused narrow:
    boolean
    half
    bfloat16
    int8_t
    int16_t
    int32_t
    int64_t
    unsigned_integer
    float

# Of these a product by 1 is felt (float32 + float64: 4 to 20 % in a Zen 3's L3 cache),
# which the others' conversion outweighs.
ctypedef fused multiplied:
    signed_integer
    unsigned_integer
    float

# What is computed in a strip and moved to out.
ctypedef fused stored:
    number
    signed_integer

# Every native dtype, and every one again, for the conversions from each to each.
ctypedef fused from_t:
    boolean
    half
    bfloat16
    c_number
    complex_number

ctypedef fused to_t:
    boolean
    half
    bfloat16
    c_number
    complex_number


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


cdef inline single element(
    single beta, single a, single alpha, single b, int real, uint32_t* flags
) noexcept nogil:
    """The mathematics: beta*a + alpha*b, two products and a sum, each rounded."""
    cdef single x, y
    if single is boolean:
        x.value = (
            ((beta.value != 0) & (a.value != 0)) | ((alpha.value != 0) & (b.value != 0))
        )
        return x
    elif single in complex_number:
        x = scaled(beta, a, real & BETA_REAL)
        y = scaled(alpha, b, real & ALPHA_REAL)
        x.real += y.real
        x.imag += y.imag
        return x
    else:
        return <single>(beta * a + alpha * b)


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
    number beta, number alpha, int real, uint32_t* flags,
) noexcept nogil:
    """Row i, from element `begin` on."""
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
        for j in range(begin, plane.shape[1]):
            out[i, j] = element(beta, a[i, j], alpha, b[i, j], real, flags)


cdef inline void loop(
    const plane_t* plane, Py_ssize_t out_step, Py_ssize_t a_step, Py_ssize_t b_step,
    number beta, number alpha, int real,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef uint32_t flags = 0
    for i in range(plane.shape[0]):
        add_row(plane, i, 0, out_step, a_step, b_step, beta, alpha, real, &flags)
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


cdef inline void put_strip(
    const streamed_t* memory, const stored* tag, char* out, bint streamed
) noexcept nogil:
    if streamed:
        stream(out, memory)
    else:
        move_strip(
            memory.bytes, STREAMED // sizeof(stored), tag, out, sizeof(stored)
        )


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
    number beta, number alpha, int real, bint streamed, uint32_t* flags,
) noexcept nogil:
    """The first strips of row i of a packed out."""
    cdef streamed_t memory
    cdef number[:, :] strip = None
    cdef number[:, :] out = None
    cdef number[:, :] a = None
    cdef number[:, :] b = None
    cdef Py_ssize_t j, k, s, length = STREAMED // sizeof(number)
    lay(strip.strides, memory.bytes, 0, sizeof(number))
    lay(
        out.strides, plane.views[OUT].data, plane.views[OUT].strides[0], sizeof(number)
    )
    lay(a.strides, plane.views[A].data, plane.views[A].strides[0], a_step)
    lay(b.strides, plane.views[B].data, plane.views[B].strides[0], b_step)
    for s in range(strips):
        j = s * length
        if plane.prefetched:
            if a_step == sizeof(number):
                prefetch_strip(<char*>&a[i, j])
            if b_step == sizeof(number):
                prefetch_strip(<char*>&b[i, j])
        if number in half_float:
            add_in_strips(
                length, memory.bytes, sizeof(number), <char*>&a[i, j], a_step,
                <char*>&b[i, j], b_step, plane.scales, <number*>NULL, flags,
            )
        else:
            for k in range(length):
                strip[0, k] = element(
                    beta, a[i, j + k], alpha, b[i, j + k], real, flags
                )
        put_strip(&memory, <number*>NULL, <char*>&out[i, j], streamed)


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
        loop(plane, sizeof(number), a_step, b_step, beta, alpha, real)
        return
    for i in range(plane.shape[0]):
        if number in unrolled:
            add_strips(plane, i, strips, a_step, b_step, beta, alpha, 0, False, NULL)
        add_row(
            plane, i, strips * length, sizeof(number), a_step, b_step, beta, alpha,
            real, NULL,
        )


cdef inline void stream_loop(
    const plane_t* plane, Py_ssize_t a_step, Py_ssize_t b_step,
    number beta, number alpha, int real,
) noexcept nogil:
    """The same for rows of out that are whole strips, past the caches."""
    cdef Py_ssize_t i, strips = plane.shape[1] * sizeof(number) // STREAMED
    cdef uint32_t flags = 0
    for i in range(plane.shape[0]):
        add_strips(plane, i, strips, a_step, b_step, beta, alpha, real, True, &flags)
    raise_half_flags(flags)


cdef inline void by_layout(
    const plane_t* plane, number beta, number alpha, int real, bint streamed
) noexcept nogil:
    cdef Py_ssize_t out_step = plane.views[OUT].strides[1]
    cdef Py_ssize_t a_step = plane.views[A].strides[1]
    cdef Py_ssize_t b_step = plane.views[B].strides[1]
    cdef Py_ssize_t one = sizeof(number)
    if streamed:
        if a_step == one and b_step == one:
            stream_loop(plane, sizeof(number), sizeof(number), beta, alpha, real)
        elif a_step == one and b_step == 0:
            stream_loop(plane, sizeof(number), 0, beta, alpha, real)
        elif a_step == 0 and b_step == one:
            stream_loop(plane, 0, sizeof(number), beta, alpha, real)
        elif a_step == -one and b_step == -one:
            stream_loop(
                plane, -<Py_ssize_t>sizeof(number), -<Py_ssize_t>sizeof(number),
                beta, alpha, real,
            )
        else:
            stream_loop(plane, a_step, b_step, beta, alpha, real)
    elif out_step == one and a_step == one and b_step == one:
        packed_loop(plane, sizeof(number), sizeof(number), beta, alpha, real)
    elif out_step == one and a_step == one and b_step == 0:
        packed_loop(plane, sizeof(number), 0, beta, alpha, real)
    elif out_step == one and a_step == 0 and b_step == one:
        packed_loop(plane, 0, sizeof(number), beta, alpha, real)
    elif out_step == one and a_step == -one and b_step == -one:
        loop(
            plane, sizeof(number), -<Py_ssize_t>sizeof(number),
            -<Py_ssize_t>sizeof(number), beta, alpha, real,
        )
    elif (
        out_step == one and a_step == 2 * one and b_step == 2 * one
        and number not in half_float
    ):  # x[::2], z.real
        loop(
            plane, sizeof(number), 2 * sizeof(number), 2 * sizeof(number),
            beta, alpha, real,
        )
    else:
        loop(plane, out_step, a_step, b_step, beta, alpha, real)


cdef inline void by_coefficients(
    const plane_t* plane, number beta, number alpha, int real, bint streamed
) noexcept nogil:
    if number in unsigned_integer:
        # A product costs: int64 has no vector instruction for it below AVX-512.
        if beta != 1:
            by_layout(plane, beta, alpha, 0, streamed)
        elif alpha != 1:
            by_layout(plane, <number>1, alpha, 0, streamed)
        else:
            by_layout(plane, <number>1, <number>1, 0, streamed)
    elif number in complex_number:
        if real == BETA_REAL | ALPHA_REAL:
            by_layout(plane, beta, alpha, BETA_REAL | ALPHA_REAL, streamed)
        else:
            by_layout(plane, beta, alpha, real, streamed)
    elif (number is float or number is double) and beta == 1:
        # On every path, so that under FTZ a subnormal is added on every path.
        by_layout(plane, <number>1, alpha, 0, streamed)
    else:
        by_layout(plane, beta, alpha, 0, streamed)


cdef enum:
    HEAD
    BODY
    TAIL
    PARTS


cdef inline void part_of_row(
    const plane_t* plane, Py_ssize_t row, int part, Py_ssize_t itemsize, plane_t* found
) noexcept nogil:
    """A row of out is streamed from its first whole line on, in whole strips. (Of a
    line that is written from two sides, each part would cost a read.)"""
    cdef Py_ssize_t begin, length = 0
    cdef int operand
    begin = (
        -<Py_ssize_t>(plane.views[OUT].data + row * plane.views[OUT].strides[0])
        & LINE - 1
    )
    if begin % itemsize == 0:
        begin = min(begin // itemsize, plane.shape[1])
    else:  # no element begins with a line
        begin = plane.shape[1]
    if part != HEAD:
        length = plane.shape[1] - begin
        length -= length % (STREAMED // itemsize)
        if part == TAIL:
            begin += length
            length = plane.shape[1] - begin
    else:
        length = begin
        begin = 0
    found.prefetched = plane.prefetched
    found.scales = plane.scales
    found.shape[0] = 1
    found.shape[1] = length
    for operand in range(OPERANDS):
        found.views[operand].strides[0] = 0
        found.views[operand].strides[1] = plane.views[operand].strides[1]
        found.views[operand].data = (
            plane.views[operand].data + row * plane.views[operand].strides[0]
            + begin * plane.views[operand].strides[1]
        )


cdef void add_plane(
    const plane_t* plane, const number* a, const number* beta, const number* alpha,
    int real,
) noexcept nogil:
    by_coefficients(plane, beta[0], alpha[0], real, False)


cdef void stream_plane(
    const plane_t* plane, const number* a, const number* beta, const number* alpha,
    int real,
) noexcept nogil:
    cdef plane_t found
    cdef Py_ssize_t row
    cdef int part
    for row in range(plane.shape[0]):
        for part in range(PARTS):
            part_of_row(plane, row, part, sizeof(number), &found)
            if part == BODY:
                by_coefficients(&found, beta[0], alpha[0], real, True)
            elif found.shape[1] > 0:
                add_plane(&found, a, beta, alpha, real)


cdef inline float rounded_once(c_number x) noexcept nogil:
    """A float32 that rounds to the float16 to which x rounds."""
    if c_number is double or c_number is longdouble:
        return double_to_odd_float(<double>x)
    else:
        return <float>x


cdef inline float on_the_way_to_half(from_t x) noexcept nogil:
    if from_t is boolean:
        return x.value != 0
    elif from_t is half:
        return half_to_float(x)
    elif from_t is bfloat16:
        return bfloat16_to_float(x)
    elif from_t in complex_number:
        return rounded_once(x.real)
    else:
        return rounded_once(x)


cdef inline to_t to_number(c_number x, to_t* tag, uint32_t* flags) noexcept nogil:
    cdef to_t y
    cdef uint64_t top
    if to_t is boolean:
        y.value = x != 0
    elif to_t is half:
        y = float_to_half(rounded_once(x), flags)
    elif to_t is bfloat16:
        y = float_to_bfloat16(<float>x, flags)
    elif to_t is complex64:
        y.real = <float>x
        y.imag = 0
    elif to_t is complex128:
        y.real = <double>x
        y.imag = 0
    elif to_t is clongdouble:
        y.real = <longdouble>x
        y.imag = 0
    elif (
        to_t is int8_t or to_t is uint8_t or to_t is int16_t or to_t is uint16_t
    ) and (c_number is float or c_number is double or c_number is longdouble):
        # C leaves open what does not fit, of unsigned ones all negative numbers. By way
        # of int32 it wraps, which it does under GCC anyway, but not under Clang.
        y = <to_t><int32_t>x
    elif to_t is int32_t and c_number is double and DOUBLES_WRAP:
        y = <to_t><int64_t>x
    elif to_t is uint32_t and (
        c_number is float or c_number is double or c_number is longdouble
    ):
        # It becomes the same in a vector's body and in its tail only by way of int64:
        # GCC does it in two ways.
        y = <to_t><int64_t>x
    elif to_t is uint64_t and (
        c_number is float or c_number is double or c_number is longdouble
    ):
        # And the same on every instruction set: AVX-512 alone converts to uint64.
        if x >= <c_number>9223372036854775808.0:  # 2**63
            x = x - <c_number>9223372036854775808.0
            top = <to_t>1 << 63
        else:
            top = 0
        y = <to_t><int64_t>x ^ top
    else:
        y = <to_t>x
    return y


cdef inline to_t converted(from_t x, to_t* tag, uint32_t* flags) noexcept nogil:
    cdef to_t y
    if from_t is boolean and (to_t is float or to_t is double):
        # (For these GCC does not vectorise x.value != 0.)
        return to_number(min(x.value, <uint8_t>1), tag, flags)
    elif from_t is boolean:
        return to_number(<uint8_t>(x.value != 0), tag, flags)
    elif from_t is half:
        return to_number(half_to_float(x), tag, flags)
    elif from_t is bfloat16:
        return to_number(bfloat16_to_float(x), tag, flags)
    elif from_t in complex_number:
        if to_t is boolean:
            y.value = (x.real != 0) | (x.imag != 0)
            return y
        elif to_t is complex64:
            y.real = <float>x.real
            y.imag = <float>x.imag
            return y
        elif to_t is complex128:
            y.real = <double>x.real
            y.imag = <double>x.imag
            return y
        elif to_t is clongdouble:
            y.real = x.real
            y.imag = x.imag
            return y
        else:
            return to_number(x.real, tag, flags)
    else:
        return to_number(x, tag, flags)


# Where a is of a narrower dtype, each element is converted on its way: an addition by
# way of scratch memory takes up to twice as long where the caches are the limit, for
# the CPU prefetches only what is read all along. These are the dtypes that people mix.

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


# Sums of many operands. Each strip of out is summed up in the L1 cache, so that all
# operands are read side by side, all along.

cdef enum:
    # Bytes of a strip. 7 operands of 10**6 float64 take 1.0 ms, so with twice as many;
    # 1.75 in blocks of 16 KiB, which one operand after the other is added to.
    SUMMED = 4 * STREAMED

cdef struct summed_t:
    streamed_t parts[4]


cdef inline single product(single weight, single x, bint real) noexcept nogil:
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


cdef inline void add_term(
    char* memory, Py_ssize_t length, const char* x_data, Py_ssize_t x_step,
    single weight, bint real, bint first,
) noexcept nogil:
    cdef single[:, :] strip = None
    cdef single[:, :] x = None
    cdef Py_ssize_t k
    lay(strip.strides, memory, 0, sizeof(single))
    lay(x.strides, <char*>x_data, 0, x_step)
    if first:
        for k in range(length):
            strip[0, k] = product(weight, x[0, k], real)
    else:
        for k in range(length):
            strip[0, k] = total(strip[0, k], product(weight, x[0, k], real))


cdef void sum_plane(
    const plane_t* plane, const single* tag, const term_t* terms, int count,
    bint streamed,
) noexcept nogil:
    cdef summed_t memory
    cdef char* strip = memory.parts[0].bytes
    cdef char* out
    cdef const char* x
    cdef Py_ssize_t i, j, length, step = plane.views[OUT].strides[1]
    cdef Py_ssize_t one = sizeof(single), most = SUMMED // sizeof(single)
    cdef int term, part
    for i in range(plane.shape[0]):
        j = 0
        while j < plane.shape[1]:
            out = plane.views[OUT].data + i * plane.views[OUT].strides[0] + j * step
            length = min(most, plane.shape[1] - j)
            if streamed and <Py_ssize_t>out & LINE - 1:  # up to a line's begin
                length = min(length, max(1, (-<Py_ssize_t>out & LINE - 1) // one))
            for term in range(count):
                x = (
                    terms[term].view.data + i * terms[term].view.strides[0]
                    + j * terms[term].view.strides[1]
                )
                if terms[term].view.strides[1] == one:
                    add_term(
                        strip, length, x, sizeof(single),
                        (<const single*>terms[term].weight)[0], terms[term].real,
                        term == 0,
                    )
                else:
                    add_term(
                        strip, length, x, terms[term].view.strides[1],
                        (<const single*>terms[term].weight)[0], terms[term].real,
                        term == 0,
                    )
            if streamed and length == most:
                for part in range(4):
                    stream(out + part * STREAMED, &memory.parts[part])
            elif step == one:
                move_strip(strip, length, tag, out, sizeof(single))
            else:
                move_strip(strip, length, tag, out, step)
            j += length


# relu: what is less than zero becomes zero. Floats are taken for the signed integers
# of their bits. Of these the negative numbers, -0.0 to -inf, are the lowest, NaNs with
# a sign come above them, and all others are positive: one comparison, which raises no
# flags.

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


cdef inline void relu_loop(
    const plane_t* plane, Py_ssize_t out_step, Py_ssize_t a_step, rectified highest,
    bint by_strips, bint streamed,
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
                    strip[0, k] = rectify(a[i, j + k], highest)
                put_strip(&memory, <rectified*>NULL, <char*>&out[i, j], streamed)
        if not streamed:
            for j in range(strips * length, plane.shape[1]):
                out[i, j] = rectify(a[i, j], highest)


cdef void relu_plane(
    const plane_t* plane, const rectified* a, const rectified* highest,
    const rectified* unused, int real,
) noexcept nogil:
    cdef Py_ssize_t out_step = plane.views[OUT].strides[1]
    cdef Py_ssize_t a_step = plane.views[A].strides[1]
    cdef Py_ssize_t one = sizeof(rectified)
    if out_step == one and a_step == one:
        relu_loop(
            plane, sizeof(rectified), sizeof(rectified), highest[0], not BASELINE, False
        )
    else:
        relu_loop(plane, out_step, a_step, highest[0], False, False)


cdef void stream_relu_plane(
    const plane_t* plane, const rectified* a, const rectified* highest,
    const rectified* unused, int real,
) noexcept nogil:
    cdef plane_t found
    cdef Py_ssize_t row
    cdef int part
    for row in range(plane.shape[0]):
        for part in range(PARTS):
            part_of_row(plane, row, part, sizeof(rectified), &found)
            if part == BODY and found.views[A].strides[1] == sizeof(rectified):
                relu_loop(
                    &found, sizeof(rectified), sizeof(rectified), highest[0], True, True
                )
            elif found.shape[1] > 0:
                relu_plane(&found, a, highest, unused, real)


# Sums of squares. Which number is added to which sum depends neither on the length of
# the CPU's vectors nor on what comes before: element k of a row goes to lane k % LANES.

ctypedef fused squared:
    float
    double
    longdouble

ctypedef fused summed:
    double
    longdouble

cdef inline longdouble least_squares(squared tag) noexcept nogil:
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
        if partial.sum >= least_squares(<squared>1) and not isinf(partial.sum):
            return
        most = largest(plane, a)
        if most > 0 and not isinf(most) and not isnan(partial.sum):
            partial.exponent = max(ilogb(most), lowest_exponent(<squared>1))
            partial.sum = sum_squares(
                plane, a, <squared>ldexp(1, -partial.exponent)
            )
            partial.exponent *= 2


cdef void move(
    Py_ssize_t count, char* y, Py_ssize_t y_step, const char* x, Py_ssize_t x_step,
    Py_ssize_t size,
) noexcept nogil:
    """Elements of one size from step to step."""
    cdef Py_ssize_t j
    if size == 1:
        for j in range(count):
            memcpy(y + j * y_step, x + j * x_step, 1)
    elif size == 2:
        for j in range(count):
            memcpy(y + j * y_step, x + j * x_step, 2)
    elif size == 4:
        for j in range(count):
            memcpy(y + j * y_step, x + j * x_step, 4)
    elif size == 8:
        for j in range(count):
            memcpy(y + j * y_step, x + j * x_step, 8)
    else:
        for j in range(count):
            memcpy(y + j * y_step, x + j * x_step, size)


cdef enum:
    PACKED = 4 * STRIP


cdef inline void convert_row(
    Py_ssize_t n, to_t* y_data, const from_t* x_data
) noexcept nogil:
    cdef to_t[:, :] y = None
    cdef from_t[:, :] x = None
    cdef strip_t strip
    cdef Py_ssize_t j, k, p, count
    cdef uint32_t flags = 0
    lay(y.strides, <char*>y_data, 0, sizeof(to_t))
    lay(x.strides, <char*>x_data, 0, sizeof(from_t))
    if from_t is half:
        for p in range((n + STRIP - 1) // STRIP):
            j = p * STRIP
            count = min(STRIP, n - j)
            halves_to_floats(<char*>&x[0, j], sizeof(half), count, strip.at)
            for k in range(count):
                y[0, j + k] = to_number(strip.at[k], <to_t*>NULL, &flags)
    elif to_t is half:
        for p in range((n + STRIP - 1) // STRIP):
            j = p * STRIP
            count = min(STRIP, n - j)
            for k in range(count):
                strip.at[k] = on_the_way_to_half(x[0, j + k])
            floats_to_halves(strip.at, <char*>&y[0, j], sizeof(half), count, &flags)
    else:
        for j in range(n):
            y[0, j] = converted(x[0, j], <to_t*>NULL, &flags)
    raise_half_flags(flags)


cdef void convert_plane(
    Py_ssize_t m, Py_ssize_t n,
    to_t* y, const Py_ssize_t* y_strides,
    const from_t* x, const Py_ssize_t* x_strides,
) noexcept nogil:
    """What is not contiguous is first packed: a second, strided loop for each two
    dtypes was a tenth of the package."""
    cdef to_t y_packed[PACKED]
    cdef from_t x_packed[PACKED]
    cdef char* y_row
    cdef char* x_row
    cdef bint y_lies = n == 1 or y_strides[1] == sizeof(to_t)
    cdef bint x_lies = n == 1 or x_strides[1] == sizeof(from_t)
    cdef Py_ssize_t i, j, count, length = n if y_lies and x_lies else PACKED
    for i in range(m):
        j = 0
        while j < n:
            count = min(length, n - j)
            y_row = <char*>y + i * y_strides[0] + j * y_strides[1]
            x_row = <char*>x + i * x_strides[0] + j * x_strides[1]
            if not x_lies:
                move(
                    count, <char*>x_packed, sizeof(from_t), x_row, x_strides[1],
                    sizeof(from_t),
                )
            convert_row(
                count, <to_t*>y_row if y_lies else y_packed,
                <from_t*>x_row if x_lies else x_packed,
            )
            if not y_lies:
                move(
                    count, y_row, y_strides[1], <char*>y_packed, sizeof(to_t),
                    sizeof(to_t),
                )
            j += length


# And what is only copied, to where a transposed operand is read in rows: packed first,
# `a + b.T` took 1.2 to 2 times as long.

ctypedef fused copied:
    unsigned_integer
    longdouble
    complex128
    clongdouble


cdef inline void copy_loop(
    Py_ssize_t m, Py_ssize_t n,
    copied* y_data, Py_ssize_t y_row, Py_ssize_t y_step,
    const copied* x_data, Py_ssize_t x_row, Py_ssize_t x_step,
) noexcept nogil:
    cdef copied[:, :] y = None
    cdef copied[:, :] x = None
    cdef Py_ssize_t i, j
    lay(y.strides, <char*>y_data, y_row, y_step)
    lay(x.strides, <char*>x_data, x_row, x_step)
    for i in range(m):
        for j in range(n):
            y[i, j] = x[i, j]


cdef void copy_plane(
    Py_ssize_t m, Py_ssize_t n,
    copied* y, const Py_ssize_t* y_strides,
    const copied* x, const Py_ssize_t* x_strides,
) noexcept nogil:
    cdef Py_ssize_t one = sizeof(copied)
    if y_strides[1] == one and x_strides[1] == one:
        copy_loop(m, n, y, y_strides[0], one, x, x_strides[0], one)
    else:
        copy_loop(m, n, y, y_strides[0], y_strides[1], x, x_strides[0], x_strides[1])


cdef void fill_conversions(convert_t* to, from_t* tag) noexcept:
    """All but those that another dtype has too, with whose row `to` begins: an integer
    is narrowed alike whether it is signed or not, and a complex number begins with its
    real part."""
    # In each set those to and from float32 and float64, which the others go by way of
    # least often: all 116 were 300 kB of a set.
    if BASELINE or from_t is float or from_t is double:
        if from_t not in signed_integer:
            to[BOOL] = <convert_t>convert_plane[boolean, from_t]
        if from_t not in complex_number:
            if from_t not in signed_integer:
                to[INT8] = to[UINT8] = <convert_t>convert_plane[uint8_t, from_t]
            if from_t not in signed_integer or sizeof(from_t) < 2:
                to[INT16] = to[UINT16] = <convert_t>convert_plane[uint16_t, from_t]
            if from_t not in signed_integer or sizeof(from_t) < 4:
                to[INT32] = to[UINT32] = <convert_t>convert_plane[uint32_t, from_t]
            if from_t not in signed_integer or sizeof(from_t) < 8:
                to[INT64] = to[UINT64] = <convert_t>convert_plane[uint64_t, from_t]
            to[FLOAT16] = <convert_t>convert_plane[half, from_t]
            to[BFLOAT16] = <convert_t>convert_plane[bfloat16, from_t]
    if from_t not in complex_number:
        to[FLOAT32] = <convert_t>convert_plane[float, from_t]
        to[FLOAT64] = <convert_t>convert_plane[double, from_t]
        if BASELINE:
            to[LONGDOUBLE] = <convert_t>convert_plane[longdouble, from_t]
    if from_t in floating and (BASELINE or from_t is float or from_t is double):
        # (The signs matter where a number does not fit.)
        to[INT32] = <convert_t>convert_plane[int32_t, from_t]
        to[INT64] = <convert_t>convert_plane[int64_t, from_t]
    if BASELINE or from_t in complex_number:  # in each set, 24 kB of the wheel
        to[COMPLEX64] = <convert_t>convert_plane[complex64, from_t]
        to[COMPLEX128] = <convert_t>convert_plane[complex128, from_t]
    if BASELINE:
        to[CLONGDOUBLE] = <convert_t>convert_plane[clongdouble, from_t]


cdef void fill_all_conversions(convert_t convert[NATIVE_COUNT][NATIVE_COUNT]) noexcept:
    fill_conversions(convert[BOOL], <boolean*>NULL)
    fill_conversions(convert[UINT8], <uint8_t*>NULL)
    fill_conversions(convert[UINT16], <uint16_t*>NULL)
    fill_conversions(convert[UINT32], <uint32_t*>NULL)
    fill_conversions(convert[UINT64], <uint64_t*>NULL)
    memcpy(convert[INT8], convert[UINT8], 4 * sizeof(convert[INT8]))
    fill_conversions(convert[INT8], <int8_t*>NULL)
    fill_conversions(convert[INT16], <int16_t*>NULL)
    fill_conversions(convert[INT32], <int32_t*>NULL)
    fill_conversions(convert[INT64], <int64_t*>NULL)
    fill_conversions(convert[FLOAT16], <half*>NULL)
    fill_conversions(convert[BFLOAT16], <bfloat16*>NULL)
    fill_conversions(convert[FLOAT32], <float*>NULL)
    fill_conversions(convert[FLOAT64], <double*>NULL)
    if BASELINE:
        fill_conversions(convert[LONGDOUBLE], <longdouble*>NULL)
    memcpy(convert[COMPLEX64], convert[FLOAT32], 3 * sizeof(convert[FLOAT32]))
    fill_conversions(convert[COMPLEX64], <complex64*>NULL)
    fill_conversions(convert[COMPLEX128], <complex128*>NULL)
    if BASELINE:
        fill_conversions(convert[CLONGDOUBLE], <clongdouble*>NULL)
        convert[LONGDOUBLE][LONGDOUBLE] = <convert_t>copy_plane[longdouble]
        convert[CLONGDOUBLE][CLONGDOUBLE] = <convert_t>copy_plane[clongdouble]
    convert[UINT8][UINT8] = <convert_t>copy_plane[uint8_t]
    convert[UINT16][UINT16] = <convert_t>copy_plane[uint16_t]
    convert[UINT32][UINT32] = <convert_t>copy_plane[uint32_t]
    convert[UINT64][UINT64] = <convert_t>copy_plane[uint64_t]
    convert[COMPLEX128][COMPLEX128] = <convert_t>copy_plane[complex128]


cdef void fill_additions(kernels_t* kernels) noexcept:
    kernels.add[BOOL][BOOL] = <add_t>add_plane[boolean]
    kernels.add[INT8][INT8] = kernels.add[UINT8][UINT8] = <add_t>add_plane[uint8_t]
    kernels.add[INT16][INT16] = kernels.add[UINT16][UINT16] = <add_t>add_plane[uint16_t]
    kernels.add[INT32][INT32] = kernels.add[UINT32][UINT32] = <add_t>add_plane[uint32_t]
    kernels.add[INT64][INT64] = kernels.add[UINT64][UINT64] = <add_t>add_plane[uint64_t]
    kernels.add[FLOAT16][FLOAT16] = <add_t>add_plane[half]
    kernels.add[BFLOAT16][BFLOAT16] = <add_t>add_plane[bfloat16]
    kernels.add[FLOAT32][FLOAT32] = <add_t>add_plane[float]
    kernels.add[FLOAT64][FLOAT64] = <add_t>add_plane[double]
    kernels.add[COMPLEX64][COMPLEX64] = <add_t>add_plane[complex64]
    kernels.add[COMPLEX128][COMPLEX128] = <add_t>add_plane[complex128]
    kernels.stream[BOOL][BOOL] = <add_t>stream_plane[boolean]
    kernels.stream[INT8][INT8] = kernels.stream[UINT8][UINT8] = (
        <add_t>stream_plane[uint8_t]
    )
    kernels.stream[INT16][INT16] = kernels.stream[UINT16][UINT16] = (
        <add_t>stream_plane[uint16_t]
    )
    kernels.stream[INT32][INT32] = kernels.stream[UINT32][UINT32] = (
        <add_t>stream_plane[uint32_t]
    )
    kernels.stream[INT64][INT64] = kernels.stream[UINT64][UINT64] = (
        <add_t>stream_plane[uint64_t]
    )
    kernels.stream[FLOAT16][FLOAT16] = <add_t>stream_plane[half]
    kernels.stream[BFLOAT16][BFLOAT16] = <add_t>stream_plane[bfloat16]
    kernels.stream[FLOAT32][FLOAT32] = <add_t>stream_plane[float]
    kernels.stream[FLOAT64][FLOAT64] = <add_t>stream_plane[double]
    kernels.stream[COMPLEX64][COMPLEX64] = <add_t>stream_plane[complex64]
    kernels.stream[COMPLEX128][COMPLEX128] = <add_t>stream_plane[complex128]
    if BASELINE:
        kernels.add[LONGDOUBLE][LONGDOUBLE] = <add_t>add_plane[longdouble]
        kernels.add[CLONGDOUBLE][CLONGDOUBLE] = <add_t>add_plane[clongdouble]


cdef void fill_relu(add_t relu[NATIVE_COUNT], add_t[4] signed) noexcept:
    cdef int size
    for size in range(4):
        relu[INT8 + size] = signed[size]
    relu[FLOAT16] = relu[BFLOAT16] = signed[1]
    relu[FLOAT32] = signed[2]
    relu[FLOAT64] = signed[3]


cdef void fill_mixed(
    add_t add[NATIVE_COUNT], add_t stream[NATIVE_COUNT], narrow* tag
) noexcept:
    """Those that np.result_type makes of a narrow dtype and another."""
    if (
        narrow is boolean or narrow is int8_t or narrow is uint8_t
        or narrow is int16_t or narrow is uint16_t
    ):
        add[INT32] = add[UINT32] = <add_t>add_mixed_plane[narrow, uint32_t]
        stream[INT32] = stream[UINT32] = <add_t>stream_mixed_plane[narrow, uint32_t]
        add[FLOAT32] = <add_t>add_mixed_plane[narrow, float]
        stream[FLOAT32] = <add_t>stream_mixed_plane[narrow, float]
    if narrow is half or narrow is bfloat16:
        add[FLOAT32] = <add_t>add_mixed_plane[narrow, float]
        stream[FLOAT32] = <add_t>stream_mixed_plane[narrow, float]
    elif narrow is not uint64_t and narrow is not int64_t and narrow is not float:
        add[INT64] = add[UINT64] = <add_t>add_mixed_plane[narrow, uint64_t]
        stream[INT64] = stream[UINT64] = <add_t>stream_mixed_plane[narrow, uint64_t]
    add[FLOAT64] = <add_t>add_mixed_plane[narrow, double]
    stream[FLOAT64] = <add_t>stream_mixed_plane[narrow, double]


cdef void fill(kernels_t* kernels) noexcept:
    kernels.transpose = transpose
    fill_all_conversions(kernels.convert)
    fill_additions(kernels)
    kernels.sum[BOOL] = <sum_t>sum_plane[boolean]
    kernels.sum[INT8] = kernels.sum[UINT8] = <sum_t>sum_plane[uint8_t]
    kernels.sum[INT16] = kernels.sum[UINT16] = <sum_t>sum_plane[uint16_t]
    kernels.sum[INT32] = kernels.sum[UINT32] = <sum_t>sum_plane[uint32_t]
    kernels.sum[INT64] = kernels.sum[UINT64] = <sum_t>sum_plane[uint64_t]
    kernels.sum[FLOAT32] = <sum_t>sum_plane[float]
    kernels.sum[FLOAT64] = <sum_t>sum_plane[double]
    kernels.sum[COMPLEX64] = <sum_t>sum_plane[complex64]
    kernels.sum[COMPLEX128] = <sum_t>sum_plane[complex128]
    fill_relu(kernels.relu, [
        <add_t>relu_plane[int8_t], <add_t>relu_plane[int16_t],
        <add_t>relu_plane[int32_t], <add_t>relu_plane[int64_t],
    ])
    fill_relu(kernels.stream_relu, [
        <add_t>stream_relu_plane[int8_t], <add_t>stream_relu_plane[int16_t],
        <add_t>stream_relu_plane[int32_t], <add_t>stream_relu_plane[int64_t],
    ])
    kernels.squares[FLOAT32] = <add_t>squares_plane[float]
    kernels.squares[FLOAT64] = <add_t>squares_plane[double]
    if BASELINE:
        kernels.sum[LONGDOUBLE] = <sum_t>sum_plane[longdouble]
        kernels.sum[CLONGDOUBLE] = <sum_t>sum_plane[clongdouble]
        kernels.relu[LONGDOUBLE] = <add_t>relu_plane[longdouble]
        kernels.stream_relu[LONGDOUBLE] = <add_t>stream_relu_plane[longdouble]
        kernels.squares[LONGDOUBLE] = <add_t>squares_plane[longdouble]
    fill_mixed(kernels.add[BOOL], kernels.stream[BOOL], <boolean*>NULL)
    fill_mixed(kernels.add[INT8], kernels.stream[INT8], <int8_t*>NULL)
    fill_mixed(kernels.add[INT16], kernels.stream[INT16], <int16_t*>NULL)
    fill_mixed(kernels.add[INT32], kernels.stream[INT32], <int32_t*>NULL)
    fill_mixed(kernels.add[INT64], kernels.stream[INT64], <int64_t*>NULL)
    fill_mixed(kernels.add[UINT8], kernels.stream[UINT8], <uint8_t*>NULL)
    fill_mixed(kernels.add[UINT16], kernels.stream[UINT16], <uint16_t*>NULL)
    fill_mixed(kernels.add[UINT32], kernels.stream[UINT32], <uint32_t*>NULL)
    fill_mixed(kernels.add[UINT64], kernels.stream[UINT64], <uint64_t*>NULL)
    fill_mixed(kernels.add[FLOAT16], kernels.stream[FLOAT16], <half*>NULL)
    fill_mixed(kernels.add[BFLOAT16], kernels.stream[BFLOAT16], <bfloat16*>NULL)
    fill_mixed(kernels.add[FLOAT32], kernels.stream[FLOAT32], <float*>NULL)
    kernels.add_to_float32[INT32] = <add_t>add_to_float32_plane[int32_t]
    kernels.add_to_float32[INT64] = <add_t>add_to_float32_plane[int64_t]
    kernels.add_to_float32[UINT32] = <add_t>add_to_float32_plane[uint32_t]
    kernels.add_to_float32[UINT64] = <add_t>add_to_float32_plane[uint64_t]
    kernels.add_to_float32[FLOAT32] = <add_t>add_to_float32_plane[float]
    kernels.stream_to_float32[INT32] = <add_t>stream_to_float32_plane[int32_t]
    kernels.stream_to_float32[INT64] = <add_t>stream_to_float32_plane[int64_t]
    kernels.stream_to_float32[UINT32] = <add_t>stream_to_float32_plane[uint32_t]
    kernels.stream_to_float32[UINT64] = <add_t>stream_to_float32_plane[uint64_t]
    kernels.stream_to_float32[FLOAT32] = <add_t>stream_to_float32_plane[float]


cdef void take_over(kernels_t* kernels, const kernels_t* other) noexcept:
    """Of another instruction set, what this one does not have."""
    cdef void** mine = <void**>kernels
    cdef void** others = <void**>other
    cdef size_t k
    for k in range(sizeof(kernels_t) // sizeof(void*)):
        if mine[k] == NULL:
            mine[k] = others[k]


cdef kernels_t kernels
fill(&kernels)
if not BASELINE:
    from fastadd._kernels_baseline import table as baseline
    take_over(&kernels, <kernels_t*>PyCapsule_GetPointer(baseline, "fastadd.kernels"))
table = PyCapsule_New(&kernels, "fastadd.kernels", NULL)
