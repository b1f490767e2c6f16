# A step of the optimiser Adam for many arrays: the kernel updates the weights, which
# are out and A, and both moments, C and D, by the gradients, B.
# Uses: native, plan, job, dtypes, arrays, lists.

cdef extern from "<math.h>" nogil:
    double pow(double, double)
    double root "sqrt"(double)

# What a call computes by, in float64 and rounded to each dtype.
cdef struct factors_t:
    int decay
    double[FACTORS] numbers
    float[FACTORS] narrow
    longdouble[FACTORS] wide


cdef void set_factors(
    factors_t* factors, double step, double lr, double beta1, double beta2,
    double epsilon, double weight_decay, bint decoupled,
) noexcept nogil:
    cdef double* numbers = factors.numbers
    cdef int k
    factors.decay = NO_DECAY
    if weight_decay != 0 and decoupled:
        factors.decay = DECOUPLED
    elif weight_decay != 0:
        factors.decay = COUPLED
    numbers[DECAY] = 1 - lr * weight_decay if decoupled else weight_decay
    numbers[KEEP_FIRST], numbers[TAKE_FIRST] = beta1, 1 - beta1
    numbers[KEEP_SECOND], numbers[TAKE_SECOND] = beta2, 1 - beta2
    numbers[STEP_SIZE] = -lr / (1 - pow(beta1, step))
    numbers[ROOT_SCALE] = root(1 - pow(beta2, step))
    numbers[EPSILON] = epsilon
    for k in range(FACTORS):
        factors.narrow[k] = <float>numbers[k]
        factors.wide[k] = numbers[k]


cdef bint fits(const factors_t* factors, int dtype) noexcept nogil:
    """Whether no finite factor becomes infinite in a dtype."""
    cdef int k
    if dtype == FLOAT32:
        for k in range(FACTORS):
            if isfinite(factors.numbers[k]) and not isfinite(factors.narrow[k]):
                return False
    return True


cdef inline bint are_dense(cnp.ndarray x, PyObject** arrays) noexcept:
    """Whether four arrays are of the shape of one, and in the same order of memory."""
    cdef int k, axis, ndim = cnp.PyArray_NDIM(x)
    cdef bint in_c = True, in_fortran = True
    for k in range(4):
        if cnp.PyArray_NDIM(<cnp.ndarray>arrays[k]) != ndim:
            return False
        for axis in range(ndim):
            if cnp.PyArray_DIM(<cnp.ndarray>arrays[k], axis) != (
                cnp.PyArray_DIM(x, axis)
            ):
                return False
        in_c &= cnp.PyArray_IS_C_CONTIGUOUS(<cnp.ndarray>arrays[k])
        in_fortran &= cnp.PyArray_IS_F_CONTIGUOUS(<cnp.ndarray>arrays[k])
    return in_c or in_fortran


cdef bint are_ready(PyObject** arrays) noexcept:
    """Whether four arrays are exact, native and dense floats, alike but for their
    dtypes, and may be written where they must be."""
    cdef int k, dtype
    for k in range(4):
        if not cnp.PyArray_CheckExact(<object>arrays[k]):
            return False
        dtype = native_dtype_of(<cnp.ndarray>arrays[k])
        if not FLOAT16 <= dtype <= LONGDOUBLE or (
            k + A != B and not cnp.PyArray_ISWRITEABLE(<cnp.ndarray>arrays[k])
        ):
            return False
    return are_dense(<cnp.ndarray>arrays[0], arrays)


cdef int plan_update(job_t* job, PyObject** arrays, const factors_t* factors) except -1:
    """Four float arrays of one shape, in any layout. Returns the dtype of the
    computation, the widest."""
    cdef int k, dtype = FLOAT32
    cdef PyObject* operands[MOST_OPERANDS]
    cdef cnp.ndarray weights = <cnp.ndarray>arrays[0]
    for k in range(4):
        operands[A + k] = arrays[k]
        dtype = max(dtype, native_of(<cnp.ndarray>arrays[k]))
    operands[OUT] = arrays[0]
    start_job(job, ADAM, dtype)
    if dtype == LONGDOUBLE:
        job.beta.address = factors.wide
    else:
        job.beta.address = (
            <const void*>factors.numbers if dtype == FLOAT64 else factors.narrow
        )
    job.real = factors.decay
    for k in range(OUT, D + 1):
        take_array(job, k, <cnp.ndarray>operands[k])
    if are_dense(weights, arrays):
        job.plan.ndim, job.plan.inputs, job.plan.operands = 1, D, D + 1
        job.plan.shape[0] = cnp.PyArray_SIZE(weights)
        for k in range(OUT, D + 1):
            place_in_row(
                &job.plan, k, operands[k],
                cnp.PyArray_ITEMSIZE(<cnp.ndarray>operands[k]),
            )
        return dtype
    begin_plan(&job.plan, cnp.PyArray_NDIM(weights), D)
    for k in range(OUT, D + 1):
        if not broadcast_array(&job.plan, k, <cnp.ndarray>operands[k], k == OUT):
            raise ValueError("the arrays are not of one shape")
    coalesce(&job.plan)
    return dtype


