"""Every property of every operation in the table: one body for each property."""

from functools import partial
from itertools import product as combinations

import numpy as np
import pytest

import fastadd
from fastadd import _core
from fastadd._compare.cases import (
    ALIASINGS,
    DTYPES,
    LAYOUTS,
    kind,
    moderate,
    stepped,
    values,
)
from fastadd._compare.operations import (
    OPERATIONS,
    clamped,
    lerp,
    numbers_of,
    operands_of,
)
from fastadd._compare.reference import assert_same_bits

EACH = [
    pytest.param(operation, dtype, id=f"{name}-{code}")
    for name, operation in OPERATIONS.items()
    for code, dtype in DTYPES.items()
    if kind(dtype) in operation.kinds
]
FLOATS = [
    pytest.param(operation, id=name)
    for name, operation in OPERATIONS.items()
    if "f" in operation.kinds
]
F4 = np.dtype("f4")


@pytest.mark.parametrize("operation, dtype", EACH)
def test_values(operation, dtype, instruction_set):
    for n, given in combinations((0, 1, 7, 33, 67, 1003), numbers_of(operation, dtype)):
        arrays = operands_of(operation, n, dtype)
        right = operation.right(arrays, dtype, **given)
        assert_same_bits(operation.call(*arrays, **given), right)
        out = np.empty(n, dtype)
        assert operation.call(*arrays, **given, out=out) is out
        assert_same_bits(out, right)


@pytest.mark.parametrize("operation, dtype", EACH)
def test_numbers_that_are_left_out(operation, dtype):
    """They are 1, for the compiled part as for Python, which takes byte-swapped."""
    arrays = operands_of(operation, 5, dtype)
    right = operation.right(arrays, dtype, **dict.fromkeys(operation.numbers, 1))
    for layout in (np.array, LAYOUTS["swapped"]):
        laid = [layout(x) for x in arrays]
        assert_same_bits(operation.call(*laid), right)


@pytest.mark.parametrize("operation, dtype", EACH)
def test_layouts(operation, dtype, instruction_set):
    given = numbers_of(operation, dtype)[-1]
    arrays = operands_of(operation, (5, 7, 131), dtype)
    right = operation.right(arrays, dtype, **given)
    for place, (name, layout) in enumerate(LAYOUTS.items()):
        for each in range(operation.arrays + 1):
            laid = [layout(x) if each in (k, 9) else x for k, x in enumerate(arrays)]
            out = np.zeros_like(right)
            if each == operation.arrays and name != "read-only":
                out = layout(out)
            assert_same_bits(
                operation.call(*laid, **given, out=out).astype(dtype), right
            )
        laid = [layout(x) for x in arrays]
        assert_same_bits(operation.call(*laid, **given), right)
        assert place >= 0


@pytest.mark.parametrize("operation, dtype", EACH)
def test_broadcasts(operation, dtype, instruction_set):
    given = numbers_of(operation, dtype)[-1]
    for shapes in (
        ((40, 50, 3), (40, 50, 3), (40, 50, 1)),
        ((40, 50, 4), (4,), (40, 50, 1)),
        ((300, 70), (300, 1), (70,)),
        ((300, 70), (300, 70), (300, 1)),
        ((300, 1), (300, 70), (300, 70)),
        ((70,), (300, 70), ()),
        ((1, 5000), (3, 1), (3, 5000)),
        ((9000, 2), (9000, 1), (2,)),
        ((0, 3), (1,), (3,)),
        ((), (3,), ()),
    ):
        arrays = [values(shapes[k % 3], dtype, k) for k in range(operation.arrays)]
        right = operation.right(arrays, dtype, **given)
        assert_same_bits(operation.call(*arrays, **given), right)
        turned = [x.T for x in arrays]
        if all(x.ndim == right.ndim for x in arrays):
            assert_same_bits(operation.call(*turned, **given), right.T)
        gaps = np.zeros((2, *right.shape[:-1], right.shape[-1] + 1), dtype)[..., 1:]
        for out in (np.zeros((2, *right.shape, 2), dtype)[..., 1], gaps):
            operation.call(*arrays, **given, out=out)
            assert_same_bits(out, np.broadcast_to(right, out.shape))


