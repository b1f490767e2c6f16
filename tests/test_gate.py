"""Calls that the compiled part takes without the Python layer: it computes them to the
bits of that layer, or leaves them to it; and common ones never enter it."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import fastadd
from fastadd import _core
from fastadd._compare.cases import DTYPES, kind, values
from fastadd._compare.reference import assert_same_bits

NAMES = {
    "add": (2, ("alpha", "beta")),
    "sub": (2, ("alpha",)),
    "lerp": (3, ()),
    "addcmul": (3, ("value", "beta")),
    "addcdiv": (3, ("value", "beta")),
    "weighted_sum": (3, ()),
}
CODES = list(DTYPES)


def some_operand(random, shape):
    dtype = DTYPES[random.choice(CODES)]
    what = random.choice(["array"] * 6 + ["0-d", "scalar", "number", "swapped", "odd"])
    x = values(shape, dtype, random.integers(99))
    if what == "number":
        return random.choice([2, -1, 0.5, 300])
    if what in ("0-d", "scalar"):
        x = values((3,), dtype, 5)[1]
        return x if what == "scalar" else np.array(x)
    if what == "swapped" and kind(dtype) != "b" and dtype.kind != "V":
        return x.astype(dtype.newbyteorder())
    if what == "odd":
        return x[..., ::-1]
    return x


def some_call(seed):
    random = np.random.default_rng(seed)
    name = random.choice(list(NAMES))
    arrays, numbers = NAMES[name]
    shape = [(7,), (3, 5), (40, 33)][random.integers(3)]
    arguments = [some_operand(random, shape) for _ in range(arrays)]
    if name == "weighted_sum":
        weights = random.choice([1, 2, 3, 0.5, -1], arrays).tolist()
        arguments = [arguments, [int(w) if w % 1 == 0 else w for w in weights]]
    keywords = {}
    for number in numbers:
        if random.random() < 0.6:
            made = [2, -1, 0.5, 1, np.float32(0.3), np.array(3), np.int8(2), True]
            if name in ("add", "sub"):
                factors = DTYPES[random.choice(CODES)]
                made += [values(shape, factors, 9), values(shape[-1:], factors, 8)]
            keywords[number] = made[random.integers(len(made))]
    if random.random() < 0.4:
        keywords["dtype"] = [np.float32, "f8", np.dtype("i4"), np.dtype("c16"), "f2"][
            random.integers(5)
        ]
    if random.random() < 0.5:
        rules = ["safe", "same_kind", "unsafe", "saturate", "no", "equiv"]
        keywords["casting"] = str(random.choice(rules))
    out = None
    if random.random() < 0.5:
        out = np.ones(shape, DTYPES[random.choice(CODES)])
        if random.random() < 0.4:
            mask = random.random(shape) < 0.5
            keywords["where"] = mask
    return str(name), arguments, keywords, out


def outcome(function, arguments, keywords, out):
    if out is not None:
        keywords = {**keywords, "out": out.copy()}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            result = function(*arguments, **keywords)
        except Exception as error:
            return type(error), str(error), keywords.get("out"), None
    said = sorted({str(warning.message) for warning in told})
    return type(result), said, keywords.get("out"), result


@pytest.mark.parametrize("seed", range(12))
def test_the_compiled_part_computes_what_the_python_layer_does(seed):
    for each in range(250):
        name, arguments, keywords, out = some_call(1000 * seed + each)
        mine = outcome(getattr(fastadd, name), arguments, keywords, out)
        right = outcome(_core.carefully(name), arguments, keywords, out)
        assert mine[:2] == right[:2], (name, arguments, keywords)
        for x, y in zip(mine[2:], right[2:], strict=True):
            assert (x is None) == (y is None)
            if x is not None:
                assert_same_bits(np.asarray(x), np.asarray(y))
                assert np.asarray(x).strides == np.asarray(y).strides


LISTS = {
    "foreach_add": (2, ("alpha", "beta")),
    "foreach_sub": (2, ("alpha",)),
    "foreach_lerp": (3, ()),
    "foreach_addcmul": (3, ("value", "beta")),
    "foreach_addcdiv": (3, ("value", "beta")),
    "weighted_sum": (1, ()),
    "foreach_weighted_sum": (1, ("weights",)),
    "clip_grad_norm": (1, ()),
    "clip_grad_value": (1, ()),
}


def some_list(random, count, shape, *, is_first=False):
    """Arrays of one shape, in whatever a list of them may be; or a number for all."""
    what = random.choice(["list", "tuple", "stack", "stack", "columns", "objects"])
    if not is_first and random.random() < 0.2:
        return random.choice([2, -1, 0.5, np.float32(3)])
    stack = values((count, *shape), np.dtype(str(random.choice(["f4", "f8", "i2"]))), 7)
    if what == "stack":
        return stack
    if what == "columns":
        return np.moveaxis(np.ascontiguousarray(np.moveaxis(stack, 0, -1)), -1, 0)
    if what == "objects":
        objects = np.empty(count, object)
        objects[:] = list(stack) if len(shape) > 0 else stack
        return objects
    return list(stack) if what == "list" else tuple(stack)


def some_call_of_lists(seed):
    random = np.random.default_rng(seed)
    name = str(random.choice(list(LISTS)))
    lists, numbers = LISTS[name]
    count = int(random.integers(1, 4))
    shape = [(3,), (2, 3), ()][random.integers(3)]
    arguments = [
        some_list(random, count, shape, is_first=place == 0) for place in range(lists)
    ]
    if name == "foreach_weighted_sum":
        arguments = [[arguments[0], some_list(random, count, shape, is_first=True)]]
    keywords = {}
    for number in numbers:
        if random.random() < 0.6:
            made = [2, 0.5, [2, 3, 4][:count], np.arange(count), np.ones((count, 3))]
            keywords[number] = made[random.integers(len(made))]
    if name.startswith("clip"):
        arguments.append(0.5)
    out = None
    if name != "weighted_sum" and random.random() < 0.4:
        out = np.ones((count, *shape), "f8")
    elif name == "weighted_sum" and random.random() < 0.4:
        out = np.ones(shape, "f8")
    return name, arguments, keywords, out


def flat(result):
    """The arrays and the norm of a result."""
    if isinstance(result, list | tuple):
        return [x for member in result for x in flat(member)]
    return [result]


@pytest.mark.parametrize("seed", range(6))
def test_lists_are_computed_as_the_python_layer_does(seed):
    for each in range(250):
        name, arguments, keywords, out = some_call_of_lists(1000 * seed + each)
        mine = outcome(getattr(fastadd, name), arguments, keywords, out)
        right = outcome(_core.carefully(name), arguments, keywords, out)
        assert mine[:2] == right[:2], (name, arguments, keywords)
        for x, y in zip(flat(mine[2:]), flat(right[2:]), strict=True):
            assert (x is None) == (y is None)
            if x is not None:
                assert_same_bits(np.asarray(x), np.asarray(y))


F4, G4 = values(50, np.dtype("f4"), 0), values(50, np.dtype("f4"), 1)
F8, U1 = values(50, np.dtype("f8"), 2), values(50, np.dtype("u1"), 3)
STACK = np.stack([F4, G4])
I2, MASK = values(50, np.dtype("i2"), 4), np.arange(50) % 3 == 0
READY = {
    "two dtypes": lambda: fastadd.add(F4, U1, alpha=0.5),
    "dtype": lambda: fastadd.add(F4, G4, dtype="f8"),
    "dtype of integers": lambda: fastadd.add(U1, U1, alpha=0.5, dtype=np.float32),
    "out of another dtype": lambda: fastadd.add(F8, F4, out=np.empty(50, "f4")),
    "casting": lambda: fastadd.add(F8, I2, dtype="f4", casting="unsafe"),
    "a NumPy scalar": lambda: fastadd.add(F4, np.float64(2)),
    "a coefficient of no dimensions": lambda: fastadd.add(F4, G4, alpha=np.array(0.5)),
    "byte-swapped": lambda: fastadd.add(F4.astype(">f4"), G4),
    "memmap": lambda: fastadd.add(mapped(F4), G4),
    "where": lambda: fastadd.add(F4, U1, out=np.zeros(50, "f4"), where=MASK),
    "saturate": lambda: fastadd.add(U1, U1, alpha=0.5, casting="saturate"),
    "sub, saturate": lambda: fastadd.sub(I2, U1, alpha=3, casting="saturate"),
    "lerp of bytes": lambda: fastadd.lerp(U1, U1, F4, casting="saturate"),
    "lerp where": lambda: fastadd.lerp(F4, G4, F8, out=F4.copy(), where=MASK),
    "addcmul": lambda: fastadd.addcmul(F4, U1, G4, value=0.5),
    "addcdiv": lambda: fastadd.addcdiv(F4, G4, F4, out=np.empty(50)),
    "an array alpha": lambda: fastadd.add(F4, G4, alpha=F8, dtype="f8"),
    "weighted_sum": lambda: fastadd.weighted_sum([F4, F8], [1, 2]),
    "sum that saturates": lambda: fastadd.weighted_sum(
        [I2] * 3, [0.5] * 3, casting="saturate"
    ),
    "sum where": lambda: fastadd.weighted_sum(
        [F4, G4], out=np.zeros(50, "f4"), where=MASK
    ),
    "lists": lambda: fastadd.foreach_add([F4, F8], [U1, F4], alpha=0.5),
    "lists that are stacks": lambda: fastadd.foreach_add(STACK, STACK, out=STACK + 0),
    "a sum of a stack": lambda: fastadd.weighted_sum(STACK, np.ones(2)),
    "lists that saturate": lambda: fastadd.foreach_add(
        [U1], [U1], alpha=0.5, casting="saturate"
    ),
    "in place": lambda: fastadd.add_(F8.copy(), F4),
}


def mapped(x):
    return x.view(np.memmap)


@pytest.mark.parametrize("call", READY.values(), ids=READY)
def test_common_calls_enter_no_python(call):
    entered = []
    here = str(Path(fastadd.__file__).parent)

    def seen(frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith(here):
            entered.append(frame.f_code.co_name)

    with np.errstate(all="ignore"):
        call()
        sys.setprofile(seen)
        try:
            call()
        finally:
            sys.setprofile(None)
    assert not entered
