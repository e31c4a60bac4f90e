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
from importlib import import_module
from types import ModuleType

from boundcalc.errors import InvalidInputError, suggestion
from boundcalc.theorems import Theorem

__all__ = ["REGISTRY", "theorem"]

#: Every key once, in reading order: the entry is ``THEOREM`` in the module of that name, imported when it is first used.
_KEYS = (
    "lemmas.decoupling",
    "zhou2026.decoupled_deviation",
    "lemmas.symmetrisation",
    "lemmas.contraction",
    "lemmas.bounded_differences",
    "lemmas.hoeffding_u",
    "lemmas.chernoff_u",
    "lemmas.two_sample",
    "lemmas.matching",
    "lemmas.permanent",
    "lemmas.finner",
    "lemmas.massart",
    "lemmas.spectral",
    "zhou2026.hierarchy",
    "zhou2026.uniform_deviation",
    "zhou2026.margin",
    "zhou2026.risk_gap",
    "zhou2026.latent_quality",
    "zhou2026.metric_complexity",
    "zhou2026.monotone_risk",
    "zhou2026.risk_reduction",
    "zhou2026.nonpositive_gap",
    "zhou2026.fixed_model",
    "certificates.transport",
    "certificates.gain",
    "certificates.mix",
    "certificates.gallery",
    "certificates.error_rates",
    "certificates.occam",
    "certificates.cover",
    "certificates.pac_bayes",
    "certificates.replace",
    "certificates.anytime",
    "zhou2026.ex_ante",
    "zhou2026.latent_encoders",
    "zhou2026.match_error",
    "huang2021.risk_gap",
    "huang2021.latent_quality",
    "huang2021.extra_modality",
    "huang2021.simulation",
    "comparators.frobenius_ball",
    "comparators.l1_ball",
    "comparators.trace_ball",
    "comparators.l21_ball",
    "comparators.group_ball",
    "comparators.kernel_ball",
    "comparators.stability",
    "comparators.source_stability",
    "comparators.robustness",
    "weinberger2005.triplets",
    "ying2009.chaos",
    "ying2009.bandwidth",
    "kar2011.landmarks",
    "perrot2015.on_average",
    "huusari2018.pointwise",
    "saunshi2019.mean_classifier",
    "tsai2020.bayes_error",
    "zolfaghari2021.contrastive",
    "tosh2021.redundancy",
    "tosh2021.landmarks",
    "tosh2021.direct",
    "lee2021.approximation",
    "lu2023.two_stage",
    "nakada2023.feature_recovery",
)


class _Registry(Mapping[str, Theorem]):
    """Theorems by key; one entry costs the import of that entry, and of those it rests on."""

    def __getitem__(self, key: str) -> Theorem:
        if key not in _KEYS:
            raise KeyError(key)
        entry: Theorem = import_module(f"{__name__}.{key}").THEOREM
        return entry

    def __contains__(self, key: object) -> bool:
        return key in _KEYS

    def __iter__(self) -> Iterator[str]:
        return iter(_KEYS)

    def __len__(self) -> int:
        return len(_KEYS)


REGISTRY: Mapping[str, Theorem] = _Registry()


def theorem(name: str) -> Theorem:
    """Return an entry by its key or by its number in the source.

    >>> theorem("Theorem 3.13").key
    'zhou2026.risk_gap'

    Parameters
    ----------
    name : str
        A key such as ``zhou2026.risk_gap``, or a number such as ``Theorem 3.13`` or ``3.13``; `catalogue` has all keys.

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
    wanted = str(name).strip().lower()
    numbered = [entry for entry in REGISTRY.values() if entry.number != "-"]
    bare = wanted[:1].isdigit()
    numbers = [entry.number.split()[-1] if bare else entry.number for entry in numbered]
    found = [entry for entry, number in zip(numbered, numbers, strict=True) if number.lower() == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidInputError(f"{name!r} is ambiguous: give one of {', '.join(entry.number for entry in found)}")
    raise InvalidInputError(
        f"no theorem {name!r}{suggestion(str(name), [*REGISTRY, *numbers])}; "
        "`boundcalc list` (or list(boundcalc.catalogue)) shows all keys"
    )


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
