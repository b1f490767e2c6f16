"""foreach_adam_: bits of NumPy's chain, in every dtype, layout and mixture, on every
instruction set; what is refused, and that nothing is written then."""

import math
import re
from functools import partial

import numpy as np
import pytest
from fastadd._core import carefully

import fastadd
from fastadd import foreach_adam_
from fastadd._compare.cases import DTYPES, LAYOUTS, moderate, values
from fastadd._compare.check import ADAM
from fastadd._compare.reference import adam, assert_same_bits

FLOATS = [name for name, dtype in DTYPES.items() if dtype.kind in "fV"]
SIZES = (0, 1, 3, 7, 8, 10, 31, 67, 1003)
WRITTEN = (0, 2, 3)


def arrays(shape, dtypes, make=moderate):
    """p, g, m and v, which has no negative numbers."""
    if not isinstance(dtypes, list):
        dtypes = [dtypes] * 4
    found = [make(shape, dtype, seed) for seed, dtype in enumerate(dtypes)]
    found[3] = np.abs(found[3])
    return found


def check(rows, function=foreach_adam_, **given):
    """A step of rows of p, g, m and v has NumPy's bits, and leaves the gradients."""
    native = [[x.astype(x.dtype.newbyteorder("=")) for x in row] for row in rows]
    right = [adam(*row, **given) for row in native]
    lists = [list(each) for each in zip(*rows, strict=True)]
    assert function(*lists, **given) is lists[0]
    for row, (_, g, *_), expected in zip(rows, native, right, strict=True):
        for place, y in zip(WRITTEN, expected, strict=True):
            assert_same_bits(row[place].astype(y.dtype), y)
        assert_same_bits(row[1].astype(g.dtype), g)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("given", ADAM, ids=["plain", "decay", "decoupled"])
def test_values(name, given, instruction_set):
    for function in (foreach_adam_, carefully("foreach_adam_")):
        for make in (values, moderate):
            check([arrays(n, DTYPES[name], make) for n in SIZES], function, **given)


@pytest.mark.parametrize("name", FLOATS)
def test_many_steps(name, instruction_set):
    """The averages of one step are those of the next."""
    ours = [arrays(n, DTYPES[name]) for n in (3, 100)]
    for _, _, m, v in ours:
        m[...] = v[...] = 0
    theirs = [[x.copy() for x in row] for row in ours]
    for step in range(1, 20):
        foreach_adam_(*map(list, zip(*ours, strict=True)), step=step, lr=0.01)
        for row in theirs:
            row[0], row[2], row[3] = adam(*row, step=step, lr=0.01)
    for one, two in zip(ours, theirs, strict=True):
        for x, y in zip(one, two, strict=True):
            assert_same_bits(x, y)


@pytest.mark.parametrize("name", FLOATS)
def test_layouts(name, instruction_set):
    """Of one array, of all, and of arrays in several orders; large ones by tiles."""
    dtype, given = DTYPES[name], ADAM[1]
    for shape in ((5, 7, 67), (130, 140), (4, 3)):
        for layout in LAYOUTS:
            for laid in ((0, 1, 2, 3), (0,), (1,), (2,), (3,), (2, 3)):
                row = arrays(shape, dtype)
                for place in laid if layout != "read-only" else (1,):
                    row[place] = LAYOUTS[layout](row[place])
                check([row, arrays(shape, dtype)], **given)
    row = arrays((6, 50), dtype)
    row[1] = np.broadcast_to(row[1][:, :1], (6, 50))
    check([row], **given)
    check([[x[()].reshape(()) for x in arrays(1, dtype)]], **given)


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 0, 1)])
def test_transposed_averages(order, instruction_set):
    """Their blocks are brought into the order of the parameters, and back."""
    for name in ("float32", "float64", "float16"):
        row = arrays((70, 40, 30), DTYPES[name])
        for place in (2, 3):
            there = np.transpose(row[place], order).copy()
            row[place] = np.transpose(there, np.argsort(order))
        check([row], **ADAM[2])


