# relu: what is less than zero becomes zero.

# The lowest number that passes: of floats in the bits of a signed integer, in which
# -inf is -2**bits for so many bits of mantissa, and NaNs with a sign lie above it.
cdef scalar_t floors[NATIVE_COUNT]


def set_floors():
    cdef int dtype
    cdef cnp.ndarray floor
    mantissas = {FLOAT16: 10, BFLOAT16: 7, FLOAT32: 23, FLOAT64: 52}
    for dtype in range(LONGDOUBLE):
        floor = numpy.zeros((), f"i{itemsizes[dtype]}")
        if dtype in mantissas:
            floor[...] = 1 - 2 ** mantissas[dtype]
        elif dtype == BOOL or UINT8 <= dtype <= UINT64:
            floor[...] = numpy.iinfo(floor.dtype).min
        memcpy(&floors[dtype], cnp.PyArray_DATA(floor), itemsizes[dtype])


set_floors()


def gate_relu(x, out):
    """Compute a relu that is ready to run: an exact native array, out absent or of its
    dtype. Anything else: NotImplemented, and nothing has been touched."""
    cdef job_t job
    cdef PyObject* arrays[OPERANDS]
    if not cnp.PyArray_CheckExact(x):
        return NotImplemented
    job.operation = RELU
    job.direct = True
    job.dtype = ready(x)
    if not BOOL <= job.dtype < COMPLEX64:
        return NotImplemented
    arrays[OUT] = arrays[B] = NULL
    arrays[A] = <PyObject*>x
    job.plan.data[B] = <char*>&job.scalar
    if out is not None:
        if not is_ready_out(out, job.dtype):
            return NotImplemented
        arrays[OUT] = <PyObject*>out
    planned_out = planned_call(&job, arrays, A)
    if planned_out is None:
        return NotImplemented
    job.beta = floors[job.dtype]
    run_job(&job, 1, "relu")
    return result_of(planned_out, out is None)


def run_relu(cnp.ndarray x not None, cnp.ndarray out):
    """Compute a relu that the Python layer has checked."""
    cdef job_t job
    cdef PyObject* arrays[OPERANDS]
    cdef int dtype = native_of(x)
    arrays[OUT] = <PyObject*>out if out is not None else NULL
    arrays[A] = <PyObject*>x
    arrays[B] = NULL
    start_job(&job, RELU, dtype)
    take_array(&job, A, x)
    if out is not None:
        take_array(&job, OUT, out)
    job.plan.data[B] = <char*>&job.scalar
    job.beta = floors[dtype]
    planned_out = planned(&job.plan, arrays, type_by_native[dtype], itemsizes[dtype])
    if planned_out is None:
        raise ValueError("x does not broadcast to out")
    run_job(&job, 1, "relu")
    return planned_out
