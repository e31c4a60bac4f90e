"""Rows that arrive in batches: certificates after every batch that all hold at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from boundcalc.certification.bijections import exponent as pairs_of
from boundcalc.certification.bijections import half_batches
from boundcalc.certification.certificate import Certificate
from boundcalc.certification.dependence import signs_of_dependence
from boundcalc.certification.kernels import PairErrors, averaged
from boundcalc.certification.measured import PairSums, pair_sums
from boundcalc.certification.reading import Request, read_request
from boundcalc.certification.search import GUESSED_VARIANCE, Evaluator, Sample, kappa_at
from boundcalc.certification.values import looks_bound
from boundcalc.errors import InvalidInputError
from boundcalc.show.rounding import holding

__all__ = ["certify_looks"]

#: What may differ between batches.
_BATCH = ("distance", "scores", "embeddings", "model", "data", "y", "groups")

#: The share of c that the risk is guessed to be before the first batch.
_FIRST_GUESS = 0.25


def certify_looks(batches: Iterable[dict[str, Any]], **given: Any) -> list[Certificate]:
    """Certify after every batch of new rows, with probability 1 - delta for all looks together.

    Parameters
    ----------
    batches : iterable of dict
        For each batch a source and labels as for :func:`~boundcalc.certification.certify`, such as
        ``{"embeddings": X, "y": y}``, and ``groups`` if rows belong together, each with all its rows in one batch. Sizes are
        fixed in advance or depend on earlier batches only. Pairs within a batch count; every batch is seen once.
    **given
        ``threshold`` (a number), ``weights`` (numbers or None), ``delta``, ``metric``, ``splits`` and ``rng``.

    Returns
    -------
    list of Certificate
        After each batch, for all rows so far; values never rise.

    Raises
    ------
    InvalidInputError
        On bad input, or if a group comes again in a later batch.

    Notes
    -----
    prod_{g <= k} h_g/(1 - kappa_g r/c)^{N_g} is a nonnegative supermartingale at the true risk (Ville). kappa of a batch
    is chosen by the bound before it.
    """
    allowed = ("threshold", "weights", "delta", "metric", "splits", "rng")
    if set(given) - set(allowed) or isinstance(given.get("weights", "balanced"), str):
        raise InvalidInputError(
            f"certify_looks: expected {', '.join(allowed)}, weights being numbers or None: what is balanced on a batch's own "
            "labels changes with every batch"
        )
    logs: list[float] = []
    sizes: list[int] = []
    kappas: list[float] = []
    total, rows = PairSums(0.0, 0.0, 0.0, 0.0), 0
    cautions: dict[str, None] = {}
    seen: set[Any] = set()
    found: list[Certificate] = []
    for batch in batches:
        if foreign := [name for name in batch if name not in _BATCH]:
            raise InvalidInputError(
                f"certify_looks: a batch has {', '.join(foreign)}: expected of {', '.join(_BATCH)}; all else is the same in all "
                "batches"
            )
        request = read_request(**given, **batch)
        members = request.members
        named = set() if batch.get("groups") is None else set(np.asarray(batch["groups"]).tolist())
        if again := named & seen:
            raise InvalidInputError(f"certify_looks: {min(map(str, again))} of groups was in an earlier batch already")
        seen |= named
        if not isinstance(request.threshold, float) or request.weights is None or request.distances is None:
            raise InvalidInputError("certify_looks: expected a threshold that was fixed in advance")
        errors = PairErrors(
            request.distances.between, request.codes, request.threshold, request.weights, request.distances.tie
        )
        units = request.codes.size if members is None else len(members)
        drawn = half_batches(units, splits=request.splits, rng=request.rng)
        size = round(2 * pairs_of(drawn))
        guess = found[-1].value if found else _FIRST_GUESS * errors.scale
        kappas.append(_kappa(request, guess, errors.scale, sum(sizes) + size))
        between = errors if members is None else averaged(errors, members)
        logs.append(Evaluator(Sample(drawn, between, errors.scale, pairs_of(drawn))).log_h(kappas[-1]))
        sizes.append(size)
        bounds = looks_bound(logs, sizes=sizes, kappas=kappas, delta=request.delta, scale=errors.scale)
        rows += request.codes.size
        new = pair_sums(request.distances, request.codes, request.threshold, groups=request.groups)
        total = PairSums(*(getattr(total, name) + getattr(new, name) for name in PairSums.__dataclass_fields__))
        cautions |= dict.fromkeys(signs_of_dependence(request))
        one = _certificate(request, float(bounds[-1]), total, rows=rows, units=sum(sizes), kappas=kappas)
        found.append(replace(one, cautions=tuple(cautions)))
    return found


def _kappa(request: Request, guess: float, scale: float, rows: int) -> float:
    risk = min(guess, (1.0 - 1e-6) * scale)
    level = -np.log(request.delta)
    return float(kappa_at(risk, scale=scale, level=level, exponent=0.5 * rows, variance=lambda _: GUESSED_VARIANCE))


def _certificate(
    request: Request, value: float, sums: PairSums, *, rows: int, units: int, kappas: list[float]
) -> Certificate:
    weights = request.weights or (1.0, 1.0)
    unit = "row" if request.groups is None else "group"
    pair = "two new independent rows" if unit == "row" else "a random row each of two new independent groups"
    return Certificate(
        kind="transport",
        quantity="pair error" if weights == (1.0, 1.0) else "weighted pair error",
        value=value,
        error=sums.error(weights),
        constant=sums.constant(weights),
        rows=rows,
        units=units,
        delta=request.delta,
        threshold=None if request.distances is None else request.distances.sign * request.threshold,
        recipe={
            "theorem": "certificates.anytime",
            "statement": "Bounded is the mean over the population of the pair's weight where it is judged wrongly, with weights "
            f"{weights[0]:.4g} (same) and {weights[1]:.4g} (different), for {pair}. With probability at "
            f"least {holding(request.delta)} the bounds after all batches hold, this one ({len(kappas)}) included; {unit}s are "
            "taken as independent draws of one population; a batch was seen once, and one that has begun counts from its end.",
            "events": (("a bound after some batch fails", request.delta),),
            "fixed": (*request.fixed, "sizes of the batches, by earlier batches at most"),
            "kappa": tuple(kappas),
            "exponent": 0.5 * units,
            "scale": max(weights),
            "splits": request.splits,
            "weights": weights,
        },
    )
