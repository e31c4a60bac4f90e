"""What the held-out rows certify of trained subsets: one account of delta, and the split that training drew."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.cli import main
from boundcalc.errors import InvalidInputError
from boundcalc.guarantees.account import charged, with_complexity
from boundcalc.guarantees.certified import FAVOURITE, certified
from boundcalc.guarantees.new_classes import certify_new_classes
from boundcalc.guarantees.of_subset import guarantees
from boundcalc.report.certificates import certificate_sentence, certificate_tables, draw_certificates
from boundcalc.show.axes import new_axes
from boundcalc.trainer import ModalityData, measure_subsets
from boundcalc.trainer.data.prepare import prepare
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.models.folds import Folds


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(4)
    y = rng.integers(0, 3, 240)
    near, far = (rng.normal(size=(240, 3)) + np.eye(3)[y] * gap for gap in (3.0, 2.5))
    return ModalityData({"near": near, "far": far}, y)


@pytest.fixture(scope="module")
def measured(data):
    return measure_subsets(data, rng=3, pair_weights="balanced", holdout=0.4, structure="diagonal")


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


def test_compare_answers_first_with_the_same_certificate(data):
    pytest.importorskip("sklearn")
    answer = bc.compare(data, keys=["comparators.frobenius_ball"], rng=3)
    (error, gallery) = answer.to_dict()["certificates"]
    assert (error["kind"], gallery["kind"], error["rows"]) == ("transport", "gallery", 96)
    assert answer.sentence.startswith("On new pairs of this kind the balanced pair error is at most")
    alone = bc.train(data, rng=3, subsets="near+far", structure="diagonal").certificates[0].certificate
    assert (error["error"], error["bound"]) == (alone.error, alone.value)
    given = bc.compare(values={"n": 100, "delta": 0.1, "C": 1, "rhat_M": 0.1, "R_M": 0.1, "L": 1})
    assert given.certificates == ()
    assert given.sentence.startswith("At 100 rows")


@pytest.mark.parametrize("ask", [bc.train, bc.assess])
def test_the_shares_of_the_split(ask, data):
    for shares, rows in [({}, (48, 96, 96)), ({"holdout": 0.3, "calibration": 0.1}, (24, 72, 144))]:
        facts = ask(data, rng=3, subsets="near", **shares).measured.facts
        assert tuple(facts[f"{part}_rows"] for part in ("calibration", "holdout", "train")) == rows


def test_the_command_takes_the_shares_and_draws(data, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    source, picture = tmp_path / "data.npz", tmp_path / "picture.png"
    np.savez(source, y=data.y, **data.arrays)
    shares = ["--holdout", "0.3", "--calibration", "1/10"]
    assert main(["train", str(source), "--subsets", "near", *shares, "--figure", str(picture)]) == 0
    assert "on 72 held-out rows" in " ".join(capsys.readouterr().out.split())
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert main(["compare", "--pilot", str(source), *shares, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["certificates"][0]["rows"] == 72
    assert main(["train", str(source), "--holdout", "1"]) == 2
    assert "--holdout 1 must be in (0, 1)" in capsys.readouterr().err
    assert main(["train", str(source), "--holdout", "0.8", "--calibration", "0.3"]) == 2
    assert "leave -24 for training" in capsys.readouterr().err


def test_sentences_say_what_a_modality_gains(lines):
    said = certificate_sentence(lines, delta=0.1)
    gains = [line for line in lines if line.against and not line.certificate.vacuous]
    assert gains
    for line in gains:
        (shown,) = re.findall(rf"([\d.]+) less than {line.against}\b", said)
        assert 0 < float(shown) <= line.certificate.value


def test_the_table_says_what_exactly_is_bounded(lines):
    (table,) = certificate_tables(lines, delta=0.1)
    notes = " ".join(table.notes)
    for words in ("mean over the population", "two new independent rows", "hold at once with probability at least 0.9",
                  "the diagonal metric on near+far with its threshold", "calibration part", "own at delta"):  # fmt: skip
        assert words in notes


def test_a_picture_of_one_panel_is_drawn_on_axes_that_are_given(data, tmp_path):
    pytest.importorskip("matplotlib")
    rng, axes = np.random.default_rng(0), new_axes()
    y = np.arange(60) % 2
    found = bc.certify(embeddings=rng.normal(size=(60, 2)) + 3.0 * y[:, None], y=y, threshold=6.0)
    assert found.draw(tmp_path / "own.png", ax=axes) is axes
    assert (tmp_path / "own.png").exists()
    assert axes.get_xlabel() == "balanced pair error"
    assert found.draw() is not axes
    trained = bc.train(data, structure="diagonal", subsets="near,far")
    assert trained.draw(ax=(other := new_axes())) is other
    with pytest.raises(InvalidInputError, match="several panels"):
        bc.plan(data, subsets="near", curve=False, structure="diagonal").draw(ax=axes)


def test_a_threshold_for_a_rate_is_answered_with_the_rate(data):
    found = bc.train(data, structure="posterior", shrinkage=0.1, subsets="near", threshold_for={"fnmr": 0.1})
    (rate,) = (line.certificate for line in found.certificates if line.certificate.kind == "rate")
    said = re.match(
        r"At the threshold that was chosen for it the false-non-match rate is at most ([.\d]+) \(95 %\)", found.sentence
    )
    assert rate.value <= float(said[1]) < rate.value + 1e-3
    assert "On new pairs of this kind the balanced pair error is at most" in found.sentence


def test_new_classes_are_refused_before_anything_is_trained(data, monkeypatch):
    from boundcalc.report import training

    monkeypatch.setattr(training, "measure_subsets", lambda *args, **options: 1 / 0)
    with pytest.raises(InvalidInputError, match="2 of 3 classes would be held out"):
        bc.train(data, new_classes=0.5)
    with pytest.raises(ZeroDivisionError):
        bc.train(data)


def test_the_picture_has_error_certificate_and_constant_rule(lines):
    pytest.importorskip("matplotlib")
    errors = sorted((line.certificate for line in lines if line.certificate.kind == "transport"), key=lambda c: c.value)
    axes = draw_certificates(lines, delta=0.1, axes=new_axes())
    assert [bar.get_x() for bar in axes.patches] == pytest.approx([one.error for one in errors])
    assert [bar.get_x() + bar.get_width() for bar in axes.patches] == pytest.approx([one.value for one in errors])
    heights = [bar.get_y() for bar in axes.patches]
    assert heights == sorted(heights, reverse=True)
    (rule,) = [line for line in axes.get_lines() if line.get_label() == "constant rule"]
    assert set(rule.get_xdata()) == {errors[0].constant}
    assert [float(text.get_text()) >= one.value for text, one in zip(axes.texts, errors, strict=True)] == [True] * 3


def test_the_picture_counts_groups_where_rows_come_in_groups(lines):
    pytest.importorskip("matplotlib")
    grouped = [replace(line, certificate=replace(line.certificate, units=32, rows=152)) for line in lines]
    title = draw_certificates(grouped, delta=0.1, axes=new_axes()).get_title()
    assert title == "32 held-out groups (152 rows), together 90 %"


def test_copied_rows_are_cautioned(data):
    copied = ModalityData({name: np.vstack([x, x]) for name, x in data.arrays.items()}, np.append(data.y, data.y))
    answer = bc.train(copied, rng=3, subsets="near")
    assert "the same as an earlier one" in answer.text().replace("\n", " ")


def test_the_smaller_complexity_is_taken_and_both_are_paid(measured):
    """Neither form alone, at its share of delta, is below what is printed."""
    found = guarantees(measured["near"], delta=0.1)[0]
    values = measured["near"].at(0.025).estimates.values
    for form in ("self_bounding", "kappa"):
        bound, delta = charged(with_complexity("zhou2026.uniform_deviation", None, form), found.paid)
        alone = float(bound.evaluate(**{name: values[name] for name in bound.symbols if name != "delta"}, delta=delta))
        assert found.value <= alone * (1 + 1e-12)
    assert found.paid.whole("deviation", "complexity", "constant") == pytest.approx(0.1)


def identities(rows=480, classes=48):
    rng = np.random.default_rng(7)
    y = rng.integers(0, classes, rows)
    blocks = {name: rng.normal(size=(rows, 6)) + 1.5 * rng.normal(size=(classes, 6))[y] for name in ("face", "voice")}
    return ModalityData(blocks, y)


def test_new_classes_are_certified_with_classes_as_units():
    data = identities()
    line = certify_new_classes(data, share=0.5, rng=0, structure="discriminant")
    found = line.certificate
    assert (found.kind, found.units, line.subset) == ("verification", 24, "face+voice")
    assert 0 < found.error < found.value <= 0.5
    assert any("of the other 24 classes" in one for one in found.recipe["fixed"])
    # Nothing of the held-out classes reaches the model: moved rows of theirs change neither threshold nor their number.
    held = np.isin(data.codes, np.random.default_rng(0).permutation(48)[:24])
    assert held.sum() == found.rows
    moved = ModalityData({name: block + 3.0 * held[:, None] for name, block in data.arrays.items()}, data.y)
    assert (
        certify_new_classes(moved, share=0.5, rng=0, structure="discriminant").certificate.threshold == found.threshold
    )
    folds = Folds(prepare(data, settings=Settings(), rng=np.random.default_rng(0)), by_class=True)
    for k in range(folds.count):
        assert not set(folds.codes[folds.fold == k]) & set(folds.codes[folds.fitted_rows(k)])


def test_the_default_for_new_classes_errs_no_more_than_the_diagonal_metric():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 40, 600)
    told = np.sinh(2.0 * (rng.normal(size=(40, 6))[y] + 0.4 * rng.normal(size=(600, 6))))  # few rows far out
    for blocks in ({"a": told, "noise": rng.normal(size=(600, 10))}, {"a": np.arcsinh(told), "b": told}):
        data = ModalityData(blocks, y)
        found = {
            name: certify_new_classes(data, share=0.4, rng=0, structure=name).certificate
            for name in ("auto", "diagonal")
        }
        assert found["auto"].error <= found["diagonal"].error + 0.01
    folds = Folds(prepare(data, settings=Settings(), rng=np.random.default_rng(0)), by_class=True)
    similar = folds.similar(range(folds.count))
    # Few classes of a fold make many pairs similar: both kinds weigh half all the same.
    assert np.where(similar, *folds.weights) @ similar == pytest.approx(0.5 * similar.size)


def test_new_classes_on_sampled_pairs_follow_the_seed():
    """The metrics of the folds, by which the kind of model is chosen, are drawn for by the seed too."""
    rng = np.random.default_rng(1)
    y = rng.integers(0, 24, 240)
    told = np.sinh(2.0 * (rng.normal(size=(24, 3))[y] + 0.3 * rng.normal(size=(240, 3))))
    data = ModalityData({"told": told, "noise": rng.normal(size=(240, 8))}, y)
    one, other = (
        certify_new_classes(data, share=0.5, rng=0, exact_rows=50, sampled_pairs=200).certificate for _ in range(2)
    )
    assert "diagonal" in one.recipe["fixed"][0]
    assert (one.error, one.threshold) == (other.error, other.threshold)


def test_new_classes_stand_apart_in_what_train_says():
    answer = bc.train(identities(), rng=0, structure="discriminant", subsets="face", new_classes=0.5)
    assert [line.certificate.kind for line in answer.certificates].count("verification") == 1
    assert "About new classes, a statement of its own at delta" in " ".join(answer.text().split())
    for share, said in ((0.0, r"in \(0, 1\)"), (0.01, "at least 4")):
        with pytest.raises(InvalidInputError, match=said):
            certify_new_classes(identities(), share=share)
    with pytest.raises(InvalidInputError, match="no other groups"):
        certify_new_classes(identities().with_groups(np.arange(480) // 2), share=0.5)
