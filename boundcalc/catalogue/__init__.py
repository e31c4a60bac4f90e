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

from boundcalc.catalogue.comparators import (
    frobenius_ball,
    group_ball,
    kernel_ball,
    l1_ball,
    l21_ball,
    robustness,
    source_stability,
    stability,
    trace_ball,
)
from boundcalc.catalogue.huang2021 import latent_quality as huang_latent_quality
from boundcalc.catalogue.huang2021 import risk_gap as huang_risk_gap
from boundcalc.catalogue.lemmas import (
    bounded_differences,
    chernoff_u,
    contraction,
    decoupling,
    hoeffding_u,
    massart,
    spectral,
    symmetrisation,
)
from boundcalc.catalogue.zhou2026 import (
    decoupled_deviation,
    ex_ante,
    fixed_model,
    hierarchy,
    latent_encoders,
    latent_quality,
    margin,
    match_error,
    metric_complexity,
    monotone_risk,
    nonpositive_gap,
    risk_gap,
    risk_reduction,
    uniform_deviation,
)
from boundcalc.errors import InvalidInputError
from boundcalc.inputs import suggestion
from boundcalc.theorems import Theorem

__all__ = ["REGISTRY", "theorem"]

#: Every entry once, in reading order.
REGISTRY: Mapping[str, Theorem] = {
    "lemmas.decoupling": decoupling.THEOREM,
    "zhou2026.decoupled_deviation": decoupled_deviation.THEOREM,
    "lemmas.symmetrisation": symmetrisation.THEOREM,
    "lemmas.contraction": contraction.THEOREM,
    "lemmas.bounded_differences": bounded_differences.THEOREM,
    "lemmas.hoeffding_u": hoeffding_u.THEOREM,
    "lemmas.chernoff_u": chernoff_u.THEOREM,
    "lemmas.massart": massart.THEOREM,
    "lemmas.spectral": spectral.THEOREM,
    "zhou2026.hierarchy": hierarchy.THEOREM,
    "zhou2026.uniform_deviation": uniform_deviation.THEOREM,
    "zhou2026.margin": margin.THEOREM,
    "zhou2026.risk_gap": risk_gap.THEOREM,
    "zhou2026.latent_quality": latent_quality.THEOREM,
    "zhou2026.metric_complexity": metric_complexity.THEOREM,
    "zhou2026.monotone_risk": monotone_risk.THEOREM,
    "zhou2026.risk_reduction": risk_reduction.THEOREM,
    "zhou2026.nonpositive_gap": nonpositive_gap.THEOREM,
    "zhou2026.fixed_model": fixed_model.THEOREM,
    "zhou2026.ex_ante": ex_ante.THEOREM,
    "zhou2026.latent_encoders": latent_encoders.THEOREM,
    "zhou2026.match_error": match_error.THEOREM,
    "huang2021.risk_gap": huang_risk_gap.THEOREM,
    "huang2021.latent_quality": huang_latent_quality.THEOREM,
    "comparators.frobenius_ball": frobenius_ball.THEOREM,
    "comparators.l1_ball": l1_ball.THEOREM,
    "comparators.trace_ball": trace_ball.THEOREM,
    "comparators.l21_ball": l21_ball.THEOREM,
    "comparators.group_ball": group_ball.THEOREM,
    "comparators.kernel_ball": kernel_ball.THEOREM,
    "comparators.stability": stability.THEOREM,
    "comparators.source_stability": source_stability.THEOREM,
    "comparators.robustness": robustness.THEOREM,
}


def theorem(name: str) -> Theorem:
    """Return an entry by its key or by its number in the source.

    >>> theorem("Theorem 3.13").key
    'zhou2026.risk_gap'

    Parameters
    ----------
    name : str
        A key such as ``zhou2026.risk_gap``, or a number such as ``Theorem 3.13``; `catalogue` has all keys.

    Returns
    -------
    Theorem

    Raises
    ------
    InvalidInputError
        If there is no such entry; the message names the nearest ones.
    """
    if name in REGISTRY:
        return REGISTRY[name]
    wanted = str(name).strip().lower()
    numbered = [entry for entry in REGISTRY.values() if entry.number != "-" and entry.number.lower() == wanted]
    if len(numbered) == 1:
        return numbered[0]
    numbers = [entry.number for entry in REGISTRY.values() if entry.number != "-"]
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

    def __iter__(self) -> Iterator[str]:
        return iter(REGISTRY)

    def __len__(self) -> int:
        return len(REGISTRY)


sys.modules[__name__].__class__ = _Catalogue
