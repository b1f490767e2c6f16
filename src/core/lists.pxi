# Lists of arrays: many jobs at once, each an operation of its own. The threads divide
# the elements of all among them.
# Uses: native, plan, job, program, run, casting, arrays, operations, add.

from cpython.tuple cimport PyTuple_GET_ITEM
from libc.stdlib cimport qsort

# The memory of an out.
cdef struct extent_t:
    char* low
    char* high
    char* highest  # of this one and those before it
    Py_ssize_t phase  # where in a common period it begins
    int place

cdef enum:
    FEW = 64  # outs that are compared in pairs


cdef Py_ssize_t gcd(Py_ssize_t x, Py_ssize_t y) noexcept nogil:
    while y != 0:
        x, y = y, x % y
    return x


cdef Py_ssize_t period_of(
    const plan_t* plan, int operand, Py_ssize_t period
) noexcept nogil:
    """What all strides, and `period`, are multiples of; 0 is a multiple of all."""
    cdef int axis
    for axis in range(plan.ndim):
        period = gcd(llabs(plan.strides[operand][axis]), period)
    return period


cdef bint interleave(
    const plan_t* plan, int operand, const plan_t* other
) noexcept nogil:
    """Whether an operand and the out of another plan share no byte because both step by
    multiples of one period and begin apart in it: columns or channels of one array."""
    cdef Py_ssize_t period = period_of(other, OUT, period_of(plan, operand, 0))
    cdef Py_ssize_t offset
    if period == 0:
        return False
    offset = (plan.data[operand] - other.data[OUT]) % period
    if offset < 0:
        offset += period
    return offset >= other.itemsize[OUT] and period - offset >= plan.itemsize[operand]


cdef inline bint is_same_view(const plan_t* plan, int operand) noexcept nogil:
    """Whether an operand is out itself."""
    cdef int axis
    for axis in range(plan.ndim):
        if plan.strides[operand][axis] != plan.strides[OUT][axis]:
            return False
    return (
        plan.data[operand] == plan.data[OUT]
        and plan.itemsize[operand] == plan.itemsize[OUT]
    )


cdef int by_low(const void* x, const void* y) noexcept nogil:
    cdef char* one = (<const extent_t*>x).low
    cdef char* two = (<const extent_t*>y).low
    return (one > two) - (one < two)


cdef int by_phase(const void* x, const void* y) noexcept nogil:
    cdef Py_ssize_t one = (<const extent_t*>x).phase
    cdef Py_ssize_t two = (<const extent_t*>y).phase
    return (one > two) - (one < two)


cdef bint all_interleave(
    const job_t* jobs, extent_t* outs, int count
) noexcept nogil:
    """Whether no two outs share a byte because all begin apart in one period."""
    cdef Py_ssize_t period = 0, itemsize = 0
    cdef int each
    cdef bint apart
    for each in range(count):
        period = period_of(&jobs[outs[each].place].plan, OUT, period)
        itemsize = max(itemsize, jobs[outs[each].place].plan.itemsize[OUT])
    if period == 0:
        return False
    for each in range(count):
        outs[each].phase = (
            <size_t>jobs[outs[each].place].plan.data[OUT] % <size_t>period
        )
    qsort(outs, count, sizeof(extent_t), by_phase)
    apart = outs[0].phase + period - outs[count - 1].phase >= itemsize
    for each in range(1, count):
        apart &= outs[each].phase - outs[each - 1].phase >= itemsize
    qsort(outs, count, sizeof(extent_t), by_low)
    return apart


cdef int count_before(const extent_t* outs, int count, const char* high) noexcept nogil:
    """How many of the sorted outs begin before an address."""
    cdef int first = 0, last = count, middle
    while first < last:
        middle = (first + last) // 2
        if outs[middle].low < high:
            first = middle + 1
        else:
            last = middle
    return first


cdef bint touches_others(
    const job_t* jobs, int operand, const extent_t* outs, int count, int place
) noexcept nogil:
    """Whether an operand may lie in the memory of another out than its own. The outs
    are sorted, and share no byte."""
    cdef const plan_t* plan = &jobs[place].plan
    cdef char* low
    cdef char* high
    cdef int first
    bounds(plan, operand, &low, &high)
    first = count_before(outs, count, high)
    if is_same_view(plan, operand):
        return False
    while first > 0 and outs[first - 1].highest > low:
        first -= 1
        if (
            outs[first].place != place and outs[first].high > low
            and not interleave(plan, operand, &jobs[outs[first].place].plan)
        ):
            return True
    return False


