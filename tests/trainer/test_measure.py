import json

import numpy as np
import pytest

from boundcalc.datasets import load
from boundcalc.errors import InvalidInputError
from boundcalc.trainer import Measurements, ModalityData, Settings, measure_subsets
from boundcalc.trainer.data.prepare import prepare
from boundcalc.trainer.measure.subset import fit_subset
from boundcalc.trainer.risk.erm import Problem, minimise_risk
from boundcalc.trainer.risk.losses import Hinge

VOCABULARY = {
    "n", "K", "d_M", "g_M", "lam_min", "lam_max", "t_min", "t_max", "B", "L", "C", "omega_pos", "omega_neg", "rhat_M",
    "eps_opt", "eps_opt_M", "Rhat", "Rhat_metric", "R_M", "kappa_M", "rho", "rhat_ramp", "rhat_ramp_w", "rhat_holdout",
    "n_h",
}  # fmt: skip


def three_modalities(n=60, seed=0, gaps=0.1):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    blocks = {
        "a": rng.normal(size=(n, 3)) + y[:, None],
        "b": rng.normal(size=(n, 2)) * 1e6,
        "c": rng.normal(size=(n, 1)) * 1e-9 + 1e-9 * y[:, None],
    }
    blocks["b"][rng.random(n) < gaps] = np.nan
    return ModalityData(blocks, y, name="toy")


@pytest.fixture(scope="module")
def toy():
    return measure_subsets(three_modalities(), rng=0)


def test_all_subsets_small_ones_first(toy):
    assert list(toy) == ["a", "b", "c", "a+b", "a+c", "b+c", "a+b+c"]
    assert toy.full is toy["a+b+c"]
    assert toy.nests


def test_the_record_holds_every_observable_symbol(toy):
    for result in toy.values():
        values = result.estimates.values
        assert set(values) == VOCABULARY
        assert all(isinstance(v, (int, float)) and not isinstance(v, np.generic) for v in values.values())
        assert result.estimates.certified
        assert {"gamma", "Lhat_M", "Delta", "delta"}.isdisjoint(values)


def test_subsets_nest(toy):
    for label, result in toy.items():
        for other, larger in toy.items():
            if set(result.modalities) < set(larger.modalities):
                assert larger.estimates["rhat_M"].value <= result.estimates["rhat_M"].value + 1e-12, (label, other)


def test_constants_by_hand(toy):
    both = toy["a+b"].estimates
    assert both["B"].value == pytest.approx(np.sqrt(8))
    assert both["B"].value ** 2 >= 8
    assert both["C"].value == pytest.approx(1 + max(1 + 8, 2))
    assert both["C_full"].value == pytest.approx(1 + max(1 + 12, 2))
    assert both["n"].value == 36
    assert both["n_h"].value == 12
    assert both["kappa_worst"].value == pytest.approx(0.5 * 8 * np.sqrt(5) + 1.5)


def test_json_is_lossless(toy):
    again = Measurements.from_json(toy.to_json())
    assert again == toy
    assert again["a+b"].estimates == toy["a+b"].estimates
    json.loads(toy.to_json(indent=1))
    broken = json.loads(toy.to_json())
    del broken["results"][0]["train"]
    for text, why in (
        ("{}", "it has no entry 'format'"),
        ("[]", "its entries are not of the kind expected"),
        ("per_sample = 1\n", r"it is no JSON \(line 1, column 1\)"),
        ('{"format": "other"}', "its format is 'other', expected 'boundcalc-measurements-2'"),
        (json.dumps(broken), "it has no entry 'train'"),
    ):
        with pytest.raises(InvalidInputError, match=f"^measurements: {why}$"):
            Measurements.from_json(text)


def test_same_seed_same_numbers_when_resumed(toy, tmp_path):
    path = tmp_path / "run.json"
    data = three_modalities()
    measure_subsets(data, subsets="a,b", rng=0, resume=path)
    seen = []
    again = measure_subsets(data, rng=0, resume=path, progress=lambda *step: seen.append(step))
    assert seen[0][:2] == (2, 7)
    assert seen[-1][:2] == (7, 7)
    for label, result in toy.items():
        assert again[label].estimates.values == result.estimates.values
    with pytest.raises(InvalidInputError, match="belongs to other"):
        measure_subsets(data, rng=1, resume=path)
    with pytest.raises(InvalidInputError, match="belongs to other"):
        measure_subsets(data, rng=0, resume=path, tolerance=0.1)
    read = measure_subsets(data, rng=0, resume=path, delta=0.1)
    assert read["a+b"].estimates == toy.at(0.1)["a+b"].estimates


@pytest.mark.slow
def test_same_seed_same_numbers_in_parallel(toy):
    again = measure_subsets(three_modalities(), rng=0, n_jobs=2)
    for label, result in toy.items():
        assert again[label].estimates.values == result.estimates.values


