# What the core and the kernels agree on: the native dtypes and the table of
# kernels that an instruction set provides.

from libc.stdint cimport (
    int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t,
)

cdef extern from "scalars.h" nogil:
    ctypedef struct boolean:
        uint8_t value
    ctypedef struct half:
        uint16_t bits
    ctypedef struct bfloat16:
        uint16_t bits
    ctypedef long double longdouble
    ctypedef struct complex64:
        float real, imag
    ctypedef struct complex128:
        double real, imag
    ctypedef struct clongdouble:
        longdouble real, imag

# The one list of dtypes: whatever has an entry per dtype is in this order.
cdef enum:
    BOOL
    INT8
    INT16
    INT32
    INT64
    UINT8
    UINT16
    UINT32
    UINT64
    FLOAT16
    BFLOAT16
    FLOAT32
    FLOAT64
    LONGDOUBLE
    COMPLEX64
    COMPLEX128
    CLONGDOUBLE
    NATIVE_COUNT

cdef enum:
    OUT
    A
    B
    C
    D
    MASK  # where to compute, if not everywhere; in a plan it follows the last input
    MOST_OPERANDS

# One operand of a plane: rows strides[0] bytes apart, elements strides[1].
cdef struct view_t:
    char* data
    Py_ssize_t strides[2]

cdef struct plane_t:
    Py_ssize_t shape[2]
    view_t views[MOST_OPERANDS]
    bint prefetched  # what is read is asked for some time ahead
    float scales[2]  # beta and alpha of 16-bit floats, which are kept in float32

# A real coefficient of a complex result is stored in the real dtype and scales
# both parts; these bits of `real` say which of the two are.
cdef enum:
    BETA_REAL = 1
    ALPHA_REAL = 2

# What a job computes of an element.
cdef enum:
    ADD  # beta*a + alpha*b
    RELU  # a, or 0 where that is less
    CLIP  # a, or beta with its sign where the magnitude is greater
    NORM  # what a block adds to a norm: out is a partial_t
    # Of three or four operands, from here on:
    PRODUCTS  # d*a + c*b
    LERP  # a + c*(b - a), exact at both ends
    ADDCMUL  # beta*a + (alpha*b)*c
    ADDCDIV  # beta*a + (alpha*b)/c
    ADAM  # a step of Adam: a, c and d are updated by b
    ADD_DOT  # beta*a + alpha*b, and its dot product with c: d is a partial_t
    OPERATIONS

# Which norm, in the place of `real`.
cdef enum:
    NORM_1  # the sum of magnitudes
    NORM_2  # the root of the sum of squares
    NORM_MAX  # the largest magnitude

# Which decay of the weights an ADAM has, in the place of `real`.
cdef enum:
    NO_DECAY
    COUPLED  # added to the gradient
    DECOUPLED  # of the weights themselves: AdamW

# Its factors, which all jobs of a list share; beta points to the address of those in
# the dtype of the kernel.
cdef enum:
    DECAY  # of the weights or, decoupled, 1 - lr * that
    KEEP_FIRST  # beta1
    TAKE_FIRST  # 1 - beta1
    KEEP_SECOND  # beta2
    TAKE_SECOND  # 1 - beta2
    STEP_SIZE  # -lr / (1 - beta1**step)
    ROOT_SCALE  # sqrt(1 - beta2**step)
    EPSILON
    FACTORS

# A block's sum, or largest, is sum * 2**exponent.
cdef struct partial_t:
    longdouble sum
    int exponent

# The pointers to coefficients are to the dtype of the kernel (where that is of 16-bit
# floats, they are in the plane); a is plane.views[A].data and tells, by its type, the
# dtype of that operand.
ctypedef void (*kernel_t)(
    const plane_t* plane, const void* a, const void* beta, const void* alpha, int real
) noexcept nogil
cdef enum:
    TERMS = 64  # operands of a sum that one kernel takes side by side

# A weighted operand of a sum.
cdef struct term_t:
    view_t view
    const void* weight
    bint real  # the weight, of a complex operand

ctypedef void (*sum_t)(
    const plane_t* plane, const void* out, const term_t* terms, int count,
    bint streamed,
) noexcept nogil
ctypedef void (*convert_t)(
    Py_ssize_t m, Py_ssize_t n,
    void* out, const Py_ssize_t* out_strides,
    const void* x, const Py_ssize_t* x_strides,
) noexcept nogil

# Planes, each m rows of n elements, side by side, of m columns: False if elements are
# of no such size.
ctypedef bint (*transpose_t)(
    Py_ssize_t size, Py_ssize_t planes, Py_ssize_t m, Py_ssize_t n, char* y,
    Py_ssize_t y_row, const char* x, Py_ssize_t x_row, Py_ssize_t x_plane,
) noexcept nogil

# m rows of n elements, to where they lie side by side.
ctypedef void (*spread_t)(
    Py_ssize_t size, Py_ssize_t m, Py_ssize_t n, char* y, const char* x, Py_ssize_t row,
    Py_ssize_t step,
) noexcept nogil

cdef struct kernels_t:
    transpose_t transpose
    spread_t spread
    # [of a][of b, the coefficients and out]; NULL where a must be converted beforehand
    kernel_t add[NATIVE_COUNT][NATIVE_COUNT]
    # [of a], where b is of float32 and the rest of float64
    kernel_t add_to_float32[NATIVE_COUNT]
    # [of all operands and out]
    sum_t sum[NATIVE_COUNT]
    sum_t sum_packed[NATIVE_COUNT]  # where all rows lie side by side, or NULL
    kernel_t relu[NATIVE_COUNT]
    kernel_t clip[NATIVE_COUNT]  # of floats
    kernel_t norm[NATIVE_COUNT]  # of floats, but for those of 16 bits
    # [of all operands and out]
    kernel_t operations[OPERATIONS - PRODUCTS][NATIVE_COUNT]
    convert_t convert[NATIVE_COUNT][NATIVE_COUNT]  # [from][to]
    # Operations in float32 on small integers that do not wrap, of which a and b are,
    # and sums of these: [operation][of a, b and out].
    kernel_t clamp[OPERATIONS][NATIVE_COUNT]
    sum_t clamp_sum[NATIVE_COUNT]
    # To integers that do not wrap: [from, counted from FLOAT32 on][to].
    convert_t saturate[LONGDOUBLE - FLOAT32 + 1][NATIVE_COUNT]
