"""fastadd: beta*input + alpha*other for NumPy arrays, in one pass."""

from importlib import import_module
from os.path import dirname, samefile

__version__ = "0.1.0"

try:
    _core = import_module("fastadd._core")
except ModuleNotFoundError as error:
    if error.name != "fastadd._core":
        raise
    _core = None
# (An editable install would lend its compiled part to a source folder elsewhere.)
if _core is None or not samefile(dirname(_core.__file__), __path__[0]):
    raise ImportError(
        f"{__path__[0]} is fastadd's source folder and has no compiled part for this "
        "Python. To use the installed package, start Python in another folder; to use "
        "this folder, run `pip install -e .` in the one above it."
    )

from fastadd._add import add, add_
from fastadd._cache import cache_info, clear_cache, set_cache_limit
from fastadd._clip import clip_grad_norm
from fastadd._config import show_config
from fastadd._core import scaled_add
from fastadd._foreach import foreach_add
from fastadd._relu import relu
from fastadd._sum import weighted_sum
from fastadd._threads import get_num_threads, set_num_threads, threads

__all__ = [
    "add",
    "add_",
    "cache_info",
    "clear_cache",
    "clip_grad_norm",
    "foreach_add",
    "get_num_threads",
    "relu",
    "scaled_add",
    "set_cache_limit",
    "set_num_threads",
    "show_config",
    "threads",
    "weighted_sum",
]
