"""How far a library function may be from the exact value, on any processor and with any C library.

NumPy promises less than 4 ulp for its vectorised functions (SVML, and its own); glibc's manual documents at most 2 ulp for
logarithms, exp and pow and 4 for cbrt on every processor; what SciPy takes from Cephes is documented there (gamma: a peak
relative error of 2.3e-15, which is 11 ulp, on [-170, 170]). Sound rounding, the ranges of expressions and the tests of
accuracy all rest on this table.
"""

from __future__ import annotations

from math import ceil

__all__ = ["PROMISED_ULPS", "roundings"]

_LOG = _EXP = _POW = _CBRT = 4.0

#: Units in the last place, for arguments that are exact and results in the normal range.
PROMISED_ULPS = {
    "sqrt": 0.5,  # correctly rounded: IEEE 754
    "log": _LOG,
    "exp": _EXP,
    "power": _POW,
    "powi": _POW,
    "powr": max(_POW + 1, _CBRT),  # the power of the nearest exponent, and the rest of it to first order
    "logb": 2 * _LOG + 0.5,  # a quotient of logarithms; log2 and log10 are better
    "kl": 64.0,  # a difference of which half may cancel, and a logarithm whose argument has three roundings
    "gamma": 32.0,
    "loggamma": 32.0,  # of the value or of 1, whichever is larger: it has zeros
    "binomial": 128.0,  # a product, or a quotient of three gamma functions
}


def roundings(op: str) -> int:
    """Return the promise as a number of relative errors of 2**-53, of which an ulp has at most two."""
    return ceil(2 * PROMISED_ULPS[op]) + (op == "powr")
