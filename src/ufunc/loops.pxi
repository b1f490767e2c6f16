# The same addition as a NumPy ufunc, for what the gate and the Python layer hand on:
# arrays with a protocol of their own, where=, dates and objects.
#
# Design: scaled_add(input, other, alpha, beta). The coefficients are operands, so that
# whoever overrides the ufunc sees all of the call. But they come in a dtype of their
# own, which holds every number by which a result may be scaled, and have no say in the
# dtype of the result. An inner loop of the ufunc is a plan of one row.
# Uses: native, plan, job, run, dtypes, numbers, arrays, operations.

from cpython.number cimport PyNumber_Multiply

from cpython.pycapsule cimport PyCapsule_New
from cpython.ref cimport Py_INCREF, Py_XDECREF
from libc.math cimport isfinite

cdef extern from "<fenv.h>" nogil:
    int feraiseexcept(int)

cdef extern from "numpy/dtype_api.h":
    ctypedef struct PyArray_DTypeMeta:
        pass
    ctypedef struct PyArrayMethod_Context:
        PyArray_Descr** descriptors
    ctypedef struct PyType_Slot:
        int slot
        void* pfunc
    ctypedef struct PyArrayMethod_Spec:
        const char* name
        int nin, nout
        cnp.NPY_CASTING casting
        int flags
        PyArray_DTypeMeta** dtypes
        PyType_Slot* slots
    enum:
        NPY_METH_REQUIRES_PYAPI
        NPY_METH_NO_FLOATINGPOINT_ERRORS
        NPY_METH_resolve_descriptors
        NPY_METH_strided_loop

cdef extern from "numpy/ufuncobject.h":
    object PyUFunc_FromFuncAndData(
        void* functions, void* data, const char* types, int ntypes, int nin, int nout,
        int identity, const char* name, const char* doc, int unused,
    )
    int PyUFunc_AddLoopFromSpec(object ufunc, PyArrayMethod_Spec* spec) except -1
    int PyUFunc_AddPromoter(object ufunc, object dtypes, object promoter) except -1
    enum:
        PyUFunc_None

cdef extern from "numpy/arrayobject.h":
    PyArray_DTypeMeta* PyArray_PromoteDTypeSequence(
        Py_ssize_t count, PyArray_DTypeMeta** dtypes
    ) except NULL
    PyArray_Descr* PyArray_GetDefaultDescr(PyArray_DTypeMeta* dtype) except NULL
    const int64_t NPY_DATETIME_NAT

# The ufunc's operands.
cdef enum:
    U_A
    U_B
    U_ALPHA
    U_BETA
    U_OUT
    U_OPERANDS

ctypedef int (*loop_t)(
    PyArrayMethod_Context* context, char** data, const cnp.npy_intp* shape,
    const cnp.npy_intp* strides, void* unused,
) except -1


cdef inline int type_of(const PyArrayMethod_Context* context, int operand) noexcept:
    return (<cnp.dtype>context.descriptors[operand]).type_num


cdef inline char* at(
    char** data, const cnp.npy_intp* strides, int operand, Py_ssize_t i
) noexcept:
    return data[operand] + i * strides[operand]


cdef tuple coefficient_types(int dtype):
    """What may hold a coefficient of a native dtype: for integers, real and complex
    numbers; longdouble holds those integers of NumPy's that float64 would round."""
    if dtype <= UINT64:
        return (numpy.int64,) * 3
    wide = dtype in (LONGDOUBLE, CLONGDOUBLE)
    real = numpy.longdouble if wide else numpy.float64
    if dtype < COMPLEX64:
        return numpy.longdouble, real, real
    return numpy.longdouble, real, numpy.clongdouble if wide else numpy.complex128


cdef object coefficient_type(int dtype, given):
    """Which of them holds a number of a scalar type."""
    integer, real, complex = coefficient_types(dtype)
    if given is not int and numpy.dtype(given) in (numpy.int64, numpy.uint64):
        return integer
    return complex if numpy.dtype(given).kind == "c" else real


cdef int store(
    const char* given, int held, int dtype, scalar_t* stored, object name
) except -1:
    """Bring a coefficient from what holds it to what the kernels of a dtype take."""
    cdef Py_ssize_t* step = [0, 0]
    cdef double[2] before, after
    cdef int part, parts = 2 if held == COMPLEX128 else 1
    if held == INT64 and dtype != BOOL:
        if not integer_fits((<int64_t*>given)[0], dtype, False):
            raise OverflowError(
                f"{name}={(<int64_t*>given)[0]} does not fit {NAMES[dtype]}. Pass a "
                "wider dtype=."
            )
    dtype = arithmetic_dtype(dtype if held >= COMPLEX64 else real_of(dtype))
    kernels.convert[held][dtype](1, 1, stored, step, given, step)
    if held in (FLOAT64, COMPLEX128):
        memcpy(before, given, parts * sizeof(double))
        kernels.convert[dtype][held](1, 1, after, step, stored, step)
        for part in range(parts):
            if isfinite(before[part]) and not isfinite(after[part]):
                raise OverflowError(
                    f"{name}={before[part]} does not fit {NAMES[dtype]}: it would "
                    "become infinite. Pass a wider dtype= or a smaller one."
                )
    return 0


