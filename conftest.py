"""Doctests of modules that need torch are left out where the extra ``align`` is not installed."""

from importlib.util import find_spec

_NEED_TORCH = (
    "_torch",
    "checkpoint",
    "contrastive",
    "encoders",
    "plans",
    "regularisers",
    "trained",
    "training",
)

collect_ignore = (
    [] if find_spec("torch") and find_spec("ot") else [f"boundcalc/aligner/{name}.py" for name in _NEED_TORCH]
)
