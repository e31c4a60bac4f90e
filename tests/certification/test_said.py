"""What certificates say: no more than is promised, compared with what fits, and doubts about labels and arguments."""

from __future__ import annotations

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.certification import certify_band
from boundcalc.certification.files import CALIBRATION, HOLDOUT, certify_file
from boundcalc.cli import main
from boundcalc.datasets import load
from boundcalc.trainer import PairwiseMetricLearner


def rows(n, *, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, size=n)
    return rng.normal(size=(n, 3)) + 4.0 * np.eye(3)[y], y


def distances_of(x):
    return np.square(x[:, None] - x).sum(axis=-1)


def test_a_worse_model_gains_nothing():
    x, y = rows(60)
    noise = np.random.default_rng(1).normal(size=x.shape)
    worse = bc.certify(embeddings=noise, against=x, y=y, threshold=6.0, weights=None, splits=2)
    assert worse.vacuous
    assert worse.sentence.startswith(
        "No gain in pair error is certified on new pairs of this kind (95 %; the bound is -"
    )
    better = bc.certify(embeddings=x, against=noise, y=y, threshold=6.0, weights=None, splits=2)
    assert "the gain in pair error is at least 0." in better.sentence


def test_a_match_rate_is_compared_with_guesses_that_miss_as_many():
    x, y = rows(300)
    found = bc.certify(embeddings=x, y=y, threshold={"fmr": 0.1}, splits=2)
    assert found.constant == 1.0 - found.recipe["non_match_rate"]
    assert "a rule that looks at no pair and misses as many has 0." in found.sentence
    assert found.tables()[0].columns[3] == "compared with"
    assert "constant rule" not in found.sentence


@pytest.mark.parametrize(
    ("threshold", "n", "message"),
    [
        ({"precision": 0.9999}, 300, r"even without an error it takes about 1\d\d,\d{3} rows"),
        ({"fmr": 0.01}, 300, r"even without an error it takes about [89]\d\d rows"),  # 597 over two thirds
        (
            {"precision": 0.97},
            400,
            r"at [\d.e-]+, the first that was tried, it is measured 1, which takes about [23],\d+,\d+ rows",
        ),
        (
            {"fmr": 0.012},
            720,
            r"at [\d.e-]+, the first that was tried, it is measured 1.\d*e-05, which takes about 7\d\d rows \(estimated\)",
        ),
    ],
)
def test_a_rate_that_cannot_be_certified_says_what_is_in_the_way(threshold, n, message):
    y = np.random.default_rng(0).integers(0, 3, size=n)
    x = np.eye(3)[np.where(np.random.default_rng(1).random(n) < 0.2, (y + 1) % 3, y)]
    x = x + 1e-3 * np.random.default_rng(2).normal(size=x.shape)
    with pytest.raises(bc.InfeasibleError, match=message):
        bc.certify(embeddings=x, y=y, threshold=threshold, calibration=0.3, splits=2)


def test_a_rate_that_is_worse_everywhere_says_so():
    with pytest.raises(bc.InfeasibleError, match="it is measured 1, and no number of rows would do there"):
        bc.certify(embeddings=np.ones((400, 1)), y=np.arange(400) % 3, threshold={"fmr": 0.05}, splits=2)


def test_a_rate_of_pairs_that_no_two_groups_make_says_so():
    groups = np.arange(60) // 3
    with pytest.raises(bc.InfeasibleError, match="no pair that counts is the same"):
        bc.certify(embeddings=rows(60)[0], y=groups, groups=groups, threshold={"precision": 0.9}, calibration=0.5)


def test_a_metric_goes_with_embeddings_only():
    x, y = rows(30)
    for source in ({"distance": distances_of(x)}, {"scores": -distances_of(x)}):
        with pytest.raises(bc.InvalidInputError, match="metric='cosine' goes with embeddings= only"):
            bc.certify(**source, y=y, threshold=1.0, metric="cosine")


class TestBooleansForPairs:
    pairs = np.array([[0, 1], [2, 3], [4, 5], [1, 2], [3, 4], [0, 5]])
    x = np.arange(6.0)[:, None]

    def certify(self, **given):
        return bc.certify(pairs=self.pairs, threshold=1.0, weights=None, **given).error

    def test_as_many_rows_and_pairs_are_refused(self):
        y = np.array([True, False] * 3)
        with pytest.raises(bc.InvalidInputError, match="6 booleans for as many rows and pairs"):
            self.certify(embeddings=self.x, y=y)
        assert self.certify(embeddings=self.x, y=y.astype(int)) == pytest.approx(5 / 6)
        assert self.certify(distance=[0.5] * 6, y=y) == 0.5

    def test_a_missing_label_is_no_different_one(self):
        with pytest.raises(bc.InvalidInputError, match="NaN or infinite labels"):
            self.certify(embeddings=self.x, y=[0, 1, np.nan, 1, 0, 1])


