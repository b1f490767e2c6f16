# The public functions: how their arguments are read, and who answers a call.
#
# Design: each is compiled. Its gate computes a call that is ready to run; any other
# goes to a Python function of the same signature, the careful one, which checks,
# converts and explains, and returns the call that is to be made: a function, its
# arguments and keywords. That is made from here, so that a warning points at the
# caller's line. (In Python five keyword-only arguments are filled in in 60 ns, as
# long as all of a small addition takes.)
# ufunc.
# Uses: native, dtypes, numbers, arrays, operations, add, sums, lists, relu, times,
# ufunc.

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
    PyObject* names[MAX_PARAMETERS]
    PyObject* defaults[MAX_PARAMETERS]  # NULL where an argument must be given
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
    for place in range(count, function.positional):
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

# In the order in which they are made: add is the first to be found.
cdef PyObject* selves[MOST_FUNCTIONS]
cdef function_t function_table[MOST_FUNCTIONS]
cdef int function_count = 0


cdef object call_function(
    PyObject* self, PyObject** arguments, Py_ssize_t count, PyObject* keywords
):
    """The one C function of all. Each has a module of its own as `self`: with any other
    object there, Python would take it for a method."""
    cdef int place = 0
    while selves[place] != self:
        place += 1
    return answer(&function_table[place], arguments, count, keywords)


cdef object sub_gate(int operation, PyObject** given):
    """input, other, alpha, out, dtype, casting, where."""
    cdef PyObject* input = given[0]
    alpha = <object>given[2]
    # (The negative of an integer 0 is none of a float.)
    if (
        not PyLong_CheckExact(alpha) and not PyFloat_CheckExact(alpha)
        or not alpha
        or cnp.PyArray_CheckExact(<object>input)
        and cnp.PyArray_TYPE(<cnp.ndarray>input) == cnp.NPY_BOOL
    ):
        return NotImplemented
    return gate(
        <object>given[0], <object>given[1], ONE, -alpha, <object>given[3],
        <object>given[4], <object>given[5], <object>given[6],
    )


cdef object add_gate(int operation, PyObject** given):
    result = gate(
        <object>given[0], <object>given[1], <object>given[3], <object>given[2],
        <object>given[4], <object>given[5], <object>given[6], <object>given[7],
    )
    if result is NotImplemented and (is_array(given[2]) or is_array(given[3])):
        return compute_factors(given[0], given[1], given[2], given[3], given + 4)
    return result


cdef object add_in_place_gate(int operation, PyObject** given):
    return gate(
        <object>given[0], <object>given[1], <object>given[3], <object>given[2],
        <object>given[0], None, SAME_KIND, True,
    )


cdef object weighted_sum_gate(int operation, PyObject** given):
    if <object>given[5] is not True:
        return NotImplemented
    return sum_gate(
        <object>given[0], <object>given[1], <object>given[2], <object>given[3],
        <object>given[4],
    )


cdef object gate_of_lists(int operation, PyObject** given):
    """Lists of operands, of coefficients, and out."""
    return gate_lists(
        name_of_lists[operation], operation, given,
        <object>given[inputs_of[operation] + coefficients_of[operation]], True,
    )


cdef object relu_gate(int operation, PyObject** given):
    return gate_relu(<object>given[0], <object>given[1])


cdef object gate_of_operation(int operation, PyObject** given):
    """Operands, coefficients, out, dtype, casting and where, in this order."""
    cdef int inputs = inputs_of[operation], first = inputs + coefficients_of[operation]
    if (
        <object>given[first + 1] is not None
        or <object>given[first + 2] is not SAME_KIND
        or <object>given[first + 3] is not True
    ):
        return NotImplemented
    return compute_ready(
        operation, given, given + inputs, <object>given[first], name_of[operation]
    )


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
    elif name.startswith("foreach_") and name[8:] in OPERATIONS_BY_NAME:
        function.gate = gate_of_lists
        function.operation = OPERATIONS_BY_NAME[name[8:]]
    elif name in OPERATIONS_BY_NAME:
        function.gate = gate_of_operation
        function.operation = OPERATIONS_BY_NAME[name]


kept = []  # what the table points to
careful_functions = {}  # by name


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


