# The compiled core: the gate that recognises a call which is ready to run, the plan
# of its memory, and the run over planes and pieces.
#
# Design: the gate never explains. A call that it does not recognise it hands back
# untouched; the Python layer then checks and converts, and comes again through `run`.

cimport numpy as cnp
from cpython.complex cimport PyComplex_ImagAsDouble, PyComplex_RealAsDouble
from cpython.float cimport PyFloat_AS_DOUBLE
from cpython.object cimport PyObject, PyTypeObject
from cpython.pycapsule cimport PyCapsule_GetPointer
from cpython.ref cimport Py_DECREF
from libc.stdlib cimport free, malloc
from libc.string cimport memchr, memcpy

from threading import RLock

import numpy

include "native.pxi"
include "plan.pxi"
include "threads.pxi"
include "run.pxi"
include "results.pxi"

cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX
    bint PyLong_CheckExact(object)
    bint PyBool_Check(object)
    bint PyFloat_CheckExact(object)
    bint PyComplex_CheckExact(object)
    long long PyLong_AsLongLongAndOverflow(object, int*) except? -1

cdef extern from "shared.h":
    void uncount "fastadd_uncount"(object)

cdef extern from "cpu.h":
    bint cpu_runs "fastadd_cpu_runs"(const char* set)

cdef void* allocate(Py_ssize_t count, size_t size) except NULL:
    """Memory for so many of a size, to be freed."""
    cdef void* memory = NULL
    if count <= <Py_ssize_t>(PY_SSIZE_T_MAX // size):
        memory = malloc(max(count, 1) * size)
    if memory == NULL:
        raise MemoryError(f"no memory for {count} times {size} bytes")
    return memory


cnp.import_array()
cnp.import_umath()

cdef enum:
    NUMPY_TYPES = 32  # NumPy's own type numbers lie below

cdef signed char native_by_type[NUMPY_TYPES]
# And back; of the two C types of one size, the one that np.dtype's name means.
cdef int type_by_native[NATIVE_COUNT]
# np.result_type of two native dtypes; -1 where that is none, or not known yet.
cdef signed char promoted[NATIVE_COUNT][NATIVE_COUNT]
cdef int bfloat16_type = NUMPY_TYPES - 1  # known once an array of it has been seen
# A Python number of at least this magnitude is left to the Python layer.
cdef double limits[NATIVE_COUNT]
cdef object SAME_KIND = "same_kind"
NAMES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "bfloat16", "float32", "float64", "longdouble",
    "complex64", "complex128", "clongdouble",
)


cdef void know_dtypes() except *:
    cdef int dtype
    for type_num in range(NUMPY_TYPES):
        native_by_type[type_num] = -1
    for dtype, name in enumerate(NAMES):
        limits[dtype] = float("inf")
        for both in range(NATIVE_COUNT):
            promoted[dtype][both] = -1
        type_by_native[dtype] = -1
        if dtype == BFLOAT16:
            itemsizes[dtype] = sizeof(bfloat16)
        else:
            itemsizes[dtype] = numpy.dtype(name).itemsize
            type_by_native[dtype] = numpy.dtype(name).num
    limits[FLOAT16] = 65504.5
    limits[BFLOAT16] = limits[FLOAT32] = limits[COMPLEX64] = 3.38e38
    for char in "?bhilqBHILQefdgFDG":
        known = numpy.dtype(char)
        native_by_type[<int>known.num] = next(
            dtype for dtype, name in enumerate(NAMES)
            if dtype != BFLOAT16 and known == numpy.dtype(name)
        )


cdef void know_promotions(object dtypes) except *:
    """Of native dtypes, by their places."""
    for one, x in dtypes.items():
        for two, y in dtypes.items():
            try:
                both = native(numpy.result_type(x, y))
            except TypeError:
                both = -1
            promoted[one][two] = both


know_dtypes()


# ---- recognising -------------------------------------------------------------------

cdef inline int native_of_type(int type_num) noexcept:
    if 0 <= type_num < NUMPY_TYPES:
        return native_by_type[type_num]
    return BFLOAT16 if type_num == bfloat16_type else -1


cdef inline int native_of(cnp.ndarray x) noexcept:
    return native_of_type(cnp.PyArray_TYPE(x))


cdef inline int ready(cnp.ndarray x) noexcept:
    """The native dtype that the kernels can read from x as it lies, or -1."""
    if not cnp.PyArray_ISALIGNED(x) or not cnp.PyArray_ISNOTSWAPPED(x):
        return -1
    return native_of(x)


