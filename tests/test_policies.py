"""Each policy of memory access is taken where it is meant to be, and only there: by a
call that should, and by no neighbour of it that should not. (That it computes the right
numbers is what all other tests are for.)"""

import numpy as np
import pytest
from fastadd._core import explain
from fresh import run_python

import fastadd
from fastadd import _core, _machine

SQUARE = np.ones((512, 512), "f4")
SMALL = np.ones((8, 8), "f4")
BATCH = np.ones((5000, 4, 4), "f4")
PIXELS = np.ones((300, 200, 3), "f4")


@pytest.fixture(autouse=True)
def machine():
    before = fastadd.get_num_threads()
    fastadd.set_num_threads(2)
    _core.set_last_level_cache(1 << 21)
    yield
    fastadd.set_num_threads(before)
    _core.set_last_level_cache(*_machine.cache_habits())


def told(function, *operands, **more):
    """What `explain` says of a call into an out that fits it."""
    if "out" not in more:
        shape = np.broadcast_shapes(*(x.shape for x in operands))
        more["out"] = np.empty(shape, np.result_type(*operands[:2]))
    return explain(*operands, function=function, **more)


def path(*operands, **more):
    return told("add", *operands, **more)


def test_a_small_call_is_one_row():
    found = path(SMALL, SMALL)
    assert found["axes"] == [64]
    assert found["loads"] == []
    assert found["blocks"] == found["threads"] == 1
    assert not any(
        found[policy]
        for policy in (
            "masked",
            "streamed",
            "prefetched",
            "aligned",
            "repeated",
            "packed",
        )
    )


def test_large_arrays_are_shared_and_streamed():
    large = np.ones(1 << 20, "f4")
    found = path(large, large)
    assert found["threads"] == 2
    assert found["streamed"]
    assert found["blocks"] > 2
    assert not path(large[: 1 << 16], large[: 1 << 16])["streamed"]
    assert not explain(large, large, out=large)["streamed"]
    assert not path(large.astype("g"), large.astype("g"))["streamed"]


def test_streamed_from_the_size_of_the_cache_on():
    """Which the import asks for."""
    code = """
import numpy as np
from fastadd import _core, _machine
from fastadd._compare.cases import DTYPES, MIXTURES, kind, values
from fastadd._compare.reference import assert_same_bits, reference
n = _machine.cache_habits()[1] // 10  # of out, half counts
for length in (n // 2, 2 * n):
    a, b, out = np.empty((3, length), "f4")
    print(_core.explain(a, b, out=out)["streamed"])
"""
    done = run_python(code)
    assert done.stdout.split() == ["False", "True"], done.stderr


def test_transposed_operands_are_computed_in_tiles():
    found = path(SQUARE, SQUARE.T)
    assert found["loads"] == [[], ["transposed"]]
    assert found["block"] == (64, 64)
    found = path(SQUARE, SQUARE.T.astype("f8").T.copy("F"))
    assert found["loads"][1] == ["transposed"]
    assert path(SMALL, SMALL.T)["loads"] == []
    for size, columns in (("u1", 256), ("f2", 128), ("f8", 32), ("c16", 16)):
        x = SQUARE.astype(size)
        assert path(x, x.T)["block"] == (64, columns)


def test_mixed_dtypes():
    row = np.ones(5000)
    fused = path(row, row.astype("f4"))
    assert fused["loads"] == []
    assert sorted(fused["reads"]) == ["float32", "float64"]
    found = path(row.astype("F"), row.astype("i8"))
    assert found["loads"] == [["converted"], ["converted"]]
    assert found["computes in"] == "complex128"


def test_one_short_row_is_repeated():
    assert path(PIXELS, PIXELS[0, 0])["repeated"]
    assert not path(PIXELS[:5, :5], PIXELS[0, 0])["repeated"]
    assert not path(SQUARE, SQUARE[0])["repeated"]


def test_small_operands_are_packed():
    found = path(BATCH, BATCH[0].T)
    assert found["packed"]
    assert found["axes"] == [5000, 16]
    assert found["repeated"]
    assert not path(BATCH, BATCH[0])["packed"]


