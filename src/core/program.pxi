# Which way a job goes: how its operands are read, which kernel takes them, and how out
# is written. Each policy is a function, and its threshold a constant of job.pxi.
# Uses: native, plan, job, masks, layouts.

cdef inline bint is_plain(const job_t* job, int operand) noexcept nogil:
    return not (
        job.carriers[operand].raw or job.carriers[operand].transposed
        or job.carriers[operand].folded
    )


cdef inline bint kernel_converts(const job_t* job, int operand) noexcept nogil:
    return (
        job.carriers[operand].dtype != job.dtype and is_plain(job, operand)
        and kernels.add[job.carriers[operand].dtype][job.dtype] != NULL
    )


cdef void exchange_operands(job_t* job) noexcept nogil:
    cdef plan_t* plan = &job.plan
    cdef int axis
    cdef scalar_t number = job.beta
    cdef carrier_t carrier = job.carriers[A]
    job.beta, job.alpha = job.alpha, number
    job.real = (
        (BETA_REAL if job.real & ALPHA_REAL else 0)
        | (ALPHA_REAL if job.real & BETA_REAL else 0)
    )
    job.carriers[A], job.carriers[B] = job.carriers[B], carrier
    if job.carriers[A].folded or job.carriers[B].folded:
        for axis in range(2):
            job.fold.strides[A][axis], job.fold.strides[B][axis] = (
                job.fold.strides[B][axis], job.fold.strides[A][axis]
            )
    plan.data[A], plan.data[B] = plan.data[B], plan.data[A]
    plan.itemsize[A], plan.itemsize[B] = plan.itemsize[B], plan.itemsize[A]
    for axis in range(plan.ndim):
        plan.strides[A][axis], plan.strides[B][axis] = (
            plan.strides[B][axis], plan.strides[A][axis]
        )


cdef bint converts_beforehand(const plan_t* plan) noexcept nogil:
    """Whether scratch serves a mixture better than a kernel, which takes elements that
    are no neighbours one by one."""
    cdef int operand, row = plan.ndim - 1
    cdef Py_ssize_t stride
    cdef bint in_rows = True
    for operand in range(plan.inputs + 1):
        if plan.data[operand] == NULL:  # the sum so far, in scratch
            continue
        stride = plan.strides[operand][row]
        if stride == 0:
            return True
        in_rows &= stride == plan.itemsize[operand]
    return not in_rows and plan.itemsize[OUT] <= <Py_ssize_t>sizeof(float)


cdef void let_kernel_convert(job_t* job, Py_ssize_t size) noexcept nogil:
    """A kernel can take its first operand in a narrower dtype and, for a few, the
    second in float32."""
    cdef int operand
    if size >= CONVERTED and converts_beforehand(&job.plan):
        return
    # (Where a 1 would flush, mixtures would need to be told beta from alpha.)
    if job.operation != ADD or job.clamps or ones_flush():
        return
    if not kernel_converts(job, A) or (
        job.carriers[A].dtype == FLOAT32
        and kernels.add_to_float32[job.carriers[B].dtype] != NULL
    ):
        if kernel_converts(job, B):
            exchange_operands(job)
    if not kernel_converts(job, A):
        return
    job.reads[A] = job.carriers[A].dtype
    if (
        job.dtype == FLOAT64 and job.carriers[B].dtype == FLOAT32 and is_plain(job, B)
        and kernels.add_to_float32[job.reads[A]] != NULL
    ):
        job.reads[B] = FLOAT32
    job.direct = True
    for operand in range(B + 1):
        if (
            job.carriers[operand].dtype != job.reads[operand]
            or not is_plain(job, operand)
        ):
            job.direct = False


cdef bint lies_in_rows(const job_t* job, int operand, int dtype) noexcept nogil:
    """Whether an operand of a dtype lies in rows, side by side."""
    cdef int row = job.plan.ndim - 1
    return (
        job.carriers[operand].dtype == dtype and is_plain(job, operand)
        and (row < 0 or job.plan.strides[operand][row] == job.plan.itemsize[operand])
    )


