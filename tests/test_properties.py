"""What must hold for any call: random dtypes, shapes, strides, offsets, aliasings."""

import numpy as np
import pytest
from fastadd._core import carefully
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import fastadd
from fastadd import _config
from fastadd._compare.cases import DTYPES, coefficients, values
from fastadd._compare.reference import assert_same_bits, reference

dtypes = st.sampled_from(list(DTYPES.values()))
sets = st.sampled_from(_config.available())
steps = st.sampled_from((-3, -2, -1, 1, 2, 3))


@st.composite
def views(draw, shape, dtype, seed=0):
    """An array of a shape as a view of larger memory, in any order, direction, step,
    byte order and alignment."""
    order = draw(st.permutations(range(len(shape))))
    step = [draw(steps) for _ in shape]
    whole = tuple(shape[i] * abs(step[i]) for i in order)
    memory = values(whole, dtype, seed)
    if dtype.kind != "V" and draw(st.booleans()):
        memory = memory.astype(dtype.newbyteorder())
    if draw(st.booleans()):
        shifted = np.zeros(memory.nbytes + 1, np.uint8)[1:].view(memory.dtype)
        shifted = shifted.reshape(whole)
        shifted[...] = memory
        memory = shifted
    view = memory.transpose(np.argsort(order).astype(int) if shape else ())
    return view[(*(slice(None, None, s) for s in step), ...)]


@st.composite
def calls(draw):
    shapes = draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=5))
    pair = [
        draw(views(shape, draw(dtypes), seed))
        for seed, shape in enumerate(shapes.input_shapes)
    ]
    return pair, shapes.result_shape


@settings(max_examples=600, deadline=None)
@given(calls(), sets, st.data())
def test_any_call(call, instruction_set, data):
    (a, b), shape = call
    _config.use(instruction_set)
    try:
        dtype = np.result_type(a, b)
    except TypeError:
        # Not an integer: what becomes of a nan there C leaves open.
        dtype = data.draw(st.sampled_from([DTYPES["float32"], DTYPES["complex128"]]))
    dtype = dtype.newbyteorder("=")
    alpha, beta = data.draw(st.sampled_from(list(coefficients(dtype))))
    expected = reference(a, b, alpha, beta, dtype)
    options = {"alpha": alpha, "beta": beta, "dtype": dtype, "casting": "unsafe"}
    if dtype.kind == "c" or "c" not in (a.dtype.kind, b.dtype.kind):
        result = fastadd.add(a, b, **options)
        assert_same_bits(result, expected)
        assert np.shape(result) == shape
        out = data.draw(views(shape, dtype, 3))
        assert fastadd.add(a, b, out=out, **options) is out
        assert_same_bits(out.astype(dtype), np.asarray(expected))


@settings(max_examples=600, deadline=None)
@given(dtypes, sets, st.data())
def test_any_overlap(dtype, instruction_set, data):
    """out and operands are views of one line, at any offset and step."""
    _config.use(instruction_set)
    n = data.draw(st.integers(1, 70))
    line = values(400, dtype, data.draw(st.integers(0, 5)))

    def view():
        step = data.draw(steps)
        start = data.draw(st.integers(0, 400 - n * abs(step)))
        return line[start : start + n * abs(step)][::step]

    a, b, out = view(), view(), view()
    alpha, beta = data.draw(st.sampled_from(list(coefficients(dtype))))
    after, expected = line.copy(), reference(a, b, alpha, beta, dtype)
    same_place = np.ndarray(
        out.shape, dtype, after, out.ctypes.data - line.ctypes.data, out.strides
    )
    same_place[...] = expected
    assert fastadd.add(a, b, alpha=alpha, beta=beta, out=out) is out
    assert_same_bits(line, after)


