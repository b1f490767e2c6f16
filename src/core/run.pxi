# The run: the blocks of one job, or of many, computed by this thread or by several, and
# the floating-point flags that they raise.
# Uses: native, plan, job, threads, strips, masks, layouts, program, blocks.

cdef extern from "numpy/ufuncobject.h":
    int PyUFunc_GiveFloatingpointErrors(const char* name, int flags) except -1
    enum:
        NPY_FPE_DIVIDEBYZERO
        NPY_FPE_OVERFLOW
        NPY_FPE_UNDERFLOW
        NPY_FPE_INVALID


cdef inline void compute_block(const job_t* job, plane_t* block) noexcept nogil:
    if is_masked(job):
        compute_masked(job, block)
    elif job.direct and job.repeated != OUT:
        add_repeated(job, block)
    else:
        compute_anywhere(job, block)


cdef void sum_block(
    const job_t* steps, int count, const place_t* place
) noexcept nogil:
    """A block of a sum of which every operand can be read as it lies."""
    cdef term_t[TERMS] terms
    cdef plane_t block
    cdef int step
    for step in range(count):
        block_at(&steps[step], place, &block)
        if step == 0:
            terms[1].view = block.views[B]
            terms[1].weight = &steps.alpha
            terms[1].real = steps.real & ALPHA_REAL
        terms[step + 1 if step > 0 else 0].view = block.views[A]
        terms[step + 1 if step > 0 else 0].weight = &steps[step].beta
        terms[step + 1 if step > 0 else 0].real = steps[step].real & BETA_REAL
    steps.sum(
        &block, block.views[OUT].data, terms, count + 1, steps[count - 1].streamed
    )


cdef void run_blocks(
    const job_t* steps, int count, Py_ssize_t begin, Py_ssize_t end
) noexcept nogil:
    """Compute some of the blocks. The sum so far stays in the L1 cache: out, which may
    be any of the operands, is written by the last step."""
    cdef view_t sum
    cdef place_t place
    cdef plane_t block
    cdef Py_ssize_t unit
    cdef int step
    cdef bint summed = side_by_side(steps, count)
    find_place(steps, begin, &place)
    for unit in range(begin, end):
        if summed:
            sum_block(steps, count, &place)
            next_place(steps, &place)
            continue
        for step in range(count):
            block_at(&steps[step], &place, &block)
            if count > 1:
                sum = packed_view(
                    scratch_of_thread() + SUM_AT,
                    block.shape[0], block.shape[1], itemsizes[steps.dtype],
                )
                if step > 0:
                    block.views[B] = sum
                if step + 1 < count:
                    block.views[OUT] = sum
            if steps.operation == NORM:
                block.views[OUT].data = <char*>&steps.partials[unit]
            elif steps.operation == ADD_DOT:
                block.views[D].data = <char*>&steps.partials[unit]
            compute_block(&steps[step], &block)
        next_place(steps, &place)
    if steps[count - 1].streamed:
        finish_stream()


cdef inline void run_whole(const job_t* steps, int count) noexcept nogil:
    if steps.whole:
        steps.kernel(
            &steps.plane, steps.plane.views[A].data, &steps.beta, &steps.alpha,
            steps.real,
        )
    else:
        run_blocks(steps, count, 0, steps.units)


cdef inline Py_ssize_t units_within(
    const job_t* job, Py_ssize_t size, Py_ssize_t elements
) noexcept nogil:
    """The units of a job that lie in its first elements, about."""
    if elements <= 0:
        return 0
    if elements >= size:
        return job.units
    return <Py_ssize_t>(<double>job.units * elements / size + 0.5)


# Jobs of `count` steps each, as a task of the pool; they have `size` elements in all.
cdef struct work_t:
    task_t task
    const job_t* steps
    int count
    int jobs
    Py_ssize_t size
    fenv_t environment  # of the caller
    word_t raised


cdef inline Py_ssize_t start_of_chunk(const work_t* work, int chunk) noexcept nogil:
    # (Chunks that become smaller to the end of a share gained nothing.)
    return (
        work.size // work.task.chunks * chunk
        + min(work.size % work.task.chunks, <Py_ssize_t>chunk)
    )


