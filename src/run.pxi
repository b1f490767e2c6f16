# The run: which kernel computes a plan, how that is cut into blocks, which thread takes
# which of them, and how it computes one: where it lies or, where the kernel cannot take
# an operand as it is, by way of scratch memory that stays in the L1 cache.

cdef extern from "numpy/ufuncobject.h":
    int PyUFunc_GiveFloatingpointErrors(const char* name, int flags) except -1
    enum:
        NPY_FPE_OVERFLOW
        NPY_FPE_UNDERFLOW
        NPY_FPE_INVALID

cdef extern from "<fenv.h>" nogil:
    ctypedef struct fenv_t:
        pass
    int fegetenv(fenv_t*)
    int fesetenv(const fenv_t*)
    enum:
        FE_OVERFLOW
        FE_UNDERFLOW
        FE_INVALID
    int feclearexcept(int)
    int feraiseexcept(int)

cdef extern from "flags.h" nogil:
    enum:
        WATCHED "FASTADD_WATCHED"
    int vector_flags()
    int all_flags()
    bint ones_flush()

cdef extern from "scratch.h" nogil:
    bint start_scratch(size_t nbytes)
    char* scratch_of_thread()

cdef extern from "stream.h" nogil:
    const bint CAN_STREAM "FASTADD_CAN_STREAM"
    void finish_stream "fastadd_finish_stream"()

cdef enum:
    # Elements from which the GIL is let go. That costs 30 ns (126 instead of 96 at
    # n = 10), under 1 % of so large an addition.
    RELEASE_GIL = 1 << 15
    # Elements below which tiles, streaming and threads never pay, so that the small
    # call does not ask for them.
    LARGE = 1 << 12
    # Bytes of each scratch buffer. For float32 + float64 and six other mixtures 2 and
    # 4 KiB were 4 % slower, 16 KiB 15 to 50 %: the blocks and what streams past them
    # share a 32 KiB L1 cache.
    PIECE = 8192
    # Bytes of a block's sum so far, where one operand after the other is added to it,
    # as when some are converted. 7 float64 operands of 10^6, before `sum_block` took
    # these: 1.9 ms, 2.5 with 8 KiB, whose short runs of each operand the prefetchers
    # lose; of 10^5: 85 us, and 61.
    SUM = 1 << 14
    # Operands of a sum that one kernel takes side by side.
    TERMS = 64
    # Bytes of a row from which it is streamed: the ends of a row are not.
    STREAMED_ROW = 1024
    # A tile is of 64 rows of 256 bytes. `a + b.T` of 2048 x 2048 float32 takes 2.8 ms
    # then, 3.1 with half as long rows, 6.9 with half as many too. (Sapphire Rapids,
    # 1 thread; torch 12 on a Zen 4.)
    TILE_ROWS = 64
    TILE_ROW = 256
    # An operand that lies across is brought into rows where a plane has so many rows
    # and columns; smaller ones are read as they lie.
    LEAST_TILE = 8
    # Bytes of a plane below which another axis is made the row, the longest, if that is
    # so many times as long. Of 20,000 matrices and each transposed, 2 x 2 of float32
    # took 30 us instead of 240, 4 x 4 118 instead of 320, 8 x 8 1390 instead of 800
    # (Sapphire Rapids, 2 threads). So many elements of the row are computed in all
    # planes before the next ones, for they share lines.
    SMALL_PLANE = 256
    LONGER = 8
    SHARED_COLUMNS = 256
    # Bytes of an operand that is packed beforehand, where it is small, repeated and not
    # contiguous; and at most one in so many elements is. 20,000 matrices of 4 x 4
    # float32 and one transposed: 21 us instead of 335. (Sapphire Rapids, 2 threads.)
    PACKED_BEFORE = 1 << 12
    SELDOM = 16
    # To each of many short rows in one run, such as pixels of three channels, one same
    # row is added: that one is repeated in scratch, and so many rows at a time become
    # one. (10**6, 3) + (3,) of float32 takes 0.63 ms, or 2.5 row by row; with 16 rows
    # there is no gain yet, with half of these 20 %.
    REPEATS = 64
    REPEATED = 1 << 12  # bytes
    # Elements of a block that needs no scratch; and at least so many blocks a thread,
    # so that no thread is left with much more than the others.
    BLOCK = 1 << 15
    BLOCKS_PER_THREAD = 8
    # Bytes of result that a thread claims at once, costly elements counting as more: at
    # least, so that a claim of 20 to 40 ns is not felt; and at most, so that the caller
    # need not wait for the last one for longer than 5 to 20 us. In between, so many a
    # thread.
    LEAST_CHUNK = 1 << 16
    MOST_CHUNK = 1 << 17
    CHUNKS_PER_THREAD = 8
    MAX_CHUNKS = 1 << 16
    # A mask of which less than one in so many is True is computed run by run.
    SPARSE = 16
    # Elements of a block of which the squares are summed, whatever the threads.
    SQUARED = 1 << 12
    # Bytes of the result for each thread: the second one pays from 25,000 float32 on.
    # A costly element, one that is converted or computed in many steps, counts as more.
    BYTES_PER_THREAD = 1 << 16
    COSTLY = 4

