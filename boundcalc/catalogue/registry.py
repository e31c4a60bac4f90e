"""Every entry of the catalogue by its key, in reading order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from boundcalc.theorems import Theorem

__all__ = ["REGISTRY"]

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
    "lemmas.union_bound",
    "lemmas.finite_class",
    "lemmas.mcdiarmid",
    "lemmas.tail_to_mean",
    "lemmas.massart",
    "lemmas.covering",
    "lemmas.dudley",
    "lemmas.vector_contraction",
    "lemmas.peeling",
    "lemmas.sauer",
    "lemmas.bennett",
    "lemmas.bernstein",
    "lemmas.empirical_bernstein",
    "lemmas.freedman",
    "lemmas.change_of_measure",
    "lemmas.pac_bayes",
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
        entry: Theorem = import_module(f"boundcalc.catalogue.{key}").THEOREM
        entry.attest(dict.fromkeys(entry.forms, ""))  # the catalogue's tests check every step of it
        return entry

    def __contains__(self, key: object) -> bool:
        return key in _KEYS

    def __iter__(self) -> Iterator[str]:
        return iter(_KEYS)

    def __len__(self) -> int:
        return len(_KEYS)


REGISTRY: Mapping[str, Theorem] = _Registry()
