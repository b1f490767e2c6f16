"""What an error says: what was given, what is allowed, and what can be done with the
arguments that the function has."""

import re
import warnings
from functools import partial

import numpy as np
import pytest

import fastadd
from fastadd import (
    add,
    add_,
    add_dot,
    addcdiv,
    addcmul,
    addcmul_,
    clip_grad_norm,
    foreach_add,
    foreach_add_,
    foreach_lerp_,
    foreach_weighted_sum,
    lerp,
    relu,
    sub,
    weighted_sum,
)

X = np.ones(3)
BYTES = np.ones(3, "i1")
INTS = np.ones(3, "i4")
TRUE = np.ones(3, bool)
MASKED = np.ma.ones(3, "i4")
DAYS = np.ones(3, "m8[D]")
TEXT = np.array(["a", "b", "c"])
RECORDS = np.zeros(3, [("x", "f4")])

CASES = [
    # arguments
    (partial(add, X, 2, X), r"add\(input, other, alpha=2\)"),
    (partial(add, X, X, X), r"given 3 .* takes 2: input, other.*out=out"),
    (partial(add, X), r"add\(\) lacks other\. It takes"),
    (add, r"lacks input and other"),
    (weighted_sum, r"lacks arrays\. It takes"),
    (partial(add, X, X, alhpa=2), r"no argument alhpa=2\. Did you mean alpha="),
    (partial(add, X, X, order="C"), r"order='C'.*memory order"),
    (partial(add, X, X, subok=False), r"subok=False.*np\.asarray"),
    (partial(add, X, X, axis=1), r"axis=1.*element by element"),
    (partial(add, X, X, other=X), r"other twice"),
    (partial(add_, X, X, out=X), r"add takes an out"),
    (partial(add_, X, X, 2), r"takes 2: input, other\. Pass alpha, beta by name"),
    (partial(relu, X, X), r"takes 1: x\. Pass out by name"),
    (partial(relu, X, inplace=True), r"Pass out="),
    (partial(weighted_sum, [X], weight=[1]), r"Did you mean weights="),
    (partial(weighted_sum, [X], [1], X), r"Pass out, dtype, casting, where by name"),
    (partial(foreach_add, [X], [X], 2), r"Pass alpha, beta, out, casting by name"),
    (partial(clip_grad_norm, [X], maxnorm=1), r"maxnorm=1\. Did you mean max_norm="),
    # operands
    (partial(add, None, X), r"input is None"),
    (partial(add, X, None, alpha=2), r"other is None"),
    (partial(weighted_sum, [X, None]), r"arrays\[1\] is None"),
    (partial(relu, None), r"x is None"),
    (partial(foreach_add, [X, None], [X, X]), r"inputs\[1\] is None"),
    (partial(clip_grad_norm, [X, None], 1), r"grads\[1\] is None"),
    (partial(add, TEXT, TEXT, alpha=2), r"input has dtype <U1.*leave alpha and beta"),
    (partial(add, RECORDS, RECORDS, alpha=2), r"x\['field'\]"),
    (partial(relu, TEXT), r"strings have no zero"),
    (partial(relu, RECORDS), r"relu\(x\['field'\]\)"),
    (partial(relu, np.zeros(2, "M8[D]")), r"dates have no zero"),
    (
        partial(add, np.zeros(2, "M8[D]"), np.zeros(2, "m8[D]"), alpha=1j),
        r"alpha=1j is a complex number, but the result is datetime64\[D\]",
    ),
    (
        partial(addcmul, MASKED, X, X.view(np.matrix), dtype="f4"),
        r"dtype: for arrays of type numpy\.ma\.MaskedArray, addcmul is computed by",
    ),
    (
        partial(addcmul, MASKED, X, X.view(np.matrix), casting="saturate"),
        r"casting='saturate' takes .*, and MaskedArray computes in its own way",
    ),
    # coefficients
    (partial(add, X, X, alpha="2"), r"alpha='2' is of type str"),
    (partial(add, INTS, INTS, alpha=0.5, dtype=">i4"), r"the result is int32"),
    (
        partial(add, BYTES, BYTES, alpha=1j, casting="saturate"),
        r"alpha=1j is a complex number, but the result is int8.*Pass alpha\.real",
    ),
    (partial(add, X, X, alpha=range(3)), r"per element, pass np\.asarray\(alpha\)"),
    (
        partial(foreach_add, [X], [X], alpha=object()),
        r"alpha is of type object: it must be a Python or NumPy number for all, a list",
    ),
    (
        partial(add, BYTES, BYTES, alpha=1j * X),
        r"integer\. Convert it by alpha\.astype",
    ),
    (partial(add, X, X, alpha=1j * X), r"a float\. Convert it by alpha\.astype"),
    (partial(foreach_add, [X] * 3, [X] * 3, alpha=[1, 2, "x"]), r"alpha\[2\]='x'"),
    (partial(weighted_sum, [X, X], [1, "x"]), r"weights\[1\]='x'"),
    (partial(add, X.astype("F"), X.astype("F"), alpha=1e300), r"np\.complex128"),
    (partial(add, X.astype("F"), X.astype("F"), alpha=1e300j), r"np\.complex128"),
    (partial(add, X.astype("f"), X.astype("f"), alpha=1e300), r"np\.float64"),
    (partial(add, MASKED, MASKED, alpha=2.5), r"alpha=2\.5 is a float, .* int32"),
    (partial(add, MASKED, MASKED, beta=2**40), r"beta=1099511627776 .* int32"),
    (partial(add, MASKED, MASKED, alpha=2**70), r"alpha=1180591620717411303424"),
    # out
    (partial(add_, INTS, X), r"input has dtype int32.*For a new result.* use add"),
    (partial(relu, X, out=INTS), r"out has dtype int32(?!.*casting='unsafe')"),
    (partial(foreach_add, [X, X], [X, X], out=[X, INTS]), r"out\[1\] has dtype int32"),
    (partial(add, X, X, out=np.ones(4)), r"out has shape \(4,\)"),
    # lists
    (partial(foreach_add, [X] * 80, [X] * 79 + [X[:2]]), r"inputs\[79\].*others\[79\]"),
    (partial(clip_grad_norm, [X, INTS], 1), r"grads\[1\] has dtype int32"),
    (partial(foreach_weighted_sum, [[X]], out=[INTS]), r"^out\[0\] has dtype int32"),
    (
        partial(clip_grad_norm, [X], 1, out=[INTS]),
        r"^out\[0\] .* of dtype float64\.$",
    ),
    (partial(clip_grad_norm, X, 1, out=INTS), r"^out has dtype int32"),
    # dtypes
    (partial(add, X, X, dtype="flot64"), r"^dtype='flot64' of add .*dtype='float64'"),
    (partial(add, MASKED, X, dtype="flot64"), r"^dtype='flot64' of add is no dtype"),
    (partial(weighted_sum, [X], dtype=7), r"^dtype=7 of weighted_sum .*'float32'"),
    (
        partial(lerp, X, X, 1, dtype={"names": [1]}),
        r"^dtype={'names': \[1\]} of lerp is no dtype",
    ),
    # what operators do not take
    (partial(addcmul_, MASKED, X, X), r"^input has dtype int32 and the result float64"),
    # where
    (partial(add, X, X, out=X, where=np.ones(4, bool)), r"where has shape \(4,\)"),
    # times
    (partial(add, DAYS, DAYS, alpha=True), r"bool, but the result is timedelta64\[D\]"),
    (partial(add, X, X, out=X, where=[1, 0, 1]), r"where is of dtype int64"),
]


