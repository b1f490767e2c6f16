"""np.errstate is honoured: what overflows, underflows or is invalid says so, on short
and long calls, in body and tail; and nothing else says anything."""

import numpy as np
import pytest
from fastadd._core import carefully

import fastadd
from fastadd import _config
from fastadd._compare import cases
from fastadd._compare.cases import DTYPES

pytestmark = pytest.mark.usefixtures("instruction_set")

FLOATS = [name for name, dtype in DTYPES.items() if cases.kind(dtype) in "fc"]
each_float = pytest.mark.parametrize("name", FLOATS)


def culprits(name):
    """Operands and coefficient that raise one flag each."""
    dtype = DTYPES[name]
    real = np.dtype(dtype.char.lower()) if dtype.kind == "c" else dtype
    _, smallest, largest = cases.limits(real)
    return {
        "overflow": (largest, largest, 1),
        "underflow": (0, smallest, np.ones((), real)[()] / 3),
        "invalid": (np.inf, np.inf, -1),
    }


@each_float
@pytest.mark.parametrize("flag", ("overflow", "underflow", "invalid"))
@pytest.mark.parametrize("n", (1, 3, 8, 17, 1003, 100_003))
def test_raised_wherever_it_happens(name, flag, n):
    dtype = DTYPES[name]
    x, y, alpha = culprits(name)[flag]
    for place in {0, n // 2, n - 1}:
        a, b = np.zeros(n, dtype), np.zeros(n, dtype)
        a[place], b[place] = x, y
        with (
            np.errstate(**{"all": "ignore", flag.replace("flow", ""): "raise"}),
            pytest.raises(FloatingPointError, match=f"{flag} .*encountered in add"),
        ):
            fastadd.add(a, b, alpha=alpha)
        with (
            np.errstate(**{"all": "raise", flag.replace("flow", ""): "warn"}),
            pytest.warns(RuntimeWarning, match=f"{flag} .*encountered in add"),
        ):
            fastadd.add(a[::-1], b[::-1], alpha=alpha)
        # As NumPy: the computation is done by then.
        out = np.full(n, 7, dtype)
        with np.errstate(all="raise"), pytest.raises(FloatingPointError):
            fastadd.add(a, b, alpha=alpha, out=out)
        assert (out != 7).all()


@pytest.mark.parametrize("name", DTYPES)
def test_nothing_raised_by_what_is_not_part_of_the_result(name):
    """Neighbours that would raise every flag, at every length and position."""
    dtype = DTYPES[name]
    with np.errstate(all="raise"):
        for n in (*range(1, 40), 1003):
            line = cases.values(n + 80, dtype)
            line[40 : 40 + n] = 1
            a = line[40 : 40 + n]
            fastadd.add(a, a)
            fastadd.add(a, a, out=line[40 : 40 + n])
            fastadd.add(a, a[::-1])
            if name != "bfloat16":
                fastadd.add(a, a.astype(dtype.newbyteorder()))


@each_float
def test_nan_and_infinity_raise_nothing_by_themselves(name):
    """At every length, for compilers treat what is left of a row in other ways."""
    dtype = DTYPES[name]
    one = dtype.type(1 + 1j) if dtype.kind == "c" else dtype.type(1)
    for n in (*range(1, 70), 1003):
        for special in (np.nan, np.inf, -np.inf):
            a, ones = np.full(n, special).astype(dtype), np.full(n, one)
            with np.errstate(all="raise"):
                for b in (ones, np.repeat(ones, 2)[::2]):
                    fastadd.add(a, b)
                    fastadd.add(b, a)
                    fastadd.add(b, b, alpha=special)
                    fastadd.add(b, b, beta=special, alpha=2)


@each_float
def test_subnormals_are_kept(name):
    dtype = DTYPES[name]
    smallest = cases.limits(
        np.dtype(dtype.char.lower()) if dtype.kind == "c" else dtype
    )[0]
    a = np.full(1003, smallest).astype(dtype)
    with np.errstate(all="raise"):
        assert (fastadd.add(a, a) == 2 * smallest).all()
        assert (fastadd.add(a, 0) == smallest).all()


def test_conversions_raise_too():
    big = np.full(1003, 1e300)
    out = np.zeros(1003, np.float32)
    with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
        fastadd.add(big, 0.0, out=out)
    with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
        fastadd.add(out, big, dtype=np.float32)
    half = np.zeros(1003, np.float16)
    with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
        fastadd.add(np.full(1003, 65520, np.float32), 0.0, out=half)


def test_earlier_flags_are_not_ours():
    huge = float(np.finfo(float).max)
    with np.errstate(all="raise"):
        for _ in range(3):
            assert huge * 10 == np.inf  # Python leaves the overflow flag standing
            fastadd.add(np.ones(3), 1.0)
            carefully("add")(np.ones(3), 1.0)


def test_coefficients_raise_nothing():
    with np.errstate(all="raise"):
        fastadd.add(np.ones(3, "f4"), 1.0, alpha=1e-60)
        carefully("add")(np.ones(3, "f4"), 1.0, alpha=1e-60)
        fastadd.add(np.ones(3, "f2"), 1.0, alpha=np.float64(1e-9))


def test_errcall():
    calls = []
    before = np.seterrcall(lambda kind, flag: calls.append((kind, flag)))
    try:
        with np.errstate(over="call"):
            fastadd.add(np.array([3e38], "f4"), np.array([3e38], "f4"))
    finally:
        np.seterrcall(before)
    assert [kind for kind, _ in calls] == ["overflow"]


def flags_of(call):
    """The names of what a call raises."""
    raised = set()
    before = np.seterrcall(lambda kind, flag: raised.add(kind))
    try:
        with np.errstate(all="call"):
            call()
    finally:
        np.seterrcall(before)
    return raised


@pytest.mark.parametrize("n", (1, 31, 100, 5003))
def test_mixtures_raise_where_they_should(n):
    for one, two in (*cases.MIXTURES, ("uint16", "float32"), ("int32", "float64")):
        a, b = (cases.moderate(n, DTYPES[name], 1) for name in (one, two))
        dtype = np.result_type(a, b)
        assert flags_of(lambda a=a, b=b: fastadd.add(a, b)) == set()
        if dtype.kind == "f":
            huge = b.astype(dtype)
            huge[n // 2] = cases.limits(dtype)[2]
            for x, y in ((a, huge), (huge, a)):
                found = flags_of(lambda x=x, y=y: fastadd.add(x, y, beta=3, alpha=3))
                assert found == {"overflow"}


@pytest.mark.parametrize("name", [n for n in ("float16", "bfloat16") if n in DTYPES])
def test_limits_of_16_bits_raise_the_same_on_every_set(name):
    """The neighbours, in float32, of where rounding to 16 bits changes its flags."""
    dtype = DTYPES[name]
    subnormal, normal, largest = (float(limit) for limit in cases.limits(dtype))
    below = float(np.nextafter(dtype.type(largest), dtype.type(0)))
    half_a_bit = (largest - below) / 2
    edges = np.float32(
        [subnormal / 2, subnormal, normal - subnormal / 2, normal, normal * 1.5]
    )
    edges = np.append(edges, np.float32([largest, largest + half_a_bit]))
    around = [
        edges,
        np.nextafter(edges, np.float32(0)),
        np.nextafter(edges, np.float32(np.inf)),
    ]
    before = _config.in_use
    try:
        for x in np.concatenate([*around, *(-x for x in around)]):
            for n in (1, 40):
                a, out = np.full(n, x), np.empty(n, dtype)
                found = []
                for each in _config.available():
                    _config.use(each)
                    raised = flags_of(lambda a=a, out=out: fastadd.add(a, 0.0, out=out))
                    found.append((sorted(raised), out.tobytes()))
                assert found.count(found[0]) == len(found), (x, n, found)
    finally:
        _config.use(before)