def test_small_planes_are_computed_along_the_batch():
    found = path(TINY, TINY.mT)
    assert found["columns first"]
    assert found["axes"] == [3, 3, 5000]
    assert not path(BATCH, BATCH.mT)["columns first"]


def test_small_planes_are_folded():
    found = path(BATCH, BATCH.mT)
    assert found["axes"] == [5000, 16]
    assert found["loads"] == [[], ["folded"]]
    large = np.ones((500, 32, 32), "f4")
    assert path(large, large.mT)["loads"] == [[], ["transposed"]]
    assert lerp(BATCH, BATCH.mT, BATCH)["loads"] == [[], ["folded"], []]


LARGE, FEW = np.ones(1 << 20, "f4"), np.ones(1 << 16, "f4")
LONG, BYTES, COLUMN = LARGE[: 1 << 18], np.ones(3000, "u1"), np.ones((300, 1), "f4")
ROWS, SHORT = np.ones((300, 64), "f4"), np.ones((300, 63), "f4")
TINY = np.ones((5000, 3, 3), "f4")
FLOATS = np.ones(3000, "f4")
SATURATED = {"casting": "saturate"}


def lerp(*operands, **more):
    return told("lerp", *operands, **more)


def addcmul(*operands, **more):
    return told("addcmul", *operands, **more)


def by_both(x, y, alpha, beta):
    return explain(x, y, alpha=alpha, beta=beta)


def into_rows(rows, length, offset=0, pitch=None):
    """The path of float32 into rows that begin so many elements behind a line."""
    pitch = pitch or length
    memory = np.ones(rows * pitch + 32, "f4")
    begin = -memory.ctypes.data % 64 // 4 + offset
    out = memory[begin:][: rows * pitch].reshape(rows, pitch)[:, :length]
    return path(*[np.ones((rows, length), "f4")] * 2, out=out)


def planes(count):
    """Of 3 x 3, across and not, by a second axis."""
    return (
        np.ones((count, 20, 3, 3), "f4"),
        np.ones((20, count, 3, 3), "f4").transpose(1, 0, 3, 2),
    )


def loads(place, name):
    return lambda found: bool(found["loads"]) and name in found["loads"][place]


