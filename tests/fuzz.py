"""A differential fuzzer: random calls of every function against NumPy, for as long as
asked: `make fuzz MINUTES=60`. A failure prints the seed of its call, which `--seed`
with `--calls 1` repeats.

All arrays of a call are views of one piece of memory, of any dtype, order, direction,
step, byte order and alignment: so they alias in every way. Afterwards all of it must be
as it was, but for `out`, which must be as the oracle says.
"""

import argparse
import math
import time
from collections import deque
from contextlib import ExitStack
from itertools import count

import numpy as np
from fastadd._core import carefully
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

import fastadd
from fastadd import _config, _core, _machine
from fastadd._compare.cases import COEFFICIENTS, DTYPES, kind, values
from fastadd._compare.operations import OPERATIONS, clamped
from fastadd._compare.reference import adam, assert_same_bits, product, reference

ERRORS = (TypeError, ValueError, OverflowError)
FLOATS = [name for name, dtype in DTYPES.items() if kind(dtype) in "fc"]
# Out of all numbers of elements these are where paths part: a row, the tiles, the GIL
# and the threads.
SIZES = (1, 2, 3, 7, 8, 9, 31, 64, 100, 1000, 4095, 4097, 33_000, 140_000)
LIKELY = np.array([9, 3, 5, 5, 5, 5, 9, 9, 9, 9, 3, 5, 3, 1], float)


class Call:
    """The choices of one call, all made by its seed."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.memory = None
        self.about = None  # what a failure is told with

    def one_of(self, options):
        return options[int(self.rng.integers(len(options)))]

    def chance(self, probability):
        return self.rng.random() < probability

    def dtype(self, names=tuple(DTYPES)):
        return DTYPES[self.one_of(names)]

    def shape(self):
        """Of up to 5 dimensions, some of length 1, now and then one of length 0; or of
        a batch of small planes, which may be folded."""
        if self.chance(0.05):
            rows, columns = (int(k) for k in self.rng.integers(2, 41, 2))
            planes = int(self.rng.integers(4000, 12000)) // (rows * columns)
            return planes, rows, columns
        size = int(self.rng.choice(SIZES, p=LIKELY / LIKELY.sum()))
        shape = []
        for _ in range(self.rng.integers(0, 5)):
            length = int(self.rng.integers(1, max(2, min(size, 400) + 1)))
            shape.append(length)
            size //= length
        shape.append(max(size, 1))
        self.rng.shuffle(shape)
        if self.chance(0.02):
            shape[0] = 0
        return tuple(shape)

    def narrowed(self, shape):
        """A shape that broadcasts to this one."""
        shape = tuple(1 if self.chance(0.15) else length for length in shape)
        return (
            shape[int(self.rng.integers(0, len(shape) + 1)) :]
            if self.chance(0.15)
            else shape
        )

    def allot(self, shape, number):
        """Memory in which so many arrays of a shape can lie, in steps of up to 3."""
        extent = math.prod(shape) * 32 + 64
        self.memory = self.rng.integers(
            0, 256, (3 if self.chance(0.3) else number) * extent * 2, np.uint8
        )

    def view(self, shape, dtype, apart=False, native=False):
        """A view of the memory, which only `apart` overlaps itself never."""
        if not native and self.chance(0.1) and dtype.kind != "V":
            dtype = dtype.newbyteorder()
        order = (
            self.rng.permutation(len(shape))
            if self.chance(0.4)
            else range(len(shape) - 1, -1, -1)
        )
        strides, stride = [0] * len(shape), dtype.itemsize
        if not native and self.chance(0.1):
            stride += int(self.rng.integers(1, 4))  # a field of a packed struct
        low = high = 0
        for axis in order:
            step = 1 if self.chance(0.8) else int(self.rng.integers(2, 4))
            room = len(self.memory) - dtype.itemsize
            reach = (shape[axis] - 1) * stride * step if shape[axis] else 0
            if reach + high - low > room:
                step = 1
                reach = (shape[axis] - 1) * stride if shape[axis] else 0
            if not apart and self.chance(0.03):
                reach = step = 0
            forward = self.chance(0.8)
            strides[axis] = stride * step * (1 if forward else -1)
            low, high = (low, high + reach) if forward else (low - reach, high)
            stride *= max(step, 1) * max(shape[axis], 1)
        room = len(self.memory) - dtype.itemsize - (high - low)
        if room < 0:  # too sparse for the memory
            return self.copy_of(shape, dtype)
        start = int(self.rng.integers(0, room + 1)) if self.chance(0.7) else 0
        if native or self.chance(0.8):
            align = max(dtype.alignment, 1)
            start -= (self.memory.ctypes.data + start - low) % align
            if start < 0:
                start += align if start + align <= room else 0
            start = max(start, 0)
        return np.ndarray(shape, dtype, self.memory, start - low, strides)

    def copy_of(self, shape, dtype):
        return np.zeros(shape, dtype)

    def fill(self, *arrays):
        """Numbers over the whole range of each dtype."""
        for x in arrays:
            x[...] = values(
                x.shape, x.dtype.newbyteorder("="), int(self.rng.integers(1 << 30))
            )

    def number(self, which):
        """A coefficient of a kind: also one that a narrow dtype would round, and of
        NumPy's own types."""
        pairs = COEFFICIENTS[which]
        if which in "fc" and self.chance(0.3):
            return self.one_of(
                (
                    *(65536.0, 1e-7, 1 / 3, np.float64(0.1), np.float32(1e-30)),
                    *(np.int64(2**54 - 2**29 - 1), np.uint64(2**63 + 2**39 + 1)),
                    *(2**54 - 1, np.array(np.int64(2**60 + 2**36 + 1))),
                )
            )
        return self.one_of(self.one_of(pairs))

    def as_list(self, members):
        """A list of arrays in one of its forms."""
        if not members:
            return members
        return self.one_of(
            (list, tuple, deque, iter, lambda x: dict(enumerate(x)).values())
        )(members)

    def pair(self):
        """Two dtypes that have a common one."""
        while True:
            one = self.dtype()
            two = one if self.chance(0.5) else self.dtype()
            try:
                common = np.result_type(one, two)
            except TypeError:
                continue
            if _core.native(common) >= 0:
                return one, two, common.newbyteorder("=")

    def surroundings(self, stack):
        """An instruction set, a number of threads, and where streaming begins."""
        _config.use(self.one_of(_config.available()))
        stack.enter_context(fastadd.threads(self.one_of((1, 1, 2, 3, 5))))
        _core.set_last_level_cache(
            self.one_of((1 << 12, 1 << 16, _machine.last_level_cache()))
        )

    def into(self, dtype):
        """A dtype that takes results of another."""
        other = self.dtype()
        if dtype.kind == "c" != other.kind or not np.can_cast(
            dtype, other, "same_kind"
        ):
            return dtype
        return other


