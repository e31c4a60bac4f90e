"""What the held-out rows certify of trained subsets: one account of delta, and the split that training drew."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.guarantees.certified import FAVOURITE, certified
from boundcalc.trainer import ModalityData, measure_subsets


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(4)
    y = rng.integers(0, 3, 240)
    near, far = (rng.normal(size=(240, 3)) + np.eye(3)[y] * gap for gap in (3.0, 2.5))
    return ModalityData({"near": near, "far": far}, y)


@pytest.fixture(scope="module")
def measured(data):
    return measure_subsets(data, rng=3, pair_weights="balanced", holdout=0.4)


@pytest.fixture(scope="module")
def lines(data, measured):
    return certified(data, measured, delta=0.1, rng=3)


def test_errors_of_all_subsets_hold_together(lines, measured):
    errors = [line.certificate for line in lines if line.certificate.kind == "transport"]
    assert {line.subset for line in lines if line.certificate.kind == "transport"} == set(measured)
    assert sum(Fraction(one.delta) for one in errors) <= Fraction(0.1)
    assert max(one.delta for one in errors) == pytest.approx(0.1 * FAVOURITE)
    for line in lines:
        if line.certificate.kind == "transport":
            assert line.certificate.error == pytest.approx(measured[line.subset].weighted_holdout_error, abs=1e-9)
            assert line.certificate.value > line.certificate.error


def test_gains_end_at_the_first_that_fails(lines):
    gains = [line.certificate.vacuous for line in lines if line.against]
    assert gains
    assert not any(gains[:-1])
    assert all(line.certificate.delta == 0.1 for line in lines if line.against)


def test_the_gallery_is_measured_by_hand(data, measured, lines):
    (line,) = [line for line in lines if line.certificate.kind == "gallery"]
    assert line.certificate.error < line.certificate.value < line.certificate.constant


def test_another_seed_or_other_data_certify_nothing(data, measured):
    assert certified(data, measured, delta=0.1, rng=4) == ()
    other = ModalityData({name: block + 1e-9 for name, block in data.arrays.items()}, data.y)
    assert certified(other, measured, delta=0.1, rng=3) == ()


def test_what_was_measured_is_read_at_any_delta(data, measured, lines):
    stored = type(measured).from_json(measured.to_json()).at(0.01)
    again = certified(data, stored, delta=0.1, rng=3)
    assert [line.certificate.value for line in again] == [line.certificate.value for line in lines]
    tighter = certified(data, measured, delta=0.5, rng=3)
    assert tighter[0].certificate.value < lines[0].certificate.value


def test_json_names_what_each_line_says(data):
    answer = bc.train(data, rng=np.random.default_rng(3), holdout=0.4)
    records = answer.to_dict()["certificates"]
    for record in records:
        assert {"subset", "kind", "error", "bound", "constant", "rows", "delta", "vacuous", "theorem"} <= set(record)
        assert ("against" in record) == (record["kind"] == "gain")
    assert answer.sentence.startswith("On new pairs of this kind the balanced pair error is at most")
    assert replace(answer, certificates=()).sentence.endswith(").")