@pytest.mark.parametrize("operation, dtype", EACH)
@pytest.mark.parametrize("name", ALIASINGS)
def test_aliasing_with_every_operand(operation, dtype, name):
    given = numbers_of(operation, dtype)[0]
    for place in range(operation.arrays):
        line = values(40, dtype, 5)
        out, x = ALIASINGS[name](line)
        arrays = operands_of(operation, out.shape, dtype)
        arrays[place] = x
        right = operation.right([y.copy() for y in arrays], dtype, **given)
        operation.call(*arrays, **given, out=out)
        assert_same_bits(out, np.broadcast_to(right, out.shape))


@pytest.mark.parametrize("operation, dtype", EACH)
def test_mixtures(operation, dtype, instruction_set):
    given = numbers_of(operation, dtype)[0]
    for other in DTYPES.values():
        arrays = operands_of(operation, 300, dtype)
        for place in range(operation.arrays):
            mixed = list(arrays)
            mixed[place] = values(300, other, 3)
            try:
                both = np.result_type(*mixed[: operation.factors])
            except TypeError:
                continue
            if kind(both) not in operation.kinds or (
                place >= operation.factors and kind(other) > kind(both)
            ):
                continue
            allowed = "bi" if kind(both) == "b" else "ifc"[: "ifc".find(kind(both)) + 1]
            if place >= operation.factors and kind(other) not in allowed:
                with pytest.raises(TypeError, match=r"must be"):
                    operation.call(*mixed, **given)
                continue
            if any(kind(x.dtype) not in allowed for x in mixed[operation.factors :]):
                continue
            if kind(both) != kind(dtype):
                continue
            right = operation.right(mixed, both, **given)
            assert_same_bits(operation.call(*mixed, **given), right)


@pytest.mark.parametrize("operation", FLOATS)
@pytest.mark.parametrize("code", ["f2", "f4", "f8", "F"])
def test_where(operation, code, instruction_set):
    dtype = np.dtype(code)
    given = numbers_of(operation, dtype)[0]
    for n in (5, 300, 70_000):
        arrays = operands_of(operation, n, dtype, moderate)
        mask = np.random.default_rng(1).random(n) < 0.5
        out = np.full(n, 7, dtype)
        right = np.where(mask, operation.right(arrays, dtype, **given), out)
        operation.call(*arrays, **given, out=out, where=mask)
        assert_same_bits(out, right.astype(dtype))


@pytest.mark.parametrize("operation", FLOATS)
def test_where_without_out(operation):
    """The mask broadcasts with all arrays, factors too, of up to 64 dimensions."""
    given = numbers_of(operation, F4)[0]
    *arrays, last = operands_of(operation, 6, F4, moderate)
    many = (*(1,) * 50, 2, 6)
    arrays.append(np.broadcast_to(last, many))
    right = operation.right(arrays, F4, **given)
    mask = np.arange(12).reshape(2, 6) % 3 == 0
    with pytest.warns(UserWarning, match="where= without out="):
        result = operation.call(*arrays, **given, where=mask)
    assert_same_bits(result[..., mask], right[..., mask])
    with (
        pytest.warns(UserWarning, match="where= without out="),
        pytest.raises(ValueError, match=r"where has shape \(4, 6\), which"),
    ):
        operation.call(*arrays, **given, where=np.ones((4, 6), bool))


@pytest.mark.parametrize("operation, dtype", EACH)
def test_threads(operation, dtype):
    """Also the flags are the same, whoever raises them."""
    given = numbers_of(operation, dtype)[0]
    n = 150_000
    arrays = operands_of(operation, n, dtype)
    right = operation.right(arrays, dtype, **given)
    for count in (1, 2, 5):
        with fastadd.threads(count):
            assert_same_bits(operation.call(*arrays, **given), right)


@pytest.mark.parametrize("operation", FLOATS)
def test_out_of_other_dtypes(operation):
    given = numbers_of(operation, F4)[0]
    arrays = operands_of(operation, 1000, F4, moderate)
    right = operation.right(arrays, F4, **given)
    for out in (np.empty(1000, "f8"), np.empty(1000, ">f4"), np.empty(1000, "F")):
        assert_same_bits(
            operation.call(*arrays, **given, out=out), right.astype(out.dtype)
        )
    half = [x.astype("f2") for x in arrays]
    out = np.empty(1000, "f8")
    assert_same_bits(
        operation.call(*half, **given, out=out),
        operation.right(half, np.dtype("f2"), **given).astype("f8"),
    )
    with pytest.raises(TypeError, match="out has dtype int32"):
        operation.call(*arrays, **given, out=np.empty(1000, "i4"))
    wide = operation.call(*arrays, **given, dtype="f8")
    assert_same_bits(wide, operation.right(arrays, np.dtype("f8"), **given))