@pytest.mark.parametrize(
    "names",
    [
        ["bfloat16", "bfloat16", "float32", "float32"],
        ["float16", "float16", "float32", "float32"],
        ["float32", "bfloat16", "float32", "float32"],
        ["float32", "float32", "bfloat16", "float16"],
        ["float32", "float64", "float32", "float32"],
        ["float64", "float16", "float32", "bfloat16"],
        ["longdouble", "float32", "float64", "float32"],
    ],
    ids="-".join,
)
def test_mixtures(names, instruction_set):
    """Computed in the widest dtype, but at least float32, and rounded once."""
    dtypes = [DTYPES[name] for name in names]
    for function in (foreach_adam_, carefully("foreach_adam_")):
        rows = [arrays(n, dtypes) for n in (3, 1003, 20_000)]
        check([*rows, arrays(50, np.dtype("f8"))], function, **ADAM[1])
    row = arrays((70, 90), dtypes)
    for place, name in enumerate(("stepped", "misaligned", "swapped", "F")):
        row[place] = LAYOUTS[name](row[place])
    check([row], **ADAM[2])


def test_16_bit_parameters_are_made_of_exact_averages():
    """The averages are rounded when they are stored, not before."""
    half = np.dtype("f2")
    p, g, m, v = (np.full(1, x, half) for x in (1, 0.1, 0.3, 1e-6))
    wide = adam(*(x.astype("f4") for x in (p, g, m, v)), step=5, lr=0.5)
    rounded = adam(*(x.astype(half) for x in (p, g, m, v)), step=5, lr=0.5)
    foreach_adam_([p], [g], [m], [v], step=5, lr=0.5)
    for found, x, y in zip((p, m, v), wide, rounded, strict=True):
        assert found == x.astype(half) == y
    averages = [x.astype(half).astype("f4") for x in wide[1:]]
    corrected = [averages[0] / (1 - 0.9**5), averages[1] / (1 - 0.999**5)]
    other = 1 - 0.5 * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)
    assert other.astype(half) != p  # it would be another number


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_threads(threads, instruction_set):
    with fastadd.threads(threads):
        for name in ("float32", "float64", "bfloat16"):
            rows = [arrays(n, DTYPES[name]) for n in (150_000, 7, 0, 40_001, 3000)]
            check([*rows, *(arrays(900, DTYPES[name]) for _ in range(50))], **ADAM[1])


def test_every_kind_of_list():
    def rows():
        return [[x] for x in arrays(10, DTYPES["float32"])]

    lists = rows()
    right = adam(*(x.copy() for (x,) in lists), step=1)
    for kind in (tuple, iter, lambda x: dict(enumerate(x)).values()):
        given = [kind(x) for x in rows()]
        result = foreach_adam_(*given, step=1)
        assert result is given[0] or type(result) is list
        assert_same_bits(next(iter(result)), right[0])
    assert foreach_adam_([], [], [], [], step=1) == []
    stacked = np.array([x for (x,) in lists]).reshape(4, 1, 10)
    foreach_adam_(*stacked, step=1)
    assert_same_bits(stacked[0, 0], right[0])


def test_numbers_of_every_kind():
    for given in (
        {"step": np.int8(3), "lr": np.float32(0.5)},
        {"step": np.array(3), "lr": np.array(0.5)},
        {"step": 3, "lr": 1, "betas": [0.5, np.float64(0.75)], "eps": 1},
        {"step": 3, "betas": np.array([0, 0.5]), "weight_decay": 2, "decoupled": True},
        {"step": 3, "betas": (0, 0.5), "weight_decay": 2, "decoupled": np.True_},
        {"step": 3, "lr": math.inf},
        {"step": 10**30},
    ):
        row = arrays(10, DTYPES["float32"])
        plain = {
            name: tuple(map(float, x)) if name == "betas" else np.asarray(x).item()
            for name, x in given.items()
        }
        right = adam(*row, **plain)
        foreach_adam_(*([x] for x in row), **given)
        for place, y in zip(WRITTEN, right, strict=True):
            assert_same_bits(row[place], y)
    row = arrays(10, DTYPES["float32"])
    right = adam(*row, step=10**30)
    foreach_adam_(*([x] for x in row), step=10**400)
    assert_same_bits(row[0], right[0])


