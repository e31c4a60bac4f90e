"""Galleries, bands over all thresholds, files and the command."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from boundcalc.certification import certify, certify_band, certify_gallery, reading
from boundcalc.certification.files import certify_file
from boundcalc.certification.kernels import PairErrors
from boundcalc.certification.sources import from_embeddings
from boundcalc.cli import main
from boundcalc.errors import InvalidInputError


def rows(n, *, seed=0, classes=3):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, size=n)
    return rng.normal(size=(n, 3)) + 4.0 * np.eye(3)[y % 3], y


def distances_of(x, z):
    return np.square(x[:, None] - z).sum(axis=-1)


class TestGallery:
    def test_shares_by_hand(self):
        # Two stored rows of a, one of b. A new a: one of two same pairs missed, the different one a tie.
        found = certify_gallery(
            distance=[[0.1, 2.0, 1.0]], y=["a"], stored=["a", "a", "b"], threshold=1.0, weights=(3.0, 0.5)
        )
        assert found.error == pytest.approx((3.0 + 0.5) / 3)
        assert found.constant == pytest.approx(min(3.0 * 2 / 3, 0.5 / 3))
        assert found.recipe["scale"] == pytest.approx(max(3.0 * 2 / 3 + 0.5 / 3, 3.0 / 3 + 0.5 * 2 / 3))

    @pytest.mark.parametrize("moved", [0.0, 1e-9, -1e-9])
    def test_a_tie_is_an_error_for_both_kinds_and_so_is_what_rounding_may_have_moved(self, moved):
        distance, tie = np.full((4, 2), 1.0 + moved), 2e-9
        given = {"y": [0, 1, 0, 1], "stored": [0, 1], "threshold": 1.0, "weights": None}
        assert certify_gallery(distance=distance, **given, tie=tie).error == 1.0
        kernel = PairErrors(lambda rows, others: distance[:, :2], np.array([0, 1, 0, 1]), 1.0, tie=tie)
        assert (kernel(np.arange(4), np.arange(2)) == 1.0).all()

    def test_a_label_that_no_stored_row_has(self):
        """The cap counts a new class, whose every pair is different: with w_neg the largest weight it is the cap."""
        found = certify_gallery(
            distance=np.ones((4, 2)), y=[0, 1, 0, 1], stored=[0, 1], threshold=0.5, weights=(0.1, 2.0)
        )
        assert found.recipe["scale"] == pytest.approx(2.0)

    def test_it_is_sharper_than_pairs(self):
        (x, y), (z, stored) = rows(200), rows(150, seed=1)
        found = certify_gallery(distance=distances_of(x, z), y=y, stored=stored, threshold=10.0)
        pairs = certify(embeddings=x, y=y, threshold=10.0)
        assert found.kind == "gallery"
        assert found.error < found.value < found.constant
        assert found.value - found.error < pairs.value - pairs.error

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"distance": np.ones((3, 2))}, "shape"),
            ({"delta": 0.0}, "delta=0.0"),
            ({"threshold": math.nan}, "threshold=nan"),
            ({"weights": (0.0, 0.0)}, "one must be above 0"),
            ({"stored": [None, 1]}, "missing labels"),
        ],
    )
    def test_misuse(self, change, message):
        good = {"distance": np.ones((4, 2)), "y": [0, 1, 0, 1], "stored": [0, 1], "threshold": 0.5}
        with pytest.raises(InvalidInputError, match=message):
            certify_gallery(**{**good, **change})


class TestBand:
    def test_it_holds_what_it_shows(self, tmp_path):
        x, y = rows(160)
        band = certify_band(embeddings=x, y=y, thresholds=[4.0, 12.0], splits=2)
        assert (band.match_bound > band.match_rate).all()
        assert (band.non_match_bound > band.non_match_rate).all()
        assert (np.diff(band.match_bound) >= 0).all()
        assert (np.diff(band.non_match_bound) <= 0).all()
        own = distances_of(x, x)[y[:, None] != y]
        assert band.match_rate.tolist() == pytest.approx([(own <= t).mean() for t in (4.0, 12.0)])
        value, threshold = band.balanced
        assert threshold in (4.0, 12.0)
        assert value < 0.5
        assert json.loads(json.dumps(band.to_dict()))["thresholds"] == [4.0, 12.0]
        pytest.importorskip("matplotlib")
        band.draw(tmp_path / "det.png")
        assert (tmp_path / "det.png").stat().st_size > 1_000

    def test_scores_run_the_other_way(self):
        x, y = rows(60)
        band = certify_band(embeddings=x, y=y, thresholds=[10.0], splits=1)
        scored = certify_band(scores=-distances_of(x, x), y=y, thresholds=[-10.0], splits=1)
        assert scored.thresholds.tolist() == [-10.0]
        assert scored.match_bound == pytest.approx(band.match_bound)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({}, "chosen on the held-out"),
            ({"cuts": 0, "calibration": 0.2}, "cuts=0"),
            ({"color": 1}, "unexpected color"),
        ],
    )
    def test_misuse(self, change, message):
        x, y = rows(40)
        with pytest.raises(InvalidInputError, match=message):
            certify_band(embeddings=x, y=y, **change)


class TestFiles:
    @pytest.fixture
    def folder(self, tmp_path):
        x, y = rows(150)
        np.savez(tmp_path / "embedded.npz", embeddings=x, y=y)
        np.savez(tmp_path / "distance.npz", distance=distances_of(x, x), y=y, groups=np.arange(150), site=y)
        np.savez(tmp_path / "scores.npz", scores=-distances_of(x, x), y=y)
        table = np.column_stack([x, y])
        np.savetxt(tmp_path / "table.csv", table, delimiter=",", header="a,b,c,y", comments="", fmt="%.17g")
        return tmp_path

    def test_files_say_what_the_arrays_say(self, folder):
        x, y = rows(150)
        plain = certify(embeddings=x, y=y, threshold=10.0)
        assert certify_file(folder / "embedded.npz", threshold=10.0).value == pytest.approx(plain.value, abs=1e-12)
        assert certify_file(folder / "table.csv", threshold=10.0).value == pytest.approx(plain.value, abs=1e-12)
        assert certify_file(folder / "scores.npz", threshold=-10.0).value == pytest.approx(plain.value, abs=1e-12)
        grouped = certify_file(folder / "distance.npz", threshold=10.0)
        assert grouped.value == pytest.approx(plain.value, abs=1e-10)  # every row is its own group

    def test_labels_may_be_called_so(self, folder):
        x, y = rows(150)
        np.savez(folder / "labelled.npz", embeddings=x, labels=y.astype(str))
        found = certify_file(folder / "labelled.npz", threshold=10.0)
        assert found.value == certify_file(folder / "embedded.npz", threshold=10.0).value
        np.save(folder / "raw.npy", x)
        with pytest.raises(InvalidInputError, match=r"raw\.npy"):
            certify_file(folder / "raw.npy", metric="cosine")

    def test_without_a_threshold_rows_choose_one(self, folder):
        found = certify_file(folder / "embedded.npz")
        assert found.rows == 120
        assert found.kind == "mix"
        assert certify_file(folder / "embedded.npz", calibration=0.4).rows == 90
        named = certify_file(
            folder / "embedded.npz", calibration=0.2
        )  # what balanced means does not change with the share
        assert (named.kind, named.value) == (found.kind, found.value)

    def test_the_command(self, folder, capsys):
        source = str(folder / "embedded.npz")
        assert main(["certify", source, "--threshold", "10", "--target", "0.13"]) == 0
        text = capsys.readouterr().out
        assert text.startswith("On new pairs of this kind the balanced pair error is at most 0.")
        assert "would be needed (estimated)" in " ".join(text.split())
        assert main(["certify", source, "--threshold", "10", "--weights", "2,0.7", "--json", "--seed", "3"]) == 0
        record = json.loads(capsys.readouterr().out)
        assert record["kind"] == "transport"
        x, y = rows(150)
        assert record["bound"] == certify(embeddings=x, y=y, threshold=10.0, weights=(2.0, 0.7), rng=3).value
        assert main(["certify", source, "--threshold", "fmr=0.2", "--share", "1/2", "--splits", "2"]) == 0
        assert "false-match rate is at most 0.2 (97.5 %)" in " ".join(capsys.readouterr().out.split())
        assert main(["certify", source, "--metric", "cosine", "--out", str(folder / "page.html")]) == 0
        assert "a constant rule has" in (folder / "page.html").read_text()
        pytest.importorskip("matplotlib")
        capsys.readouterr()
        picture = ["--threshold", "10", "--figure", str(folder / "bar.png")]
        assert main(["certify", source, *picture, "--json"]) == 0
        assert (folder / "bar.png").stat().st_size > 1_000
        band = json.loads(capsys.readouterr().out)["band"]
        assert band["rows"] == 120  # the others chose the cut points
        assert len(band["thresholds"]) == 8

    def test_the_picture_has_the_band_beside_it(self, folder):
        pytest.importorskip("matplotlib")
        found = certify_file(folder / "embedded.npz", threshold=10.0, band=True)
        bar, rates = found.draw().figure.axes
        assert (bar.get_xlabel(), rates.get_ylabel()) == ("balanced pair error", "false-non-match rate")
        (certified,) = [line for line in rates.get_lines() if line.get_label().startswith("certified")]
        assert certified.get_xdata().tolist() == found.band.match_bound.tolist()
        assert certified.get_ydata().tolist() == found.band.non_match_bound.tolist()
        assert certified.get_drawstyle() == "steps-post"
        assert certify_file(folder / "embedded.npz", threshold=10.0).band is None

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["missing.npz"], "no such file"),
            (["embedded.npz", "--threshold", "recall=1"], "fmr=0.01 or precision=0.9"),
            (["embedded.npz", "--weights", "heavy"], "two numbers such as"),
            (["embedded.npz", "--groups", "person"], "there is no such array (found embeddings, y)"),
            (["embedded.npz", "--delta", "2"], "delta"),
            (["embedded.npz", "--kappa", "1"], "in (0, 1)"),
            (["embedded.npz", "--share", "0"], "(0, 1]"),
            (["distance.npz", "--groups", "site", "--threshold", "10", "--weights", "2,x"], "two numbers"),
        ],
    )
    def test_misuse_is_one_line(self, words, message, folder, capsys):
        assert main(["certify", str(folder / words[0]), *words[1:]]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1

    def test_a_data_set_is_trained_first(self, folder, capsys):
        pytest.importorskip("sklearn")
        x, y = rows(200)
        np.savez(folder / "modalities.npz", left=x[:, :1], right=x[:, 1:], y=y)
        assert main(["certify", str(folder / "modalities.npz")]) == 0
        assert "on 80 held-out rows" in " ".join(capsys.readouterr().out.split())
        assert main(["certify", str(folder / "modalities.npz"), "--calibration", "0.3"]) == 2
        assert "trained on split rows" in capsys.readouterr().err


def test_pairs_that_choose_are_sampled_beyond_a_number_and_stand_for_all(monkeypatch):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 6, 120)
    rows = rng.normal(size=(120, 3)) + 2.0 * np.eye(6, 3)[y]
    calibration = reading.Calibration(from_embeddings(rows, metric="sqeuclidean"), y)
    distances, same, stands = calibration.off_diagonal()
    off = ~np.eye(120, dtype=bool)
    assert (distances == calibration.distances.between(np.arange(120), np.arange(120))[off]).all()
    assert (same == (y[:, None] == y)[off]).all()
    assert (stands == 1).all()
    monkeypatch.setattr(reading, "_MOST_PAIRS", 1500)
    some, alike, many = calibration.off_diagonal()
    for kind in (True, False):
        count = (same == kind).sum()
        assert abs((alike == kind).sum() - min(count, 1500)) < 5 * np.sqrt(1500)
        assert abs(many[alike == kind].sum() / count - 1) < 0.15
        assert np.isin(some[alike == kind], distances[same == kind]).all()


def test_the_share_that_is_done_is_told(tmp_path):
    rng, y = np.random.default_rng(0), np.arange(4500) % 3
    seen = []
    certify(embeddings=rng.normal(size=(4500, 2)), y=y, threshold=1.0, splits=1, progress=seen.append)
    assert len(seen) == 6
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] <= 0.5


def test_masked_embeddings_are_refused():
    masked = np.ma.masked_array(np.eye(10), mask=np.eye(10) > 0)
    with pytest.raises(InvalidInputError, match="embeddings has masked entries"):
        certify(embeddings=masked, y=np.arange(10) % 2, threshold=1.0)
