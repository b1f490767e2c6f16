"""Functions of lists against the function of one call, and those that compute in place
against `out=`: one body for each property."""

from functools import partial

import numpy as np
import pytest

import fastadd
from fastadd import _core
from fastadd._compare.cases import LAYOUTS, moderate, values
from fastadd._compare.reference import assert_same_bits
from fastadd._lists import FOREACH_ADD, apart_from_others

SHAPES = [(3,), (40, 50), (0,), (70_000,), (), (5, 1, 4), (4097,)]

# By the name of one call: how many arrays, and some coefficients.
LISTS = {
    "add": (2, {"alpha": 0.5, "beta": -2.0}),
    "sub": (2, {"alpha": 0.5}),
    "lerp": (3, {}),
    "addcmul": (3, {"value": 0.5, "beta": 0.9}),
    "addcdiv": (3, {"value": -0.5}),
}


def of(name, prefix="", suffix=""):
    return getattr(fastadd, f"{prefix}{name}{suffix}")


def arrays(name, dtype, make=values):
    count, _ = LISTS[name]
    return [
        [
            make(shape, np.dtype(dtype), 10 * k + place)
            for place, shape in enumerate(SHAPES)
        ]
        for k in range(count)
    ]


def one_by_one(name, given, **numbers):
    return [of(name)(*members, **numbers) for members in zip(*given, strict=True)]


def same(results, right):
    assert len(results) == len(right)
    for x, y in zip(results, right, strict=True):
        assert type(x) is type(y)
        assert_same_bits(x, y)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("code", ["f2", "f4", "f8", "g", "F", "D"])
def test_values(name, code):
    given, numbers = arrays(name, code), LISTS[name][1]
    right = one_by_one(name, given, **numbers)
    same(of(name, "foreach_")(*given, **numbers), right)
    same(_core.carefully(f"foreach_{name}")(*given, **numbers), right)
    outs = [np.empty(x.shape, code) for x in given[0]]
    assert of(name, "foreach_")(*given, **numbers, out=outs) is outs
    same(outs, [np.asarray(x) for x in right])
    first = [x.copy() for x in given[0]]
    assert of(name, "foreach_", "_")(first, *given[1:], **numbers) is first
    same(first, [np.asarray(x) for x in right])


@pytest.mark.parametrize("name", LISTS)
def test_layouts_and_mixtures(name):
    given, numbers = arrays(name, "f4"), LISTS[name][1]
    for layout in LAYOUTS.values():
        laid = [[layout(x) if x.ndim else x for x in members] for members in given]
        same(of(name, "foreach_")(*laid, **numbers), one_by_one(name, given, **numbers))
    given[1] = [x.astype("f8") for x in given[1]]
    same(of(name, "foreach_")(*given, **numbers), one_by_one(name, given, **numbers))


@pytest.mark.parametrize("name", LISTS)
def test_a_number_for_all_or_one_for_each(name):
    given, numbers = arrays(name, "f4"), LISTS[name][1]
    alone = [*given[:-1], [0.25] * len(SHAPES)]
    same(
        of(name, "foreach_")(*given[:-1], 0.25, **numbers),
        one_by_one(name, alone, **numbers),
    )
    for key in numbers:
        each = [0.5 + k for k in range(len(SHAPES))]
        right = [
            of(name)(*members, **{key: number})
            for *members, number in zip(*given, each, strict=True)
        ]
        for form in (list, tuple, np.array, iter):
            same(of(name, "foreach_")(*given, **{key: form(each)}), right)


@pytest.mark.parametrize("name", LISTS)
def test_others_compute_themselves(name):
    given, numbers = arrays(name, "f4", moderate), LISTS[name][1]
    for form in (np.ma.array, partial(np.asarray, dtype=object)):
        others = [[form(x + 7) for x in members] for members in given]
        right = one_by_one(name, others, **numbers)
        results = of(name, "foreach_")(*others, **numbers)
        assert [type(x) for x in results] == [type(x) for x in right]
        for x, y in zip(results, right, strict=True):
            assert np.shape(x) == np.shape(y) and np.all(x == y)


