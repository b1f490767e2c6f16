"""What is installed: the right package and kernels, and documentation that runs."""

import doctest
import importlib.util
import inspect
import os
import pickle
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from fresh import run_python

import fastadd
from fastadd import _config

ROOT = Path(__file__).parents[1]
PAGES = [
    page
    for page in (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")))
    if ">>> " in page.read_text()
]


def test_source_folder_without_its_compiled_part(tmp_path):
    source = Path(fastadd.__file__).parent
    (tmp_path / "fastadd").mkdir()
    for path in source.glob("*.py"):
        (tmp_path / "fastadd" / path.name).write_text(path.read_text())
    done = run_python(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import fastadd"
    )
    assert done.returncode != 0
    folder = re.escape(str(tmp_path / "fastadd"))
    assert re.search(rf"^ImportError: {folder} .*no compiled part", done.stderr, re.M)
    assert "pip install -e ." in done.stderr


def test_sets_that_are_built_and_that_run_here(monkeypatch):
    best, *others = _config.available()
    find = importlib.util.find_spec
    with monkeypatch.context() as patch:
        built = {f"fastadd._kernels_{name}" for name in others}
        patch.setattr(
            importlib.util, "find_spec", lambda x: find(x) if x in built else None
        )
        assert _config.available() == others
    monkeypatch.setattr(_config._core, "runs_here", lambda name: name != best)
    assert _config.available() == others


def test_what_the_compiled_part_lacks_is_named(tmp_path):
    shutil.copytree(
        Path(fastadd.__file__).parent,
        tmp_path / "fastadd",
        ignore=shutil.ignore_patterns("_core*", "__pycache__"),
    )
    (tmp_path / "fastadd" / "_core.py").write_text("import not_there")
    done = run_python("import fastadd", PYTHONPATH=str(tmp_path))
    assert done.stderr.endswith("No module named 'not_there'\n")


@pytest.mark.parametrize("name", _config.available())
def test_instruction_set_is_forced(name):
    code = "import fastadd; print(fastadd.show_config('dicts')['instruction set'])"
    assert run_python(code, FASTADD_ISA=name).stdout.strip() == name


@pytest.mark.parametrize("name", ("", " "))
def test_an_empty_variable_counts_as_unset(name):
    code = "import fastadd; print(fastadd.show_config('dicts')['instruction set'])"
    best = _config.available()[0]
    done = run_python(code, FASTADD_ISA=name, FASTADD_NUM_THREADS=name)
    assert done.stdout.strip() == best, done.stderr


@pytest.mark.parametrize("name", ("avx1024", "0", "AVX2"))
def test_instruction_set_that_is_not_there(name):
    done = run_python("import fastadd", FASTADD_ISA=name)
    assert done.returncode != 0
    assert f"FASTADD_ISA={name!r} cannot be used" in done.stderr
    assert "baseline" in done.stderr


def test_best_instruction_set_is_the_default():
    done = run_python(
        "from fastadd import _config; print(_config.in_use, *_config.available())"
    )
    in_use, best, *_ = done.stdout.split()
    assert in_use == best


def test_show_config(capsys):
    fastadd.show_config()
    printed = capsys.readouterr().out
    for key, value in fastadd.show_config("dicts").items():
        assert key in printed
        assert str(value[0] if isinstance(value, list) else value) in printed
    with pytest.raises(ValueError, match="'stdout' and 'dicts'"):
        fastadd.show_config("json")


@pytest.mark.parametrize("there", [True, False])
def test_show_config_lists_bfloat16_where_it_is(there, tmp_path):
    if there:
        pytest.importorskip("ml_dtypes")
    else:
        (tmp_path / "ml_dtypes.py").write_text("raise ImportError('not here')")
    done = run_python(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import fastadd; "
        "print(*fastadd.show_config('dicts')['dtypes']); fastadd.show_config()"
    )
    dtypes, printed = done.stdout.split("\n", 1)
    assert ("bfloat16" in dtypes.split()) == ("bfloat16" in printed) == there
    assert "float16" in dtypes.split()


def test_docstring_examples():
    for name in fastadd.__all__:
        found = doctest.DocTestParser().get_doctest(
            inspect.getdoc(getattr(fastadd, name)), {}, name, None, None
        )
        result = doctest.DocTestRunner().run(found)
        assert result.failed == 0
        assert result.attempted > 0, name


@pytest.mark.parametrize("name", fastadd.__all__)
def test_every_parameter_is_documented(name):
    function = getattr(fastadd, name)
    if isinstance(function, np.ufunc):
        return
    _, *found = inspect.getdoc(function).partition("Parameters\n----------\n")
    lines = found[-1].partition("\n\n")[0].splitlines()
    documented = [x.partition(" : ")[0] for x in lines if not x.startswith(" ")]
    assert ", ".join(documented) == ", ".join(inspect.signature(function).parameters)


def test_functions_are_known_to_python():
    for name in (
        "add",
        "add_",
        "add_dot",
        "clip_grad_norm",
        "foreach_add",
        "relu",
        "weighted_sum",
    ):
        function = getattr(fastadd, name)
        assert repr(function) == f"<built-in function {name}>"
        assert function.__module__ == "fastadd"
        assert pickle.loads(pickle.dumps(function)) is function
        assert "*" in str(inspect.signature(function))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_of_the_pages(page):
    before = fastadd.get_num_threads()
    try:
        result = doctest.testfile(str(page), module_relative=False)
    finally:
        fastadd.set_num_threads(before)
    assert result.failed == 0
    assert result.attempted > 3


@pytest.mark.skipif(not (ROOT / "setup.py").exists(), reason="needs the sources")
@pytest.mark.parametrize("url", ["", "https://example.org/who/fastadd"])
def test_links_of_a_release(url):
    pytest.importorskip("Cython")
    done = subprocess.run(
        [sys.executable, "setup.py", "--quiet", "--long-description"],
        cwd=ROOT,
        env=os.environ | {"FASTADD_URL": url},
        capture_output=True,
        text=True,
        check=True,
    )
    readme = (ROOT / "README.md").read_text()
    given = re.findall(r"\]\(([^)]+)\)", readme)
    links = re.findall(r"\]\(([^)]+)\)", done.stdout)
    assert all((ROOT / link.partition("#")[0]).exists() for link in given)
    if not url:
        assert links == given
        return
    version = re.escape(f"v{fastadd.__version__}")
    for link, path in zip(links, given, strict=True):
        form = "raw" if path.endswith(".png") else "blob"
        assert re.fullmatch(rf"{url}/{form}/{version}/{re.escape(path)}", link)


@pytest.mark.parametrize("name", fastadd.__all__)
def test_reference_has_every_public_name(name):
    directive = rf"^\.\. auto\w+:: {name}$"
    assert re.search(directive, (ROOT / "docs/api.rst").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    "example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.stem
)
def test_gallery_has_every_example(example):
    """Its text and code, a card and, if it draws one, its picture."""
    page = (ROOT / f"docs/examples/{example.stem}.md").read_text()
    assert page.count(f"../../examples/{example.name}\n") == 2
    cards = (ROOT / "docs/examples/index.md").read_text()
    assert f"\n:link: {example.stem}\n" in cards
    if "--picture" in example.read_text():
        for text in (page, cards):
            (picture,) = re.findall(rf"examples/figures/{example.stem}\.\w+", text)
            assert (ROOT / picture).is_file()


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python needs its GIL"
)
def test_import_does_not_switch_the_gil_on():
    code = "import sys, fastadd; print(sys._is_gil_enabled())"
    assert run_python(code, PYTHON_GIL=None).stdout == "False\n"