def check_memory(call, out, expected, compute):
    """Compute into out, and look at all of the memory."""
    after = call.memory.copy()
    inside = (
        np.ndarray(
            out.shape,
            out.dtype,
            after,
            out.ctypes.data - call.memory.ctypes.data,
            out.strides,
        )
        if np.shares_memory(out, call.memory)
        else None
    )
    if inside is not None:
        inside[...] = expected
    result = compute()
    assert result is out
    assert_same_bits(out.astype(out.dtype.newbyteorder("=")), np.asarray(expected))
    if inside is not None:
        inside[...] = out  # NaNs of another payload
        assert (after == call.memory).all(), "written outside of out"


def cast(x, dtype):
    x, dtype = np.asarray(x), dtype.newbyteorder("=")
    with np.errstate(all="ignore"):
        return x.astype(dtype)


def plain(x):
    """A bool in the memory of something else may be any byte, which is true if it is
    not 0; not all casts of ml_dtypes know that."""
    return x.view("u1") != 0 if x.dtype.kind == "b" else x


def fuzz_add(call):
    one, two, dtype = call.pair()
    shape = call.shape()
    call.allot(shape, 3)
    a = call.view(call.narrowed(shape), one)
    b = call.view(call.narrowed(shape), two)
    out = call.view(shape, call.into(dtype) if call.chance(0.3) else dtype, True)
    call.fill(a, b, out)
    alpha, beta = (call.number(kind(dtype)) for _ in range(2))
    if call.chance(0.1) and one == two and dtype.kind != "V":
        b = {"b": True, "i": 3, "f": -0.75, "c": 1 - 2j}[kind(dtype)]
    full = np.broadcast_to(plain(a), np.broadcast_shapes(a.shape, np.shape(b)))
    y = plain(b) if isinstance(b, np.ndarray) else np.asarray(b, dtype)
    expected = reference(full, y, alpha, beta, dtype)
    keywords = {"alpha": alpha, "beta": beta}
    way = call.one_of(("fresh", "out", "out", "careful", "where", "ufunc"))
    if dtype.kind == "V" and "b" in (one.kind, two.kind) and way in ("where", "ufunc"):
        return  # there NumPy casts, see plain
    if type(b) is bool:
        y = b = np.bool(b)
    if way == "fresh":
        result = fastadd.add(a, b, **keywords)
        assert_same_bits(result, expected)
        return
    expected = np.broadcast_to(expected, shape)
    if way == "where":
        mask = call.rng.random(call.narrowed(shape)) < 0.5
        if call.chance(0.4):  # in the memory of out, perhaps
            inside = call.view(mask.shape, np.dtype(bool), True, True)
            if not any(
                isinstance(x, np.ndarray) and np.may_share_memory(inside, x)
                for x in (a, b)
            ):
                inside[...] = mask
                mask = inside
        result = np.where(mask, cast(expected, out.dtype), out)
        keywords["where"] = mask
    else:
        result = cast(expected, out.dtype)
        if way == "ufunc":
            with np.errstate(all="ignore"):
                # (NumPy does it.)
                result = expected.astype(out.dtype.newbyteorder("="))
    function = carefully("add") if way == "careful" else fastadd.add
    if way == "ufunc":
        check_memory(
            call,
            out,
            result,
            lambda: fastadd.scaled_add(a, b, alpha, beta, out=out),
        )
        return
    check_memory(call, out, result, lambda: function(a, b, out=out, **keywords))


