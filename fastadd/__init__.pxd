# `cimport fastadd`: out = beta*input + alpha*other on pointers, without the GIL.

from fastadd._core cimport add_float32, add_float64