def test_import_leaves_the_processor_as_it_was():
    """No flush-to-zero, and nothing imported that is not needed."""
    code = """
import sys
import fastadd
tiny = 5e-324
assert tiny / 1 > 0 and 2.0**-1074 * 1.0 == tiny
assert "ml_dtypes" not in sys.modules
assert "fastadd._compare" not in sys.modules
print(sorted(m for m in sys.modules if m.startswith("fastadd")))
"""
    assert "fastadd._core" in run_python(code).stdout


@pytest.mark.skipif(sys.platform != "linux", reason="freezes a Linux program")
def test_frozen_application(tmp_path):
    """PyInstaller finds the modules of the instruction sets by the hook."""
    pytest.importorskip("PyInstaller")
    source = tmp_path / "app.py"
    source.write_text(
        "import numpy as np, fastadd\n"
        "print(fastadd.add(np.ones(3), np.ones(3), alpha=2).tolist())\n"
        "print(fastadd.show_config('dicts')['available'])\n"
    )
    package = Path(fastadd.__file__).parent
    subprocess.run(
        [
            *(sys.executable, "-m", "PyInstaller", "--log-level", "ERROR"),
            *("--paths", str(package.parent)),
            *("--additional-hooks-dir", str(package / "_pyinstaller")),
            *("--exclude-module", "torch", "--exclude-module", "pandas"),
            *("--exclude-module", "matplotlib", "--exclude-module", "scipy"),
            *("--distpath", str(tmp_path), "--workpath", str(tmp_path / "build")),
            *("--specpath", str(tmp_path), str(source)),
        ],
        check=True,
        cwd=tmp_path,
    )
    done = subprocess.run(
        [str(tmp_path / "app" / "app")], check=False, capture_output=True, text=True
    )
    first, second = done.stdout.splitlines() or ("", "")
    assert first == "[3.0, 3.0, 3.0]", done.stderr
    assert second == str(fastadd.show_config("dicts")["available"])


def test_it_may_be_imported_once_more():
    """As test runners and notebooks do, which forget its modules first."""
    done = run_python(
        """
import sys
for _ in range(70):
    for name in [name for name in sys.modules if name.startswith("fastadd")]:
        del sys.modules[name]
    import fastadd
    assert fastadd.add(1, 2) == 3
    assert fastadd.lerp_([1.0] and __import__("numpy").ones(2), 2.0, 0.5)[0] == 1.5
"""
    )
    assert done.returncode == 0, done.stderr


def test_public_names_say_where_they_are():
    for name in fastadd.__all__:
        each = getattr(fastadd, name)
        assert getattr(each, "__module__", None) in ("fastadd", None), name
        assert pickle.loads(pickle.dumps(each)) is each