cdef inline int job_at(const work_t* work, Py_ssize_t element) noexcept nogil:
    """The last job that begins with an element or before."""
    cdef int first = 0, last = work.jobs, middle
    while last - first > 1:
        middle = (first + last) // 2
        if work.steps[middle * work.count].first <= element:
            first = middle
        else:
            last = middle
    return first


cdef void compute_chunk(const work_t* work, int chunk) noexcept nogil:
    """Of several jobs, a chunk is a share of all elements."""
    cdef Py_ssize_t begin = start_of_chunk(work, chunk)
    cdef Py_ssize_t end = start_of_chunk(work, chunk + 1)
    cdef Py_ssize_t length, first, last
    cdef const job_t* steps
    cdef int job
    for job in range(job_at(work, begin), work.jobs):
        steps = work.steps + job * work.count
        if steps.first >= end:
            break
        length = size_of(&steps.plan)
        first = units_within(steps, length, begin - steps.first)
        last = units_within(steps, length, end - steps.first)
        if first < last:
            run_blocks(steps, work.count, first, last)


cdef int compute_chunks(task_t* task, int share) noexcept nogil:
    """What one thread computes, with the rounding and subnormals of the caller, whose
    are the flags that it raises."""
    cdef work_t* work = <work_t*>task
    cdef int chunk, passed = 0, computed = 0
    if share > 0:
        if scratch_of_thread() == NULL:
            return 0
        fesetenv(&work.environment)
    chunk = claim_chunk(task, share, &passed)
    while chunk >= 0:
        compute_chunk(work, chunk)
        computed += 1
        chunk = claim_chunk(task, share, &passed)
    if computed > 0:
        word_or(&work.raised, all_flags())
    return computed