@pytest.mark.parametrize("operation", FLOATS)
@pytest.mark.parametrize("n", [3, 5000, 100_000])
def test_flags(operation, n, instruction_set):
    large, small = np.full(n, 3e38, "f4"), np.full(n, 1, "f4")
    given = numbers_of(operation, F4)[0]
    arrays = [large if k < 2 else small * 3 for k in range(operation.arrays)]
    if operation is OPERATIONS["lerp"]:
        arrays = [large, -large, small * 3]
    if operation is OPERATIONS["addcdiv"]:
        arrays[2] = small / 8
    if operation in (OPERATIONS["sub"], OPERATIONS["sub, alpha of each"]):
        arrays[1] = -large
    quiet = [small] * operation.arrays
    with np.errstate(all="raise"):
        with pytest.raises(FloatingPointError, match="overflow"):
            operation.call(*arrays, **given)
        operation.call(*quiet, **given)
        if operation is OPERATIONS["addcdiv"]:
            with pytest.raises(FloatingPointError, match="divide by zero"):
                operation.call(small, small, small - 1)
        if operation is OPERATIONS["lerp"]:
            operation.call(small, small, small * np.nan)


@pytest.mark.parametrize("operation", FLOATS)
def test_refusals(operation):
    given = numbers_of(operation, F4)[0]
    arrays = operands_of(operation, 6, F4, moderate)
    before = [x.copy() for x in arrays]
    read_only = np.zeros(6, F4)
    read_only.flags.writeable = False
    for more, says in (
        ({"out": read_only}, "out is read-only"),
        ({"out": np.zeros(5, F4)}, r"out has shape \(5,\)"),
        ({"casting": "no such"}, "casting='no such'"),
        ({"where": None}, "where is"),
        ({"dtype": "M8[s]"}, "dtype"),
    ):
        with pytest.raises((TypeError, ValueError), match=says):
            operation.call(*arrays, **given, **more)
    with pytest.raises(ValueError, match=r"shape \(6,\).* \(4,\)"):
        operation.call(*arrays[:-1], np.zeros(4, F4), **given)
    with pytest.raises(TypeError):
        operation.call(*arrays[:-1], None, **given)
    for x, was in zip(arrays, before, strict=True):
        assert x.tobytes() == was.tobytes()


INTEGERS = [dtype for dtype in DTYPES.values() if dtype.kind in "iu"]


@pytest.mark.parametrize("operation", FLOATS)
@pytest.mark.parametrize("result", INTEGERS, ids=str)
def test_saturation(operation, result, instruction_set):
    """Ties, limits, NaN, infinities and -0.0, of operands that are floats, computed in
    each dtype of floats; and operands of the integers themselves."""
    info = np.iinfo(result)
    hard = [0.5, 1.5, 2.5, -0.5, -1.5, np.nan, np.inf, -np.inf, -0.0, 254.5, 1e30]
    hard += [info.max, info.min, float(info.max) + 1, float(info.min) - 1, 3, 4, 5, 6]
    dtype = np.dtype("f4" if result.itemsize <= 2 else "f8")
    for each in (dtype, *map(np.dtype, "fdg")):
        given = numbers_of(operation, each)[0]
        more = {} if each is dtype else {"dtype": each}
        arrays = [np.resize(np.roll(hard, k), 200).astype(each) for k in range(4)]
        arrays = [*arrays[: operation.arrays]]
        right = clamped(operation.right(arrays, each, **given), result)
        for out in (np.empty(200, result), np.empty(400, result)[::2]):
            operation.call(*arrays, **given, **more, out=out, casting="saturate")
            assert_same_bits(out, right)
    if operation.factors < 9 or operation.numbers:
        native = [
            values(500, result, k) if k < operation.factors else values(500, dtype, k)
            for k in range(operation.arrays)
        ]
        right = clamped(operation.right(native, dtype, **given), result)
        assert_same_bits(operation.call(*native, **given, casting="saturate"), right)
        for layout in LAYOUTS.values():
            laid = [layout(x.reshape(20, 25)) for x in native]
            assert_same_bits(
                operation.call(*laid, **given, casting="saturate"),
                right.reshape(20, 25),
            )