def test_other_arrays():
    """Gradients may be lists, or tensors; what is written may lie in a file's memory,
    or be columns of one array."""
    row = arrays(3, DTYPES["float64"])
    right = adam(*row, step=2)
    foreach_adam_([row[0]], [row[1].tolist()], [row[2]], [row[3]], step=2)
    assert_same_bits(row[0], right[0])
    table = np.asfortranarray(np.stack(arrays(50, DTYPES["float32"]), axis=1)).copy("C")
    right = adam(*table.T.copy(), step=2)
    foreach_adam_(*([x] for x in table.T), step=2)
    for place, y in zip(WRITTEN, right, strict=True):
        assert_same_bits(table[:, place].copy(), y)


def test_a_file(tmp_path):
    row = arrays(300, DTYPES["float32"])
    right = adam(*row, step=2)
    file = np.memmap(tmp_path / "p", "f4", "w+", shape=300)
    file[...] = row[0]
    foreach_adam_([file], *([x] for x in row[1:]), step=2)
    assert_same_bits(np.asarray(file), right[0])


@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_torch_makes_the_same_numbers(decoupled, dtype):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    p = [rng.standard_normal(shape).astype(dtype) for shape in ((30, 20), (7,))]
    m, v = ([np.zeros_like(x) for x in p] for _ in range(2))
    theirs = [torch.tensor(x, requires_grad=True) for x in p]
    kind = torch.optim.AdamW if decoupled else torch.optim.Adam
    given = {"lr": 0.01, "betas": (0.8, 0.99), "eps": 1e-6, "weight_decay": 0.1}
    optimiser = kind(theirs, **given)
    for step in range(1, 30):
        g = [rng.standard_normal(x.shape).astype(dtype) for x in p]
        for x, y in zip(theirs, g, strict=True):
            x.grad = torch.tensor(y)
        optimiser.step()
        foreach_adam_(p, g, m, v, step=step, decoupled=decoupled, **given)
    tolerance = 1e-5 if dtype == "f4" else 1e-13
    for x, y in zip(p, theirs, strict=True):
        np.testing.assert_allclose(x, y.detach().numpy(), tolerance, tolerance)


def test_tensors():
    torch = pytest.importorskip("torch")
    row = arrays(5, DTYPES["float32"])
    right = adam(*row, step=2)
    gradient = torch.tensor(row[1])
    foreach_adam_([row[0]], [gradient], [row[2]], [row[3]], step=2)
    assert_same_bits(row[0], right[0])


# ---- flags ---------------------------------------------------------------------------

