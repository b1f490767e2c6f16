# The same addition as a NumPy ufunc, for what the gate and the Python layer hand on:
# arrays with a protocol of their own, where=, dates and objects.
#
# Design: scaled_add(input, other, alpha, beta). The coefficients are operands, so that
# whoever overrides the ufunc sees all of the call. But they come in a dtype of their
# own, which holds every number by which a result may be scaled, and have no say in the
# dtype of the result. An inner loop of the ufunc is a plan of one row.

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


# ---- native dtypes ------------------------------------------------------------------

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


cdef int native_loop(
    PyArrayMethod_Context* context, char** data, const cnp.npy_intp* shape,
    const cnp.npy_intp* strides, void* unused,
) except -1:
    cdef job_t job
    cdef int[OPERANDS] places = [U_OUT, U_A, U_B]
    cdef int operand, raised = all_flags()
    cdef int alpha = native_of_type(type_of(context, U_ALPHA))
    cdef int beta = native_of_type(type_of(context, U_BETA))
    cdef Py_ssize_t done, piece = shape[0]
    start_job(&job, ADD, native_of_type(type_of(context, U_OUT)))
    job.real = (
        (BETA_REAL if beta < COMPLEX64 else 0)
        | (ALPHA_REAL if alpha < COMPLEX64 else 0)
    )
    job.plan.ndim = 1
    job.plan.operands = OPERANDS
    job.plan.shape[0] = piece
    for operand in range(OPERANDS):
        job.plan.itemsize[operand] = itemsizes[job.dtype]
        job.plan.strides[operand][0] = strides[places[operand]]
        job.plan.data[operand] = data[places[operand]]
    if strides[U_ALPHA] != 0 or strides[U_BETA] != 0:
        piece = 1
    elif not safe_to_write(&job.plan, A) or not safe_to_write(&job.plan, B):
        # NumPy lets out lie where all has been read by the time it is written, if the
        # elements are taken in order: by one thread.
        piece = LARGE - 1
    for done in range(0, shape[0], max(piece, 1)):
        store(at(data, strides, U_ALPHA, done), alpha, job.dtype, &job.alpha, "alpha")
        store(at(data, strides, U_BETA, done), beta, job.dtype, &job.beta, "beta")
        job.plan.shape[0] = min(piece, shape[0] - done)
        for operand in range(OPERANDS):
            job.plan.data[operand] = at(data, strides, places[operand], done)
        raised |= compute(&job, 1)
    feraiseexcept(raised)  # NumPy tells of them when all loops are done
    return 0


# ---- dates --------------------------------------------------------------------------

cdef inline double factor(const char* given, bint whole) noexcept:
    return <double>(<int64_t*>given)[0] if whole else (<double*>given)[0]


cdef inline int64_t scaled_time(int64_t x, const char* given, bint whole) noexcept:
    cdef double product
    if x == NPY_DATETIME_NAT or factor(given, whole) == 1:
        return x
    if whole:
        return x * (<int64_t*>given)[0]
    product = x * (<double*>given)[0]
    return <int64_t>product if isfinite(product) else NPY_DATETIME_NAT


cdef int check_dates(
    const PyArrayMethod_Context* context, double alpha, double beta
) except -1:
    """A date itself cannot be scaled, but two have a difference."""
    cdef bint first = type_of(context, U_A) == cnp.NPY_DATETIME
    cdef bint second = type_of(context, U_B) == cnp.NPY_DATETIME
    if first and second:
        if not (beta == 1 and alpha == -1 or beta == -1 and alpha == 1):
            raise TypeError(
                f"alpha={alpha:g}, beta={beta:g} of two dates: only their difference "
                "has a meaning. Pass alpha=-1."
            )
    elif first and beta != 1 or second and alpha != 1:
        raise TypeError(
            f"{'beta' if first else 'alpha'}={beta if first else alpha:g} of a date: "
            "only a timedelta can be scaled. Leave it out."
        )
    return 0


cdef int time_loop(
    PyArrayMethod_Context* context, char** data, const cnp.npy_intp* shape,
    const cnp.npy_intp* strides, void* unused,
) except -1:
    """datetime64 and timedelta64, in one unit."""
    cdef bint whole = type_of(context, U_ALPHA) != cnp.NPY_DOUBLE
    cdef char* alpha
    cdef char* beta
    cdef int64_t x, y
    cdef Py_ssize_t i
    for i in range(shape[0]):
        alpha = at(data, strides, U_ALPHA, i)
        beta = at(data, strides, U_BETA, i)
        if i == 0 or strides[U_ALPHA] != 0 or strides[U_BETA] != 0:
            check_dates(context, factor(alpha, whole), factor(beta, whole))
        x = scaled_time((<int64_t*>at(data, strides, U_A, i))[0], beta, whole)
        y = scaled_time((<int64_t*>at(data, strides, U_B, i))[0], alpha, whole)
        if x == NPY_DATETIME_NAT or y == NPY_DATETIME_NAT:
            x = NPY_DATETIME_NAT
        else:
            x += y
        (<int64_t*>at(data, strides, U_OUT, i))[0] = x
    return 0


