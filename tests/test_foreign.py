"""Arrays of other libraries: their own type comes back, with what
`beta*input + alpha*other` gives in that library."""

import re
import subprocess
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import fastadd
from fastadd import add
from fastadd._compare.reference import assert_same_bits

X = np.linspace(-1, 1, 12).reshape(3, 4)
Y = np.linspace(5, 7, 4)
each_coefficients = pytest.mark.parametrize(
    "alpha, beta", ((1, 1), (2, 1), (-0.5, 1), (1.5, 0.25))
)
FACTORS = np.array([0.5, -1, 2, 3])


# ---- NumPy's own ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "alpha, beta",
    (
        (1, 1),
        (2, 1),
        (np.uint8(2), 1),
        (-0.5, 1),
        (1.5, 0.25),
        (FACTORS, 1),
        (1, FACTORS),
    ),
)
def test_masked(alpha, beta):
    x = np.ma.array(X, mask=X > 0.5)
    y = np.ma.array(Y, mask=[0, 1, 0, 0])
    for a, b in ((x, y), (x, Y), (X, y), (x, 2.0), (y, x), (x, np.ma.masked)):
        actual, expected = add(a, b, alpha=alpha, beta=beta), beta * a + alpha * b
        assert isinstance(actual, np.ma.MaskedArray)
        assert (np.ma.getmaskarray(actual) == np.ma.getmaskarray(expected)).all()
        assert_same_bits(actual.compressed(), expected.compressed())
        actual, expected = fastadd.sub(a, b, alpha=alpha), a - alpha * b
        assert (np.ma.getmaskarray(actual) == np.ma.getmaskarray(expected)).all()
        assert_same_bits(actual.compressed(), expected.compressed())
    out = np.ma.zeros((3, 4))
    assert add(x, y, alpha=alpha, beta=beta, out=out) is out
    assert (out.mask == (beta * x + alpha * y).mask).all()


@pytest.mark.parametrize("code", ["u1", "i4", "u8", "f4", "F"])
@pytest.mark.parametrize("name", ["add", "sub"])
def test_every_form_of_a_coefficient(name, code):
    """As for plain arrays, whoever computes."""
    x, y = np.array([9, 7, 5], code), np.array([1, 2, 3], code)
    for alpha in (
        *(1, 2, np.int8(2), np.uint8(2), np.uint64(2)),
        *(np.array(1), np.array(2), np.array(2, "u1"), [2, 1, 3], (2, 1, 3)),
        *(np.array([2, 1, 3], each) for each in ("i4", "u1", "u8", ">u2")),
        np.ma.array([2, 1, 3]),
    ):
        right = getattr(fastadd, name)(x, y, alpha=np.ma.getdata(alpha))
        result = getattr(fastadd, name)(np.ma.array(x), y, alpha=alpha)
        assert isinstance(result, np.ma.MaskedArray)
        assert_same_bits(result.data, right)


def test_matrix():
    x, y = X.view(np.matrix), Y[None].view(np.matrix)
    actual = add(x, y, alpha=2)
    assert type(actual) is np.matrix
    assert (actual == x + 2 * y).all()
    out = np.zeros((3, 4)).view(np.matrix)
    assert add(X, Y, alpha=2, out=out) is out
    assert (out == actual).all()


def test_memmap(tmp_path):
    x = np.memmap(tmp_path / "x", np.float64, "w+", shape=X.shape)
    out = np.memmap(tmp_path / "out", np.float64, "w+", shape=X.shape)
    x[...] = X
    assert type(add(x, Y, alpha=2)) is np.ndarray
    assert add(x, Y, alpha=2, out=out) is out
    out.flush()
    again = np.memmap(tmp_path / "out", np.float64, "r", shape=X.shape)
    assert (again == X + 2 * Y).all()


def test_bfloat16():
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    x, y = X.astype(bfloat16), Y.astype(bfloat16)
    exact = X.astype(bfloat16).astype("f4") + np.float32(3) * y.astype("f4")
    assert_same_bits(add(x, y, alpha=3), exact.astype(bfloat16))
    assert_same_bits(fastadd.scaled_add(x, y, 3, 1), exact.astype(bfloat16))


