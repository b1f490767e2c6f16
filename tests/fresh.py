"""A fresh interpreter, for what a process does only once or must not do to this one."""

import os
import subprocess
import sys


def run_python(code, **environment):
    """Run code; the environment is ours but for FASTADD_ISA and what is given, of which
    None unsets."""
    environment = os.environ | {"FASTADD_ISA": None} | environment
    return subprocess.run(
        # -P: the installed package, not the source folder that we may stand in.
        [sys.executable, "-P", "-c", code],
        check=False,
        capture_output=True,
        text=True,
        env={name: value for name, value in environment.items() if value is not None},
    )
