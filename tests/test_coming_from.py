"""Every cell of the tables of docs/coming-from.md, run: three ways to one result."""

import ast
import importlib
import re
from pathlib import Path

import numpy as np
import pytest

import fastadd

PAGE = Path(__file__).parents[1] / "docs/coming-from.md"
# The heading of a table, and what its first column calls. PETSc is not run.
LIBRARIES = {
    "torch": "torch",
    "BLAS": "scipy.linalg.blas",
    "PETSc": None,
    "NumPy": "numpy",
    "numexpr": "numexpr",
    "OpenCV": "cv2",
}


def rows():
    title, *sections = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)
    assert "|" not in title
    for section in sections:
        heading = section.partition("\n")[0]
        cells = re.findall(r"^\| `(.+)` \| `(.+)` \| `(.+)` \|$", section, re.MULTILINE)
        lines = re.findall(r"^\|(?!--).+", section, re.MULTILINE)
        assert len(cells) == len(lines) - 1 > 0, (
            "a row that is not three pieces of code"
        )
        for library, ours, numpys in cells:
            yield heading, library, numpys, ours


ROWS = list(rows())


def norm(arrays):
    return np.sqrt(sum(np.square(x).sum() for x in arrays))


def saturated(x):
    return np.clip(np.rint(x), 0, 255).astype(np.uint8)


def operands():
    """The names that the page uses, the same numbers each time."""
    rng = np.random.default_rng(0)
    shape = (7, 5, 3)
    names = {name: rng.uniform(1, 2, shape) for name in ("a", "b", "c", "out")}
    names |= {name: rng.uniform(1, 2, 100) for name in "wxyz"}
    names["average"] = rng.uniform(0, 255, shape).astype(np.float32)
    for name in ("xs", "ys", "zs", "grads"):
        names[name] = [rng.uniform(-2, 2, n) for n in (1, 30, 1000)]
    for name in ("photo", "other"):
        names[name] = rng.integers(0, 256, shape, dtype=np.uint8)
    return names | {"r": 0.7, "s": 0.3, "t": 1.7}


def tensors(torch, names):
    """The same for torch, in the memory of the arrays, and parameters whose gradients
    are `grads`."""

    def tensor(x):
        if isinstance(x, list):
            return [tensor(member) for member in x]
        return torch.from_numpy(x) if isinstance(x, np.ndarray) else x

    converted = {name: tensor(value) for name, value in names.items()}
    parameters = [torch.zeros_like(g) for g in converted["grads"]]
    for parameter, g in zip(parameters, converted["grads"], strict=True):
        parameter.grad = g
    return converted | {"parameters": parameters}


def is_expression(cell):
    return isinstance(ast.parse(cell).body[0], ast.Expr)


def run(cell, names, modules):
    """What the cell returns, if it is an expression, and what it makes of the names."""
    scope = modules | names
    value = (eval if is_expression(cell) else exec)(cell, scope)
    return value, [scope[name] for name in names]


def flat(results):
    """All arrays among them."""
    for x in results:
        if isinstance(x, list | tuple):
            yield from flat(x)
        else:
            yield np.asarray(x)


def same(ours, theirs, equal):
    ours, theirs = list(flat(ours)), list(flat(theirs))
    assert len(ours) == len(theirs)
    for x, y in zip(ours, theirs, strict=True):
        assert x.shape == y.shape
        assert x.dtype == y.dtype
        equal(x, y)


def near(x, y):
    """But for rounding, of bytes too, and for the 1e-6 of torch's clip_grad_norm_."""
    np.testing.assert_allclose(
        x.astype(float), y, rtol=2e-6, atol=1 if x.dtype == np.uint8 else 0
    )


def results(row, column):
    """What a cell and fastadd's cell beside it make of the names and, where NumPy's
    cell is an expression, what they return."""
    heading, *cells = row
    modules = {"np": np, "fastadd": fastadd, "norm": norm, "saturated": saturated}
    names = operands()
    if column == 0:
        library = pytest.importorskip(LIBRARIES[heading])
        top = LIBRARIES[heading].partition(".")[0]
        modules[top] = importlib.import_module(top)
        if heading == "torch":
            names = tensors(library, names)
    value, theirs = run(cells[column], names, modules)
    our_value, ours = run(cells[2], operands(), modules)
    theirs = theirs[: len(ours)]  # without torch's parameters
    if is_expression(cells[1]):
        return [our_value, ours], [value, theirs]
    return ours, theirs


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1])
def test_numpy_makes_the_same_bits(row):
    # Its norms and dot products are summed up in another way, and its pictures are
    # computed in float64.
    rounded = any(name in row[2] for name in ("norm(", "dot(", "photo"))
    same(*results(row, 1), near if rounded else np.testing.assert_array_equal)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if LIBRARIES[row[0]]], ids=lambda row: row[1]
)
def test_the_other_library_makes_the_same_numbers(row):
    same(*results(row, 0), near)


def test_each_call_changes_something_or_returns_it():
    """So that no row compares operands that nobody has touched."""
    for *_, cell, ours in ROWS:
        value, after = run(ours, operands(), {"fastadd": fastadd})
        pairs = zip(flat(operands().values()), flat(after), strict=True)
        changed = any(x.tobytes() != y.tobytes() for x, y in pairs)
        assert changed is not is_expression(cell), ours
        assert value is not None
