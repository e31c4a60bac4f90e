from __future__ import annotations

import math

import pytest

from boundcalc.errors import InvalidInputError
from boundcalc.planner import n_star, worth_of_modalities
from boundcalc.trainer import measure_subsets


def lower_side(measured, label, n, gain, delta):
    """r_N - r_M >= this, in plain floats (Theorem 3.20, population side, kappa certified for all subsets at delta/2)."""
    v, m = measured[label].estimates.values, n // 2
    kappa = measured[label].kappa.at(delta / 2 / len(measured)).certified
    return (
        gain - 2 * v["L"] * kappa / math.sqrt(m) - 2 * v["C"] * math.sqrt(math.log(2 / delta) / (2 * m)) - v["eps_opt"]
    )


def test_n_star_is_the_first_size_with_a_positive_gain(measured):
    gains = [0.05, 0.2, 0.5]
    solution = n_star(measured, "sharp+noise", Delta=gains, delta=0.1)
    for gain, n in zip(gains, solution.values.values.tolist(), strict=True):
        assert lower_side(measured, "sharp+noise", n, gain, 0.1) > 0
        assert lower_side(measured, "sharp+noise", n - 1, gain, 0.1) <= 1e-12
    assert not n_star(measured, "sharp+noise", Delta=0.0).feasible.item()


def test_worth_speaks_of_every_added_modality(measured):
    found = worth_of_modalities(measured, delta=0.1)
    assert len(found) == 9  # three modalities, each to the pairs it completes (6) and to all (3)
    for one in found:
        gain = measured[one.to].estimates["rhat_holdout"].value - measured[one.becomes].estimates["rhat_holdout"].value
        assert one.gain == gain
        assert (one.n_star is None) == bool(one.reason)
        if one.n_star is not None:
            assert lower_side(measured, one.becomes, one.n_star, gain, 0.1) > 0
        assert one.n_nonpositive is None or one.becomes == "sharp+blurred+noise"
    useful = next(one for one in found if (one.modality, one.to) == ("sharp", "noise"))
    assert useful.n_star is not None
    idle = next(one for one in found if (one.modality, one.to) == ("noise", "sharp"))
    assert idle.n_star is None or idle.n_star > 10 * useful.n_star


def test_classes_must_be_nested(data):
    shifted = measure_subsets(data, subsets="sharp,sharp+noise", rng=0, eig_range=(0.1, 0.5))
    with pytest.raises(InvalidInputError, match="lam_min"):
        worth_of_modalities(shifted)