cdef bint set_highest_ends(extent_t* outs, int count) noexcept nogil:
    """Whether any two extents overlap."""
    cdef int each
    cdef bint overlap = False
    for each in range(count):
        outs[each].highest = outs[each].high
        if each > 0:
            overlap |= outs[each - 1].highest > outs[each].low
            outs[each].highest = max(outs[each].high, outs[each - 1].highest)
    return overlap


cdef bint lie_apart(const job_t* jobs, int count, extent_t* outs) noexcept nogil:
    """Whether each job may be computed before or after any other: no out shares memory
    with another one or with another's operands. A quick test that may say no in vain.
    `outs` is memory for as many."""
    cdef int place, before, operand, found = 0
    cdef bint overlap = False
    for place in range(count):
        if size_of(&jobs[place].plan) > 0:
            bounds(&jobs[place].plan, OUT, &outs[found].low, &outs[found].high)
            outs[found].place = place
            found += 1
    qsort(outs, found, sizeof(extent_t), by_low)
    overlap = set_highest_ends(outs, found)
    if overlap and not all_interleave(jobs, outs, found):
        if found > FEW:
            return False
        for place in range(1, found):
            for before in range(place):
                if outs[before].high > outs[place].low and not interleave(
                    &jobs[outs[place].place].plan, OUT, &jobs[outs[before].place].plan
                ):
                    return False
    set_highest_ends(outs, found)
    for place in range(count):
        if size_of(&jobs[place].plan) > 0:
            for operand in range(A, jobs[place].plan.inputs + 1):
                if touches_others(jobs, operand, outs, found, place):
                    return False
    return True


# What the jobs of a list are together.
cdef struct list_t:
    int count
    Py_ssize_t size  # elements
    Py_ssize_t nbytes  # of results, by what they cost
    int threads, allowed


cdef list_t cut_jobs(job_t* jobs, int count) except *:
    """Make jobs ready to walk."""
    cdef list_t all
    cdef int place
    cdef Py_ssize_t length
    all.count, all.size, all.nbytes, all.threads, all.allowed = count, 0, 0, 1, 1
    for place in range(count):
        jobs[place].units = 0
        length = size_of(&jobs[place].plan)
        if length > 0:
            choose_kernels(&jobs[place], 1, length)
            all.nbytes += cost(&jobs[place], 1, length)
            all.size += length
    if all.size >= LARGE:
        all.threads = threads_for(all.nbytes, all.size, &all.allowed)
    length = 0
    for place in range(count):
        if size_of(&jobs[place].plan) > 0:
            cut_for(&jobs[place], 1, all.size, all.threads)
            check_scratch(&jobs[place], 1)
        jobs[place].first = length
        length += size_of(&jobs[place].plan)
    return all


cdef int run_jobs(const job_t* jobs, const list_t* all) noexcept:
    """The flags that were raised; they are not left standing."""
    cdef int raised
    if all_flags():
        feclearexcept(WATCHED)
    if all.threads > 1:
        with nogil:
            raised = run_by_threads(
                jobs, 1, all.count, all.size, all.nbytes, all.threads, all.allowed
            )
    elif all.size >= RELEASE_GIL:
        with nogil:
            raised = run_jobs_in_turn(jobs, all.count)
    else:
        raised = run_jobs_in_turn(jobs, all.count)
    if raised:
        feclearexcept(WATCHED)
    return raised


cdef int run_jobs_in_turn(const job_t* jobs, int count) noexcept nogil:
    cdef int place
    for place in range(count):
        if jobs[place].units > 0:
            run_whole(&jobs[place], 1)
    return all_flags()


cdef int run_each(job_t* jobs, int count, const char* name) except -1:
    cdef list_t all = cut_jobs(jobs, count)
    return report(run_jobs(jobs, &all), name)


cdef bint jobs_lie_apart(const job_t* jobs, int count) except -1:
    cdef extent_t* outs = <extent_t*>allocate(count, sizeof(extent_t))
    try:
        return lie_apart(jobs, count, outs)
    finally:
        free(outs)


cdef inline object plan_ready(
    job_t* job, int operation, PyObject** operands, PyObject** coefficients,
    PyObject** rest,
):
    """As the gate of one call plans it: operands, then coefficients (alpha, beta)."""
    if operation == ADD:
        return try_addition(job, operands, coefficients, rest)
    return try_operation(
        job, operation, first_factor_of[operation], operands, coefficients, rest
    )


cdef inline PyObject* member(object given, Py_ssize_t place) noexcept:
    """Of a tuple; anything else is the same for all."""
    if type(given) is tuple:
        return <PyObject*>PyTuple_GET_ITEM(given, place)
    return <PyObject*>given


cdef object as_members(object given):
    return tuple(given) if is_list(given) else given


