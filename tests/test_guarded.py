"""No byte beyond an operand is read or written, by any operation: each operand lies at
the end, or the begin, of memory of its own between two pages that nobody may touch, and
the process ends where one does."""

import ctypes
import mmap
import sys

import numpy as np
import pytest
from fresh import run_python

import fastadd
from fastadd._compare.cases import DTYPES, MIXTURES, kind
from fastadd._compare.operations import OPERATIONS, numbers_of, operands_of
from fastadd._compare.reference import assert_same_bits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs mprotect")

PAGE = mmap.PAGESIZE
NBYTES = 24 * PAGE
LONG = 13_000  # bytes of a row that is aligned
LENGTHS = (1, 2, 3, 7, 8, 9, 31, 33, 65, 127, 1001)
EACH = [
    pytest.param(operation, dtype, id=f"{name}-{code}")
    for name, operation in OPERATIONS.items()
    for code, dtype in DTYPES.items()
    if kind(dtype) in operation.kinds
]


@pytest.fixture(scope="module")
def memories():
    """Of up to four operands and out."""
    libc = ctypes.CDLL(None, use_errno=True)
    found, kept = [], []
    for _ in range(5):
        memory = mmap.mmap(-1, NBYTES + 2 * PAGE)
        start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        for guard in (start, start + PAGE + NBYTES):
            assert libc.mprotect(ctypes.c_void_p(guard), PAGE, 0) == 0  # PROT_NONE
        kept.append((memory, start))
        found.append(np.frombuffer(memory, "u1")[PAGE:-PAGE])
    yield found
    for _, start in kept:
        libc.mprotect(ctypes.c_void_p(start), NBYTES + 2 * PAGE, 3)


def laid(x, memory, layout, at_end):
    """A copy of x that touches one end of the memory."""
    if layout == "transposed":
        return laid(x.T, memory, "packed", at_end).T
    shape = list(x.shape)
    step = {"packed": 1, "reversed": -1, "every other": 2, "pitch": 1}[layout]
    shape[-1] = shape[-1] * abs(step) - (abs(step) - 1)
    if layout == "pitch" and x.ndim > 1:
        # Rows apart, of which the last one, or the first, ends where the memory does.
        shape[-1] += 3
    size = int(np.prod(shape)) * x.itemsize
    part = memory[-size:] if at_end else memory[:size]
    y = part.view(x.dtype).reshape(shape)
    if layout == "pitch" and x.ndim > 1:
        y = y[..., 3:] if at_end else y[..., :-3]
    y = y[..., ::step]
    y[...] = x
    return y


def places(shape):
    layouts = ["packed", "reversed", "every other"]
    if len(shape) > 1:
        layouts += ["transposed", "pitch"]
    return [(layout, at_end) for layout in layouts for at_end in (False, True)]


def check(call, arrays, right, memories, layout, at_end):
    """Into out, into each operand that may be it, and fresh."""
    given = [
        laid(x, memory, layout, at_end)
        for x, memory in zip(arrays, memories, strict=False)
    ]
    out = laid(np.zeros_like(right), memories[4], layout, at_end)
    call(*given, out=out)
    assert_same_bits(out, right)
    assert_same_bits(call(*given), right)
    if given[0].dtype == right.dtype:
        call(*given, out=given[0])
        assert_same_bits(given[0], right)