# What is looked for, in a call that should take it and in others that should not.
NEIGHBOURS = {
    "transposed": (
        loads(1, "transposed"),
        lambda: lerp(SQUARE, SQUARE.T, SQUARE),
        lambda: lerp(SQUARE, SQUARE, SQUARE.T),
        lambda: lerp(SMALL, SMALL.T, SMALL),
    ),
    "transposed, of 8 columns": (
        loads(1, "transposed"),
        lambda: path(np.ones((1024, 8), "f4"), np.ones((8, 1024), "f4").T),
        lambda: path(np.ones((1024, 7), "f4"), np.ones((7, 1024), "f4").T),
        lambda: path(np.ones((7, 1024), "f4"), np.ones((1024, 7), "f4").T),
    ),
    "converted": (
        loads(2, "converted"),
        lambda: lerp(ROWS, ROWS, ROWS.astype("f8")),
        lambda: lerp(ROWS, ROWS, ROWS),
        lambda: lerp(ROWS, ROWS.astype("f2"), ROWS),
    ),
    "fused, not converted": (
        lambda found: "uint8" in found["reads"],
        lambda: path(BYTES, np.ones(3000, "f4")),
        lambda: path(BYTES, np.ones(3000, "F")),
        lambda: path(BYTES.astype("u2"), np.ones(3000, "f4")),
    ),
    "converted beforehand, a constant": (
        loads(0, "converted"),
        lambda: path(BYTES[:256], np.ones(1, "f4")),
        lambda: path(BYTES[:255], np.ones(1, "f4")),
        lambda: path(BYTES[:256], np.ones(256, "f4")),
    ),
    "converted beforehand, strided": (
        loads(0, "converted"),
        lambda: path(BYTES[::3], np.ones(1000, "f4")),
        lambda: path(BYTES[:1000], np.ones(1000, "f4")),
        lambda: path(BYTES[::3], np.ones(1000, "f8")),
    ),
    "converted to out": (
        lambda found: "converted" in found["stores"],
        lambda: lerp(ROWS, ROWS, ROWS, out=ROWS.astype("f8")),
        lambda: lerp(ROWS, ROWS, ROWS, out=ROWS.copy()),
        lambda: lerp(ROWS, ROWS, ROWS, out=ROWS.astype(">f4")),
    ),
    "moved by bytes": (
        loads(0, "moved by bytes"),
        lambda: path(SQUARE.astype(">f4"), SQUARE),
        lambda: path(SQUARE, SQUARE.astype(">f4")),
    ),
    "moved to out by bytes": (
        lambda found: "moved by bytes" in found["stores"],
        lambda: explain(SQUARE, SQUARE, out=SQUARE.astype(">f4")),
        lambda: explain(SQUARE.astype(">f4"), SQUARE, out=SQUARE.copy()),
    ),
    "spread over channels": (
        loads(2, "spread"),
        lambda: lerp(PIXELS, PIXELS, PIXELS[..., :1]),
        lambda: lerp(PIXELS, PIXELS, PIXELS),
        lambda: lerp(PIXELS, PIXELS[..., :1], PIXELS),
    ),
    "spread, strided": (
        loads(1, "spread"),
        lambda: addcmul(ROWS, LARGE[: 3 * ROWS.size : 3].reshape(ROWS.shape), ROWS),
        lambda: addcmul(ROWS, LARGE[: ROWS.size].reshape(ROWS.shape), ROWS),
        lambda: path(ROWS, LARGE[: 3 * ROWS.size : 3].reshape(ROWS.shape)),
    ),
    "spread, rows that are short": (
        loads(1, "spread"),
        lambda: addcmul(SHORT, np.ones((300, 70), "f4")[:, :63], SHORT),
        lambda: addcmul(ROWS, np.ones((300, 70), "f4")[:, :64], ROWS),
    ),
    "spread, rows that leave a rest": (
        loads(1, "spread"),
        lambda: path(np.ones((300, 5), "f4"), np.ones((300, 1), "f4")),
        lambda: path(np.ones((300, 8), "f4"), np.ones((300, 1), "f4")),
        lambda: path(np.ones((300, 5), "f8"), np.ones((300, 1), "f8")),
        lambda: path(np.ones((300, 65), "f4"), np.ones((300, 1), "f4")),
        lambda: path(np.ones((12, 5), "f4"), np.ones((12, 1), "f4")),
        lambda: path(np.ones((2000, 5), "f4"), np.ones(5, "f4")),
    ),
    "spread, short rows of bytes that lie apart": (
        loads(1, "spread"),
        lambda: path(np.ones((300, 24), "u1"), np.ones((300, 25), "u1")[:, 1:]),
        lambda: path(np.ones((300, 32), "u1"), np.ones((300, 33), "u1")[:, 1:]),
        lambda: path(np.ones((300, 24), "u1"), np.ones((300, 24), "u1")),
    ),
    "spread, planes of colours": (
        loads(1, "spread"),
        lambda: path(PIXELS, np.ones((3, 300, 200), "f4").transpose(1, 2, 0)),
        lambda: path(PIXELS, PIXELS.copy()),
        lambda: path(PIXELS.astype("f8"), np.ones((3, 300, 200)).transpose(1, 2, 0)),
    ),
    "spread, channels of bytes": (
        loads(1, "spread"),
        lambda: path(*(PIXELS.astype("u1")[..., each] for each in (0, 2))),
        lambda: path(*(PIXELS[..., each] for each in (0, 2))),
        lambda: path(*(np.ones((9000, 5), "u1")[:, each] for each in (0, 2))),
    ),
    "spread into out": (
        lambda found: "spread" in found["stores"],
        lambda: lerp(FEW, FEW, FEW, out=np.empty(2 * FEW.size, "f4")[::2]),
        lambda: lerp(FEW, FEW, FEW, out=np.empty(2 * FEW.size, "f4")[: FEW.size]),
        lambda: path(FEW[::2], FEW[::2], out=np.empty(FEW.size, "f4")[::2]),
    ),
    "a constant last operand": (
        lambda found: found["constant"] and found["loads"] == [],
        lambda: lerp(ROWS, ROWS, COLUMN),
        lambda: lerp(ROWS, COLUMN, ROWS),
        lambda: lerp(SHORT, SHORT, COLUMN),
        lambda: addcmul(ROWS, ROWS, COLUMN),
    ),
    "a constant factor": (
        lambda found: found["constant"] and found["kernel"] == "products",
        lambda: by_both(ROWS, ROWS, ROWS, COLUMN),
        lambda: by_both(ROWS, ROWS, COLUMN, ROWS),
        lambda: by_both(ROWS, ROWS, 2, COLUMN),
    ),
    "repeated": (
        lambda found: found["repeated"],
        lambda: path(PIXELS, PIXELS[0, 0]),
        lambda: path(PIXELS, PIXELS[..., :1]),
        lambda: path(PIXELS[:, :, ::-1], PIXELS[0, 0]),
        lambda: path(PIXELS.astype("F"), PIXELS[0, 0]),
        lambda: lerp(PIXELS, PIXELS, PIXELS[0, 0]),
        lambda: told("relu", PIXELS[0, 0], out=PIXELS.copy()),
    ),
    "streamed": (
        lambda found: found["streamed"],
        lambda: lerp(LARGE, LARGE[::-1], LARGE),
        lambda: lerp(LONG[::2], LONG[::2], LONG[::2]),
        lambda: lerp(LARGE, LARGE[::-1], LARGE, out=LARGE),
        lambda: lerp(LARGE, LARGE, LARGE, out=np.empty(LARGE.size)),
        lambda: lerp(LARGE, LARGE, LARGE, out=np.empty(LARGE.size, ">f4")),
        lambda: lerp(LARGE, LARGE, LARGE, where=LARGE > 0),
        lambda: lerp(*[LARGE.reshape(-1, 128).repeat(2, 1)[:, :128]] * 3),
    ),
    "streamed, though an operand is converted": (
        lambda found: found["streamed"],
        lambda: path(LARGE, LARGE.astype("F")),
        lambda: path(FEW, FEW.astype("F")),
    ),
    "streamed, of relu": (
        lambda found: found["streamed"],
        lambda: told("relu", LARGE),
        lambda: told("relu", FEW),
        lambda: told("relu", LARGE, out=LARGE),
    ),
    "aligned": (
        lambda found: found["aligned"],
        lambda: into_rows(1, 3072, offset=1),
        lambda: into_rows(1, 3071, offset=1),
        lambda: into_rows(1, 3072, offset=8),
        lambda: into_rows(1, 1 << 20, offset=1),  # streamed
        lambda: told("add", COLUMN, COLUMN, out=np.ones((300, 2), "f4")[:, :1]),
    ),
    "aligned, of rows with a pitch": (
        lambda found: found["aligned"],
        lambda: into_rows(2, 3072, pitch=3073),
        lambda: into_rows(2, 3072, pitch=3080),
    ),
    "prefetched": (
        lambda found: found["prefetched"],
        lambda: path(LONG, LONG.copy(), out=LONG),
        lambda: path(LONG, LONG.copy()),
        lambda: path(LARGE, LARGE.copy(), out=LARGE),
        lambda: lerp(LONG, LONG.copy(), FEW[:1], out=LONG),
    ),
    "prefetched, of relu": (
        lambda found: found["prefetched"],
        lambda: told("relu", LARGE[: 1 << 19], out=LARGE[: 1 << 19]),
        lambda: told("relu", LARGE[: 1 << 19]),
    ),
    "masked, of an addition": (
        lambda found: found["masked"],
        lambda: path(SQUARE, SQUARE, where=SQUARE > 0),
        lambda: path(SQUARE, SQUARE),
    ),
    "masked": (
        lambda found: found["masked"],
        lambda: lerp(ROWS, ROWS, ROWS, where=ROWS > 0),
        lambda: lerp(ROWS, ROWS, ROWS, where=True),
    ),
    "packed": (
        lambda found: found["packed"],
        lambda: lerp(BATCH, BATCH, BATCH[0].T),
        lambda: lerp(BATCH, BATCH, BATCH[0]),
        lambda: lerp(BATCH, BATCH, BATCH[:1].repeat(5000, 0).mT),
    ),
    "packed, of which one in 16 elements is": (
        lambda found: found["packed"],
        lambda: path(LARGE[: 16 << 10].reshape(16, 32, 32), SQUARE[:32, :32].T),
        lambda: path(LARGE[: 15 << 10].reshape(15, 32, 32), SQUARE[:32, :32].T),
    ),
    "packed, no more than 4 KiB": (
        lambda found: found["packed"],
        lambda: path(LARGE.reshape(-1, 32, 32), np.ones((32, 32), "f4").T),
        lambda: path(LARGE.reshape(-1, 32, 32)[:, :31], np.ones((32, 32), "f8")[1:]),
        lambda: path(LARGE.reshape(-1, 64, 32), np.ones((32, 64), "f4").T),
    ),
    "columns first": (
        lambda found: found["columns first"],
        lambda: path(TINY, TINY.mT),
        lambda: path(TINY, TINY.repeat(2, 2)[:, :, ::2]),
        lambda: path(BATCH, BATCH.mT),
        lambda: lerp(TINY, TINY.mT, TINY),
    ),
    "folded": (
        lambda found: ["folded"] in found["loads"],
        lambda: path(BATCH, BATCH.mT),
        lambda: path(TINY, TINY.mT),
        lambda: path(BATCH, BATCH),
        lambda: path(BATCH, BATCH.mT.astype(">f4")),
        lambda: path(*[np.ones((500, 32, 32), "f4")] * 2),
    ),
    "columns first, where they are 8 times as long": (
        lambda found: found["columns first"],
        lambda: path(*planes(24)),
        lambda: path(*planes(23)),
    ),
    "clamped": (
        lambda found: found["clamped"] and found["loads"] == [],
        lambda: path(BYTES, BYTES, **SATURATED),
        lambda: path(BYTES, BYTES),
        lambda: path(BYTES[::2], BYTES[::2], **SATURATED),
        lambda: path(BYTES, BYTES.astype("i1"), **SATURATED),
        lambda: path(BYTES, BYTES, where=BYTES > 0, **SATURATED),
        lambda: path(BYTES.astype("i4"), BYTES.astype("i4"), **SATURATED),
    ),
    "clamped, by factors": (
        lambda found: found["clamped"] and found["reads"][2] == "float32",
        lambda: lerp(BYTES, BYTES, FLOATS, out=BYTES + 0, **SATURATED),
        lambda: lerp(BYTES, BYTES, FLOATS, dtype="f4", out=FLOATS + 0),
        lambda: lerp(BYTES, BYTES.astype("i1"), FLOATS, out=BYTES + 0, **SATURATED),
        lambda: lerp(*[BYTES.astype("i4")] * 2, FLOATS, out=BYTES + 0, **SATURATED),
        lambda: lerp(*[BYTES] * 2, FLOATS, out=BYTES + 0, where=BYTES > 0, **SATURATED),
    ),
    "saturated": (
        lambda found: found["stores"] == ["saturated"],
        lambda: addcmul(*[BYTES.astype("i4")] * 3, **SATURATED),
        lambda: addcmul(*[BYTES.astype("i4")] * 3),
        lambda: addcmul(*[BYTES.astype("f4")] * 3, **SATURATED),
        lambda: path(BYTES, BYTES, **SATURATED),
    ),
    "two threads": (
        lambda found: found["threads"] == 2,
        lambda: path(*[LARGE[: 1 << 15]] * 2),
        lambda: path(*[LARGE[: (1 << 15) - 1]] * 2),
        lambda: lerp(*[LARGE[: 3 << 12]] * 3),
    ),
    "two threads, of three operands": (
        lambda found: found["threads"] == 2,
        lambda: lerp(*[LARGE[: 3 << 13]] * 3),
        lambda: lerp(*[LARGE[: (3 << 13) - 1]] * 3),
        lambda: path(*[LARGE[: 3 << 13]] * 2),
    ),
    "two threads, of what costs more": (
        lambda found: found["threads"] == 2,
        lambda: lerp(LARGE[: 1 << 13], LARGE[: 1 << 13], LARGE[: 1 << 14 : 2]),
        lambda: lerp(*[LARGE[: 1 << 13]] * 3),
    ),
}


