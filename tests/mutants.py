"""What the tests do not notice: one expression of `fastadd/*.py` is changed at a time,
and the tests that reach its line run beside a copy of the package that has the change.
The working tree stays as it is, but for `build/reached.jsonl`. `make mutants` first
passes all tests to learn which lines each of them reaches, and then tries 200 of some
1,450 changes: 10 and 30 minutes on two cores.

A *survivor* is a change that no test noticed. It is one of three things:

- The changed program does the same, as where None is returned instead of False, or
  where a limit moves between two ways to one result. Nothing is to be done.
- The code decides nothing. Remove it.
- A test is missing. Write one that fails for the survivor, best where it holds for
  every operation (`test_operations.py`, `test_lists.py`) or as a row of a table
  (`test_errors.py`). Then `--files`, `--lines` and `--tests` try it again.

At the end the tests that noticed a change run without one, and must pass. A test that
measures time can fail on a busy machine: `--log` names the test that noticed a change.
"""

import argparse
import ast
import importlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, namedtuple
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "fastadd"
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py"))
REACHED = ROOT / "build" / "reached.jsonl"
SECONDS, TESTS = 30, 200  # of those that reach a line, no more than so many

# ---- the changes ---------------------------------------------------------------------

SWAPPED = {
    **{ast.Lt: "GtE LtE", ast.LtE: "Gt Lt", ast.Gt: "LtE GtE", ast.GtE: "Lt Gt"},
    **{ast.Eq: "NotEq", ast.NotEq: "Eq", ast.Is: "IsNot", ast.IsNot: "Is"},
    **{ast.In: "NotIn", ast.NotIn: "In", ast.And: "Or", ast.Or: "And"},
    **{ast.Add: "Sub", ast.Sub: "Add", ast.Mult: "Div", ast.Div: "Mult"},
    **{ast.FloorDiv: "Mult", ast.Mod: "Mult", ast.LShift: "RShift"},
    **{ast.BitOr: "BitAnd", ast.BitAnd: "BitOr", ast.RShift: "LShift"},
}
Mutant = namedtuple("Mutant", "module line before after source scope")
Test = namedtuple("Test", "name seconds lines")


def swapped(op):
    return [getattr(ast, name)() for name in SWAPPED.get(type(op), "").split()]


def replacements(node, field):
    """What may stand in a node's place, which is in this field of its parent."""
    match node:
        case ast.BoolOp(op, values):
            yield from (ast.BoolOp(other, values) for other in swapped(op))
        case ast.Compare(left, [op], right):
            yield from (ast.Compare(left, [other], right) for other in swapped(op))
        case ast.BinOp(left, op, right):
            yield from (ast.BinOp(left, other, right) for other in swapped(op))
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield operand
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int(value) | float(value)):
            yield from (ast.Constant(other) for other in (value + 1, -value or -1))
        case ast.Constant(value) if field in ("defaults", "kw_defaults"):
            yield ast.Constant(0 if value is None else f"{value}?")
        case ast.Return(value) if value is not None:
            yield ast.Return(ast.Constant(None))
        case ast.Expr(ast.Constant()):  # a docstring
            pass
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break():
            yield ast.Pass()
        case ast.Assign() if node.col_offset:  # without a global, no import
            yield ast.Pass()
    if field in ("test", "ifs") and not isinstance(node, ast.Compare):
        yield ast.UnaryOp(ast.Not(), node)


def mutants(module):
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    scopes = {
        id(node): range(function.lineno, function.end_lineno + 1)
        for function in ast.walk(tree)  # the outer ones first
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
    }
    seen, line = {ast.unparse(tree)}, 0
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            members = value if isinstance(value, list) else [value]
            for place, node in enumerate(members):
                if not isinstance(node, ast.AST):
                    continue
                line = getattr(node, "lineno", line)
                for other in replacements(node, field):
                    members[place] = other
                    setattr(parent, field, members if value is members else other)
                    source = ast.unparse(ast.fix_missing_locations(tree))
                    if source not in seen:
                        seen.add(source)
                        change = ast.unparse(node), ast.unparse(other)
                        scope = scopes.get(id(node), ())
                        yield Mutant(module, line, *change, source, scope)
                    members[place] = node
                    setattr(parent, field, value)


