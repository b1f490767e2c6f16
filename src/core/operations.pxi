# Operations of a list or of three and four operands: the table of them, the gate, and
# the entry for calls that the Python layer has checked. What one computes of an element
# stands in src/kernels/operations.pxi.
# Uses: native, job, run, dtypes, casting, numbers, arrays.

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


cdef inline object plain_number(object value):
    """What an array of no dimensions holds; anything else is as it is."""
    if cnp.PyArray_CheckExact(value) and cnp.PyArray_NDIM(value) == 0:
        return value[()]
    return value


cdef bint take_number(
    job_t* job, int operand, object value, const dtypes_t* dtypes
) except -1:
    """A number in place of an array. (One that 16-bit floats would round goes by the
    Python layer, and so does one that loses anything in the dtype.)"""
    cdef int dtype = dtypes.computed
    cdef int type_num = type_of_operand(<PyObject*>value)
    job.plan.data[operand] = job.scalars[operand].bytes
    if operand >= dtypes.first_factor:
        return store_number(
            value, dtype, dtype >= COMPLEX64, &job.scalars[operand]
        ) != 0
    if dtype != job.dtype or type_num == -2:
        return False
    if type_num == -1:
        return store_number(value, dtype, True, &job.scalars[operand]) != 0
    value = as_python_number(value, -1)
    return (
        castable[SAFE][native_of_type(type_num)][dtype] and value is not None
        and store_plain_number(value, dtype, True, True, &job.scalars[operand]) != 0
    )


cdef inline bint take_operands(
    job_t* job, PyObject** operands, PyObject** arrays, const dtypes_t* dtypes
) except -1:
    """Of an operation's operands, those that are arrays are put there, too."""
    cdef int operand, found, inputs = inputs_of[job.operation]
    # (Kernels of three and four operands compute 16-bit floats in float32: what holds
    # more must be rounded on its way.)
    cdef bint rounds = is_half(dtypes.computed) and job.operation >= PRODUCTS
    for operand in range(A, inputs + 1):
        arrays[operand] = NULL
        if not is_plain_array(<object>operands[operand - A]):
            if not take_number(job, operand, <object>operands[operand - A], dtypes):
                return False
            continue
        arrays[operand] = operands[operand - A]
        found = native_of(<cnp.ndarray>arrays[operand])
        if found != dtypes.computed and (
            found < 0
            or operand < dtypes.first_factor and not is_let(
                SAFE if rounds else dtypes.rule, found, dtypes.computed
            )
            or operand >= dtypes.first_factor
            and not is_let_as_factor(found, dtypes.computed)
        ):
            return False
        take_array(job, operand, <cnp.ndarray>arrays[operand])
    return True


cdef inline bint take_coefficients(job_t* job, PyObject** given, int dtype) except -1:
    """alpha, or what takes its place, and beta."""
    cdef int kind
    job.real = 0
    if coefficients_of[job.operation] == 0:
        return True
    kind = store_number(plain_number(<object>given[0]), dtype, False, &job.alpha)
    if kind == 1:
        job.real |= ALPHA_REAL
    if kind != 0:
        kind = store_number(plain_number(<object>given[1]), dtype, False, &job.beta)
        if kind == 1:
            job.real |= BETA_REAL
    return kind != 0


cdef inline bint take_mask(object where, PyObject** arrays) except -1:
    """(Without an out the Python layer warns.)"""
    arrays[MASK] = NULL
    if where is True:
        return True
    arrays[MASK] = <PyObject*>where
    return (
        arrays[OUT] != NULL and cnp.PyArray_CheckExact(where)
        and cnp.PyArray_TYPE(where) == cnp.NPY_BOOL
    )


cdef object try_operation(
    job_t* job, int operation, int first_factor, PyObject** operands,
    PyObject** coefficients, PyObject** rest,
):
    """Plan a call that is ready to run: exact native arrays of any dtype, and numbers
    in place of some; `rest` are out, dtype, casting and where. Returns out, or None for
    anything else, and nothing has been touched."""
    cdef PyObject* arrays[MOST_OPERANDS]
    cdef dtypes_t dtypes
    cdef int operand, typed = OUT, inputs = inputs_of[operation]
    dtypes.first_factor = first_factor
    if not choose_dtypes(&dtypes, operands, min(inputs, first_factor - A), rest):
        return None
    start_job(
        job, operation,
        dtypes.computed if operation == ADD else arithmetic_dtype(dtypes.computed),
    )
    if (
        operation != ADD
        and kernels.operations[operation - PRODUCTS][job.dtype] == NULL
        or not take_operands(job, operands, arrays, &dtypes)
        or not take_coefficients(job, coefficients, dtypes.computed)
    ):
        return None
    arrays[OUT] = NULL
    if <object>rest[GIVEN_OUT] is None:
        take_out_dtype(job, dtypes.result)
    else:
        arrays[OUT] = rest[GIVEN_OUT]
        take_array(job, OUT, <cnp.ndarray>arrays[OUT])
        if (
            is_half(dtypes.computed) and operation != ADD
            and job.carriers[OUT].dtype != dtypes.computed
        ):
            return None
    job.carriers[OUT].saturated = dtypes.computed != dtypes.result
    if not take_mask(<object>rest[GIVEN_WHERE], arrays):
        return None
    for operand in range(inputs, OUT, -1):
        if arrays[operand] != NULL:
            typed = operand
    if typed == OUT:
        return None
    return plan_call(
        job, arrays, typed, inputs, dtypes.type_num, itemsizes[dtypes.result]
    )


cdef inline void take_out_dtype(job_t* job, int dtype) noexcept nogil:
    job.carriers[OUT].dtype = dtype
    if dtype != job.dtype:
        job.direct = False


cdef inline PyObject** rest_of(int operation, PyObject** given) noexcept:
    return given + inputs_of[operation] + coefficients_of[operation]


cdef object try_given(job_t* job, int operation, PyObject** given):
    """The same, of all arguments: operands, coefficients, out, dtype, casting and
    where, in this order."""
    return try_operation(
        job, operation, first_factor_of[operation], given,
        given + inputs_of[operation], rest_of(operation, given),
    )


cdef object compute_given(int operation, PyObject** given):
    """Compute a call that is ready to run. Anything else: NotImplemented."""
    cdef job_t job
    planned_out = try_given(&job, operation, given)
    if planned_out is None:
        return NotImplemented
    run_job(&job, 1, name_of[operation])
    return result_of(
        planned_out, <object>rest_of(operation, given)[GIVEN_OUT] is None
    )


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