# Floats for a result of integers: its users are told of saturation too, by what the
# function that they call takes.
FLOATS = "Pass dtype=np.float64 for a result of floats"
ROUNDS = "casting='saturate', which rounds to int8 and saturates."
FLOATS_FOR_INTEGERS = [
    (partial(add, BYTES, BYTES, alpha=0.5), f"{FLOATS}, or pass {ROUNDS}"),
    (partial(add, BYTES, BYTES, beta=0.5), f"{FLOATS}, or pass {ROUNDS}"),
    (partial(add, BYTES, BYTES, alpha=X), f"{FLOATS}, or pass {ROUNDS}"),
    (partial(add, BYTES, BYTES, alpha=300), f"Pass dtype=np.int64, or pass {ROUNDS}"),
    (partial(add, BYTES, 300), f"Pass dtype=np.int64, or pass {ROUNDS}"),
    (partial(sub, BYTES, BYTES, alpha=0.5), f"{FLOATS}, or pass {ROUNDS}"),
    (partial(weighted_sum, [BYTES], [0.5]), f"{FLOATS}, or pass {ROUNDS}"),
    (partial(addcmul, BYTES, 1, 1, value=0.5), f"{FLOATS}, or pass {ROUNDS}"),
    (partial(lerp, BYTES, BYTES, 0.5), f"{FLOATS}, or pass {ROUNDS}"),
    (partial(lerp, BYTES, BYTES, 1), f"{FLOATS}, or pass {ROUNDS}"),
    (partial(addcdiv, BYTES, BYTES, BYTES), f"{FLOATS}, or pass {ROUNDS}"),
    (
        partial(foreach_add, [BYTES], [1], alpha=0.5),
        "Convert the arrays by x.astype(np.float64) for a result of floats, or pass "
        + ROUNDS,
    ),
    (
        partial(foreach_weighted_sum, [[BYTES]], [0.5]),
        "Convert the arrays by x.astype(np.float64) for a result of floats, or pass "
        + ROUNDS,
    ),
    (
        partial(add_, BYTES, BYTES, alpha=0.5),
        "Use add with dtype=np.float64 for a result of floats, or use add with "
        "casting='saturate' and out=input, which rounds to int8 and saturates.",
    ),
    (
        partial(foreach_lerp_, [BYTES], [1], 0.5),
        "Convert the arrays by x.astype(np.float64) for a result of floats, or use "
        "foreach_lerp with casting='saturate' and out=inputs, which rounds to int8 and "
        "saturates.",
    ),
    # There is none of bools, and none by those who compute in their own way.
    (partial(add, TRUE, TRUE, alpha=0.5), f"{FLOATS}."),
    (partial(sub, TRUE, TRUE), f"{FLOATS}."),
    (partial(add, MASKED, MASKED, alpha=0.5), f"{FLOATS}."),
]


