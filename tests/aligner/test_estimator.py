"""AlignedEncoders: the bound s, resuming bit for bit, partly aligned input, retrieval, bad input."""

from __future__ import annotations

import sys

import pytest

pytest.importorskip(
    "torch", reason="torch is not installed: `make test-align` installs the extra align and runs these tests"
)
pytest.importorskip(
    "ot", reason="POT is not installed: `make test-align` installs the extra align and runs these tests"
)

import numpy as np
import torch
from sklearn.base import clone

from boundcalc.aligner import AlignedEncoders, planted_latent
from boundcalc.aligner.encoders import clip_spectrum
from boundcalc.errors import MissingExtraError
from boundcalc.trainer import ModalityData

QUICK = dict(q=4, steps=20, ot_batch=40, sinkhorn_iter=20, random_state=0)


@pytest.fixture(scope="module")
def planted():
    return planted_latent(120, rng=0)


MASK = np.arange(120) < 30


@pytest.mark.parametrize("regulariser", ["none", "loop", "barycenter"])
@pytest.mark.parametrize("s", [0.5, 2.0])
def test_the_spectral_bound_holds_after_training(planted, regulariser, s):
    model = AlignedEncoders(s=s, regulariser=regulariser, learning_rate=0.2, **QUICK).fit(planted[0], MASK)
    norm = np.linalg.svd(model.weight_, compute_uv=False)[0]
    assert norm <= s
    assert norm == pytest.approx(s, abs=1e-10)  # a high learning rate pushes against the bound


def test_clipping_is_the_nearest_matrix():
    weight = torch.randn(3, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    clipped = clip_spectrum(weight, 1.0)
    values = np.linalg.svd(weight.numpy(), compute_uv=False)
    expected = np.sqrt((np.maximum(values - 1, 0) ** 2).sum())
    assert float(torch.linalg.matrix_norm(weight - clipped)) == pytest.approx(expected, rel=1e-10)
    assert clip_spectrum(weight, 100.0) is weight


@pytest.mark.parametrize("regulariser", ["none", "loop", "barycenter"])
def test_interrupted_and_resumed_is_bit_for_bit_the_same(planted, tmp_path, regulariser):
    settings = QUICK | {
        "regulariser": regulariser,
        "batch_size": 16,
        "consistency": 0.1,
        "early_stopping": True,
        "patience": 9,
    }
    whole = AlignedEncoders(**settings).fit(planted[0], MASK)

    def stop(done, total, message):
        if done == 10:
            raise KeyboardInterrupt

    path = tmp_path / "state.pt"
    kept = settings | {"checkpoint": path, "checkpoint_every": 7}
    with pytest.raises(KeyboardInterrupt):
        AlignedEncoders(progress=stop, **kept).fit(planted[0], MASK)
    resumed = AlignedEncoders(**kept).fit(planted[0], MASK)
    assert np.array_equal(whole.weight_, resumed.weight_)
    assert np.array_equal(whole.loss_curve_, resumed.loss_curve_)
    assert np.array_equal(whole.validation_curve_, resumed.validation_curve_)
    with pytest.raises(ValueError, match="other data or settings"):
        AlignedEncoders(**kept | {"q": 3}).fit(planted[0], MASK)
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match="not a checkpoint"):
        AlignedEncoders(**kept).fit(planted[0], MASK)


def test_same_seed_same_numbers_and_the_callers_random_numbers_are_left_alone(planted):
    torch.manual_seed(5)
    expected = torch.randn(3)
    torch.manual_seed(5)
    first = AlignedEncoders(**QUICK).fit(planted[0], MASK)
    assert torch.equal(torch.randn(3), expected)
    second = clone(first).fit(planted[0], MASK)
    assert np.array_equal(first.weight_, second.weight_)
    other = AlignedEncoders(**QUICK | {"random_state": 1}).fit(planted[0], MASK)
    assert not np.array_equal(first.weight_, other.weight_)


def test_weight_zero_is_no_regulariser(planted):
    plain = AlignedEncoders(**QUICK).fit(planted[0], np.ones(120, bool))
    zero = AlignedEncoders(regulariser="loop", weight=0.0, **QUICK).fit(planted[0], np.ones(120, bool))
    assert np.array_equal(plain.weight_, zero.weight_)


def test_mask_and_index_pairs_say_the_same(planted):
    pairs = np.repeat(np.flatnonzero(MASK)[:, None], 2, axis=1)
    by_mask = AlignedEncoders(**QUICK).fit(planted[0], MASK)
    assert np.array_equal(by_mask.weight_, AlignedEncoders(**QUICK).fit(planted[0], pairs).weight_)
    lists = AlignedEncoders(**QUICK).fit(list(planted[0].values()), pairs)
    assert np.array_equal(by_mask.weight_, lists.weight_)