cdef inline int arithmetic_dtype(int dtype) noexcept nogil:
    """What is calculated in, and coefficients are kept in: for 16-bit floats float32,
    rounded once, at the end."""
    return FLOAT32 if dtype == FLOAT16 or dtype == BFLOAT16 else dtype


cdef inline bint integer_fits(long long x, int dtype, bint operand) noexcept:
    """An operand must lie in the dtype's range; an unsigned coefficient may also be
    negative, down to -max, and wraps."""
    cdef int bits = 8 * itemsizes[dtype]
    if dtype < UINT8:
        return bits == 64 or -(1LL << bits - 1) <= x < 1LL << bits - 1
    if operand and x < 0:
        return False
    return bits == 64 or -(1LL << bits) < x < 1LL << bits


# NumPy's scalar types, and what holds their numbers in Python. (A longdouble has none.
# Their `item()` takes 200 ns. A dictionary would ask the type of a type for its hash,
# which may be anybody's code.)
SCALAR_TYPES = tuple(numpy.dtype(code).type for code in "bhilqBHILQefdFD")
HELD = (int,) * 10 + (float,) * 3 + (complex,) * 2


cdef object as_python_number(object value, int operand_dtype):
    """What a NumPy scalar holds; None of what is no such number. As an operand, which
    is not weak, it must be of that dtype already."""
    cdef int place
    kind = type(value)
    for place in range(len(<tuple>SCALAR_TYPES)):
        if kind is (<tuple>SCALAR_TYPES)[place]:
            break
    else:
        return None
    if (
        operand_dtype >= 0
        and native_of_type(cnp.PyArray_DescrFromScalar(value).type_num) != operand_dtype
    ):
        return None
    return (<tuple>HELD)[place](value)


cdef int number(object value, int dtype, bint operand, scalar_t* stored) except -1:
    """Store a plain Python number in a dtype; a coefficient in that of the arithmetic.
    Returns 1 if it is real, 2 if complex, and 0, which is no verdict, if it needs the
    Python layer."""
    if not operand:
        dtype = arithmetic_dtype(dtype)
    return plain_number(value, dtype, operand, False, stored)


cdef int plain_number(
    object value, int dtype, bint operand, bint typed, scalar_t* stored
) except -1:
    """`typed` is a number of one of NumPy's scalar types."""
    cdef double parts[2]
    cdef long long integer
    cdef int overflow = 0
    cdef Py_ssize_t* step = [0, 0]
    if (
        PyLong_CheckExact(value)
        or dtype == BOOL and not operand and PyBool_Check(value)
    ):
        integer = PyLong_AsLongLongAndOverflow(value, &overflow)
        if overflow:
            return 0
        if dtype == BOOL:
            if operand:
                return 0
        elif dtype <= UINT64:
            if not integer_fits(integer, dtype, operand):
                return 0
        parts[0] = <double>integer
        if (
            typed or dtype <= UINT64 or dtype == LONGDOUBLE
            or dtype == CLONGDOUBLE and not operand
        ):
            # These hold more of an integer than a double does, by way of which NumPy
            # brings Python's integers to the others, but not its own.
            kernels.convert[INT64][dtype](1, 1, stored, step, &integer, step)
            return 1
    elif PyFloat_CheckExact(value):
        if dtype < FLOAT16:
            return 0
        parts[0] = PyFloat_AS_DOUBLE(value)
    elif PyComplex_CheckExact(value):
        if dtype < COMPLEX64:
            return 0
        parts[0] = PyComplex_RealAsDouble(value)
        parts[1] = PyComplex_ImagAsDouble(value)
        if abs(parts[0]) >= limits[dtype] or abs(parts[1]) >= limits[dtype]:
            return 0
        kernels.convert[COMPLEX128][dtype](1, 1, stored, step, parts, step)
        return 2
    else:
        held = as_python_number(value, dtype if operand else -1)
        return (
            0 if held is None else plain_number(held, dtype, operand, True, stored)
        )
    if dtype == FLOAT64:
        (<double*>stored)[0] = parts[0]
    elif abs(parts[0]) >= limits[dtype]:
        return 0
    elif dtype == FLOAT32:
        (<float*>stored)[0] = <float>parts[0]
    else:
        kernels.convert[FLOAT64][dtype](1, 1, stored, step, parts, step)
    return 1


