# where=: a block is computed apart from out, of which then some is stored.
# Uses: native, job, strips.

cdef inline bint is_masked(const job_t* job) noexcept nogil:
    return job.plan.operands > job.plan.inputs + 1


cdef inline const view_t* mask_of(
    const job_t* job, const plane_t* block
) noexcept nogil:
    return &block.views[job.plan.inputs + 1]


cdef inline const char* mask_row(
    const view_t* mask, Py_ssize_t i, Py_ssize_t n
) noexcept nogil:
    """Row i of a mask, as bytes side by side."""
    cdef const char* row = mask.data + i * mask.strides[0]
    cdef char* packed
    cdef Py_ssize_t j
    if mask.strides[1] == 1:
        return row
    packed = scratch_of_thread() + MASK_AT
    for j in range(n):
        packed[j] = row[j * mask.strides[1]]
    return packed


cdef inline void store_places(
    char* out, Py_ssize_t out_stride, const char* x, const uint16_t* places,
    Py_ssize_t count, Py_ssize_t itemsize, Py_ssize_t copied,
) noexcept nogil:
    cdef Py_ssize_t k
    for k in range(count):
        memcpy(out + places[k] * out_stride, x + places[k] * itemsize, copied)


cdef void store_masked(
    const view_t* out, const view_t* mask, const Py_ssize_t* shape,
    const view_t* computed, Py_ssize_t itemsize,
) noexcept nogil:
    """(The places are listed first: a branch on each element of a random mask is
    mispredicted every other time.)"""
    cdef uint16_t* places = <uint16_t*>(scratch_of_thread() + PLACES_AT)
    cdef const char* row
    cdef const char* x
    cdef char* y
    cdef Py_ssize_t i, j, count, stride = out.strides[1]
    for i in range(shape[0]):
        row = mask_row(mask, i, shape[1])
        x = computed.data + i * computed.strides[0]
        y = out.data + i * out.strides[0]
        count = 0
        for j in range(shape[1]):
            places[count] = <uint16_t>j
            count += row[j] != 0
        if itemsize == 1:
            store_places(y, stride, x, places, count, 1, 1)
        elif itemsize == 2:
            store_places(y, stride, x, places, count, 2, 2)
        elif itemsize == 4:
            store_places(y, stride, x, places, count, 4, 4)
        elif itemsize == 8:
            store_places(y, stride, x, places, count, 8, 8)
        else:
            store_places(y, stride, x, places, count, itemsize, itemsize)


cdef inline Py_ssize_t next_false(
    const char* row, Py_ssize_t begin, Py_ssize_t end
) noexcept nogil:
    cdef const char* found = NULL
    if begin < end:
        found = <const char*>memchr(row + begin, 0, end - begin)
    return end if found == NULL else found - row


cdef inline Py_ssize_t next_true(
    const char* row, Py_ssize_t begin, Py_ssize_t end
) noexcept nogil:
    """(Any byte but 0 is True, as where numbers are viewed as bool.)"""
    cdef uint64_t[4] words
    while begin + 32 <= end:
        memcpy(words, row + begin, 32)
        if words[0] | words[1] | words[2] | words[3] != 0:
            break
        begin += 32
    while begin < end and row[begin] == 0:
        begin += 1
    return begin


cdef Py_ssize_t count_selected(
    const view_t* mask, const Py_ssize_t* shape
) noexcept nogil:
    """Exactly where it is all or none; else about."""
    cdef const char* row
    cdef uint64_t word
    cdef Py_ssize_t i, j, count = 0, n = shape[1]
    for i in range(shape[0]):
        row = mask_row(mask, i, n)
        if next_false(row, 0, n) == n:
            count += n
            continue
        j = next_true(row, 0, n)
        while j < n:
            word = 1
            if j + 8 <= n:
                memcpy(&word, row + j, 8)
                word = word * <uint64_t>0x0101010101010101 >> 56  # of its bytes the sum
            count += 1 if count == 0 else min(word, 8)
            j += 8
        if count >= (i + 1) * n:
            count = (i + 1) * n - 1
    return count


cdef void compute_runs(const job_t* job, const plane_t* block) noexcept nogil:
    """Only where the mask is True, run by run."""
    cdef plane_t run
    cdef const char* row
    cdef Py_ssize_t i, begin, end, n = block.shape[1]
    cdef int operand
    for i in range(block.shape[0]):
        row = mask_row(mask_of(job, block), i, n)
        begin = next_true(row, 0, n)
        while begin < n:
            end = next_false(row, begin, n)
            run = block[0]
            run.shape[0], run.shape[1] = 1, end - begin
            for operand in range(job.plan.inputs + 1):
                run.views[operand].data += (
                    i * run.views[operand].strides[0]
                    + begin * run.views[operand].strides[1]
                )
            compute_anywhere(job, &run)
            begin = next_true(row, end, n)


cdef inline void compute_anywhere(const job_t* job, plane_t* block) noexcept nogil:
    if job.direct:
        call_kernel(job, block)
    elif job.operation == ADAM:
        update_by_way_of_scratch(job, block)
    else:
        add_by_way_of_scratch(job, block)


cdef void compute_masked(const job_t* job, plane_t* block) noexcept nogil:
    """A block is computed as a whole, apart from out, of which then some is stored.
    Only if that raises flags, which may be those of elements that do not count, is it
    computed once more, run by run; as one is of which little is selected."""
    cdef view_t out = block.views[OUT]
    cdef plane_t whole
    # (The sum so far is of another dtype than the out of its plan.)
    cdef Py_ssize_t itemsize = itemsizes[
        job.dtype if job.direct else job.carriers[OUT].dtype
    ]
    cdef Py_ssize_t size = block.shape[0] * block.shape[1]
    cdef Py_ssize_t selected = count_selected(mask_of(job, block), block.shape)
    cdef int before
    if selected == size:
        compute_anywhere(job, block)
        return
    if selected < size // SPARSE:
        compute_runs(job, block)
        return
    block.views[OUT] = packed_view(
        scratch_of_thread() + MASKED_AT, block.shape[0], block.shape[1], itemsize
    )
    before = all_flags()
    if before:
        feclearexcept(WATCHED)
    whole = block[0]
    compute_anywhere(job, &whole)
    if all_flags():
        feclearexcept(WATCHED)
        compute_runs(job, block)
    if before:
        feraiseexcept(before)
    store_masked(
        &out, mask_of(job, block), block.shape, &block.views[OUT], itemsize
    )
