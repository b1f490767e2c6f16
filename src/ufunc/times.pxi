# Dates and their differences, as loops of the ufunc.
# Uses: loops.

cdef inline double factor(const char* given, bint whole) noexcept:
    return <double>(<int64_t*>given)[0] if whole else (<double*>given)[0]


cdef inline int64_t scaled_time(int64_t x, const char* given, bint whole) noexcept:
    cdef double product
    if x == NPY_DATETIME_NAT or factor(given, whole) == 1:
        return x
    if whole:
        return x * (<int64_t*>given)[0]
    product = x * (<double*>given)[0]
    return <int64_t>product if isfinite(product) else NPY_DATETIME_NAT


cdef int check_dates(
    const PyArrayMethod_Context* context, double alpha, double beta
) except -1:
    """A date itself cannot be scaled, but two have a difference."""
    cdef bint first = type_of(context, U_A) == cnp.NPY_DATETIME
    cdef bint second = type_of(context, U_B) == cnp.NPY_DATETIME
    if first and second:
        if not (beta == 1 and alpha == -1 or beta == -1 and alpha == 1):
            raise TypeError(
                f"alpha={alpha:g}, beta={beta:g} of two dates: only their difference "
                "has a meaning. Pass alpha=-1."
            )
    elif first and beta != 1 or second and alpha != 1:
        raise TypeError(
            f"{'beta' if first else 'alpha'}={beta if first else alpha:g} of a date: "
            "only a timedelta can be scaled. Leave it out."
        )
    return 0


cdef int time_loop(
    PyArrayMethod_Context* context, char** data, const cnp.npy_intp* shape,
    const cnp.npy_intp* strides, void* unused,
) except -1:
    """datetime64 and timedelta64, in one unit."""
    cdef bint whole = type_of(context, U_ALPHA) != cnp.NPY_DOUBLE
    cdef char* alpha
    cdef char* beta
    cdef int64_t x, y
    cdef Py_ssize_t i
    for i in range(shape[0]):
        alpha = at(data, strides, U_ALPHA, i)
        beta = at(data, strides, U_BETA, i)
        if i == 0 or strides[U_ALPHA] != 0 or strides[U_BETA] != 0:
            check_dates(context, factor(alpha, whole), factor(beta, whole))
        x = scaled_time((<int64_t*>at(data, strides, U_A, i))[0], beta, whole)
        y = scaled_time((<int64_t*>at(data, strides, U_B, i))[0], alpha, whole)
        if x == NPY_DATETIME_NAT or y == NPY_DATETIME_NAT:
            x = NPY_DATETIME_NAT
        else:
            x += y
        (<int64_t*>at(data, strides, U_OUT, i))[0] = x
    return 0


cdef int resolve_units(
    void* method, PyArray_DTypeMeta** dtypes, PyArray_Descr** given,
    PyArray_Descr** chosen, cnp.npy_intp* view_offset,
) except -1:
    """NumPy's units, of a sum or a difference."""
    cdef int operand
    x, y = <object>given[U_A], <object>given[U_B]
    ufunc = numpy.subtract if x.kind == y.kind == "M" else numpy.add
    x, y, out = ufunc.resolve_dtypes((x, y, None))
    for operand, descr in ((U_A, x), (U_B, y), (U_OUT, out)):
        Py_INCREF(descr)
        chosen[operand] = <PyArray_Descr*>descr
    chosen[U_ALPHA] = PyArray_GetDefaultDescr(dtypes[U_ALPHA])
    chosen[U_BETA] = PyArray_GetDefaultDescr(dtypes[U_BETA])
    return cnp.NPY_NO_CASTING  # NumPy looks at each operand itself
