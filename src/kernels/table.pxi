# The table of kernels that a set provides.
# Uses: native, types, rows, convert, saturate, mixed, sums, operations, clamp, adam,
# limits, norms, dots.

cdef void fill_conversions(convert_t* to, from_t* tag) noexcept:
    """All but those that another dtype has too, with whose row `to` begins: an integer
    is narrowed alike whether it is signed or not, a complex number begins with its real
    part, and copies go by the unsigned integer of their size."""
    # In each set those to and from float32 and float64, which the others go by way of
    # least often: all 116 were 300 kB of a set.
    if BASELINE or from_t is float or from_t is double:
        if (
            from_t not in signed_integer and from_t not in complex_number
            and from_t is not boolean
        ):
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
            if from_t is not half:
                to[FLOAT16] = <convert_t>convert_plane[half, from_t]
            if from_t is not bfloat16:
                to[BFLOAT16] = <convert_t>convert_plane[bfloat16, from_t]
    if from_t in complex_number:  # both parts decide
        to[BOOL] = <convert_t>convert_plane[boolean, from_t]
    else:
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
        if from_t is not complex128:
            to[COMPLEX128] = <convert_t>convert_plane[complex128, from_t]
    if BASELINE and from_t is not clongdouble:
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


cdef void fill_dtype(kernels_t* kernels, number* tag, int dtype) noexcept:
    """What is computed in one dtype."""
    kernels.add[dtype][dtype] = <kernel_t>add_plane[number]
    if number in single:
        kernels.sum[dtype] = <sum_t>sum_plane[number]
        kernels.operations[PRODUCTS - PRODUCTS][dtype] = (
            <kernel_t>products_plane[number]
        )
        kernels.operations[ADDCMUL - PRODUCTS][dtype] = <kernel_t>addcmul_plane[number]
    if number in unrolled:
        kernels.sum_packed[dtype] = <sum_t>sum_packed_plane[number]
    if number in fractional:
        kernels.operations[ADDCDIV - PRODUCTS][dtype] = <kernel_t>addcdiv_plane[number]
        kernels.operations[LERP - PRODUCTS][dtype] = <kernel_t>lerp_plane[number]
    if number in c_float:
        kernels.operations[ADAM - PRODUCTS][dtype] = <kernel_t>adam_plane[number]
        kernels.operations[ADD_DOT - PRODUCTS][dtype] = <kernel_t>add_dot_plane[number]
        kernels.norm[dtype] = <kernel_t>norm_plane[number]


cdef void fill_dtypes(kernels_t* kernels) noexcept:
    cdef int size, operation
    fill_dtype(kernels, <boolean*>NULL, BOOL)
    fill_dtype(kernels, <uint8_t*>NULL, UINT8)
    fill_dtype(kernels, <uint16_t*>NULL, UINT16)
    fill_dtype(kernels, <uint32_t*>NULL, UINT32)
    fill_dtype(kernels, <uint64_t*>NULL, UINT64)
    fill_dtype(kernels, <half*>NULL, FLOAT16)
    fill_dtype(kernels, <bfloat16*>NULL, BFLOAT16)
    fill_dtype(kernels, <float*>NULL, FLOAT32)
    fill_dtype(kernels, <double*>NULL, FLOAT64)
    fill_dtype(kernels, <complex64*>NULL, COMPLEX64)
    fill_dtype(kernels, <complex128*>NULL, COMPLEX128)
    if BASELINE:
        fill_dtype(kernels, <longdouble*>NULL, LONGDOUBLE)
        fill_dtype(kernels, <clongdouble*>NULL, CLONGDOUBLE)
    for size in range(4):  # signed integers wrap to the bits of unsigned ones
        kernels.add[INT8 + size][INT8 + size] = kernels.add[UINT8 + size][UINT8 + size]
        kernels.sum[INT8 + size] = kernels.sum[UINT8 + size]
        kernels.sum_packed[INT8 + size] = kernels.sum_packed[UINT8 + size]
        for operation in range(OPERATIONS - PRODUCTS):
            kernels.operations[operation][INT8 + size] = (
                kernels.operations[operation][UINT8 + size]
            )


