"""How many landmarks a linear head needs, and how many landmark pairs a similarity."""

from __future__ import annotations

from typing import Any

import numpy as np

from boundcalc.catalogue import theorem
from boundcalc.guarantees.questions.sample import Array, Found, Sample, named_values
from boundcalc.inverse.solve import minimal_n
from boundcalc.show.tables import Table
from boundcalc.trainer.measure.views import view_prices

__all__ = ["answer"]

#: Margins of a similarity in [-1, 1], and how far above them a shortfall begins; fixed in advance.
_MARGINS, _ROOM = (0.05, 0.1, 0.2), 0.4


def answer(sample: Sample, *, target: float, delta: float, **_: Any) -> Found:
    """Return the landmarks for a head within the target of its limit, and those for a similarity at fixed margins."""
    labels, views = sample.asked, list(sample.views)
    first, last = views[0], views[-1]
    one = int(np.bincount(labels).argmax())
    prices = view_prices(sample.views[first], sample.views[last], labels == one)
    tosh, kar = theorem("tosh2021.landmarks"), theorem("kar2011.landmarks")
    about: dict[str, Any] = {name: prices[name] for name in ("eps_X", "eps_Z", "V")} | {"delta": delta}
    limit = prices["eps_X"] + prices["eps_Z"]
    heads = [
        (form, int(minimal_n(tosh.bound(form), target=limit + target, name="m_L", **about)))
        for form in ("sharp", "markov")
    ]
    sign = np.where(labels == one, 1.0, -1.0)
    scores = sign * _linear_score(sample, one)
    margins = scores * scores.mean()
    triples = scores[: 3 * (len(scores) // 3)].reshape(3, -1)
    drawn = triples[0] * (triples[1] + triples[2]) / 2
    pairs = []
    for gamma in _MARGINS:
        lost = float((margins < gamma).mean())
        about = {"gamma_K": gamma, "B_w": 1, "delta": delta}
        size = int(minimal_n(kar.bound(), target=lost + target, name="d_L", eps_good=lost, **about))
        short = float(np.maximum(gamma + _ROOM - drawn, 0).mean())
        sure = float(kar.bound("data").evaluate(**about, d_L=size, room=_ROOM, rhat_holdout=short, n_h=len(scores)))
        pairs.append((gamma, lost, size, min(sure, 1.0)))
    best = pairs[-1]
    said = (
        f"{heads[0][1]:,} landmarks of {last} ({heads[1][1]:,} by Markov) bring a linear head on {first} within {target:g} of the "
        f"squared error {limit:.3g}; at margin {best[0]:g} {best[2]:,} landmark pairs lose {target:g} more than {best[1]:.3g} of "
        "the rows: estimates."
    )
    shown = (
        Table(("form", "landmarks"), heads, title=f"Tosh et al.: {sample.names[one]} against the rest, squared error"),
        Table(
            ("margin", "share below", "landmark pairs", "certified"),
            pairs,
            title="Kar, Jain: products of a linear score learnt on the other rows",
            notes=(
                f"certified: the error at half the margin, from {len(scores):,} rows in disjoint triples; 1 says nothing.",
            ),
        ),
    )
    inputs = named_values(
        sample.title,
        eps_X=(prices["eps_X"], f"squared error of leaving {last} out"),
        eps_Z=(prices["eps_Z"], f"squared error of leaving {first} out"),
        V=(prices["V"], "variance of a landmark"),
        eps_good=(best[1], f"share of rows with a margin below {best[0]:g}"),
    )
    return said, shown, inputs


def _linear_score(sample: Sample, one: int) -> Array:
    """Return a score of the asked rows in [-1, 1]: least squares on the other half, the class means at 1 and -1."""
    rows, half = sample.joined(sample.blocks), sample.half
    mine = sample.labels[:half] == one
    high, low = rows[:half][mine].mean(axis=0), rows[:half][~mine].mean(axis=0)
    spread = np.cov(np.where(mine[:, None], rows[:half] - high, rows[:half] - low).T)
    along = np.linalg.solve(spread + 1e-2 * np.trace(spread) / len(spread) * np.eye(len(spread)), high - low)
    return np.asarray(np.clip(2 * (rows[half:] - (high + low) / 2) @ along / ((high - low) @ along), -1, 1))
