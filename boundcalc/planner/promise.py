"""What is guaranteed before anything is collected: the pilot's certificate, and the source's bound for the class."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from boundcalc.language.ledger import Ledger
from boundcalc.planner.offers import Question
from boundcalc.planner.trained import Model
from boundcalc.trainer.measure.subset_result import SubsetResult

__all__ = ["EX_ANTE", "Promise", "class_bound", "pilot_level", "promise_of"]

EX_ANTE, _FORM = "zhou2026.ex_ante", "pair_error"
#: What may fail in that statement.
_EVENTS = ("hold-out", "future sample", "kappa")
#: The part of the pilot's share for the model on all modalities, which is fixed in advance; other subsets share the rest.
_ALL = Fraction(7, 10)


@dataclass(frozen=True)
class Promise:
    """With probability at least 1 - delta over pilot and future rows the returned model's error is at most ``value``.

    Attributes
    ----------
    value : float
        The certificate of the pilot's model f_0 on the recommended modalities.
    error, constant : float
        Of f_0 and of the better constant rule on the pilot's held-out rows.
    rows : int
        Held-out rows (or groups) of the pilot.
    level, replacement : float
        What f_0's certificate may fail with, and that of the one gain with which a new model replaces f_0.
    weights : (omega_pos, omega_neg) or None
        Of the error that is meant by both; None for a rate, which has none.
    """

    value: float
    error: float
    constant: float
    rows: int
    level: float
    replacement: float
    weights: tuple[float, float] | None
    theorem: str = "certificates.replace"

    @property
    def vacuous(self) -> bool:
        """Whether it says no more than the constant rule."""
        return self.value >= self.constant

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**vars(self), "vacuous": self.vacuous}


def pilot_level(delta: float, *, searched: int, everything: bool) -> float:
    """Return what the pilot's certificate may fail with: half of delta, of which the choice of a subset takes its price.

    Parameters
    ----------
    delta : float
    searched : int
        Subsets that could have been recommended.
    everything : bool
        Whether all modalities are recommended.
    """
    half = Fraction(1, 2)
    if searched == 1:
        return Ledger.split(delta, {"pilot": half, "replacement": half})["pilot"]
    shares = {"all modalities": half * _ALL, "other subsets": half * (1 - _ALL), "replacement": half}
    ledger = Ledger.split(delta, shares).over("subsets", searched - 1, events=["other subsets"])
    return ledger["all modalities" if everything else "other subsets"]


def promise_of(model: Model, *, question: Question, searched: int) -> Promise:
    """Return the promise that a pilot's model makes.

    Parameters
    ----------
    model : Model
        Trained on the pilot's training part, with a hold-out part.
    question : Question
    searched : int
    """
    everything = len(model.subset) == len(model.prepared.data.names)
    level = pilot_level(question.delta, searched=searched, everything=everything)
    part = model.prepared.split.holdout
    value = model.certificate(part, question=question, delta=level, rng=np.random.default_rng(0))
    error, constant = model.shown(question.quantity)
    half = Ledger.split(question.delta, ["pilot", "replacement"])["replacement"]
    weights = model.prepared.weights if question.quantity == "pair_error" else None
    return Promise(value, error, constant, model.prepared.units(part), level, half, weights)


def class_bound(result: SubsetResult, *, n: int, searched: int, question: Question) -> float | None:
    """Return the source's bound of the whole class for n future training rows; None where it says nothing of the quantity.

    Parameters
    ----------
    result : SubsetResult
        Of the pilot, with a hold-out part.
    n : int
        Training rows to come.
    searched : int
    question : Question
    """
    settings = result.frame.settings
    hinge = settings.pair_loss.name == "hinge" and settings.ranking is None
    if question.quantity != "pair_error" or not hinge or "rhat_holdout" not in result.estimates:
        return None
    sampled = ["sampled hold-out pairs"] if result.holdout is not None and result.holdout.sampled else []
    ledger = Ledger.split(question.delta, [*_EVENTS, *sampled]).over(
        "subsets", searched, events=["hold-out", "kappa", *sampled]
    )
    values: dict[str, Any] = {
        **(result.at(ledger[sampled[0]]) if sampled else result).estimates.values,
        "J": searched,
        "delta": ledger.whole(*_EVENTS),
        "kappa_M": result.kappa.at(ledger["kappa"]).certified,
        "n": n,
    }
    return _ex_ante(values)


def _ex_ante(values: dict[str, Any]) -> float:
    """Return the bound at its symbols' values: by its stored program, where the derivation would take a second."""
    from boundcalc.evaluator.points import value_at
    from boundcalc.stored import stored_entry

    if (entry := stored_entry(EX_ANTE)) is not None:
        sheet = entry["variants"][_FORM]
        given = {name: Fraction(values[name]) for name in sheet["symbols"]}
        found = value_at(sheet["point"], given, lower=False)
        if found is not None:
            return float(found.value)
    from boundcalc.catalogue import theorem

    bound = theorem(EX_ANTE).bound(_FORM)
    return float(bound.evaluate(sound=True, **{name: values[name] for name in bound.symbols}))
