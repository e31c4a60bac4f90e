"""Rows that belong together: parts of whole groups, n counts groups, pairs of different groups, and what then holds."""

import json

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.aligner.inputs import refuse_unread
from boundcalc.errors import InvalidInputError
from boundcalc.report.certificates import draw_certificates
from boundcalc.show.axes import new_axes
from boundcalc.trainer import Measurements, ModalityData, PairwiseMetricLearner, measure_subsets
from boundcalc.trainer.data.cautions import cautions
from boundcalc.trainer.data.order import aligned
from boundcalc.trainer.data.prepare import prepare
from boundcalc.trainer.data.splits import draw_pairs, draw_split, pairs_between, similar_share
from boundcalc.trainer.measure.settings import Settings

SIZES = np.array([1, 5, 2, 9, 3, 3, 1, 4, 6, 2, 7, 5])
GROUPS = np.repeat(np.arange(12), SIZES)
FEW = {"sampled_pairs": 20_000}
CODES = np.random.default_rng(5).integers(0, 3, GROUPS.size)


def grouped(count, *, rows=8, seed=0, spread=0.05, names=("a",)):
    """Groups with a place of their own; the label is a fair coin of the group, and has nothing to do with the place."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(count), rows)
    labels = rng.integers(0, 2, count)[groups]
    places = rng.normal(size=(count, 4))[groups] + spread * rng.normal(size=(groups.size, 4))
    return {name: places for name in names}, labels, groups


def test_parts_are_of_whole_groups():
    split = draw_split(GROUPS.size, rng=np.random.default_rng(0), groups=GROUPS)
    parts = [set(GROUPS[part]) for part in (split.calibration, split.holdout, split.train)]
    assert [len(part) for part in parts] == [2, 2, 8]
    assert set.union(*parts) == set(range(12))
    assert sum(part.size for part in (split.calibration, split.holdout, split.train)) == GROUPS.size
    with pytest.raises(InvalidInputError, match="n=4 groups"):
        draw_split(400, rng=np.random.default_rng(0), groups=np.repeat(np.arange(4), 100))


def test_pairs_take_every_group_once_and_each_of_its_rows_equally_often():
    rng, seen = np.random.default_rng(1), np.zeros(GROUPS.size)
    for _ in range(3000):
        pairs = draw_pairs(GROUPS.size, rng=rng, groups=GROUPS)
        assert sorted(GROUPS[pairs].ravel()) == list(range(12))
        seen[pairs.ravel()] += 1
    expected = 3000 / SIZES[GROUPS]
    assert np.abs(seen - expected).max() < 5 * np.sqrt(expected.max())


def test_sampled_pairs_are_of_different_groups_each_group_and_row_equally_often():
    pairs = pairs_between(GROUPS.size, count=200_000, rng=np.random.default_rng(2), groups=GROUPS)
    assert (GROUPS[pairs[:, 0]] != GROUPS[pairs[:, 1]]).all()
    often = np.bincount(pairs.ravel(), minlength=GROUPS.size) / pairs.size
    np.testing.assert_allclose(often, 1 / (12 * SIZES[GROUPS]), rtol=0.15)


@pytest.mark.parametrize("groups", [None, GROUPS])
def test_the_share_of_similar_pairs_is_that_of_all_pairs(groups):
    units = np.arange(GROUPS.size) if groups is None else groups
    weights, same = 0.0, 0.0
    for i in range(GROUPS.size):
        for j in range(GROUPS.size):
            if units[i] != units[j]:
                weight = 1 / ((units == units[i]).sum() * (units == units[j]).sum())
                weights, same = weights + weight, same + weight * (CODES[i] == CODES[j])
    assert similar_share(CODES, groups) == pytest.approx(same / weights, rel=1e-12)


def test_n_counts_groups_and_every_value_is_of_pairs_of_different_groups():
    blocks, labels, groups = grouped(40)
    measured = measure_subsets(ModalityData(blocks, labels, groups=groups), rng=0, structure="diagonal")
    record = measured["a"].estimates
    assert (record["n"].value, record["n_h"].value) == (24, 8)
    assert measured.facts["groups"] == {"calibration": 8, "holdout": 8, "train": 24}
    assert measured["a"].complexity.m == 12
    prepared = prepare(
        ModalityData(blocks, labels, groups=groups),
        settings=Settings(structure="diagonal"),
        rng=np.random.default_rng(0),
    )
    part = prepared.split.holdout
    rows, _ = prepared.rows(("a",), part)
    array, threshold = measured["a"].array(), measured["a"].threshold
    distances = np.square((rows[:, None] - rows) * np.sqrt(array)).sum(axis=2)
    wrong = (distances > threshold) == (labels[part][:, None] == labels[part])
    apart = groups[part][:, None] != groups[part]
    assert measured["a"].holdout_error == pytest.approx(wrong[apart].mean(), abs=0.02)
    assert (
        Measurements.from_json(json.dumps(bc.train(ModalityData(blocks, labels, groups=groups)).to_dict()))[
            "a"
        ].train.rows
        == 16
    )


def test_what_holds_is_said():
    blocks, labels, groups = grouped(30)
    trained = bc.train(ModalityData(blocks, labels, groups=groups))
    assert "Rows come in 30 groups: n counts groups" in " ".join(trained.text().split())
    assert all(line.certificate.units == 12 for line in trained.certificates)
    learner = PairwiseMetricLearner(random_state=0, holdout=0.4).fit(ModalityData(blocks, labels, groups=groups))
    assert bc.certify(model=learner).units == 12


def test_the_learner_takes_groups_beside_the_rows():
    blocks, labels, groups = grouped(30)
    inside = PairwiseMetricLearner(random_state=0).fit(ModalityData(blocks, labels, groups=groups))
    beside = PairwiseMetricLearner(random_state=0).fit(blocks, labels, groups=groups)
    assert beside.estimates()["n"].value == inside.estimates()["n"].value == 18
    assert beside.params_.tolist() == inside.params_.tolist()


def test_a_study_of_groups_is_read_back_with_their_data_only(tmp_path):
    blocks, labels, groups = grouped(40)
    data = ModalityData(blocks, labels, groups=groups)
    answer = bc.plan(data, target=0.4, **FEW)
    answer.write(tmp_path / "plan.json")
    assert bc.plan(data, target=0.4, measured=tmp_path / "plan.json").sentence == answer.sentence
    with pytest.raises(InvalidInputError, match="not the data and the seed"):
        bc.plan(ModalityData(blocks, labels), target=0.4, measured=tmp_path / "plan.json")


def test_groups_are_counted_in_every_sentence():
    blocks, labels, groups = grouped(40, names=("a", "b"))
    data = ModalityData(blocks, labels, groups=groups)
    trained = bc.train(data, **FEW)
    said = " ".join(trained.text().split())
    assert "Pairs are a random row each of two groups" in said
    assert f"over {trained.measured['a'].train.pairs:,} sampled pairs" in said
    assert "training rows have" not in said
    assert "8 held-out groups (64 rows)" in " ".join(bc.train(data, holdout=0.2, **FEW).sentence.split())
    assert "hold-out groups are too few" in bc.assess(data, **FEW).sentence
    assert bc.compare(data, **FEW).sentence.count("At 16 groups") == 1
    axes = draw_certificates(trained.certificates, delta=0.05, axes=new_axes())
    assert axes.get_title() == "16 held-out groups (128 rows), together 95 %"


def test_what_is_aligned_or_transformed_has_neither_groups_nor_text():
    blocks, labels, groups = grouped(20, names=("a", "b"))
    text = ModalityData({"a": groups % 2, "b": blocks["b"]}, labels, text={"a": {0: ("n", "s")}})
    holes = blocks["b"].copy()
    holes[0, 0] = np.nan
    cases = {
        "have groups": ModalityData(blocks, labels, groups=groups),
        "text or single missing values": text,
        "or single missing": ModalityData({"a": blocks["a"], "b": holes}, labels, impute=True),
    }
    for says, data in cases.items():
        with pytest.raises(InvalidInputError, match=says):
            refuse_unread(data)
    learner = PairwiseMetricLearner(random_state=0).fit(text)
    with pytest.raises(InvalidInputError, match="'a' has columns of text"):
        learner.transform(text)


@pytest.mark.slow
def test_certificates_of_rows_fail_for_new_groups_and_those_of_groups_hold():
    """The label is a fair coin of each group, so that any rule errs on half of the pairs of two new groups."""
    failed = {"rows": 0, "groups": 0}
    repeats, delta = 40, 0.05
    for seed in range(repeats):
        blocks, labels, groups = grouped(16, rows=60, seed=seed)
        for kind, given in (("rows", None), ("groups", groups)):
            trained = bc.train(
                ModalityData(blocks, labels, groups=given),
                rng=seed,
                delta=delta,
                pair_weights=None,
                sampled_pairs=20_000,
            )
            bound = next(
                line.certificate.value for line in trained.certificates if line.certificate.kind == "transport"
            )
            failed[kind] += bound < 0.5
    assert failed["rows"] > 0.5 * repeats
    assert failed["groups"] <= 5  # of 40 at 0.05: more than 5 has probability 0.014


def test_groups_are_checked():
    blocks, labels, groups = grouped(20)
    for given, says in (
        (groups[:-1], "groups has 159 entries: expected one for each of 160 rows"),
        ([None, *groups[1:]], "groups has missing labels"),
        (groups[:, None], "groups has shape"),
    ):
        with pytest.raises(InvalidInputError, match=says):
            ModalityData(blocks, labels, groups=given)
    with pytest.raises(InvalidInputError, match="pairs of one kind only"):
        measure_subsets(ModalityData(blocks, groups.astype(str), groups=groups), rng=0)


def test_identities_and_near_copies_are_told():
    blocks, labels, groups = grouped(20, spread=0.001)
    data = ModalityData(
        {**blocks, "b": np.column_stack([groups, np.random.default_rng(0).normal(size=groups.size)])}, labels
    )
    assert data.like_identities == ("b[0]",)
    said = cautions(measure_subsets(data, subsets="a", rng=0).facts)
    assert any("b[0] looks like an identity" in one for one in said)
    assert ModalityData(blocks, labels).near_copies > 0.9
    assert any("near copy" in one for one in cautions({"near_copies": 0.9}))
    alone = np.random.default_rng(0).normal(size=(160, 5))
    assert ModalityData({"a": alone}, labels).near_copies == 0.0
    assert ModalityData({"a": np.arange(160.0) % 7}, labels).like_identities == ()


class TestOrder:
    """Rows that have names are put in one order, or refused."""

    pandas = pytest.importorskip("pandas")
    names = tuple(f"row{k}" for k in range(20))

    def frames(self):
        rng = np.random.default_rng(0)
        a = self.pandas.DataFrame(rng.normal(size=(20, 2)), index=list(self.names))
        b = self.pandas.DataFrame(rng.normal(size=(20, 2)), index=list(self.names))
        y = self.pandas.Series([0, 1] * 10, index=list(self.names))
        return a, b, y

    def test_another_order_is_undone(self):
        a, b, y = self.frames()
        order = np.random.default_rng(1).permutation(20)
        shuffled = ModalityData({"a": a, "b": b.iloc[order]}, y.iloc[order[::-1]], groups=y.iloc[order])
        plain = ModalityData({"a": a, "b": b}, y, groups=y)
        for name in "ab":
            np.testing.assert_array_equal(shuffled.arrays[name], plain.arrays[name])
        assert shuffled.y.tolist() == plain.y.tolist()
        assert shuffled.groups.tolist() == plain.groups.tolist()

    @pytest.mark.parametrize(
        "change", [lambda y: y.rename({"row3": "other"}), lambda y: y.reset_index(drop=True), lambda y: y[:-1]]
    )
    def test_other_rows_are_refused(self, change):
        a, b, y = self.frames()
        with pytest.raises(InvalidInputError, match="the rows of y and of a are named differently"):
            ModalityData({"a": a, "b": b}, change(y))

    def test_a_name_of_several_rows_is_refused_in_another_order_only(self):
        a, b, y = self.frames()
        twice = ["row0", *self.names[:-1]]
        a.index = b.index = y.index = twice
        assert ModalityData({"a": a, "b": b}, y).n == 20
        with pytest.raises(InvalidInputError, match="named differently"):
            ModalityData({"a": a, "b": b.iloc[::-1]}, y)

    def test_everywhere_else_that_arrays_enter(self):
        a, b, y = self.frames()
        order = np.random.default_rng(1).permutation(20)
        learner = PairwiseMetricLearner(random_state=0).fit({"a": a, "b": b}, y.to_numpy())
        np.testing.assert_array_equal(
            learner.transform({"a": a, "b": b.iloc[order]}), learner.transform({"a": a, "b": b})
        )
        one = bc.certify(embeddings=a, y=y, threshold=1.0)
        assert bc.certify(embeddings=a, y=y.iloc[order], threshold=1.0).error == one.error
        assert aligned({"a": np.ones(3), "y": y})["y"] is y


@pytest.mark.parametrize(
    ("y", "says"),
    [
        ([-1, 0, 1] * 20, "y is -1 in 20 rows"),
        (np.repeat(np.arange(40), [2, 1] * 20), "looks like a continuous target"),
        (["", *"ab" * 29, "a"], "missing labels"),
    ],
)
def test_labels_that_are_none_are_refused_with_an_offer(y, says):
    with pytest.raises(InvalidInputError, match=says):
        ModalityData({"a": np.random.default_rng(0).normal(size=(60, 2))}, y)


@pytest.mark.parametrize(
    "y", [[-1, 1] * 30, np.repeat(np.arange(6), 10), np.repeat(np.arange(40), [2, 1] * 20).astype(str)]
)
def test_labels_that_are_classes_are_taken(y):
    assert ModalityData({"a": np.random.default_rng(0).normal(size=(60, 2))}, y).n == 60


def test_two_hundred_classes_of_ten_rows_are_classes():
    assert (
        ModalityData({"a": np.random.default_rng(0).normal(size=(2000, 2))}, np.repeat(np.arange(200), 10)).classes.size
        == 200
    )


def test_a_rare_class_is_said_before_it_weighs_thousands():
    y = np.zeros(2000, dtype=int)
    y[[3, 700]] = 1
    data = ModalityData({"a": np.random.default_rng(0).normal(size=(2000, 2))}, y)
    with pytest.raises(InvalidInputError, match=r"the rarest class is 1, 2 of 2,000 rows.*merge classes"):
        measure_subsets(data, rng=0, pair_weights="balanced")
    assert measure_subsets(data, rng=0)["a"].train.rows > 0
