# Which way a call goes, told by the functions that would compute it.
# Uses: native, plan, job, strips, masks, run, dtypes, operations, add, limits, calls.

EXPLAINED = ("add", "lerp", "addcmul", "addcdiv", "relu")


cdef object try_call(job_t* job, name, PyObject** given):
    """Plan a call that is ready to run, as its gate does; None of any other."""
    if name == "relu":
        return try_relu(job, <object>given[0], <object>given[1])
    if name != "add":
        return try_given(job, OPERATIONS_BY_NAME[name], given)
    return try_addition(job, given, given + 2, given + 4)


cdef object plan_carefully(job_t* job, call):
    """Plan the call that a careful function has returned, if it is one computation."""
    function, arguments, _ = call
    if function is not compute_checked:
        return None
    name, operands, coefficients, out, dtype, mask, result, _ = arguments
    if name == "relu":
        return plan_relu(job, operands[0], out)
    return plan_checked(
        job, OPERATIONS_BY_NAME[name], operands, coefficients, out, dtype,
        dtype if result is None else result, mask,
    )


cdef list what_is_done(const job_t* job, int operand):
    """With an operand, before the kernel reads it; with out, after it is written."""
    cdef const carrier_t* carrier = &job.carriers[operand]
    cdef bint converted = carrier.dtype != job.reads[operand]
    return [
        name for name, happens in (
            ("transposed", carrier.transposed),
            ("converted", converted and not carrier.saturated),
            ("saturated", converted and carrier.saturated),
            ("spread", carrier.spread),
            ("folded", carrier.folded),
            ("moved by bytes", carrier.raw),
        ) if happens
    ]


cdef bint is_constant(const job_t* job) noexcept:
    """Whether a kernel of three or four operands reads the last one once a row."""
    cdef int last = job.plan.inputs
    return (
        job.operation >= PRODUCTS and job.plane.views[last].strides[1] == 0
        and (job.direct or not job.carriers[last].spread)
    )


cdef bint is_packed(const job_t* job) noexcept:
    cdef int operand
    for operand in range(A, job.plan.inputs + 1):
        if (
            job.plan.data[operand]
            == scratch_of_thread() + PACKED_AT + operand * PACKED_BEFORE
        ):
            return True
    return False


def explain(*operands, function="add", **keywords):
    """Which way a call of a public function would go; nothing is computed. None of one
    that is left to others, or comes to several. For tests, and for those who wonder."""
    from inspect import signature
    cdef PyObject* given[MAX_PARAMETERS]
    cdef job_t job
    cdef Py_ssize_t nbytes = 0
    cdef int allowed = 1, operand, place, threads
    if function not in EXPLAINED:
        raise ValueError(f"function={function!r}: it must be one of {EXPLAINED}")
    careful = careful_functions[function]
    bound = signature(careful).bind(*operands, **keywords)
    bound.apply_defaults()
    arguments = tuple(bound.arguments.values())
    for place in range(len(arguments)):
        given[place] = <PyObject*>arguments[place]
    planned = try_call(&job, function, given)
    ready = planned is not None
    if not ready:
        planned = plan_carefully(&job, careful(*operands, **keywords))
        if planned is None:
            return None
    threads = prepare_job(&job, 1, size_of(&job.plan), &nbytes, &allowed)
    inputs = range(A, job.plan.inputs + 1)
    return {
        "ready": ready,
        "axes": [job.plan.shape[axis] for axis in range(job.plan.ndim)],
        "kernel": "relu" if job.operation == RELU else name_of[job.operation].decode(),
        "reads": [NAMES[job.reads[operand]] for operand in inputs],
        "computes in": NAMES[job.dtype],
        "loads": [] if job.direct else [what_is_done(&job, each) for each in inputs],
        "stores": [] if job.direct else what_is_done(&job, OUT),
        "masked": bool(is_masked(&job)),
        "streamed": bool(job.streamed),
        "prefetched": bool(job.plane.prefetched),
        "aligned": not job.streamed and straddles_lines(&job, &job.plane),
        "repeated": job.repeated != OUT,
        "constant": bool(is_constant(&job)),
        "packed": bool(is_packed(&job)),
        "columns first": bool(job.columns_first),
        "clamped": bool(job.clamps),
        "blocks": job.units,
        "block": (job.block[0], job.block[1]),
        "threads": threads,
    }