@pytest.mark.parametrize(
    "look, taken, others",
    [(look, taken, others) for look, taken, *others in NEIGHBOURS.values()],
    ids=NEIGHBOURS,
)
def test_a_policy_and_its_neighbours(look, taken, others):
    assert look(taken())
    for place, other in enumerate(others):
        assert not look(other()), place


def test_which_kernel_computes():
    x, y = ROWS, np.ones((300, 64), "i4")
    for found, kernel in (
        (path(x, x), "add"),
        (explain(x, x, alpha=x), "addcmul"),
        (explain(x, x, beta=x, alpha=2), "addcmul"),
        (by_both(x, x, x, x), "products"),
        (lerp(x, x, x), "lerp"),
        (addcmul(x, x, x), "addcmul"),
        (told("addcdiv", x, x, x), "addcdiv"),
        (told("relu", x), "relu"),
        (told("relu", y.astype("u4")), "add"),
    ):
        assert found["ready"]
        assert found["kernel"] == kernel


def test_one_thread_where_one_is_allowed():
    fastadd.set_num_threads(1)
    assert path(LARGE, LARGE)["threads"] == 1


def test_what_is_not_ready():
    assert path(SQUARE, SQUARE)["ready"]
    for found in (
        explain([1, 2], [3, 4]),
        explain(SQUARE, SQUARE.tolist()),
        explain(SQUARE, SQUARE, casting="equiv"),
        explain(LARGE[1:], LARGE[1:], out=LARGE[:-1]),
        explain(SQUARE, SQUARE, out=SQUARE, where=[[True]]),
        told("lerp", SQUARE, SQUARE, SQUARE.tolist(), out=None),
        told("relu", SQUARE.astype(">f4"), out=None),
    ):
        assert not found["ready"]


