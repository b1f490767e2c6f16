"""fastadd: beta*input + alpha*other for NumPy arrays, in one pass."""

__version__ = "0.1.0"

try:
    from fastadd import _core  # noqa: F401
except ModuleNotFoundError as error:
    if error.name not in (None, "fastadd._core"):
        raise
    raise ImportError(
        f"{__path__[0]} is fastadd's source folder and has no compiled part for this "
        "Python. To use the installed package, start Python in another folder; to use "
        "this folder, run `pip install -e .` in the one above it."
    ) from error

from fastadd._add import add, add_
from fastadd._config import show_config

__all__ = ["add", "add_", "show_config"]
