# The compiled core: the gate that recognises a call which is ready to run, the plan
# of its memory, and the run over planes and pieces.
#
# Design: the gate never explains. A call that it does not recognise it hands back
# untouched; the Python layer then checks and converts, and comes again through
# `compute_checked`.

cimport numpy as cnp
from cpython.complex cimport PyComplex_ImagAsDouble, PyComplex_RealAsDouble
from cpython.float cimport PyFloat_AS_DOUBLE
from cpython.object cimport PyObject, PyTypeObject
from cpython.pycapsule cimport PyCapsule_GetPointer
from cpython.ref cimport Py_DECREF
from libc.stdlib cimport free, malloc
from libc.string cimport memchr, memcpy, memset

from threading import RLock

import numpy

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

include "native.pxi"
include "plan.pxi"
include "job.pxi"
include "threads.pxi"
include "strips.pxi"
include "masks.pxi"
include "layouts.pxi"
include "program.pxi"
include "blocks.pxi"
include "run.pxi"
include "dtypes.pxi"
include "casting.pxi"
include "numbers.pxi"
include "results.pxi"
include "arrays.pxi"
include "operations.pxi"
include "add.pxi"
include "entries.pxi"
include "sums.pxi"
include "lists.pxi"
include "limits.pxi"
include "norm.pxi"
include "adam.pxi"
include "dots.pxi"
include "loops.pxi"
include "times.pxi"
include "ufunc.pxi"
include "calls.pxi"
include "explain.pxi"
include "answers.pxi"


def compute_checked(
    name, operands, coefficients, out, dtype, mask=None, result=None, called=None
):
    """Compute an operation that the Python layer has checked, as `plan_checked` takes
    it; `called` is its name in warnings, if that is another one."""
    if name == "relu":
        return compute_relu(operands, coefficients, out, dtype, mask)
    if name == "weighted_sum":
        return compute_sum(
            operands, coefficients, out, dtype, dtype if result is None else result,
            mask,
        )
    return compute_operation(
        name, operands, coefficients, out, dtype, dtype if result is None else result,
        mask, (called or name).encode(),
    )


for each in list(globals().values()):
    if type(each) in (type(compute_checked), numpy.ufunc):
        uncount(each)
