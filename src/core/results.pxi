# Fresh results, and the memory that large ones take over from those before them.
# Uses: nothing.

from cpython.pycapsule cimport PyCapsule_New

cdef extern from "numpy/arrayobject.h":
    ctypedef struct PyArray_Descr:
        pass
    PyTypeObject PyArray_Type
    PyArray_Descr* PyArray_DescrFromType(int type_num)
    # Takes the reference to descr.
    object PyArray_NewFromDescr(
        PyTypeObject* subtype, PyArray_Descr* descr,
        int ndim, const cnp.npy_intp* shape, const cnp.npy_intp* strides,
        void* data, int flags, PyObject* obj,
    )
    object PyArray_Scalar(void* data, PyArray_Descr* descr, object base)
    object PyDataMem_SetHandler(object handler)
    PyObject* PyDataMem_DefaultHandler

cdef extern from "recycle.h":
    const bint CAN_RECYCLE "FASTADD_CAN_RECYCLE"
    ctypedef struct PyDataMem_Handler:
        pass
    PyDataMem_Handler recycle_handler
    int recycle_start()
    void recycle_set_limit(size_t limit)
    void recycle_clear()
    void recycle_info(size_t* info)

cdef enum:
    # Bytes of a result from which its memory is recycled. From 32 MiB on glibc's malloc
    # never does it: 34 MiB of float32 take 2.0 ms instead of 4.5, 160 MiB 10.9 instead
    # of 19.5, as with out=. Below it does, unless what others freed makes it give the
    # memory back at each call (8 MB, in the benchmark: 0.26 ms instead of 0.15). NumPy
    # asks for huge pages from the same size on.
    RECYCLED = 1 << 22

cdef bint recycling = False
cdef object handler = PyCapsule_New(&recycle_handler, "mem_handler", NULL)

if recycle_start() != 0:
    raise MemoryError("no memory for a fork handler")


cdef inline cnp.ndarray new_array(
    int type_num, int ndim, const cnp.npy_intp* shape, const cnp.npy_intp* strides,
    Py_ssize_t size,
):
    """An array of so many bytes."""
    if size >= RECYCLED and recycling:
        return new_from_recycled(type_num, ndim, shape, strides)
    return PyArray_NewFromDescr(
        &PyArray_Type, PyArray_DescrFromType(type_num),
        ndim, shape, strides, NULL, 0, NULL,
    )


cdef cnp.ndarray new_from_recycled(
    int type_num, int ndim, const cnp.npy_intp* shape, const cnp.npy_intp* strides
):
    cdef object before = PyDataMem_SetHandler(handler)
    try:
        if before is not <object>PyDataMem_DefaultHandler:
            PyDataMem_SetHandler(before)  # somebody else's: they want all arrays
        return PyArray_NewFromDescr(
            &PyArray_Type, PyArray_DescrFromType(type_num),
            ndim, shape, strides, NULL, 0, NULL,
        )
    finally:
        PyDataMem_SetHandler(before)


def set_cache_limit(size_t limit):
    """Keep at most so many bytes for results to come."""
    global recycling
    recycling = CAN_RECYCLE and limit > 0
    recycle_set_limit(limit)


def clear_cache():
    recycle_clear()


def cache_info():
    """Hits, misses, limit and bytes kept."""
    cdef size_t[4] info
    recycle_info(info)
    return info[0], info[1], info[2], info[3]