def weighted(arrays, weights, dtype):
    """Product by product, each sum rounded; 16-bit floats once."""
    if dtype.kind == "b":
        total = False
        for x, w in zip(arrays, weights, strict=True):
            total = total | (x.astype(bool) & bool(w))
        return total
    wide = np.dtype("f4") if dtype.itemsize == 2 and kind(dtype) == "f" else dtype
    with np.errstate(all="ignore"):
        terms = [
            product(w, x.astype(dtype).astype(wide), dtype)
            for x, w in zip(arrays, weights, strict=True)
        ]
        total = terms[0]
        for term in terms[1:]:
            total = np.add(total, term)
        return total.astype(dtype)


def fuzz_weighted_sum(call):
    one, two, dtype = call.pair()
    shape = call.shape()
    terms = int(call.rng.integers(1, 7))
    call.allot(shape, terms + 1)
    arrays = [
        call.view(
            call.narrowed(shape), call.one_of((one, two)) if k > 1 else (one, two)[k]
        )
        for k in range(terms)
    ]
    dtype = np.result_type(*arrays).newbyteorder("=")
    out = call.view(shape, call.into(dtype) if call.chance(0.3) else dtype, True)
    call.fill(*arrays, out)
    weights = [call.number(kind(dtype)) for _ in arrays]
    expected = weighted([plain(x) for x in arrays], weights, dtype)
    if call.chance(0.3):
        given = call.as_list(arrays)
        assert_same_bits(fastadd.weighted_sum(given, weights), expected)
        return
    check_memory(
        call,
        out,
        np.broadcast_to(cast(expected, out.dtype), shape),
        lambda: fastadd.weighted_sum(arrays, weights, out=out),
    )


def fuzz_relu(call):
    dtype = call.dtype([name for name in DTYPES if DTYPES[name].kind != "c"])
    shape = call.shape()
    call.allot(shape, 2)
    x = call.view(call.narrowed(shape), dtype)
    out = call.view(shape, call.into(dtype) if call.chance(0.3) else dtype, True)
    call.fill(x, out)
    expected = cast(plain(x), dtype)
    expected[expected <= 0] = 0
    if call.chance(0.3):
        assert_same_bits(fastadd.relu(x), expected)
        return
    check_memory(
        call,
        out,
        np.broadcast_to(cast(expected, out.dtype), shape),
        lambda: fastadd.relu(x, out=out),
    )