NOTHING = object()  # an operand that leaves the other as it is


cdef inline int real_of(int dtype) noexcept nogil:
    """The dtype of a complex number's parts; other dtypes are their own."""
    return dtype - (COMPLEX64 - FLOAT32) if dtype >= COMPLEX64 else dtype


cdef void set_nothing(scalar_t* stored, int dtype) noexcept:
    """What changes no number that it is added to, negative zeros included."""
    cdef Py_ssize_t* step = [0, 0]
    cdef double nothing = -0.0
    cdef int part = real_of(dtype)
    kernels.convert[FLOAT64][part](1, 1, stored, step, &nothing, step)
    if part != dtype:
        memcpy(stored.bytes + itemsizes[part], stored, itemsizes[part])


# ---- the ways in ---------------------------------------------------------------

cdef bint bring_array(plan_t* plan, int operand, cnp.ndarray x, bint may_grow) noexcept:
    return bring(
        plan, operand, cnp.PyArray_BYTES(x), cnp.PyArray_ITEMSIZE(x),
        cnp.PyArray_NDIM(x), <Py_ssize_t*>cnp.PyArray_DIMS(x),
        <Py_ssize_t*>cnp.PyArray_STRIDES(x), may_grow,
    )


cdef cnp.ndarray fresh(plan_t* plan, int type_num, Py_ssize_t itemsize):
    """A new array of the plan's shape, in memory order "K", as the plan's out."""
    cdef int order[MAX_NDIM]
    cdef cnp.ndarray out
    keep_order(plan, order)
    lay_out(plan, order, itemsize)
    out = new_array(
        type_num, plan.ndim, <cnp.npy_intp*>plan.shape,
        <cnp.npy_intp*>plan.strides[OUT], size_of(plan) * itemsize,
    )
    plan.data[OUT] = cnp.PyArray_BYTES(out)
    return out


cdef inline bint same_row(cnp.ndarray x, cnp.ndarray y) noexcept:
    """Whether x and y are C-contiguous and of one shape."""
    cdef int axis, ndim = cnp.PyArray_NDIM(x)
    if (
        ndim != cnp.PyArray_NDIM(y)
        or not cnp.PyArray_IS_C_CONTIGUOUS(x)
        or not cnp.PyArray_IS_C_CONTIGUOUS(y)
    ):
        return False
    for axis in range(ndim):
        if cnp.PyArray_DIM(x, axis) != cnp.PyArray_DIM(y, axis):
            return False
    return True


cdef object planned_row(plan_t* plan, PyObject** arrays, int typed):
    """Plan contiguous arrays of one shape, and numbers, as one row: out, or None if
    they are anything else. The general plan comes to the same; this saves the small
    call 20 ns of it."""
    cdef int operand
    cdef cnp.ndarray x, out, model = <cnp.ndarray>arrays[typed]
    for operand in range(OPERANDS):
        if (
            arrays[operand] != NULL
            and not same_row(model, <cnp.ndarray>arrays[operand])
        ):
            return None
    if arrays[OUT] != NULL:
        out = <cnp.ndarray>arrays[OUT]
    else:
        out = new_array(
            cnp.PyArray_TYPE(model), cnp.PyArray_NDIM(model), cnp.PyArray_DIMS(model),
            NULL, cnp.PyArray_NBYTES(model),
        )
    plan.ndim = 1
    plan.operands = OPERANDS
    plan.shape[0] = cnp.PyArray_SIZE(model)
    for operand in range(OPERANDS):
        plan.itemsize[operand] = cnp.PyArray_ITEMSIZE(model)
        plan.strides[operand][0] = 0
        if operand == OUT or arrays[operand] != NULL:
            x = out if operand == OUT else <cnp.ndarray>arrays[operand]
            plan.strides[operand][0] = plan.itemsize[operand]
            plan.data[operand] = cnp.PyArray_BYTES(x)
    return out


