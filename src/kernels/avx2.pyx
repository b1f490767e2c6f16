# The kernels for x86-64 CPUs with AVX2 (Intel from 2013, AMD from 2015).
cdef enum: BASELINE = 0
include "kernels.pxi"