def fuzz_add_dot(call):
    """Also of vectors in the memory of out, which are read before it is written."""
    real = [name for name in FLOATS if DTYPES[name].kind != "c"]
    dtype = call.dtype(real)
    shape = call.shape()
    call.allot(shape, 4)
    a, b, given = (call.view(call.narrowed(shape), dtype) for _ in range(3))
    out = call.view(shape, dtype, True)
    call.fill(a, b, given, out)
    if call.chance(0.7):
        for x in (a, b, given, out):  # finite, of one magnitude
            x[...] = call.rng.integers(-40, 41, x.shape).astype(x.dtype)
    vector = call.one_of((None, given, out))
    alpha, beta = call.number("f"), call.number("f")
    right = np.broadcast_to(reference(plain(a), plain(b), alpha, beta, dtype), shape)
    wide = right.astype("g")
    terms = wide * (wide if vector is None else plain(vector).astype("g"))
    found = []

    def compute():
        result, dot = fastadd.add_dot(a, b, vector, alpha=alpha, beta=beta, out=out)
        found.append(dot)
        return result

    check_memory(call, out, right, compute)
    total, bound = terms.sum(dtype="g"), abs(terms).sum(dtype="g")
    if 1e-300 < bound < 1e300 or bound == 0:
        assert abs(found[0] - total) <= 1e-13 * bound, (found, total)


def fuzz_operation(call):
    """One of the table's, perhaps saturating; any of its factors may be a number."""
    name = call.one_of(tuple(OPERATIONS))
    operation = OPERATIONS[name]
    one, two, dtype = call.pair()
    shape = call.shape()
    saturates = kind(dtype) == "i" and call.chance(0.5)
    result = dtype
    if saturates:
        dtype = np.dtype("f4" if result.itemsize <= 2 else "f8")
    if kind(dtype) not in operation.kinds:
        return
    call.about = name, str(one), str(two)
    call.allot(shape, operation.arrays + 1)
    factors = [
        name
        for name, each in DTYPES.items()
        if kind(each) in {"b": "bi", "i": "i", "f": "if", "c": "ifc"}[kind(dtype)]
    ]
    dtypes = [one, two, call.one_of((one, two))]
    if operation.factors < 9:
        dtypes[2:] = [call.dtype(factors), call.dtype(factors)]
    shapes = [call.narrowed(shape) for _ in range(operation.arrays)]
    shapes[operation.factors :] = [  # of no dimensions it would be a number
        each or (1,) for each in shapes[operation.factors :]
    ]
    arrays = [call.view(*each) for each in zip(shapes, dtypes, strict=False)]
    out = call.view(shape, result, True)
    call.fill(*arrays, out)
    given = {name: call.number(kind(dtype)) for name in operation.numbers}
    expected = operation.right([plain(x) for x in arrays], dtype, **given)
    keywords = dict(given)
    if saturates:
        expected = clamped(expected, result)
        keywords["casting"] = "saturate"
    if call.chance(0.3):
        assert_same_bits(operation.call(*arrays, **keywords), expected)
        return
    right = np.broadcast_to(expected, shape)
    if call.chance(0.3) and dtype.kind != "V":
        keywords["where"] = call.rng.random(call.narrowed(shape)) < 0.5
        right = np.where(keywords["where"], right, plain(out))
    check_memory(call, out, right, lambda: operation.call(*arrays, out=out, **keywords))


def lists(call, one, two, most):
    """Arrays of several shapes, and outs that lie apart from one another."""
    shapes = [call.shape() for _ in range(int(call.rng.integers(0, most)))]
    widest = max(shapes, key=math.prod, default=(1,))
    call.allot(widest, 3)
    first = [call.view(call.narrowed(shape), one) for shape in shapes]
    second = [call.view(call.narrowed(shape), two) for shape in shapes]
    call.fill(*first, *second)
    return shapes, first, second


def fuzz_foreach_add(call):
    one, two, dtype = call.pair()
    shapes, inputs, others = lists(call, one, two, 8)
    alphas = [call.number(kind(dtype)) for _ in shapes]
    expected = [
        reference(plain(a), plain(b), alpha, 1, dtype)
        for a, b, alpha in zip(inputs, others, alphas, strict=True)
    ]
    if call.chance(0.3):
        results = fastadd.foreach_add(
            call.as_list(inputs), call.as_list(others), alpha=call.as_list(alphas)
        )
    else:
        # Some in the memory of the operands, of which each takes a share of its own.
        outs, taken = [], 0
        for shape in shapes:
            size = math.prod(shape) * dtype.itemsize
            if call.chance(0.7) and taken + size + 16 <= len(call.memory):
                taken += -(call.memory.ctypes.data + taken) % dtype.alignment
                outs.append(np.ndarray(shape, dtype, call.memory, taken))
                taken += size
            else:
                outs.append(np.empty(shape, dtype))
        expected = [
            np.broadcast_to(right, shape)
            for right, shape in zip(expected, shapes, strict=True)
        ]
        results = fastadd.foreach_add(inputs, others, alpha=alphas, out=outs)
        assert results is outs
    for result, right in zip(results, expected, strict=True):
        assert_same_bits(result, right)