cdef object planned(
    plan_t* plan, PyObject** arrays, int type_num, Py_ssize_t itemsize
):
    """Plan arrays of any layout, broadcast to one another (or to out, if given): out,
    or None if they do not broadcast. Where an operand is a number, the caller has
    set plan.data to it."""
    cdef int operand, ndim = 0
    cdef cnp.ndarray out
    if arrays[OUT] != NULL:
        ndim = cnp.PyArray_NDIM(<cnp.ndarray>arrays[OUT])
    else:
        for operand in range(A, MOST_OPERANDS):
            if arrays[operand] != NULL:
                ndim = max(ndim, cnp.PyArray_NDIM(<cnp.ndarray>arrays[operand]))
    begin(plan, ndim)
    if arrays[MASK] != NULL:
        plan.operands = MOST_OPERANDS
    for operand in range(plan.operands):
        if arrays[operand] != NULL:
            if not bring_array(
                plan, operand, <cnp.ndarray>arrays[operand],
                operand == OUT or arrays[OUT] == NULL,
            ):
                return None
        elif operand != OUT:
            bring(plan, operand, plan.data[operand], itemsize, 0, NULL, NULL, False)
    if arrays[OUT] == NULL:
        out = fresh(plan, type_num, itemsize)
    else:
        out = <cnp.ndarray>arrays[OUT]
    simplify(plan)
    return out


cdef bint carry_both(job_t* job, PyObject** arrays) noexcept:
    """Take two arrays of different native dtypes: False if the Python layer must."""
    cdef int operand
    cdef int[OPERANDS] found
    for operand in range(A, OPERANDS):
        found[operand] = ready(<cnp.ndarray>arrays[operand])
        if (
            found[operand] < 0
            or type_by_native[found[operand]]
            != cnp.PyArray_TYPE(<cnp.ndarray>arrays[operand])
        ):
            return False
    found[OUT] = job.dtype = promoted[found[A]][found[B]]
    if job.dtype < 0:
        return False
    make_carriers(job)
    for operand in range(A, OPERANDS):
        job.carriers[operand].dtype = found[operand]
    return True


cdef inline bint is_ready_out(object out, int dtype) noexcept:
    return (
        cnp.PyArray_CheckExact(out) and ready(out) == dtype
        and cnp.PyArray_ISWRITEABLE(out)
    )


cdef inline object planned_call(job_t* job, PyObject** arrays, int typed):
    """Plan operands of which arrays[typed] is an array, and job.plan.data points to
    those that are numbers: out, or None if they do not broadcast, or if writing out
    might change one of them."""
    cdef object out = None
    if job.direct and arrays[MASK] == NULL:
        out = planned_row(&job.plan, arrays, typed)
    if out is None:
        out = planned(
            &job.plan, arrays,
            cnp.PyArray_TYPE(<cnp.ndarray>arrays[typed])
            if job.direct else type_by_native[job.dtype],
            itemsizes[job.dtype],
        )
        if out is None:
            return None
    if arrays[OUT] != NULL and not (
        out_is_simple(&job.plan)
        and safe_to_write(&job.plan, A)
        and safe_to_write(&job.plan, B)
        and (arrays[MASK] == NULL or safe_to_write(&job.plan, MASK))
    ):
        return None
    return out


cdef inline object result_of(object out, bint fresh):
    """A fresh result of no dimensions is a scalar."""
    if fresh and cnp.PyArray_NDIM(<cnp.ndarray>out) == 0:
        return out[()]
    return out


cdef inline object recognised(
    job_t* job, object input, object other, object beta, object alpha, object out,
    PyObject* mask,
):
    """Plan a call that is ready to run: operands that are exact native arrays of one
    dtype (or one of them a Python number), coefficients that are plain Python numbers
    and fit, out absent or of that dtype. Returns out, or None for anything else, and
    nothing has been touched."""
    cdef PyObject* arrays[MOST_OPERANDS]
    cdef int kind, typed, both
    job.operation = ADD
    arrays[OUT] = NULL
    arrays[MASK] = mask
    arrays[A] = <PyObject*>input if cnp.PyArray_CheckExact(input) else NULL
    arrays[B] = <PyObject*>other if cnp.PyArray_CheckExact(other) else NULL
    if arrays[A] == NULL and arrays[B] == NULL:
        return None
    job.direct = True
    typed = A if arrays[A] != NULL else B
    job.dtype = ready(<cnp.ndarray>arrays[typed])
    if job.dtype < 0:
        return None
    if arrays[A] == NULL:
        if not number(input, job.dtype, True, &job.scalar):
            return None
        job.plan.data[A] = <char*>&job.scalar
    elif arrays[B] == NULL:
        if other is NOTHING:
            set_nothing(&job.scalar, job.dtype)
        elif not number(other, job.dtype, True, &job.scalar):
            return None
        job.plan.data[B] = <char*>&job.scalar
    else:
        both = ready(<cnp.ndarray>arrays[B])
        # (Two C types of one size have two type numbers; np.result_type picks one.)
        if (
            both != job.dtype
            or cnp.PyArray_TYPE(<cnp.ndarray>arrays[B])
            != cnp.PyArray_TYPE(<cnp.ndarray>arrays[A])
        ):
            if not carry_both(job, arrays):
                return None
    job.real = 0
    kind = number(beta, job.dtype, False, &job.beta)
    if kind == 0:
        return None
    if kind == 1:
        job.real |= BETA_REAL
    kind = number(alpha, job.dtype, False, &job.alpha)
    if kind == 0:
        return None
    if kind == 1:
        job.real |= ALPHA_REAL
    if out is not None:
        if not is_ready_out(out, job.dtype):
            return None
        arrays[OUT] = <PyObject*>out
    return planned_call(job, arrays, typed)


