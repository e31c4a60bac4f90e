"""Tasks: retrieval measures by brute force, the comparison, and what the regularisers are for."""

from __future__ import annotations

import pytest

pytest.importorskip(
    "torch", reason="torch is not installed: `make test-align` installs the extra align and runs these tests"
)
pytest.importorskip(
    "ot", reason="POT is not installed: `make test-align` installs the extra align and runs these tests"
)

import json

import numpy as np

from boundcalc import cli
from boundcalc.aligner import (
    AlignedEncoders,
    Comparison,
    compare_regularisers,
    halves,
    planted_latent,
    retrieval_measures,
    zero_shot_measures,
)
from boundcalc.aligner.comparison import interval
from boundcalc.report.alignment import draw_alignment
from boundcalc.trainer import ModalityData

QUICK = dict(steps=5, ot_batch=30, sinkhorn_iter=10)


def small_data(n=90, **options):
    X, y = planted_latent(n, classes=3, **options)
    return ModalityData(X, y, name="planted")


def literal_precision(scores, relevant):
    order = np.argsort(-scores)
    hits = np.flatnonzero(relevant[order])
    return np.mean([(place + 1) / (rank + 1) for place, rank in enumerate(hits)])


def test_measures_are_their_definitions():
    rng = np.random.default_rng(0)
    table, labels = rng.normal(size=(30, 30)), rng.integers(0, 4, 30)
    found = retrieval_measures(table, query_labels=labels, gallery_labels=labels, k=5)
    recall = np.mean([i in np.argsort(-table[i])[:5] for i in range(30)])
    precision = np.mean([literal_precision(table[i], labels == labels[i]) for i in range(30)])
    assert found["recall@5"] == pytest.approx(recall)
    assert found["mAP"] == pytest.approx(precision)
    alone = retrieval_measures(table, k=5)
    assert alone["mAP"] == pytest.approx(np.mean([literal_precision(table[i], np.arange(30) == i) for i in range(30)]))


def test_average_precision_is_scikit_learns_with_ties_too():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    for n in (2, 5, 12, 40):
        table, labels = rng.integers(0, 5, (n, n)).astype(float), rng.integers(0, 3, n)
        wanted = metrics.label_ranking_average_precision_score(labels[:, None] == labels[None, :], table)
        found = retrieval_measures(table, query_labels=labels, gallery_labels=labels, k=1)["mAP"]
        assert found == pytest.approx(wanted, abs=1e-14)


def test_ties_count_against_the_result():
    assert retrieval_measures(np.zeros((6, 6)), k=5)["recall@5"] == 0.0
    assert retrieval_measures(np.zeros((6, 6)), k=6)["recall@6"] == 1.0


def test_zero_shot_tells_seen_from_unseen():
    rng = np.random.default_rng(1)
    labels = np.repeat(["a", "b", "c"], 10)
    table = rng.normal(size=(30, 30)) + 5 * np.eye(30) * (labels != "c")
    found = zero_shot_measures(table, labels=labels, unseen=["c"], k=2)
    assert found["seen"]["recall@2"] == retrieval_measures(table[:20], k=2)["recall@2"]
    a, b = found["seen"]["mAP"], found["unseen"]["mAP"]
    assert a > b
    assert found["harmonic"]["mAP"] == pytest.approx(2 / (1 / a + 1 / b))
    with pytest.raises(ValueError, match="at least one query"):
        zero_shot_measures(table, labels=labels, unseen=["d"])
    with pytest.raises(ValueError, match="at least one query"):
        zero_shot_measures(table, labels=labels, unseen=["canary"])  # not cut short to the one letter of the labels


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: retrieval_measures(t, k=5), "k=5"),
        (lambda t: retrieval_measures(t * np.nan, k=1), "finite numbers"),
        (lambda t: retrieval_measures(t, partners=[9, 9, 9], k=1), "partners"),
        (lambda t: retrieval_measures(t, query_labels=[1, 2, 3], k=1), "both or neither"),
        (lambda t: retrieval_measures(t, query_labels=[1, 2], gallery_labels=[1, 2, 3], k=1), "one label each"),
        (lambda t: zero_shot_measures(t, labels=[1, 2], unseen=[1]), r"\(n, n\)"),
        (lambda t: halves(t), "even width"),
    ],
)
def test_bad_tables_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.eye(3))


def test_halves_are_the_two_sides():
    images = np.arange(16).reshape(1, 4, 4)
    cut = halves(images)
    assert cut["left"].tolist() == [[0, 1, 4, 5, 8, 9, 12, 13]]
    assert cut["right"].tolist() == [[2, 3, 6, 7, 10, 11, 14, 15]]


ARMS = ["none", "cca", "loop", "loop_product", "barycenter", "barycenter_product", "cca_ot", "cca_softmax"]