cdef bint updates_lie_apart(const job_t* jobs, int count) except -1:
    """Whether nothing that is written overlaps anything else. A quick test that may say
    no in vain."""
    cdef extent_t* written = <extent_t*>allocate(3 * count, sizeof(extent_t))
    cdef int place, operand, found = 0
    cdef bint apart
    cdef char* low
    cdef char* high
    for place in range(count):
        for operand in (A, C, D):
            if size_of(&jobs[place].plan) > 0:
                bounds(
                    &jobs[place].plan, operand, &written[found].low,
                    &written[found].high,
                )
                found += 1
    qsort(written, found, sizeof(extent_t), by_low)
    apart = not set_highest_ends(written, found)
    for place in range(count):
        if found > 0 and size_of(&jobs[place].plan) > 0:
            bounds(&jobs[place].plan, B, &low, &high)
            operand = count_before(written, found, high)
            apart &= operand == 0 or written[operand - 1].highest <= low
    free(written)
    return apart


cdef inline bint take_real(object value, double* number) noexcept:
    """A Python float, or a small integer."""
    cdef int overflow = 0
    if PyFloat_CheckExact(value):
        number[0] = PyFloat_AS_DOUBLE(value)
        return True
    if not PyLong_CheckExact(value):
        return False
    number[0] = <double>PyLong_AsLongLongAndOverflow(value, &overflow)
    return not overflow


cdef bint take_factors(factors_t* factors, PyObject** given) except -1:
    """step, lr, betas, eps, weight_decay and decoupled, as plain numbers in their
    range."""
    cdef double[6] numbers
    cdef int k
    betas = <object>given[2]
    if (
        not PyLong_CheckExact(<object>given[0])
        or type(betas) is not tuple or len(<tuple>betas) != 2
        or <object>given[5] is not True and <object>given[5] is not False
    ):
        return False
    if not (
        take_real(<object>given[0], &numbers[0])
        and take_real(<object>given[1], &numbers[1])
        and take_real((<tuple>betas)[0], &numbers[2])
        and take_real((<tuple>betas)[1], &numbers[3])
        and take_real(<object>given[3], &numbers[4])
        and take_real(<object>given[4], &numbers[5])
    ):
        return False
    for k in range(6):
        if not numbers[k] >= 0:
            return False
    if numbers[0] < 1 or numbers[2] >= 1 or numbers[3] >= 1:
        return False
    set_factors(
        factors, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5],
        <object>given[5] is True,
    )
    return True


cdef object adam_gate(int operation, PyObject** given):
    """params, grads, exp_avgs, exp_avg_sqs, step, lr, betas, eps, weight_decay and
    decoupled. Computes what is ready to run; anything else: NotImplemented, and nothing
    has been touched."""
    cdef PyObject* arrays[4]
    cdef factors_t factors
    cdef job_t* jobs
    cdef Py_ssize_t place, count
    cdef int k
    for k in range(4):
        if not is_list(<object>given[k]):
            return NotImplemented
    if not take_factors(&factors, given + 4):
        return NotImplemented
    # Copies come first: nothing that runs meanwhile can change them.
    lists = [tuple(<object>given[k]) for k in range(4)]
    count = len(<tuple>lists[0])
    for each in lists:
        if len(<tuple>each) != count:
            return NotImplemented
    jobs = <job_t*>allocate(count, sizeof(job_t))
    try:
        for place in range(count):
            for k in range(4):
                arrays[k] = PyTuple_GET_ITEM(lists[k], place)
            if not are_ready(arrays) or not fits(
                &factors, plan_update(&jobs[place], arrays, &factors)
            ):
                return NotImplemented
        if not updates_lie_apart(jobs, count):
            return NotImplemented
        run_each(jobs, count, "foreach_adam_")
    finally:
        free(jobs)
    return <object>given[0]


def compute_adam(list lists, double step, double lr, double beta1, double beta2,
                 double epsilon, double weight_decay, bint decoupled):
    """A step that the Python layer has checked: four lists of native floats."""
    cdef PyObject* arrays[4]
    cdef factors_t factors
    cdef Py_ssize_t place, count = len(<list>lists[0])
    cdef int k
    cdef job_t* jobs = <job_t*>allocate(count, sizeof(job_t))
    set_factors(
        &factors, step, lr, beta1, beta2, epsilon, weight_decay, decoupled
    )
    try:
        for place in range(count):
            for k in range(4):
                arrays[k] = <PyObject*>(<list>lists[k])[place]
            if not fits(&factors, plan_update(&jobs[place], arrays, &factors)):
                raise OverflowError(
                    f"params[{place}] is computed in float32, in which lr={lr}, "
                    f"eps={epsilon} or weight_decay={weight_decay} would become "
                    "infinite. Pass a smaller one, or arrays of float64."
                )
        run_each(jobs, count, "foreach_adam_")
    finally:
        free(jobs)