cdef enum:
    # A thread's scratch: two pieces for each operand of an addition that is converted;
    # the sum so far; a row, repeated.
    SUM_AT = 2 * OPERANDS * PIECE
    REPEATED_AT = SUM_AT + SUM
    MASKED_AT = REPEATED_AT + REPEATED  # a block of out, of which some is stored
    MASK_AT = MASKED_AT + PIECE  # a row of the mask
    PLACES_AT = MASK_AT + PIECE  # where it is True
    PACKED_AT = PLACES_AT + PIECE * sizeof(uint16_t)  # small operands
    SCRATCH = PACKED_AT + OPERANDS * PACKED_BEFORE

if not start_scratch(SCRATCH):
    raise MemoryError("no memory for the scratch memory of threads")


# A number in any native dtype.
cdef union scalar_t:
    longdouble alignment
    char bytes[32]

# How the memory of an operand holds its elements.
cdef struct carrier_t:
    int dtype
    bint raw  # byte-swapped or misaligned: moved byte by byte before use
    bint swapped
    bint across  # an operand whose neighbours in memory are not those of out

# One step of a sum: beta*a + alpha*b into out. An addition is one; a sum of more
# operands is several, which are computed together, block by block: the first adds two
# operands, each other one adds an operand (A) to the sum so far (B), and the last one
# writes out.
cdef struct job_t:
    plan_t plan
    int operation
    int dtype  # of the computation
    add_t add  # the kernel
    int reads[OPERANDS]  # the dtypes that it takes the operands in
    bint direct  # it can read and write every operand as it lies
    bint streamed  # it writes out past the caches
    int repeated  # the operand that is one same short row, or none, which is OUT
    carrier_t carriers[OPERANDS]  # if not direct
    # In `coefficient_of` the dtype; of a RELU, beta is the highest that becomes 0.
    scalar_t beta, alpha
    scalar_t scalar  # an operand that is a Python number
    int real  # of the coefficients: BETA_REAL, ALPHA_REAL
    # The plan's last two axes are a plane, which is cut into blocks[0] times blocks[1]
    # blocks of block[0] rows and block[1] columns; the first ones lack `missing`
    # columns, so that the others begin with a line of out.
    plane_t plane
    Py_ssize_t block[2]
    Py_ssize_t blocks[2]
    Py_ssize_t missing
    bint columns_first  # all planes of a block's columns before the next columns
    Py_ssize_t units  # blocks in all planes
    partial_t* partials  # of squares: one for each unit
    Py_ssize_t first  # elements of the jobs before it, in a list

cdef const kernels_t* kernels = NULL
cdef Py_ssize_t itemsizes[NATIVE_COUNT]
cdef Py_ssize_t last_level_cache  # bytes


