"""The versions of what a number depends on."""

from __future__ import annotations

import platform
from importlib import metadata

from boundcalc import __version__

__all__ = ["versions"]

_PACKAGES = (
    "sympy",
    "numpy",
    "scipy",
    "mpmath",
    "xarray",
    "scikit-learn",
    "python-flint",
    "z3-solver",
    "cvc5",
)


def versions() -> dict[str, str]:
    """Return our version, Python's, and that of each package that computes, "not installed" where there is none."""
    found = {"boundcalc": __version__, "Python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
