"""Each policy of memory access is taken where it is meant to be, and only there. (That
it computes the right numbers is what all other tests are for.)"""

import numpy as np
import pytest
from fastadd._core import explain
from fresh import run_python

import fastadd
from fastadd import _core, _machine
from fastadd._compare.cases import DTYPES, MIXTURES, kind, values
from fastadd._compare.reference import assert_same_bits, reference

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
    _core.set_last_level_cache(_machine.last_level_cache())


def empty(a, b):
    return np.empty(np.broadcast(a, b).shape, np.result_type(a, b))


def path(a, b, **keywords):
    return explain(a, b, out=empty(a, b), **keywords)


def test_a_small_call_is_one_row():
    found = path(SMALL, SMALL)
    assert found["axes"] == [64]
    assert found["loads"] == []
    assert found["blocks"] == found["threads"] == 1
    assert not any(
        found[policy]
        for policy in ("masked", "streamed", "prefetched", "repeated", "packed")
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
n = _machine.last_level_cache() // 10  # of out, half counts
for length in (n // 2, 2 * n):
    a, b, out = np.empty((3, length), "f4")
    print(_core.explain(a, b, out=out)["streamed"])
"""
    done = run_python(code)
    assert done.stdout.split() == ["False", "True"], done.stderr


def test_half_cached_operands_are_prefetched():
    a, b = (np.ones(1 << 18, "f4") for _ in range(2))  # 2 MiB
    assert explain(a, b, out=a)["prefetched"]
    assert not explain(a[: 1 << 16], b[: 1 << 16], out=a[: 1 << 16])["prefetched"]


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
    assert not path(SQUARE, SQUARE.T)["packed"]


def test_small_planes_are_computed_along_the_batch():
    found = path(BATCH, BATCH.swapaxes(1, 2))
    assert found["columns first"]
    assert found["axes"] == [4, 4, 5000]
    large = np.ones((500, 20, 20), "f4")
    assert not path(large, large.swapaxes(1, 2))["columns first"]


def test_masks():
    assert path(SQUARE, SQUARE, where=SQUARE > 0)["masked"]
    assert not path(SQUARE, SQUARE)["masked"]


def test_what_is_not_ready():
    assert explain([1, 2], [3, 4]) is None
    assert explain(SQUARE.astype(">f4"), SQUARE) is None
    assert explain(SQUARE, SQUARE, alpha=1j) is None
    assert explain(SQUARE[:, :5], SQUARE[:, :6]) is None


def test_explain_refuses_what_is_no_mask():
    x = np.ones(3)
    for wrong in (True, [True], np.ones(3, int)):
        with pytest.raises(TypeError):
            _core.explain(x, x, where=wrong)


PAIRS = [(name, name) for name in DTYPES] + list(MIXTURES)


@pytest.mark.parametrize("one, two", PAIRS, ids=map(" + ".join, PAIRS))
def test_streamed_values(one, two, instruction_set):
    """Rows with every kind of end, in order, reversed, constant and transposed."""
    n = 5003
    x, y = values(n + 8, DTYPES[one], 1), values(n + 8, DTYPES[two], 2)
    dtype = np.result_type(x, y)
    alpha = {"b": True, "i": 3}.get(kind(dtype), 1.5)
    square = values((70, 1100), DTYPES[one], 3), values((1100, 70), DTYPES[two], 4).T
    _core.set_last_level_cache(1)
    found = explain(x[:n], y[:n], alpha=alpha, out=np.empty(n, dtype))
    if found is not None and dtype.char not in "gG":
        assert found["streamed"]
    try:
        with np.errstate(all="ignore"):
            for a, b in (
                *((x[k : k + n], y[8 - k :][:n]) for k in (0, 1, 8)),
                (x[:n][::-1], y[:n]),
                (x[:n][::-1], y[:n][::-1]),
                (x[:n], y[:1]),
                (x[:1], y[:n]),
                square,
            ):
                right = reference(a, b, alpha, 1, dtype)
                for offset in (0, 1, 5):
                    out = np.empty(right.size + offset, dtype)[offset:]
                    out = out.reshape(right.shape)
                    fastadd.add(a, b, alpha=alpha, out=out)
                    assert_same_bits(out, right)
    finally:
        _core.set_last_level_cache(_machine.last_level_cache())
