# A block of a job: computed where it lies or, where the kernel cannot take an operand
# as it is, by way of scratch memory that stays in the L1 cache.
# Uses: native, plan, job.

cdef extern from "swap.h" nogil:
    void move_elements(
        Py_ssize_t m, Py_ssize_t n, char* out, const Py_ssize_t* out_strides,
        const char* x, const Py_ssize_t* x_strides, Py_ssize_t itemsize,
        Py_ssize_t word,
    )


cdef inline Py_ssize_t word_of(const carrier_t* carrier) noexcept nogil:
    if not carrier.swapped:
        return 1
    if carrier.dtype >= COMPLEX64:
        return itemsizes[carrier.dtype] // 2
    return itemsizes[carrier.dtype]


cdef inline view_t packed_view(
    char* data, Py_ssize_t m, Py_ssize_t n, Py_ssize_t itemsize
) noexcept nogil:
    cdef view_t view
    view.data = data
    view.strides[0] = n * itemsize if m > 1 else 0
    view.strides[1] = itemsize if n > 1 else 0
    return view


cdef inline view_t transposed_view(view_t view) noexcept nogil:
    view.strides[0], view.strides[1] = view.strides[1], view.strides[0]
    return view


cdef inline convert_t conversion(int from_dtype, int to_dtype) noexcept nogil:
    # (complex64 is copied by its parts: it need not lie at a multiple of 8 bytes.)
    if from_dtype == to_dtype and from_dtype != COMPLEX64:  # a copy, of bits
        if itemsizes[from_dtype] == 1:
            from_dtype = UINT8
        elif itemsizes[from_dtype] == 2:
            from_dtype = UINT16
        elif itemsizes[from_dtype] == 4:
            from_dtype = UINT32
        elif itemsizes[from_dtype] == 8:
            from_dtype = UINT64
        to_dtype = from_dtype
    return kernels.convert[from_dtype][to_dtype]


cdef inline bint follow_one_another(const view_t* view, Py_ssize_t n) noexcept nogil:
    """Whether rows of n elements are one long row."""
    return view.strides[0] == n * view.strides[1]


cdef inline bint lies_side_by_side(
    const view_t* view, const Py_ssize_t* shape, Py_ssize_t itemsize
) noexcept nogil:
    return (shape[0] == 1 or view.strides[0] == shape[1] * itemsize) and (
        shape[1] == 1 or view.strides[1] == itemsize
    )


cdef void load_folded(
    const fold_t* fold, int operand, Py_ssize_t size, Py_ssize_t m, view_t* view,
    char* scratch,
) noexcept nogil:
    """So many planes, each in the order of out."""
    cdef Py_ssize_t rows = fold.shape[0], columns = fold.shape[1], i
    cdef const Py_ssize_t* strides = fold.strides[operand]
    cdef char* y = scratch
    cdef const char* x = view.data
    if strides[0] != size or not kernels.transpose(
        size, m, rows, columns, y, columns * size, x, strides[1], view.strides[0]
    ):
        for i in range(m):
            kernels.spread(size, rows, columns, y, x, strides[0], strides[1])
            y += rows * columns * size
            x += view.strides[0]
    view[0] = packed_view(scratch, m, rows * columns, size)