cdef void carry(
    Py_ssize_t m, Py_ssize_t n, char* out, const Py_ssize_t* out_strides,
    const char* x, const Py_ssize_t* x_strides, Py_ssize_t itemsize, Py_ssize_t word,
) noexcept nogil:
    """Move elements of any alignment; the bytes of each word are reversed (a complex
    number has two words, and a word of 1 reverses nothing)."""
    cdef Py_ssize_t i, j, k, w
    cdef char* target
    cdef const char* source
    for i in range(m):
        for j in range(n):
            target = out + i * out_strides[0] + j * out_strides[1]
            source = x + i * x_strides[0] + j * x_strides[1]
            if word == 1:
                memcpy(target, source, itemsize)
            else:
                for w in range(itemsize // word):
                    for k in range(word):
                        target[w * word + k] = source[(w + 1) * word - 1 - k]


cdef inline Py_ssize_t word_of(const carrier_t* carrier) noexcept nogil:
    if not carrier.swapped:
        return 1
    if carrier.dtype >= COMPLEX64:
        return itemsizes[carrier.dtype] // 2
    return itemsizes[carrier.dtype]


# ---- a block ------------------------------------------------------------------------

cdef inline view_t packed_view(
    char* data, Py_ssize_t m, Py_ssize_t n, Py_ssize_t itemsize
) noexcept nogil:
    cdef view_t view
    view.data = data
    view.strides[0] = n * itemsize if m > 1 else 0
    view.strides[1] = itemsize if n > 1 else 0
    return view


cdef inline view_t turned(view_t view) noexcept nogil:
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


cdef void fetch(
    const carrier_t* carrier, int dtype, const Py_ssize_t* shape, view_t* view,
    char* scratch,
) noexcept nogil:
    """Bring a block of an operand into the dtype and the order of the computation. An
    axis along which the operand is constant is brought once and stays constant."""
    cdef Py_ssize_t m = shape[0] if view.strides[0] != 0 else 1
    cdef Py_ssize_t n = shape[1] if view.strides[1] != 0 else 1
    cdef view_t source, target
    cdef bint across = carrier.across and not carrier.raw
    if carrier.raw:
        target = packed_view(scratch, m, n, itemsizes[carrier.dtype])
        carry(
            m, n, target.data, target.strides, view.data, view.strides,
            itemsizes[carrier.dtype], word_of(carrier),
        )
        view[0] = target
        scratch += PIECE
    elif (
        carrier.across and m > 1 and n > 1
        and view.strides[0] == itemsizes[carrier.dtype]
    ):
        target = packed_view(scratch, m, n, itemsizes[carrier.dtype])
        if kernels.transpose(
            itemsizes[carrier.dtype], m, n, target.data, target.strides[0], view.data,
            view.strides[1],
        ):
            view[0] = target
            scratch += PIECE
            across = False
    if carrier.dtype != dtype or across:
        source = view[0]
        target = packed_view(scratch, m, n, itemsizes[dtype])
        view[0] = target
        if across:  # read in the order of its memory
            source, target = turned(source), turned(target)
            m, n = n, m
        conversion(carrier.dtype, dtype)(
            m, n, target.data, target.strides, source.data, source.strides
        )


cdef void deliver(
    const carrier_t* carrier, int dtype, const Py_ssize_t* shape,
    const view_t* computed, const view_t* out, char* scratch,
) noexcept nogil:
    """Bring a computed block, packed at the head of scratch, into out."""
    cdef view_t source = computed[0]
    cdef view_t target = out[0]
    cdef Py_ssize_t itemsize = itemsizes[carrier.dtype]
    if carrier.dtype != dtype:
        if carrier.raw:
            target = packed_view(scratch + PIECE, shape[0], shape[1], itemsize)
        conversion(dtype, carrier.dtype)(
            shape[0], shape[1], target.data, target.strides, source.data, source.strides
        )
        source = target
    if carrier.raw:
        carry(
            shape[0], shape[1], out.data, out.strides, source.data, source.strides,
            itemsize, word_of(carrier),
        )


cdef inline void merge_rows(plane_t* block) noexcept nogil:
    """Make one row of many short ones that follow one another in every operand."""
    cdef int operand
    for operand in range(OPERANDS):
        if (
            block.views[operand].strides[0]
            != block.shape[1] * block.views[operand].strides[1]
        ):
            return
    block.shape[1] *= block.shape[0]
    block.shape[0] = 1


cdef void add_by_way_of_scratch(const job_t* job, plane_t* block) noexcept nogil:
    cdef char* scratch = scratch_of_thread()
    cdef int operand
    cdef const carrier_t* carrier = &job.carriers[OUT]
    cdef view_t out = block.views[OUT]
    cdef Py_ssize_t[2] shape = block.shape
    for operand in range(A, OPERANDS):
        fetch(
            &job.carriers[operand], job.reads[operand], block.shape,
            &block.views[operand],
            scratch + 2 * operand * PIECE,
        )
    if carrier.raw or carrier.dtype != job.dtype:
        block.views[OUT] = packed_view(
            scratch, block.shape[0], block.shape[1], itemsizes[job.dtype]
        )
    merge_rows(block)
    job.add(block, block.views[A].data, &job.beta, &job.alpha, job.real)
    deliver(carrier, job.dtype, shape, &block.views[OUT], &out, scratch)


# ---- masks --------------------------------------------------------------------------

cdef inline bint is_masked(const job_t* job) noexcept nogil:
    return job.plan.operands > OPERANDS


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
        row = mask_row(&block.views[MASK], i, n)
        begin = next_true(row, 0, n)
        while begin < n:
            end = next_false(row, begin, n)
            run = block[0]
            run.shape[0], run.shape[1] = 1, end - begin
            for operand in range(OPERANDS):
                run.views[operand].data += (
                    i * run.views[operand].strides[0]
                    + begin * run.views[operand].strides[1]
                )
            compute_anywhere(job, &run)
            begin = next_true(row, end, n)


cdef inline void compute_anywhere(const job_t* job, plane_t* block) noexcept nogil:
    if job.direct:
        job.add(block, block.views[A].data, &job.beta, &job.alpha, job.real)
    else:
        add_by_way_of_scratch(job, block)


cdef void compute_masked(const job_t* job, plane_t* block) noexcept nogil:
    """A block is computed as a whole, apart from out, of which then some is stored.
    Only if that raises flags, which may be those of elements that do not count, is it
    computed once more, run by run; as one is of which little is selected."""
    cdef view_t out = block.views[OUT]
    cdef plane_t whole
    cdef Py_ssize_t itemsize = job.plan.itemsize[OUT]
    cdef Py_ssize_t size = block.shape[0] * block.shape[1]
    cdef Py_ssize_t selected = count_selected(&block.views[MASK], block.shape)
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
        &out, &block.views[MASK], block.shape, &block.views[OUT], itemsize
    )


