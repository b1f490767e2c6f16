# Sums of many operands. Each strip of out is summed up in the L1 cache, so that all
# operands are read side by side, all along.
# Uses: native, types, rows.

cdef enum:
    # Bytes of a strip. 7 operands of 10**6 float64 take 1.0 ms, so with twice as many;
    # 1.75 in blocks of 16 KiB, which one operand after the other is added to.
    SUMMED = 4 * STREAMED

cdef struct summed_t:
    streamed_t parts[4]


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
