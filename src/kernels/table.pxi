# The table of kernels that a set provides.
# Uses: native, types, rows, convert, saturate, mixed, sums, operations, adam, limits,
# norms, dots.

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


cdef void fill_additions(kernels_t* kernels) noexcept:
    kernels.add[BOOL][BOOL] = <kernel_t>add_plane[boolean]
    kernels.add[INT8][INT8] = kernels.add[UINT8][UINT8] = <kernel_t>add_plane[uint8_t]
    kernels.add[INT16][INT16] = kernels.add[UINT16][UINT16] = (
        <kernel_t>add_plane[uint16_t]
    )
    kernels.add[INT32][INT32] = kernels.add[UINT32][UINT32] = (
        <kernel_t>add_plane[uint32_t]
    )
    kernels.add[INT64][INT64] = kernels.add[UINT64][UINT64] = (
        <kernel_t>add_plane[uint64_t]
    )
    kernels.add[FLOAT16][FLOAT16] = <kernel_t>add_plane[half]
    kernels.add[BFLOAT16][BFLOAT16] = <kernel_t>add_plane[bfloat16]
    kernels.add[FLOAT32][FLOAT32] = <kernel_t>add_plane[float]
    kernels.add[FLOAT64][FLOAT64] = <kernel_t>add_plane[double]
    kernels.add[COMPLEX64][COMPLEX64] = <kernel_t>add_plane[complex64]
    kernels.add[COMPLEX128][COMPLEX128] = <kernel_t>add_plane[complex128]
    if BASELINE:
        kernels.add[LONGDOUBLE][LONGDOUBLE] = <kernel_t>add_plane[longdouble]
        kernels.add[CLONGDOUBLE][CLONGDOUBLE] = <kernel_t>add_plane[clongdouble]


cdef void fill_relu(kernel_t relu[NATIVE_COUNT], kernel_t[4] signed) noexcept:
    cdef int size
    for size in range(4):
        relu[INT8 + size] = signed[size]
    relu[FLOAT16] = relu[BFLOAT16] = signed[1]
    relu[FLOAT32] = signed[2]
    relu[FLOAT64] = signed[3]


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


cdef void fill_operation(kernel_t to[NATIVE_COUNT], kernel_t[11] kernels) noexcept:
    """Kernels of bool, integers by size, floats and complex numbers by size."""
    cdef int size
    to[BOOL] = kernels[0]
    for size in range(4):
        to[INT8 + size] = to[UINT8 + size] = kernels[1 + size]
    for size in range(3):
        to[FLOAT32 + size] = kernels[5 + size]
        to[COMPLEX64 + size] = kernels[8 + size]


cdef void fill_operations(kernels_t* kernels) noexcept:
    fill_operation(kernels.operations[PRODUCTS - PRODUCTS], [
        <kernel_t>products_plane[boolean], <kernel_t>products_plane[uint8_t],
        <kernel_t>products_plane[uint16_t], <kernel_t>products_plane[uint32_t],
        <kernel_t>products_plane[uint64_t], <kernel_t>products_plane[float],
        <kernel_t>products_plane[double], NULL, <kernel_t>products_plane[complex64],
        <kernel_t>products_plane[complex128], NULL,
    ])
    fill_operation(kernels.operations[ADDCMUL - PRODUCTS], [
        <kernel_t>addcmul_plane[boolean], <kernel_t>addcmul_plane[uint8_t],
        <kernel_t>addcmul_plane[uint16_t], <kernel_t>addcmul_plane[uint32_t],
        <kernel_t>addcmul_plane[uint64_t], <kernel_t>addcmul_plane[float],
        <kernel_t>addcmul_plane[double], NULL, <kernel_t>addcmul_plane[complex64],
        <kernel_t>addcmul_plane[complex128], NULL,
    ])
    fill_operation(kernels.operations[ADDCDIV - PRODUCTS], [
        NULL, NULL, NULL, NULL, NULL, <kernel_t>addcdiv_plane[float],
        <kernel_t>addcdiv_plane[double], NULL, <kernel_t>addcdiv_plane[complex64],
        <kernel_t>addcdiv_plane[complex128], NULL,
    ])
    fill_operation(kernels.operations[LERP - PRODUCTS], [
        NULL, NULL, NULL, NULL, NULL, <kernel_t>lerp_plane[float],
        <kernel_t>lerp_plane[double], NULL, <kernel_t>lerp_plane[complex64],
        <kernel_t>lerp_plane[complex128], NULL,
    ])
    kernels.operations[ADAM - PRODUCTS][FLOAT32] = <kernel_t>adam_plane[float]
    kernels.operations[ADAM - PRODUCTS][FLOAT64] = <kernel_t>adam_plane[double]
    if BASELINE:
        kernels.operations[ADAM - PRODUCTS][LONGDOUBLE] = (
            <kernel_t>adam_plane[longdouble]
        )
    kernels.operations[ADD_DOT - PRODUCTS][FLOAT32] = <kernel_t>add_dot_plane[float]
    kernels.operations[ADD_DOT - PRODUCTS][FLOAT64] = <kernel_t>add_dot_plane[double]
    if BASELINE:
        kernels.operations[ADD_DOT - PRODUCTS][LONGDOUBLE] = (
            <kernel_t>add_dot_plane[longdouble]
        )
        fill_long_operation(
            kernels.operations[PRODUCTS - PRODUCTS],
            <kernel_t>products_plane[longdouble], <kernel_t>products_plane[clongdouble],
        )
        fill_long_operation(
            kernels.operations[ADDCMUL - PRODUCTS],
            <kernel_t>addcmul_plane[longdouble], <kernel_t>addcmul_plane[clongdouble],
        )
        fill_long_operation(
            kernels.operations[ADDCDIV - PRODUCTS],
            <kernel_t>addcdiv_plane[longdouble], <kernel_t>addcdiv_plane[clongdouble],
        )
        fill_long_operation(
            kernels.operations[LERP - PRODUCTS],
            <kernel_t>lerp_plane[longdouble], <kernel_t>lerp_plane[clongdouble],
        )


