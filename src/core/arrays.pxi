# NumPy's arrays as the operands of a plan, and fresh ones as its out.
# Uses: native, plan, job, layouts, dtypes, results.

cdef bint broadcast_array(
    plan_t* plan, int operand, cnp.ndarray x, bint may_grow
) noexcept:
    return broadcast_operand(
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


cdef inline bint fits_row(PyObject* x, cnp.ndarray model) noexcept:
    return x == NULL or same_row(model, <cnp.ndarray>x)


cdef inline void place_in_row(
    plan_t* plan, int operand, PyObject* x, Py_ssize_t itemsize
) noexcept:
    """An array, or a number."""
    plan.itemsize[operand] = itemsize
    plan.strides[operand][0] = 0
    if x != NULL:
        plan.strides[operand][0] = itemsize
        plan.data[operand] = cnp.PyArray_BYTES(<cnp.ndarray>x)


cdef object plan_row(
    plan_t* plan, PyObject** arrays, int typed, int inputs, int type_num
):
    """Plan contiguous arrays of one shape, and numbers, as one row: out, or None if
    they are anything else. The general plan comes to the same; this saves the small
    call 20 ns of it. (So do loops of which the compiler knows the length, 9.)"""
    cdef int operand
    cdef cnp.ndarray out, model = <cnp.ndarray>arrays[typed]
    cdef Py_ssize_t itemsize = cnp.PyArray_ITEMSIZE(model)
    for operand in range(B + 1):
        if not fits_row(arrays[operand], model):
            return None
    for operand in range(C, inputs + 1):
        if not fits_row(arrays[operand], model):
            return None
    if arrays[OUT] != NULL:
        out = <cnp.ndarray>arrays[OUT]
    else:
        out = new_array(
            type_num, cnp.PyArray_NDIM(model), cnp.PyArray_DIMS(model), NULL,
            cnp.PyArray_NBYTES(model),
        )
    plan.ndim = 1
    plan.inputs = inputs
    plan.operands = inputs + 1
    plan.shape[0] = cnp.PyArray_SIZE(model)
    place_in_row(plan, OUT, <PyObject*>out, itemsize)
    for operand in range(A, B + 1):
        place_in_row(plan, operand, arrays[operand], itemsize)
    for operand in range(C, inputs + 1):
        place_in_row(plan, operand, arrays[operand], itemsize)
    return out


cdef object plan_arrays(
    plan_t* plan, PyObject** arrays, int inputs, int type_num, Py_ssize_t itemsize
):
    """Plan arrays of any layout, broadcast to one another (or to out, if given): out,
    or None if they do not broadcast. Where an operand is a number, the caller has
    set plan.data to it."""
    cdef int operand, ndim = 0
    cdef cnp.ndarray out
    if arrays[OUT] != NULL:
        ndim = cnp.PyArray_NDIM(<cnp.ndarray>arrays[OUT])
    else:
        for operand in range(A, inputs + 1):
            if arrays[operand] != NULL:
                ndim = max(ndim, cnp.PyArray_NDIM(<cnp.ndarray>arrays[operand]))
        if arrays[MASK] != NULL:
            ndim = max(ndim, cnp.PyArray_NDIM(<cnp.ndarray>arrays[MASK]))
    begin_plan(plan, ndim, inputs)
    for operand in range(inputs + 1):
        if arrays[operand] != NULL:
            if not broadcast_array(
                plan, operand, <cnp.ndarray>arrays[operand],
                operand == OUT or arrays[OUT] == NULL,
            ):
                return None
        elif operand != OUT:
            broadcast_operand(
                plan, operand, plan.data[operand], itemsize, 0, NULL, NULL, False
            )
    if arrays[MASK] != NULL:
        plan.operands += 1
        if not broadcast_array(
            plan, inputs + 1, <cnp.ndarray>arrays[MASK], arrays[OUT] == NULL
        ):
            return None
    if arrays[OUT] == NULL:
        out = fresh(plan, type_num, itemsize)
    else:
        out = <cnp.ndarray>arrays[OUT]
    coalesce(plan)
    return out


cdef int take_both(job_t* job, PyObject** arrays) noexcept:
    """Take two arrays of different native dtypes: NumPy's number of that of the result,
    or -1 if the Python layer must."""
    cdef int operand, type_num
    cdef int[B + 1] found
    for operand in range(A, B + 1):
        found[operand] = native_dtype_of(<cnp.ndarray>arrays[operand])
        if found[operand] < 0:
            return -1
    type_num = promoted_type(
        cnp.PyArray_TYPE(<cnp.ndarray>arrays[A]),
        cnp.PyArray_TYPE(<cnp.ndarray>arrays[B]),
    )
    if type_num < 0:
        return -1
    job.dtype = native_of_type(type_num)
    if found[A] != job.dtype or found[B] != job.dtype:
        make_carriers(job)
        for operand in range(A, B + 1):
            job.carriers[operand].dtype = found[operand]
    return type_num


cdef inline bint is_ready_out(object out, int dtype) noexcept:
    return (
        cnp.PyArray_CheckExact(out) and native_dtype_of(out) == dtype
        and cnp.PyArray_ISWRITEABLE(out)
    )


cdef inline object plan_call(
    job_t* job, PyObject** arrays, int typed, int inputs, int type_num,
    Py_ssize_t itemsize,
):
    """Plan operands of which arrays[typed] is an array, and job.plan.data points to
    those that are numbers: out, or None if they do not broadcast, or if writing out
    might change one of them."""
    cdef object out = None
    cdef int operand
    if job.direct and arrays[MASK] == NULL:
        out = plan_row(&job.plan, arrays, typed, inputs, type_num)
    if out is None:
        out = plan_arrays(&job.plan, arrays, inputs, type_num, itemsize)
        if out is None:
            return None
    if arrays[OUT] != NULL:
        if not (
            out_is_simple(&job.plan)
            and safe_to_write(&job.plan, A)
            and safe_to_write(&job.plan, B)
        ):
            return None
        for operand in range(C, job.plan.operands):
            if not safe_to_write(&job.plan, operand):
                return None
    return out


cdef inline object result_of(object out, bint fresh):
    """A fresh result of no dimensions is a scalar."""
    if fresh and cnp.PyArray_NDIM(<cnp.ndarray>out) == 0:
        return out[()]
    return out


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


cdef inline bint is_sequence(object given) noexcept:
    return type(given) is list or type(given) is tuple


cdef inline bint is_list(object given) noexcept:
    """Whether it is a list of arrays or of numbers: an array is one, along its first
    axis."""
    return is_sequence(given) or (
        cnp.PyArray_CheckExact(given) and cnp.PyArray_NDIM(<cnp.ndarray>given) > 0
    )
