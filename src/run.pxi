# The run: over a plan's planes and, where an operand must be converted, over pieces of
# them that stay in the cache.

cdef extern from "numpy/ufuncobject.h":
    int PyUFunc_GiveFloatingpointErrors(const char* name, int flags) except -1
    enum:
        NPY_FPE_OVERFLOW
        NPY_FPE_UNDERFLOW
        NPY_FPE_INVALID

cdef extern from "<fenv.h>" nogil:
    enum:
        FE_OVERFLOW
        FE_UNDERFLOW
        FE_INVALID
    int feclearexcept(int)

cdef extern from "flags.h" nogil:
    enum:
        WATCHED "FASTADD_WATCHED"
    int vector_flags()
    int all_flags()

cdef enum:
    # Elements from which the GIL is let go. That costs 30 ns (126 instead of 96 at
    # n = 10), under 1 % of so large an addition.
    RELEASE_GIL = 1 << 15
    # Bytes of each scratch buffer of a conversion. For float32 + float64 and six other
    # mixtures 2 and 4 KiB were 4 % slower, 16 KiB 15 to 50 %: the pieces and what
    # streams past them share a 32 KiB L1 cache.
    PIECE = 8192

# A number in any native dtype.
cdef union scalar_t:
    longdouble alignment
    char bytes[32]

# How the memory of an operand holds its elements.
cdef struct carrier_t:
    int dtype
    bint raw  # byte-swapped or misaligned: moved byte by byte before use
    bint swapped

cdef struct job_t:
    plan_t plan
    int dtype  # of the computation
    bint direct  # every operand holds that dtype as the kernels read it
    carrier_t carriers[OPERANDS]
    scalar_t beta, alpha
    scalar_t scalar  # an operand that is a Python number
    int real  # of the coefficients: BETA_REAL, ALPHA_REAL

cdef const kernels_t* kernels = NULL
cdef Py_ssize_t itemsizes[NATIVE_COUNT]


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


cdef void fetch(
    const carrier_t* carrier, int dtype, const Py_ssize_t* shape, view_t* view,
    char* scratch,
) noexcept nogil:
    """Bring a piece of an operand into the dtype of the computation. An axis along
    which the operand is constant is brought once and stays constant."""
    cdef Py_ssize_t m = shape[0] if view.strides[0] != 0 else 1
    cdef Py_ssize_t n = shape[1] if view.strides[1] != 0 else 1
    cdef view_t packed
    if carrier.raw:
        packed = packed_view(scratch, m, n, itemsizes[carrier.dtype])
        carry(
            m, n, packed.data, packed.strides, view.data, view.strides,
            itemsizes[carrier.dtype], word_of(carrier),
        )
        view[0] = packed
        scratch += PIECE
    if carrier.dtype != dtype:
        packed = packed_view(scratch, m, n, itemsizes[dtype])
        kernels.convert[carrier.dtype][dtype](
            m, n, packed.data, packed.strides, view.data, view.strides
        )
        view[0] = packed


cdef void deliver(
    const carrier_t* carrier, int dtype, const Py_ssize_t* shape,
    const view_t* computed, const view_t* out, char* scratch,
) noexcept nogil:
    """Bring a computed piece, packed at the head of scratch, into out."""
    cdef view_t source = computed[0]
    cdef view_t target = out[0]
    if carrier.dtype != dtype:
        if carrier.raw:
            target = packed_view(
                scratch + PIECE, shape[0], shape[1], itemsizes[carrier.dtype]
            )
        kernels.convert[dtype][carrier.dtype](
            shape[0], shape[1], target.data, target.strides, source.data, source.strides
        )
        source = target
    if carrier.raw:
        carry(
            shape[0], shape[1], out.data, out.strides, source.data, source.strides,
            itemsizes[carrier.dtype], word_of(carrier),
        )


cdef inline view_t packed_view(
    char* data, Py_ssize_t m, Py_ssize_t n, Py_ssize_t itemsize
) noexcept nogil:
    cdef view_t view
    view.data = data
    view.strides[0] = n * itemsize if m > 1 else 0
    view.strides[1] = itemsize if n > 1 else 0
    return view