def test_the_comparison_measures_every_cell():
    done = []
    found = compare_regularisers(
        small_data(rng=0), aligned=(0.3, 1.0), seeds=2, unseen=(2,), k=5, progress=lambda *a: done.append(a), **QUICK
    )
    assert found.complete
    assert len(found.records) == len(done) == 32
    assert [record["regulariser"] for record in found.records[:8]] == ARMS
    assert {
        "recall@5", "mAP", "mAP m0>m1", "mAP harmonic", "recall@5 unseen", "knn", "knn only m0", "logistic", "match_error",
    } <= set(found.measures)  # fmt: skip
    assert all(0 <= record[name] <= 1 for record in found.records for name in found.measures if name in record)
    rows = found.summary("mAP")
    assert [row["seeds"] for row in rows] == [2] * 16

    def values(name):
        return np.array([r["mAP"] for r in found.records if (r["aligned"], r["regulariser"]) == (0.3, name)])

    loop = next(row for row in rows if row["regulariser"] == "loop")
    assert (loop["mean"], loop["half_width"]) == pytest.approx(interval(values("loop"), overlap=0.6))
    # Two fractions of three methods, each against its base and its control, and of three controls against the base.
    strict = {"level": 1 - 0.05 / 18, "overlap": 0.6}
    gain, over = values("loop") - values("none"), values("loop") - values("loop_product")
    assert (loop["gain"], loop["gain_half_width"]) == pytest.approx(interval(gain, **strict))
    assert (loop["over_control"], loop["over_control_half_width"]) == pytest.approx(interval(over, **strict))
    axes = draw_alignment(found, "mAP")
    assert len(axes.get_legend().get_texts()) == 8
    assert json.loads(found.to_json())["complete"]
    with pytest.raises(ValueError, match="expected one of"):
        found.summary("accuracy")


def test_what_the_pairs_choose_is_measured_against_canonical_correlations():
    found = compare_regularisers(small_data(rng=0), aligned=(0.5,), regularisers=("auto",), seeds=2, k=5, **QUICK)
    assert [record["regulariser"] for record in found.records] == ["cca", "auto"] * 2
    row = found.summary("recall@5")[1]
    assert (row["base"], row["claim"] in ("", "gain")) == ("cca", True)  # without a control, never transport
    assert np.isnan(row["over_control"])


@pytest.mark.parametrize(("loop", "control", "claim"), [(0.5, 0.1, "transport"), (0.5, 0.5, "gain"), (0.1, 0.5, "")])
def test_a_gain_is_called_transport_only_beyond_its_control(loop, control, claim):
    shift = {"none": 0.1, "loop": loop, "loop_product": control}
    records = [
        {"aligned": 0.1, "regulariser": name, "seed": seed, "pairs": 9, "mAP": value + 0.001 * seed * (1 + value)}
        for seed in range(4)
        for name, value in shift.items()
    ]
    rows = Comparison(records, True, {"overlap": 0.6}).summary("mAP")
    assert next(row["claim"] for row in rows if row["regulariser"] == "loop") == claim


def test_what_is_done_survives_an_interruption():
    kept = Comparison()

    def stop(done, total, message):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare_regularisers(small_data(rng=0), aligned=(0.5,), seeds=1, progress=stop, comparison=kept, **QUICK)
    assert [record["regulariser"] for record in kept.records] == ["none", "cca"]
    assert not kept.complete


def test_rows_that_test_and_rows_that_may_be_aligned_can_be_given():
    data, tests, free = small_data(rng=0), np.arange(90) < 30, np.arange(90) >= 70
    found = compare_regularisers(
        data, aligned=(1.0,), regularisers=("none",), seeds=2, k=1, test_rows=tests, aligned_rows=free, **QUICK
    )
    assert all(record["pairs"] <= 20 for record in found.records)
    assert found.facts["overlap"] == 0
    with pytest.raises(ValueError, match=r"test_rows .*booleans of shape \(90,\)"):
        compare_regularisers(data, test_rows=np.arange(30), **QUICK)


def test_classes_never_aligned_are_not_in_the_aligned_rows():
    found = compare_regularisers(small_data(rng=1), aligned=(1.0,), regularisers=("none",), seeds=1, **QUICK)
    fewer = compare_regularisers(
        small_data(rng=1), aligned=(1.0,), regularisers=("none",), seeds=1, unseen=(0,), **QUICK
    )
    assert found.records[0]["pairs"] == 45
    assert fewer.records[0]["pairs"] < 45


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"aligned": (0.0,)}, "aligned=0.0"),
        ({"aligned": (0.01,)}, "0 aligned training rows"),
        ({"regularisers": ("gan",)}, "'gan'"),
        ({"seeds": 0}, "seeds=0"),
        ({"unseen": ("x",)}, "unseen class 'x'"),
        ({"unseen": (0, 1, 2)}, "names all classes"),
        ({"k": 28}, "at most 27, the complete test rows"),
    ],
)
def test_bad_comparisons_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        compare_regularisers(small_data(rng=0), **{"seeds": 1, **change}, **QUICK)


def partly_aligned(seed, *, modalities, shared=True, train=400, test=150, share=0.05):
    X, _ = planted_latent(train + test, modalities=modalities, shared=shared, rng=seed)
    count = round(share * train)
    rng = np.random.default_rng(seed)
    rows = {name: np.concatenate([block[:count], rng.permutation(block[count:train])]) for name, block in X.items()}
    return rows, np.arange(train) < count, {name: block[train:] for name, block in X.items()}


