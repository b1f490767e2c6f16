# The kernels for any CPU of this architecture.
include "kernels.pxi"