cdef bint sums_fit_clamp(const job_t* steps, int count, int dtype) noexcept nogil:
    """Whether kernels that clamp take a sum: all operands lie in rows, and an int32
    holds what they make."""
    cdef double most = abs((<float*>&steps.alpha)[0])
    cdef int step
    if (
        count >= TERMS or not lies_in_rows(&steps[count - 1], OUT, dtype)
        or not lies_in_rows(steps, B, dtype)
    ):
        return False
    for step in range(count):
        most += abs((<float*>&steps[step].beta)[0])
        if not lies_in_rows(&steps[step], A, dtype):
            return False
    return most * (1 << 8 * itemsizes[dtype]) < MOST_CLAMPED  # and no NaN


cdef void let_kernel_clamp(job_t* steps, int count) noexcept nogil:
    """Small integers that are computed in float32 and must not wrap, as the pixels of
    photographs or the samples of sounds: there are kernels for those of one dtype."""
    cdef job_t* job
    cdef int step, operand, dtype = steps[count - 1].carriers[OUT].dtype
    if (
        is_masked(steps) or steps.dtype != FLOAT32
        or kernels.clamp[steps.operation][dtype] == NULL
    ):
        return
    if steps.operation == ADD:
        if not sums_fit_clamp(steps, count, dtype):
            return
    elif steps.carriers[A].dtype != dtype or steps.carriers[B].dtype != dtype:
        return
    for step in range(count):
        job = &steps[step]
        job.reads[OUT] = job.reads[A] = job.reads[B] = dtype
        job.clamps = job.direct = True
        if job.operation == ADD:
            continue
        for operand in range(job.plan.inputs + 1):
            if (
                job.carriers[operand].dtype != job.reads[operand]
                or job.carriers[operand].spread or not is_plain(job, operand)
            ):
                job.direct = False


cdef inline kernel_t choose_kernel(const job_t* job) noexcept nogil:
    cdef int a = job.reads[A]
    if job.clamps:
        return kernels.clamp[job.operation][a]
    if job.operation == RELU:
        return kernels.relu[a]
    if job.operation == CLIP:
        return kernels.clip[a]
    if job.operation == NORM:
        return kernels.norm[a]
    if job.operation >= PRODUCTS:
        return kernels.operations[job.operation - PRODUCTS][job.dtype]
    if job.reads[B] != job.dtype:
        return kernels.add_to_float32[a]
    return kernels.add[a][job.dtype]


cdef Py_ssize_t shared_bytes(const plan_t* plan) noexcept nogil:
    """Of memory that both operands have, as in x[1:] + x[:-1], about."""
    cdef char* low
    cdef char* high
    cdef char* other_low
    cdef char* other_high
    if plan.inputs < B:
        return 0
    bounds(plan, A, &low, &high)
    bounds(plan, B, &other_low, &other_high)
    return max(
        min(
            min(high, other_high) - max(low, other_low), footprint(plan, A),
            footprint(plan, B),
        ),
        <Py_ssize_t>0,
    )


cdef bint outgrows_caches(const job_t* steps, int count) noexcept nogil:
    """Whether to stream an out that the caches would lose before it is used again.

    Two threads break even where what is read and half of what is written fill the
    last-level cache: 32 MiB of a row of float32, 40 with a broadcast operand; where an
    outer sum of 16 MiB is streamed, it takes 4.6 times as long."""
    cdef const job_t* job = &steps[count - 1]
    cdef const plan_t* plan = &job.plan
    cdef Py_ssize_t bytes = footprint(plan, OUT) // 2
    cdef int step, operand, row = plan.ndim - 1
    if (
        not CAN_STREAM
        or is_masked(job)
        or job.clamps or job.operation == ADD_DOT
        # (2 * 10**6 longdouble, streamed: 6.4 ms instead of 3.5.)
        or job.dtype == LONGDOUBLE or job.dtype == CLONGDOUBLE
        or plan.strides[OUT][row] != plan.itemsize[OUT]
        or plan.shape[row] * plan.itemsize[OUT] < STREAMED_ROW
        or not job.direct
        and (
            job.carriers[OUT].raw or job.carriers[OUT].spread
            or job.carriers[OUT].dtype != job.dtype
        )
    ):
        return False
    for step in range(count):
        job = &steps[step]
        for operand in range(A, job.plan.inputs + 1):
            bytes += footprint(&job.plan, operand)
            # What is also read is in the caches, and is better written there.
            if job.plan.data[operand] == plan.data[OUT]:
                return False
        bytes -= shared_bytes(&job.plan)
    return bytes > streamed_from