def fuzz_clip_grad_value(call):
    real = [name for name in FLOATS if DTYPES[name].kind != "c"]
    _, grads, _ = lists(call, call.dtype(real), call.dtype(real), 6)
    copies = [x.astype(x.dtype.newbyteorder("=")) for x in grads]
    limit = call.one_of((0.0, 1e-3, 1.0, 50.0, 1e300, math.inf))
    found = fastadd.clip_grad_value(grads, limit)
    with np.errstate(all="ignore"):
        for result, x in zip(found, copies, strict=True):
            bound = np.asarray(limit).astype(x.dtype)
            right = np.clip(x, -bound, bound).astype("g")
            assert np.array_equal(result.astype("g"), right, equal_nan=True)
            assert result.dtype == x.dtype


def fuzz_clip_grad_norm(call):
    _, grads, _ = lists(call, call.dtype(FLOATS), call.dtype(FLOATS), 6)
    if call.chance(0.7):
        for x in grads:  # finite, of one magnitude
            scale = 10.0 ** int(call.rng.integers(-4, 5))
            part = call.rng.integers(-40, 41, x.shape) * scale
            x[...] = part.astype(x.dtype)
    copies = [x.astype(x.dtype.newbyteorder("=")) for x in grads]
    limit = call.one_of((0.0, 1e-3, 1.0, 50.0, math.inf))
    with np.errstate(all="ignore"):
        exact = np.sqrt(
            sum(
                (
                    np.sum(np.abs(x.astype("G" if x.dtype.kind == "c" else "g")) ** 2)
                    for x in copies
                ),
                np.longdouble(0),
            )
        )
    before = call.memory.copy()
    clipped, norm = fastadd.clip_grad_norm(grads, limit)
    with fastadd.threads(1):
        again = fastadd.clip_grad_norm(grads, math.inf)[1]
    assert norm == again or np.isnan(norm)
    if 1e-300 < exact < 1e300:  # else the oracle may be wrong
        assert abs(norm - exact) <= 1e-13 * exact, (norm, exact)
    assert (call.memory == before).all()
    if not norm > limit:
        assert all(x is y for x, y in zip(clipped, grads, strict=True))
        return
    for result, x in zip(clipped, copies, strict=True):
        ratio = np.asarray(limit / norm)[()]
        wide = x.dtype
        if 0 < ratio < np.finfo("f4").tiny:  # which float32 would round to few bits
            wide = np.result_type(x.dtype, "f8")
        right = weighted([x.astype(wide)], [ratio], wide)
        if x.dtype.kind != "V" or wide == x.dtype:
            assert_same_bits(result, right.astype(x.dtype))


def fuzz_adam(call):
    """The first arrays are views that may overlap, which is refused."""
    real = [name for name in FLOATS if DTYPES[name].kind != "c"]
    one, two = call.dtype(real), call.dtype(real)
    shape = call.shape()
    call.allot(shape, 8)
    first = [call.view(shape, call.one_of((one, two)), k != 1) for k in range(4)]
    if call.chance(0.7):
        place = int(call.rng.integers(4))
        first[place] = np.zeros(shape, first[place].dtype)
    call.fill(*first)
    others = [[values(n, one, k) for k in range(4)] for n in (33, 4097)]
    rows = [first, *others[: int(call.rng.integers(3))]]
    given = {
        "step": call.one_of((1, 7, 10**6)),
        "lr": call.one_of((0.0, 1e-3, 0.5)),
        "betas": call.one_of(((0.9, 0.999), (0.0, 0.5))),
        "eps": call.one_of((0.0, 1e-8)),
        "weight_decay": call.one_of((0, 0.01)),
        "decoupled": call.chance(0.5),
    }
    if {"e", "g"} <= {x.dtype.char for x in first}:
        return  # NumPy rounds twice on the way, see cast
    call.about = given, [str(x.dtype) for x in first], shape
    native = [[x.astype(x.dtype.newbyteorder("=")) for x in row] for row in rows]
    right = [adam(*arrays, **given) for arrays in native]
    written = first[0], first[2], first[3]
    before, kept = call.memory.copy(), [x.copy() for x in first]
    lists = [call.as_list(list(each)) for each in zip(*rows, strict=True)]
    try:
        fastadd.foreach_adam_(*lists, **given)
    except ValueError as error:
        assert "overlap" in str(error)
        assert (call.memory == before).all(), "written in spite of an error"
        assert any(
            x is not y and np.may_share_memory(x, y) for x in written for y in first
        )
        return
    for (p, _, m, v), expected in zip(rows, right, strict=True):
        for x, y in zip((p, m, v), expected, strict=True):
            assert_same_bits(x.astype(y.dtype), y)
    for x, was in zip(first, kept, strict=True):
        x[...] = was
    assert (call.memory == before).all(), "written elsewhere"


