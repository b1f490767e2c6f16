"""Which functions of the kernels no test calls, on which instruction set: `make reach`.

It reads what gcov has counted in modules that were built with FASTADD_COVERAGE=1 and
then tested: each kernel, and each function that it is made of, for each element type.
"""

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
ELEMENTS = (
    *("boolean", "half", "bfloat16", "float", "double", "longdouble"),
    *(f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)),
    *("complex64", "complex128", "clongdouble"),
)
PARAMETER = re.compile(
    rf"\b({'|'.join(ELEMENTS)})\b[\s*const]*__pyx_v_(?!flags|scales)"
)
CYTHON = re.compile(
    r"(?:__pyx_fuse_(\d+(?:_\d+)*))?__pyx_f_\w*?_kernels_[a-z0-9]+_(\w+)$"
)

# What no call can reach, and why.
STRIPS = "relu takes no strips on the baseline; built in earnest, there is no such code"
COPIES = "copies go by the unsigned integer of their size"
REPLACED = "copy_plane takes its place in the table"
UNREACHABLE = {
    r"move_strip\[int\d+_t\]|prefetch_strip": STRIPS,
    r"clipped\[int8_t\]": "nothing clips int8; built in earnest, there is no such code",
    r"convert\w+\[(\w+16|half|boolean), \1\]|to_number\[float, half\]": COPIES,
    r"convert\w+\[(complex128|clongdouble), \1\]": REPLACED,
}


def label(name, source, line):
    """As add_mixed_plane[half, double]; None of what is not ours."""
    found = CYTHON.search(name)
    if found is None:
        return None
    head = "".join(source[line - 1 : line + 1]).partition("{")[0]
    types = list(dict.fromkeys(PARAMETER.findall(head)))
    if found[1] and types:
        count = found[1].count("_") + 1
        types = (types * count)[:count]  # a conversion to the same has it twice
        return f"{found[2]}[{', '.join(types)}]"
    return found[2]


def counted(data):
    """Calls of each function of one module."""
    report = subprocess.check_output(
        ["gcov", "--json-format", "--stdout", data.name], cwd=data.parent
    )
    calls = defaultdict(int)
    for file in json.loads(report)["files"]:
        path = ROOT / file["file"]
        is_header = path.parent == ROOT / "src" / "c"
        if path.suffix != ".c" and not is_header:
            continue
        source = path.read_text().splitlines(keepends=True)
        for function in file["functions"]:
            name = function["name"]
            if not is_header:
                name = label(name, source, function["start_line"])
            if name is not None:
                calls[name] += function["execution_count"]
    return calls


def main():
    found = sorted(ROOT.glob("build/temp.*/**/kernels/*.gcda"))
    if not found:
        sys.exit("Nothing has been counted: build with FASTADD_COVERAGE=1, and test.")
    sets, functions = defaultdict(list), set()
    for data in found:
        calls = counted(data)
        functions.update(calls)
        for name, count in calls.items():
            if count == 0:
                sets[name].append(data.stem)
    shown = Table("function", "not called on", "because")
    holes = 0
    for name, missed in sorted(sets.items()):
        reason = next(
            (why for each, why in UNREACHABLE.items() if re.fullmatch(each, name)), ""
        )
        holes += not reason
        shown.add_row(name.replace("[", r"\["), ", ".join(missed), reason)
    Console().print(shown)
    print(
        f"{len(functions)} functions in {len(found)} modules, {len(sets)} not called "
        f"everywhere, {holes} of them without a reason"
    )
    sys.exit(holes > 0)


if __name__ == "__main__":
    main()
