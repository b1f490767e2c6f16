# The 2-norm of any number of arrays: each block's squares are summed by one thread, and
# the sums of all blocks, in their order, by the caller. So it depends on no thread, and
# the error of the whole is about that of one block.
# Uses: native, plan, job, dtypes, arrays, lists.

cdef extern from "<math.h>" nogil:
    longdouble sqrt "sqrtl"(longdouble)
    longdouble ldexp "ldexpl"(longdouble, int)
    bint isfinite(longdouble)


cdef int summed_in(int dtype) noexcept nogil:
    """Complex numbers in the dtype of their parts, 16-bit floats in float32."""
    return arithmetic_dtype(real_of(dtype))


cdef int plan_squares(job_t* job, cnp.ndarray x) except -1:
    cdef Py_ssize_t shape[MAX_NDIM]
    cdef Py_ssize_t strides[MAX_NDIM]
    cdef int axis, operand, ndim = cnp.PyArray_NDIM(x), dtype = native_of(x)
    cdef Py_ssize_t itemsize = itemsizes[dtype]
    start_job(job, SQUARES, summed_in(dtype))
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


cdef longdouble root_of(const partial_t* partials, Py_ssize_t count) noexcept nogil:
    """Neumaier's sum: what each addition rounds off is added up besides."""
    cdef longdouble x, before, sum = 0, lost = 0
    cdef int top = 0
    cdef Py_ssize_t k
    cdef bint first = True
    for k in range(count):
        if partials[k].sum != 0 and (first or partials[k].exponent > top):
            top = partials[k].exponent
            first = False
    for k in range(count):
        x = partials[k].sum
        if partials[k].exponent != top:
            x = ldexp(x, partials[k].exponent - top)
        before = sum
        sum = sum + x
        lost += (before - sum) + x if before >= x else (x - sum) + before
    if isfinite(sum):
        sum += lost
    return ldexp(sqrt(sum), top // 2)  # scaled blocks have even exponents


cdef inline bint has_norm(object x) noexcept:
    return cnp.PyArray_CheckExact(x) and native_of(x) >= FLOAT16


def norm_of(list arrays):
    """The norm of native float and complex arrays in any layout: a longdouble if one
    is. None if anything else is among them."""
    cdef tuple held = tuple(arrays)
    cdef Py_ssize_t count = len(held), place, units = 0
    cdef job_t* jobs = <job_t*>allocate(count, sizeof(job_t))
    cdef partial_t* partials = NULL
    cdef longdouble norm = 0
    cdef list_t all
    cdef bint wide = False
    cdef cnp.ndarray found
    try:
        for place in range(count):
            if not has_norm(held[place]):
                return None
            plan_squares(&jobs[place], held[place])
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
            norm = root_of(partials, units)
            feclearexcept(WATCHED)
    finally:
        free(partials)
        free(jobs)
    found = numpy.empty((), numpy.longdouble)
    (<longdouble*>cnp.PyArray_DATA(found))[0] = norm
    return found[()] if wide else numpy.float64(norm)