cdef void fill_long_operation(
    kernel_t to[NATIVE_COUNT], kernel_t real, kernel_t both
) noexcept:
    to[LONGDOUBLE], to[CLONGDOUBLE] = real, both


cdef void fill(kernels_t* kernels) noexcept:
    kernels.transpose = transpose
    make_shuffles()
    kernels.spread = spread
    fill_operations(kernels)
    kernels.clamp[INT8] = <kernel_t>clamp_plane[int8_t]
    kernels.clamp[UINT8] = <kernel_t>clamp_plane[uint8_t]
    kernels.clamp[INT16] = <kernel_t>clamp_plane[int16_t]
    kernels.clamp[UINT16] = <kernel_t>clamp_plane[uint16_t]
    kernels.clamp_sum[INT8] = <sum_t>clamp_sum_plane[int8_t]
    kernels.clamp_sum[UINT8] = <sum_t>clamp_sum_plane[uint8_t]
    kernels.clamp_sum[INT16] = <sum_t>clamp_sum_plane[int16_t]
    kernels.clamp_sum[UINT16] = <sum_t>clamp_sum_plane[uint16_t]
    fill_saturations(kernels.saturate[FLOAT32 - FLOAT32], <float*>NULL)
    fill_saturations(kernels.saturate[FLOAT64 - FLOAT32], <double*>NULL)
    if BASELINE:
        fill_saturations(kernels.saturate[LONGDOUBLE - FLOAT32], <longdouble*>NULL)
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
        <kernel_t>relu_plane[int8_t], <kernel_t>relu_plane[int16_t],
        <kernel_t>relu_plane[int32_t], <kernel_t>relu_plane[int64_t],
    ])
    kernels.clip[FLOAT16] = kernels.clip[BFLOAT16] = <kernel_t>clip_plane[int16_t]
    kernels.clip[FLOAT32] = <kernel_t>clip_plane[int32_t]
    kernels.clip[FLOAT64] = <kernel_t>clip_plane[int64_t]
    kernels.norm[FLOAT32] = <kernel_t>norm_plane[float]
    kernels.norm[FLOAT64] = <kernel_t>norm_plane[double]
    if BASELINE:
        kernels.sum[LONGDOUBLE] = <sum_t>sum_plane[longdouble]
        kernels.sum[CLONGDOUBLE] = <sum_t>sum_plane[clongdouble]
        kernels.clip[LONGDOUBLE] = <kernel_t>clip_plane[longdouble]
        kernels.relu[LONGDOUBLE] = <kernel_t>relu_plane[longdouble]
        kernels.norm[LONGDOUBLE] = <kernel_t>norm_plane[longdouble]
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
