# A job: a plan, what is computed of it and by which kernel, and how its memory is read
# and written. The constants of all that, each with the measurement that chose it.
# Uses: native, plan.

# What does not hold for the smallest calls, which then run straight through.
cdef extern from * nogil:
    bint unlikely(bint)

cdef extern from "<fenv.h>" nogil:
    ctypedef struct fenv_t:
        pass
    int fegetenv(fenv_t*)
    int fesetenv(const fenv_t*)
    enum:
        FE_DIVBYZERO
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
    void prefetch "FASTADD_PREFETCH"(const char* line)
    void finish_stream "fastadd_finish_stream"()
    void stream_bytes(char* target, const char* source, Py_ssize_t nbytes)

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
    # Elements from which a sum stays in registers. (Of 100 it takes 5 % longer.)
    LEAST_SUMMED = 1 << 9
    # Kernels that clamp take sums that are less than this.
    MOST_CLAMPED = 1 << 30
    # Elements from which a mixture that does not lie in rows may be converted in
    # scratch first. uint8 + one float32: of 1,000 0.22 us, or 0.59 one by one, of
    # 30,000 3.9 and 15; int64[::3] + float64 is slower so by 1.2. (Sapphire Rapids.)
    CONVERTED = 256
    # Bytes that are computed in scratch and then streamed, while those that follow are
    # on their way: 2 * 10**7 float32 in 5.2 ms, or 5.9 by a kernel that streamed 256 at
    # a time, without asking; of uint8 + float32 3.7, or 4.0. (Sapphire Rapids, 2
    # threads.) Strips of 512 gained less, blocks of 8 KiB took 1.5 times as long.
    STREAMED_STRIP = 1024
    # Bytes of a row from which it is streamed: the ends of a row are not.
    STREAMED_ROW = 1024
    # Bytes of a row of out, and of all of them, from which what lies before a row's
    # first whole vector is computed by itself, so that no store goes to two lines of
    # the cache: in the L2 cache they take 1.05 to 1.35 times as long. What L1 has does
    # not gain, and of shorter rows the lead costs as much. (Sapphire Rapids.)
    ALIGNED_ROW = 1 << 12
    ALIGNED = 12 << 10
    VECTOR = 32
    # Bytes of a tile's row, of which two pieces of scratch have 64. `a + b.T` of 2048 x
    # 2048 float32 takes 2.8 ms then, 3.1 with half as long rows, 6.9 with half as many
    # too. (Sapphire Rapids, 1 thread; torch 12 on a Zen 4.)
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
    # Elements (in a large call) and bytes of a plane, in a batch of planes, of which an
    # operand that lies otherwise is brought into the order of the others, many at once.
    # Of 1,250 matrices and each transposed, 4 x 4 of float32 took 14 us instead of 29,
    # 8 x 8 of uint8 6 instead of 23. (Sapphire Rapids.)
    LEAST_FOLDED = 16
    MOST_FOLDED = 1 << 11
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
    # Elements of a row from which an operation of three or four operands takes it by
    # itself; shorter rows are brought side by side first.
    SHORT_ROW = 64
    # Elements from which it pays to arrange what lies otherwise than out: at all; to
    # transpose it, if of 4 bytes at most (62 x 62 of float32 and transposed in 0.9 us
    # instead of 1.35; float64 gained nothing); and those of a plane. (Zen 5.)
    ARRANGED = 1 << 8
    TRANSPOSED = 1 << 9
    LEAST_PLANE = 1 << 6
    # What an element takes one by one, over what a byte takes to be brought side by
    # side; and how many 16-bit floats the kernel takes at a time. (Zen 5.)
    REST = 16
    STRIP_HALVES = 32
    # A mask of which less than one in so many is True is computed run by run.
    SPARSE = 16
    # Elements of a block of a norm or a dot product, whatever the threads.
    SUMMED_BLOCK = 1 << 12
    # Bytes of the result for each thread: the second one pays from 25,000 float32 on.
    # A costly element, one that is converted or computed in many steps, counts as more.
    BYTES_PER_THREAD = 1 << 16
    COSTLY = 4
    STRIDED = 8  # and one that is fetched by itself as so many bytes at least

