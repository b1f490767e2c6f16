"""fastadd: beta*input + alpha*other for NumPy arrays, in one pass."""

from importlib import import_module

__version__ = "0.1.0"

try:
    import_module("fastadd._core")
except ModuleNotFoundError as error:
    if error.name != "fastadd._core":
        raise
    raise ImportError(
        f"{__path__[0]} is fastadd's source folder and has no compiled part for this "
        "Python. To use the installed package, start Python in another folder; to use "
        "this folder, run `pip install -e .` in the one above it."
    ) from error

from fastadd._add import add, add_  # noqa: E402
from fastadd._config import show_config  # noqa: E402

__all__ = ["add", "add_", "show_config"]
