# beta*input + alpha*other and the dot product of that with a vector, or with itself:
# blocks are summed up as those of a norm.
# Uses: native, plan, job, run, dtypes, numbers, arrays, norm.

cdef enum:
    FEW_UNITS = 16  # of which the partial sums lie on the stack


cdef inline bint is_ready_operand(object x, int dtype) noexcept:
    return cnp.PyArray_CheckExact(x) and native_dtype_of(x) == dtype


cdef inline bint has_add_dot(int dtype) noexcept nogil:
    return dtype >= 0 and kernels.operations[ADD_DOT - PRODUCTS][dtype] != NULL


cdef object try_add_dot(
    job_t* job, object input, object other, object vector, object beta, object alpha,
    object out,
):
    """Plan a call that is ready to run: exact native arrays of one dtype, plain
    numbers. Returns out, or None for anything else, and nothing has been touched."""
    cdef PyObject* arrays[MOST_OPERANDS]
    cdef cnp.ndarray model
    cdef object planned_out = None
    if not cnp.PyArray_CheckExact(input):
        return None
    model = <cnp.ndarray>input
    job.operation = ADD_DOT
    job.dtype = native_dtype_of(model)
    job.direct = True
    job.real = vector is not None
    if (
        not has_add_dot(job.dtype)
        or not is_ready_operand(other, job.dtype)
        or job.real and not is_ready_operand(vector, job.dtype)
        or out is not None and not is_ready_out(out, job.dtype)
        or store_number(beta, job.dtype, False, &job.beta) == 0
        or store_number(alpha, job.dtype, False, &job.alpha) == 0
    ):
        return None
    arrays[OUT] = <PyObject*>out if out is not None else NULL
    arrays[A], arrays[B] = <PyObject*>input, <PyObject*>other
    arrays[C] = <PyObject*>vector
    arrays[MASK] = NULL
    if job.real and out is None and not (
        same_row(model, <cnp.ndarray>other) and same_row(model, <cnp.ndarray>vector)
    ):
        # The vector has no say in the result's shape and memory order.
        planned_out = plan_call(
            job, arrays, A, 2, cnp.PyArray_TYPE(model), itemsizes[job.dtype]
        )
        if planned_out is None:
            return None
        arrays[OUT] = <PyObject*>planned_out
    return plan_call(
        job, arrays, A, 3 if job.real else 2, cnp.PyArray_TYPE(model),
        itemsizes[job.dtype],
    )


cdef longdouble dot_from(
    const partial_t* partials, Py_ssize_t count, int* raised
) noexcept nogil:
    """The sum of all blocks' parts; it raises what a plain sum of them would."""
    cdef longdouble dot
    cdef Py_ssize_t k
    cdef int top
    cdef bint finite = True, known = True
    if count == 1:
        return partials[0].sum
    dot = sum_of(partials, count, &top)
    feclearexcept(WATCHED)
    if not isfinite(dot):
        for k in range(count):
            finite &= isfinite(partials[k].sum)
            known &= partials[k].sum == partials[k].sum
        if finite:
            raised[0] |= FE_OVERFLOW
        elif known and dot != dot:
            raised[0] |= FE_INVALID
    return dot


cdef object FLOAT64_SCALAR = numpy.dtype(numpy.float64)
cdef object LONGDOUBLE_SCALAR = numpy.dtype(numpy.longdouble)


cdef object scalar_of(longdouble dot, bint wide, int* raised):
    """As numpy.float64 or numpy.longdouble."""
    cdef double narrow
    if wide:
        return PyArray_Scalar(
            &dot, <PyArray_Descr*><PyObject*>LONGDOUBLE_SCALAR, None
        )
    narrow = <double>dot
    if isfinite(dot) and not isfinite(narrow):
        raised[0] |= FE_OVERFLOW
        feclearexcept(WATCHED)
    return PyArray_Scalar(&narrow, <PyArray_Descr*><PyObject*>FLOAT64_SCALAR, None)


cdef object run_add_dot(job_t* job, const char* name):
    """Compute a planned job: the dot product."""
    cdef partial_t[FEW_UNITS] few
    cdef partial_t* partials = few
    cdef longdouble dot = 0
    cdef Py_ssize_t nbytes, size = size_of(&job.plan)
    cdef int allowed, threads, raised = 0
    if size > 0:
        threads = prepare_job(job, 1, size, &nbytes, &allowed)
        if job.units > FEW_UNITS:
            partials = <partial_t*>allocate(job.units, sizeof(partial_t))
        job.partials = partials
        job.plane.views[D].data = <char*>partials  # where all is one block
        raised = compute_prepared(job, 1, size, nbytes, threads, allowed)
        dot = dot_from(partials, job.units, &raised)
        if partials != few:
            free(partials)
    found = scalar_of(dot, job.dtype == LONGDOUBLE, &raised)
    report(raised, name)
    return found


cdef object dot_of(cnp.ndarray x, cnp.ndarray vector):
    """The dot product of native real arrays, of which x is of floats and may be written
    to: of x plus nothing. It is calculated in the dtype that holds both."""
    cdef PyObject* arrays[MOST_OPERANDS]
    cdef job_t job
    cdef int dtype = arithmetic_dtype(native_of(x)), inputs = B
    cdef int type_num = type_of_native[dtype]
    if vector is not None:
        type_num = promoted_type(
            type_num, type_of_native[arithmetic_dtype(native_of(vector))]
        )
        dtype = native_of_type(type_num)
        inputs = C
    start_job(&job, ADD_DOT, dtype)
    job.real = inputs == C
    arrays[A], arrays[B], arrays[C] = <PyObject*>x, NULL, <PyObject*>vector
    arrays[OUT] = arrays[A] if native_dtype_of(x) == dtype else NULL
    arrays[MASK] = NULL
    take_array(&job, A, x)
    if job.real:
        take_array(&job, C, vector)
    set_additive_identity(&job.scalars[B], dtype)
    job.plan.data[B] = job.scalars[B].bytes
    set_number(&job.beta, dtype, 1)
    set_number(&job.alpha, dtype, 1)
    out = plan_arrays(
        &job.plan, arrays, inputs, type_num, itemsizes[dtype]
    )
    if out is None:
        raise ValueError("vector does not broadcast")
    return run_add_dot(&job, b"add_dot")
