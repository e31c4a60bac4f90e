"""Doctests of modules that need torch are left out where the extra ``align`` is not installed."""

from importlib.util import find_spec

_NEED_TORCH = (
    "_torch",
    "checkpoint",
    "comparison",
    "contrastive",
    "encoders",
    "estimator",
    "plans",
    "regularisers",
    "training",
)

collect_ignore = (
    [] if find_spec("torch") and find_spec("ot") else [f"boundcalc/aligner/{name}.py" for name in _NEED_TORCH]
)
