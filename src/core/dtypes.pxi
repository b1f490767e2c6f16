# What is known of dtypes: NumPy's numbers of them, which are native, what two of them
# are promoted to, and which may become which.
# Uses: native, job.

cdef enum:
    NUMPY_TYPES = 32  # NumPy's own type numbers lie below

cdef enum:  # what casting= asks for
    SAFE
    SAME_KIND
    UNSAFE
    SATURATE
    ANOTHER_RULE  # which the Python layer knows

RULES = ("safe", "same_kind", "unsafe", "saturate")

cdef signed char native_by_type[NUMPY_TYPES]
cdef int type_of_native[NATIVE_COUNT]  # of two C types of one size, the usual one
# NumPy's number of what np.result_type makes of two native dtypes, by their slots; -1
# where that is none. (Of two C types of one size both are native.)
cdef int promoted[NUMPY_TYPES][NUMPY_TYPES]
# Whether casting='safe', or 'same_kind', lets one native dtype into another.
cdef bint castable[UNSAFE][NATIVE_COUNT][NATIVE_COUNT]
cdef int bfloat16_type = NUMPY_TYPES - 1  # known once an array of it has been seen
# A Python number of at least this magnitude is left to the Python layer.
cdef double limits[NATIVE_COUNT]
cdef object DEFAULT_CASTING = "same_kind"
NAMES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "bfloat16", "float32", "float64", "longdouble",
    "complex64", "complex128", "clongdouble",
)


# NumPy's native dtypes by their slots, which are their numbers; that of bfloat16 is the
# last, once it is known.
known_dtypes = {
    numpy.dtype(char).num: numpy.dtype(char) for char in "?bhilqBHILQefdgFDG"
}


cdef void know_dtypes() except *:
    cdef int dtype
    for type_num in range(NUMPY_TYPES):
        native_by_type[type_num] = -1
    for dtype, name in enumerate(NAMES):
        limits[dtype] = float("inf")
        if dtype == BFLOAT16:
            itemsizes[dtype], type_of_native[dtype] = sizeof(bfloat16), bfloat16_type
        else:
            itemsizes[dtype] = numpy.dtype(name).itemsize
            type_of_native[dtype] = numpy.dtype(name).num
    limits[FLOAT16] = 65504.5
    limits[BFLOAT16] = limits[FLOAT32] = limits[COMPLEX64] = 3.38e38
    for known in known_dtypes.values():
        native_by_type[<int>known.num] = next(
            dtype for dtype, name in enumerate(NAMES)
            if dtype != BFLOAT16 and known == numpy.dtype(name)
        )


cdef void know_pairs(object dtypes) except *:
    """What NumPy makes of two native dtypes, by their slots."""
    cdef int rule, x, y, one, two
    for one, first in dtypes.items():
        for two, second in dtypes.items():
            promoted[one][two] = -1
            x, y = native_of_type(first.num), native_of_type(second.num)
            for rule in range(UNSAFE):
                castable[rule][x][y] = numpy.can_cast(first, second, RULES[rule])
            try:
                both = numpy.result_type(first, second)
            except TypeError:
                continue
            if native_of_type(both.num) >= 0:
                promoted[one][two] = both.num


cdef inline int native_of_type(int type_num) noexcept:
    if 0 <= type_num < NUMPY_TYPES:
        return native_by_type[type_num]
    return BFLOAT16 if type_num == bfloat16_type else -1


cdef inline int promoted_type(int one, int two) noexcept:
    """Of NumPy's numbers of native dtypes."""
    return promoted[slot_of_type(one)][slot_of_type(two)]


cdef inline int slot_of_type(int type_num) noexcept:
    return type_num if type_num < NUMPY_TYPES else NUMPY_TYPES - 1


cdef inline int native_of(cnp.ndarray x) noexcept:
    return native_of_type(cnp.PyArray_TYPE(x))


cdef inline int native_dtype_of(cnp.ndarray x) noexcept:
    """The native dtype that the kernels can read from x as it lies, or -1."""
    if not cnp.PyArray_ISALIGNED(x) or not cnp.PyArray_ISNOTSWAPPED(x):
        return -1
    return native_of(x)


cdef inline int arithmetic_dtype(int dtype) noexcept nogil:
    """What is calculated in, and coefficients are kept in: for 16-bit floats float32,
    rounded once, at the end."""
    return FLOAT32 if is_half(dtype) else dtype


cdef inline int real_of(int dtype) noexcept nogil:
    """The dtype of a complex number's parts; other dtypes are their own."""
    return dtype - (COMPLEX64 - FLOAT32) if dtype >= COMPLEX64 else dtype


def native(dtype):
    """The place of a dtype among the native ones; -1 if NumPy must compute it."""
    global bfloat16_type
    cdef int type_num = dtype.num
    if 0 <= type_num < NUMPY_TYPES:
        return native_by_type[type_num]
    if type_num == bfloat16_type:
        return BFLOAT16
    kind = dtype.type  # None of a dtype that has no scalars
    if (
        getattr(kind, "__module__", None) == "ml_dtypes"
        and kind.__name__ == "bfloat16"
    ):
        with meeting_bfloat16:
            if type_num != bfloat16_type:
                for welcome in welcomes:
                    welcome(BFLOAT16, dtype)
                bfloat16_type = type_of_native[BFLOAT16] = type_num
                know_pairs({**known_dtypes, NUMPY_TYPES - 1: dtype})
        return BFLOAT16
    return -1


meeting_bfloat16 = RLock()
welcomes = []  # functions that are told of it
know_dtypes()
know_pairs(known_dtypes)


def set_last_level_cache(
    Py_ssize_t size, Py_ssize_t streamed=0, bint prefetches=True
):
    """Its bytes; those of operands from which out is streamed, as many unless given;
    and whether it pays to prefetch what it holds in part."""
    global last_level_cache, streamed_from, half_cached_pays
    last_level_cache = size
    streamed_from = streamed or size
    half_cached_pays = prefetches


def runs_here(name):
    """Whether this CPU can run the kernels of an instruction set."""
    return bool(cpu_runs(name.encode()))


def use(table):
    """Compute with the kernels of this capsule from now on."""
    global kernels
    kernels = <const kernels_t*>PyCapsule_GetPointer(table, "fastadd.kernels")
