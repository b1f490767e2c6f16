# Which way a job goes: how its operands are read, which kernel takes them, and how out
# is written. Each policy is a function, and its threshold a constant of job.pxi.
# Uses: native, plan, job, masks.

cdef inline void make_carriers(job_t* job) noexcept nogil:
    """Let a direct job go by way of scratch."""
    cdef int operand
    memset(job.carriers, 0, sizeof(job.carriers))
    for operand in range(MASK):
        job.carriers[operand].dtype = job.dtype
    job.direct = False


cdef void interchange_axes(job_t* steps, int count) noexcept nogil:
    """Where an operand's neighbours in memory lie along another axis than out's, make
    that axis the other one of the plane, which is then computed in tiles."""
    cdef plan_t* plan
    cdef int step, each, operand, near, row = steps.plan.ndim - 1
    cdef bint turned = False
    if row < 1:
        return
    for step in range(count):
        plan = &steps[step].plan
        for operand in range(A, plan.inputs + 1):
            if llabs(plan.strides[operand][row]) < LINE:
                continue
            near = nearest(plan, operand)
            if (
                near == row or turned and near != row - 1
                or plan.shape[near] < LEAST_TILE or plan.shape[row] < LEAST_TILE
            ):
                continue
            for each in range(count):
                move_axis(&steps[each].plan, near, row - 1)
            turned = True
            if steps[step].direct:
                make_carriers(&steps[step])
            steps[step].carriers[operand].transposed = True


cdef void spread_operands(job_t* job) noexcept nogil:
    """Kernels of three or four operands take rows that lie side by side: bring there
    what does not. (A last operand that is no factor of an addition may be constant
    along a row.)"""
    cdef const plan_t* plan = &job.plan
    cdef int operand, row = plan.ndim - 1
    cdef bint is_short = row > 0 and plan.shape[row] < SHORT_ROW
    cdef bint takes_constant = job.operation == PRODUCTS or job.operation == LERP
    cdef Py_ssize_t stride, itemsize
    if row < 0:
        return
    for operand in range(plan.inputs + 1):
        stride, itemsize = plan.strides[operand][row], plan.itemsize[operand]
        if is_short:
            if stride == itemsize and (
                plan.strides[operand][row - 1] == plan.shape[row] * itemsize
            ):
                continue
        elif stride == itemsize or (
            stride == 0 and operand == plan.inputs and takes_constant
        ):
            continue
        if job.direct:
            make_carriers(job)
        job.carriers[operand].spread = True


cdef void avoid_small_planes(job_t* steps, int count) noexcept nogil:
    cdef const plan_t* plan = &steps.plan
    cdef int step, axis, row = plan.ndim - 1, longest = row
    if (
        plan.ndim < 3 or steps.operation >= PRODUCTS
        or plan.shape[row] * plan.shape[row - 1] * plan.itemsize[OUT] >= SMALL_PLANE
    ):
        return
    for axis in range(row):
        if plan.shape[axis] > plan.shape[longest]:
            longest = axis
    if plan.shape[longest] < LONGER * plan.shape[row]:
        return
    for step in range(count):
        move_axis(&steps[step].plan, longest, row)
        steps[step].columns_first = True


cdef int first_axis(const plan_t* plan, int operand) noexcept nogil:
    """The outermost axis along which an operand is not constant."""
    cdef int axis = 0
    while axis < plan.ndim and plan.strides[operand][axis] == 0:
        axis += 1
    return axis


cdef bint is_scattered(const plan_t* plan, int operand, int first) noexcept nogil:
    """Whether an operand, small by its axes from `first` on, is worth packing."""
    cdef int axis
    cdef Py_ssize_t elements = 1, all = size_of(plan)
    cdef bint contiguous = True
    for axis in range(plan.ndim - 1, first - 1, -1):
        contiguous &= (
            plan.strides[operand][axis] == elements * plan.itemsize[operand]
        )
        elements *= plan.shape[axis]
    return (
        not contiguous and 0 < first < plan.ndim
        and elements * plan.itemsize[operand] <= PACKED_BEFORE
        and elements * SELDOM <= all
    )