@pytest.mark.parametrize("name", OPERATIONS)
def test_dtypes_that_it_does_not_take(name):
    operation = OPERATIONS[name]
    for dtype in DTYPES.values():
        if kind(dtype) not in operation.kinds:
            arrays = operands_of(operation, 3, dtype, moderate)
            out = arrays[0].copy()
            for more in ({}, {"out": out}):
                with pytest.raises(TypeError, match=f"the result is {dtype}"):
                    operation.call(*arrays, **more)
            assert_same_bits(out, arrays[0])


@pytest.mark.parametrize("operation, dtype", EACH)
def test_batches_of_small_planes(operation, dtype, instruction_set):
    """Each operand, and all but the first, across its planes; of sizes that are whole
    tiles and not."""
    given = numbers_of(operation, dtype)[-1]
    for shape in (
        *((300, 4, 4), (150, 5, 8), (60, 8, 10), (20, 16, 17), (9, 7, 9, 9)),
        *((100, 2, 2), (70, 3, 3), (90, 2, 3), (40, 3, 2), (25, 4, 4), (12, 5, 5)),
    ):
        arrays = operands_of(operation, shape, dtype)
        right = operation.right(arrays, dtype, **given)
        across = [x.swapaxes(-1, -2).copy().swapaxes(-1, -2) for x in arrays]
        for each in range(1, operation.arrays):
            laid = [*arrays[:each], across[each], *arrays[each + 1 :]]
            assert_same_bits(operation.call(*laid, **given), right)
        laid = [arrays[0], *across[1:]]
        assert_same_bits(operation.call(*laid, **given), right)
        laid[-1] = laid[-1].astype(laid[-1].dtype.newbyteorder()).astype(dtype)
        assert_same_bits(operation.call(*laid, **given, out=across[0]), right)


def ways_to_lie(x):
    """The same rows, short or not: apart, from row to row, in columns, as every second
    to fifth element, and as one element or row for all."""
    m, n = x.shape
    for step in range(1, 6):
        laid = np.empty((m, n, step), x.dtype)[..., step - 1]
        laid[...] = x
        yield laid
    yield np.hstack([x, x[:, :1]])[:, :n]
    yield np.hstack([x[:, :1], x])[::-1, 1:][::-1]
    yield np.asfortranarray(x)
    yield np.vstack([x, x[:3]]).T.copy().T[:m]
    yield np.broadcast_to(x[:, :1].copy(), x.shape)
    yield np.broadcast_to(x[0].copy(), x.shape)


