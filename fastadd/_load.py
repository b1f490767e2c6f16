"""Loads the compiled part, or tells why it cannot be loaded."""

import importlib
import os
import sys

import fastadd


def is_elsewhere(module):
    """Whether a module belongs to another folder than this one: an editable install
    would lend its compiled part to a source folder elsewhere. (In a frozen application
    there may be no folder.)"""
    ours, its = os.path.dirname(__file__), os.path.dirname(module.__file__)
    return (
        os.path.isfile(__file__)
        and os.path.isdir(its)
        and not os.path.samefile(ours, its)
    )


def load():
    before = sys.modules.get("_shared")
    try:
        core = importlib.import_module("fastadd._core")
    except ModuleNotFoundError as error:
        if error.name != "fastadd._core":
            raise
        core = None
    # Cython also registers the module of its shared code under this bare name, where it
    # would hide one of the user's.
    if before is None:
        sys.modules.pop("_shared", None)
    if core is None or is_elsewhere(core):
        raise ImportError(
            f"{fastadd.__path__[0]} is fastadd's source folder and has no compiled "
            "part for this Python. To use the installed package, start Python in "
            "another folder; to use this folder, run `pip install -e .` in the one "
            "above it."
        )


load()