# ---- operands that offer their memory ------------------------------------------------


class OfInterface:
    def __init__(self, array):
        self.__array_interface__ = array.__array_interface__
        self.array = array  # lives as long


class OfArray:
    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        assert not copy
        return self.array


class OfDLPack:
    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


@pytest.mark.parametrize("offer", (OfInterface, OfArray, OfDLPack, memoryview))
def test_memory_of_others(offer):
    for actual in (add(offer(X), Y, alpha=2), add(X, offer(Y), alpha=2)):
        assert type(actual) is np.ndarray
        assert (actual == X + 2 * Y).all()
    with pytest.raises(TypeError, match="out is of type"):
        add(X, Y, out=offer(np.zeros((3, 4))))


def test_torch():
    torch = pytest.importorskip("torch")
    x, y = torch.from_numpy(X.copy()), torch.from_numpy(Y)
    actual = add(x, y, alpha=2)
    assert type(actual) is np.ndarray
    assert (actual == torch.add(x, y, alpha=2).numpy()).all()
    out = X.copy()
    assert add(x.T, Y[:3], alpha=2, out=out.T).base is out
    assert add(x, y, out=x.numpy()).base is not None
    assert (x.numpy() == X + Y).all()  # the tensor's own memory
    with pytest.raises(TypeError, match="out is of type torch"):
        add(x, y, out=x)
    with pytest.raises(RuntimeError, match="grad"):
        add(torch.ones(3, requires_grad=True), 1.0)


# ---- Dask ----------------------------------------------------------------------------


@each_coefficients
def test_dask(alpha, beta):
    da = pytest.importorskip("dask.array")
    config = pytest.importorskip("dask").config
    x = da.from_array(X, chunks=(2, 3))
    y = da.from_array(Y, chunks=3)

    def refuse(*args, **kwargs):
        raise AssertionError("computed")

    for a, b in ((x, y), (x, Y), (X, y), (x, 2.5), (2.5, x), (x.astype("f4"), y)):
        with config.set(scheduler=refuse):
            actual = add(a, b, alpha=alpha, beta=beta)
            expected = beta * a + alpha * b
        assert isinstance(actual, da.Array)
        assert actual.chunks == expected.chunks
        assert actual.dtype == expected.dtype
        assert_same_bits(actual.compute(), expected.compute())


def test_dask_dtypes():
    da = pytest.importorskip("dask.array")
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    for dtype in ("u1", "f2", "f4", "F", "?", bfloat16):
        x = (np.arange(10) % 2).astype(dtype)
        lazy = add(da.from_array(x, chunks=4), da.from_array(x, chunks=4), alpha=2)
        assert lazy.dtype == dtype
        assert_same_bits(lazy.compute(), add(x, x, alpha=2))
    day = np.array(["2020-01-01", "2020-02-01"], "M8[D]")
    lazy = add(da.from_array(day), np.timedelta64(1, "h"), alpha=3)
    assert (lazy.compute() == day + 3 * np.timedelta64(1, "h")).all()
    lazy = da.zeros(10, chunks=4)
    assert add(da.ones(10, chunks=4), 2.0, alpha=3, out=lazy) is lazy
    assert (lazy.compute() == 7).all()
    assert (fastadd.add_(lazy, 1.0, alpha=-7).compute() == 0).all()


# ---- xarray --------------------------------------------------------------------------


@each_coefficients
def test_xarray(alpha, beta):
    xr = pytest.importorskip("xarray")
    x = xr.DataArray(
        X, dims=("time", "site"), coords={"time": [1, 2, 3], "site": list("abcd")}
    )
    y = xr.DataArray(Y, dims="site", coords={"site": list("bcde")})
    z = xr.DataArray(Y, dims="level")
    for a, b in ((x, y), (y, x), (x, z), (x, 2.5), (x.rename("n"), x.rename("n"))):
        actual, expected = add(a, b, alpha=alpha, beta=beta), beta * a + alpha * b
        xr.testing.assert_identical(actual, expected)
    both = xr.Dataset({"p": x, "q": y})
    for b in (both, x, 2.5):
        actual = add(both, b, alpha=alpha, beta=beta)
        xr.testing.assert_identical(actual, beta * both + alpha * b)


