"""The catalogue: every theorem by its key, in reading order.

The package itself is a mapping:

>>> from boundcalc import catalogue
>>> list(catalogue)[:2], len(catalogue) >= 20
(['lemmas.decoupling', 'zhou2026.decoupled_deviation'], True)
>>> catalogue["zhou2026.risk_gap"].number
'Theorem 3.13'
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, cast

from boundcalc import stored
from boundcalc.bound import Bound
from boundcalc.catalogue.own import find
from boundcalc.catalogue.registry import REGISTRY
from boundcalc.errors import InvalidInputError, suggestion
from boundcalc.statements.applying import bounded_by, elsewhere
from boundcalc.statements.derivation import Application, Step
from boundcalc.symbols import GENERAL
from boundcalc.theorems import Theorem
from boundcalc.theorems import by as applied

__all__ = ["REGISTRY", "by", "theorem"]


def theorem(name: str) -> Theorem:
    """Return an entry by its key or by its number in the source.

    >>> theorem("Theorem 3.13").key
    'zhou2026.risk_gap'

    Parameters
    ----------
    name : str
        A key such as ``zhou2026.risk_gap``, or a number such as ``Theorem 3.13`` or ``3.13``; `catalogue` has all keys.
        Theorems of your own: the name of a ``.json`` file, or a key from a folder of the environment variable
        ``BOUNDCALC_PATH`` or from a package with entry points in the group ``boundcalc.catalogue``.

    Returns
    -------
    Theorem

    Raises
    ------
    InvalidInputError
        If there is no such entry, or several; the message names the nearest ones.
    """
    if name in REGISTRY:
        return REGISTRY[name]
    own = find(str(name))
    if own is not None:
        return own
    told = stored.stored_list() or [{"key": key, "number": entry.number} for key, entry in REGISTRY.items()]
    numbers = stored.numbers_like(str(name), told)
    found = [key for key in stored.numbered(str(name), numbers) if key in REGISTRY]
    if len(found) == 1:
        return REGISTRY[found[0]]
    if found:
        raise InvalidInputError(
            f"{name!r} is ambiguous: give one of {', '.join(REGISTRY[key].number for key in found)}"
        )
    raise InvalidInputError(
        f"no theorem {name!r}{suggestion(str(name), [*REGISTRY, *numbers.values()])}; "
        "`boundcalc list` (or list(boundcalc.catalogue)) shows all keys"
    )


def by(lemma: Theorem | Bound | str, quantity: Any, **options: Any) -> Step:
    """Return the step that applies a statement, given as such or by its key; see `boundcalc.theorems.by`.

    >>> from boundcalc import symbols
    >>> step = by("lemmas.symmetrisation", symbols.Edev_m, because="over the m pairs")
    >>> str(step), step.cites
    ('Edev_m <= 2*Rad_loss', 'lemmas.symmetrisation')

    Parameters
    ----------
    lemma : Theorem, Bound or str
        Your own, or a key of the catalogue.
    quantity : sympy.Expr
        The part of the current expression that it bounds.
    **options
        ``because``, ``form``, ``event``, ``union``, ``experiment``, and what the statement's symbols are here.

    Returns
    -------
    Step

    Raises
    ------
    InvalidInputError
        If there is no such entry, if it bounds another quantity of the vocabulary, and as `boundcalc.theorems.by` does.
    """
    step = applied(theorem(lemma) if isinstance(lemma, str) else lemma, quantity, **options)
    bounded = bounded_by(cast(Application, step.applies))
    another = "" if options.get("experiment") or str(bounded) in GENERAL else elsewhere(step.left, bounded)
    if another:
        raise InvalidInputError(another, context=f"by {step.cites}")
    return step


class _Catalogue(ModuleType, Mapping):
    """Lets the package be used as a mapping from keys to theorems."""

    __hash__ = ModuleType.__hash__
    __eq__ = ModuleType.__eq__

    def __getitem__(self, key: str) -> Theorem:
        return REGISTRY[key]

    def __contains__(self, key: object) -> bool:
        return key in REGISTRY

    def __iter__(self) -> Iterator[str]:
        return iter(REGISTRY)

    def __len__(self) -> int:
        return len(REGISTRY)


sys.modules[__name__].__class__ = _Catalogue