def fuzz_refusals(call):
    """Nothing is written when an error is raised."""
    dtype = call.dtype()
    shape = (4, 5)
    call.allot(shape, 3)
    a, b = call.view(shape, dtype), call.view(shape, dtype)
    out = call.view(shape, dtype, True, True)
    call.fill(a, b, out)
    scale = {"b": True, "i": 2, "f": 2.0, "c": 2.0}[kind(dtype)]
    wrong = call.one_of(("shape", "out", "read-only", "kind", "itself", "last"))
    keywords = {"alpha": scale, "out": out}
    if wrong == "shape":
        b = np.zeros(3, dtype)
    elif wrong == "out":
        keywords["out"] = out[:, :3]
    elif wrong == "read-only":
        keywords["out"] = out.view()
        keywords["out"].flags.writeable = False
    elif wrong == "itself":
        keywords["out"] = np.lib.stride_tricks.as_strided(
            out, shape, (0, out.strides[1])
        )
    elif wrong == "kind":
        keywords["alpha"] = call.one_of((None, "1", [1, 2, 3], object()))
    before = call.memory.copy()
    try:
        if wrong == "last" or call.chance(0.4):
            if wrong == "last":
                b = np.zeros(3, dtype)
            fastadd.foreach_add(
                [np.ones(2, dtype), a],
                [np.ones(2, dtype), b],
                alpha=keywords["alpha"],
                out=[np.ones(2, dtype), keywords["out"]],
            )
        elif call.chance(0.5):
            fastadd.weighted_sum(
                [a, b], [scale, keywords["alpha"]], out=keywords["out"]
            )
        else:
            fastadd.add(a, b, **keywords)
    except ERRORS:
        assert (call.memory == before).all(), "written in spite of an error"
    else:
        raise AssertionError(f"accepted in spite of {wrong}")


FUNCTIONS = (
    fuzz_add,
    fuzz_add,
    fuzz_operation,
    fuzz_operation,
    fuzz_weighted_sum,
    fuzz_relu,
    fuzz_foreach_add,
    fuzz_add_dot,
    fuzz_clip_grad_norm,
    fuzz_clip_grad_value,
    fuzz_adam,
    fuzz_refusals,
)


def fuzz_once(seed):
    call = Call(seed)
    function = call.one_of(FUNCTIONS)
    with ExitStack() as stack, np.errstate(all="ignore"):
        call.surroundings(stack)
        try:
            function(call)
        except BaseException as error:
            error.add_note(f"seed {seed}: {function.__name__} {call.about or ''}")
            raise


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument(
        "--seed", type=int, help="of the first call; random if left out"
    )
    parser.add_argument("--calls", type=int, help="so many calls, however long")
    options = parser.parse_args()
    first = options.seed
    if first is None:
        first = int(np.random.default_rng().integers(1 << 40))
    end = time.monotonic() + 60 * options.minutes
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.completed:,} calls, no failure"),
        TimeElapsedColumn(),
        TextColumn(f"of {options.minutes:g} minutes"),
    ) as progress:
        bar = progress.add_task("", total=None)
        for done in count():
            if done == options.calls or (
                options.calls is None and time.monotonic() > end
            ):
                break
            fuzz_once(first + done)
            progress.advance(bar)
    print(f"{done:,} calls from seed {first} on: clean")


if __name__ == "__main__":
    main()
