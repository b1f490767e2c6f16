# out = beta*input + alpha*other, for code without the GIL.
#
# shape has ndim lengths, at most 64, and each of the strides has ndim bytes, as in NumPy
# and in typed memoryviews. Where an operand is broadcast its stride is 0, and so for a
# number all of them. Every address is a multiple of the itemsize. out may be an operand,
# with the same strides, but must not overlap one in another way, nor itself.
#
# At most so many threads compute as are named (one, if that is less than 1), the calling
# one and those of fastadd's pool that are free. Python's errstate does not count here:
# floating-point exceptions, of whichever thread, are left raised, as C does.

cdef void add_float32(
    int ndim, const Py_ssize_t* shape,
    const float* input, const Py_ssize_t* input_strides,
    const float* other, const Py_ssize_t* other_strides,
    float* out, const Py_ssize_t* out_strides,
    float alpha, float beta, int threads,
) noexcept nogil

cdef void add_float64(
    int ndim, const Py_ssize_t* shape,
    const double* input, const Py_ssize_t* input_strides,
    const double* other, const Py_ssize_t* other_strides,
    double* out, const Py_ssize_t* out_strides,
    double alpha, double beta, int threads,
) noexcept nogil
