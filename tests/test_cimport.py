"""Compiled code of others calls the kernels: `cimport fastadd` in a small extension."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastadd
from fastadd._compare import cases
from fastadd._compare.reference import assert_same_bits, reference

SOURCE = """\
# cython: language_level=3, freethreading_compatible=True
cimport fastadd

ctypedef fused real:
    float
    double

def add(const real[:, :] x, const real[:, :] y, real[:, :] out, real alpha, real beta,
        int threads):
    with nogil:
        if real is float:
            fastadd.add_float32(
                2, out.shape, &x[0, 0], x.strides, &y[0, 0], y.strides,
                &out[0, 0], out.strides, alpha, beta, threads)
        else:
            fastadd.add_float64(
                2, out.shape, &x[0, 0], x.strides, &y[0, 0], y.strides,
                &out[0, 0], out.strides, alpha, beta, threads)

def add_number(const double[:] x, double y, double[:] out):
    cdef Py_ssize_t nothing = 0
    with nogil:
        fastadd.add_float64(
            1, out.shape, &x[0], x.strides, &y, &nothing, &out[0], out.strides, 1, 1, 1)

def add_nothing(double[:] out):
    with nogil:
        fastadd.add_float64(1, out.shape, NULL, out.strides, NULL, out.strides, NULL,
                            out.strides, 1, 1, 1)
"""
SETUP = """
from setuptools import Extension, setup
from Cython.Build import cythonize

setup(ext_modules=cythonize(
    [Extension("blend", ["blend.pyx"])], include_path=[{package!r}]))
"""


PACKAGE = Path(fastadd.__file__).parent


def build(folder, source, declared_in):
    """The module compiled in a folder, with the package's declarations in another."""
    pytest.importorskip("Cython")
    pytest.importorskip("setuptools")
    if not (os.environ.get("CC") or any(map(shutil.which, ("cc", "gcc", "cl")))):
        pytest.skip("no C compiler")
    (folder / "blend.pyx").write_text(source)
    (folder / "setup.py").write_text(SETUP.format(package=str(declared_in)))
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (built,) = [*folder.glob("blend*.so"), *folder.glob("blend*.pyd")]
    return built


def load(path):
    spec = importlib.util.spec_from_file_location("blend", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def blend(tmp_path_factory):
    return load(build(tmp_path_factory.mktemp("blend"), SOURCE, PACKAGE.parent))


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("dtype", (np.dtype("f4"), np.dtype("f8")), ids=str)
def test_strided(blend, dtype):
    for shape in ((1, 1), (3, 5), (11, 1003)):
        a, b = (cases.values(shape, dtype, seed) for seed in (1, 2))
        for lay in cases.LAYOUTS.values():
            x = lay(a)
            if not x.flags.aligned or not x.dtype.isnative:
                continue
            for y in (b, b.T.copy().T, np.broadcast_to(b[:1], shape)):
                for alpha, beta in ((1, 1), (1.5, 1), (-0.3, 1.7)):
                    expected = reference(a, y, alpha, beta, dtype)
                    for threads in (1, 2, 0, -1, 2**29, 2**31 - 1):
                        out = cases.values(shape, dtype, 3)
                        blend.add(x, y, out, alpha, beta, threads)
                        assert_same_bits(out, expected)
                        wide = np.zeros((shape[1], 2 * shape[0]), dtype)
                        out = wide[:, ::2].T
                        blend.add(x, y, out, alpha, beta, threads)
                        assert_same_bits(out, expected)


def test_in_place(blend):
    x = np.arange(100_000.0).reshape(100, 1000)
    for threads in (2, 0, 1 << 29):
        expected = x + 3 * x
        blend.add(x, x, x, 3, 1, threads)
        assert (x == expected).all()


def test_number_and_nothing(blend):
    out = np.empty(1000)
    blend.add_number(np.arange(2000.0)[::2], 0.5, out)
    assert (out == np.arange(0, 2000, 2) + 0.5).all()
    blend.add_nothing(np.empty(0))


def test_another_signature_is_refused(tmp_path):
    """A module that was compiled against other declarations is not imported."""
    (tmp_path / "fastadd").mkdir()
    for path in PACKAGE.glob("*.pxd"):
        (tmp_path / "fastadd" / path.name).write_text(
            path.read_text().replace("int threads", "long threads")
        )
    built = build(tmp_path, SOURCE, declared_in=tmp_path)
    with pytest.raises(TypeError, match=r"add_float\d\d has wrong signature"):
        load(built)