@pytest.mark.parametrize("operation, dtype", EACH)
def test_rows_that_lie_otherwise(operation, dtype, instruction_set):
    """Brought side by side or not, by vectors, of which none may reach too far: of all
    lengths that are a vector, or not."""
    given = numbers_of(operation, dtype)[-1]
    for n in (*range(2, 10), 15, 16, 17, 24, 31, 33, 63):
        for m in (40, 5000 // n + 1) if n in (3, 4, 24) else (300 // n + 1,):
            arrays = operands_of(operation, (m, n), dtype)
            for place in range(operation.arrays):
                for laid in ways_to_lie(arrays[place]):
                    taken = [*arrays[:place], laid, *arrays[place + 1 :]]
                    right = operation.right(taken, dtype, **given)
                    assert_same_bits(operation.call(*taken, **given), right)


@pytest.mark.parametrize("code", ["u1", "i2", "f2"])
def test_channels_of_other_dtypes(code, instruction_set):
    """Narrow channels, converted on their way, and summed up."""
    for channels in range(2, 6):
        x = (np.arange(70 * 90 * channels) % 101).astype(code)
        x = x.reshape(70, 90, channels)
        one, two = x[..., 0], x[..., channels - 1]
        plane = np.linspace(-3, 3, 70 * 90, dtype="f4").reshape(70, 90)
        for wide in ("f4", "f8"):
            expected = plane.astype(wide) + 2 * one.astype(wide)
            found = fastadd.add(plane.astype(wide), one, alpha=2)
            assert_same_bits(found, expected)
            found = fastadd.add(one, two, alpha=0.5, dtype=wide)
            expected = one.astype(wide) + np.dtype(wide).type(0.5) * two.astype(wide)
            assert_same_bits(found, expected)
            expected = expected + np.dtype(wide).type(0.25) * one[:, ::-1].astype(wide)
            found = fastadd.weighted_sum(
                [one, two, one[:, ::-1]], [1, 0.5, 0.25], dtype=wide
            )
            assert_same_bits(found, expected)


@pytest.mark.parametrize("operation", FLOATS)
def test_batches_of_small_planes_and_mixtures(operation, instruction_set):
    """An operand across its planes, of another dtype than the others, and computed in
    a wider one than all of them."""
    given = numbers_of(operation, F4)[-1]
    for shape in ((300, 4, 4), (60, 8, 8), (60, 14, 7), (40, 30, 30), (20, 40, 40)):
        arrays = operands_of(operation, shape, F4, moderate)
        for each, code in combinations(range(operation.arrays), ("f2", "u1", "f8")):
            mixed = [*arrays]
            mixed[each] = (np.abs(mixed[each]) * 9 % 200).astype(code)
            for place in range(operation.arrays):
                laid = [*mixed]
                laid[place] = laid[place].swapaxes(-1, -2).copy().swapaxes(-1, -2)
                for wide in (None, "f8", "g"):
                    more = {**given, "dtype": wide} if wide else given
                    assert_same_bits(
                        operation.call(*laid, **more), operation.call(*mixed, **more)
                    )
        bytes_ = [(np.abs(x) * 9 % 200).astype("u1") for x in arrays]
        for place in range(operation.arrays):
            laid = [*bytes_]
            laid[place] = laid[place].swapaxes(-1, -2).copy().swapaxes(-1, -2)
            for wide in ("f4", "f8"):
                more = {**given, "dtype": wide, "casting": "saturate"}
                assert_same_bits(
                    operation.call(*laid, **more), operation.call(*bytes_, **more)
                )


def raised(call):
    """The kinds of floating-point errors that a call tells of."""
    found = set()
    with np.errstate(all="call", call=lambda kind, flag: found.add(kind)):
        call()
    return found


WEIGHTS = [0, -0.0, 0.5, 0.49999997, -0.5, 1, 0.25, 0.75, 2, -3.7, 1e-40, 300, 70000]
BEYOND = [1e30, -1e30, 3e38, np.inf, -np.inf, np.nan, -np.nan]


@pytest.mark.parametrize("code", "bBhHiI")
def test_small_integers_by_any_factors(code, instruction_set):
    """Kernels read them as they are; what they make of factors of any size, NaNs and
    infinities too, is what float32 makes of them, rounded and clamped; with its flags,
    which the clamping adds none to."""
    rng = np.random.default_rng(0)
    info, wide = np.iinfo(code), np.dtype("f4" if code in "bBhH" else "f8")
    more = {"casting": "saturate"}
    for n, factors in combinations((1, 15, 64, 200, 331), (WEIGHTS, BEYOND)):
        a, b = rng.integers(info.min, info.max, (2, n), code, endpoint=True)
        c, d = (np.resize(np.roll(factors, k), n).astype("f4") for k in (0, 5))
        for each in (c, c[:1], c.astype("f8")):
            for call in (
                lambda a, b, c, d, **more: fastadd.lerp(a, b, c, **more),
                lambda a, b, c, d, **more: fastadd.addcmul(
                    a, b, c, value=0.3, beta=1.5, **more
                ),
                lambda a, b, c, d, **more: fastadd.sub(a, b, alpha=c, **more),
                lambda a, b, c, d, **more: fastadd.add(a, b, alpha=c, beta=d, **more),
            ):
                out, exact = np.empty(n, code), np.empty(n, wide)
                flags = raised(partial(call, a, b, each, d, out=out, **more))
                floats = (x.astype(wide) for x in (a, b, each, d))
                expected = raised(partial(call, *floats, out=exact))
                assert_same_bits(out, clamped(exact, out.dtype))
                assert flags == expected


@pytest.mark.parametrize("code", "bBhH")
def test_lerp_to_a_half(code, instruction_set):
    """Where what is rounded decides to which integer: near a tie."""
    rng, info = np.random.default_rng(0), np.iinfo(code)
    a, b = rng.integers(info.min, info.max, (2, 5000), code, endpoint=True)
    step = b.astype("f8") - a
    step[step == 0] = 1
    w = ((np.trunc(step * rng.random(5000)) + 0.5) / step).astype("f4")
    right = clamped(lerp(*(x.astype("f4") for x in (a, b, w))), a.dtype)
    assert_same_bits(fastadd.lerp(a, b, w, casting="saturate"), right)


def test_masks_over_channels(instruction_set):
    """Of every dtype, over pixels in every layout, in each place."""
    rng = np.random.default_rng(0)
    mask = rng.random((7, 53, 1), np.float32)
    for code, channels in combinations(("f4", "f8", "f2", "u1"), (1, 3, 4)):
        x, y = rng.integers(0, 256, (2, 7, 53, channels), np.uint8)
        w = (mask * 200 if code == "u1" else mask).astype(code)
        for call in (
            fastadd.lerp,
            lambda x, y, w, **more: fastadd.addcmul(x, y, w, value=0.5, **more),
            lambda x, y, w, **more: fastadd.sub(x, y, alpha=w, **more),
            lambda x, y, w, **more: fastadd.add(
                x, y, beta=w, alpha=w[:1, ::-1], **more
            ),
        ):
            right = clamped(call(*(z.astype("f4") for z in (x, y, w))), x.dtype)
            for layout in LAYOUTS.values():
                for each in ((layout(x), y), (x, layout(y)), (layout(x), layout(y))):
                    out = stepped(np.zeros_like(x))
                    call(*each, layout(w), out=out, casting="saturate")
                    assert_same_bits(out, right)


@pytest.mark.parametrize("wide", ["f4", "f8", "g"])
@pytest.mark.parametrize("code", "bhiqBHIQ")
def test_saturation_at_the_limits(code, wide, instruction_set):
    """Halves beside the largest number, infinities and NaNs; and no flag is raised."""
    info, number = np.iinfo(code), np.dtype(wide).type
    for limit in map(number, (info.max, info.min or 1)):
        near = [np.nextafter(limit, number(way)) for way in (-9, np.inf)]
        x = [
            limit,
            limit - number(0.5),
            limit + 1,
            *near,
            np.nan,
            np.inf,
            -np.inf,
            -0.0,
        ]
        x = np.array(x * 3, wide)
        for n in (1, len(x)):
            out = np.zeros(n, code)
            more = {"out": out, "casting": "saturate", "dtype": wide}
            with np.errstate(all="raise"):
                fastadd.add(x[:n], np.zeros(n, wide), **more)
            assert (out == clamped(x[:n], out.dtype)).all()
    for other in (1, 2):
        largest = np.array([info.max, info.min, 5] * 9, code)
        with np.errstate(all="raise"):
            got = fastadd.add(
                largest,
                np.full(27, other, code),
                alpha=0.5,
                casting="saturate",
                dtype=wide,
            )
        exact = largest.astype(wide) + np.dtype(wide).type(0.5) * other
        assert (got == clamped(exact, got.dtype)).all()


def test_saturation_refuses():
    x, bools = np.ones(3, "u1"), np.ones(3, bool)
    for call, says in (
        (lambda: fastadd.add(bools, bools, casting="saturate"), "this one is bool"),
        (
            lambda: fastadd.add(x, 1j * x, out=x, casting="saturate"),
            "other is complex",
        ),
        (
            lambda: fastadd.add(x, x, casting="saturate", dtype="i4"),
            "float32, float64 or longdouble",
        ),
        (lambda: fastadd.add(x, x, casting="saturate", alpha=1j), "alpha=1j"),
        (
            lambda: fastadd.add(np.ma.ones(3, "u1"), x, casting="saturate"),
            "MaskedArray computes in its own way",
        ),
    ):
        with pytest.raises(TypeError, match=says):
            call()
    floats = np.ones(3)
    assert fastadd.add(floats, x, casting="saturate").dtype == np.float64


def test_the_compiled_part_refuses_what_it_has_no_kernel_for():
    x = np.ones(3, int)
    numbers = [np.array(1), np.array(1)]
    with pytest.raises(TypeError, match="addcdiv of int64"):
        _core.compute_checked(
            *("addcdiv", [x, x, x], numbers, None, x.dtype, None, None, "addcdiv")
        )