# ---- cutting ------------------------------------------------------------------------

cdef inline void make_carriers(job_t* job) noexcept nogil:
    """Let a direct job go by way of scratch."""
    cdef int operand
    for operand in range(OPERANDS):
        job.carriers[operand].dtype = job.dtype
        job.carriers[operand].raw = job.carriers[operand].swapped = False
        job.carriers[operand].across = False
    job.direct = False


cdef void turn(job_t* steps, int count) noexcept nogil:
    """Where an operand's neighbours in memory lie along another axis than out's, make
    that axis the other one of the plane, which is then computed in tiles."""
    cdef plan_t* plan
    cdef int step, each, operand, near, row = steps.plan.ndim - 1
    cdef bint turned = False
    if row < 1:
        return
    for step in range(count):
        plan = &steps[step].plan
        for operand in range(A, OPERANDS):
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
            steps[step].carriers[operand].across = True


cdef void avoid_small_planes(job_t* steps, int count) noexcept nogil:
    cdef const plan_t* plan = &steps.plan
    cdef int step, axis, row = plan.ndim - 1, longest = row
    if (
        plan.ndim < 3
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
    for operand in range(A, OPERANDS):
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
    return not job.carriers[operand].raw and not job.carriers[operand].across


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


cdef void let_kernel_convert(job_t* job) noexcept nogil:
    """A kernel can take its first operand in a narrower dtype and, for a few, the
    second in float32."""
    cdef int operand
    if job.operation != ADD or ones_flush():  # it does not tell beta from alpha
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
    for operand in range(OPERANDS):
        if (
            job.carriers[operand].dtype != job.reads[operand]
            or not is_plain(job, operand)
        ):
            job.direct = False


cdef inline add_t kernel(const job_t* job) noexcept nogil:
    cdef int a = job.reads[A]
    if job.operation == RELU:
        return kernels.stream_relu[a] if job.streamed else kernels.relu[a]
    if job.operation == SQUARES:
        return kernels.squares[a]
    if job.reads[B] != job.dtype:
        return (
            kernels.stream_to_float32[a] if job.streamed else kernels.add_to_float32[a]
        )
    return (
        kernels.stream[a][job.dtype] if job.streamed else kernels.add[a][job.dtype]
    )


cdef Py_ssize_t shared_bytes(const plan_t* plan) noexcept nogil:
    """Of memory that both operands have, as in x[1:] + x[:-1], about."""
    cdef char* low
    cdef char* high
    cdef char* other_low
    cdef char* other_high
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
        # (2 * 10**6 longdouble, streamed: 6.4 ms instead of 3.5.)
        or job.dtype == LONGDOUBLE or job.dtype == CLONGDOUBLE
        or plan.strides[OUT][row] != plan.itemsize[OUT]
        or plan.shape[row] * plan.itemsize[OUT] < STREAMED_ROW
        or not job.direct
        and (job.carriers[OUT].raw or job.carriers[OUT].dtype != job.dtype)
    ):
        return False
    for step in range(count):
        job = &steps[step]
        for operand in range(A, OPERANDS):
            bytes += footprint(&job.plan, operand)
            # What is also read is in the caches, and is better written there.
            if job.plan.data[operand] == plan.data[OUT]:
                return False
        bytes -= shared_bytes(&job.plan)
    return bytes > last_level_cache


