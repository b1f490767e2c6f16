# What careful functions return to be called. It runs without a frame of Python, so that
# warnings point at the caller's line.
# Uses: native, dtypes, numbers, arrays, add, lists, dots, times, ufunc.

cdef object make_call(call):
    function, arguments, keywords = call
    return PyObject_Call(function, arguments, keywords)


def given_back(value):
    return value


def then(call, finish, *arguments):
    """What is made of a call's result, in Python that does not compute."""
    return finish(make_call(call), *arguments)


def as_array(call):
    """A call of which a scalar comes back as an array of no dimensions."""
    result = make_call(call)
    return numpy.asarray(result) if isinstance(result, numpy.generic) else result


def first_of(call):
    """The only result of a list."""
    return make_call(call)[0]


def with_norm(call, norm, alone):
    """What clip_grad_norm returns."""
    results = make_call(call)
    return results[0] if alone else results, norm


def with_dot(call, vector):
    """What add_dot returns."""
    result = make_call(call)
    return result, dot_of(numpy.asarray(result), vector)


def scalars_of(call):
    """Fresh results: of no dimensions, each is a scalar."""
    return [result_of(result, True) for result in make_call(call)]


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


def made_in_turn(calls):
    return [make_call(call) for call in calls]


def scaled_each(arrays, coefficient, outs, bint compute, otherwise):
    """Arrays times a coefficient; `otherwise` returns the call if they are not ready
    to run."""
    cdef PyObject** given = [
        <PyObject*>arrays, <PyObject*>NOTHING, <PyObject*>ONE, <PyObject*>coefficient,
    ]
    results = gate_lists(
        b"clip_grad_norm", ADD, given, outs, DEFAULT_CASTING, compute
    )
    if results is NotImplemented:
        return make_call(otherwise(arrays, coefficient, outs))
    return results


def by_scaled_add(operands, coefficients, keywords, otherwise):
    """By the ufunc. Where the owner of an array refuses it, `otherwise` returns the
    call, or raises the error that it is given."""
    try:
        return scaled_add(*operands, *coefficients[::-1], **keywords)
    except (TypeError, RuntimeError, NotImplementedError) as error:
        call = otherwise(error)
    return make_call(call)


cdef object each_times(x, y):
    """The product of each element, also of matrices, whose * is another one."""
    if isinstance(x, numpy.matrix) or isinstance(y, numpy.matrix):
        return numpy.multiply(x, y)
    return x * y


cdef object times_factor(factor, x):
    is_number = isinstance(factor, (int, float, complex, numpy.number))
    is_one = is_number and not isinstance(factor, bool) and factor == 1
    return x if is_one else each_times(factor, x)


def by_operators(operands, coefficients):
    """In the operators of arrays that do not know the ufunc: units, for example. A
    factor of 1 is left out."""
    input, other = operands
    beta, alpha = coefficients
    return times_factor(beta, input) + times_factor(alpha, other)


def lerp_by_operators(input, end, weight):
    if isinstance(weight, (int, float, complex, numpy.number)) and abs(weight) >= 0.5:
        return end - each_times(end - input, 1 - weight)
    return input + each_times(weight, end - input)


def addcmul_by_operators(input, tensor1, tensor2, beta, value):
    return times_factor(beta, input) + each_times(
        times_factor(value, tensor1), tensor2
    )


def addcdiv_by_operators(input, tensor1, tensor2, beta, value):
    return times_factor(beta, input) + times_factor(value, tensor1) / tensor2