def test_factors_of_lists():
    """A list of arrays has one for each; a lone array is a list of numbers."""
    given = arrays("add", "f4")
    factors = [values(x.shape, np.dtype("f4"), 5) for x in given[0]]
    for key in ("alpha", "beta"):
        right = [
            fastadd.add(x, y, **{key: z})
            for x, y, z in zip(*given, factors, strict=True)
        ]
        same(fastadd.foreach_add(*given, **{key: factors}), right)
        mixed = [z if k % 2 else 2.0 for k, z in enumerate(factors)]
        right = [
            fastadd.add(x, y, **{key: z}) for x, y, z in zip(*given, mixed, strict=True)
        ]
        same(fastadd.foreach_add(*given, **{key: mixed}), right)


@pytest.mark.parametrize("name", [name for name in LISTS if name != "addcdiv"])
@pytest.mark.parametrize("code", ["u1", "i2", "i4", "u8"])
def test_saturation(name, code):
    """As one call saturates; fresh, into outs, in Python and out of ready lists."""
    given, numbers = arrays(name, code), LISTS[name][1]
    right = one_by_one(name, given, **numbers, casting="saturate")
    same(of(name, "foreach_")(*given, **numbers, casting="saturate"), right)
    outs = [np.empty(x.shape, code) for x in given[0]]
    wide = [[x.astype("f4") for x in members] for members in given]
    of(name, "foreach_")(*wide, **numbers, casting="saturate", out=outs)
    for out, *members in zip(outs, *wide, strict=True):
        alone = np.empty(out.shape, code)
        of(name)(*members, **numbers, casting="saturate", out=alone)
        assert_same_bits(out, alone)


def test_casting_of_lists():
    x, out = [np.array([1.7])], [np.empty(1, "i4")]
    with pytest.raises(TypeError, match="int32"):
        fastadd.foreach_add(x, x, out=out)
    assert fastadd.foreach_add(x, x, out=out, casting="unsafe")[0][0] == 3
    with pytest.raises(TypeError, match="float32"):
        fastadd.foreach_add([np.ones(2, "f4")], [np.ones(2)], out=x, casting="no")
    with pytest.raises(ValueError, match="casting='never'"):
        fastadd.foreach_lerp(x, x, 0.5, casting="never")


def test_weighted_sums():
    models = [arrays("add", "f4")[0] for _ in range(3)]
    weights = [0.5, -2.0, 0.25]
    right = [
        fastadd.weighted_sum(members, weights) for members in zip(*models, strict=True)
    ]
    same(fastadd.foreach_weighted_sum(models, weights), right)
    outs = [np.empty(x.shape, "f8") for x in models[0]]
    fastadd.foreach_weighted_sum(models, weights, out=outs)
    same(outs, [np.asarray(x, "f8") for x in right])
    bytes_of = [[values(x.shape, np.dtype("u1"), 7) for x in models[0]]] * 3
    same(
        fastadd.foreach_weighted_sum(bytes_of, weights, casting="saturate"),
        [
            fastadd.weighted_sum(members, weights, casting="saturate")
            for members in zip(*bytes_of, strict=True)
        ],
    )


def test_weighted_sums_check_all_before_they_write():
    models = [[np.ones(3, "f4"), np.ones(2, "f4")] for _ in range(2)]
    for spoil in (np.ones(5, "f4"), np.ones(2, "c8"), None):
        wrong = [models[0], [models[1][0], spoil]]
        first = [x.copy() for x in models[0]]
        with pytest.raises((TypeError, ValueError)) as caught:
            fastadd.foreach_weighted_sum(wrong, [2.0, 2.0], out=models[0])
        assert "place 1" in caught.value.__notes__[0]
        same(models[0], first)


