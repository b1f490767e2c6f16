# The public functions: how their arguments are read, and who answers a call.
#
# Design: each is compiled. Its gate computes a call that is ready to run; any other
# goes to a Python function of the same signature, the careful one, which checks,
# converts and explains, and returns the call that is to be made: a function, its
# arguments and keywords. That is made from here, so that a warning points at the
# caller's line. (In Python five keyword-only arguments are filled in in 60 ns, as
# long as all of a small addition takes.)
# Uses: native, job, run, dtypes, casting, arrays, operations, add, sums, lists, limits,
# adam, dots.

from cpython.object cimport PyObject_Call
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_GET_SIZE

cdef extern from "Python.h":
    ctypedef struct PyMethodDef:
        const char* ml_name
        void* ml_meth
        int ml_flags
        const char* ml_doc
    enum:
        METH_FASTCALL
        METH_KEYWORDS
    object PyCFunction_NewEx(PyMethodDef* method, PyObject* self, object module)
    object PyObject_Vectorcall(
        PyObject* function, PyObject** arguments, size_t count, PyObject* names
    )

cdef enum:
    MAX_PARAMETERS = 12

# Answers a call that is ready to run, of which it is given all arguments; any other:
# NotImplemented, and nothing has been touched.
ctypedef object (*gate_t)(int operation, PyObject** given)

cdef struct function_t:
    gate_t gate  # or none
    int operation
    int out  # where a function that computes in place passes its first argument; or 0
    int passed  # how many parameters the careful function has
    PyMethodDef method
    int positional, parameters  # how many, in all
    int required  # no parameter that must be given lies behind so many
    PyObject* names[MAX_PARAMETERS]
    PyObject* defaults[MAX_PARAMETERS]  # NULL where an argument must be given
    PyObject* self
    PyObject* careful
    PyObject* keywords  # names of those that are not positional


cdef object explain_arguments = None


cdef inline int find_parameter(
    const function_t* function, PyObject* name
) noexcept:
    cdef int place
    for place in range(function.parameters):
        if function.names[place] == name:  # names in a program's text are one object
            return place
    for place in range(function.parameters):
        if <object>function.names[place] == <object>name:
            return place
    return -1


cdef inline bint read_arguments(
    const function_t* function, PyObject** arguments, Py_ssize_t count,
    PyObject* keywords, PyObject** given,
) noexcept:
    cdef Py_ssize_t k
    cdef int place
    if count > function.positional:
        return False
    for place in range(function.parameters):
        given[place] = arguments[place] if place < count else function.defaults[place]
    if keywords != NULL:
        for k in range(PyTuple_GET_SIZE(<object>keywords)):
            place = find_parameter(
                function, <PyObject*>PyTuple_GET_ITEM(<object>keywords, k)
            )
            if place < count:
                return False
            given[place] = arguments[count + k]
    for place in range(count, function.required):
        if given[place] == NULL:
            return False
    return True


cdef object refuse(
    const function_t* function, PyObject** arguments, Py_ssize_t count,
    PyObject* keywords,
):
    cdef Py_ssize_t k
    positional = [<object>arguments[k] for k in range(count)]
    by_name = {}
    if keywords != NULL:
        for k, name in enumerate(<object>keywords):
            by_name[name] = <object>arguments[count + k]
    explain_arguments(
        <object>function.careful, function.method.ml_name.decode(), positional, by_name,
        function.parameters,
    )
    raise TypeError(f"{(<object>function.careful).__name__}() does not take these")


cdef object answer_carefully(const function_t* function, PyObject** given):
    call, arguments, keywords = PyObject_Vectorcall(
        function.careful, given, function.positional, function.keywords
    )
    return PyObject_Call(call, arguments, keywords)


cdef inline object answer(
    const function_t* function, PyObject** arguments, Py_ssize_t count,
    PyObject* keywords,
):
    cdef PyObject* given[MAX_PARAMETERS]
    cdef int place
    if not read_arguments(function, arguments, count, keywords, given):
        return refuse(function, arguments, count, keywords)
    if function.out > 0:
        given[function.out] = given[0]
        for place in range(function.out + 1, function.passed):
            given[place] = function.defaults[place]
    result = NotImplemented if function.gate == NULL else function.gate(
        function.operation, given
    )
    if result is NotImplemented:
        return answer_carefully(function, given)
    return result


cdef enum:
    MOST_FUNCTIONS = 64
    SLOTS = 8 * MOST_FUNCTIONS  # so that most are found at once

