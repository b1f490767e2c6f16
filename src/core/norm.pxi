# A norm of any number of arrays: each block's part is computed by one thread, and what
# comes of all blocks, in their order, by the caller. So it depends on no thread, and
# the error of the whole is about that of one block.
# Uses: native, plan, job, dtypes, arrays, lists.

cdef extern from "<math.h>" nogil:
    longdouble sqrt "sqrtl"(longdouble)
    longdouble ldexp "ldexpl"(longdouble, int)
    longdouble magnitude "fabsl"(longdouble)
    bint isfinite(longdouble)


cdef int summed_in(int dtype) noexcept nogil:
    """Complex numbers in the dtype of their parts, 16-bit floats in float32."""
    return arithmetic_dtype(real_of(dtype))


cdef int plan_norm(job_t* job, cnp.ndarray x) except -1:
    cdef Py_ssize_t shape[MAX_NDIM]
    cdef Py_ssize_t strides[MAX_NDIM]
    cdef int axis, operand, ndim = cnp.PyArray_NDIM(x), dtype = native_of(x)
    cdef Py_ssize_t itemsize = itemsizes[dtype]
    start_job(job, NORM, summed_in(dtype))
    take_array(job, A, x)
    for axis in range(ndim):
        shape[axis] = cnp.PyArray_DIM(x, axis)
        strides[axis] = cnp.PyArray_STRIDE(x, axis)
    if dtype >= COMPLEX64:
        dtype = real_of(dtype)
        itemsize //= 2
        shape[ndim], strides[ndim] = 2, itemsize
        ndim += 1
        job.carriers[A].dtype = dtype
        job.direct = dtype == job.dtype and not job.carriers[A].raw
    begin_plan(&job.plan, ndim, 2)
    # (As if into x itself: in the order of its memory.)
    for operand in (OUT, A):
        broadcast_operand(
            &job.plan, operand, cnp.PyArray_BYTES(x), itemsize, ndim, shape, strides,
            True,
        )
    broadcast_operand(
        &job.plan, B, job.scalars[B].bytes, itemsizes[job.dtype], 0, NULL, NULL, False
    )
    coalesce(&job.plan)
    return 0


cdef longdouble sum_of(
    const partial_t* partials, Py_ssize_t count, int* top
) noexcept nogil:
    """Neumaier's sum, times 2**top: what each addition rounds off is added up
    besides."""
    cdef longdouble x, before, sum = 0, lost = 0
    cdef Py_ssize_t k
    cdef bint first = True
    top[0] = 0
    for k in range(count):
        if partials[k].sum != 0 and (first or partials[k].exponent > top[0]):
            top[0] = partials[k].exponent
            first = False
    for k in range(count):
        x = partials[k].sum
        if partials[k].exponent != top[0]:
            x = ldexp(x, partials[k].exponent - top[0])
        before = sum
        sum = sum + x
        if magnitude(before) >= magnitude(x):
            lost += (before - sum) + x
        else:
            lost += (x - sum) + before
    return sum + lost if isfinite(sum) else sum


cdef longdouble norm_from(
    const partial_t* partials, Py_ssize_t count, int norm
) noexcept nogil:
    cdef longdouble sum, most = 0
    cdef Py_ssize_t k
    cdef int top
    if norm == NORM_MAX:
        for k in range(count):
            if not partials[k].sum <= most:  # or a NaN
                most = partials[k].sum
                if most != most:
                    break
        return most
    sum = sum_of(partials, count, &top)
    if norm == NORM_1:
        return sum
    return ldexp(sqrt(sum), top // 2)  # scaled blocks have even exponents


cdef inline bint has_norm(object x, int norm) noexcept:
    """(Of a complex number, of which the square is that of both parts, only a norm of
    squares.)"""
    cdef int dtype
    if not cnp.PyArray_CheckExact(x):
        return False
    dtype = native_of(x)
    return dtype >= FLOAT16 and (dtype < COMPLEX64 or norm == NORM_2)


def norm_of(list arrays, norm_type):
    """The norm of native float and, if it is 2, complex arrays in any layout: a
    longdouble if one is. None if anything else is among them."""
    cdef int kind = {1: NORM_1, 2: NORM_2}.get(norm_type, NORM_MAX)
    cdef tuple held = tuple(arrays)
    cdef Py_ssize_t count = len(held), place, units = 0
    cdef job_t* jobs = <job_t*>allocate(count, sizeof(job_t))
    cdef partial_t* partials = NULL
    cdef longdouble norm = 0
    cdef double narrow = 0
    cdef list_t all
    cdef bint wide = False
    cdef cnp.ndarray found
    try:
        for place in range(count):
            if not has_norm(held[place], kind):
                return None
            plan_norm(&jobs[place], held[place])
            jobs[place].real = kind
            wide |= jobs[place].dtype == LONGDOUBLE
        all = cut_jobs(jobs, count)
        for place in range(count):
            units += jobs[place].units
        partials = <partial_t*>allocate(units, sizeof(partial_t))
        units = 0
        for place in range(count):
            jobs[place].partials = partials + units
            units += jobs[place].units
        run_jobs(jobs, &all)
        with nogil:
            norm = norm_from(partials, units, kind)
            narrow = <double>norm
            feclearexcept(WATCHED)
    finally:
        free(partials)
        free(jobs)
    found = numpy.empty((), numpy.longdouble)
    (<longdouble*>cnp.PyArray_DATA(found))[0] = norm
    return found[()] if wide else numpy.float64(narrow)