@pytest.mark.parametrize("name", LISTS)
def test_outs_in_operands_of_others(name):
    line = values(4000, np.dtype("f4"), 3)
    count, numbers = LISTS[name]
    given = [[line[k : k + 900], line[2000 + k : 2900 + k]] for k in range(count)]
    copies = [[x.copy() for x in members] for members in given]
    outs = [line[2500:3400], line[100:1000]]
    right = one_by_one(name, copies, **numbers)
    same(of(name, "foreach_")(*given, **numbers, out=outs), right)


def test_what_another_call_writes_is_copied():
    """Whichever of both comes first: they are computed at once."""
    line = np.arange(60.0)
    outs = [line[k : k + 10] for k in (0, 20, 40)]
    places = apart_from_others(FOREACH_ADD, [list(outs) for _ in outs], outs)
    for operands, own in zip(places, outs, strict=True):
        for operand, out in zip(operands, outs, strict=True):
            assert_same_bits(operand, out)
            assert (operand is out) == (out is own)


@pytest.mark.parametrize("name", LISTS)
def test_refusals_write_nothing(name):
    given, numbers = arrays(name, "f4", moderate), LISTS[name][1]
    for spoil, says in (
        (lambda members: members[:-1], "pass one for each"),
        (lambda members: [*members[:-1], np.ones(7)], "do not broadcast|shape"),
        (lambda members: [*members[:-1], None], "None"),
        (lambda members: None, "list"),
    ):
        first = [x.copy() for x in given[0]]
        wrong = [first, *given[1:-1], spoil(given[-1])]
        with pytest.raises((TypeError, ValueError), match=says):
            of(name, "foreach_", "_")(*wrong, **numbers)
        same(first, given[0])


@pytest.mark.parametrize("name", [*LISTS, "relu", "clip_grad_norm", "clip_grad_value"])
def test_in_place(name):
    x = moderate(300, np.dtype("f4"), 1)
    if name == "relu":
        more, numbers = [], {}
    elif name in ("clip_grad_norm", "clip_grad_value"):
        more, numbers = [1.0], {}
    else:
        count, numbers = LISTS[name]
        more = [moderate(300, np.dtype("f4"), k) + 7 for k in range(1, count)]
    y = x.copy()
    right = of(name)(x.copy(), *more, **numbers)
    result = of(name, "", "_")(y, *more, **numbers)
    if name == "clip_grad_norm":
        assert result[1] == right[1]
        result, right = result[0], right[0]
    assert result is y
    assert_same_bits(y, right)
    with pytest.raises(
        TypeError, match=rf"{name}_\(\) has no argument out=.*{name} takes"
    ):
        of(name, "", "_")(y, *more, out=y)
    with pytest.raises(TypeError):
        of(name, "", "_")([1.0, 2.0], *more)
    y.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        of(name, "", "_")(y, *more, **numbers)


def test_models_are_averaged():
    models = [arrays("add", "f4", moderate)[0] for _ in range(4)]
    weights = [0.1, 0.2, 0.3, 0.4]
    sums = [fastadd.weighted_sum(members) for members in zip(*models, strict=True)]
    same(fastadd.foreach_weighted_sum(models), sums)
    right = [
        fastadd.weighted_sum(members, weights) for members in zip(*models, strict=True)
    ]
    same(fastadd.foreach_weighted_sum(models, weights), right)
    same(fastadd.foreach_weighted_sum(map(iter, models), iter(weights)), right)
    first = models[0] = [x.copy() for x in models[0]]
    assert fastadd.foreach_weighted_sum(models, weights, out=first) is first
    same(first, [np.asarray(x) for x in right])
    for call, says in (
        (partial(fastadd.foreach_weighted_sum, []), "lists is empty"),
        (partial(fastadd.foreach_weighted_sum, models, [1]), "there are 4 lists and 1"),
        (partial(fastadd.foreach_weighted_sum, [models[0], []]), r"in lists\[1\]"),
    ):
        with pytest.raises(ValueError, match=says):
            call()