def public(careful, explain, in_place=None):
    """Make a public function of a careful one or, if its docstring is given, the one
    that computes in place: without out and what follows that. Arguments that do not fit
    its signature are explained by `explain`, which raises."""
    global explain_arguments, function_count
    cdef function_t* function = &function_table[function_count]
    cdef int place
    if function_count == MOST_FUNCTIONS:
        raise MemoryError("no place for another function")
    name = careful.__name__
    set_gate(function, name)
    explain_arguments = explain
    code = careful.__code__
    names = code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]
    given = careful.__defaults__ or ()
    defaults = dict(zip(
        names[code.co_argcount - len(given):code.co_argcount], given, strict=True
    ))
    defaults.update(careful.__kwdefaults__ or {})
    function.positional = code.co_argcount
    function.passed = function.parameters = len(names)
    function.out = 0
    for place, parameter in enumerate(names):
        function.names[place] = keep(parameter)
        function.defaults[place] = (
            keep(defaults[parameter]) if parameter in defaults else NULL
        )
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
    selves[function_count] = keep(type(numpy)("fastadd"))
    made = PyCFunction_NewEx(&function.method, selves[function_count], "fastadd")
    function_count += 1
    uncount(made)
    careful_functions[name] = careful
    return made


def carefully(name):
    """A public function without its gate."""
    def call(*arguments, **keywords):
        made, given, named = careful_functions[name](*arguments, **keywords)
        return made(*given, **named)
    return call


# What careful functions return to be called. What runs here has no frame of Python.

cdef object made(call):
    function, arguments, keywords = call
    return PyObject_Call(function, arguments, keywords)


def given_back(value):
    return value


def then(call, finish, *arguments):
    """What is made of a call's result, in Python that does not compute."""
    return finish(made(call), *arguments)


def as_array(call):
    """A call of which a scalar comes back as an array of no dimensions."""
    result = made(call)
    return numpy.asarray(result) if isinstance(result, numpy.generic) else result


def with_norm(call, norm, alone):
    """What clip_grad_norm returns."""
    results = made(call)
    return results[0] if alone else results, norm


def scalars_of(call):
    """Fresh results: of no dimensions, each is a scalar."""
    return [result_of(result, True) for result in made(call)]


def added_in_turn(add, arrays, weights, out, keywords):
    """A sum, one array after the other."""
    total = arrays[0]
    last = len(arrays) - 1
    where = keywords.pop("where")
    for place in range(1, len(arrays)):
        if place == last:
            keywords = {**keywords, "where": where}
        total = add(
            total, arrays[place], beta=weights[0] if place == 1 else 1,
            alpha=weights[place], out=out if place == last else None, **keywords,
        )
    return total


def each_in_turn(calls):
    """Functions of no arguments, with what tells their place, one after the other."""
    results = []
    for place, call in calls:
        try:
            results.append(call())
        except Exception as error:
            error.add_note(f"This is at {place}.")
            raise
    return results


def scaled_each(arrays, coefficient, outs, bint compute, otherwise):
    """Arrays times a coefficient; `otherwise` returns the call if they are not ready
    to run."""
    cdef PyObject** given = [
        <PyObject*>arrays, <PyObject*>NOTHING, <PyObject*>ONE, <PyObject*>coefficient,
    ]
    results = gate_lists(b"clip_grad_norm", ADD, given, outs, compute)
    if results is NotImplemented:
        return made(otherwise(arrays, coefficient, outs))
    return results


def by_scaled_add(operands, coefficients, keywords, otherwise):
    """By the ufunc. Where the owner of an array refuses it, `otherwise` returns the
    call, or raises the error that it is given."""
    try:
        return scaled_add(*operands, *coefficients[::-1], **keywords)
    except (TypeError, RuntimeError, NotImplementedError) as error:
        call = otherwise(error)
    return made(call)


cdef object times_factor(factor, x):
    is_number = isinstance(factor, (int, float, complex, numpy.number))
    is_one = is_number and not isinstance(factor, bool) and factor == 1
    return x if is_one else factor * x


def by_operators(operands, coefficients):
    """In the operators of arrays that do not know the ufunc: units, for example. A
    factor of 1 is left out."""
    input, other = operands
    beta, alpha = coefficients
    return times_factor(beta, input) + times_factor(alpha, other)


def lerp_by_operators(input, end, weight):
    if isinstance(weight, (int, float, complex, numpy.number)) and abs(weight) >= 0.5:
        return end - (end - input) * (1 - weight)
    return input + weight * (end - input)


def addcmul_by_operators(input, tensor1, tensor2, beta, value):
    return times_factor(beta, input) + times_factor(value, tensor1) * tensor2


def addcdiv_by_operators(input, tensor1, tensor2, beta, value):
    return times_factor(beta, input) + times_factor(value, tensor1) / tensor2