cdef bint half_cached(const job_t* job) noexcept nogil:
    """Whether to prefetch: where the operands, of which out is one, are of 3/4 to 3/2
    of the last-level cache and nothing else goes through it, so that some of each is
    always found there, some CPUs alone do not look far enough ahead. (Of other sizes it
    costs up to 10 %.)"""
    cdef const plan_t* plan = &job.plan
    cdef Py_ssize_t bytes = footprint(plan, A)
    if plan.inputs < B or not half_cached_pays:
        return False
    if plan.data[B] != plan.data[A]:
        bytes += footprint(plan, B)
    return (
        job.operation < PRODUCTS
        and 4 * bytes >= 3 * last_level_cache and 2 * bytes <= 3 * last_level_cache
        and (plan.data[A] == plan.data[OUT] or plan.data[B] == plan.data[OUT])
    )


cdef inline bint is_packed_row(const plan_t* plan, int operand) noexcept nogil:
    cdef int row = plan.ndim - 1
    return row < 0 or plan.strides[operand][row] == plan.itemsize[operand]


cdef bint sums_in_registers(
    const job_t* steps, int count, Py_ssize_t size
) noexcept nogil:
    """Whether packed operands are summed up in registers. Where they and out are of a
    quarter to twice the last-level cache, what the CPU reads ahead of many at once can
    come too late. (7 * 10**6 float32 on a Zen 5, whose cache has 32 MB: 0.33 to 0.36
    ms, or from 0.22 to 1.1 in registers, by where the operands happen to lie.)"""
    cdef Py_ssize_t bytes = footprint(&steps[count - 1].plan, OUT)
    cdef int step
    if (
        size < LEAST_SUMMED or kernels.sum_packed[steps.dtype] == NULL
        or not is_packed_row(&steps[count - 1].plan, OUT)
        or not is_packed_row(&steps.plan, B)
    ):
        return False
    for step in range(count):
        bytes += footprint(&steps[step].plan, A)
        if not is_packed_row(&steps[step].plan, A):
            return False
    bytes += footprint(&steps.plan, B)
    return 4 * bytes <= last_level_cache or bytes >= 2 * last_level_cache


cdef sum_t choose_sum(
    const job_t* steps, int count, Py_ssize_t size
) noexcept nogil:
    """Of operands that are read as they lie."""
    if steps.clamps:
        return kernels.clamp_sum[steps.reads[A]]
    if sums_in_registers(steps, count, size):
        return kernels.sum_packed[steps.dtype]
    return kernels.sum[steps.dtype]


cdef inline void choose_kernels(
    job_t* steps, int count, Py_ssize_t size
) noexcept nogil:
    cdef int step, operand
    for step in range(count):
        steps[step].streamed = steps[step].columns_first = False
        steps[step].clamps = False
        for operand in range(MASK):
            steps[step].reads[operand] = steps.dtype
    # (The size is 0 where there is no scratch memory.)
    if unlikely(
        size >= ARRANGED or is_half(steps.dtype) and steps.plan.ndim > 1 and size > 0
    ):
        arrange_operands(steps, count, size)
    if steps.operation >= PRODUCTS:
        spread_operands(steps)
    if unlikely(
        not steps[count - 1].direct and steps[count - 1].carriers[OUT].saturated
    ):
        let_kernel_clamp(steps, count)
    for step in range(count):
        if unlikely(not steps[step].direct):
            let_kernel_convert(&steps[step], size)
    if unlikely(size >= LARGE):
        steps[count - 1].streamed = outgrows_caches(steps, count)
    for step in range(count):
        steps[step].kernel = choose_kernel(&steps[step])
