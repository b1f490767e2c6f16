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
    addcmul,
    clip_grad_norm,
    foreach_add,
    lerp,
    relu,
    weighted_sum,
)

X = np.ones(3)
BYTES = np.ones(3, "i1")
INTS = np.ones(3, "i4")
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
        r"dtype: of type numpy\.ma\.MaskedArray computes addcmul by its own operators",
    ),
    (
        partial(addcmul, MASKED, X, X.view(np.matrix), casting="saturate"),
        r"casting='saturate' takes .*, and MaskedArray computes in its own way",
    ),
    # coefficients
    (partial(add, X, X, alpha="2"), r"alpha='2' is of type str"),
    (partial(add, BYTES, BYTES, alpha=0.5), r"alpha=0\.5 .*Pass dtype=np\.float64"),
    (partial(add, INTS, INTS, alpha=0.5, dtype=">i4"), r"the result is int32"),
    (partial(add_, BYTES, BYTES, alpha=0.5), r"use add with dtype=np\.float64"),
    (partial(add, BYTES, BYTES, alpha=X), r"alpha has .*np\.float64.*='saturate'"),
    (
        partial(add, BYTES, BYTES, alpha=1j * X),
        r"integer\. Convert it by alpha\.astype",
    ),
    (partial(add, X, X, alpha=1j * X), r"a float\. Convert it by alpha\.astype"),
    (partial(foreach_add, [BYTES], [1], alpha=0.5), r"alpha=0\.5 .*x\.astype\(np\.f"),
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
    # where
    (partial(add, X, X, out=X, where=np.ones(4, bool)), r"where has shape \(4,\)"),
    # times
    (partial(add, DAYS, DAYS, alpha=True), r"bool, but the result is timedelta64\[D\]"),
    (partial(add, X, X, out=X, where=[1, 0, 1]), r"where is of dtype int64"),
]


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
