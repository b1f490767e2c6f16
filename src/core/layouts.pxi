# How operands that do not lie as out does are brought into its order: axes that are
# exchanged or made one, and what is transposed, gathered or packed. Each is a function,
# and its threshold a constant of job.pxi.
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
            if llabs(plan.strides[operand][row]) < min(
                LEAST_TILE * plan.itemsize[operand], <Py_ssize_t>LINE
            ):
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
    """Bring rows side by side that do not lie so. (Kernels of three or four operands
    take no others, but the last one may be constant along a row; additions take what is
    constant as it is.)"""
    cdef const plan_t* plan = &job.plan
    cdef int operand, row = plan.ndim - 1
    cdef bint is_short = row > 0 and plan.shape[row] < SHORT_ROW
    cdef bint takes_constant = job.operation == PRODUCTS or job.operation == LERP
    cdef Py_ssize_t stride, itemsize
    if row < 0:
        return
    for operand in range(plan.inputs + 1):
        stride, itemsize = plan.strides[operand][row], plan.itemsize[operand]
        if job.operation == ADD and stride == 0 and is_run(plan, operand):
            continue
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


cdef bint is_run(const plan_t* plan, int operand) noexcept nogil:
    """Whether an operand's last two axes are one run of memory, or constant."""
    cdef int row = plan.ndim - 1
    return (
        plan.strides[operand][row - 1] == plan.shape[row] * plan.strides[operand][row]
    )


cdef bint can_fold(const job_t* job, Py_ssize_t size) noexcept nogil:
    """Whether the last two axes may become one, as of a batch of small matrices, of
    which a block takes whole ones."""
    cdef const plan_t* plan = &job.plan
    cdef int operand, row = plan.ndim - 1
    cdef Py_ssize_t elements
    cdef Py_ssize_t widest = max(plan.itemsize[OUT], itemsizes[job.dtype])
    cdef bint folds = False
    if row < 2 or is_masked(job) or not (
        job.operation == ADD or PRODUCTS <= job.operation <= ADDCDIV
    ):
        return False
    elements = plan.shape[row] * plan.shape[row - 1]
    if (
        elements < LEAST_FOLDED and size >= LARGE
        or plan.strides[OUT][row] != plan.itemsize[OUT]
        or not is_run(plan, OUT)
    ):
        return False
    for operand in range(A, plan.inputs + 1):
        widest = max(widest, plan.itemsize[operand])
        if not is_run(plan, operand):
            folds = True
            if (
                nearest(plan, operand) < row - 1
                or not job.direct and job.carriers[operand].raw
            ):
                return False
    return folds and elements * widest <= MOST_FOLDED


cdef bint fold_small_planes(job_t* job, Py_ssize_t size) noexcept nogil:
    """So that a block takes many of them."""
    cdef plan_t* plan = &job.plan
    cdef int operand, axis, row = plan.ndim - 1
    if not can_fold(job, size):
        return False
    if job.direct:
        make_carriers(job)
    for operand in range(plan.inputs + 1):
        if not is_run(plan, operand):
            job.carriers[operand].folded = True
            for axis in range(2):
                job.fold.shape[axis] = plan.shape[row - 1 + axis]
                job.fold.strides[operand][axis] = plan.strides[operand][row - 1 + axis]
            plan.strides[operand][row] = plan.itemsize[operand]
        plan.strides[operand][row - 1] = plan.strides[operand][row]
    plan.shape[row - 1] *= plan.shape[row]
    plan.ndim -= 1
    return True


cdef inline bint is_interleaved(const plan_t* plan, int operand) noexcept nogil:
    """Whether a few rows of an operand's memory are columns here, as planes of colours
    are that are added to pixels."""
    cdef int row = plan.ndim - 1
    return (
        plan.strides[operand][row - 1] == plan.itemsize[operand]
        and plan.shape[row] <= (2 if plan.itemsize[operand] == 8 else 4)
    )


cdef inline bint leaves_rest(Py_ssize_t length, int dtype) noexcept nogil:
    """Whether of short rows what is left beside whole vectors, and is computed one by
    one, takes longer than to bring the rows side by side. (Of 8 bytes it never did.)"""
    cdef Py_ssize_t itemsize = itemsizes[dtype]
    if is_half(dtype):
        return length % STRIP_HALVES != 0
    return itemsize <= 4 and (
        REST * (length % (VECTOR // itemsize)) > length * itemsize
    )


cdef inline bint may_repeat(
    const plan_t* plan, int operand, Py_ssize_t size
) noexcept nogil:
    """Whether an operand is one short row for all, as `add_repeated` takes it."""
    cdef int row = plan.ndim - 1
    return (
        size >= LARGE and plan.strides[operand][row - 1] == 0
        and plan.strides[operand][row] == plan.itemsize[operand]
        and REPEATS * plan.shape[row] * plan.itemsize[operand] <= REPEATED
    )


cdef void gather_channels(job_t* steps, int count) noexcept nogil:
    """Bring channels of one and two bytes side by side. (A sum that needs no scratch
    takes them as they are.)"""
    cdef const plan_t* plan
    cdef int step, operand
    for step in range(count):
        plan = &steps[step].plan
        for operand in range(A, B + 1 if step == 0 else B):
            if not is_spaced(plan, operand) or plan.itemsize[operand] > 2:
                continue
            if steps[step].direct:
                if count > 1:
                    continue
                make_carriers(&steps[step])
            steps[step].carriers[operand].spread = True


cdef void gather_operands(job_t* job, Py_ssize_t size) noexcept nogil:
    """An addition takes operands as they lie, but is better off with some that are
    brought side by side: short rows, which become long ones, and channels of bytes. (Of
    62,500 elements, a column and rows of 24 uint8 take 4 us instead of 20, and rows of
    5 float32 14 instead of 22; a channel of three, uint8, 4 instead of 28. Zen 5, 1
    thread.)"""
    cdef const plan_t* plan = &job.plan
    cdef int operand, row = plan.ndim - 1, others = 0, repeated = 0
    cdef bint spreads = False
    if (
        row < 0 or plan.strides[OUT][row] != plan.itemsize[OUT]
        or plan.shape[row] * (plan.shape[row - 1] if row > 0 else 1) < LEAST_PLANE
    ):
        return
    for operand in range(A, B + 1):
        if not job.direct and job.carriers[operand].transposed:
            return
    if row > 0 and plan.shape[row] < SHORT_ROW and is_run(plan, OUT):
        for operand in range(A, B + 1):
            if not is_run(plan, operand):
                others += 1
                repeated += may_repeat(plan, operand, size)
                spreads |= is_interleaved(plan, operand)
        spreads |= leaves_rest(plan.shape[row], job.dtype)
        if spreads and (others > 1 or repeated == 0):
            spread_operands(job)
            return
    gather_channels(job, 1)


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


cdef void arrange_operands(job_t* steps, int count, Py_ssize_t size) noexcept nogil:
    """Choose the order of the axes, and what is brought into it. (Where it must come:
    what operations of three and four operands need is brought by `spread_operands`.)"""
    if count > 1 or not fold_small_planes(steps, size):
        if size >= LARGE or size >= TRANSPOSED and itemsizes[steps.dtype] <= 4:
            interchange_axes(steps, count)
        if size >= LARGE:
            avoid_small_planes(steps, count)
    if steps.operation == ADD:
        if count == 1:
            gather_operands(steps, size)
        else:
            gather_channels(steps, count)


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