def test_modalities_may_have_different_rows_and_be_missing():
    X, _ = planted_latent(60, modalities=3, rng=1)
    X = {"a": X["m0"], "b": X["m1"][:50], "c": X["m2"][:40]}
    index = np.array([[i, i, i if i % 2 else -1] for i in range(20)])
    model = AlignedEncoders(regulariser="loop", **QUICK).fit(X, index)
    assert model.n_aligned_ == 20
    assert {name: z.shape for name, z in model.transform(X).items()} == {"a": (60, 4), "b": (50, 4), "c": (40, 4)}
    mask = np.zeros((60, 3), bool)
    mask[::3, 1] = True
    data = ModalityData({k: X["a"] for k in "abc"}, np.arange(60) % 2, mask=mask)
    assert AlignedEncoders(**QUICK).fit(data, np.arange(60) < 9).n_aligned_ == 9


def test_single_precision_and_device(planted):
    model = AlignedEncoders(dtype="float32", device="cpu", regulariser="loop", **QUICK).fit(planted[0], MASK)
    assert model.module_.weight.dtype == torch.float32
    double = AlignedEncoders(regulariser="loop", **QUICK).fit(planted[0], MASK)
    assert model.transform(planted[0])["m0"].dtype == np.float64
    assert model.score(planted[0]) == pytest.approx(double.score(planted[0]), abs=0.1)
    with pytest.raises(ValueError, match="device='abacus'"):
        AlignedEncoders(device="abacus", **QUICK).fit(planted[0], MASK)
    with pytest.raises(ValueError, match="dtype='float16'"):
        AlignedEncoders(dtype="float16", **QUICK).fit(planted[0], MASK)


def test_encoders_take_rows_of_any_shape(planted):
    X = {"m0": planted[0]["m0"].reshape(120, 1, 4, 5), "m1": planted[0]["m1"]}
    image = torch.nn.Sequential(torch.nn.Conv2d(1, 3, 2), torch.nn.Flatten(), torch.nn.LazyLinear(4))
    image(torch.zeros(1, 1, 4, 5))
    model = AlignedEncoders(encoders={"m0": image, "m1": torch.nn.Linear(20, 4)}, regulariser="loop", **QUICK)
    model.fit(X, MASK)
    assert model.transform(X)["m0"].shape == (120, 4)
    assert model.trained_on("m0", X["m0"]).all()
    assert "not bounded" in model.cautions_[0]
    with pytest.raises(ValueError, match=r"expected \(1, 4, 5\)"):
        model.transform({"m0": X["m0"][:, :, :3]})
    with pytest.raises(ValueError, match="expected \\(n_k, d_k\\)"):
        AlignedEncoders(**QUICK).fit(X, MASK)


def test_the_regulariser_knows_no_scale(planted):
    """Ten times longer latent points, the same regulariser; and none in the first half of the steps."""
    curves = [
        AlignedEncoders(s=s, regulariser="loop", **QUICK | {"learning_rate": 1e-9})
        .fit(planted[0], MASK)
        .loss_curve_[:, 1]
        for s in (1.0, 10.0)
    ]
    assert curves[0] == pytest.approx(curves[1], rel=1e-4)
    assert np.array_equal(curves[0] != 0, np.arange(20) >= 10)
    assert (curves[0][10:] > 0).all()


def test_weight_temperature_and_method_are_chosen_from_the_pairs(planted):
    model = AlignedEncoders(regulariser="loop", weight="cv", temperature="cv", **QUICK).fit(planted[0], MASK)
    assert model.chosen_["weight"] in (0.0, 1.0, 3.0)
    fixed = AlignedEncoders(regulariser="loop", **QUICK | {k: v for k, v in model.chosen_.items() if k != "method"})
    assert np.array_equal(model.weight_, fixed.fit(planted[0], MASK).weight_)
    auto = AlignedEncoders(method="auto", **QUICK).fit(planted[0], MASK)
    assert set(auto.cross_validation_) == {"cca_ot", "contrastive"}
    assert auto.chosen_["method"] == "cca_ot"  # 20 steps train too little to be better
    with pytest.raises(ValueError, match="weight='auto'"):
        AlignedEncoders(weight="auto", **QUICK).fit(planted[0], MASK)


