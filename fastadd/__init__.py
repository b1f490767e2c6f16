"""fastadd: beta*input + alpha*other for NumPy arrays, in one pass."""

__version__ = "0.1.0"

from fastadd import _load  # noqa: F401, before all that needs the compiled part
from fastadd._add import add, add_
from fastadd._addcmul import addcdiv, addcmul
from fastadd._cache import cache_info, clear_cache, set_cache_limit
from fastadd._clip import clip_grad_norm
from fastadd._config import show_config
from fastadd._core import scaled_add
from fastadd._foreach import foreach_add
from fastadd._lerp import lerp
from fastadd._relu import relu
from fastadd._sub import sub
from fastadd._sum import weighted_sum
from fastadd._threads import get_num_threads, set_num_threads, threads

__all__ = [
    "add",
    "add_",
    "addcdiv",
    "addcmul",
    "cache_info",
    "clear_cache",
    "clip_grad_norm",
    "foreach_add",
    "get_num_threads",
    "lerp",
    "relu",
    "scaled_add",
    "set_cache_limit",
    "set_num_threads",
    "show_config",
    "sub",
    "threads",
    "weighted_sum",
]
