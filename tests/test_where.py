"""where=: what is computed, what stays as it is, and what is told of it."""

import warnings

import numpy as np
import pytest
from fastadd._core import carefully

import fastadd
from fastadd import add, lerp
from fastadd._compare import cases
from fastadd._compare.cases import DTYPES
from fastadd._compare.reference import assert_same_bits

RNG = np.random.default_rng(0)


def masks(shape):
    random = RNG.random(shape)
    few = random < 0.01
    few.flat[-1] = True
    return {
        "random": random < 0.5,
        "few": few,
        "most": random < 0.99,
        "all": np.ones(shape, bool),
        "none": np.zeros(shape, bool),
        "first half": np.arange(random.size).reshape(shape) < random.size // 2,
        "every other": np.ones((*shape[:-1], 2 * shape[-1]), bool)[..., ::2]
        & (random < 0.5),
        "strided": (RNG.random((*shape[:-1], 3 * shape[-1])) < 0.5)[..., ::3],
        "reversed": (random < 0.5)[..., ::-1],
        "transposed": (RNG.random(shape[::-1]) < 0.5).T,
        "one row": random[-1:] < 0.5,
        "one column": random[..., :1] < 0.5,
        "a number": np.True_,
        "bytes": (255 * (random < 0.5)).astype(np.uint8).view(bool),
    }


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(7,), (5, 9), (70, 300)], ids=str)
def test_selected_and_untouched(dtype, shape):
    a, b, before = (cases.values(shape, DTYPES[dtype], seed) for seed in range(3))
    with np.errstate(all="ignore"):
        whole = add(a, b, alpha=1, beta=1)
        for mask in masks(shape).values():
            for function in (add, carefully("add")):
                out = before.copy()
                assert function(a, b, out=out, where=mask) is out
                assert_same_bits(out, np.where(mask, whole, before))


@pytest.mark.parametrize("name", masks((3, 4)))
def test_layouts_and_dtypes(name):
    shape = (60, 200)
    mask = masks(shape)[name]
    a = RNG.standard_normal(shape)
    for input, other, out in (
        (a.T.copy().T, a, np.zeros(shape)),
        (a, a[:1].astype("f4"), np.zeros(shape)),
        (a.astype(">f8"), a, np.zeros(shape, ">f4")),
        (a.astype("f2"), a.astype("f4"), np.zeros(shape, "f8")),
        (a, 2.0, np.zeros(shape[::-1]).T),
        (a[:, ::-1], a, np.zeros((60, 400))[:, ::2]),
        (a.astype("i4"), a.astype("i2"), np.zeros(shape, "c16")),
    ):
        expected = out.copy()
        np.copyto(expected, add(input, other, alpha=2), "same_kind", mask)
        add(input, other, alpha=2, out=out, where=mask)
        assert_same_bits(out, expected)


def test_shapes_and_order_of_a_fresh_result():
    a = np.ones((4, 1, 3))
    mask = np.asfortranarray(np.ones((4, 5, 3), bool))
    with pytest.warns(UserWarning, match="where= without out="):
        result = add(a, 1.0, where=mask)
    assert result.shape == (4, 5, 3)
    assert (result == 2).all()


def test_one_warning_or_an_error():
    """Who computes a call warns, and what refuses it does not."""
    x, mask = np.ma.masked_array([1.0, 2.0]), np.array([True, False])
    for operand in (np.ones(2), np.ones(2, object), x):
        with pytest.warns(UserWarning, match="where") as warned:
            add(operand, 1.0, where=mask)
        assert len(warned) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(
            TypeError, match=r"where: for arrays of type .*Leave it out"
        ):
            lerp(x, x, 0.5, where=mask)


@pytest.mark.parametrize("size", [8, 3000, 300_000])
def test_flags_are_of_what_is_selected(size):
    a = np.ones(size, "f4")
    a[size // 2] = 3e38
    mask = RNG.random(size) < 0.5
    out = np.zeros(size, "f4")
    with np.errstate(all="raise"):
        mask[size // 2] = False
        add(a, a, out=out, where=mask)
        mask[size // 2] = True
        with pytest.raises(FloatingPointError):
            add(a, a, out=out, where=mask)
    with np.errstate(all="ignore"):
        assert_same_bits(out, np.where(mask, a + a, np.float32(0)))


@pytest.mark.parametrize("function", [add, carefully("add")], ids=["gate", "careful"])
@pytest.mark.parametrize("shift", [0, 1, 40, 3000])
def test_overlap(function, shift):
    """What is written, zeros, is the mask of what follows."""
    for size in (50, 5000, 100_000):
        memory = RNG.integers(0, 2, size + shift).astype(np.int8)
        expected = memory.copy()
        mask, out = memory.view(bool)[:size], memory[shift:]
        expected[shift:][mask] = 0
        function(out, out, alpha=-1, out=out, where=mask)
        assert memory.tolist() == expected.tolist()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads(threads):
    a = RNG.standard_normal(400_000)
    mask = RNG.random(a.size) < 0.3
    out = np.zeros(a.size)
    with fastadd.threads(threads):
        add(a, a, alpha=0.5, out=out, where=mask)
    assert_same_bits(out, np.where(mask, a + 0.5 * a, 0.0))