def test_without_torch_the_closed_forms_are_chosen_from_and_it_is_said(planted, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in ("_torch", "trained"):
        monkeypatch.delitem(sys.modules, f"boundcalc.aligner.{name}", raising=False)
    model = AlignedEncoders(method="auto", **QUICK).fit(planted[0], MASK)
    closed = AlignedEncoders(method="cca_ot", **QUICK).fit(planted[0], MASK)
    assert model.chosen_ == closed.chosen_
    assert "torch" in model.cautions_[0]
    assert "no candidates" in model.cautions_[0]
    assert closed.cautions_ == ()
    with pytest.raises(MissingExtraError, match="align"):
        AlignedEncoders(**QUICK).fit(planted[0], MASK)


def test_modules_take_the_place_of_linear_encoders(planted, tmp_path):
    modules = {
        name: torch.nn.Sequential(torch.nn.Linear(20, 8), torch.nn.Tanh(), torch.nn.Dropout(0.2), torch.nn.Linear(8, 4))
        for name in planted[0]
    }
    before = modules["m0"][0].weight.detach().clone()
    model = AlignedEncoders(encoders=modules, regulariser="loop", **QUICK).fit(planted[0], MASK)
    assert torch.equal(modules["m0"][0].weight, before)
    assert not model.linear_
    assert not hasattr(model, "weight_")
    again = AlignedEncoders(encoders=modules, regulariser="loop", checkpoint=tmp_path / "m.pt", **QUICK).fit(
        planted[0], MASK
    )
    assert np.array_equal(model.transform(planted[0])["m0"], again.transform(planted[0])["m0"])


def test_a_module_given_twice_stays_one(planted):
    shared = torch.nn.Linear(20, 4)
    model = AlignedEncoders(encoders={"m0": shared, "m1": shared}, **QUICK).fit(planted[0], MASK)
    rows = planted[0]["m0"]
    assert np.array_equal(model.transform({"m0": rows})["m0"], model.transform({"m1": rows})["m1"])


def test_numpy_numbers_are_numbers(planted):
    settings = QUICK | {"regulariser": "loop"}
    plain = AlignedEncoders(**settings, eps=0.5).fit(planted[0], MASK)
    other = AlignedEncoders(**settings | {"sinkhorn_iter": np.int64(20)}, eps=np.float32(0.5)).fit(planted[0], MASK)
    assert np.array_equal(plain.weight_, other.weight_)


def test_labels_that_leave_one_class_in_a_part_are_named(planted):
    y = np.arange(120) >= 30  # all aligned examples are of one class
    with pytest.raises(ValueError, match="for training do not hold two classes"):
        AlignedEncoders(loss="lmnn", **QUICK).fit(planted[0], MASK, y)
    # One example of another class cannot be in both parts.
    with pytest.raises(ValueError, match=r"for (training|validation) do not hold two classes"):
        AlignedEncoders(loss="lmnn", early_stopping=True, **QUICK).fit(planted[0], MASK, np.arange(120) >= 29)


def test_rows_trained_on_are_known(planted):
    X = planted[0]
    model = AlignedEncoders(**QUICK).fit({name: block[:60] for name, block in X.items()}, MASK[:60])
    assert np.array_equal(model.trained_on("m0", X["m0"]), np.arange(120) < 60)
    with pytest.raises(ValueError, match="unknown modality 'c'"):
        model.trained_on("c", X["m0"])


def test_early_stopping_returns_the_best_model_seen(planted):
    model = AlignedEncoders(early_stopping=True, patience=2, learning_rate=0.5, **QUICK | {"steps": 300})
    model.fit(planted[0], MASK)
    assert model.n_iter_ < 300
    assert np.argmin(model.validation_curve_) == len(model.validation_curve_) - 3


def test_retrieve_returns_the_nearest_first(planted):
    X = planted[0]
    model = AlignedEncoders(**QUICK).fit(X, MASK)
    latents = model.transform(X)
    found, scores = model.retrieve({"m0": X["m0"][:5]}, {"m1": X["m1"]}, k=3)
    distances = ((latents["m0"][:5, None] - latents["m1"][None]) ** 2).sum(axis=2)
    assert np.array_equal(found, np.argsort(distances, axis=1)[:, :3])
    assert scores == pytest.approx(-np.sort(distances, axis=1)[:, :3])
    cosine = AlignedEncoders(score="cosine", **QUICK).fit(X, MASK)
    assert np.abs(cosine.similarity(latents["m0"], latents["m1"])).max() <= 1 + 1e-12


@pytest.mark.parametrize("regulariser", ["loop", "barycenter"])
def test_with_cosines_the_regulariser_does_not_shrink_the_latents(planted, regulariser):
    """Cosines ignore lengths, so the transport of raw points would pull everything to the origin."""
    settings = QUICK | {"score": "cosine", "steps": 60}
    sizes = [
        np.linalg.norm(AlignedEncoders(regulariser=name, weight=5.0, **settings).fit(planted[0], MASK).weight_)
        for name in ("none", regulariser)
    ]
    assert sizes[1] > 0.8 * sizes[0]


def test_lmnn_trains_with_labels(planted):
    X, y = planted
    model = AlignedEncoders(loss="lmnn", **QUICK).fit(X, MASK, y)
    assert model.loss_curve_[-1, 0] < model.loss_curve_[0, 0]
    assert AlignedEncoders(loss="cross_clr", **QUICK).fit(X, MASK).loss_curve_.shape == (20, 2)


X0 = np.random.default_rng(0).normal(size=(20, 3))
GOOD = {"a": X0, "b": X0[:, :2]}
HALF = np.arange(20) < 10


@pytest.mark.parametrize(
    ("X", "aligned", "y", "message"),
    [
        (GOOD, np.zeros(20, bool), None, "no aligned pair"),
        (GOOD, np.zeros((0, 2), int), None, "no aligned pair"),
        (GOOD, [[3, 4]], None, "one aligned pair"),
        (GOOD, [[3, 4]] * 5, None, "one aligned pair"),
        (GOOD, HALF, np.zeros(20), "one class only"),
        ({"a": X0, "b": X0[:0]}, HALF, None, "'b' is empty"),
        ({"a": X0, "b": X0[:15]}, HALF, None, "equal lengths"),
        (GOOD, HALF[:7], None, r"mask of shape \(7,\)"),
        (GOOD, [[0, 0], [1, 20]], None, "row 20 of modality 'b'"),
        (GOOD, [[0, 0, 0]], None, "one column for each modality"),
        (GOOD, HALF, np.zeros(5), "one label for each row"),
        ({"a": np.where(X0 > 1, np.nan, X0), "b": X0}, HALF, None, "NaN"),
        ({"a": X0}, HALF, None, "at least two to align"),
        (GOOD, HALF, {"a": HALF, "b": ~HALF}, "y disagrees with aligned"),
        ("text", HALF, None, "expected a mapping"),
    ],
)
def test_bad_data_is_named(X, aligned, y, message):
    with pytest.raises(ValueError, match=message):
        AlignedEncoders(**QUICK).fit(X, aligned, y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 1}, "batch of one"),
        ({"q": 0}, "q=0"),
        ({"s": -1.0}, "s=-1.0"),
        ({"loss": "triplet"}, "info_nce, cross_clr, lmnn"),
        ({"regulariser": "wasserstein"}, "none, loop, barycenter"),
        ({"normalise": "l2", "score": "dot"}, "score='dot'.*normalise='l2'"),
        ({"encoders": {"a": torch.nn.Linear(3, 4)}}, "no module for modality 'b'"),
        ({"encoders": {"a": torch.nn.Linear(3, 5), "b": torch.nn.Linear(2, 4)}}, "q=4"),
        ({"early_stopping": True, "validation_fraction": 0.95}, "at least 2 to be left"),
        (
            {"encoders": {"a": torch.nn.Linear(5, 4), "b": torch.nn.Linear(2, 4)}},
            r"encoders\['a'\] fails on rows of shape",
        ),
        ({"encoders": {"a": torch.nn.LSTM(3, 4), "b": torch.nn.Linear(2, 4)}}, r"encoders\['a'\] maps .* to tuple"),
        ({"encoders": {"a": torch.nn.Identity(), "b": torch.nn.Identity()}}, "no trainable parameter"),
        ({"checkpoint": "state.pt", "random_state": None}, "random_state=None"),
        ({"checkpoint": "no such folder/state.pt"}, "folder does not exist"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        AlignedEncoders(**QUICK | settings).fit(GOOD, HALF)


def test_bad_queries_are_named():
    model = AlignedEncoders(**QUICK).fit(GOOD, HALF)
    with pytest.raises(ValueError, match="k=30"):
        model.retrieve({"a": X0}, {"b": X0[:, :2]}, k=30)
    with pytest.raises(ValueError, match="unknown modality 'c'"):
        model.transform({"c": X0})
    with pytest.raises(ValueError, match="2 columns: expected 3"):
        model.transform({"a": X0[:, :2]})
    with pytest.raises(ValueError, match=r"latent points \(n, 4\)"):
        model.similarity(X0, X0)
