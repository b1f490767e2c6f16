# Objects, and the ufunc itself: which loop it takes.
# Uses: native, dtypes, loops, times.

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
welcomes.append(lambda place, dtype: add_native_loops(place, dtype))
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
