"""Encoders in closed form, without torch: CCA against the textbook, plans, what cross-validation chooses, bad input."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from scipy.linalg import eigh
from sklearn.base import clone

from boundcalc import cli
from boundcalc.aligner import AlignedEncoders, planted_latent
from boundcalc.aligner.closed_form import PLANS, _solve, _Spectrum, fit_closed_form, sinkhorn_plan, softmax_plan
from boundcalc.aligner.comparison import interval
from boundcalc.aligner.selection import choose, fold_parts, partner_ranks, similarities


def partly_aligned(seed, *, train=300, pairs=15, test=150, **options):
    X, _ = planted_latent(train + test, rng=seed, **options)
    rng = np.random.default_rng(seed)
    rows = {k: np.concatenate([v[:pairs], rng.permutation(v[pairs:train])]) for k, v in X.items()}
    return rows, np.arange(train) < pairs, {k: v[train:] for k, v in X.items()}


def test_with_all_rows_aligned_the_directions_are_those_of_textbook_cca():
    X, _ = planted_latent(400, d=6, latent=3, rng=0)
    a, b = (block - block.mean(axis=0) for block in X.values())
    pairs = np.repeat(np.arange(400)[:, None], 2, axis=1)
    found, _ = fit_closed_form(list(X.values()), pairs, q=3, method="cca", eps=0.05, by="cosine", seed=0)
    # The ridge raises each covariance by a share of its mean eigenvalue along the principal axes: a multiple of the identity.
    cov = [c + found.ridge * np.trace(c) / len(c) * np.eye(len(c)) for c in (a.T @ a / 400, b.T @ b / 400)]
    cross = a.T @ b / 400
    _, vectors = eigh(cross @ np.linalg.solve(cov[1], cross.T), cov[0])
    ours = found.maps[0] / np.sqrt(np.einsum("ij,ik,kj->j", found.maps[0], cov[0], found.maps[0]))
    assert np.abs(np.einsum("ij,ik,kj->j", ours, cov[0], vectors[:, ::-1][:, :3])) == pytest.approx(
        np.ones(3), abs=1e-9
    )


def test_a_transport_plan_keeps_marginals_and_its_control_does_not():
    rng = np.random.default_rng(0)
    cost = np.square(rng.normal(size=(20, 1, 3)) - 0.3 * rng.normal(size=(1, 30, 3))).sum(axis=2)
    plan = sinkhorn_plan(cost, eps=0.1, sweeps=2000)
    assert plan.sum(axis=0) == pytest.approx(np.full(30, 1 / 30))
    assert plan.sum(axis=1) == pytest.approx(np.full(20, 1 / 20), rel=1e-6)
    # Entropic plans are diag(u) exp(-C/eps) diag(v): cross ratios are those of the kernel.
    logs = np.log(plan) + cost / (0.1 * cost.mean())
    assert logs - logs[:1] - logs[:, :1] + logs[0, 0] == pytest.approx(np.zeros((20, 30)), abs=1e-9)
    assert sinkhorn_plan(cost, eps=1e6) == pytest.approx(np.full((20, 30), 1 / 600), rel=1e-4)
    loose = softmax_plan(cost, eps=0.1)
    assert loose.sum() == pytest.approx(1.0)
    assert np.abs(loose.sum(axis=0) * 30 - 1).max() > 0.2
    assert np.isfinite(sinkhorn_plan(cost * 1e6, eps=1e-6)).all()


def test_ranks_are_counted_among_all_rows():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(12, 2)), rng.normal(size=(9, 2))
    tuples = np.array([[3, 4], [0, 8]])
    table = -np.square(a[:, None] - b).sum(axis=2)
    assert similarities(a, b, by="distance") == pytest.approx(table)
    wanted = [
        0.5 * (np.log((table[i] >= table[i, j]).sum()) + np.log((table[:, j] >= table[i, j]).sum())) for i, j in tuples
    ]
    assert partner_ranks([a, b], tuples, by="distance") == pytest.approx(wanted)
    with_missing = partner_ranks([a, b, a], np.array([[3, 4, -1]]), by="distance")
    assert with_missing == pytest.approx(wanted[:1])


def test_what_is_not_plain_is_chosen_only_beyond_a_standard_error():
    plain, rng = np.ones(40), np.random.default_rng(0)
    noise = rng.normal(size=40)
    noise -= noise.mean()
    assert choose({"a": plain, "b": plain - 0.05 + noise}, ["a"]) == "a"
    assert choose({"a": plain, "b": plain - 0.5 + noise}, ["a"]) == "b"
    assert choose({"a": plain, "c": plain - 0.05 + noise}, ["a", "c"]) == "c"
    parts = fold_parts(11, folds=5, rng=rng)
    assert np.array_equal(np.sort(np.concatenate([held for _, held in parts])), np.arange(11))
    assert all(np.intersect1d(kept, held).size == 0 for kept, held in parts)
    assert fold_parts(5, folds=5, rng=rng) == []


def test_transport_helps_where_a_latent_is_shared_and_is_not_used_where_none_is():
    gains = []
    for seed in range(6):
        rows, mask, test = partly_aligned(seed)
        fits = [AlignedEncoders(method=m, random_state=0).fit(rows, mask) for m in ("cca", "cca_ot")]
        gains.append(fits[1].score(test) - fits[0].score(test))
    mean, half = interval(gains)
    assert mean > half
    alone = [partly_aligned(seed, shared=False) for seed in range(5)]
    chosen = [AlignedEncoders(method="cca_ot", random_state=0).fit(rows, mask).chosen_ for rows, mask, _ in alone]
    assert sum(one["gamma"] == 0 for one in chosen) >= 3


def test_pairs_that_are_held_out_are_no_pseudo_pairs(monkeypatch):
    """In cross-validation as in the end, plans are made of rows that are in no aligned pair."""
    shapes = []

    def plan(cost, *, eps):
        shapes.append(cost.shape)
        return sinkhorn_plan(cost, eps=eps)

    monkeypatch.setitem(PLANS, "cca_ot", plan)
    rows, mask, _ = partly_aligned(0, pairs=20)
    AlignedEncoders(method="cca_ot", random_state=0).fit(rows, mask)
    assert set(shapes) == {(280, 280)}
    assert len(shapes) == 3 * 5 * 6 + 5  # rounds, folds and candidates; rounds in the end


def test_a_product_plan_makes_no_pseudo_pairs():
    """Rows are centred, so that the product measure adds next to nothing: canonical correlations alone are its control."""
    rows, mask, test = partly_aligned(1)
    spectra, pairs = (
        [_Spectrum.of(block) for block in rows.values()],
        np.repeat(np.flatnonzero(mask)[:, None], 2, axis=1),
    )
    tables = []
    for gamma, eps in ((0.0, 0.05), (0.8, 1e9), (0.8, 0.05)):
        options = {"q": 5, "ridge": 1.0, "gamma": gamma, "plan": sinkhorn_plan, "eps": eps, "most": 300, "rounds": 3}
        found = _solve(spectra, pairs, pairs, rng=np.random.default_rng(0), **options)
        tables.append(similarities(*(found.encode(k, block) for k, block in enumerate(test.values())), by="cosine"))
    plain, product, transport = tables
    assert np.abs(product - plain).max() < 0.1 < np.abs(transport - plain).max()


def test_the_estimator_in_closed_form():
    rows, mask, test = partly_aligned(0)
    model = AlignedEncoders(method="cca_ot", q=4, random_state=0).fit(rows, mask)
    latents = model.transform(test)
    assert {z.shape for z in latents.values()} == {(150, 4)}
    assert np.linalg.norm(latents["m0"], axis=1) == pytest.approx(np.ones(150))
    table = model.similarity(latents["m0"], latents["m1"])
    ranks = [(t >= np.diagonal(t)[:, None]).sum(axis=1) for t in (table, table.T)]
    assert model.score(test) == pytest.approx(np.mean(1.0 / np.array(ranks)))
    assert not model.linear_
    assert model.q_ == 4
    assert model.n_iter_ == 0
    assert 0 <= model.cross_validation_["cca_ot"] < np.log(300)
    again = clone(model).fit(rows, mask)
    assert np.array_equal(again.transform(test)["m0"], latents["m0"])
    assert clone(AlignedEncoders(score="cosine")).get_params()["score"] == "cosine"
    assert AlignedEncoders().set_params(score="cosine", q=3).get_params()["score"] == "cosine"
    with pytest.raises(ValueError, match="names no modality"):
        model.transform({})
    with pytest.raises(ValueError, match="equal length"):
        model.score({"m0": test["m0"], "m1": test["m1"][:9]})
    with pytest.raises(ValueError, match="method='pca'"):
        AlignedEncoders(method="pca").fit(rows, mask)


def test_three_modalities_and_missing_partners():
    X, _ = planted_latent(200, modalities=3, rng=2)
    tuples = np.array([[i, i, i if i % 2 else -1] for i in range(60)])
    few = AlignedEncoders(method="cca_ot", random_state=0).fit(X, tuples)
    assert few.score(X) > 0.2
    two = AlignedEncoders(method="cca", random_state=0).fit(X, tuples[:4])
    assert two.chosen_ == {"method": "cca", "ridge": 1.0, "gamma": 0.0}  # too few pairs choose nothing


def test_embeddings_from_a_folder_are_compared_without_labels(tmp_path, capsys):
    """One .npy for each modality, rows that belong together in one order, single precision; nothing is trained, no torch."""
    X, _ = planted_latent(120, rng=0)
    for name, block in zip(("image", "text"), X.values(), strict=True):
        np.save(tmp_path / f"{name}.npy", block.astype(np.float32))
    common = ["align", str(tmp_path), "--method", "cca_ot", "--aligned", "0.5", "--seeds", "2", "-k", "3", "--json"]
    assert cli.main([*common, "--unlabelled"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {record["regulariser"] for record in found["records"]} == {"cca", "cca_ot", "cca_softmax"}
    assert all(record["recall@3"] > 0.3 for record in found["records"])
    assert set(found["summary"]) == {"recall@3", "mAP", "mAP image>text", "mAP text>image"}
    assert cli.main(common) == 2
    assert "has no array y" in capsys.readouterr().err


def test_nearly_constant_and_few_columns_are_taken():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 1))
    X = {"a": x, "b": np.hstack([x, np.zeros((50, 3))])}
    model = AlignedEncoders(method="cca", normalise="none", random_state=0).fit(X, np.arange(50) < 20)
    assert np.isfinite(model.transform(X)["b"]).all()
    wide = AlignedEncoders(method="cca", q=9, normalise="none", random_state=0).fit(X, np.arange(50) < 20)
    assert wide.transform(X)["a"].shape == (50, 9)


def test_intervals_allow_for_splits_that_overlap():
    values = [0.1, 0.3, 0.2, 0.4]
    plain, corrected = interval(values)[1], interval(values, overlap=0.6)[1]
    assert corrected == pytest.approx(plain * np.sqrt((1 / 4 + 0.6) * 4))


def test_the_closed_form_needs_no_torch():
    code = (
        "import sys, numpy as np; from boundcalc.aligner import AlignedEncoders, planted_latent\n"
        "X, _ = planted_latent(60, rng=0)\n"
        "print(AlignedEncoders(method='cca_ot', random_state=0).fit(X, np.arange(60) < 20).score(X) > 0.1)\n"
        "print({'torch', 'ot'} & sys.modules.keys())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "set()"]
