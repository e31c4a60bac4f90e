"""Symbols of one's own: declared with a role, and never under a name of the vocabulary."""

from __future__ import annotations

import re

import sympy

from boundcalc.errors import InvalidInputError
from boundcalc.symbols import NONNEGATIVE, ROLES, VOCABULARY
from boundcalc.symbols import symbol as described

__all__ = ["symbol"]


def symbol(
    name: str,
    latex: str = "",
    meaning: str = "",
    domain: sympy.Set = NONNEGATIVE,
    *,
    role: str | None = None,
    free: bool = False,
) -> sympy.Symbol:
    r"""Return a symbol of your own, with what is to be known of it.

    >>> V = symbol("V", r"d_{\mathrm{VC}}", "VC dimension", sympy.Range(1, sympy.oo), role="fixed")
    >>> V, V.is_positive, V.is_integer
    (V, True, True)

    Parameters
    ----------
    name : str
        How it is written in Python, on the command line and in files: letters, digits and underscores.
    latex : str, optional
        How it is typeset; the name if not given.
    meaning : str, optional
        One line in words.
    domain : sympy.Set, optional
        The values it may take; nonnegative reals if not given.
    role : {"fixed", "observed", "population"}
        Whether it is fixed before the data are seen (a margin, a grid, a prior's parameter), depends on the data (an
        empirical risk), or on their distribution (a risk, an expectation). What is fixed never takes a value from the data
        unless a union pays for it.
    free : bool, optional
        Whether a statement with it holds for every value, so that a proof may choose one (such as the lam of an
        exponential-moment argument).

    Returns
    -------
    sympy.Symbol

    Raises
    ------
    InvalidInputError
        For a name of the vocabulary or no name at all, a domain that is no set of numbers, and a missing or unknown role.
    """
    problems = []
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z]\w*", name):
        problems.append(f"name = {name!r} must be letters, digits and underscores, a letter first")
    elif name in VOCABULARY:
        problems.append(
            f"{name!r} is in the vocabulary ({VOCABULARY[name].meaning}): use boundcalc.symbols.{name}, or another name"
        )
    if not all(isinstance(text, str) for text in (latex, meaning)):
        problems.append("latex and meaning must be text")
    if not isinstance(domain, sympy.Interval | sympy.Range | sympy.FiniteSet) and domain is not sympy.Reals:
        problems.append(f"domain = {domain!r} must be a SymPy Interval, Range or FiniteSet, or Reals")
    if role not in ROLES:
        problems.append(
            f"role = {role!r} must be 'fixed' (before the data are seen), 'observed' (depends on the data) or 'population' "
            "(depends on their distribution)"
        )
    if free and role != "fixed":
        problems.append("only a fixed symbol can be free")
    if problems:
        raise InvalidInputError(problems, context="symbol")
    return described(name, latex or name, meaning, domain, role=str(role), free=free)
