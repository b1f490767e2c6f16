# Sums of any number of operands: each step of one is a job, and all are computed
# together, block by block.
# Uses: native, plan, job, run, dtypes, numbers, arrays.

cdef struct weight_t:
    scalar_t value  # in the dtype of the computation or, if it is real, of its parts
    bint real


cdef void set_number(scalar_t* stored, int dtype, double value) noexcept:
    cdef Py_ssize_t* step = [0, 0]
    kernels.convert[FLOAT64][dtype](1, 1, stored, step, &value, step)


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
        if compute:
            set_coefficients(steps, terms, term)
            run_job(steps, count, "weighted_sum")
        return result
    finally:
        free(steps)


cdef object sum_gate(arrays, weights, out, dtype, casting, bint compute):
    """Compute, or only check, a sum that is ready to run: a list or tuple of exact
    native arrays of one dtype, weights that are plain Python numbers and fit, out
    absent or of that dtype. Anything else: NotImplemented, and nothing has been
    touched."""
    cdef int place, terms, native_dtype, kind
    cdef weight_t* term
    cdef scalar_t weight
    cdef tuple operands
    cdef cnp.ndarray first
    if (
        dtype is not None or casting is not SAME_KIND
        or not is_sequence(arrays)
    ):
        return NotImplemented
    operands = tuple(arrays)
    terms = len(operands)
    if terms == 0 or not cnp.PyArray_CheckExact(operands[0]):
        return NotImplemented
    if cnp.PyArray_CheckExact(weights) and cnp.PyArray_NDIM(weights) == 1:
        weights = weights.tolist()
    if weights is not None:
        if not is_sequence(weights):
            return NotImplemented
        weights = tuple(weights)
        if len(weights) != terms:
            return NotImplemented
    first = operands[0]
    native_dtype = native_dtype_of(first)
    if native_dtype < 0:
        return NotImplemented
    for each in operands if out is None else (*operands, out):
        if (
            not cnp.PyArray_CheckExact(each) or native_dtype_of(each) != native_dtype
            or cnp.PyArray_TYPE(each) != cnp.PyArray_TYPE(first)
        ):
            return NotImplemented
    if out is not None and not cnp.PyArray_ISWRITEABLE(out):
        return NotImplemented
    term = <weight_t*>allocate(terms, sizeof(weight_t))
    try:
        for place in range(terms):
            kind = store_number(
                1 if weights is None else weights[place], native_dtype, False, &weight
            )
            if kind == 0:
                return NotImplemented
            term[place].value, term[place].real = weight, kind == 1
        result = sum_up(
            operands, term, out, native_dtype, cnp.PyArray_TYPE(first), False, False,
            None, compute,
        )
    finally:
        free(term)
    if result is None:
        return NotImplemented
    return result[()] if out is None and cnp.PyArray_NDIM(result) == 0 else result


def is_ready_sum(arrays, weights, out):
    """Whether a sum needs no check of the Python layer."""
    return sum_gate(
        arrays, weights, out, None, SAME_KIND, False
    ) is not NotImplemented


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
