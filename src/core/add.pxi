# beta*input + alpha*other: the gate, which recognises a call that is ready to run and
# never explains.
# Uses: native, job, run, dtypes, casting, numbers, arrays, operations.

cdef inline object try_plan(
    job_t* job, object input, object other, object beta, object alpha, object out,
    PyObject* mask,
):
    """Plan a call that is ready to run: operands that are exact native arrays of one
    dtype (or one of them a Python number), coefficients that are plain Python numbers
    and fit, out absent or of that dtype. Returns out, or None for anything else, and
    nothing has been touched."""
    cdef PyObject* arrays[MOST_OPERANDS]
    cdef int kind, typed, both, type_num
    job.operation = ADD
    arrays[OUT] = NULL
    arrays[MASK] = mask
    arrays[A] = <PyObject*>input if cnp.PyArray_CheckExact(input) else NULL
    arrays[B] = <PyObject*>other if cnp.PyArray_CheckExact(other) else NULL
    if arrays[A] == NULL and arrays[B] == NULL:
        return None
    job.direct = True
    typed = A if arrays[A] != NULL else B
    job.dtype = native_dtype_of(<cnp.ndarray>arrays[typed])
    if job.dtype < 0:
        return None
    type_num = cnp.PyArray_TYPE(<cnp.ndarray>arrays[typed])
    if arrays[A] == NULL:
        if not store_number(input, job.dtype, True, &job.scalars[B]):
            return None
        job.plan.data[A] = <char*>&job.scalars[B]
    elif arrays[B] == NULL:
        if other is NOTHING:
            set_additive_identity(&job.scalars[B], job.dtype)
        elif not store_number(other, job.dtype, True, &job.scalars[B]):
            return None
        job.plan.data[B] = <char*>&job.scalars[B]
    else:
        both = native_dtype_of(<cnp.ndarray>arrays[B])
        # (Two C types of one size have two type numbers; np.result_type picks one.)
        if both != job.dtype or cnp.PyArray_TYPE(<cnp.ndarray>arrays[B]) != type_num:
            type_num = take_both(job, arrays)
            if type_num < 0:
                return None
    job.real = 0
    kind = store_number(beta, job.dtype, False, &job.beta)
    if kind == 0:
        return None
    if kind == 1:
        job.real |= BETA_REAL
    kind = store_number(alpha, job.dtype, False, &job.alpha)
    if kind == 0:
        return None
    if kind == 1:
        job.real |= ALPHA_REAL
    if out is not None:
        if not is_ready_out(out, job.dtype):
            return None
        arrays[OUT] = <PyObject*>out
    return plan_call(
        job, arrays, typed, 2, type_num, itemsizes[job.dtype]
    )


cdef object ONE = 1


cdef inline object plan_addition(
    job_t* job, object input, object other, object beta, object alpha, PyObject** rest
):
    """Plan a call that is ready to run; `rest` are out, dtype, casting and where."""
    cdef PyObject** operands = [<PyObject*>input, <PyObject*>other]
    cdef PyObject** coefficients = [<PyObject*>alpha, <PyObject*>beta]
    cdef PyObject* arrays[MOST_OPERANDS]
    out = <object>rest[GIVEN_OUT]
    planned = None
    arrays[OUT] = <PyObject*>out if out is not None else NULL
    if (
        <object>rest[GIVEN_DTYPE] is None
        and <object>rest[GIVEN_CASTING] is DEFAULT_CASTING
        and take_mask(<object>rest[GIVEN_WHERE], arrays)
    ):
        planned = try_plan(job, input, other, beta, alpha, out, arrays[MASK])
    if planned is None:
        planned = try_operation(job, ADD, MASK, operands, coefficients, rest)
    return planned


cdef object gate(
    object input, object other, object beta, object alpha, PyObject** rest,
    const char* name,
):
    """Compute a call that is ready to run. Anything else: NotImplemented."""
    cdef job_t job
    planned_out = plan_addition(&job, input, other, beta, alpha, rest)
    if planned_out is None:
        return NotImplemented
    run_job(&job, 1, name)
    return result_of(planned_out, <object>rest[GIVEN_OUT] is None)


cdef inline bint is_array(PyObject* x) noexcept:
    return (
        cnp.PyArray_CheckExact(<object>x) and cnp.PyArray_NDIM(<cnp.ndarray>x) > 0
    )


cdef object try_factors(
    job_t* job, PyObject** operands, PyObject** coefficients, PyObject** rest
):
    """The same, of which alpha, or beta, or both are arrays."""
    cdef PyObject* alpha = coefficients[0]
    cdef PyObject* beta = coefficients[1]
    cdef PyObject** factors = [operands[0], operands[1], alpha, beta]
    cdef PyObject** numbers = [<PyObject*>ONE, beta]
    if not (is_array(operands[0]) or is_array(operands[1])):
        return None
    if is_array(alpha) and is_array(beta):
        return try_operation(job, PRODUCTS, C, factors, numbers, rest)
    if is_array(beta):
        factors[0], factors[1], factors[2] = operands[1], operands[0], beta
        numbers[1] = alpha
    return try_operation(job, ADDCMUL, C, factors, numbers, rest)


cdef inline object try_addition(
    job_t* job, PyObject** operands, PyObject** coefficients, PyObject** rest
):
    """Plan an addition that is ready to run; `coefficients` are alpha and beta, numbers
    or arrays."""
    if is_array(coefficients[0]) or is_array(coefficients[1]):
        return try_factors(job, operands, coefficients, rest)
    return plan_addition(
        job, <object>operands[0], <object>operands[1], <object>coefficients[1],
        <object>coefficients[0], rest,
    )