def test_xarray_of_dask():
    xr, da = pytest.importorskip("xarray"), pytest.importorskip("dask.array")
    x = xr.DataArray(da.from_array(X, chunks=2), dims=("time", "site"))
    actual = add(x, x[0], alpha=0.5)
    assert isinstance(actual.data, da.Array)
    xr.testing.assert_identical(actual.compute(), (x + 0.5 * x[0]).compute())


# ---- pandas --------------------------------------------------------------------------


@each_coefficients
def test_pandas_series(alpha, beta):
    pd = pytest.importorskip("pandas")
    x = pd.Series(Y, index=list("abcd"), name="x")
    y = pd.Series(Y, index=list("cdef"), name="y")
    for a, b in ((x, x), (x, y), (x, Y), (Y, x), (x, 2.5)):
        actual, expected = add(a, b, alpha=alpha, beta=beta), beta * a + alpha * b
        pd.testing.assert_series_equal(actual, expected)
        pd.testing.assert_series_equal(fastadd.sub(a, b, alpha=alpha), a - alpha * b)
    whole = pd.Series([1, 2, 3], dtype="Int32"), pd.Series([1, None, 3], dtype="Int32")
    pd.testing.assert_series_equal(add(*whole, alpha=3), whole[0] + 3 * whole[1])


@each_coefficients
def test_pandas_frame(alpha, beta):
    pd = pytest.importorskip("pandas")
    x = pd.DataFrame(X, index=[1, 2, 3], columns=list("abcd"))
    y = pd.DataFrame(X, index=[2, 3, 4], columns=list("dcba"))
    for a, b in ((x, x), (x, y), (x, Y), (x, 2.5)):
        actual, expected = add(a, b, alpha=alpha, beta=beta), beta * a + alpha * b
        pd.testing.assert_frame_equal(actual, expected)
        pd.testing.assert_frame_equal(fastadd.sub(a, b, alpha=alpha), a - alpha * b)
    single = x.astype("f4")
    assert (add(single, single, alpha=alpha, beta=beta).dtypes == "f4").all()


def test_pandas_in_place():
    pd = pytest.importorskip("pandas")
    x = pd.Series([1.0, 2.0])
    values = x.to_numpy()
    assert fastadd.add_(x, 10.0, alpha=2).tolist() == [21, 22]
    assert x.tolist() == [21, 22]
    assert np.shares_memory(x.to_numpy(), values)


def test_pandas_frame_and_series():
    """pandas aligns these only in its own operators."""
    pd = pytest.importorskip("pandas")
    x, y = pd.DataFrame(X, columns=list("abcd")), pd.Series(Y, index=list("dcba"))
    pd.testing.assert_frame_equal(add(x, y), x + y)
    pd.testing.assert_frame_equal(add(x, y, alpha=2), x + 2 * y)
    pd.testing.assert_frame_equal(add(x, 2 * y), x + 2 * y)


# ---- more than one process -----------------------------------------------------------


def test_dask_cluster():
    distributed = pytest.importorskip("distributed")
    da = pytest.importorskip("dask.array")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        x = da.random.default_rng(1).random((4000, 1000), chunks=(500, 1000))
        x = x.astype("f4")
        expected = (x + np.float32(-0.5) * x[::-1]).compute()
        for process in client.nthreads():  # which Dask may leave without work
            done = client.compute(add(x, x[::-1], alpha=-0.5), workers=process)
            assert_same_bits(done.result(), expected)
            assert set(client.who_has(done)[done.key]) == {process}
        # And none with more threads than Dask gave it.
        assert set(client.run(fastadd.get_num_threads).values()) == {1}