cdef void add_in_pieces(const job_t* job, const plane_t* plane) noexcept nogil:
    """A plane whose operands are not all of the dtype of the computation: in pieces
    that stay in the cache on their way through it."""
    cdef char memory[2 * OPERANDS * PIECE + 64]
    cdef char* scratch = memory + (-<Py_ssize_t>memory & 63)
    cdef Py_ssize_t rows, columns, p, q, i, j, widest = itemsizes[job.dtype]
    cdef int operand
    cdef const carrier_t* carrier
    cdef plane_t piece
    cdef view_t out
    for operand in range(OPERANDS):
        widest = max(widest, itemsizes[job.carriers[operand].dtype])
    columns = max(1, min(plane.shape[1], PIECE // widest))
    rows = max(1, PIECE // widest // columns)
    for p in range((plane.shape[0] + rows - 1) // rows):
        for q in range((plane.shape[1] + columns - 1) // columns):
            i = p * rows
            j = q * columns
            piece.shape[0] = min(rows, plane.shape[0] - i)
            piece.shape[1] = min(columns, plane.shape[1] - j)
            for operand in range(OPERANDS):
                piece.views[operand] = plane.views[operand]
                piece.views[operand].data += (
                    i * plane.views[operand].strides[0]
                    + j * plane.views[operand].strides[1]
                )
                if operand != OUT:
                    fetch(
                        &job.carriers[operand], job.dtype, piece.shape,
                        &piece.views[operand], scratch + 2 * operand * PIECE,
                    )
            out = piece.views[OUT]
            carrier = &job.carriers[OUT]
            if carrier.raw or carrier.dtype != job.dtype:
                piece.views[OUT] = packed_view(
                    scratch, piece.shape[0], piece.shape[1], itemsizes[job.dtype]
                )
            kernels.add[job.dtype](&piece, &job.beta, &job.alpha, job.real)
            deliver(carrier, job.dtype, piece.shape, &piece.views[OUT], &out, scratch)


cdef void execute(const job_t* job) noexcept nogil:
    """Walk the plan's planes, its last two axes, in memory order of out."""
    cdef const plan_t* plan = &job.plan
    cdef Py_ssize_t index[MAX_NDIM]
    cdef plane_t plane
    cdef int axis, operand, outer = max(plan.ndim - 2, 0)
    for axis in range(2):
        plane.shape[axis] = 1
        for operand in range(OPERANDS):
            plane.views[operand].strides[axis] = 0
    for axis in range(outer):
        index[axis] = 0
    for axis in range(outer, plan.ndim):
        plane.shape[2 - plan.ndim + axis] = plan.shape[axis]
        for operand in range(OPERANDS):
            plane.views[operand].strides[2 - plan.ndim + axis] = (
                plan.strides[operand][axis]
            )
    for operand in range(OPERANDS):
        plane.views[operand].data = plan.data[operand]
    while True:
        if job.direct:
            kernels.add[job.dtype](&plane, &job.beta, &job.alpha, job.real)
        else:
            add_in_pieces(job, &plane)
        axis = outer - 1
        while axis >= 0:
            index[axis] += 1
            for operand in range(OPERANDS):
                plane.views[operand].data += plan.strides[operand][axis]
            if index[axis] < plan.shape[axis]:
                break
            for operand in range(OPERANDS):
                plane.views[operand].data -= (
                    plan.shape[axis] * plan.strides[operand][axis]
                )
            index[axis] = 0
            axis -= 1
        if axis < 0:
            return


cdef int run_job(const job_t* job) except -1:
    """Compute, and raise or warn as np.errstate asks."""
    cdef Py_ssize_t size = size_of(&job.plan)
    cdef bint vectors = job.direct and job.dtype not in (
        FLOAT16, BFLOAT16, LONGDOUBLE, CLONGDOUBLE
    )
    cdef int raised
    if size == 0:
        return 0
    if vector_flags() if vectors else all_flags():
        feclearexcept(WATCHED)
    if size >= RELEASE_GIL:
        with nogil:
            execute(job)
    else:
        execute(job)
    raised = vector_flags() if vectors else all_flags()
    if raised:
        feclearexcept(WATCHED)
        PyUFunc_GiveFloatingpointErrors(
            "add",
            (NPY_FPE_OVERFLOW if raised & FE_OVERFLOW else 0)
            | (NPY_FPE_UNDERFLOW if raised & FE_UNDERFLOW else 0)
            | (NPY_FPE_INVALID if raised & FE_INVALID else 0),
        )
    return 0
