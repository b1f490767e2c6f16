# The kernels for x86-64 CPUs with AVX-512 (Intel servers from 2017, AMD from 2022).
cdef enum: BASELINE = 0
include "kernels.pxi"