def chosen(options):
    """Of each module as many changes as is its share."""
    low, _, high = options.lines.partition("-")
    found = {
        module: [x for x in mutants(module) if int(low) <= x.line <= int(high or low)]
        for module in options.files or MODULES
    }
    total = sum(map(len, found.values()))
    share = min(options.sample or total, total) / max(total, 1)
    rng = random.Random(options.seed)
    for each in found.values():
        yield from rng.sample(each, -int(-len(each) * share // 1))


# ---- the tests -----------------------------------------------------------------------


@contextmanager
def recorded(name):
    """Writes which lines of the package are reached, and whether a fresh interpreter
    is started, of which no line is seen."""
    lines = set()

    def line(frame, event, arg):
        lines.add(f"{Path(frame.f_code.co_filename).stem}:{frame.f_lineno}")
        return line

    def call(frame, event, arg):
        path = frame.f_code.co_filename
        ours = path.startswith(str(PACKAGE)) or path.endswith("fresh.py")
        return line(frame, event, arg) if ours else None

    begin = time.perf_counter()
    sys.settrace(call)
    threading.settrace(call)
    yield
    sys.settrace(None)
    threading.settrace(None)
    seconds = round(time.perf_counter() - begin, 3)
    with REACHED.open("a") as file:
        print(json.dumps([name, seconds, sorted(lines)]), file=file)


# These two are called by pytest, of which this file is a plugin then.
@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests():
    with recorded("import"):
        importlib.import_module("fastadd")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    with recorded(item.nodeid):
        return (yield)


def run_pytest(options, package, *arguments, **more):
    return subprocess.run(
        [options.python, "-P", "-m", "pytest", "-q", "--tb=no", *arguments],
        check=False,
        cwd=ROOT,
        env=os.environ
        | {"PYTHONPATH": f"{package}{os.pathsep}{ROOT / 'tests'}"}
        | {"HYPOTHESIS_STORAGE_DIRECTORY": f"{package}/.hypothesis"}
        | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # Dask's and others take a second
        **more,
    )


def fastest(tests):
    """As many as fit the time, first those that are fast and not yet another case."""
    cases, ordered, total = Counter(), [], 0
    for test in sorted(tests, key=lambda test: test.seconds):
        function = test.name.partition("[")[0]
        cases[function] += 1
        ordered.append((cases[function] * test.seconds, test))
    for _, test in sorted(ordered, key=lambda x: x[0])[:TESTS]:
        if total + test.seconds < SECONDS:
            total += test.seconds
            yield test.name


def likely(mutant, reached, imported):
    """The tests that reach the line of a change, or else its function. If an import
    does: those that reach the module, those that import it anew, and any."""
    for lines in ((mutant.line,), mutant.scope):
        reach = {f"{mutant.module}:{line}" for line in lines}
        found = [test for test in reached if reach & test.lines]
        if found:
            break
    groups = [found]
    if not found or reach & imported.lines:
        groups += [
            [test for test in reached if any(x.startswith(start) for x in test.lines)]
            for start in (f"{mutant.module}:", "fresh:", "")
        ]
    return list(dict.fromkeys(name for group in groups for name in fastest(group)))


def killer(mutant, tests, options):
    """The test that notices a change, None if none does."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "fastadd")
        copy.mkdir()
        for path in PACKAGE.iterdir():
            if path.name not in ("__pycache__", f"{mutant.module}.py"):
                (copy / path.name).symlink_to(path)
        (copy / f"{mutant.module}.py").write_text(mutant.source)
        Path(folder, "tests").write_text("\n".join(tests))
        try:
            done = run_pytest(
                *(options, folder, "-x", "-p", "no:cacheprovider"),
                *(f"@{folder}/tests",),
                **{"capture_output": True, "text": True, "timeout": 5 * SECONDS},
            )
        except subprocess.TimeoutExpired:
            return "it did not end"
    return noticed_by(done)


def noticed_by(done):
    """The test that failed in a run of pytest, None if none did."""
    if not done.returncode:
        return None
    named = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    return named[1] if named else f"exit status {done.returncode}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    add = parser.add_argument
    add("--files", nargs="+", metavar="NAME", help="modules, as _sum; all if left out")
    add("--lines", default="1-99999", metavar="FIRST-LAST", help="lines of each module")
    add("--sample", type=int, help="so many changes; all if left out")
    add("--seed", type=int, default=0, help="of the sample")
    add("--jobs", type=int, default=1, help="changes at once")
    add("--tests", nargs="+", help="these, and not those that reach the line")
    add("--record", action="store_true", help="first learn what the tests reach")
    add("--python", default=sys.executable, help="the interpreter of the tests")
    add("--log", type=Path, help="a file for every change and the test that noticed")
    options = parser.parse_args()
    if options.record:
        REACHED.parent.mkdir(exist_ok=True)
        REACHED.unlink(missing_ok=True)
        run_pytest(options, ROOT, "-p", "mutants")
    if not REACHED.exists():
        parser.error(f"there is no {REACHED} yet: pass --record")
    imported, *reached = [
        Test(name, seconds, {*lines})
        for name, seconds, lines in map(json.loads, REACHED.read_text().splitlines())
    ]
    tried, survivors, noticing = Counter(), [], set()
    with ThreadPoolExecutor(options.jobs) as pool:
        running = {
            pool.submit(
                killer,
                *(each, options.tests or likely(each, reached, imported), options),
            ): each
            for each in chosen(options)
        }
        for done in track(as_completed(running), "Changes tried", len(running)):
            mutant, test = running[done], done.result()
            tried[mutant.module] += 1
            if test is None:
                survivors.append(mutant)
            elif "::" in test:
                noticing.add(test)
            if options.log:
                with options.log.open("a") as log:
                    print(*mutant[:4], test, sep="\t", file=log)
    alive = Counter(mutant.module for mutant in survivors)
    shown = Table("file", "line", "source", "instead", title="Survivors")
    for mutant in sorted(survivors):
        shown.add_row(f"{mutant.module}.py", str(mutant.line), *mutant[2:4])
    counts = Table("file", "tried", "survivors", title="Changes")
    for module, count in sorted(tried.items()):
        counts.add_row(f"{module}.py", str(count), str(alive[module]))
    counts.add_row("all", str(tried.total()), str(alive.total()))
    Console().print(shown, counts)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(noticing))
        file.flush()
        if noticing and run_pytest(options, ROOT, f"@{file.name}").returncode:
            sys.exit("What fails without a change, too, notices nothing.")


if __name__ == "__main__":
    main()