def recall(model, test, k=1):
    latents = model.transform(test)
    names = list(latents)
    tables = [model.similarity(latents[a], latents[b]) for a in names for b in names if a != b]
    return np.mean([retrieval_measures(table, k=k)[f"recall@{k}"] for table in tables])


# More modalities take minutes: `python -m pytest -m slow tests/aligner`.
@pytest.mark.parametrize("modalities", [2, *(pytest.param(count, marks=pytest.mark.slow) for count in (3, 4))])
def test_both_regularisers_beat_plain_info_nce_on_a_planted_latent(modalities):
    gains = {"loop": [], "barycenter": []}
    for seed in range(10):
        rows, mask, test = partly_aligned(seed, modalities=modalities)
        settings = dict(random_state=seed, steps=100, ot_batch=96, sinkhorn_iter=15, atoms=48)
        plain = recall(AlignedEncoders(**settings).fit(rows, mask), test)
        for name, found in gains.items():
            found.append(recall(AlignedEncoders(regulariser=name, **settings).fit(rows, mask), test) - plain)
    for name, found in gains.items():
        mean, half = interval(found)
        assert mean > half, f"{name}: {mean:.3f} ± {half:.3f}"


def test_where_nothing_is_shared_nothing_is_pretended():
    found = {"none": [], "loop": [], "barycenter": []}
    for seed in range(6):
        rows, mask, test = partly_aligned(seed, modalities=2, shared=False)
        for name, values in found.items():
            settings = dict(random_state=seed, steps=60, ot_batch=64, sinkhorn_iter=15)
            values.append(recall(AlignedEncoders(regulariser=name, **settings).fit(rows, mask), test, k=15))
    for name, values in found.items():
        mean, half = interval(values, level=0.99)
        assert abs(mean - 0.1) <= max(half, 0.02), f"{name}: {mean:.3f} ± {half:.3f}, chance is 0.1"


def test_the_command_compares_and_draws(tmp_path, capsys):
    data = small_data(rng=2)
    source = tmp_path / "planted.npz"
    np.savez(source, a=data.arrays["m0"], b=data.arrays["m1"], y=data.y)
    common = ["align", str(source), "--aligned", "0.5", "--seeds", "2", "--steps", "3", "-k", "3"]
    picture = tmp_path / "out.png"
    assert cli.main([*common, "--unseen", "1", "--out", str(picture)]) == 0
    text = capsys.readouterr()
    assert "barycenter" in text.out
    assert "aligned pairs" in text.out
    assert "16/16" in text.err
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert cli.main([*common, "--regulariser", "loop", "--json", "--out", str(tmp_path / "out.html")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {record["regulariser"] for record in found["records"]} == {*ARMS[:4], "cca_ot", "cca_softmax"}
    assert found["plan"]["n"] > 1000
    assert "data:image/png" in (tmp_path / "out.html").read_text(encoding="utf-8")


def test_the_command_plans_pairs_of_the_rows_that_are_aligned(tmp_path, capsys):
    data = small_data(rng=2)
    source, mask = tmp_path / "planted.npz", tmp_path / "mask.npy"
    np.savez(source, a=data.arrays["m0"], b=data.arrays["m1"], y=data.y)
    np.save(mask, np.arange(data.n) < 60)
    common = ["align", str(source), "--plan", "--target", "0.4", "-k", "2", "--json"]
    assert cli.main([*common, "--aligned-rows", str(mask)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert max(one["train"] for one in found["offers"] if one["measured"]) == 45  # of 60 pairs in 4 folds
    assert {one["unaligned"] for one in found["offers"]} == {(data.n - 60) // 2, data.n - 60}
    assert "pairs to train on" in found["sentence"]
    assert cli.main([*common, "--aligned", "0.5"]) == 0
    assert json.loads(capsys.readouterr().out)["offers"][-1]["train"] == 8 * data.n // 2
    assert cli.main([*common, "--aligned", "0.02"]) == 2
    assert "aligned pairs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--aligned", "2"], "--aligned 2"),
        (["--aligned", "x"], "--aligned 'x'"),
        (["--seeds", "0"], "--seeds 0"),
        (["--eps", "0"], "--eps 0"),
        (["--temperature", "hot"], "--temperature hot"),
        (["--weight", "heavy"], "--weight heavy"),
        (["--test-rows", "none.npy"], "--test-rows"),
        (["--device", "abacus", "--method", "contrastive"], "device='abacus'"),
        (["--target", "nan"], "--target nan"),
        (["--target", "0.6"], "in (0, 0.5)"),
        (["--unseen", "flying"], "unseen class 'flying'"),
    ],
)
def test_the_command_names_bad_input(arguments, message, capsys):
    pytest.importorskip("multiviewstacking")
    assert cli.main(["align", "htad", *arguments]) == 2
    assert message in capsys.readouterr().err
