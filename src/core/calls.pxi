# The public functions: how their arguments are read, and who answers a call.
#
# Design: each is compiled. Its gate computes a call that is ready to run; any other
# goes to a Python function of the same signature, the careful one, which checks,
# converts and explains, and returns the call that is to be made: a function, its
# arguments and keywords. That is made from here, so that a warning points at the
# caller's line. (In Python five keyword-only arguments are filled in in 60 ns, as
# long as all of a small addition takes.)
# Uses: dtypes, numbers, arrays, add, sums, lists, relu, times, ufunc.

from cpython.object cimport PyObject_Call
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE

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
ctypedef object (*gate_t)(PyObject** given)

cdef struct function_t:
    gate_t gate  # or none
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
    explain_arguments(<object>function.careful, positional, by_name)
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
    if not read_arguments(function, arguments, count, keywords, given):
        return refuse(function, arguments, count, keywords)
    result = NotImplemented if function.gate == NULL else function.gate(given)
    if result is NotImplemented:
        return answer_carefully(function, given)
    return result


# C functions know nothing of themselves but their address: one for each.

cdef enum:
    ADD_FUNCTION
    ADD_IN_PLACE
    WEIGHTED_SUM
    FOREACH_ADD
    RELU_FUNCTION
    CLIP_GRAD_NORM
    FUNCTIONS

cdef function_t function_table[FUNCTIONS]


cdef object call_add(
    PyObject* self, PyObject** arguments, Py_ssize_t count, PyObject* keywords
):
    return answer(&function_table[ADD_FUNCTION], arguments, count, keywords)


cdef object call_add_(
    PyObject* self, PyObject** arguments, Py_ssize_t count, PyObject* keywords
):
    return answer(&function_table[ADD_IN_PLACE], arguments, count, keywords)


cdef object call_weighted_sum(
    PyObject* self, PyObject** arguments, Py_ssize_t count, PyObject* keywords
):
    return answer(&function_table[WEIGHTED_SUM], arguments, count, keywords)


cdef object call_foreach_add(
    PyObject* self, PyObject** arguments, Py_ssize_t count, PyObject* keywords
):
    return answer(&function_table[FOREACH_ADD], arguments, count, keywords)


cdef object call_relu(
    PyObject* self, PyObject** arguments, Py_ssize_t count, PyObject* keywords
):
    return answer(&function_table[RELU_FUNCTION], arguments, count, keywords)


cdef object call_clip_grad_norm(
    PyObject* self, PyObject** arguments, Py_ssize_t count, PyObject* keywords
):
    return answer(&function_table[CLIP_GRAD_NORM], arguments, count, keywords)


cdef object add_gate(PyObject** given):
    return gate(
        <object>given[0], <object>given[1], <object>given[3], <object>given[2],
        <object>given[4], <object>given[5], <object>given[6], <object>given[7],
    )


cdef object add_in_place_gate(PyObject** given):
    return gate(
        <object>given[0], <object>given[1], <object>given[3], <object>given[2],
        <object>given[0], None, SAME_KIND, True,
    )


cdef object weighted_sum_gate(PyObject** given):
    return sum_gate(
        <object>given[0], <object>given[1], <object>given[2], <object>given[3],
        <object>given[4],
    )


cdef object foreach_add_gate(PyObject** given):
    return gate_each(
        b"foreach_add", <object>given[0], <object>given[1], 1, <object>given[2],
        <object>given[3],
    )


cdef object relu_gate(PyObject** given):
    return gate_relu(<object>given[0], <object>given[1])


cdef void set_function(int which, gate_t gate, void* call) noexcept:
    function_table[which].gate = gate
    function_table[which].method.ml_meth = call


set_function(ADD_FUNCTION, add_gate, <void*>call_add)
set_function(ADD_IN_PLACE, add_in_place_gate, <void*>call_add_)
set_function(WEIGHTED_SUM, weighted_sum_gate, <void*>call_weighted_sum)
set_function(FOREACH_ADD, foreach_add_gate, <void*>call_foreach_add)
set_function(RELU_FUNCTION, relu_gate, <void*>call_relu)
set_function(CLIP_GRAD_NORM, NULL, <void*>call_clip_grad_norm)
FUNCTION_PLACES = {
    "add": ADD_FUNCTION, "add_": ADD_IN_PLACE, "weighted_sum": WEIGHTED_SUM,
    "foreach_add": FOREACH_ADD, "relu": RELU_FUNCTION, "clip_grad_norm": CLIP_GRAD_NORM,
}
kept = []  # what the table points to
careful_functions = {}  # by name


cdef PyObject* keep(object given):
    kept.append(given)
    return <PyObject*>given


cdef bytes text_of(careful, names, int positional, defaults):
    """The signature as the inspect module reads it, and the docstring."""
    parameters = [
        f"{name}={defaults[name]!r}" if name in defaults else name for name in names
    ]
    if positional < len(names):
        parameters.insert(positional, "*")
    return (
        f"{careful.__name__}({', '.join(parameters)})\n--\n\n{careful.__doc__}".encode()
    )


def public(careful, explain):
    """Make a public function of a careful one. Arguments that do not fit its signature
    are explained by explain(careful, positional, by_name), which raises."""
    global explain_arguments
    cdef function_t* function = &function_table[<int>FUNCTION_PLACES[careful.__name__]]
    cdef int place
    explain_arguments = explain
    code = careful.__code__
    names = code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]
    given = careful.__defaults__ or ()
    defaults = dict(zip(
        names[code.co_argcount - len(given):code.co_argcount], given, strict=True
    ))
    defaults.update(careful.__kwdefaults__ or {})
    function.positional = code.co_argcount
    function.parameters = len(names)
    for place, name in enumerate(names):
        function.names[place] = keep(name)
        function.defaults[place] = (
            keep(defaults[name]) if name in defaults else NULL
        )
    function.careful = keep(careful)
    function.keywords = keep(names[code.co_argcount:])
    name = careful.__name__.encode()
    text = text_of(careful, names, code.co_argcount, defaults)
    kept.extend((name, text))
    function.method.ml_name = name
    function.method.ml_doc = text
    function.method.ml_flags = METH_FASTCALL | METH_KEYWORDS
    made = PyCFunction_NewEx(&function.method, NULL, "fastadd")
    uncount(made)
    careful_functions[careful.__name__] = careful
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
    for place in range(1, len(arrays)):
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
    results = gate_each(
        b"clip_grad_norm", arrays, NOTHING, coefficient, 1, outs, compute
    )
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
    is_one = not isinstance(factor, (bool, numpy.bool_)) and factor == 1
    return x if is_one else factor * x


def by_operators(operands, coefficients):
    """In the operators of arrays that do not know the ufunc: units, for example. A
    factor of 1 is left out."""
    input, other = operands
    beta, alpha = coefficients
    return times_factor(beta, input) + times_factor(alpha, other)
