# Sums of any number of operands: each step of one is a job, and all are computed
# together, block by block.
# Uses: native, plan, job, run, dtypes, casting, numbers, arrays, operations.

cdef extern from "Python.h":
    PyObject** PySequence_Fast_ITEMS(object)

cdef struct weight_t:
    scalar_t value  # in the dtype of the computation or, if it is real, of its parts
    bint real


cdef void set_coefficients(job_t* steps, int terms, const weight_t* term) noexcept:
    cdef int step
    cdef scalar_t one
    set_number(&one, real_of(steps.dtype), 1)
    for step in range(max(terms - 1, 1)):
        steps[step].beta = term[step + 1 if step > 0 else 0].value
        steps[step].alpha = one
        steps[step].real = ALPHA_REAL
        if term[step + 1 if step > 0 else 0].real:
            steps[step].real |= BETA_REAL
    if terms > 1:
        steps.alpha = term[1].value
        if not term[1].real:
            steps.real &= ~ALPHA_REAL
    else:
        set_additive_identity(&steps.scalars[B], steps.dtype)


cdef object fresh_sum(
    plan_t* plan, tuple arrays, int ndim, int type_num, Py_ssize_t itemsize
):
    """A new array of the shape and in the memory order that come of adding one operand
    after the other; None if they do not broadcast."""
    cdef int order[MAX_NDIM]
    cdef int axis, place, terms = len(arrays)
    begin_plan(plan, ndim, 2)
    broadcast_array(plan, A, <cnp.ndarray>arrays[0], True)
    broadcast_operand(plan, B, NULL, itemsize, 0, NULL, NULL, False)
    for place in range(1, terms):
        if not broadcast_array(plan, B, <cnp.ndarray>arrays[place], True):
            return None
        if place + 1 < terms:
            keep_order(plan, order)
            lay_out(plan, order, itemsize)
            for axis in range(ndim):
                plan.strides[A][axis] = (
                    plan.strides[OUT][axis] if plan.shape[axis] != 1 else 0
                )
    return fresh(plan, type_num, itemsize)


cdef bint plan_steps(
    job_t* steps, tuple arrays, cnp.ndarray out, cnp.ndarray mask
) noexcept:
    """False if the operands do not broadcast to out. All steps have the mask, so that
    none raises flags for what is not selected."""
    cdef plan_t* plan
    cdef int step, axis, ndim, terms = len(arrays), count = max(terms - 1, 1)
    cdef bint merge
    for step in range(count):
        plan = &steps[step].plan
        begin_plan(plan, cnp.PyArray_NDIM(out), 2)
        broadcast_array(plan, OUT, out, True)
        if not broadcast_array(
            plan, A, <cnp.ndarray>arrays[step + 1 if step > 0 else 0], False
        ):
            return False
        if step > 0 or terms == 1:
            broadcast_operand(
                plan, B, steps.scalars[B].bytes if step == 0 else NULL,
                itemsizes[steps.dtype], 0, NULL, NULL, False,
            )
        elif not broadcast_array(plan, B, <cnp.ndarray>arrays[1], False):
            return False
        if mask is not None:
            plan.operands += 1
            if not broadcast_array(plan, B + 1, mask, False):
                return False
        sort_axes(plan)
        ndim = plan.ndim
        plan.ndim = min(ndim, 1)
    # As `coalesce`, but for all alike.
    for axis in range(1, ndim):
        merge = True
        for step in range(count):
            plan = &steps[step].plan
            merge &= is_one_run(plan, plan.ndim - 1, axis)
        for step in range(count):
            plan = &steps[step].plan
            place_axis(plan, axis, plan.ndim - 1, merge)
    return True


cdef object sum_up(
    tuple arrays, const weight_t* term, cnp.ndarray out, int dtype, int type_num,
    bint apart, bint saturated, cnp.ndarray mask, bint compute,
):
    """The sum of native arrays; a fresh one is of that NumPy type. None if they do not
    broadcast or, unless they are known to lie apart from out, if writing it might
    change one of them."""
    cdef int step, terms = len(arrays), count = max(terms - 1, 1), ndim = 0
    cdef job_t* steps = <job_t*>allocate(count, sizeof(job_t))
    cdef object result = out
    try:
        if out is None:
            for step in range(terms):
                ndim = max(ndim, cnp.PyArray_NDIM(<cnp.ndarray>arrays[step]))
            result = fresh_sum(
                &steps.plan, arrays, ndim, type_num, itemsizes[native_of_type(type_num)]
            )
            if result is None:
                return None
        for step in range(count):
            start_job(&steps[step], ADD, arithmetic_dtype(dtype))
            take_array(
                &steps[step], A, <cnp.ndarray>arrays[step + 1 if step > 0 else 0]
            )
        if terms > 1:
            take_array(steps, B, <cnp.ndarray>arrays[1])
        take_array(&steps[count - 1], OUT, <cnp.ndarray>result)
        steps[count - 1].carriers[OUT].saturated = saturated
        if not plan_steps(steps, arrays, <cnp.ndarray>result, mask):
            return None
        if not apart and out is not None:
            if not out_is_simple(&steps.plan):
                return None
            for step in range(count):
                if not safe_to_write(&steps[step].plan, A):
                    return None
            if terms > 1 and not safe_to_write(&steps.plan, B):
                return None
            if mask is not None and not safe_to_write(&steps.plan, B + 1):
                return None
        if compute:
            set_coefficients(steps, terms, term)
            run_job(steps, count, "weighted_sum")
        return result
    finally:
        free(steps)