cdef bint half_cached(const job_t* job) noexcept nogil:
    """Whether to prefetch: where the operands are of 3/4 to 3/2 of the last-level cache
    and nothing else goes through it, so that some of each is always found there, the
    CPU alone does not look far enough ahead. 4 * 10**6 float32, streamed, take 0.45 ms
    then instead of 0.62; elsewhere it costs up to 10 %."""
    cdef const plan_t* plan = &job.plan
    cdef Py_ssize_t bytes = footprint(plan, A)
    if plan.data[B] != plan.data[A]:
        bytes += footprint(plan, B)
    return (
        4 * bytes >= 3 * last_level_cache and 2 * bytes <= 3 * last_level_cache
        and (
            job.streamed or plan.data[A] == plan.data[OUT]
            or plan.data[B] == plan.data[OUT]
        )
    )


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
    job.missing = 0
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
    for step in range(count):
        if (
            not steps[step].direct
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
    if job.operation == SQUARES or job.plane.views[OUT].strides[1] != itemsize:
        return 0
    return (<Py_ssize_t>job.plane.views[OUT].data & LINE - 1) // itemsize


cdef void cut_into_blocks(
    job_t* steps, int count, Py_ssize_t size, int threads
) noexcept nogil:
    """Blocks that fit the scratch memory or, where none is needed, blocks enough for
    the threads."""
    cdef int step, operand, axis
    cdef Py_ssize_t widest = itemsizes[steps.dtype], columns = steps.plane.shape[1]
    cdef Py_ssize_t most, blocks, missing
    cdef bint across = False, by_scratch = False, as_it_is = True
    if steps.operation == SQUARES and steps.direct:
        most = SQUARED
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
            for operand in range(OPERANDS):
                widest = max(widest, itemsizes[steps[step].carriers[operand].dtype])
                across |= steps[step].carriers[operand].across
                as_it_is &= (
                    steps[step].carriers[operand].dtype == steps[step].reads[operand]
                    and not steps[step].carriers[operand].raw
                )
        most = (PIECE if by_scratch else SUM) // widest
        if across and as_it_is and not is_masked(steps):  # it needs one of two pieces
            most *= 2
        if across:
            columns = min(columns, max(TILE_ROW // widest, 1))
            most = min(most, TILE_ROWS * columns)
    if steps.columns_first:
        columns = min(columns, <Py_ssize_t>SHARED_COLUMNS)
    missing = columns_into_line(&steps[count - 1])
    for step in range(count):
        steps[step].block[1] = max(1, min(columns, most))
        steps[step].block[0] = max(
            1, min(steps.plane.shape[0], most // steps[step].block[1])
        )
        if 4 * steps[step].block[1] < steps.plane.shape[1]:  # one more is not felt
            steps[step].missing = missing % steps[step].block[1]
        for axis in range(2):
            steps[step].blocks[axis] = (
                (
                    steps.plane.shape[axis] + steps[step].block[axis] - 1
                    + (steps[step].missing if axis == 1 else 0)
                ) // steps[step].block[axis]
            )
            steps[step].units *= steps[step].blocks[axis]


# ---- walking ------------------------------------------------------------------------

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
    cdef Py_ssize_t j = place.j * job.block[1] - job.missing
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
    for operand in range(OPERANDS):
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
    for operand in range(OPERANDS):
        part.views[operand].strides[0] *= REPEATS
    if part.shape[0] > 0:
        job.add(&part, part.views[A].data, &job.beta, &job.alpha, job.real)
    for operand in range(OPERANDS):
        part.views[operand].data += part.shape[0] * part.views[operand].strides[0]
    part.shape[0] = 1
    part.shape[1] = block.shape[0] % REPEATS * n
    if part.shape[1] > 0:
        job.add(&part, part.views[A].data, &job.beta, &job.alpha, job.real)


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
    kernels.sum[steps.dtype](
        &block, block.views[OUT].data, terms, count + 1, steps[count - 1].streamed
    )


cdef void walk(
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
            if steps.operation == SQUARES:
                block.views[OUT].data = <char*>&steps.partials[unit]
            compute_block(&steps[step], &block)
        next_place(steps, &place)
    if steps[count - 1].streamed:
        finish_stream()


cdef inline void walk_whole(const job_t* steps, int count) noexcept nogil:
    if (
        count == 1 and steps.direct and steps.units == 1 and steps.operation != SQUARES
        and steps.repeated == OUT and not is_masked(steps)
    ):
        steps.add(
            &steps.plane, steps.plane.views[A].data, &steps.beta, &steps.alpha,
            steps.real,
        )
    else:
        walk(steps, count, 0, steps.units)


cdef inline Py_ssize_t units_within(
    const job_t* job, Py_ssize_t size, Py_ssize_t elements
) noexcept nogil:
    """The units of a job that lie in its first elements, about."""
    if elements <= 0:
        return 0
    if elements >= size:
        return job.units
    return <Py_ssize_t>(<double>job.units * elements / size + 0.5)


# ---- threads ------------------------------------------------------------------------

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
            walk(steps, work.count, first, last)


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


cdef int walk_by_threads(
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


cdef inline Py_ssize_t cost(
    const job_t* steps, int count, Py_ssize_t size
) noexcept nogil:
    """Bytes of results, by what they cost."""
    cdef Py_ssize_t bytes = 0
    cdef int step
    for step in range(count):
        bytes += size * itemsizes[steps.dtype] * (
            1 if (
                steps[step].direct and not is_masked(steps)
                and waits_for_memory(steps.dtype)
            ) else COSTLY
        )
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


cdef inline void choose_kernels(
    job_t* steps, int count, Py_ssize_t size
) noexcept nogil:
    cdef int step, operand
    for step in range(count):
        steps[step].streamed = steps[step].columns_first = False
        for operand in range(OPERANDS):
            steps[step].reads[operand] = steps.dtype
    if size >= LARGE:
        turn(steps, count)
        avoid_small_planes(steps, count)
    for step in range(count):
        if not steps[step].direct:
            let_kernel_convert(&steps[step])
    if size >= LARGE:
        steps[count - 1].streamed = outgrows_caches(steps, count)
    for step in range(count):
        steps[step].add = kernel(&steps[step])


cdef inline int check_scratch(const job_t* steps, int count) except -1:
    """Nothing has been written yet. (Workers of the pool have theirs.)"""
    if (
        count > 1 or not steps.direct or steps.repeated != OUT or is_masked(steps)
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
    if count == 1 and size >= LARGE and not is_masked(steps):
        steps.repeated = repeated_operand(steps)
        steps.plane.prefetched = half_cached(steps)
    if (
        threads > 1 or count > 1 or not steps.direct or steps.operation == SQUARES
        or is_masked(steps) or size >= RELEASE_GIL
    ):
        cut_into_blocks(steps, count, size, threads)


cdef inline int compute(job_t* steps, int count) except -1:
    """The flags that were raised; they are not left standing."""
    cdef Py_ssize_t size = size_of(&steps.plan)
    cdef bint vectors = waits_for_memory(steps.dtype) and not is_masked(steps)
    cdef Py_ssize_t nbytes = 0
    cdef int raised, step, allowed, threads = 1
    if size == 0:
        return 0
    if size >= LARGE and count == 1:
        pack_small_operands(steps)
    choose_kernels(steps, count, size)
    if size >= LARGE:
        nbytes = cost(steps, count, size)
        threads = threads_for(nbytes, size, &allowed)
    cut_for(steps, count, size, threads)
    check_scratch(steps, count)
    for step in range(count):
        vectors &= steps[step].direct
    if vector_flags() if vectors else all_flags():
        feclearexcept(WATCHED)
    if threads > 1:
        with nogil:
            raised = walk_by_threads(
                steps, count, 1, size, nbytes, threads, allowed
            )
    else:
        if size >= RELEASE_GIL:
            with nogil:
                walk(steps, count, 0, steps.units)
        else:
            walk_whole(steps, count)
        raised = vector_flags() if vectors else all_flags()
    if raised:
        feclearexcept(WATCHED)
    return raised


cdef inline int report(int raised, const char* name) except -1:
    """Raise or warn as np.errstate asks."""
    if raised:
        PyUFunc_GiveFloatingpointErrors(
            name,
            (NPY_FPE_OVERFLOW if raised & FE_OVERFLOW else 0)
            | (NPY_FPE_UNDERFLOW if raised & FE_UNDERFLOW else 0)
            | (NPY_FPE_INVALID if raised & FE_INVALID else 0),
        )
    return 0


cdef inline int run_job(job_t* steps, int count, const char* name) except -1:
    return report(compute(steps, count), name)