cdef object gate(
    object input, object other, object beta, object alpha, object out, object dtype,
    object casting, object where,
):
    """Compute a call that is ready to run. Anything else: NotImplemented."""
    cdef job_t job
    cdef PyObject* mask = NULL
    if dtype is not None or casting is not SAME_KIND:
        return NotImplemented
    if where is not True:
        if (
            out is None or not cnp.PyArray_CheckExact(where)
            or cnp.PyArray_TYPE(where) != cnp.NPY_BOOL
        ):
            return NotImplemented
        mask = <PyObject*>where
    planned_out = recognised(&job, input, other, beta, alpha, out, mask)
    if planned_out is None:
        return NotImplemented
    run_job(&job, 1, "add")
    return result_of(planned_out, out is None)


def add_is_ready(input, other, out):
    """Whether the gate recognises an addition; nothing is computed."""
    cdef job_t job
    return recognised(&job, input, other, 1, 1, out, NULL) is not None


cdef inline void start_job(job_t* job, int operation, int dtype) noexcept nogil:
    job.operation = operation
    job.dtype = dtype
    make_carriers(job)
    job.direct = True


cdef int take_array(job_t* job, int operand, cnp.ndarray x) except -1:
    """Of any native dtype, byte order and alignment."""
    cdef carrier_t* carrier = &job.carriers[operand]
    carrier.dtype = native_of(x)
    carrier.swapped = not cnp.PyArray_ISNOTSWAPPED(x)
    carrier.raw = carrier.swapped or not cnp.PyArray_ISALIGNED(x)
    if carrier.dtype < 0:
        raise TypeError(f"{x.dtype} is not a native dtype")
    if carrier.raw or carrier.dtype != job.dtype:
        job.direct = False
    return 0


cdef object prepared(
    job_t* job, cnp.ndarray input, cnp.ndarray other, cnp.ndarray beta,
    cnp.ndarray alpha, cnp.ndarray out, cnp.dtype dtype, cnp.ndarray mask,
):
    """Plan a call that the Python layer has checked: native arrays of any dtype, byte
    order and alignment, coefficients as 0-d arrays of the dtype (or, for a real
    coefficient of a complex result, of its real dtype). Returns out."""
    cdef PyObject* arrays[MOST_OPERANDS]
    cdef int operand
    cdef object planned_out
    arrays[OUT] = <PyObject*>out if out is not None else NULL
    arrays[A] = <PyObject*>input
    arrays[B] = <PyObject*>other
    arrays[MASK] = <PyObject*>mask if mask is not None else NULL
    start_job(job, ADD, native(dtype))
    for operand in range(OPERANDS):
        if arrays[operand] != NULL:
            take_array(job, operand, <cnp.ndarray>arrays[operand])
    job.real = 0
    if not cnp.PyArray_ISCOMPLEX(beta):
        job.real |= BETA_REAL
    if not cnp.PyArray_ISCOMPLEX(alpha):
        job.real |= ALPHA_REAL
    memcpy(&job.beta, cnp.PyArray_DATA(beta), cnp.PyArray_ITEMSIZE(beta))
    memcpy(&job.alpha, cnp.PyArray_DATA(alpha), cnp.PyArray_ITEMSIZE(alpha))
    planned_out = planned(&job.plan, arrays, dtype.type_num, itemsizes[job.dtype])
    if planned_out is None:
        raise ValueError("the operands do not broadcast")
    return planned_out