@pytest.mark.parametrize("call, says", FLOATS_FOR_INTEGERS)
def test_floats_for_integers(call, says):
    with pytest.raises((TypeError, OverflowError)) as caught:
        call()
    assert str(caught.value).endswith(f". {says}")


# Functions that compute in place, what is passed beside their first argument, and what
# that is called.
IN_PLACE = {
    "add_": ((X,), "input"),
    "sub_": ((X,), "input"),
    "lerp_": ((X, 0.5), "input"),
    "addcmul_": ((X, X), "input"),
    "addcdiv_": ((X, X), "input"),
    "add_dot_": ((X,), "input"),
    "relu_": ((), "x"),
    "clip_grad_norm_": ((0.5,), "grads"),
    "clip_grad_value_": ((0.5,), "grads"),
    "foreach_add_": ((1.0,), "inputs[1]"),
    "foreach_sub_": ((1.0,), "inputs[1]"),
    "foreach_lerp_": ((1.0, 0.5), "inputs[1]"),
    "foreach_addcmul_": ((X[0], X[0]), "inputs[1]"),
    "foreach_addcdiv_": ((X[0], X[0]), "inputs[1]"),
}


def test_all_that_compute_in_place_are_here():
    """But foreach_adam_, which does nothing else, and has tests of its own."""
    found = {x for x in fastadd.__all__ if x.endswith("_")}
    assert set(IN_PLACE) == found - {"foreach_adam_"}


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_errors_name_what_was_passed(name):
    """The user has passed no out."""
    function = getattr(fastadd, name)
    others, called = IN_PLACE[name]
    read_only = np.ones(3)
    read_only.flags.writeable = False
    in_list = "grads[1]" if called == "grads" else called
    for given, says in (
        (read_only, f"{called} is read-only"),
        ([1.0], f"{in_list} is of type list"),
    ):
        first = [np.ones(3), given] if "[" in says else given
        with pytest.raises((TypeError, ValueError)) as caught:
            function(first, *others)
        text = str(caught.value)
        assert text.startswith(says)
        assert not re.search(r"\bout\b", text)
    assert f"Use {name[:-1]} for a new result" in text
    assert read_only.tolist() == [1, 1, 1]


def test_lists_in_place():
    x = np.ones(3)
    with pytest.raises(ValueError, match=r"^inputs\[0\] and inputs\[1\] overlap"):
        foreach_add_([x, x], 1.0)
    with pytest.raises(TypeError, match=r"^inputs\[1\] is of type NoneType"):
        foreach_add_([x, None], 1.0)
    with pytest.raises(TypeError, match=r"^inputs\[1\] has dtype.*use foreach_add\.$"):
        foreach_add_([x, INTS], 1.5)
    with pytest.raises(ValueError, match=r"^input is read-only") as caught:
        foreach_add_([np.ones(3, object), read_only_objects()], 1)
    assert caught.value.__notes__ == ["This is at place 1 of the lists."]
    (result,) = foreach_add_((each for each in [x]), 1.0)
    assert result is x and x.tolist() == [2, 2, 2]


def read_only_objects():
    x = np.ones(3, object)
    x.flags.writeable = False
    return x


def test_a_note_tells_the_place_unless_the_message_does():
    for call, notes in (
        (partial(foreach_add, [X, BYTES], [X, BYTES], alpha=0.5), 1),
        (partial(foreach_add, [X, BYTES], [X, BYTES], alpha=[1, 0.5]), 0),
    ):
        with pytest.raises(TypeError, match="is a float") as caught:
            call()
        assert len(getattr(caught.value, "__notes__", ())) == notes