cdef int resolve_units(
    void* method, PyArray_DTypeMeta** dtypes, PyArray_Descr** given,
    PyArray_Descr** chosen, cnp.npy_intp* view_offset,
) except -1:
    """NumPy's units, of a sum or a difference."""
    cdef int operand
    x, y = <object>given[U_A], <object>given[U_B]
    ufunc = numpy.subtract if x.kind == y.kind == "M" else numpy.add
    x, y, out = ufunc.resolve_dtypes((x, y, None))
    for operand, descr in ((U_A, x), (U_B, y), (U_OUT, out)):
        Py_INCREF(descr)
        chosen[operand] = <PyArray_Descr*>descr
    chosen[U_ALPHA] = PyArray_GetDefaultDescr(dtypes[U_ALPHA])
    chosen[U_BETA] = PyArray_GetDefaultDescr(dtypes[U_BETA])
    return cnp.NPY_NO_CASTING  # NumPy looks at each operand itself


# ---- objects ------------------------------------------------------------------------

cdef object scaled_object(const char* x, const char* given):
    cdef PyObject* value = (<PyObject**>x)[0]
    cdef PyObject* by = (<PyObject**>given)[0]
    if value == NULL:
        value = <PyObject*>None
    if PyLong_CheckExact(<object>by) and <object>by == 1:
        return <object>value
    return PyNumber_Multiply(<object>value, <object>by)


cdef int object_loop(
    PyArrayMethod_Context* context, char** data, const cnp.npy_intp* shape,
    const cnp.npy_intp* strides, void* unused,
) except -1:
    """Whatever Python can multiply and add; what is not scaled need not multiply."""
    cdef PyObject** out
    cdef PyObject* before
    cdef Py_ssize_t i
    for i in range(shape[0]):
        result = (
            scaled_object(at(data, strides, U_A, i), at(data, strides, U_BETA, i))
            + scaled_object(at(data, strides, U_B, i), at(data, strides, U_ALPHA, i))
        )
        out = <PyObject**>at(data, strides, U_OUT, i)
        before = out[0]
        Py_INCREF(result)
        out[0] = <PyObject*>result
        Py_XDECREF(before)
    return 0


# ---- the ufunc ----------------------------------------------------------------------

cdef int add_loop(dtypes, loop_t loop, int flags, void* resolve) except -1:
    """Give the ufunc a loop, from and to scalar types."""
    cdef PyArrayMethod_Spec spec
    cdef PyArray_DTypeMeta* classes[U_OPERANDS]
    cdef PyType_Slot slots[3]
    cdef int operand
    held = [dtype_class(each) for each in dtypes]
    for operand in range(U_OPERANDS):
        classes[operand] = <PyArray_DTypeMeta*><PyObject*>held[operand]
    slots[0].slot, slots[0].pfunc = NPY_METH_strided_loop, <void*>loop
    slots[1].slot, slots[1].pfunc = (
        NPY_METH_resolve_descriptors if resolve != NULL else 0, resolve
    )
    slots[2].slot, slots[2].pfunc = 0, NULL
    spec.name = "scaled_add"
    spec.nin, spec.nout = U_OUT, 1
    spec.casting = cnp.NPY_NO_CASTING
    spec.flags = NPY_METH_REQUIRES_PYAPI | flags
    spec.dtypes = classes
    spec.slots = slots
    return PyUFunc_AddLoopFromSpec(scaled_add, &spec)


def dtype_class(x):
    return type(numpy.dtype(x))


cdef int add_native_loops(int place, dtype) except -1:
    for alpha in set(coefficient_types(place)):
        for beta in set(coefficient_types(place)):
            add_loop((dtype, dtype, alpha, beta, dtype), native_loop, 0, NULL)
    return 0


def loop_of_times(x, y, *coefficients):
    """The loop of these scalar types, if one of x and y is a date or a difference."""
    times = {numpy.datetime64, numpy.timedelta64}
    if times.isdisjoint((x, y)):
        return None
    if numpy.object_ in (x, y):
        raise TypeError(
            "a date, or a difference of dates, and objects have no sum. Pass both in "
            "one dtype, as x.astype(object)."
        )
    for each in (x, y):
        if numpy.dtype(each).kind in "fc":
            raise TypeError(
                f"a date or a difference of dates and a {each.__name__} have no sum. "
                "Pass a timedelta64."
            )
    # NumPy takes an integer for so many units of time.
    x, y = (
        each if each is numpy.datetime64 else numpy.timedelta64 for each in (x, y)
    )
    kinds = [numpy.dtype(each).kind for each in coefficients]
    factor = numpy.float64 if "f" in kinds else numpy.int64
    out = numpy.timedelta64 if x is y else numpy.datetime64
    return x, y, factor, factor, out