def test_halves_into_wider_outs():
    x = [np.array([3, 4], "f2"), np.array([12], "f2")]
    outs = [np.empty(2, "f4"), np.empty(1, "f8")]
    clipped, norm = fastadd.clip_grad_norm(x, 6.5, out=outs)
    assert norm == 13 and clipped is outs
    assert [y.tolist() for y in outs] == [[1.5, 2], [6]]
    right = [
        fastadd.lerp(y, 0.0, 0.3).astype(z.dtype) for y, z in zip(x, outs, strict=True)
    ]
    same(fastadd.foreach_lerp(x, [0.0, 0.0], 0.3, out=outs), right)
    mask = [True, False]
    result = fastadd.weighted_sum([x[0], x[0]], out=np.ones(2, "f4"), where=mask)
    assert result.tolist() == [6, 1]
    shorts = [np.arange(3, dtype="i2")]
    wide = [np.empty(3, "i4")]
    assert fastadd.foreach_add(shorts, shorts, alpha=2, out=wide) is wide
    assert wide[0].tolist() == [0, 3, 6]


@pytest.mark.parametrize("key", ["alpha", "beta"])
def test_a_number_beside_factors(key):
    x, c = values(100, np.dtype("f4"), 1), values(100, np.dtype("f4"), 2)
    for pair in ((x, 2.5), (2.5, x)):
        both = [np.broadcast_to(np.float32(each), 100).copy() for each in pair]
        assert_same_bits(fastadd.add(*pair, **{key: c}), fastadd.add(*both, **{key: c}))


@pytest.mark.parametrize("name", [*LISTS, "weighted_sum"])
@pytest.mark.parametrize("dtype", ["f2", "f4"])
def test_outs_that_overlap(name, dtype):
    """Outs may lie over operands of other places, and not over one another, also where
    16-bit floats are rounded on their way."""
    count, numbers = LISTS.get(name, (2, {}))
    call = of(name, "foreach_")
    line = np.zeros(60)
    given = [
        [np.arange(k + 1, k + 11).astype(dtype) for k in range(2)] for _ in range(count)
    ]
    arguments = (given,) if name == "weighted_sum" else given
    with pytest.raises(ValueError, match=r"out\[0\] and out\[1\] overlap"):
        call(*arguments, **numbers, out=[line[:10], line[5:15]])
    assert not line.any()
    with pytest.raises(ValueError, match=r"out\[1\]"):
        call(*arguments, **numbers, out=[line[:10], line[15:24]])
    assert not line.any()
    right = [np.asarray(x, float) for x in call(*arguments, **numbers)]
    memory = line.view(dtype) if dtype == "f2" else line.astype(dtype)
    outs = [memory[:40].view("f8"), memory[40:80].view("f8")] if dtype == "f2" else None
    outs = outs or [memory[:10], memory[10:20]]
    for members, k in ((given[0], 1), (given[-1], 0)):  # in the memory of the other out
        own = outs[k].view(dtype)[:10] if dtype == "f2" else outs[k]
        own[...] = members[1 - k]
        members[1 - k] = own
    call(*arguments, **numbers, out=outs)
    for x, y in zip(outs, right, strict=True):
        assert (np.asarray(x, float) == y).all()


def test_outs_of_what_computes_itself_overlap():
    line = np.zeros(60)
    outs = [line[:10], line[5:15]]
    for given in ([np.ma.ones(10), np.ones(10)], [np.ones(10, object), np.ones(10)]):
        with pytest.raises(ValueError, match=r"out\[0\] and out\[1\] overlap"):
            fastadd.foreach_add(given, 1, out=outs)
        assert not line.any()
    line[:10], line[10:20] = 1, 2
    given = [line[10:20], np.ma.array(line[:10], copy=False)]
    fastadd.foreach_add(given, 1, out=[line[:10], line[10:20]])
    assert (line[:20] == np.repeat([3, 2], 10)).all()