cdef function_t function_table[MOST_FUNCTIONS]
cdef int function_count = 0
cdef PyObject* selves[SLOTS]  # by their addresses
cdef int place_of_self[SLOTS]


cdef inline int slot_of(PyObject* self) noexcept:
    """Where it is, or would be."""
    cdef int slot = <int>(<size_t>self >> 4) & SLOTS - 1
    while selves[slot] != self and selves[slot] != NULL:
        slot = slot + 1 & SLOTS - 1
    return slot


cdef object call_function(
    PyObject* self, PyObject** arguments, Py_ssize_t count, PyObject* keywords
):
    """The one C function of all. Each has a module of its own as `self`: with any other
    object there, Python would take it for a method."""
    return answer(
        &function_table[place_of_self[slot_of(self)]], arguments, count, keywords
    )


cdef inline bint is_boolean(object x) noexcept:
    return (
        cnp.PyArray_CheckExact(x) and cnp.PyArray_TYPE(<cnp.ndarray>x) == cnp.NPY_BOOL
    )


cdef object MINUS_ONE = -1


cdef object sub_gate(int operation, PyObject** given):
    """input, other, alpha, out, dtype, casting, where."""
    cdef job_t job
    cdef PyObject** numbers = [<PyObject*>MINUS_ONE, <PyObject*>ONE]
    alpha = <object>given[2]
    if is_boolean(<object>given[0]):
        return NotImplemented
    if is_array(given[2]) and (is_array(given[0]) or is_array(given[1])):
        planned_out = try_operation(&job, ADDCMUL, C, given, numbers, given + 3)
        if planned_out is None:
            return NotImplemented
        run_job(&job, 1, "sub")
        return result_of(planned_out, <object>given[3] is None)
    # (The negative of an integer 0 is none of a float.)
    if not PyLong_CheckExact(alpha) and not PyFloat_CheckExact(alpha) or not alpha:
        return NotImplemented
    return gate(<object>given[0], <object>given[1], ONE, -alpha, given + 3, "sub")


cdef object add_gate(int operation, PyObject** given):
    """input, other, alpha, beta, out, dtype, casting, where."""
    cdef job_t job
    if not is_array(given[2]) and not is_array(given[3]):
        return gate(
            <object>given[0], <object>given[1], <object>given[3], <object>given[2],
            given + 4, "add",
        )
    planned_out = try_factors(&job, given, given + 2, given + 4)
    if planned_out is None:
        return NotImplemented
    run_job(&job, 1, "add")
    return result_of(planned_out, <object>given[4] is None)


cdef object add_in_place_gate(int operation, PyObject** given):
    cdef job_t job
    cdef PyObject** rest = [
        given[0], <PyObject*>None, <PyObject*>DEFAULT_CASTING, <PyObject*>EVERYWHERE,
    ]
    planned = try_plan(
        &job, <object>given[0], <object>given[1], <object>given[3], <object>given[2],
        <object>given[0], NULL,
    )
    if planned is not None:  # (By way of the gate it takes 7 ns more.)
        run_job(&job, 1, "add_")
        return planned
    return gate(
        <object>given[0], <object>given[1], <object>given[3], <object>given[2], rest,
        "add_",
    )


cdef object weighted_sum_gate(int operation, PyObject** given):
    return sum_gate(<object>given[0], <object>given[1], given + 2, True)


cdef object gate_of_lists(int operation, PyObject** given):
    """Lists of operands, of coefficients, out and casting."""
    cdef int place = inputs_of[operation] + coefficients_of[operation]
    return gate_lists(
        name_of_lists[operation], operation, given, <object>given[place],
        <object>given[place + 1], True,
    )


cdef object foreach_sub_gate(int operation, PyObject** given):
    """inputs, others, alpha, out, casting."""
    cdef PyObject** numbers = [given[0], given[1], NULL, <PyObject*>ONE]
    alpha, inputs = <object>given[2], <object>given[0]
    if (
        not PyLong_CheckExact(alpha) and not PyFloat_CheckExact(alpha)
        or not alpha or not is_list(inputs)
    ):
        return NotImplemented
    for x in inputs:
        if is_boolean(x):
            return NotImplemented
    negative = -alpha
    numbers[2] = <PyObject*>negative
    return gate_lists(
        "foreach_sub", ADD, numbers, <object>given[3], <object>given[4], True
    )


cdef object relu_gate(int operation, PyObject** given):
    return gate_relu(<object>given[0], <object>given[1])


