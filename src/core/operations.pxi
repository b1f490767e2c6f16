# Operations of a list or of three and four operands: the table of them, the gate, and
# the entry for calls that the Python layer has checked. What one computes of an element
# stands in src/kernels/operations.pxi.
# Uses: native, job, run, dtypes, numbers, arrays.

cdef int inputs_of[OPERATIONS]
cdef int coefficients_of[OPERATIONS]
cdef int first_factor_of[OPERATIONS]
cdef const char* name_of[OPERATIONS]
cdef const char* name_of_lists[OPERATIONS]
OPERATIONS_BY_NAME = {}


cdef void declare(
    int operation, const char* name, const char* lists, int inputs, int first_factor,
    int coefficients,
) except *:
    inputs_of[operation], coefficients_of[operation] = inputs, coefficients
    first_factor_of[operation] = first_factor
    name_of[operation], name_of_lists[operation] = name, lists
    OPERATIONS_BY_NAME[name.decode()] = operation


# THE table: which, its name, that for lists, how many inputs, from which of them on
# they are factors (which do not decide on the dtype), how many coefficients.
declare(ADD, b"add", b"foreach_add", 2, MASK, 2)
declare(CLIP, b"clip", b"", 1, MASK, 2)
declare(PRODUCTS, b"products", b"", 4, C, 0)
declare(LERP, b"lerp", b"foreach_lerp", 3, C, 0)
declare(ADDCMUL, b"addcmul", b"foreach_addcmul", 3, MASK, 2)
declare(ADDCDIV, b"addcdiv", b"foreach_addcdiv", 3, MASK, 2)


cdef int find_dtype(int operation, PyObject** arrays) noexcept:
    """The input, an array, that has the dtype which all arrays among the inputs have,
    as they lie; or OUT."""
    cdef int operand, typed = OUT
    cdef cnp.ndarray x
    for operand in range(A, inputs_of[operation] + 1):
        if arrays[operand] == NULL:
            continue
        x = <cnp.ndarray>arrays[operand]
        if native_dtype_of(x) < 0:
            return OUT
        if typed == OUT:
            if operand >= first_factor_of[operation]:
                return OUT
            typed = operand
        elif cnp.PyArray_TYPE(x) != cnp.PyArray_TYPE(<cnp.ndarray>arrays[typed]):
            return OUT
    return typed


cdef bint take_number(job_t* job, int operand, object value, int dtype) except -1:
    """A number in place of an array. (One that 16-bit floats would round goes by the
    Python layer.)"""
    cdef bint is_factor = operand >= first_factor_of[job.operation]
    if not is_factor and dtype != job.dtype:
        return False
    job.plan.data[operand] = job.scalars[operand].bytes
    return store_number(
        value, dtype, not is_factor or dtype >= COMPLEX64, &job.scalars[operand]
    ) != 0


cdef bint take_coefficients(job_t* job, PyObject** given, int dtype) except -1:
    """alpha, or what takes its place, and beta."""
    cdef int kind
    job.real = 0
    if coefficients_of[job.operation] == 0:
        return True
    kind = store_number(<object>given[0], dtype, False, &job.alpha)
    if kind == 1:
        job.real |= ALPHA_REAL
    if kind != 0:
        kind = store_number(<object>given[1], dtype, False, &job.beta)
        if kind == 1:
            job.real |= BETA_REAL
    return kind != 0


cdef object try_operation(
    job_t* job, int operation, PyObject** operands, PyObject** coefficients, object out
):
    """Plan a call that is ready to run: exact native arrays of one dtype, numbers in
    place of some, out absent or of that dtype. Returns out, or None for anything else,
    and nothing has been touched."""
    cdef PyObject* arrays[MOST_OPERANDS]
    cdef int operand, typed, dtype, inputs = inputs_of[operation]
    arrays[OUT] = arrays[MASK] = NULL
    for operand in range(A, inputs + 1):
        arrays[operand] = operands[operand - A]
        if not cnp.PyArray_CheckExact(<object>arrays[operand]):
            arrays[operand] = NULL
    typed = find_dtype(operation, arrays)
    if typed == OUT:
        return None
    dtype = native_of(<cnp.ndarray>arrays[typed])
    start_job(job, operation, arithmetic_dtype(dtype))
    if kernels.operations[operation - PRODUCTS][job.dtype] == NULL:
        return None
    for operand in range(A, inputs + 1):
        if arrays[operand] != NULL:
            take_array(job, operand, <cnp.ndarray>arrays[operand])
        elif not take_number(job, operand, <object>operands[operand - A], dtype):
            return None
    if not take_coefficients(job, coefficients, dtype):
        return None
    take_out_dtype(job, dtype)
    if out is not None:
        if not is_ready_out(out, dtype):
            return None
        arrays[OUT] = <PyObject*>out
    return plan_call(
        job, arrays, typed, inputs, cnp.PyArray_TYPE(<cnp.ndarray>arrays[typed]),
        itemsizes[dtype],
    )