ONE = {"p": 1.0, "g": 1.0, "m": 1.0, "v": 1.0}
FLAGS = {
    "overflow": {"g": 1e38, "v": 3e38},
    "underflow": {"g": 1e-30},
    "invalid": {"v": -1000.0},
    "divide": {"v": 0.0, "g": 0.0},
}


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("way", ["ready", "careful", "halves"])
@pytest.mark.parametrize("n", [1, 3, 8, 17, 1003, 100_003])
def test_flags(flag, way, n, instruction_set):
    numbers = ONE | FLAGS[flag]
    halves = {"overflow": {"p": 6e4, "g": -6e4}, "underflow": {"v": 0.0, "g": 0.01}}
    if way == "halves":
        if flag not in halves:
            return
        numbers = ONE | halves[flag]
    given = {"step": 1, "eps": 0.0, "lr": 1e4 if way == "halves" else 1e-3}
    for place in {0, n // 2, n - 1}:
        row = [np.full(n, ONE[name], "f2" if way == "halves" else "f4") for name in ONE]
        for x, number in zip(row, numbers.values(), strict=True):
            x[place] = number
        if way == "careful":
            row[1] = row[1].astype(">f4")
        lists = [[x] for x in row]
        name = flag.replace("flow", "")
        with (
            np.errstate(**{"all": "ignore", name: "raise"}),
            pytest.raises(FloatingPointError, match=f"{flag} .*in foreach_adam_"),
        ):
            foreach_adam_(*lists, **given)
        assert row[2][place] != 1 or numbers["g"] == 1  # it is done by then


def test_nothing_raised_otherwise(instruction_set):
    """As by lanes behind the end of a row."""
    with np.errstate(all="raise"):
        for name in FLOATS:
            for n in (*range(40), 1003):
                row = [np.ones(n, DTYPES[name]) for _ in range(4)]
                foreach_adam_(*([x] for x in row), step=1)


def test_warnings_point_here():
    for dtype in ("f4", ">f4"):
        row = [np.full(3, 1.0, dtype) for _ in range(3)] + [np.full(3, -1e4, dtype)]
        with (
            np.errstate(all="warn"),
            pytest.warns(RuntimeWarning, match="invalid value") as caught,
        ):
            foreach_adam_(*([x] for x in row), step=1)
        assert {each.filename for each in caught} == {__file__}


# ---- refusals ------------------------------------------------------------------------


def lists_of(n=4, dtype="f4"):
    """Of two places."""
    return [[np.full(k, 1.0, dtype) for k in (n, n + 1)] for _ in range(4)]


def put(name, x, place=1):
    def change(lists):
        k = ["params", "grads", "exp_avgs", "exp_avg_sqs"].index(name)
        lists[k][place] = x(lists[k][place]) if callable(x) else x

    return change


def share(one, two):
    """The second of one list is, in part, that of another."""

    def change(lists):
        memory = np.ones(8, "f4")
        lists[one][1], lists[two][1] = memory[:5], memory[3:]

    return change


def read_only(x):
    x.flags.writeable = False
    return x


REFUSED = [
    (lambda x: x[1].pop(), {}, ValueError, "2 params and 1 grads"),
    (lambda x: x[3].append(x[3][0]), {}, ValueError, "2 params and 3 exp_avg_sqs"),
    (put("grads", np.ones(3, "f4")), {}, ValueError, r"grads\[1\] has shape \(3,\)"),
    (
        put("exp_avgs", np.ones((5, 1), "f4")),
        {},
        ValueError,
        r"exp_avgs\[1\] has shape",
    ),
    (put("params", read_only), {}, ValueError, r"params\[1\] is read-only"),
    (put("exp_avgs", read_only), {}, ValueError, r"exp_avgs\[1\] is read-only"),
    (
        put("exp_avg_sqs", read_only, 0),
        {},
        ValueError,
        r"exp_avg_sqs\[0\] is read-only",
    ),
    (
        put("exp_avgs", lambda x: np.lib.stride_tricks.as_strided(x, (5,), (0,))),
        *({}, ValueError, r"exp_avgs\[1\] overlaps itself"),
    ),
    (share(0, 2), {}, ValueError, r"params\[1\] and exp_avgs\[1\] overlap"),
    (share(2, 3), {}, ValueError, r"exp_avgs\[1\] and exp_avg_sqs\[1\] overlap"),
    (share(0, 1), {}, ValueError, r"params\[1\] and grads\[1\] overlap"),
    (share(1, 3), {}, ValueError, r"grads\[1\] and exp_avg_sqs\[1\] overlap"),
    (
        lambda x: x[2].__setitem__(0, x[0][1][:4]),
        *({}, ValueError, r"(params\[1\] and exp_avgs\[0\]|.*\[0\] and .*) overlap"),
    ),
    (put("params", [1.0] * 5), {}, TypeError, r"params\[1\] is of type list.*ndarray"),
    (put("exp_avgs", None), {}, TypeError, r"exp_avgs\[1\] is of type NoneType"),
    (put("grads", None), {}, TypeError, r"grads\[1\] is None"),
    (put("grads", np.ma.ones(5)), {}, TypeError, r"grads\[1\] .*computes in its own"),
    (put("params", np.ma.ones(5)), {}, TypeError, r"params\[1\] .*computes in its own"),
    (put("params", np.ones(5, int)), {}, TypeError, r"params\[1\] has dtype int64"),
    (put("grads", np.ones(5, bool)), {}, TypeError, r"grads\[1\] has dtype bool"),
    (put("grads", np.ones(5, "F")), {}, TypeError, r"has dtype complex64.*x\.view"),
    (put("grads", np.ones(5, object)), {}, TypeError, r"grads\[1\] has dtype object"),
    (lambda x: None, {"step": 0}, ValueError, "step=0"),
    (lambda x: None, {"step": -(10**30)}, ValueError, "step=-1000"),
    (lambda x: None, {"step": 1.0}, TypeError, "step is of type float"),
    (lambda x: None, {"step": True}, TypeError, "step is of type bool"),
    (lambda x: None, {"lr": -1e-3}, ValueError, "lr=-0.001"),
    (lambda x: None, {"lr": math.nan}, ValueError, "lr=nan"),
    (lambda x: None, {"lr": "1"}, TypeError, "lr is of type str"),
    (lambda x: None, {"lr": 10**400}, OverflowError, "lr=.*float64"),
    (lambda x: None, {"lr": 1e39}, OverflowError, r"params\[0\].*float32.*lr=1e\+39"),
    (lambda x: None, {"eps": 1e39}, OverflowError, r"params\[0\].*float32.*eps=1e\+39"),
    (lambda x: None, {"eps": -1e-8}, ValueError, "eps=-1e-08"),
    (lambda x: None, {"weight_decay": -1}, ValueError, "weight_decay=-1"),
    (lambda x: None, {"betas": (0.9, 1.0)}, ValueError, r"betas\[1\]=1.0.*less than 1"),
    (lambda x: None, {"betas": (-0.1, 0.9)}, ValueError, r"betas\[0\]=-0.1"),
    (lambda x: None, {"betas": (0.9,)}, ValueError, "betas=.*two numbers"),
    (lambda x: None, {"betas": 0.9}, TypeError, "betas is of type float"),
    (lambda x: None, {"betas": np.array(0.9)}, TypeError, "betas is of type numpy"),
    (lambda x: None, {"betas": (0.9, "x")}, TypeError, r"betas\[1\] is of type str"),
    (lambda x: None, {"amsgrad": True}, TypeError, "no argument amsgrad=True"),
    (lambda x: None, {"out": []}, TypeError, "no argument out=.*It takes params"),
]


@pytest.mark.parametrize("change, given, error, says", REFUSED)
def test_refused(change, given, error, says):
    lists = lists_of()
    change(lists)
    before = [np.array(x, copy=True) for each in lists for x in each]
    with pytest.raises(error, match=re.compile(says, re.S)):
        foreach_adam_(*lists, **{"step": 1} | given)
    for x, was in zip((x for each in lists for x in each), before, strict=True):
        assert np.array_equal(np.asarray(x), was)


def test_refused_arguments():
    lists = lists_of()
    for call, says in (
        (partial(foreach_adam_, *lists), r"lacks step\. It takes params, grads"),
        (partial(foreach_adam_, *lists[:3], step=1), "lacks exp_avg_sqs"),
        (partial(foreach_adam_, *lists, 1), "takes 4: .*Pass step, lr"),
        (partial(foreach_adam_, *lists, step=1, beta=1), r"Did you mean betas="),
        (
            partial(foreach_adam_, {"a": 1}, *lists[1:], step=1),
            "params is of type dict",
        ),
        (partial(foreach_adam_, lists[0], 1.0, *lists[2:], step=1), "grads is of type"),
    ):
        with pytest.raises(TypeError, match=says):
            call()
    assert all((x == 1).all() for each in lists for x in each)


def test_gradients_may_be_shared():
    """They are read alone."""
    lists = lists_of()
    g = np.full(4, 0.5, "f4")
    for each in lists:
        each[1] = each[1][:4]
    lists[1] = [g, g]
    foreach_adam_(*lists, step=1)
    assert_same_bits(*lists[0])
    assert (lists[0][0] != 1).all()