cdef object add_dot_gate(int operation, PyObject** given):
    """input, other, vector, alpha, beta, out."""
    cdef job_t job
    planned_out = try_add_dot(
        &job, <object>given[0], <object>given[1], <object>given[2], <object>given[4],
        <object>given[3], <object>given[5],
    )
    if planned_out is None:
        return NotImplemented
    dot = run_add_dot(&job, "add_dot")
    return result_of(planned_out, <object>given[5] is None), dot


cdef void set_gate(function_t* function, object name) except *:
    function.gate = NULL
    if name == "add":
        function.gate = add_gate
    elif name == "add_":
        function.gate = add_in_place_gate
    elif name == "weighted_sum":
        function.gate = weighted_sum_gate
    elif name == "relu":
        function.gate = relu_gate
    elif name == "sub":
        function.gate = sub_gate
    elif name == "foreach_adam_":
        function.gate = adam_gate
    elif name == "add_dot":
        function.gate = add_dot_gate
    elif name == "foreach_sub":
        function.gate = foreach_sub_gate
    elif name.startswith("foreach_") and name[8:] in OPERATIONS_BY_NAME:
        function.gate = gate_of_lists
        function.operation = OPERATIONS_BY_NAME[name[8:]]
    elif OPERATIONS_BY_NAME.get(name, ADD) >= PRODUCTS:
        function.gate = compute_given
        function.operation = OPERATIONS_BY_NAME[name]


kept = []  # what the table points to
careful_functions = {}  # by name
numbers_of_functions = {}  # in the table, by name


cdef PyObject* keep(object given):
    kept.append(given)
    return <PyObject*>given


cdef bytes text_of(name, doc, names, int positional, defaults):
    """The signature as the inspect module reads it, and the docstring."""
    parameters = [
        f"{name}={defaults[name]!r}" if name in defaults else name for name in names
    ]
    if positional < len(names):
        parameters.insert(positional, "*")
    return f"{name}({', '.join(parameters)})\n--\n\n{doc}".encode()


def public(careful, refuse_arguments, in_place=None):
    """Make a public function of a careful one or, if its docstring is given, the one
    that computes in place: without out and what follows that. Arguments that do not fit
    its signature are explained by `refuse_arguments`, which raises."""
    global explain_arguments, function_count
    cdef function_t* function
    cdef int place, slot, number
    name = careful.__name__
    number = numbers_of_functions.setdefault(
        name if in_place is None else name + "_", function_count
    )
    if number == MOST_FUNCTIONS:
        raise MemoryError("no place for another function")
    function = &function_table[number]
    if careful.__code__.co_argcount + careful.__code__.co_kwonlyargcount > (
        MAX_PARAMETERS
    ):
        raise MemoryError("no place for so many parameters")
    set_gate(function, name)
    explain_arguments = refuse_arguments
    code = careful.__code__
    names = code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]
    given = careful.__defaults__ or ()
    defaults = dict(zip(
        names[code.co_argcount - len(given):code.co_argcount], given, strict=True
    ))
    defaults.update(careful.__kwdefaults__ or {})
    function.positional = code.co_argcount
    function.passed = function.parameters = len(names)
    function.out = function.required = 0
    for place, parameter in enumerate(names):
        function.names[place] = keep(parameter)
        function.defaults[place] = (
            keep(defaults[parameter]) if parameter in defaults else NULL
        )
        if parameter not in defaults:
            function.required = place + 1
    function.careful = keep(careful)
    function.keywords = keep(names[code.co_argcount:])
    doc = careful.__doc__
    if in_place is not None:
        name, doc = name + "_", in_place
        function.out = function.parameters = names.index("out")
        names = names[:function.out]
    called = name.encode()
    text = text_of(name, doc, names, code.co_argcount, defaults)
    kept.extend((called, text))
    function.method.ml_name = called
    function.method.ml_doc = text
    function.method.ml_flags = METH_FASTCALL | METH_KEYWORDS
    function.method.ml_meth = <void*>call_function
    if number == function_count:  # and not imported once more
        function.self = keep(type(numpy)("fastadd"))
        slot = slot_of(function.self)
        selves[slot], place_of_self[slot] = function.self, number
        function_count += 1
    made = PyCFunction_NewEx(&function.method, function.self, "fastadd")
    uncount(made)
    careful_functions[name] = careful
    return made


def carefully(name):
    """A public function without its gate."""
    def call(*arguments, **keywords):
        made, given, named = careful_functions[name](*arguments, **keywords)
        return made(*given, **named)
    return call