cdef void fill_limits(kernels_t* kernels) noexcept:
    """Floats are taken for the signed integers of their bits."""
    kernels.relu[INT8] = <kernel_t>relu_plane[int8_t]
    kernels.relu[INT16] = <kernel_t>relu_plane[int16_t]
    kernels.relu[INT32] = kernels.relu[FLOAT32] = <kernel_t>relu_plane[int32_t]
    kernels.relu[INT64] = kernels.relu[FLOAT64] = <kernel_t>relu_plane[int64_t]
    kernels.relu[FLOAT16] = kernels.relu[BFLOAT16] = kernels.relu[INT16]
    kernels.clip[FLOAT16] = kernels.clip[BFLOAT16] = <kernel_t>clip_plane[int16_t]
    kernels.clip[FLOAT32] = <kernel_t>clip_plane[int32_t]
    kernels.clip[FLOAT64] = <kernel_t>clip_plane[int64_t]
    if BASELINE:
        kernels.relu[LONGDOUBLE] = <kernel_t>relu_plane[longdouble]
        kernels.clip[LONGDOUBLE] = <kernel_t>clip_plane[longdouble]


cdef void fill_mixed(kernel_t add[NATIVE_COUNT], narrow* tag) noexcept:
    """Those that np.result_type makes of a narrow dtype and another."""
    if (
        narrow is boolean or narrow is int8_t or narrow is uint8_t
        or narrow is int16_t or narrow is uint16_t
    ):
        add[INT32] = add[UINT32] = <kernel_t>add_mixed_plane[narrow, uint32_t]
        add[FLOAT32] = <kernel_t>add_mixed_plane[narrow, float]
    if narrow is half or narrow is bfloat16:
        add[FLOAT32] = <kernel_t>add_mixed_plane[narrow, float]
    elif narrow is not uint64_t and narrow is not int64_t and narrow is not float:
        add[INT64] = add[UINT64] = <kernel_t>add_mixed_plane[narrow, uint64_t]
    add[FLOAT64] = <kernel_t>add_mixed_plane[narrow, double]


cdef void fill_mixtures(kernels_t* kernels) noexcept:
    fill_mixed(kernels.add[BOOL], <boolean*>NULL)
    fill_mixed(kernels.add[INT8], <int8_t*>NULL)
    fill_mixed(kernels.add[INT16], <int16_t*>NULL)
    fill_mixed(kernels.add[INT32], <int32_t*>NULL)
    fill_mixed(kernels.add[INT64], <int64_t*>NULL)
    fill_mixed(kernels.add[UINT8], <uint8_t*>NULL)
    fill_mixed(kernels.add[UINT16], <uint16_t*>NULL)
    fill_mixed(kernels.add[UINT32], <uint32_t*>NULL)
    fill_mixed(kernels.add[UINT64], <uint64_t*>NULL)
    fill_mixed(kernels.add[FLOAT16], <half*>NULL)
    fill_mixed(kernels.add[BFLOAT16], <bfloat16*>NULL)
    fill_mixed(kernels.add[FLOAT32], <float*>NULL)
    kernels.add_to_float32[INT32] = <kernel_t>add_to_float32_plane[int32_t]
    kernels.add_to_float32[INT64] = <kernel_t>add_to_float32_plane[int64_t]
    kernels.add_to_float32[UINT32] = <kernel_t>add_to_float32_plane[uint32_t]
    kernels.add_to_float32[UINT64] = <kernel_t>add_to_float32_plane[uint64_t]
    kernels.add_to_float32[FLOAT32] = <kernel_t>add_to_float32_plane[float]


cdef void fill_small(kernels_t* kernels, small* tag, int dtype) noexcept:
    """Integers that do not wrap."""
    kernels.clamp[ADD][dtype] = <kernel_t>clamp_plane[small]
    kernels.clamp[PRODUCTS][dtype] = <kernel_t>clamp_products_plane[small]
    kernels.clamp[LERP][dtype] = <kernel_t>clamp_lerp_plane[small]
    kernels.clamp[ADDCMUL][dtype] = <kernel_t>clamp_addcmul_plane[small]
    kernels.clamp_sum[dtype] = <sum_t>clamp_sum_plane[small]


cdef void fill(kernels_t* kernels) noexcept:
    make_shuffles()
    kernels.transpose = transpose
    kernels.spread = spread
    fill_all_conversions(kernels.convert)
    fill_dtypes(kernels)
    fill_limits(kernels)
    fill_mixtures(kernels)
    fill_small(kernels, <int8_t*>NULL, INT8)
    fill_small(kernels, <uint8_t*>NULL, UINT8)
    fill_small(kernels, <int16_t*>NULL, INT16)
    fill_small(kernels, <uint16_t*>NULL, UINT16)
    fill_saturations(kernels.saturate[FLOAT32 - FLOAT32], <float*>NULL)
    fill_saturations(kernels.saturate[FLOAT64 - FLOAT32], <double*>NULL)
    if BASELINE:
        fill_saturations(kernels.saturate[LONGDOUBLE - FLOAT32], <longdouble*>NULL)


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
