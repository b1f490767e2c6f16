"""Each file of the compiled part says what it uses, and uses no more: so that arrows
between files run downward alone, and a reader knows where to look."""

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")  # not fields
# Names that a file defines at its top level.
DEFINED = (
    re.compile(r"^(?:cdef|def|cpdef) (?:inline )?(?:[\w*\[\]., ]+? )?\*?(\w+)\(", re.M),
    re.compile(r"^(?:cdef struct|cdef union|ctypedef fused) (\w+):", re.M),
    re.compile(r"^ctypedef .*\(\*(\w+)\)\(", re.M),
    re.compile(r"^cdef [\w* ]*?\b(\w+)(?:\[[\w\[\]]+\])?(?: = .*)?$", re.M),
    re.compile(r"^([A-Za-z_]\w*) = ", re.M),
)
ENUM = re.compile(r"^cdef enum:\n((?:    .*\n|\n)+)", re.M)
LIMIT = 450


def folders():
    """The files that one module includes, in their order, by its main file."""
    if not SOURCE.exists():
        pytest.skip("only where the sources are")
    found = {}
    for main in ("core/core.pyx", "kernels/kernels.pxi"):
        text = (SOURCE / main).read_text()
        names = re.findall(r'^include "(.+)\.pxi"', text, re.M)
        paths = {path.stem: path for path in (SOURCE / "ufunc").glob("*.pxi")}
        paths |= {path.stem: path for path in (SOURCE / "core").glob("*.pxi")}
        paths |= {path.stem: path for path in (SOURCE / main).parent.glob("*.pxi")}
        found[main] = {name: paths[name] for name in names}
    return found


def code_of(path):
    """Without comments, docstrings and strings."""
    text = re.sub(r'"""(?:.|\n)*?"""', "", path.read_text())
    text = re.sub(r'b?f?"(?:[^"\\\n]|\\.)*"', "", text)
    return re.sub(r"#.*", "", text)


def definitions(path):
    code = code_of(path)
    names = {name for pattern in DEFINED for name in pattern.findall(code)}
    for block in ENUM.findall(code):
        names.update(re.findall(r"^    (\w+)", block, re.M))
    return names


def used_by(path, home):
    """The files of which this one uses a definition."""
    words = set(WORD.findall(code_of(path)))
    own = definitions(path)
    return {home[word] for word in words - own if word in home} - {path.stem}


@pytest.mark.parametrize("main", ["core/core.pyx", "kernels/kernels.pxi"])
def test_files_use_what_they_say(main):
    files = folders()[main]
    home = {}
    for name, path in files.items():
        for each in definitions(path):
            home.setdefault(each, name)
    order = list(files)
    wrong = []
    for name, path in files.items():
        used = used_by(path, home)
        declared = re.search(r"^# Uses: ([^.]+)\.$", path.read_text(), re.M)
        said = set(re.findall(r"\w+", declared[1])) if declared else set()
        if said - {"nothing"} != used:
            wrong.append(f"{name}: # Uses: {', '.join(sorted(used, key=order.index))}")
        for other in used:
            if order.index(other) > order.index(name):
                words = set(WORD.findall(code_of(path)))
                upward = sorted(w for w in words if home.get(w) == other)
                wrong.append(f"{name} uses {other}, which comes later: {upward}")
    assert not wrong, "\n".join(wrong)


def test_files_are_short():
    for path in SOURCE.glob("*/*.*"):
        assert len(path.read_text().splitlines()) <= LIMIT, path
