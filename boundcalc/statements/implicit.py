"""A quantity on both sides of a step: solved for it.

>>> from boundcalc.symbols import rhat_0, r_0, C, n
>>> from boundcalc.statements.derivation import at_most
>>> step = at_most(r_0, rhat_0 + C / n * sympy.sqrt(r_0), because="its variance is at most r_0", kind="expectation")
>>> print(solve_implicit(step, 1))
sqrt(r_0) <= C/(2*n) + sqrt(C**2/n**2 + 4*rhat_0)/2
"""

from __future__ import annotations

import sympy

from boundcalc.errors import InvalidInputError
from boundcalc.language.domains import describe
from boundcalc.statements.audit import lies_in
from boundcalc.statements.derivation import Step, at_most

__all__ = ["solve_implicit"]


def solve_implicit(step: Step, number: int) -> Step:
    """Return the step that bounds what an earlier step has on both sides.

    From ``r <= a + b sqrt(r)`` it follows that ``sqrt(r) <= (b + sqrt(b^2 + 4a))/2``, and from ``r <= a + b r`` with b < 1
    that ``r <= a/(1 - b)``; a and b are nonnegative.

    Parameters
    ----------
    step : Step
        Its left side is a symbol r >= 0.
    number : int
        Its place in the chain, from 1 on; the step that is returned uses it.

    Returns
    -------
    Step
        Proved from the earlier one by `boundcalc.check`.

    Raises
    ------
    InvalidInputError
        If the step is of neither form, or a or b may be negative, or b may be 1 or more.
    """
    r = step.left
    if step.relation != "<=" or not r.is_Symbol or not r.is_nonnegative:
        raise InvalidInputError(
            f"{step}: the left side of '<=' must be one nonnegative symbol", context="solve_implicit"
        )
    place = sympy.Dummy("root", nonnegative=True)
    inner = sympy.expand_mul(step.right.subs(sympy.sqrt(r), place).subs(r, place**2))
    a, root, whole = (inner.coeff(place, power) for power in range(3))
    rest = sympy.expand_mul(inner - a - root * place - whole * place**2)
    if rest != 0 or (root != 0) == (whole != 0) or place in (a + root + whole).free_symbols:
        raise InvalidInputError(f"{step} is neither r <= a + b sqrt(r) nor r <= a + b r", context="solve_implicit")
    positive = sympy.Interval(0, sympy.oo)
    allowed = positive if root != 0 else sympy.Interval.Ropen(0, 1)
    bad = [
        f"{value} must be {describe(place)}"
        for value, place in ((a, positive), (root + whole, allowed))
        if not lies_in(value, place)
    ]
    if bad:
        raise InvalidInputError(bad, context="solve_implicit")
    because = f"step {number}, solved for {r}"
    if root != 0:
        return at_most(sympy.sqrt(r), (root + sympy.sqrt(root**2 + 4 * a)) / 2, because=because, using=(number,))
    return at_most(r, a / (1 - whole), because=because, using=(number,))