def test_what_others_compute():
    dates = np.ones(3, "M8[s]"), np.ones(3, "m8[s]")
    assert explain(*dates) is None
    assert explain(np.ma.ones(3), SQUARE[:3, 0]) is None
    half = np.ones(3, "f2")
    assert told("lerp", half, half, half, out=np.empty(3)) is None  # two steps


def test_explain_refuses_what_the_function_does():
    x = np.ones(3)
    for wrong in (None, [1], np.ones(3, int)):
        with pytest.raises(TypeError, match="where is"):
            explain(x, x, out=x, where=wrong)
    with pytest.raises(TypeError, match="alpha=1j"):
        explain(x, x, alpha=1j)
    with pytest.raises(ValueError, match=r"\(3,\).*\(2,\)"):
        explain(x, x[:2])
    with pytest.raises(TypeError, match="weight"):
        explain(x, x, function="lerp")
    with pytest.raises(ValueError, match="'sin': it must be one of"):
        explain(x, x, function="sin")


def test_explain_computes_nothing():
    for function, count in (("add", 2), ("lerp", 3), ("addcdiv", 3), ("relu", 1)):
        for out in (np.full(3, 7.0), np.full(3, 7, ">f8"), np.full(3, 7.0, "f4")):
            if function != "relu" or out.itemsize == 8:
                told(function, *[np.ones(3)] * count, out=out)
                assert (out == 7).all()
