"""What a missing modality costs, in nats about the label and in error."""

from __future__ import annotations

from typing import Any

import numpy as np

from boundcalc.catalogue import theorem
from boundcalc.guarantees.questions.sample import Codes, Found, Sample, named_values
from boundcalc.show.tables import Table
from boundcalc.trainer.measure.views import information, view_prices

__all__ = ["answer", "shuffled"]

_SHUFFLES = 10


def answer(sample: Sample, *, rng: np.random.Generator, **_: Any) -> Found:
    """Compare what the label's prediction loses without each modality with what chance alone shows."""
    bayes, rows = theorem("tsai2020.bayes_error").bound(), []
    labels, codes = sample.asked, sample.views
    measured: dict[str, Any] = {}
    for name, own in codes.items():
        rest = _together([codes[other] for other in codes if other != name])
        found = information(own, rest, labels)
        left, both = (information(view, rest, labels)["P_sup"] for view in (rest, _together([own, rest])))
        chance = np.mean([information(shuffled(own, rest, rng), rest, labels)["eps_info"] for _ in range(_SHUFFLES)])
        prices = [view_prices(rest, own, labels == one) for one in np.unique(labels)]
        squared, through = (sum(price[part] for price in prices) for part in ("eps_X", "eps_Z"))
        limit = float(bayes.evaluate(P_sup=found["P_sup"], labels=found["labels"], eps_info=found["eps_info"]))
        rows.append((name, found["eps_info"], float(chance), both, left, squared, squared + through, limit))
        measured[f"eps_info {name}"] = found["eps_info"], f"nats about the label that {name} has and the rest has not"
        measured[f"eps_X {name}"] = squared, f"squared error, summed over labels, of leaving {name} out"
    dear = max(rows, key=lambda row: row[1])
    said = (
        f"{dear[0]} is missed most: without it {dear[1]:.3g} nats about the label are lost ({dear[2]:.2g} is what chance alone "
        f"shows), and the error rises from {dear[3]:.3g} to {dear[4]:.3g}: estimates from {len(labels):,} rows."
    )
    head = ("missing", "nats", "chance", "error of all", "without", "squared", "through the rest", "Tsai")
    notes = (
        "nats: I(missing; label | rest); chance: the same with the missing modality shuffled among equal values of the rest.",
        "squared: eps_X, summed over labels; through the rest: eps_X + eps_Z bounds the error of predicting by way of the missing "
        "modality (Tosh). Tsai: bound on the error of what a modality shares with the rest.",
    )
    inputs = named_values(sample.title, **measured)
    return said, (Table(head, rows, notes=notes),), inputs


def _together(views: list[Codes]) -> Codes:
    """Return one value for each combination of values."""
    return np.unique(np.stack(views, axis=1), axis=0, return_inverse=True)[1].ravel()


def shuffled(codes: Codes, rest: Codes, rng: np.random.Generator) -> Codes:
    """Return the values of one modality exchanged among rows on which the rest agrees."""
    by_rest, anyhow = np.argsort(rest, kind="stable"), rng.permutation(len(rest))
    mixed = anyhow[np.argsort(rest[anyhow], kind="stable")]
    found = codes.copy()
    found[by_rest] = codes[mixed]
    return found