def compute_addition(operands, coefficients, out, cnp.dtype dtype not None, mask):
    """Compute an addition that the Python layer has checked."""
    cdef job_t job
    input, other = operands
    beta, alpha = coefficients
    planned_out = prepared(
        &job, input, other, beta, alpha, out, dtype, mask
    )
    run_job(&job, 1, "add")
    return result_of(planned_out, out is None)


cdef void add_strided(
    int dtype, int ndim, const Py_ssize_t* shape,
    const void* input, const Py_ssize_t* input_strides,
    const void* other, const Py_ssize_t* other_strides,
    void* out, const Py_ssize_t* out_strides,
    const void* alpha, const void* beta, int threads,
) noexcept nogil:
    cdef job_t job
    cdef Py_ssize_t size, itemsize = itemsizes[dtype]
    cdef bint has_scratch
    start_job(&job, ADD, dtype)
    job.real = BETA_REAL | ALPHA_REAL
    memcpy(&job.alpha, alpha, itemsize)
    memcpy(&job.beta, beta, itemsize)
    begin(&job.plan, ndim)
    bring(&job.plan, OUT, <char*>out, itemsize, ndim, shape, out_strides, True)
    bring(&job.plan, A, <char*>input, itemsize, ndim, shape, input_strides, False)
    bring(&job.plan, B, <char*>other, itemsize, ndim, shape, other_strides, False)
    size = size_of(&job.plan)
    if size == 0:
        return
    simplify(&job.plan)
    threads = max(1, min(threads, MAX_THREADS)) if size >= LARGE else 1
    has_scratch = scratch_of_thread() != NULL
    choose_kernels(&job, 1, size if has_scratch else 0)
    cut_for(&job, 1, size, threads)
    if not has_scratch:
        job.repeated = OUT
    if threads > 1:
        feraiseexcept(
            walk_by_threads(
                &job, 1, 1, size, cost(&job, 1, size), threads, threads
            )
        )
    else:
        walk(&job, 1, 0, job.units)


# The entries of other compiled code: _core.pxd tells of them.

cdef void add_float32(
    int ndim, const Py_ssize_t* shape,
    const float* input, const Py_ssize_t* input_strides,
    const float* other, const Py_ssize_t* other_strides,
    float* out, const Py_ssize_t* out_strides,
    float alpha, float beta, int threads,
) noexcept nogil:
    add_strided(
        FLOAT32, ndim, shape, input, input_strides, other, other_strides, out,
        out_strides, &alpha, &beta, threads,
    )


cdef void add_float64(
    int ndim, const Py_ssize_t* shape,
    const double* input, const Py_ssize_t* input_strides,
    const double* other, const Py_ssize_t* other_strides,
    double* out, const Py_ssize_t* out_strides,
    double alpha, double beta, int threads,
) noexcept nogil:
    add_strided(
        FLOAT64, ndim, shape, input, input_strides, other, other_strides, out,
        out_strides, &alpha, &beta, threads,
    )


# ---- what is known and in use ------------------------------------------------------

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
                add_native_loops(BFLOAT16, dtype)
                bfloat16_type = type_by_native[BFLOAT16] = type_num
                know_promotions({**known_dtypes, BFLOAT16: dtype})
        return BFLOAT16
    return -1


meeting_bfloat16 = RLock()
known_dtypes = {
    place: numpy.dtype(name) for place, name in enumerate(NAMES) if name != "bfloat16"
}
know_promotions(known_dtypes)


def set_last_level_cache(Py_ssize_t size):
    """Its bytes."""
    global last_level_cache
    last_level_cache = size


def runs_here(name):
    """Whether this CPU can run the kernels of an instruction set."""
    return bool(cpu_runs(name.encode()))


def use(table):
    """Compute with the kernels of this capsule from now on."""
    global kernels
    kernels = <const kernels_t*>PyCapsule_GetPointer(table, "fastadd.kernels")


include "sum.pxi"
include "each.pxi"
include "relu.pxi"
include "norm.pxi"
include "ufunc.pxi"
include "calls.pxi"

COMPUTE = {
    "add": compute_addition, "relu": compute_relu, "weighted_sum": compute_sum,
}


def compute_checked(name, operands, coefficients, out, dtype, mask=None):
    """Compute an operation that the Python layer has checked: native arrays of any
    dtype, byte order and alignment, coefficients as `prepared` takes them."""
    return COMPUTE[name](operands, coefficients, out, dtype, mask)


for each in list(globals().values()):
    if type(each) in (type(compute_checked), numpy.ufunc):
        uncount(each)