@pytest.mark.parametrize("operation, dtype", EACH)
def test_operations(operation, dtype, memories, instruction_set):
    given = numbers_of(operation, dtype)[-1]
    shapes = [(n,) for n in (*LENGTHS, LONG // dtype.itemsize)]
    shapes += [(9, 13), (33, 17), (5, 4, 4)]
    for shape in shapes:
        arrays = operands_of(operation, shape, dtype)
        right = operation.right(arrays, dtype, **given)
        for layout, at_end in places(shape):
            check(
                lambda *x, **more: operation.call(*x, **given, **more),
                *(arrays, right, memories, layout, at_end),
            )


@pytest.mark.parametrize("one, two", MIXTURES, ids=map(" + ".join, MIXTURES))
def test_mixtures(one, two, memories, instruction_set):
    for shape in [(n,) for n in LENGTHS] + [(9, 13), (33, 17)]:
        arrays = operands_of(OPERATIONS["add"], shape, DTYPES[one])
        arrays[1] = arrays[1].astype(DTYPES[two])
        alpha = True if kind(np.result_type(*arrays)) == "b" else 2
        right = fastadd.add(*arrays, alpha=alpha)
        for layout, at_end in places(shape):
            check(
                lambda *x, alpha=alpha, **more: fastadd.add(*x, alpha=alpha, **more),
                *(arrays, right, memories, layout, at_end),
            )


# What has no row in the table of operations, of three arrays of one dtype.
OTHERS = {
    "weighted_sum": lambda x, y, z, **out: fastadd.weighted_sum([x, y, z], **out),
    "relu": lambda x, y, z, **out: fastadd.relu(x, **out),
    "clip_grad_value": lambda x, y, z, out=None: fastadd.clip_grad_value(
        [x], 0.5, out=None if out is None else [out]
    )[0],
    "clip_grad_norm": lambda x, y, z, out=None: fastadd.clip_grad_norm(
        [x], 0.5, out=None if out is None else [out]
    )[0][0],
    "add_dot": lambda x, y, z, **out: fastadd.add_dot(x, y, z, **out)[0],
    "foreach_add": lambda x, y, z, out=None: fastadd.foreach_add(
        [x], [y], out=None if out is None else [out]
    )[0],
    "where=": lambda x, y, z, out=None: fastadd.add(
        x, y, out=np.zeros(x.shape, x.dtype) if out is None else out, where=z > 1
    ),
    "computed in long double": lambda x, y, z, out=None: fastadd.add(
        x,
        y,
        out=np.empty(x.shape, x.dtype) if out is None else out,
        dtype="g",
        casting="unsafe",
    ),
}


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("name", OTHERS)
def test_the_other_functions(name, dtype, memories, instruction_set):
    for shape in [(n,) for n in LENGTHS] + ([] if name == "add_dot" else [(9, 13)]):
        arrays = [
            np.arange(k, k + np.prod(shape)).reshape(shape).astype(dtype) / 8
            for k in range(3)
        ]
        right = OTHERS[name](*[x.copy() for x in arrays])
        for layout, at_end in places(shape):
            if name == "where=":  # of a fresh out, where it is False, there are zeros
                out = laid(np.zeros_like(right), memories[4], layout, at_end)
                given = [
                    laid(x, memory, layout, at_end)
                    for x, memory in zip(arrays, memories, strict=False)
                ]
                assert_same_bits(OTHERS[name](*given, out=out), right)
            else:
                check(OTHERS[name], arrays, right, memories, layout, at_end)


@pytest.mark.parametrize("dtype", ["u1", "i2"])
def test_saturation(dtype, memories, instruction_set):
    def call(x, y, **more):
        return fastadd.add(x, y, beta=0.5, alpha=0.75, casting="saturate", **more)

    for shape in [(n,) for n in LENGTHS] + [(9, 13)]:
        arrays = operands_of(OPERATIONS["add"], shape, np.dtype(dtype))
        right = call(*arrays)
        for layout, at_end in places(shape):
            check(call, arrays, right, memories, layout, at_end)


@pytest.mark.parametrize("dtype", ["f4", "f8", "f2"])
def test_adam(dtype, memories, instruction_set):
    for n in LENGTHS:
        arrays = [np.linspace(0.1 + k, 1, n).astype(dtype) for k in range(4)]
        right = [x.copy() for x in arrays]
        fastadd.foreach_adam_(*[[x] for x in right], step=1)
        for layout, at_end in places((n,)):
            given = [
                laid(x, memory, layout, at_end)
                for x, memory in zip(arrays, memories, strict=False)
            ]
            fastadd.foreach_adam_(*[[x] for x in given], step=1)
            for x, y in zip(given, right, strict=True):
                assert_same_bits(x, y)


def test_a_touch_would_be_noticed(memories):
    """The pages are guarded indeed."""
    done = run_python(
        """
import ctypes, mmap
memory = mmap.mmap(-1, 2 * mmap.PAGESIZE)
start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(start), mmap.PAGESIZE, 0) == 0
ctypes.string_at(start + mmap.PAGESIZE, 1)
print("beside", flush=True)
ctypes.string_at(start, 1)
"""
    )
    assert done.returncode != 0
    assert done.stdout == "beside\n"