def loop_of(dtype, *coefficients):
    """The loop of a dtype, for coefficients of these scalar types."""
    if dtype.kind == "O":
        return (dtype,) * U_OPERANDS
    place = native(dtype)
    if place < 0:
        raise TypeError(
            f"scaled_add does not know {dtype}: it computes with numbers, dates and "
            "objects. To add strings, leave alpha and beta out."
        )
    refused = "fc" if place <= UINT64 else "c" if place < COMPLEX64 else ""
    for each in coefficients:
        if numpy.dtype(each).kind in refused:  # NumPy 2.0 would cast a Python number
            raise TypeError(
                f"a coefficient is of type {each.__name__}, which a result of {dtype} "
                "does not take. Pass a wider dtype=."
            )
    alpha, beta = (coefficient_type(place, each) for each in coefficients)
    return dtype, dtype, alpha, beta, dtype


cdef object common_dtype(PyArray_DTypeMeta** given):
    """Of input and other."""
    cdef PyArray_DTypeMeta* common = PyArray_PromoteDTypeSequence(2, given)
    cdef PyArray_Descr* descr = PyArray_GetDefaultDescr(common)
    dtype = <object>descr
    Py_DECREF(dtype)
    Py_DECREF(<object><PyObject*>common)
    return dtype


cdef int promote(
    PyObject* ufunc, PyArray_DTypeMeta** given, PyArray_DTypeMeta** signature,
    PyArray_DTypeMeta** chosen,
) except -1:
    """Name the loop for operands of any dtypes (NumPy remembers it)."""
    cdef int operand
    types = [(<object><PyObject*>given[operand]).type for operand in range(U_OUT)]
    loop = loop_of_times(*types)
    if loop is None:
        if signature[U_OUT] != NULL:
            dtype = numpy.dtype((<object><PyObject*>signature[U_OUT]).type)
        else:
            dtype = common_dtype(given)
        loop = loop_of(dtype, *types[U_ALPHA:])
    for operand, each in enumerate(loop):
        known = dtype_class(each)
        Py_INCREF(known)
        chosen[operand] = <PyArray_DTypeMeta*><PyObject*>known
    return 0


cdef const char* DOC = b"""\
Compute ``beta*input + alpha*other``, element by element: `add` as a NumPy ufunc.

It is what arrays that override NumPy's ufuncs are given when `add` meets them, and
may be called like any other ufunc. All four operands broadcast together.

Parameters
----------
input, other : array_like
    The operands, of any native dtype, dates or objects. Their dtypes alone, or
    `dtype`, decide which that of the result is.
alpha, beta : array_like
    The coefficients, in this order: integers for an integer or bool result, integers
    or floats for a float result, complex numbers too for a complex one.
out, where, casting, order, dtype, subok, signature
    As in any ufunc.

Returns
-------
ndarray or scalar
    With the bits of `add`.

Raises
------
TypeError
    If a coefficient is of a kind that the result's dtype does not take.
OverflowError
    If one does not fit it.

See Also
--------
add : the same, checked beforehand, with many threads and dtypes in one pass.

Examples
--------
>>> import numpy as np
>>> import fastadd
>>> fastadd.scaled_add([1, 2, 3], [10, 20, 30], -1, 2)
array([ -8, -16, -24])
>>> fastadd.scaled_add([1.0, 2.0], 10.0, [[0.5], [0.25]], 1)  # an alpha for each row
array([[6. , 7. ],
       [3.5, 4.5]])
"""
scaled_add = PyUFunc_FromFuncAndData(
    NULL, NULL, NULL, 0, U_OUT, 1, PyUFunc_None, "scaled_add", DOC, 0
)
for char in "?bhilqBHILQefdgFDG":
    add_native_loops(native(numpy.dtype(char)), char)
for x, y, out in ("mmm", "MmM", "mMM", "MMm"):
    for c in (numpy.int64, numpy.float64):
        add_loop(
            (x, y, c, c, out), time_loop, NPY_METH_NO_FLOATINGPOINT_ERRORS,
            <void*>resolve_units,
        )
add_loop("OOOOO", object_loop, NPY_METH_NO_FLOATINGPOINT_ERRORS, NULL)
PyUFunc_AddPromoter(
    scaled_add, (None,) * U_OPERANDS,
    PyCapsule_New(<void*>promote, "numpy._ufunc_promoter", NULL),
)