cdef void load_operand(
    const job_t* job, int operand, int dtype, const Py_ssize_t* shape, view_t* view
) noexcept nogil:
    """Bring a block of an operand into a dtype and the order of the computation. An
    axis along which the operand is constant is brought once and stays constant."""
    cdef const carrier_t* carrier = &job.carriers[operand]
    cdef char* scratch = scratch_of_thread() + 3 * operand * PIECE
    cdef Py_ssize_t m = shape[0] if view.strides[0] != 0 else 1
    cdef Py_ssize_t n = shape[1] if view.strides[1] != 0 else 1
    cdef view_t source, target
    cdef bint across = (carrier.transposed or n == 1) and not carrier.raw
    if carrier.raw:
        target = packed_view(scratch, m, n, itemsizes[carrier.dtype])
        move_elements(
            m, n, target.data, target.strides, view.data, view.strides,
            itemsizes[carrier.dtype], word_of(carrier),
        )
        view[0] = target
        scratch += PIECE
    elif carrier.folded:
        load_folded(&job.fold, operand, itemsizes[carrier.dtype], m, view, scratch)
        scratch += PIECE
    elif (
        carrier.transposed and m > 1 and n > 1
        and view.strides[0] == itemsizes[carrier.dtype]
    ):
        target = packed_view(scratch, m, n, itemsizes[carrier.dtype])
        if kernels.transpose(
            itemsizes[carrier.dtype], 1, m, n, target.data, target.strides[0],
            view.data, view.strides[1], 0,
        ):
            view[0] = target
            scratch += PIECE
            across = False
    if (
        carrier.spread and carrier.dtype != dtype and is_spaced(&job.plan, operand)
        and not (carrier.raw or carrier.transposed or carrier.folded)
    ):
        target = packed_view(scratch, m, n, itemsizes[carrier.dtype])
        kernels.spread(
            itemsizes[carrier.dtype], m, n, scratch, view.data, view.strides[0],
            view.strides[1],
        )
        view[0] = target
        scratch += PIECE
    if carrier.dtype != dtype or across and carrier.transposed:
        source = view[0]
        target = packed_view(scratch, m, n, itemsizes[dtype])
        view[0] = target
        if across:  # read in the order of its memory
            source, target = transposed_view(source), transposed_view(target)
            m, n = n, m
        if follow_one_another(&source, n) and follow_one_another(&target, n):
            m, n = 1, m * n
        conversion(carrier.dtype, dtype)(
            m, n, target.data, target.strides, source.data, source.strides
        )
        scratch += PIECE
    if carrier.spread and not lies_side_by_side(view, shape, itemsizes[dtype]):
        kernels.spread(
            itemsizes[dtype], shape[0], shape[1], scratch, view.data, view.strides[0],
            view.strides[1],
        )
        view.data = scratch
        view.strides[0], view.strides[1] = shape[1] * itemsizes[dtype], itemsizes[dtype]


cdef void store_out(
    const carrier_t* carrier, int dtype, const Py_ssize_t* shape,
    const view_t* computed, const view_t* out, char* scratch,
) noexcept nogil:
    """Bring a computed block, packed at the head of scratch, into out."""
    cdef view_t source = computed[0]
    cdef view_t target = out[0]
    cdef Py_ssize_t itemsize = itemsizes[carrier.dtype]
    cdef Py_ssize_t m = shape[0], n = shape[1]
    if carrier.dtype != dtype:
        if carrier.raw:
            target = packed_view(scratch + PIECE, m, n, itemsize)
        if follow_one_another(&source, n) and follow_one_another(&target, n):
            m, n = 1, m * n
        (
            kernels.saturate[dtype - FLOAT32][carrier.dtype] if carrier.saturated
            else conversion(dtype, carrier.dtype)
        )(m, n, target.data, target.strides, source.data, source.strides)
        source = target
    elif carrier.spread and not carrier.raw:
        conversion(dtype, dtype)(
            shape[0], shape[1], target.data, target.strides, source.data, source.strides
        )
    if carrier.raw:
        move_elements(
            shape[0], shape[1], out.data, out.strides, source.data, source.strides,
            itemsize, word_of(carrier),
        )


cdef inline void merge_rows(plane_t* block, int inputs) noexcept nogil:
    """Make one row of many short ones that follow one another in every operand."""
    cdef int operand
    for operand in range(inputs + 1):
        if (
            block.views[operand].strides[0]
            != block.shape[1] * block.views[operand].strides[1]
        ):
            return
    block.shape[1] *= block.shape[0]
    block.shape[0] = 1


