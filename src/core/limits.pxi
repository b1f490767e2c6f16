# relu: what is less than zero becomes zero.
# Uses: native, job, run, dtypes, numbers, arrays.

# The highest number that does: of floats, in the bits of a signed integer, -inf, which
# is -2**bits for so many bits of mantissa. (NaNs with a sign lie above it.)
cdef scalar_t highest_rectified[NATIVE_COUNT]


def set_highest():
    cdef int dtype
    cdef cnp.ndarray number
    mantissas = {FLOAT16: 10, BFLOAT16: 7, FLOAT32: 23, FLOAT64: 52}
    for dtype in range(LONGDOUBLE):
        number = numpy.array(-(2 ** mantissas.get(dtype, 0)), f"i{itemsizes[dtype]}")
        memcpy(&highest_rectified[dtype], cnp.PyArray_DATA(number), itemsizes[dtype])


set_highest()


cdef inline void set_relu(job_t* job) noexcept:
    """max(x, 0) or, where there is nothing below zero, x + 0."""
    job.plan.data[B] = <char*>&job.scalars[B]
    if job.dtype == BOOL or UINT8 <= job.dtype <= UINT64:
        job.operation = ADD
        set_number(&job.beta, job.dtype, 1)
        job.alpha = job.beta
        job.real = 0
        set_additive_identity(&job.scalars[B], job.dtype)
    else:
        job.operation = RELU
        job.beta = highest_rectified[job.dtype]


cdef object try_relu(job_t* job, x, out):
    """Plan a relu that is ready to run: an exact native array, out absent or of its
    dtype. Returns out, or None for anything else, and nothing has been touched."""
    cdef PyObject* arrays[MOST_OPERANDS]
    if not cnp.PyArray_CheckExact(x):
        return None
    job.direct = True
    job.dtype = native_dtype_of(x)
    if not BOOL <= job.dtype < COMPLEX64:
        return None
    arrays[OUT] = arrays[B] = arrays[MASK] = NULL
    arrays[A] = <PyObject*>x
    set_relu(job)
    if out is not None:
        if not is_ready_out(out, job.dtype):
            return None
        arrays[OUT] = <PyObject*>out
    return plan_call(
        job, arrays, A, 2, cnp.PyArray_TYPE(<cnp.ndarray>x), itemsizes[job.dtype]
    )


cdef object gate_relu(x, out):
    """Compute a call that is ready to run. Anything else: NotImplemented."""
    cdef job_t job
    planned_out = try_relu(&job, x, out)
    if planned_out is None:
        return NotImplemented
    run_job(&job, 1, "relu")
    return result_of(planned_out, out is None)


cdef object plan_relu(job_t* job, cnp.ndarray x, cnp.ndarray out):
    """Plan a relu that the Python layer has checked. Returns out."""
    cdef PyObject* arrays[MOST_OPERANDS]
    cdef int native_dtype = native_of(x)
    arrays[OUT] = <PyObject*>out if out is not None else NULL
    arrays[A] = <PyObject*>x
    arrays[B] = arrays[MASK] = NULL
    start_job(job, RELU, native_dtype)
    take_array(job, A, x)
    if out is not None:
        take_array(job, OUT, out)
    set_relu(job)
    planned_out = plan_arrays(
        &job.plan, arrays, 2, cnp.PyArray_TYPE(x), itemsizes[native_dtype]
    )
    if planned_out is None:
        raise ValueError("x does not broadcast to out")
    return planned_out


def compute_relu(operands, coefficients, cnp.ndarray out, dtype, mask):
    cdef job_t job
    planned_out = plan_relu(&job, operands[0], out)
    run_job(&job, 1, "relu")
    return result_of(planned_out, out is None)
