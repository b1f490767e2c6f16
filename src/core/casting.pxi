# The dtypes of a call: what its operands have, and what dtype=, casting= and out= ask
# for. Whatever is not recognised is left to the Python layer.
# Uses: native, job, dtypes.

# Arguments that every operation takes last.
cdef enum:
    GIVEN_OUT
    GIVEN_DTYPE
    GIVEN_CASTING
    GIVEN_WHERE

cdef object EVERYWHERE = True  # where= (and `<PyObject*>True` would be the number 1)

cdef struct dtypes_t:
    int result
    int type_num  # NumPy's number of it
    int computed  # in what; if that is not the result's, the result saturates
    int rule
    int first_factor  # operands from here on do not decide on the result's

# NumPy's numbers of the native dtypes, by what stands for them.
cdef dict type_nums = {}


cdef void know_names() except *:
    for char in "?bhilqBHILQefdgFDG":
        dtype = numpy.dtype(char)
        for name in (char, dtype.name, dtype.str[1:], dtype.type):
            type_nums[name] = numpy.dtype(name).num
    for kind in (bool, int, float, complex):
        type_nums[kind] = numpy.dtype(kind).num


know_names()


cdef inline int rule_of(object casting) noexcept:
    cdef int rule
    if casting is DEFAULT_CASTING:
        return SAME_KIND
    if type(casting) is str:
        for rule in range(ANOTHER_RULE):
            if casting == RULES[rule]:
                return rule
    return ANOTHER_RULE


cdef int type_asked(object dtype) except -2:
    """NumPy's number of a dtype, or -1."""
    if cnp.PyArray_DescrCheck(dtype):
        return (<cnp.dtype>dtype).type_num
    if type(dtype) is str or type(dtype) is type:
        return type_nums.get(dtype, -1)
    return -1


cdef type Memmap = numpy.memmap


cdef inline bint is_plain_array(object x) noexcept:
    """Whether it is no array of a type that computes itself."""
    return cnp.PyArray_CheckExact(x) or type(x) is Memmap


cdef inline int type_of_operand(PyObject* x) noexcept:
    """NumPy's number of the dtype of an array or of a NumPy number; -1 of what has
    none, and -2 of what only the Python layer takes."""
    if is_plain_array(<object>x):
        return cnp.PyArray_TYPE(<cnp.ndarray>x)
    if PyLong_CheckExact(<object>x) or PyFloat_CheckExact(<object>x):
        return -1
    if PyComplex_CheckExact(<object>x):
        return -1
    if cnp.PyArray_CheckScalar(<object>x) and not cnp.PyArray_Check(<object>x):
        return cnp.PyArray_DescrFromScalar(<object>x).type_num
    return -2


cdef inline bint promote_operands(
    dtypes_t* dtypes, PyObject** operands, int count
) noexcept:
    """The result's dtype, as np.result_type has it. (That of three dtypes need not be
    that of two and the third.)"""
    cdef int place, found, first = -1, second = -1
    for place in range(count):
        found = type_of_operand(operands[place])
        if found == -1 or found == first or found == second:
            continue
        if native_of_type(found) < 0 or second >= 0:
            return False
        if first < 0:
            first = found
        else:
            second = found
    if first < 0:
        return False
    dtypes.type_num = first if second < 0 else promoted_type(first, second)
    dtypes.result = native_of_type(dtypes.type_num)
    return dtypes.result >= 0


cdef inline bint choose_dtypes(
    dtypes_t* dtypes, PyObject** operands, int count, PyObject** rest
) except -1:
    """False if the Python layer must. `count` operands decide on the dtype."""
    cdef int asked = -1, type_num = -1
    out = <object>rest[GIVEN_OUT]
    dtypes.rule = rule_of(<object>rest[GIVEN_CASTING])
    if dtypes.rule == ANOTHER_RULE or not promote_operands(dtypes, operands, count):
        return False
    if <object>rest[GIVEN_DTYPE] is not None:
        type_num = type_asked(<object>rest[GIVEN_DTYPE])
        asked = native_of_type(type_num)
        if asked < 0:
            return False
    if out is not None and (
        not is_plain_array(out) or native_of(out) < 0
        or not cnp.PyArray_ISWRITEABLE(out)
    ):
        return False
    if dtypes.rule == SATURATE:
        if out is not None:
            dtypes.result, dtypes.type_num = native_of(out), cnp.PyArray_TYPE(out)
        if not INT8 <= dtypes.result <= UINT64:
            return False
        dtypes.computed = FLOAT32 if itemsizes[dtypes.result] <= 2 else FLOAT64
        if asked >= 0:
            dtypes.computed = asked
        dtypes.rule = UNSAFE
        return FLOAT32 <= dtypes.computed <= LONGDOUBLE
    if asked >= 0:
        dtypes.result, dtypes.type_num = asked, type_num
    dtypes.computed = dtypes.result
    return out is None or is_let(dtypes.rule, dtypes.result, native_of(out))


cdef inline bint is_let(int rule, int from_dtype, int to_dtype) noexcept:
    """Whether a casting rule lets a dtype into another. (What drops imaginary parts
    warns, which is the Python layer's.)"""
    if from_dtype >= COMPLEX64 and to_dtype < COMPLEX64:
        return False
    return rule == UNSAFE or castable[rule][from_dtype][to_dtype]


cdef inline bint is_let_as_factor(int from_dtype, int to_dtype) noexcept:
    """A coefficient of each element is converted, if nothing of its kind is lost."""
    if from_dtype == BOOL or to_dtype == BOOL:
        return from_dtype == to_dtype
    if from_dtype >= COMPLEX64:
        return to_dtype >= COMPLEX64
    return from_dtype <= UINT64 or to_dtype >= FLOAT16