cdef int run_loop(
    job_t* prepared, PyArrayMethod_Context* context, const int* places, char** data,
    Py_ssize_t length, const cnp.npy_intp* strides, int parts=1,
) except -1:
    """Compute a job of which the ufunc's operands at `places` are out and the inputs,
    complex ones as so many real parts. Returns the flags that were raised."""
    cdef job_t job
    cdef int operand, dtype, raised = 0, inputs = inputs_of[prepared.operation]
    cdef Py_ssize_t done = 0, piece = length
    while done < length:
        job = prepared[0]
        start_job(&job, prepared.operation, prepared.dtype)
        job.plan.inputs, job.plan.operands, job.plan.ndim = inputs, inputs + 1, parts
        for operand in range(inputs + 1):
            dtype = native_of_type(type_of(context, places[operand]))
            if parts == 2:
                dtype = real_of(dtype)
            job.carriers[operand].dtype = dtype
            job.direct &= dtype == job.dtype
            job.plan.itemsize[operand] = itemsizes[dtype]
            job.plan.strides[operand][0] = strides[places[operand]]
            # (A real factor scales both parts.)
            job.plan.strides[operand][1] = (
                0 if places[operand] in (U_ALPHA, U_BETA) else itemsizes[dtype]
            )
            job.plan.data[operand] = at(data, strides, places[operand], done)
        job.plan.shape[0], job.plan.shape[1] = length, parts
        for operand in range(A, inputs + 1):
            # NumPy lets out lie where all has been read by the time it is written, if
            # the elements are taken in order: by one thread.
            if done == 0 and not safe_to_write(&job.plan, operand):
                piece = LARGE - 1
        job.plan.shape[0] = min(piece, length - done)
        raised |= compute_job(&job, 1)
        done += piece
    return raised


cdef int run_factors(
    PyArrayMethod_Context* context, char** data, const cnp.npy_intp* shape,
    const cnp.npy_intp* strides, const int* held,
) except -1:
    """Coefficients for each element. Returns the flags that were raised."""
    cdef job_t job
    cdef int[D + 1] places = [U_OUT, U_A, U_B, U_ALPHA, U_BETA]
    cdef int each = U_BETA if strides[U_ALPHA] == 0 else U_ALPHA
    cdef int other = U_ALPHA + U_BETA - each
    cdef int dtype = native_of_type(type_of(context, U_OUT))
    cdef int parts = 1
    job.operation, job.dtype, job.real = PRODUCTS, arithmetic_dtype(dtype), 0
    if dtype >= COMPLEX64 and held[U_ALPHA] < COMPLEX64 and held[U_BETA] < COMPLEX64:
        parts, job.dtype = 2, real_of(dtype)
    elif dtype >= COMPLEX64 and strides[other] == 0 and held[each] >= COMPLEX64:
        job.operation = ADDCMUL
        if each == U_BETA:
            places[A], places[B] = U_B, U_A
        places[C] = each
        job.real = ALPHA_REAL | (BETA_REAL if held[other] < COMPLEX64 else 0)
        store(
            data[other], held[other], dtype, &job.beta,
            "alpha" if other == U_ALPHA else "beta",
        )
        set_number(&job.alpha, real_of(dtype), 1)
    return run_loop(&job, context, places, data, shape[0], strides, parts)


cdef inline bint go_one_by_one(
    int dtype, const int* held, const cnp.npy_intp* strides
) noexcept:
    """Of a complex result one coefficient is complex, and the real one is an array."""
    cdef int real = U_ALPHA if held[U_ALPHA] < COMPLEX64 else U_BETA
    cdef int other = U_ALPHA + U_BETA - real
    return (
        dtype >= COMPLEX64 and held[real] < COMPLEX64 and held[other] >= COMPLEX64
        and strides[real] != 0
    )


cdef int native_loop(
    PyArrayMethod_Context* context, char** data, const cnp.npy_intp* shape,
    const cnp.npy_intp* strides, void* unused,
) except -1:
    cdef job_t job
    cdef int[3] places = [U_OUT, U_A, U_B]
    cdef int[U_OPERANDS] held
    cdef char* moved[U_OPERANDS]
    cdef int operand, raised = all_flags()
    cdef bint of_each = strides[U_ALPHA] != 0 or strides[U_BETA] != 0
    cdef Py_ssize_t done, piece = max(1 if of_each else shape[0], <Py_ssize_t>1)
    for operand in range(U_OPERANDS):
        held[operand] = native_of_type(type_of(context, operand))
    if of_each and not go_one_by_one(held[U_OUT], held, strides):
        feraiseexcept(raised | run_factors(context, data, shape, strides, held))
        return 0
    job.operation, job.dtype = ADD, held[U_OUT]
    job.real = (
        (BETA_REAL if held[U_BETA] < COMPLEX64 else 0)
        | (ALPHA_REAL if held[U_ALPHA] < COMPLEX64 else 0)
    )
    for done in range(0, shape[0], piece):
        for operand in range(U_OPERANDS):
            moved[operand] = at(data, strides, operand, done)
        store(moved[U_ALPHA], held[U_ALPHA], job.dtype, &job.alpha, "alpha")
        store(moved[U_BETA], held[U_BETA], job.dtype, &job.beta, "beta")
        raised |= run_loop(&job, context, places, moved, piece, strides)
    feraiseexcept(raised)  # NumPy tells of them when all loops are done
    return 0