@pytest.mark.parametrize("exact_rows", [20_000, 20], ids=["all pairs", "sampled pairs"])
def test_single_precision_rows_are_kept_and_give_what_their_doubles_give(exact_rows):
    """They are normalised as doubles, part by part."""
    given = three_modalities()
    rows = {name: block.astype(np.float32) for name, block in given.arrays.items()}
    single, double = (
        ModalityData({name: block.astype(kind) for name, block in rows.items()}, given.y, mask=given.mask)
        for kind in (np.float32, np.float64)
    )
    assert {block.dtype for block in single.arrays.values()} == {np.dtype(np.float32)}
    found, expected = (
        measure_subsets(data, subsets=["a", "a+b"], rng=0, exact_rows=exact_rows, sampled_pairs=2000)
        for data in (single, double)
    )
    for label in expected:
        assert found[label].estimates.values == expected[label].estimates.values
        assert found[label].params == expected[label].params


def test_calibration_rows_matter_to_nothing_else():
    """Moving a training row does not move the preprocessing; the certified constants do not depend on data at all."""
    data = three_modalities(gaps=0.0)
    first = measure_subsets(data, subsets=["a"], rng=0)["a"].estimates
    moved = ModalityData({k: v * 3 + 1 for k, v in data.arrays.items()}, data.y)
    second = measure_subsets(moved, subsets=["a"], rng=0)["a"].estimates
    for name in ("B", "C", "L", "kappa_worst", "n"):
        assert first[name].value == second[name].value
    # Standardising undoes an affine change of units.
    assert second["rhat_M"].value == pytest.approx(first["rhat_M"].value, abs=2e-3)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"delta": 0.0}, "delta"),
        ({"delta": 2.0}, "delta"),
        ({"delta": float("nan")}, "delta"),
        ({"eig_range": (1.0, 0.5)}, "low <= high"),
        ({"eig_range": (-1.0, 0.5)}, "eig_range"),
        ({"threshold_range": (0.0, float("inf"))}, "threshold_range"),
        ({"loss": "squared"}, "loss"),
        ({"loss": "ramp"}, "never minimised"),
        ({"structure": "round"}, "structure"),
        ({"rho_grid": ()}, "rho_grid"),
        ({"pair_weights": (1.0, -1.0)}, "omega_neg"),
        ({"subsets": "a+z"}, "unknown"),
        ({"subsets": []}, "at least one"),
        ({"nonesuch": 3}, "not a setting"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"rng": -1}, "rng"),
        ({"rng": 0.5}, "rng"),
        ({"normalise": "none", "pair_radius": 1e-3}, "further apart"),
        ({"calibration": 0.0, "pair_weights": "balanced"}, "calibration"),
        ({"structure": "blocks", "blocks": 0}, "blocks"),
        ({"resume": "no/such/folder/file.json"}, "folder that exists"),
        ({"resume": "."}, "expected a file"),
        ({"resume": __file__}, "not a file of finished subsets"),
    ],
)
def test_bad_arguments(changes, says):
    with pytest.raises(InvalidInputError, match=says):
        measure_subsets(three_modalities(), **({"rng": 0} | changes))


def test_every_bad_setting_at_once():
    with pytest.raises(InvalidInputError) as caught:
        Settings(delta=2.0, rho=-1.0, tolerance=0.0)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("structure", ["modality", "blocks", "diagonal", "full"])
@pytest.mark.parametrize("loss", ["hinge", "smoothed_hinge", "logistic", "contrastive"])
def test_every_structure_with_every_loss(structure, loss):
    result = measure_subsets(
        three_modalities(24), subsets="b,a+b+c", structure=structure, loss=loss, rng=0, pair_weights="balanced", reg=0.01,
        draws=50,
    )  # fmt: skip
    for one in result.values():
        values = one.estimates.values
        assert 0 <= values["rhat_M"] <= values["C"]
        assert values["eps_opt"] >= 0
        assert values["mu"] == 0.01
        assert values["R_M"] <= one.complexity.worst_case
        assert np.isfinite(one.kappa.certified)
    granularity = {"modality": 3, "blocks": 4, "diagonal": 6, "full": 6}[structure]
    assert result["a+b+c"].estimates["g_M"].value == granularity