cdef object gate_lists(
    const char* name, int operation, PyObject** given, object out, object casting,
    bint compute,
):
    """Compute calls that are ready to run, each as the gate of one recognises it: lists
    or tuples of equal length, of which all but the first may be one number for all.
    Anything else: NotImplemented, and nothing has been touched. Nor is it if not to
    compute."""
    cdef PyObject* members[2 * MOST_OPERANDS]
    cdef PyObject** rest = [
        NULL, <PyObject*>None, <PyObject*>casting, <PyObject*>EVERYWHERE,
    ]
    cdef Py_ssize_t place, count
    cdef int k, inputs = inputs_of[operation]
    cdef int arguments = inputs + coefficients_of[operation]
    cdef job_t* jobs
    cdef list results = []
    if not is_list(<object>given[0]) or out is not None and not is_list(out):
        return NotImplemented
    # Copies come first: nothing that runs meanwhile can change them.
    lists = [as_members(<object>given[k]) for k in range(arguments)]
    outs = None if out is None else tuple(out)
    count = len(<tuple>lists[0])
    for each in [*lists, outs]:
        if type(each) is tuple and len(<tuple>each) != count:
            return NotImplemented
    jobs = <job_t*>allocate(count, sizeof(job_t))
    try:
        for place in range(count):
            if outs is not None and outs[place] is None:
                return NotImplemented
            for k in range(arguments):
                members[k] = member(lists[k], place)
            rest[GIVEN_OUT] = member(outs, place)
            result = plan_ready(
                &jobs[place], operation, members, members + inputs, rest
            )
            if result is None:
                return NotImplemented
            results.append(result)
        if outs is not None and not jobs_lie_apart(jobs, count):
            return NotImplemented
        if compute:
            run_each(jobs, count, name)
    finally:
        free(jobs)
    if out is not None:
        return out
    return [result_of(each, True) for each in results]


cdef job_t* prepare_calls(list calls, list results) except NULL:
    """The jobs of calls that the Python layer has checked, each given as operation,
    operands, coefficients, out, dtype and result; to be freed. `results` takes their
    outs."""
    cdef Py_ssize_t place, count = len(calls)
    cdef job_t* jobs = <job_t*>allocate(count, sizeof(job_t))
    try:
        for place in range(count):
            operation, operands, coefficients, out, dtype, result = calls[place]
            results.append(
                plan_checked(
                    &jobs[place], OPERATIONS_BY_NAME[operation], operands, coefficients,
                    out, dtype, result, None,
                )
            )
    except BaseException:
        free(jobs)
        raise
    return jobs


cdef void span_of(cnp.ndarray x, char** low, char** high) noexcept:
    """The memory that an array spans."""
    cdef int axis
    cdef Py_ssize_t reach
    low[0] = high[0] = <char*>cnp.PyArray_DATA(x)
    if cnp.PyArray_SIZE(x) == 0:
        return
    high[0] += cnp.PyArray_ITEMSIZE(x)
    for axis in range(cnp.PyArray_NDIM(x)):
        reach = (cnp.PyArray_DIM(x, axis) - 1) * cnp.PyArray_STRIDE(x, axis)
        if reach < 0:
            low[0] += reach
        else:
            high[0] += reach


def places_lie_apart(list outs, lists):
    """Whether no out spans memory of another one, or of an array at another place of
    the lists."""
    cdef int count = len(outs), first, place
    cdef char* low
    cdef char* high
    cdef extent_t* extents = <extent_t*>allocate(count, sizeof(extent_t))
    try:
        for place, x in enumerate(outs):
            span_of(x, &extents[place].low, &extents[place].high)
            extents[place].place = place
        qsort(extents, count, sizeof(extent_t), by_low)
        if set_highest_ends(extents, count):
            return False
        for members in lists:
            for place, x in enumerate(members):
                if not cnp.PyArray_Check(x):
                    continue
                span_of(x, &low, &high)
                first = count_before(extents, count, high)
                while first > 0 and extents[first - 1].highest > low:
                    first -= 1
                    if extents[first].place != place:
                        return False
        return True
    finally:
        free(extents)


def calls_lie_apart(list calls):
    """Whether each may be computed before or after any other; every one has an out. A
    quick test that may say no in vain."""
    cdef job_t* jobs = prepare_calls(calls, [])
    try:
        return jobs_lie_apart(jobs, len(calls))
    finally:
        free(jobs)


def compute_calls(bytes name, list calls):
    """The result of each."""
    cdef list results = []
    cdef job_t* jobs = prepare_calls(calls, results)
    try:
        run_each(jobs, len(calls), name)
    finally:
        free(jobs)
    return [
        result_of(result, call[3] is None)
        for result, call in zip(results, calls, strict=True)
    ]