@pytest.mark.parametrize("call, says", CASES, ids=[says for _, says in CASES])
def test_errors(call, says):
    arrays = [X, BYTES, INTS]
    before = [x.copy() for x in arrays]
    with pytest.raises((TypeError, ValueError, OverflowError), match=says) as caught:
        call()
    text = str(caught.value)
    assert not re.search(r"_core|_call|cyfunction|Argument '|checked", text)
    assert len(text) < 400
    for x, was in zip(arrays, before, strict=True):
        assert x.tobytes() == was.tobytes()


def test_small_floats():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for dtype in (ml_dtypes.float8_e4m3, ml_dtypes.int4):
        x = X.astype(dtype)
        with pytest.raises(TypeError, match=r"Pass dtype=np\.float32, or"):
            add(x, x, alpha=2)
        assert add(x, x).dtype == dtype
    x = X.astype(ml_dtypes.float8_e4m3)
    assert add(x, x, alpha=2, dtype=np.float32).tolist() == [3, 3, 3]
    with pytest.raises(TypeError, match="grads has dtype float8_e4m3"):
        clip_grad_norm(x, 1)


def test_long_integers_of_owners():
    masked = np.ma.ones(3, "u8")
    result = add(masked, masked, alpha=2**63)
    assert isinstance(result, np.ma.MaskedArray)
    assert result.tolist() == add(masked.data, masked.data, alpha=2**63).tolist()


class Subclass(np.ndarray):
    """Computes itself, by NumPy's ufuncs."""


# Each warns, also where the careful path answers.
WARNING = {
    "gate": lambda: add(np.full(3, 3e38, "f4"), np.full(3, 3e38, "f4")),
    "careful": lambda: add(np.full(3, 3e38, ">f4"), np.full(3, 3e38, "f4")),
    "lists": lambda: foreach_add([np.full(3, 3e38, ">f4")], [np.full(3, 3e38, "f4")]),
    "sum": lambda: weighted_sum([np.full(3, 3e38, ">f4")] * 2),
    "clip": lambda: clip_grad_norm([np.full(3, np.inf, ">f8")], 1.0),
    "clip, ready": lambda: clip_grad_norm([np.array([np.inf, 1])], 1.0),
    "clip by little": lambda: clip_grad_norm([np.array([3e38, np.inf], "f4")], 1e-310),
    "clip into": lambda: clip_grad_norm([np.array([np.inf])], 1.0, out=[np.ones(1)]),
    "dot": lambda: add_dot(np.full(3, 1e200), np.zeros(3)),
    "dot, careful": lambda: add_dot(np.full(3, 1e200), np.zeros(3, ">f8")),
    "lists into": lambda: foreach_add(
        [np.full(3, 3e38, ">f4")], [np.full(3, 3e38, "f4")], out=[np.ones(3)]
    ),
    "into objects": lambda: add(
        np.full(3, 3e38, "f4"), np.full(3, 3e38, "f4"), out=np.ones(3, object)
    ),
    "halves into": lambda: weighted_sum(
        [np.full(3, 6e4, "f2")] * 2, out=np.ones(3, "f4")
    ),
    "subclass": lambda: add(np.full(3, 3e8).view(Subclass), X, beta=1e305),
    "complex": lambda: add(X * 1j, X, out=X.copy(), casting="unsafe"),
    "complex to halves": lambda: lerp(X * 1j, X, 0.5, dtype="f2", casting="unsafe"),
    "where without out": lambda: add(X, X, where=np.ones(3, bool)),
    "out=...": lambda: add(np.full(3, 3e38, ">f4"), np.full(3, 3e38, "f4"), out=...),
    "dates": lambda: relu(np.array([np.inf, np.nan], object) - np.inf),
}


@pytest.mark.parametrize("name", WARNING)
def test_warnings_point_at_the_caller(name):
    with np.errstate(all="warn"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        WARNING[name]()
    if name != "dates":
        assert caught
    assert {each.filename for each in caught} <= {__file__}


@pytest.mark.parametrize("name", ["add", "relu", "weighted_sum"])
def test_an_array_in_place_of_a_scalar(name):
    arguments = {"add": (1.5, 2), "relu": (1.5,), "weighted_sum": ([1.5, 2],)}[name]
    result = getattr(fastadd, name)(*arguments, out=...)
    assert type(result) is np.ndarray and result.shape == ()
    assert result == getattr(fastadd, name)(*arguments)


def test_a_warning_where_the_caller_has_no_name():
    """As in `timeit`, and in what `exec` runs with globals of its own."""
    code = "add(x, x, where=x > 0)"
    with pytest.warns(UserWarning, match="where") as caught:
        exec(code, {"add": fastadd.add, "x": np.ones(3)})
    assert caught[0].filename == "<string>"