cdef enum:
    # A thread's scratch: three pieces for each operand that is converted;
    # the sum so far; a row, repeated.
    SUM_AT = 3 * MASK * PIECE
    REPEATED_AT = SUM_AT + SUM
    MASKED_AT = REPEATED_AT + REPEATED  # a block of out, of which some is stored
    MASK_AT = MASKED_AT + PIECE  # a row of the mask
    PLACES_AT = MASK_AT + PIECE  # where it is True
    STRIP_AT = PLACES_AT + PIECE * sizeof(uint16_t)  # what is streamed next
    PACKED_AT = STRIP_AT + STREAMED_STRIP  # small operands
    SCRATCH = PACKED_AT + MASK * PACKED_BEFORE

if not start_scratch(SCRATCH):
    raise MemoryError("no memory for the scratch memory of threads")


# A number in any native dtype.
cdef union scalar_t:
    longdouble alignment
    char bytes[32]
    const void* address

# How the memory of an operand holds its elements.
cdef struct carrier_t:
    int dtype
    unsigned char raw  # byte-swapped or misaligned: moved byte by byte before use
    unsigned char swapped
    unsigned char transposed  # its neighbours in memory are not those of out
    unsigned char spread  # brought to rows side by side; of out, stored from there
    unsigned char saturated  # an out of integers that do not wrap
    unsigned char folded  # two axes are one to the plan, but not in this memory

# The axes that are one to the plan, for operands that are folded.
cdef struct fold_t:
    Py_ssize_t shape[2]
    Py_ssize_t strides[MASK][2]

# One step of a sum: beta*a + alpha*b into out. An addition is one; a sum of more
# operands is several, which are computed together, block by block: the first adds two
# operands, each other one adds an operand (A) to the sum so far (B), and the last one
# writes out.
cdef struct job_t:
    plan_t plan
    int operation
    int dtype  # of the computation
    kernel_t kernel
    sum_t sum  # of the first step of a sum, for all
    int reads[MASK]  # the dtypes that it takes the operands in, and that of out
    bint direct  # it can read and write every operand as it lies
    bint streamed  # it writes out past the caches
    bint clamps  # the kernel takes small integers and does not let them wrap
    bint whole  # one call of the kernel computes it
    int repeated  # the operand that is one same short row, or none, which is OUT
    carrier_t carriers[MASK]  # if not direct
    fold_t fold
    # In the dtype of `arithmetic_dtype`; of a RELU, beta is the highest that becomes 0;
    # of a CLIP, beta is the greatest magnitude and alpha infinity; of an ADAM, beta is
    # the address of its factors.
    scalar_t beta, alpha
    scalar_t scalars[MASK]  # operands that are Python numbers
    # Of the coefficients: BETA_REAL, ALPHA_REAL; of a NORM or ADAM, which; of an
    # ADD_DOT, whether there is a c.
    int real
    # The plan's last two axes are a plane, which is cut into blocks[0] times blocks[1]
    # blocks of block[0] rows and block[1] columns; the first ones lack `lead`
    # columns, so that the others begin with a line of out.
    plane_t plane
    Py_ssize_t block[2]
    Py_ssize_t blocks[2]
    Py_ssize_t lead
    bint columns_first  # all planes of a block's columns before the next columns
    Py_ssize_t units  # blocks in all planes
    partial_t* partials  # of a NORM or an ADD_DOT: one for each unit
    Py_ssize_t first  # elements of the jobs before it, in a list

cdef const kernels_t* kernels = NULL
cdef Py_ssize_t itemsizes[NATIVE_COUNT]
cdef Py_ssize_t last_level_cache  # bytes
cdef Py_ssize_t streamed_from  # bytes of operands
cdef bint half_cached_pays  # whether to prefetch what it holds in part


cdef inline bint is_half(int dtype) noexcept nogil:
    return dtype == FLOAT16 or dtype == BFLOAT16
