"""What the certificates say of real data at the default shares: hold-out 40 %, calibration 20 %."""

from __future__ import annotations

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.certification import certify
from boundcalc.certification.sources import of_metric
from boundcalc.datasets import load
from boundcalc.trainer import PairwiseMetricLearner

pytest.importorskip("sklearn")

#: The most that the certificate of the diagonal metric on all modalities may be, and the rows that were held out.
FIGURES = {"htad": (0.28, 554), "breast_cancer": (0.24, 228), "penguins": (0.17, 138), "digits": (0.25, 719)}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "most", "rows"), [(name, *rest) for name, rest in FIGURES.items()])
def test_every_subset_at_once(name, most, rows):
    """The headline of `boundcalc train`, with the certificates of all other subsets on the same rows paid for."""
    answer = bc.train(name)
    errors = [line.certificate for line in answer.certificates if line.certificate.kind == "transport"]
    assert {one.rows for one in errors} == {rows}
    assert min(one.value for one in errors) <= most
    assert all(one.error < one.value for one in errors)


@pytest.mark.slow
def test_the_gain_of_a_second_sensor():
    gains = {
        line.against: line.certificate.value
        for line in bc.train("htad").certificates
        if line.certificate.kind == "gain"
    }
    assert gains["audio"] >= 0.04
    assert gains["accelerometer"] > 0.0


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_fewer_than_120_rows_say_something(name):
    """The metric on the training part, certified on the first 119 held-out rows."""
    learner = PairwiseMetricLearner(holdout=0.4, pair_weights="balanced", random_state=0).fit(load(name))
    prepared = learner._prepared
    part = prepared.split.holdout[:119]
    rows, here = prepared.rows(learner.modalities_, part)
    operator = prepared.structure(learner.modalities_).operator(learner.params_)
    everyone = np.arange(part.size)
    distances = of_metric(rows, here, operator, prepared.widths(learner.modalities_)).between(everyone, everyone)
    y, t = prepared.data.codes[part], learner.threshold_
    found = certify(distance=np.abs(distances), y=y, threshold=t, weights=prepared.weights)
    assert found.value < found.constant
