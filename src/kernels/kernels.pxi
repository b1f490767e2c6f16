# The kernels, compiled once for each instruction set.

from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from libc.string cimport memcpy

include "native.pxi"
include "types.pxi"
include "rows.pxi"
include "convert.pxi"
include "saturate.pxi"
include "mixed.pxi"
include "sums.pxi"
include "operations.pxi"
include "clamp.pxi"
include "adam.pxi"
include "limits.pxi"
include "norms.pxi"
include "dots.pxi"
include "table.pxi"