cdef void pack_operand(
    plan_t* plan, int operand, int first, char* memory
) noexcept nogil:
    """Copy an operand's elements, in the order of the axes from `first` on."""
    cdef Py_ssize_t[MAX_NDIM] index
    cdef Py_ssize_t* strides = plan.strides[operand]
    cdef Py_ssize_t itemsize = plan.itemsize[operand], stride = itemsize
    cdef const char* x = plan.data[operand]
    cdef char* packed = memory
    cdef int axis
    for axis in range(first, plan.ndim):
        index[axis] = 0
    axis = first
    while axis >= first:
        memcpy(packed, x, itemsize)
        packed += itemsize
        axis = plan.ndim - 1
        while axis >= first:
            index[axis] += 1
            x += strides[axis]
            if index[axis] < plan.shape[axis]:
                break
            x -= index[axis] * strides[axis]
            index[axis] = 0
            axis -= 1
    for axis in range(plan.ndim - 1, first - 1, -1):
        strides[axis] = stride
        stride *= plan.shape[axis]
    plan.data[operand] = memory


cdef void pack_small_operands(job_t* job) noexcept nogil:
    """So that axes merge, as of a batch of matrices to which one transposed matrix is
    added."""
    cdef plan_t* plan = &job.plan
    cdef int operand, first
    cdef bint packed = False
    for operand in range(A, plan.inputs + 1):
        first = first_axis(plan, operand)
        if is_scattered(plan, operand, first) and scratch_of_thread() != NULL:
            pack_operand(
                plan, operand, first,
                scratch_of_thread() + PACKED_AT + operand * PACKED_BEFORE,
            )
            packed = True
    if packed:
        merge_axes(plan)


cdef inline bint is_plain(const job_t* job, int operand) noexcept nogil:
    return not job.carriers[operand].raw and not job.carriers[operand].transposed


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


cdef void let_kernel_clamp(job_t* steps, int count) noexcept nogil:
    """Small integers that are added as float32 and must not wrap, as the pixels of
    photographs or the samples of sounds: there are kernels for rows of one dtype, and
    sums that an int32 holds."""
    cdef const job_t* last = &steps[count - 1]
    cdef int step, dtype = last.carriers[OUT].dtype
    cdef double most = abs((<float*>&steps.alpha)[0])
    if (
        is_masked(steps) or steps.operation != ADD or steps.dtype != FLOAT32
        or count >= TERMS or kernels.clamp[dtype] == NULL
        or not lies_in_rows(last, OUT, dtype) or not lies_in_rows(steps, B, dtype)
    ):
        return
    for step in range(count):
        most += abs((<float*>&steps[step].beta)[0])
        if not lies_in_rows(&steps[step], A, dtype):
            return
    if not most * (1 << 8 * itemsizes[dtype]) < MOST_CLAMPED:  # or a NaN
        return
    for step in range(count):
        steps[step].reads[A] = steps[step].reads[B] = dtype
        steps[step].clamps = steps[step].direct = True


cdef inline add_t choose_kernel(const job_t* job) noexcept nogil:
    cdef int a = job.reads[A]
    if job.clamps:
        return kernels.clamp[a]
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
    return bytes > last_level_cache


cdef bint half_cached(const job_t* job) noexcept nogil:
    """Whether to prefetch: where the operands, of which out is one, are of 3/4 to 3/2
    of the last-level cache and nothing else goes through it, so that some of each is
    always found there, the CPU alone does not look far enough ahead. (4 * 10**6 float32
    on a Zen 3: 0.45 ms instead of 0.62. Elsewhere it costs up to 10 %.)"""
    cdef const plan_t* plan = &job.plan
    cdef Py_ssize_t bytes = footprint(plan, A)
    if plan.inputs < B:
        return False
    if plan.data[B] != plan.data[A]:
        bytes += footprint(plan, B)
    return (
        job.operation < PRODUCTS
        and 4 * bytes >= 3 * last_level_cache and 2 * bytes <= 3 * last_level_cache
        and (plan.data[A] == plan.data[OUT] or plan.data[B] == plan.data[OUT])
    )


cdef inline void choose_kernels(
    job_t* steps, int count, Py_ssize_t size
) noexcept nogil:
    cdef int step, operand
    for step in range(count):
        steps[step].streamed = steps[step].columns_first = False
        steps[step].clamps = False
        for operand in range(MASK):
            steps[step].reads[operand] = steps.dtype
    if size >= LARGE:
        interchange_axes(steps, count)
        avoid_small_planes(steps, count)
    if steps.operation >= PRODUCTS:
        spread_operands(steps)
    if not steps[count - 1].direct and steps[count - 1].carriers[OUT].saturated:
        let_kernel_clamp(steps, count)
    for step in range(count):
        if not steps[step].direct:
            let_kernel_convert(&steps[step], size)
    if size >= LARGE:
        steps[count - 1].streamed = outgrows_caches(steps, count)
    for step in range(count):
        steps[step].add = choose_kernel(&steps[step])
