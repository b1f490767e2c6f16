"""fastadd: beta*input + alpha*other for NumPy arrays, in one pass."""

__version__ = "0.2.0"

from fastadd import _load  # noqa: F401, before all that needs the compiled part
from fastadd._adam import foreach_adam_
from fastadd._add import add, add_
from fastadd._addcmul import addcdiv, addcdiv_, addcmul, addcmul_
from fastadd._cache import cache_info, clear_cache, set_cache_limit
from fastadd._clip import (
    clip_grad_norm,
    clip_grad_norm_,
    clip_grad_value,
    clip_grad_value_,
)
from fastadd._config import show_config
from fastadd._core import scaled_add
from fastadd._dot import add_dot, add_dot_
from fastadd._foreach import (
    foreach_add,
    foreach_add_,
    foreach_addcdiv,
    foreach_addcdiv_,
    foreach_addcmul,
    foreach_addcmul_,
    foreach_lerp,
    foreach_lerp_,
    foreach_sub,
    foreach_sub_,
    foreach_weighted_sum,
)
from fastadd._lerp import lerp, lerp_
from fastadd._relu import relu, relu_
from fastadd._sub import sub, sub_
from fastadd._sum import weighted_sum
from fastadd._threads import get_num_threads, set_num_threads, threads

__all__ = [
    "add",
    "add_",
    "add_dot",
    "add_dot_",
    "addcdiv",
    "addcdiv_",
    "addcmul",
    "addcmul_",
    "cache_info",
    "clear_cache",
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value",
    "clip_grad_value_",
    "foreach_adam_",
    "foreach_add",
    "foreach_add_",
    "foreach_addcdiv",
    "foreach_addcdiv_",
    "foreach_addcmul",
    "foreach_addcmul_",
    "foreach_lerp",
    "foreach_lerp_",
    "foreach_sub",
    "foreach_sub_",
    "foreach_weighted_sum",
    "get_num_threads",
    "lerp",
    "lerp_",
    "relu",
    "relu_",
    "scaled_add",
    "set_cache_limit",
    "set_num_threads",
    "show_config",
    "sub",
    "sub_",
    "threads",
    "weighted_sum",
]

# What pickles and help() call them, wherever they are written.
for _each in (
    *(cache_info, clear_cache, set_cache_limit),
    *(get_num_threads, set_num_threads, threads, show_config),
):
    _each.__module__ = __name__
del _each
