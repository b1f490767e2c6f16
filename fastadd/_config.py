"""Which kernels compute, and what this build can do."""

import importlib
import importlib.util
import os
import platform
import sys
import textwrap

import numpy as np

from fastadd import _cache, _core, _machine, _threads
from fastadd._checks import bfloat16

# Best first. setup.py names the flags of each, cpu.h what each asks of the CPU.
INSTRUCTION_SETS = ("avx512", "avx2", "baseline")


def available():
    """The instruction sets, best first, that this build has and this CPU can run."""
    return [
        name
        for name in INSTRUCTION_SETS
        if importlib.util.find_spec(f"fastadd._kernels_{name}")
        and _core.runs_here(name)
    ]


def use(name):
    """Compute with the kernels of one instruction set from now on."""
    global in_use
    # Loaded only now: a module may hold instructions that this CPU lacks.
    _core.use(importlib.import_module(f"fastadd._kernels_{name}").table)
    in_use = name


def chosen():
    """What FASTADD_ISA asks for, or else the best."""
    asked = os.environ.get("FASTADD_ISA", "").strip()
    if not asked:
        return available()[0]
    if asked not in available():
        raise ImportError(
            f"FASTADD_ISA={asked!r} cannot be used: this build and this CPU have "
            f"{', '.join(available())}. Set it to one of these, or unset it."
        )
    return asked


def dtypes():
    """The names of the native dtypes that there are here."""
    try:
        bfloat16()
    except TypeError:  # ml_dtypes is not installed
        return [name for name in _core.NAMES if name != "bfloat16"]
    return list(_core.NAMES)


def show_config(mode="stdout"):
    """Show how fastadd was built and what it computes with.

    Parameters
    ----------
    mode : {'stdout', 'dicts'}, optional
        Print a table, or return it as a dictionary.

    Returns
    -------
    dict or None
        Version, versions of Python and NumPy, machine and processor, the instruction
        set in use and those available, the number of threads that a call may use, how
        many threads the pool has started and how they wait, the bytes that freed
        results may leave, and the native dtypes, bfloat16 if ml_dtypes is installed.

    Examples
    --------
    >>> import fastadd
    >>> fastadd.show_config("dicts")["version"] == fastadd.__version__
    True
    """
    if mode not in ("stdout", "dicts"):
        raise ValueError(f"mode={mode!r}: 'stdout' and 'dicts' are allowed")
    config = {
        "version": sys.modules["fastadd"].__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "processor": _machine.processor(),
        "instruction set": in_use,
        "available": available(),
        "threads": _threads.get_num_threads(),
        "pool": f"{_core.workers_alive()} workers alive, asleep when idle",
        "cache limit": _cache.cache_info().limit,
        "dtypes": dtypes(),
    }
    if mode == "dicts":
        return config
    for key, value in config.items():
        text = f"{key:16}{', '.join(value) if isinstance(value, list) else value}"
        print(textwrap.fill(text, 80, subsequent_indent=" " * 16))
    return None


_core.set_last_level_cache(*_machine.cache_habits())
use(chosen())