cdef int run_by_threads(
    const job_t* steps, int count, int jobs, Py_ssize_t size, Py_ssize_t nbytes,
    int threads, int allowed,
) noexcept nogil:
    """The flags that were raised, by whichever thread."""
    cdef work_t work
    cdef Py_ssize_t chunks = max(
        min(nbytes // threads // LEAST_CHUNK, <Py_ssize_t>CHUNKS_PER_THREAD),
        nbytes // threads // MOST_CHUNK, <Py_ssize_t>1,
    )
    work.task.compute = compute_chunks
    work.task.chunks = threads * <int>min(chunks, <Py_ssize_t>MAX_CHUNKS)
    work.steps = steps
    work.count = count
    work.jobs = jobs
    work.size = size
    word_store(&work.raised, 0)
    fegetenv(&work.environment)
    compute_task(&work.task, threads, allowed, nbytes)
    return word_load(&work.raised)


cdef inline bint waits_for_memory(int dtype) noexcept nogil:
    """Whether an element takes no longer to compute than to read and write."""
    return dtype not in (FLOAT16, BFLOAT16, LONGDOUBLE, CLONGDOUBLE)


cdef inline bint is_strided(const plan_t* plan) noexcept nogil:
    """Whether elements of a row are no neighbours in some operand."""
    cdef int operand, row = plan.ndim - 1
    if row >= 0:
        for operand in range(plan.inputs + 1):
            if plan.strides[operand][row] not in (0, plan.itemsize[operand]):
                return True
    return False


cdef Py_ssize_t cost(
    const job_t* steps, int count, Py_ssize_t size
) noexcept nogil:
    """Bytes of results, by what they cost."""
    cdef Py_ssize_t bytes = 0, each
    cdef int step
    for step in range(count):
        if (
            steps[step].direct and not is_masked(steps)
            and waits_for_memory(steps.dtype) and steps.operation != ADAM
        ):
            each = size * itemsizes[steps.dtype]
            if is_strided(&steps[step].plan):
                each = max(each, size * STRIDED)
            if steps[step].operation >= PRODUCTS:  # (An addition has two inputs.)
                each = each * (steps[step].plan.inputs + 1) // 3
        else:
            each = size * itemsizes[steps.dtype] * COSTLY
        bytes += each
    return bytes


cdef inline int threads_for(
    Py_ssize_t nbytes, Py_ssize_t size, int* allowed
) except -1:
    """How many threads compute so many elements that cost as much as so many bytes, of
    those that are allowed in all."""
    cdef Py_ssize_t most = min(nbytes // BYTES_PER_THREAD, size // LINE)
    allowed[0] = 1
    if most > 1:
        allowed[0] = min(allowed_threads(), <int>MAX_THREADS)
    return <int>max(min(most, allowed[0]), 1)


cdef inline int check_scratch(const job_t* steps, int count) except -1:
    """Nothing has been written yet. (Workers of the pool have theirs.)"""
    if unlikely(
        count > 1 or not steps.direct or steps.streamed or steps.repeated != OUT
        or is_masked(steps)
    ) and scratch_of_thread() == NULL:
        raise MemoryError(f"no memory for {SCRATCH} bytes of scratch")
    return 0


cdef inline void cut_for(
    job_t* steps, int count, Py_ssize_t size, int threads
) noexcept nogil:
    cdef int step
    steps.first = 0
    for step in range(count):
        cut(&steps[step])
        steps[step].repeated = OUT
    if unlikely(count == 1 and size >= LARGE and not is_masked(steps)):
        steps.repeated = repeated_operand(steps)
        steps.plane.prefetched = half_cached(steps)
    if unlikely(
        threads > 1 or count > 1 or not steps.direct or steps.operation == NORM
        or is_masked(steps)
        or size >= LARGE and (size >= RELEASE_GIL or steps.operation == ADD_DOT)
    ):
        cut_into_blocks(steps, count, size, threads)
    steps.whole = (
        count == 1 and steps.direct and steps.units == 1 and steps.operation != NORM
        and not is_masked(steps)
    )
    if unlikely(size >= ALIGNED // 16):
        steps.whole &= (
            steps.repeated == OUT and not steps.streamed
            and not straddles_lines(steps, &steps.plane)
        )


cdef inline int prepare_job(
    job_t* steps, int count, Py_ssize_t size, Py_ssize_t* nbytes, int* allowed
) except -1:
    """Choose how a job goes; how many threads compute it."""
    cdef int threads = 1
    if unlikely(size >= LARGE and count == 1):
        pack_small_operands(steps)
    choose_kernels(steps, count, size)
    if unlikely(size >= LARGE):
        nbytes[0] = cost(steps, count, size)
        threads = threads_for(nbytes[0], size, allowed)
    cut_for(steps, count, size, threads)
    check_scratch(steps, count)
    return threads


cdef inline int compute_job(job_t* steps, int count) except -1:
    """The flags that were raised; they are not left standing."""
    cdef Py_ssize_t size = size_of(&steps.plan)
    cdef Py_ssize_t nbytes
    cdef int allowed, threads
    if size == 0:
        return 0
    threads = prepare_job(steps, count, size, &nbytes, &allowed)
    return compute_prepared(steps, count, size, nbytes, threads, allowed)


cdef inline int compute_prepared(
    job_t* steps, int count, Py_ssize_t size, Py_ssize_t nbytes, int threads,
    int allowed,
) noexcept:
    cdef bint vectors
    cdef int raised, step
    # (Threads tell all flags, so none may be left standing before.)
    vectors = (
        threads == 1 and waits_for_memory(steps.dtype) and not is_masked(steps)
    )
    for step in range(count):
        vectors &= steps[step].direct
    if unlikely((vector_flags() if vectors else all_flags()) != 0):
        feclearexcept(WATCHED)
    if unlikely(threads > 1):
        with nogil:
            raised = run_by_threads(
                steps, count, 1, size, nbytes, threads, allowed
            )
    else:
        if unlikely(size >= RELEASE_GIL):
            with nogil:
                run_blocks(steps, count, 0, steps.units)
        else:
            run_whole(steps, count)
        raised = vector_flags() if vectors else all_flags()
    if unlikely(raised != 0):
        feclearexcept(WATCHED)
    return raised


cdef inline int report(int raised, const char* name) except -1:
    """Raise or warn as np.errstate asks."""
    if unlikely(raised != 0):
        PyUFunc_GiveFloatingpointErrors(
            name,
            (NPY_FPE_DIVIDEBYZERO if raised & FE_DIVBYZERO else 0)
            | (NPY_FPE_OVERFLOW if raised & FE_OVERFLOW else 0)
            | (NPY_FPE_UNDERFLOW if raised & FE_UNDERFLOW else 0)
            | (NPY_FPE_INVALID if raised & FE_INVALID else 0),
        )
    return 0


# (In one place, not in each gate: 60 kB.)
cdef int run_job(job_t* steps, int count, const char* name) except -1:
    return report(compute_job(steps, count), name)
