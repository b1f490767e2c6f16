# Sums of many operands. Each strip of out is summed up in the L1 cache, so that all
# operands are read side by side, all along.
# Uses: native, types, rows.

cdef enum:
    # Bytes of a strip. 7 operands of 10**6 float64 take 1.0 ms, so with twice as many;
    # 1.75 in blocks of 16 KiB, which one operand after the other is added to.
    SUMMED = 4 * STREAMED
    # Elements of which a sum stays in registers. (Of 8 to 16, GCC makes no vectors; of
    # 64 it took as long.)
    SUMMED_LANES = 32
    FEW_SUMMED = 8  # elements that are summed up one by one

cdef struct summed_t:
    streamed_t parts[4]


cdef inline Py_ssize_t sum_in_registers(
    char** rows, const unrolled* weights, int count, Py_ssize_t begin,
    Py_ssize_t length, unrolled* out,
) noexcept nogil:
    """The sums of packed rows from an element on; returns how many. (10 operands of
    1,000 float32: 0.22 us, 0.48 by a strip in memory; of 10**7, whose memory the CPU
    fetches in smaller steps, 9.0 ms and 13.1. Zen 5.)"""
    cdef unrolled[SUMMED_LANES] sums
    cdef Py_ssize_t j, k, whole = length // SUMMED_LANES
    cdef const unrolled* x
    cdef unrolled weight
    cdef int term
    for j in range(whole):
        x = <const unrolled*>rows[0] + begin + j * SUMMED_LANES
        for k in range(SUMMED_LANES):
            sums[k] = weighted(weights[0], x[k], False)
        for term in range(1, count):
            x = <const unrolled*>rows[term] + begin + j * SUMMED_LANES
            weight = weights[term]
            for k in range(SUMMED_LANES):
                sums[k] = total(sums[k], weighted(weight, x[k], False))
        for k in range(SUMMED_LANES):
            out[j * SUMMED_LANES + k] = sums[k]
    return whole * SUMMED_LANES


cdef inline void add_term(
    char* memory, Py_ssize_t length, const char* x_data, Py_ssize_t x_step,
    single weight, bint real, bint first,
) noexcept nogil:
    cdef single[:, :] strip = None
    cdef single[:, :] x = None
    cdef Py_ssize_t k
    lay(strip.strides, memory, 0, sizeof(single))
    lay(x.strides, <char*>x_data, 0, x_step)
    if first:
        for k in range(length):
            strip[0, k] = weighted(weight, x[0, k], real)
    else:
        for k in range(length):
            strip[0, k] = total(strip[0, k], weighted(weight, x[0, k], real))


cdef void sum_plane(
    const plane_t* plane, const single* tag, const term_t* terms, int count,
    bint streamed,
) noexcept nogil:
    cdef summed_t memory
    cdef char* strip = memory.parts[0].bytes
    cdef char* out
    cdef const char* x
    cdef Py_ssize_t i, j, head, length, step = plane.views[OUT].strides[1]
    cdef Py_ssize_t one = sizeof(single), most = SUMMED // sizeof(single)
    cdef int term, part
    for i in range(plane.shape[0]):
        j = 0
        while j < plane.shape[1]:
            out = plane.views[OUT].data + i * plane.views[OUT].strides[0] + j * step
            length = min(most, plane.shape[1] - j)
            head = -<Py_ssize_t>out & LINE - 1  # bytes to a line's begin
            if streamed and head % one == 0:
                length = min(length, head // one if head > 0 else length)
            for term in range(count):
                x = (
                    terms[term].view.data + i * terms[term].view.strides[0]
                    + j * terms[term].view.strides[1]
                )
                if terms[term].view.strides[1] == one:
                    add_term(
                        strip, length, x, sizeof(single),
                        (<const single*>terms[term].weight)[0], terms[term].real,
                        term == 0,
                    )
                else:
                    add_term(
                        strip, length, x, terms[term].view.strides[1],
                        (<const single*>terms[term].weight)[0], terms[term].real,
                        term == 0,
                    )
            if streamed and length == most and head == 0:
                for part in range(4):
                    stream(out + part * STREAMED, &memory.parts[part])
            elif step == one:
                move_strip(strip, length, tag, out, sizeof(single))
            else:
                move_strip(strip, length, tag, out, step)
            j += length


cdef inline void sum_rest(
    char** rows, const unrolled* weights, int count, Py_ssize_t begin,
    Py_ssize_t length, char* strip, Py_ssize_t done,
) noexcept nogil:
    """What is left of packed rows: few elements one by one, more of them one operand
    after the other."""
    cdef unrolled[:, :] rest = None
    cdef unrolled sum, x
    cdef Py_ssize_t k
    cdef int term
    if length >= FEW_SUMMED:
        for term in range(count):
            add_term(
                strip + done * sizeof(unrolled), length,
                rows[term] + begin * sizeof(unrolled), sizeof(unrolled), weights[term],
                False, term == 0,
            )
        return
    lay(rest.strides, strip, 0, sizeof(unrolled))
    for k in range(length):
        one_by_one()
        sum = weighted(weights[0], (<const unrolled*>rows[0])[begin + k], False)
        for term in range(1, count):
            x = (<const unrolled*>rows[term])[begin + k]
            sum = total(sum, weighted(weights[term], x, False))
        rest[0, done + k] = sum


cdef void sum_packed_plane(
    const plane_t* plane, const unrolled* tag, const term_t* terms, int count,
    bint streamed,
) noexcept nogil:
    cdef summed_t memory
    cdef char* strip = memory.parts[0].bytes
    cdef char* out
    cdef char* rows[TERMS]
    cdef unrolled[TERMS] weights
    cdef Py_ssize_t i, j, head, length, done
    cdef Py_ssize_t most = SUMMED // sizeof(unrolled)
    cdef int term, part
    for term in range(count):
        weights[term] = (<const unrolled*>terms[term].weight)[0]
    for i in range(plane.shape[0]):
        for term in range(count):
            rows[term] = terms[term].view.data + i * terms[term].view.strides[0]
        j = 0
        while j < plane.shape[1]:
            out = (
                plane.views[OUT].data + i * plane.views[OUT].strides[0]
                + j * sizeof(unrolled)
            )
            length = min(most, plane.shape[1] - j)
            head = -<Py_ssize_t>out & LINE - 1  # bytes to a line's begin
            if streamed and head % sizeof(unrolled) == 0:
                length = min(length, head // sizeof(unrolled) if head > 0 else length)
            done = sum_in_registers(rows, weights, count, j, length, <unrolled*>strip)
            sum_rest(rows, weights, count, j + done, length - done, strip, done)
            if streamed and length == most and head == 0:
                for part in range(4):
                    stream(out + part * STREAMED, &memory.parts[part])
            else:
                move_strip(strip, length, <unrolled*>NULL, out, sizeof(unrolled))
            j += length