@settings(max_examples=300, deadline=None)
@given(dtypes, st.data())
def test_any_overlap_in_two_dimensions(dtype, data):
    line = values(600, dtype, 1)
    item = dtype.itemsize

    def view(shape, apart):
        strides = [data.draw(st.integers(-9, 9)) for _ in shape]
        if apart:
            strides = [7 * data.draw(st.sampled_from((-2, -1, 1, 2))), 1]
        start = 300 + data.draw(st.integers(-40, 40))
        return np.ndarray(shape, dtype, line, start * item, [item * s for s in strides])

    shape = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 7)))
    a, b, out = view(shape, False), view(shape, False), view(shape, True)
    after, expected = line.copy(), reference(a, b, 1, 1, dtype)
    np.ndarray(shape, dtype, after, out.ctypes.data - line.ctypes.data, out.strides)[
        ...
    ] = expected
    fastadd.add(a, b, out=out)
    assert_same_bits(line, after)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=3),
    st.data(),
)
def test_out_overlaps_itself_or_not(shape, data):
    """Refused exactly when two elements share a byte."""
    strides = [data.draw(st.integers(-24, 24)) for _ in shape]
    memory = np.zeros(1000, np.uint8)
    out = np.ndarray(shape, np.float32, memory, 500, strides)
    places = [
        500 + int(np.dot(index, strides)) + byte
        for index in np.ndindex(*shape)
        for byte in range(4)
    ]
    if len(set(places)) < len(places):
        with pytest.raises(ValueError, match="overlaps itself"):
            fastadd.add(np.float32(1), np.float32(1), out=out)
        assert not memory.any()
    else:
        assert (fastadd.add(np.float32(1), np.float32(1), out=out) == 2).all()


def numpy_scalars():
    """Numbers, and what is none."""
    numbers = st.builds(
        lambda dtype, place: values(40, dtype, 3)[place], dtypes, st.integers(0, 39)
    )
    others = (np.timedelta64(3, "s"), np.datetime64(3, "s"), np.str_("1"))
    return st.one_of(numbers, st.sampled_from(others))


@settings(max_examples=800, deadline=None)
@given(
    dtypes,
    st.one_of(
        numpy_scalars(),
        st.integers(-(2**70), 2**70),
        st.integers(-300, 300),
        st.floats(),
        st.complex_numbers(),
        st.booleans(),
    ),
)
def test_the_gate_takes_no_coefficient_otherwise_than_the_python_layer(dtype, alpha):
    a, b = values(9, dtype, 1), values(9, dtype, 2)
    outcomes = []
    for add in (fastadd.add, carefully("add")):
        try:
            with np.errstate(all="ignore"):
                outcomes.append(add(a, b, alpha=alpha))
        except (TypeError, OverflowError) as error:
            outcomes.append(f"{type(error)} {error}")
    if isinstance(outcomes[0], str):
        assert outcomes[0] == outcomes[1]
    else:
        assert_same_bits(*outcomes)


@settings(max_examples=300, deadline=None)
@given(dtypes, numpy_scalars())
def test_the_gate_takes_no_scalar_otherwise_than_the_python_layer(dtype, scalar):
    a = values(9, dtype, 1)
    outcomes = []
    for add in (fastadd.add, carefully("add")):
        try:
            outcomes.append(add(a, scalar))
        except (TypeError, OverflowError) as error:
            outcomes.append(str(error))
    if isinstance(outcomes[0], str) or outcomes[0].dtype.kind not in "biufcV":
        assert np.array_equal(*outcomes)
    else:
        assert_same_bits(*outcomes)


@settings(max_examples=500, deadline=None)
@given(
    dtypes, st.one_of(st.integers(-(2**70), 2**70), st.floats(), st.complex_numbers())
)
def test_a_number_operand_is_what_numpy_makes_of_it(dtype, number):
    if dtype.kind == "V":
        return
    a = values(9, dtype, 1)
    with np.errstate(all="ignore"):
        try:
            converted = np.asarray(number, np.result_type(a, number))
        except OverflowError:
            with pytest.raises(OverflowError):
                fastadd.add(a, number)
            return
        assert_same_bits(
            fastadd.add(a, number), reference(a, converted, 1, 1, converted.dtype)
        )
