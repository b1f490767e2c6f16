# The entries of other compiled code: _core.pxd tells of them.
# Uses: native, plan, job, program, run, arrays.

cdef void add_strided(
    int dtype, int ndim, const Py_ssize_t* shape,
    const void* input, const Py_ssize_t* input_strides,
    const void* other, const Py_ssize_t* other_strides,
    void* out, const Py_ssize_t* out_strides,
    const void* alpha, const void* beta, int threads,
) noexcept nogil:
    cdef job_t job
    cdef Py_ssize_t size, itemsize = itemsizes[dtype]
    cdef bint has_scratch
    start_job(&job, ADD, dtype)
    job.real = BETA_REAL | ALPHA_REAL
    memcpy(&job.alpha, alpha, itemsize)
    memcpy(&job.beta, beta, itemsize)
    begin_plan(&job.plan, ndim, 2)
    broadcast_operand(
        &job.plan, OUT, <char*>out, itemsize, ndim, shape, out_strides, True
    )
    broadcast_operand(
        &job.plan, A, <char*>input, itemsize, ndim, shape, input_strides, False
    )
    broadcast_operand(
        &job.plan, B, <char*>other, itemsize, ndim, shape, other_strides, False
    )
    size = size_of(&job.plan)
    if size == 0:
        return
    coalesce(&job.plan)
    threads = max(1, min(threads, MAX_THREADS)) if size >= LARGE else 1
    has_scratch = scratch_of_thread() != NULL
    choose_kernels(&job, 1, size if has_scratch else 0)
    cut_for(&job, 1, size, threads)
    if not has_scratch:
        job.repeated = OUT
    if threads > 1:
        feraiseexcept(
            run_by_threads(
                &job, 1, 1, size, cost(&job, 1, size), threads, threads
            )
        )
    else:
        run_blocks(&job, 1, 0, job.units)


# The entries of other compiled code: _core.pxd tells of them.

cdef void add_float32(
    int ndim, const Py_ssize_t* shape,
    const float* input, const Py_ssize_t* input_strides,
    const float* other, const Py_ssize_t* other_strides,
    float* out, const Py_ssize_t* out_strides,
    float alpha, float beta, int threads,
) noexcept nogil:
    add_strided(
        FLOAT32, ndim, shape, input, input_strides, other, other_strides, out,
        out_strides, &alpha, &beta, threads,
    )


cdef void add_float64(
    int ndim, const Py_ssize_t* shape,
    const double* input, const Py_ssize_t* input_strides,
    const double* other, const Py_ssize_t* other_strides,
    double* out, const Py_ssize_t* out_strides,
    double alpha, double beta, int threads,
) noexcept nogil:
    add_strided(
        FLOAT64, ndim, shape, input, input_strides, other, other_strides, out,
        out_strides, &alpha, &beta, threads,
    )
