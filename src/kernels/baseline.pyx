# The kernels for any CPU of this architecture.
cdef enum: BASELINE = 1
include "kernels.pxi"