def test_without_normalisation_nothing_about_the_radius_is_certified():
    record = measure_subsets(three_modalities(), subsets=["a"], normalise="none", rng=0)["a"].estimates
    assert record["B"].status == record["C"].status == record["R_M"].status == "estimated"
    declared = measure_subsets(three_modalities(), subsets=["a"], normalise="none", pair_radius=50.0, rng=0)[
        "a"
    ].estimates
    assert declared["B"].status == "certified"
    assert declared["B"].value == pytest.approx(50.0)


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_scales(scale):
    data = three_modalities(gaps=0.0)
    plain = measure_subsets(data, rng=0)["a+b+c"].estimates
    scaled = ModalityData({k: v * scale for k, v in data.arrays.items()}, data.y)
    got = measure_subsets(scaled, rng=0)["a+b+c"].estimates
    assert got["rhat_M"].value == pytest.approx(plain["rhat_M"].value, abs=2e-3)
    if scale > 1:
        with pytest.raises(InvalidInputError, match="too large"):
            measure_subsets(scaled, rng=0, normalise="none", standardise=False)


@pytest.mark.parametrize(
    "case", ["eight rows", "constant", "one feature", "lone member", "duplicates", "nothing at hand"]
)
def test_degenerate_data(case):
    n = 8 if case == "eight rows" else 20
    rng = np.random.default_rng(0)
    block, y = rng.normal(size=(n, 3)), np.arange(n) % 2
    if case == "constant":
        block[:] = 2.0
    elif case == "one feature":
        block = block[:, :1]
    elif case == "lone member":
        y = np.array([1] + [0] * (n - 1))
    elif case == "duplicates":
        block[:] = block[:1]
    elif case == "nothing at hand":
        block[: n // 2] = np.nan
    result = measure_subsets(ModalityData({"a": block, "b": rng.normal(size=(n, 2))}, y), rng=0)
    for one in result.values():
        values = one.estimates.values
        assert all(np.isfinite(v) for v in values.values())
        assert values["rhat_M"] - values["eps_opt"] <= one.trivial_risk  # the constant score -1 or +1 is in the class


@pytest.mark.slow
def test_a_sample_of_pairs_beyond_exact_rows_keeps_the_certificate():
    data = three_modalities(80, gaps=0.0)
    exact = measure_subsets(data, subsets=["a"], rng=0, tolerance=1e-5)["a"].estimates
    sampled = measure_subsets(data, subsets=["a"], rng=0, exact_rows=40)["a"].estimates
    assert sampled["rhat_M"].value - sampled["eps_opt"].value <= exact["rhat_M"].value
    assert sampled["rhat_M"].value <= exact["rhat_M"].value * 1.02


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_certificates_of_sampled_and_regularised_fits(seed):
    rng = np.random.default_rng(seed)
    y = np.repeat([0, 1], 20)
    apart = ModalityData({"a": rng.normal(size=(40, 2)) + 8 * y[:, None], "b": rng.normal(size=(40, 2))}, y)
    noise = ModalityData({"a": rng.normal(size=(40, 2)), "b": rng.normal(size=(40, 2))}, y)
    for data, changes in (
        (apart, {"exact_rows": 10, "sampled_pairs": 20_000, "eig_range": (0.0, 5.0)}),
        (noise, {"loss": "contrastive", "reg": 0.1}),
        (noise, {"loss": "smoothed_hinge", "reg": 0.1}),
    ):
        for one in measure_subsets(data, rng=seed, **changes).values():
            assert 0 <= one.estimates["eps_opt"].value < np.inf


@pytest.mark.parametrize("eig_range", [(0.0, 1.0), (0.0, 1000.0)], ids=["single precision first", "double only"])
def test_the_certificate_after_rough_steps_is_exact(eig_range):
    data = three_modalities(1100, gaps=0.05)
    prepared = prepare(data, settings=Settings(eig_range=eig_range), rng=np.random.default_rng(0))
    fit = fit_subset(prepared, data.names)
    pairs = prepared.all_pairs(data.names, prepared.split.train)
    problem = Problem(pairs, prepared.structure(data.names), Hinge(), eig_range, (-1.0, 2.0))
    assert fit.objective == pytest.approx(problem.objective(fit.params, fit.threshold), abs=1e-12)
    best = minimise_risk(problem, tolerance=1e-4)
    assert fit.lower_bound <= best.objective
    assert best.lower_bound <= fit.objective <= best.objective + fit.eps_opt
    assert fit.converged


def test_lam_min_above_zero_is_carried():
    result = measure_subsets(three_modalities(), subsets=["a"], eig_range=(0.5, 1.0), rng=0)
    assert not result.nests
    assert result["a"].estimates["lam_min"].value == 0.5
    assert result["a"].array().min() >= 0.5


def test_penguins_as_they_are():
    result = measure_subsets(load("penguins"), rng=0)
    assert result["bill+body+isotopes"].holdout_error < 0.15
    assert result["bill+body+isotopes"].holdout_error < result["isotopes"].holdout_error


@pytest.mark.slow
def test_htad_in_time():
    result = measure_subsets(load("htad"), rng=0)
    assert sum(one.seconds for one in result.values()) < 30
    assert result["audio+accelerometer"].holdout_knn > 0.9