def test_example_out_of_core(tmp_path):
    pytest.importorskip("zarr")
    pytest.importorskip("distributed")
    example = Path(__file__).parents[1] / "examples" / "out_of_core.py"
    options = ("--size", "48MiB", "--memory", "300MiB", "--folder", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-P", str(example), *options],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"equal to x - y *│ True", done.stdout)


def test_pandas_out():
    pd = pytest.importorskip("pandas")
    x = pd.DataFrame({"id": [2**53 + 1, 5], "x": [0.5, 1.5]})
    y, before = x.copy(), x.copy()
    assert fastadd.add_(y, 1, alpha=2) is y
    pd.testing.assert_frame_equal(y, x + 2)
    assert add(x, x, alpha=2, out=y) is y
    pd.testing.assert_frame_equal(y, x + 2 * x)
    turned = pd.Series([1.0, 2.0], index=[1, 0])  # out takes it in its order
    assert add(turned, 1, out=pd.Series([0.0, 0.0])).tolist() == [2, 3]
    series = x["x"].copy()
    assert fastadd.add_(series, x["x"], alpha=-1) is series
    assert series.tolist() == [0, 0]
    for bad in (0.5, 1j):
        with pytest.raises(TypeError, match="casting='same_kind'"):
            fastadd.add_(x, x, alpha=bad)
        with pytest.raises(TypeError, match="casting='same_kind'"):
            fastadd.add_(x["id"], x["id"], alpha=bad)
    with pytest.raises(ValueError, match="never resized"):
        add(x, 1, out=pd.DataFrame({"x": [1.0]}))
    pd.testing.assert_frame_equal(x, before)


def test_torch_bfloat16():
    torch = pytest.importorskip("torch")
    x = torch.tensor([1.5, 2.5], dtype=torch.bfloat16)
    result = add(x, x, alpha=2)
    assert result.dtype == ml_dtypes.bfloat16
    assert result.tolist() == [4.5, 7.5]


class Derived(np.ndarray):
    """A type of somebody's, which derives from NumPy's."""


@pytest.mark.parametrize("kind", [Derived, np.matrix, np.ma.MaskedArray])
def test_operations_of_types_that_derive(kind):
    """Element by element, by the rules of plain arrays, into an out of theirs, too."""
    plain = [np.arange(1, 5, dtype="f4").reshape(2, 2) * k for k in (1, 2, 3)]
    given = [np.ma.array(x) if "Masked" in str(kind) else x.view(kind) for x in plain]
    for name, more in (
        ("lerp", {}),
        ("addcmul", {"value": np.float64(0.5)}),
        ("addcdiv", {"beta": np.float64(2)}),
    ):
        call, in_place = getattr(fastadd, name), getattr(fastadd, name + "_")
        right = call(*plain, **more) if name != "lerp" else call(*plain[:2], 0.25)
        arguments = given if name != "lerp" else (*given[:2], np.float64(0.25))
        made = call(*arguments, **more)
        assert type(made) is kind
        assert made.dtype == np.float32
        assert (np.asarray(made) == right).all()
        out = np.zeros_like(given[0])
        assert call(*arguments, **more, out=out) is out
        assert (np.asarray(out) == right).all()
        first = given[0].copy()
        assert in_place(first, *arguments[1:], **more) is first
        assert (np.asarray(first) == right).all()
        if name != "lerp":
            for wrong in ("2", None, np.ones(2), 1j):
                with pytest.raises(TypeError, match="value"):
                    call(*given, value=wrong)
        whole = [x.astype(int) for x in given]
        with pytest.raises(TypeError, match="int64"):
            call(*whole, **more) if name != "addcmul" else call(*whole, value=0.5)
    hidden = np.ma.array(plain[0], mask=[[True, False], [False, False]])
    out = np.ma.zeros((2, 2), "f4")
    assert fastadd.addcmul(hidden, *plain[1:], out=out) is out
    assert (out.mask == hidden.mask).all()