cdef bint take_weights(
    weight_t* term, tuple weights, const dtypes_t* dtypes
) except -1:
    cdef int place, kind
    for place in range(len(weights)):
        kind = store_number(
            plain_number(weights[place]), dtypes.computed, False, &term[place].value
        )
        if kind == 0:
            return False
        term[place].real = kind == 1
    return True


cdef bint can_take(tuple arrays, object out, const dtypes_t* dtypes) noexcept:
    """(What holds more than 16-bit floats must be rounded to them on its way.)"""
    cdef bint rounds = is_half(dtypes.computed)
    cdef int found
    for each in arrays:
        if not is_plain_array(each):
            return False
        found = native_of(each)
        if found != dtypes.computed and not is_let(
            SAFE if rounds else dtypes.rule, found, dtypes.computed
        ):
            return False
    return not rounds or out is None or native_of(out) == dtypes.result


cdef object sum_gate(object arrays, object weights, PyObject** rest, bint compute):
    """Compute, or only check, a sum that is ready to run: a list or tuple of exact
    native arrays, weights that are plain numbers and fit; `rest` are out, dtype,
    casting and where. Anything else: NotImplemented, and nothing has been touched."""
    cdef dtypes_t dtypes
    cdef PyObject* masks[MOST_OPERANDS]
    cdef weight_t* term
    cdef tuple operands
    cdef Py_ssize_t terms
    out = <object>rest[GIVEN_OUT]
    masks[OUT] = <PyObject*>out if out is not None else NULL
    if not is_list(arrays) or not take_mask(<object>rest[GIVEN_WHERE], masks):
        return NotImplemented
    operands = tuple(arrays)
    terms = len(operands)
    if cnp.PyArray_CheckExact(weights) and cnp.PyArray_NDIM(weights) == 1:
        weights = weights.tolist()
    if weights is None:
        weights = (1,) * terms
    elif not is_sequence(weights):
        return NotImplemented
    weights = tuple(weights)
    if (
        terms == 0 or len(weights) != terms
        or not choose_dtypes(&dtypes, PySequence_Fast_ITEMS(operands), terms, rest)
        or not can_take(operands, out, &dtypes)
    ):
        return NotImplemented
    term = <weight_t*>allocate(terms, sizeof(weight_t))
    try:
        if not take_weights(term, weights, &dtypes):
            return NotImplemented
        result = sum_up(
            operands, term, out, dtypes.computed, dtypes.type_num, False,
            dtypes.computed != dtypes.result,
            None if masks[MASK] == NULL else <object>masks[MASK], compute,
        )
    finally:
        free(term)
    if result is None:
        return NotImplemented
    return result_of(result, out is None)


def is_ready_sum(arrays, weights, out):
    """Whether a sum needs no check of the Python layer."""
    cdef PyObject** rest = [
        <PyObject*>out, <PyObject*>None, <PyObject*>DEFAULT_CASTING,
        <PyObject*>EVERYWHERE,
    ]
    return sum_gate(arrays, weights, rest, False) is not NotImplemented


def compute_sum(
    arrays, weights, cnp.ndarray out, cnp.dtype dtype not None,
    cnp.dtype result_dtype, cnp.ndarray mask,
):
    """Compute a sum that the Python layer has checked; its result saturates if it is
    of another dtype than the computation."""
    cdef int place, terms = len(arrays), native_dtype = native(dtype)
    cdef scalar_t weight
    cdef cnp.ndarray given
    cdef weight_t* term = <weight_t*>allocate(terms, sizeof(weight_t))
    try:
        for place in range(terms):
            given = weights[place]
            memcpy(&weight, cnp.PyArray_DATA(given), cnp.PyArray_ITEMSIZE(given))
            term[place].value = weight
            term[place].real = not cnp.PyArray_ISCOMPLEX(given)
        result = sum_up(
            tuple(arrays), term, out, native_dtype, result_dtype.type_num, True,
            result_dtype is not dtype, mask, True,
        )
    finally:
        free(term)
    if result is None:
        raise ValueError("the operands do not broadcast")
    return result_of(result, out is None)
