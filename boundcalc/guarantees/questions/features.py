"""How many aligned pairs recover the features that two modalities have in common."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from boundcalc.catalogue import theorem
from boundcalc.guarantees.questions.sample import Found, Sample, named_values
from boundcalc.inverse.solve import minimal_n
from boundcalc.show.tables import Table
from boundcalc.trainer.measure.views import cross_covariance

__all__ = ["answer"]


def answer(sample: Sample, *, target: float, delta: float, rank: int, **_: Any) -> Found:
    """Bound the sine of the common features on the rows at hand, and return the pairs that the target takes."""
    entry = theorem("nakada2023.feature_recovery")
    rows: list[Any] = []
    measured = []
    for one, other in combinations(sample.blocks, 2):
        found = cross_covariance(sample.blocks[one], sample.blocks[other], rank=rank)
        shown: dict[str, Any] = {name: value for name, value in found.items() if name != "s_r"} | {"delta": delta}
        now = float(entry.bound("data").evaluate(**shown, s_hat=found["s_r"], n=sample.size))
        needed = minimal_n(entry.bound(), target=target, p_mis=[0, 0.25, 0.5], s_r=found["s_r"], **shown).values
        rows.append((one, other, found["s_r"], now, *map(int, needed)))
        measured.append(found)
    one, other, _, _, pairs, *_ = rows[0]
    said = (
        f"About {pairs:,} aligned pairs recover {rank} common feature{'s' if rank > 1 else ''} of {one} and {other} to a sine of "
        f"{target:g}: an estimate, as radii and singular value are those of {sample.size:,} rows."
    )
    head = ("modality", "other", "singular value", f"bound on {sample.size:,} rows", *("0", "1/4", "1/2"))
    note = (
        f"Last columns: pairs for a sine of {target:g}, by the share of pairs with a wrong partner; delta = {delta:g}."
    )
    meanings = {
        "s_r": f"singular value {rank} of the cross-covariance",
        "B_a": "largest length in the first modality",
        "B_b": "the same in the second",
        "v": "variance of a pair's matrix",
    }
    inputs = named_values(sample.title, **{name: (measured[0][name], words) for name, words in meanings.items()})
    return said, (Table(head, rows, notes=(note,)),), inputs