cdef inline void take_out_dtype(job_t* job, int dtype) noexcept nogil:
    job.carriers[OUT].dtype = dtype
    if dtype != job.dtype:
        job.direct = False


cdef inline bint asks_no_more(PyObject** rest) noexcept:
    """Of out, dtype, casting and where, no more than out is given."""
    return (
        <object>rest[1] is None and <object>rest[2] is SAME_KIND
        and <object>rest[3] is True
    )


cdef inline PyObject** rest_of(int operation, PyObject** given) noexcept:
    return given + inputs_of[operation] + coefficients_of[operation]


cdef object try_given(job_t* job, int operation, PyObject** given):
    """The same, of all arguments: operands, coefficients, out, dtype, casting and
    where, in this order."""
    cdef PyObject** rest = rest_of(operation, given)
    if not asks_no_more(rest):
        return None
    return try_operation(
        job, operation, given, given + inputs_of[operation], <object>rest[0]
    )


cdef object compute_given(int operation, PyObject** given):
    """Compute a call that is ready to run. Anything else: NotImplemented."""
    cdef job_t job
    planned_out = try_given(&job, operation, given)
    if planned_out is None:
        return NotImplemented
    run_job(&job, 1, name_of[operation])
    return result_of(planned_out, <object>rest_of(operation, given)[0] is None)


cdef object plan_checked(
    job_t* job, int operation, operands, coefficients, cnp.ndarray out,
    cnp.dtype dtype, cnp.dtype result, cnp.ndarray mask,
):
    """Plan a call that the Python layer has checked: native arrays of any dtype, byte
    order and alignment; coefficients (beta, alpha) as 0-d arrays of the dtype in which
    is computed (or, for a real coefficient of a complex result, of its real dtype).
    `result` is the dtype of a fresh out; integers do not wrap if it is another one than
    that of the computation. Returns out."""
    cdef PyObject* arrays[MOST_OPERANDS]
    cdef int operand, inputs = inputs_of[operation]
    cdef cnp.ndarray coefficient
    arrays[OUT] = <PyObject*>out if out is not None else NULL
    arrays[MASK] = <PyObject*>mask if mask is not None else NULL
    start_job(
        job, operation,
        native(dtype) if operation < PRODUCTS else arithmetic_dtype(native(dtype)),
    )
    if (
        operation >= PRODUCTS
        and kernels.operations[operation - PRODUCTS][job.dtype] == NULL
    ):
        raise TypeError(f"{name_of[operation].decode()} of {dtype}: there is no kernel")
    for operand in range(A, inputs + 1):
        arrays[operand] = <PyObject*>operands[operand - A]
        take_array(job, operand, <cnp.ndarray>arrays[operand])
    if out is not None:
        take_array(job, OUT, out)
    else:
        take_out_dtype(job, native(result))
    job.carriers[OUT].saturated = result is not dtype
    job.real = 0
    if coefficients:
        coefficient = coefficients[0]
        if not cnp.PyArray_ISCOMPLEX(coefficient):
            job.real |= BETA_REAL
        memcpy(
            &job.beta, cnp.PyArray_DATA(coefficient), cnp.PyArray_ITEMSIZE(coefficient)
        )
        coefficient = coefficients[1]
        if not cnp.PyArray_ISCOMPLEX(coefficient):
            job.real |= ALPHA_REAL
        memcpy(
            &job.alpha, cnp.PyArray_DATA(coefficient), cnp.PyArray_ITEMSIZE(coefficient)
        )
    planned_out = plan_arrays(
        &job.plan, arrays, inputs, result.type_num, cnp.PyDataType_ELSIZE(result)
    )
    if planned_out is None:
        raise ValueError("the operands do not broadcast")
    return planned_out


def compute_operation(
    name, operands, coefficients, out, cnp.dtype dtype not None,
    cnp.dtype result not None, mask, bytes called,
):
    """Compute a call that the Python layer has checked."""
    cdef job_t job
    cdef int operation = OPERATIONS_BY_NAME[name]
    planned_out = plan_checked(
        &job, operation, operands, coefficients, out, dtype, result, mask
    )
    run_job(&job, 1, called)
    return result_of(planned_out, out is None)
