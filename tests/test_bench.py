"""What the benchmark shows fits its width, whoever is installed: with invented times of
all peers, and as it runs, on little data."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fresh import run_python
from skips import condensed

BENCH = Path(__file__).parents[1] / "bench"

pytestmark = pytest.mark.skipif(not BENCH.exists(), reason="needs the checkout's bench")


@pytest.fixture(autouse=True)
def needed():
    pytest.importorskip("rich")
    pytest.importorskip("matplotlib")


SHOWN = """
import sys
sys.path.insert(0, BENCH)
import limit, jobs, report, sections
from fastadd._compare.peers import COLOURS

limit.triad, jobs.datasets = lambda: True, True  # cases are only listed
cells = []
for name, section in sections.SECTIONS.items():
    found = []
    for case in section.cases(FULL):
        names = COLOURS
        if case.group == "triad":
            names = ["fastadd", *(f"C {s}, {n}" for s in ("plain", "streaming")
                                  for n in (1, 128))]
        times = {who: 1e-6 * 7 ** (k % 9 - 3) for k, who in enumerate(names)}
        times["fastadd"] = 9.87e-5 if len(found) % 3 else 1e-8
        found.append({"group": case.group, "case": case.name, "row": case.row,
                      "times": times})
    assert found, name
    report.section(name, found)
    cells += found
report.summary(cells)
names = ["one thread", "fastadd", "numpy two calls", "torch", "numba parallel"]
rows = [("scikit-learn, nearest of 16", 1_000_000, dict.fromkeys(names, 1e-3))]
report.beside_tables({kind: rows for kind in report.BESIDE})
"""


@pytest.mark.parametrize("full", [False, True])
def test_tables_fit_and_nothing_is_cut(full):
    code = f"BENCH, FULL = {str(BENCH)!r}, {full}\n{SHOWN}"
    done = run_python(code, COLUMNS=None)
    assert done.returncode == 0, done.stderr
    assert 90 < max(map(len, done.stdout.splitlines())) <= 100
    assert "…" not in done.stdout
    assert " 0.00" not in done.stdout
    assert "<0.01" in done.stdout
    for section in ("rows", "views", "operations", "jobs"):
        assert f"{section}: slower than NumPy in " in done.stdout


LEGENDS = """
import sys
sys.path.insert(0, BENCH)
from pathlib import Path
from matplotlib.figure import Figure
import pictures
from fastadd._compare.peers import COLOURS

boxes = []

def measured(figure, path, dpi):
    figure.draw_without_rendering()
    (legend,) = figure.legends
    boxes.append((legend.get_window_extent(), figure.bbox, len(legend.texts)))

Figure.savefig = measured
everybody = [name for name in COLOURS if name != "fastadd"]
for count in range(1, len(everybody) + 1):
    names = everybody[:count]
    cells = [{"group": "large", "case": "", "row": ("float32", n, way),
              "times": dict.fromkeys(["fastadd", *names], 1e-6 * n)}
             for n in (10, 1000) for way in ("out=", "fresh")]
    pictures.plot_sizes(cells, Path(FOLDER, "sizes.png"))
    legend, figure, texts = boxes[-1]
    assert texts == count + 1
    assert 0 <= legend.x0 and legend.x1 <= figure.x1, names
    assert 0 <= legend.y0 and legend.y1 <= figure.y1, names
"""


def test_legends_are_whole(tmp_path):
    done = run_python(f"BENCH, FOLDER = {str(BENCH)!r}, {str(tmp_path)!r}\n{LEGENDS}")
    assert done.returncode == 0, done.stderr


def run(*options, **environment):
    return subprocess.run(
        [sys.executable, BENCH / "run.py", *options],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )


@pytest.mark.parametrize("columns", ["80", "100"])
def test_a_section_as_it_runs(columns):
    done = run("--only", "broadcasts", "--seconds", "0.001", COLUMNS=columns)
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= int(columns)
    assert "…" not in done.stdout
    assert "broadcasts: 8 cases, about " in " ".join(done.stdout.split())
    assert "broadcasts: slower than NumPy in " in done.stdout


def test_without_scikit_learn(tmp_path):
    (tmp_path / "sklearn.py").write_text("raise ImportError('none here')\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.getenv("PYTHONPATH")])])
    done = run("--only", "jobs", "--seconds", "0.001", PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    assert "jobs: left out, since scikit-learn" in done.stdout


PAGE = """
import sys
sys.path.insert(0, BENCH)
from pathlib import Path
import page

page.ROOT, page.PAGE = Path(FOLDER), Path(FOLDER, "page.md")
print(page.missing(["pairs", "readme"]))
old = "Head.\\n\\n<!-- make pairs -->\\nold\\n<!-- end -->\\n\\nTail.\\n"
page.PAGE.write_text(old)
print(page.missing(["pairs", "readme"]))
assert page.missing(["pairs"]) is None
times = {"fastadd": 2.0, "one thread": 1.0}
page.remake([], {}, {"pairs": [("np.dot", 1000, times)]})
print(page.PAGE.read_text(), end="")
"""


def test_the_page(tmp_path):
    done = run_python(f"BENCH, FOLDER = {str(BENCH)!r}, {str(tmp_path)!r}\n{PAGE}")
    assert done.stdout == (
        "there is no page.md: make it, with <!-- make pairs --> and <!-- end -->\n"
        "page.md has no <!-- make readme --> with <!-- end --> after it: add them\n"
        "Head.\n\n<!-- make pairs -->\n\n"
        "| right after | n | one thread | fastadd |\n|---|--:|--:|--:|\n"
        "| np.dot | 1,000 | 1.00 s | 2.00 |\n\n"
        "<!-- end -->\n\nTail.\n"
    ), done.stderr


def test_skips_are_condensed():
    reasons = ["Skipped: could not import 'dask.array': No module named 'dask'"] * 2
    reasons += ["Skipped: could not import 'torch': no", "Skipped: needs two cores"]
    assert list(condensed(reasons)) == [
        "3 skipped, not installed: dask (2), torch (1)",
        "1 skipped: needs two cores",
    ]