@pytest.mark.parametrize(
    ("y", "words"),
    [(np.arange(-1, 59) % 3 - 1, "-1 in 20 rows"), (np.arange(60) // 2 * 7, "looks like a continuous target")],
)
def test_doubtful_labels_are_cautioned(y, words):
    x = np.random.default_rng(0).normal(size=(60, 2))
    assert words in " ".join(bc.certify(embeddings=x, y=y, threshold=1.0, splits=1).cautions)
    assert words in " ".join(certify_band(embeddings=x, y=y, thresholds=[1.0], splits=1).cautions)


def test_a_table_of_bounds_rounds_them_up():
    x, y = rows(60)
    band = certify_band(embeddings=np.repeat(x, 2, axis=0), y=np.repeat(y, 2), thresholds=[3.0, 9.0], splits=1)
    assert "Caution: " in band.text()
    for row, most, above in zip(band.tables()[0].rows, band.match_bound, band.non_match_bound, strict=True):
        assert float(row[2]) >= most
        assert float(row[4]) >= above


@pytest.mark.parametrize("splits", [0, 10_001, 10**9])
def test_splits_are_limited(splits):
    with pytest.raises(bc.InvalidInputError, match="at most 10,000"):
        bc.certify(embeddings=np.eye(4), y=[0, 1] * 2, threshold=1.0, splits=splits)


class TestOptionsOfFiles:
    @pytest.fixture
    def folder(self, tmp_path):
        x, y = rows(120)
        lines = [
            "u,v,w,site,who,kind",
            *(f"{a:.5f},{b:.5f},{c:.5f},n,p{k // 2},c{z}" for k, ((a, b, c), z) in enumerate(zip(x, y, strict=True))),
        ]
        (tmp_path / "t.csv").write_text("\n".join(lines))
        (tmp_path / "t.tsv").write_text("\n".join(lines).replace(",", "\t"))
        (tmp_path / "arrays").mkdir()
        np.save(tmp_path / "arrays/embeddings.npy", x)
        np.save(tmp_path / "arrays/kind.npy", y)
        np.savez(tmp_path / "both.npz", X=x, scores=-distances_of(x), kind=y, who=np.arange(120) // 2)
        return tmp_path

    @pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
    def test_a_table(self, folder, name, capsys):
        _x, _y = rows(120)
        command = ["certify", str(folder / name), "--label", "kind", "--threshold", "10", "--splits", "2"]
        assert main([*command, "--drop", "site,who"]) == 0
        assert "on 120 held-out rows" in " ".join(capsys.readouterr().out.split())
        assert main([*command, "--groups", "who"]) == 2
        assert "column 'site', " in (said := capsys.readouterr().err)
        assert "--drop site" in said
        assert main([*command, "--groups", "who", "--drop", "site", "--weights", "none", "--json"]) == 0
        assert '"units": 60' in capsys.readouterr().out

    def test_modalities_are_trained_on_and_named(self, folder, capsys):
        pytest.importorskip("sklearn")
        options = ["--label", "kind", "--modality", "a=u,v", "--modality", "b=w", "--groups", "who"]
        assert main(["certify", str(folder / "t.csv"), *options]) == 0
        used = PairwiseMetricLearner(holdout=HOLDOUT, calibration=CALIBRATION, pair_weights="balanced", random_state=0)
        used.fit(load(folder / "t.csv", label="kind", groups="who", modalities={"a": ["u", "v"], "b": ["w"]}))
        kind = "metric" if used.model_ is None else "model"
        said = " ".join(capsys.readouterr().out.split())
        trained = 24 if used.model_ is None else 36
        assert f"Certified is a {used.structure_} {kind} on a, b, trained for it on {trained} other groups." in said

    def test_a_second_model_that_is_no_array_is_named_as_the_second(self):
        x, y = rows(40)
        with pytest.raises(bc.InvalidInputError, match="against, like the source: embeddings: expected an array"):
            bc.certify(embeddings=x, against={"embeddings": x}, y=y, threshold=1.0)

    @pytest.mark.parametrize(
        ("classes", "why"),
        [(1, "y has one class only"), (40, "no two rows have the same"), (39, "8 .* rows have no same pair")],
    )
    def test_labels_that_make_pairs_of_one_kind_alone_are_told(self, classes, why):
        x, _ = rows(40)
        with pytest.raises(bc.InvalidInputError, match=why):
            bc.certify(embeddings=x, y=np.sort(np.arange(40) % classes), calibration=0.2, rng=1)

    def test_arrays(self, folder):
        x, y = rows(120)
        plain = bc.certify(embeddings=x, y=y, threshold=10.0, splits=2)
        options = {"label": "kind", "threshold": 10.0, "splits": 2}
        assert certify_file(folder / "arrays", **options).value == pytest.approx(plain.value, abs=1e-12)
        found = certify_file(folder / "both.npz", drop="scores", **options)
        assert found.value == pytest.approx(plain.value, abs=1e-12)
        with pytest.raises(bc.InvalidInputError, match="leave the others out by --drop"):
            certify_file(folder / "both.npz", **options)
        with pytest.raises(bc.InvalidInputError, match="it is needed as label"):
            certify_file(folder / "both.npz", drop="kind", **options)


def test_rows_that_a_model_maps_to_one_place_are_no_copies():
    """Probabilities of well separated classes are 0 and 1 to all digits; rows that are the same are still told."""
    x, y = rows(240)
    for repeated in (False, True):
        x = np.concatenate([x[:120], x[:120]]) if repeated else 20.0 * x
        labels = np.concatenate([y[:120], y[:120]]) if repeated else y
        learner = PairwiseMetricLearner(structure="posterior", random_state=0).fit({"a": x}, labels)
        text = bc.certify(model=learner).text()
        assert "at distance 0" not in text
        assert ("the same as an earlier one" in " ".join(text.split())) == repeated