cdef inline void prefetch_strip(
    const char* x, Py_ssize_t stride, Py_ssize_t length
) noexcept nogil:
    """Ask for the strip that follows the one at x (or, of a tile, for its next one)."""
    cdef Py_ssize_t line
    if 0 < llabs(stride) <= LINE:
        for line in range(length * llabs(stride) // LINE):
            prefetch(x + length * stride + (line if stride > 0 else -line) * LINE)


cdef void stream_strips(const job_t* job, const plane_t* block) noexcept nogil:
    """Compute rows strip by strip in scratch, and stream each from there."""
    cdef plane_t strip = block[0]
    cdef Py_ssize_t i, j, itemsize = block.views[OUT].strides[1]
    cdef Py_ssize_t n = block.shape[1], length
    cdef const view_t* view
    cdef char* scratch = scratch_of_thread()
    cdef char* out
    cdef int operand
    strip.shape[0] = 1
    strip.views[OUT].data = scratch + STRIP_AT
    for i in range(block.shape[0]):
        out = block.views[OUT].data + i * block.views[OUT].strides[0]
        length = (-<Py_ssize_t>out & LINE - 1) // itemsize  # up to a line's begin
        j = 0
        while j < n:
            if length == 0 or j > 0:
                length = STREAMED_STRIP // itemsize
            length = min(length, n - j)
            for operand in range(A, job.plan.inputs + 1):
                view = &block.views[operand]
                strip.views[operand].data = (
                    view.data + i * view.strides[0] + j * view.strides[1]
                )
                if not 0 <= view.data - scratch < SCRATCH:
                    prefetch_strip(strip.views[operand].data, view.strides[1], length)
            strip.shape[1] = length
            job.kernel(&strip, strip.views[A].data, &job.beta, &job.alpha, job.real)
            stream_bytes(out + j * itemsize, strip.views[OUT].data, length * itemsize)
            j += length


cdef bint straddles_lines(const job_t* job, const plane_t* block) noexcept nogil:
    """Whether vectors of a long row of out lie in two lines of the cache."""
    cdef const view_t* out = &block.views[OUT]
    return (
        block.shape[1] * out.strides[1] >= ALIGNED_ROW
        and block.shape[0] * block.shape[1] * out.strides[1] >= ALIGNED
        and (<Py_ssize_t>out.data | out.strides[0]) & (VECTOR - 1)
        and out.strides[1] == itemsizes[job.reads[OUT]]
        and job.operation not in (NORM, ADD_DOT)
    )


cdef void compute_from_lines(const job_t* job, const plane_t* block) noexcept nogil:
    """Each row by itself: what lies before out's first whole vector, and the rest."""
    cdef plane_t part = block[0]
    cdef Py_ssize_t i, begin, end
    cdef const view_t* view
    cdef int operand
    part.shape[0] = 1
    for i in range(block.shape[0]):
        begin = 0
        end = (
            -<Py_ssize_t>(block.views[OUT].data + i * block.views[OUT].strides[0])
            & VECTOR - 1
        ) // block.views[OUT].strides[1]
        while begin < block.shape[1]:
            for operand in range(job.plan.inputs + 1):
                view = &block.views[operand]
                part.views[operand].data = (
                    view.data + i * view.strides[0] + begin * view.strides[1]
                )
            part.shape[1] = end - begin
            if begin < end:
                job.kernel(&part, part.views[A].data, &job.beta, &job.alpha, job.real)
            begin, end = end, block.shape[1]


cdef inline void call_kernel(const job_t* job, const plane_t* block) noexcept nogil:
    if job.streamed:
        stream_strips(job, block)
    elif straddles_lines(job, block):
        compute_from_lines(job, block)
    else:
        job.kernel(block, block.views[A].data, &job.beta, &job.alpha, job.real)


cdef void add_by_way_of_scratch(const job_t* job, plane_t* block) noexcept nogil:
    cdef char* scratch = scratch_of_thread()
    cdef int operand
    cdef const carrier_t* carrier = &job.carriers[OUT]
    cdef view_t out = block.views[OUT]
    cdef Py_ssize_t[2] shape = block.shape
    for operand in range(A, job.plan.inputs + 1):
        load_operand(
            job, operand, job.reads[operand], block.shape, &block.views[operand]
        )
    if carrier.raw or carrier.dtype != job.reads[OUT] or carrier.spread:
        block.views[OUT] = packed_view(
            scratch, block.shape[0], block.shape[1], itemsizes[job.reads[OUT]]
        )
    merge_rows(block, job.plan.inputs)
    call_kernel(job, block)
    store_out(carrier, job.reads[OUT], shape, &block.views[OUT], &out, scratch)


cdef void update_by_way_of_scratch(const job_t* job, plane_t* block) noexcept nogil:
    """As above, of a kernel that writes all operands but B, where it reads them."""
    cdef view_t[D + 1] lying = block.views
    cdef carrier_t carrier
    cdef char* scratch
    cdef int operand
    cdef Py_ssize_t[2] shape = block.shape
    for operand in range(A, D + 1):
        load_operand(job, operand, job.dtype, shape, &block.views[operand])
    block.views[OUT] = block.views[A]
    merge_rows(block, D)
    call_kernel(job, block)
    for operand in range(A, D + 1):
        if operand == B or block.views[operand].data == lying[operand].data:
            continue
        carrier = job.carriers[operand]
        carrier.spread = True  # or transposed
        # (A piece before the operand's own: what is converted and then moved byte by
        # byte goes by way of the first of these, which is not the one that it is in.)
        scratch = scratch_of_thread() + (3 * operand - 1) * PIECE
        store_out(
            &carrier, job.dtype, shape, &block.views[operand], &lying[operand], scratch
        )


cdef int repeated_operand(const job_t* job) noexcept nogil:
    """An operand that is one same short row, where all else is one run of rows."""
    cdef const plane_t* plane = &job.plane
    cdef int operand, found = OUT
    cdef Py_ssize_t n = plane.shape[1]
    if (
        not job.direct or job.operation != ADD or job.streamed
        or n < 2 or plane.shape[0] < REPEATS // 2
    ):
        return OUT
    for operand in range(B + 1):
        if plane.views[operand].strides[0] == n * plane.views[operand].strides[1]:
            continue
        if (
            operand == OUT or found != OUT or plane.views[operand].strides[0] != 0
            or plane.views[operand].strides[1] != itemsizes[job.reads[operand]]
            or REPEATS * n * itemsizes[job.reads[operand]] > REPEATED
        ):
            return OUT
        found = operand
    return found


cdef void add_repeated(const job_t* job, const plane_t* block) noexcept nogil:
    cdef char* rows = scratch_of_thread() + REPEATED_AT
    cdef plane_t part = block[0]
    cdef int operand
    cdef Py_ssize_t done = 1, more, n = block.shape[1]
    cdef Py_ssize_t bytes = n * itemsizes[job.reads[job.repeated]]
    cdef Py_ssize_t repeats = min(REPEATS, block.shape[0])
    memcpy(rows, block.views[job.repeated].data, bytes)
    while done < repeats:
        more = min(done, repeats - done)
        memcpy(rows + done * bytes, rows, more * bytes)
        done += more
    part.views[job.repeated].data = rows
    part.shape[0] = block.shape[0] // REPEATS
    part.shape[1] = REPEATS * n
    for operand in range(B + 1):
        part.views[operand].strides[0] *= REPEATS
    if part.shape[0] > 0:
        job.kernel(&part, part.views[A].data, &job.beta, &job.alpha, job.real)
    for operand in range(B + 1):
        part.views[operand].data += part.shape[0] * part.views[operand].strides[0]
    part.shape[0] = 1
    part.shape[1] = block.shape[0] % REPEATS * n
    if part.shape[1] > 0:
        job.kernel(&part, part.views[A].data, &job.beta, &job.alpha, job.real)
