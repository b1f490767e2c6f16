# The element types of the kernels, by what is computed with them.
# Uses: nothing.

cdef extern from "lay.h" nogil:
    void lay "FASTADD_LAY"(
        const Py_ssize_t* strides, char* data, Py_ssize_t stride0, Py_ssize_t stride1
    )

cdef extern from "lay.h" nogil:
    void one_by_one "FASTADD_ONE_BY_ONE"()

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
        Py_ssize_t size, Py_ssize_t planes, Py_ssize_t m, Py_ssize_t n, char* y,
        Py_ssize_t y_row, const char* x, Py_ssize_t x_row, Py_ssize_t x_plane,
    )

cdef extern from "spread.h" nogil:
    void make_shuffles()
    void spread(
        Py_ssize_t size, Py_ssize_t m, Py_ssize_t n, char* y, const char* x,
        Py_ssize_t row, Py_ssize_t step,
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
    bint isgreater(longdouble, longdouble)
    longdouble copysign "copysignl"(longdouble, longdouble)
    bint isinf(longdouble)
    bint isnan(longdouble)
    int ilogb "ilogbl"(longdouble)
    double fabs(double)
    longdouble long_fabs "fabsl"(longdouble)
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

ctypedef fused c_float:
    float
    double
    longdouble

ctypedef fused complex_number:
    complex64
    complex128
    clongdouble

ctypedef fused floating:
    half
    bfloat16
    c_float

# What C calculates with.
ctypedef fused c_number:
    signed_integer
    unsigned_integer
    c_float

# What has an addition of its own, element by element: signed integers wrap to the bits
# of unsigned ones.
ctypedef fused single:
    boolean
    unsigned_integer
    c_float
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
