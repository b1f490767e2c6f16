# How a job is cut into blocks, and how one is found by its number.
# Uses: native, plan, job, masks, program.

cdef inline void cut(job_t* job) noexcept nogil:
    """The first plane, as yet one block."""
    cdef plan_t* plan = &job.plan
    cdef int axis, operand, first = plan.ndim - 2
    for axis in range(2):
        job.plane.shape[axis] = 1
        for operand in range(plan.operands):
            job.plane.views[operand].strides[axis] = 0
        if first + axis >= 0:
            job.plane.shape[axis] = plan.shape[first + axis]
            for operand in range(plan.operands):
                job.plane.views[operand].strides[axis] = (
                    plan.strides[operand][first + axis]
                )
        job.block[axis] = job.plane.shape[axis]
        job.blocks[axis] = 1
    job.lead = 0
    job.plane.prefetched = False
    job.plane.scales[0] = (<const float*>&job.beta)[0]
    job.plane.scales[1] = (<const float*>&job.alpha)[0]
    for operand in range(plan.operands):
        job.plane.views[operand].data = plan.data[operand]
    job.units = 1
    for axis in range(first):
        job.units *= plan.shape[axis]


cdef inline bint side_by_side(const job_t* steps, int count) noexcept nogil:
    """Whether one kernel can take all operands of a sum, as they lie."""
    cdef int step
    if not 1 < count < TERMS:
        return False
    if steps.clamps:
        return True
    for step in range(count):
        if (
            not steps[step].direct or is_masked(&steps[step])
            or steps[step].reads[A] != steps.dtype
            or steps[step].reads[B] != steps.dtype
        ):
            return False
    return True


cdef inline Py_ssize_t columns_into_line(const job_t* job) noexcept nogil:
    """How many columns before the first one a line of out begins.

    (Half of the vectors straddle lines in NumPy's large arrays, which begin 16 bytes
    into one. relu of 10**6 float32 in place: 27 to 30 us instead of 36; `a + b.T` of
    2048 x 2048 float32: 2.1 to 2.6 ms instead of 2.5 to 2.7.)"""
    cdef Py_ssize_t itemsize = job.plan.itemsize[OUT]
    if job.operation in (NORM, ADD_DOT) or job.plane.views[OUT].strides[1] != itemsize:
        return 0
    return (<Py_ssize_t>job.plane.views[OUT].data & LINE - 1) // itemsize


cdef void cut_into_blocks(
    job_t* steps, int count, Py_ssize_t size, int threads
) noexcept nogil:
    """Blocks that fit the scratch memory or, where none is needed, blocks enough for
    the threads."""
    cdef int step, operand, axis
    cdef Py_ssize_t widest = itemsizes[steps.dtype], columns = steps.plane.shape[1]
    cdef Py_ssize_t most, blocks, missing, tile
    cdef bint across = False, by_scratch = False, as_it_is = True
    if count > 1:
        steps.sum = choose_sum(steps, count, size)
    if steps.operation in (NORM, ADD_DOT) and steps.direct:
        most = SUMMED_BLOCK
    elif (
        count == 1 and steps.direct and not is_masked(steps)
        or side_by_side(steps, count)
    ):
        most = min(BLOCK, size // (threads * BLOCKS_PER_THREAD) + LINE & -LINE)
        if columns == size:  # as many for each thread: one of 31 too many is 3 %
            blocks = (size + most - 1) // most
            blocks = (blocks + threads - 1) // threads * threads
            most = (size + LINE + blocks - 1) // blocks + LINE - 1 & -LINE
    else:
        by_scratch = is_masked(steps)
        for step in range(count):
            if steps[step].direct:
                continue
            by_scratch = True
            for operand in range(steps[step].plan.inputs + 1):
                widest = max(widest, itemsizes[steps[step].carriers[operand].dtype])
                across |= steps[step].carriers[operand].transposed
                as_it_is &= (
                    steps[step].carriers[operand].dtype == steps[step].reads[operand]
                    and not steps[step].carriers[operand].raw
                )
        most = (PIECE if by_scratch else SUM) // widest
        if steps.plan.inputs > 2:
            most = 2 * most // steps.plan.inputs  # so that all fit the L1 cache
        # What is only transposed takes two of its three pieces; a column of it that is
        # brought side by side, half of that first.
        if across and as_it_is and not is_masked(steps):
            most *= 2
        if across:
            tile = max(TILE_ROW // widest, 1)
            if columns >= 2 * tile:  # (Of little more than a tile, none is left over.)
                columns = tile
    if steps.columns_first:
        columns = min(columns, <Py_ssize_t>SHARED_COLUMNS)
    missing = columns_into_line(&steps[count - 1])
    for step in range(count):
        steps[step].block[1] = max(1, min(columns, most))
        steps[step].block[0] = max(
            1, min(steps.plane.shape[0], most // steps[step].block[1])
        )
        if 4 * steps[step].block[1] < steps.plane.shape[1]:  # one more is not felt
            steps[step].lead = missing % steps[step].block[1]
        for axis in range(2):
            steps[step].blocks[axis] = (
                (
                    steps.plane.shape[axis] + steps[step].block[axis] - 1
                    + (steps[step].lead if axis == 1 else 0)
                ) // steps[step].block[axis]
            )
            steps[step].units *= steps[step].blocks[axis]


# Which block: of which plane, and where in it.
cdef struct place_t:
    Py_ssize_t index[MAX_NDIM]
    Py_ssize_t i, j


cdef void find_place(const job_t* job, Py_ssize_t unit, place_t* place) noexcept nogil:
    """Blocks are counted in memory order of out, or the columns of all planes first."""
    cdef int axis
    cdef Py_ssize_t others = job.units // job.blocks[1]
    if job.columns_first:
        place.j = unit // others
        unit %= others
    else:
        place.j = unit % job.blocks[1]
        unit //= job.blocks[1]
    place.i = unit % job.blocks[0]
    unit //= job.blocks[0]
    for axis in range(job.plan.ndim - 3, -1, -1):
        place.index[axis] = unit % job.plan.shape[axis]
        unit //= job.plan.shape[axis]


cdef inline void next_place(const job_t* job, place_t* place) noexcept nogil:
    cdef int axis
    if not job.columns_first:
        place.j += 1
        if place.j < job.blocks[1]:
            return
        place.j = 0
    place.i += 1
    if place.i < job.blocks[0]:
        return
    place.i = 0
    for axis in range(job.plan.ndim - 3, -1, -1):
        place.index[axis] += 1
        if place.index[axis] < job.plan.shape[axis]:
            return
        place.index[axis] = 0
    if job.columns_first:
        place.j += 1


cdef inline void block_at(
    const job_t* job, const place_t* place, plane_t* block
) noexcept nogil:
    cdef int axis, operand
    cdef Py_ssize_t i = place.i * job.block[0]
    cdef Py_ssize_t j = place.j * job.block[1] - job.lead
    block.prefetched = job.plane.prefetched
    block.scales = job.plane.scales
    block.shape[0] = min(job.block[0], job.plane.shape[0] - i)
    block.shape[1] = min(j + job.block[1], job.plane.shape[1])
    j = max(j, 0)
    block.shape[1] -= j
    for operand in range(job.plan.operands):
        block.views[operand] = job.plane.views[operand]
        block.views[operand].data += (
            i * block.views[operand].strides[0] + j * block.views[operand].strides[1]
        )
        for axis in range(job.plan.ndim - 2):
            block.views[operand].data += (
                place.index[axis] * job.plan.strides[operand][axis]
            )
