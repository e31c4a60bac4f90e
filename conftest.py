"""What a worker may take, and the same examples in every run; doctests of modules that need torch are left out without it."""

import gc
import os
from importlib.util import find_spec

from hypothesis import settings

# The suite draws the same examples everywhere; `pytest --hypothesis-profile=others` looks for what it has not seen.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("others", deadline=None)
settings.load_profile("same")

if "PYTEST_XDIST_WORKER" in os.environ:  # workers enough for the processors: more threads would wait for each other
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    # Expressions are many small objects in no circle: looking for circles among them takes up to a tenth of the time.
    gc.set_threshold(50_000, 20, 100)

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
