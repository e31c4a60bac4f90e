"""The comparison: the same data, delta and loss for all; a grid of radii is paid for; crossings are exact."""

from __future__ import annotations

import json

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.cli import main
from boundcalc.guarantees.comparison import RADII
from boundcalc.guarantees.rivals import _settle
from boundcalc.report import compare_pilot, compare_values, comparison_sentence, comparison_table
from boundcalc.report.compare_view import _size
from boundcalc.trainer import ModalityData, measure_pilot
from tests.comparators import balls

BALLS = {f"comparators.{key}" for key in balls.KEYS}
ALL = BALLS | {
    "zhou2026.metric_complexity",
    "zhou2026.latent_encoders",
    "comparators.stability",
    "comparators.source_stability",
    "comparators.robustness",
}


def random_data(n: int = 60, dims: tuple[int, ...] = (3, 2), classes: int = 3, *, missing: float = 0.0) -> ModalityData:
    rng = np.random.default_rng(101)
    y = np.arange(n) % classes
    modalities = {}
    for k, d in enumerate(dims):
        block = rng.normal(size=(n, d)) + y[:, None] * (k + 1)
        block[rng.random(n) < missing] = np.nan
        modalities[f"m{k}"] = block
    return ModalityData(modalities, y, name="random")


@pytest.fixture(scope="module")
def pilot():
    return measure_pilot(random_data(), rng=3, pair_weights="balanced")


@pytest.fixture(scope="module")
def comparison(pilot):
    return compare_pilot(pilot)


def test_all_that_apply_are_there_and_the_rest_says_why(comparison):
    assert {rival.key for rival in comparison.rivals} == ALL
    assert set(comparison.absent) | ALL >= set(bc.catalogue) - {"zhou2026.uniform_deviation"}
    assert all(comparison.absent.values())
    assert [rival.value for rival in comparison.rivals] == sorted(rival.value for rival in comparison.rivals)
    assert all(rival.assumptions and np.isfinite(rival.value) for rival in comparison.rivals)


def test_data_delta_and_loss_are_the_same(pilot, comparison):
    for rival in comparison.rivals:
        for _, inputs in rival.members:
            assert inputs["n"] == pilot.estimates["n"].value
            assert inputs["L"] == pilot.estimates["L"].value
            assert float(inputs["delta"]) <= pilot.delta
            if rival.key not in ("comparators.stability", "comparators.source_stability"):
                assert inputs["rhat_M"] == pilot.result.estimates["rhat_M"].value
    # Whatever is random and certified used a quarter of delta.
    assert {delta for _, delta in pilot.estimates.events.items()} == {pilot.delta / 4}


def test_radii_were_fixed_in_advance_and_are_paid_for(pilot, comparison):
    norms = dict(zip(balls.KEYS, ("frobenius", "l1", "trace", "l21", "group", "kernel"), strict=True))
    matrix = np.diag(pilot.result.array())
    measured = compare_pilot(pilot, radii="measured")
    for key, norm in norms.items():
        rival = comparison[f"comparators.{key}"]
        grid = [pilot.largest[norm] * np.sqrt(0.5) ** k for k in range(RADII)]
        assert any(rival.constants["radius"] == pytest.approx(radius, rel=1e-12) for radius in grid)
        assert rival.constants["radius"] >= balls.norm(matrix, key, (3, 2))
        assert float(rival.members[0][1]["delta"]) == pytest.approx(pilot.delta / (2 * RADII))
        assert rival.certified
        other = measured[f"comparators.{key}"]
        assert not other.certified
        assert "estimated" in other.why
        assert other.value < rival.value


def test_a_ball_is_the_composition_by_hand(pilot, comparison):
    """Worst case in n: rhat + 2 L (radius root + tau/2)/sqrt(m) + C sqrt(log(2J/delta)/(2m))."""
    v = pilot.estimates.values
    n = 10_000
    rival = comparison["comparators.frobenius_ball"]
    radius = rival.constants["radius"]
    span = pilot.loss_range(radius * v["B"] ** 2)
    m = n // 2
    complexity = (radius * np.sqrt(v["u4_mean"]) + (v["t_max"] - v["t_min"]) / 2) / np.sqrt(m)
    expected = v["rhat_M"] + 2 * v["L"] * complexity + span * np.sqrt(np.log(2 * RADII / pilot.delta) / (2 * m))
    assert rival.at([n])[0] == pytest.approx(expected, rel=1e-9)
    # The loss range is that of the hinge over scores in [t_min - radius B^2, t_max], times the larger weight.
    largest = max(abs(v["t_min"] - radius * v["B"] ** 2), abs(v["t_max"]))
    assert span == pytest.approx(max(v["omega_pos"], v["omega_neg"]) * (1 + largest), rel=1e-9)


def test_crossings_and_informative_sizes_are_exact(comparison):
    for crossing in comparison.crossings:
        before, after = comparison[crossing.before], comparison[crossing.key]
        assert crossing.n % 2 == 0
        low, high = crossing.n - 2, crossing.n
        assert after.at([low], precision=40)[0] >= before.at([low], precision=40)[0]
        assert after.at([high], precision=40)[0] < before.at([high], precision=40)[0]
        assert after.at([high])[0] == pytest.approx(min(r.at([high])[0] for r in comparison.rivals), rel=1e-12)
    assert comparison.crossings
    for rival in comparison.rivals:
        n = rival.informative_from
        if n is not None:
            assert rival.at([n])[0] < rival.reach <= rival.at([n - 1])[0]


def test_no_row_is_vacuous_without_a_mark(comparison):
    text = comparison_table(comparison).text()
    assert max(map(len, text.splitlines())) <= 80
    for rival in comparison.rivals:
        (line,) = [line for line in text.splitlines() if line.startswith(rival.key + " ")]
        assert ("*" in line) == (rival.value >= min(comparison.trivial, rival.reach))
    assert comparison.tightest.key in comparison_sentence(comparison)


def test_bounds_hold_out_of_sample(pilot, comparison):
    """The held-out risk estimates the risk that every bound but those of the regularised models speaks of."""
    held_out = pilot.estimates["rhat_holdout"].value
    for rival in comparison.rivals:
        assert rival.value >= 0.5 * held_out


@pytest.mark.parametrize(
    ("data", "absent"),
    [
        (random_data(9, (1,), 2), set()),
        (random_data(40, (2, 3), 2, missing=0.3), set()),
        pytest.param(random_data(30, (1, 1, 1), 6), set(), marks=pytest.mark.slow),
    ],
)
def test_any_data_give_a_full_table(data, absent):
    found = compare_pilot(measure_pilot(data, rng=1))
    assert {rival.key for rival in found.rivals} == ALL - absent
    assert all(np.isfinite(rival.value) and rival.certified for rival in found.rivals)
    assert max(map(len, comparison_table(found).text().splitlines())) <= 80


def test_a_full_matrix_is_in_no_ball_of_modalities():
    found = compare_pilot(measure_pilot(random_data(40), rng=1, structure="full"))
    assert {"comparators.group_ball", "comparators.kernel_ball"} <= set(found.absent)
    assert "comparators.frobenius_ball" in {rival.key for rival in found.rivals}


def test_a_radius_measured_on_the_data_certifies_nothing():
    found = compare_pilot(measure_pilot(random_data(40), rng=1, normalise="none"))
    assert not any(rival.certified for rival in found.rivals)
    assert "(est.)" in comparison_table(found).text()


def test_sampled_pairs_are_paid_for(pilot):
    """Beyond exact_rows the empirical risk is a confidence value: what it costs is not left to the other events."""
    data = random_data()
    sampled = measure_pilot(data, rng=3, pair_weights="balanced", exact_rows=20, sampled_pairs=400)
    assert sampled.estimates["rhat_M"].events
    assert sampled.regularised == ()
    found = compare_pilot(sampled)
    assert "too large" in found.absent["comparators.stability"]
    v, n = sampled.estimates.values, 10_000
    rival = found["zhou2026.latent_encoders"]
    rest = sampled.delta / 4  # a quarter each for two complexities and for the sampled pairs
    m = n // 2
    worst = v["lam_max"] * v["B"] ** 2 * min(np.sqrt(v["d_M"]), np.sqrt(min(v["d_M"], m)) / 2)
    complexity = (worst + (v["t_max"] - v["t_min"]) / 2) / np.sqrt(m)
    expected = v["rhat_M"] + 2 * v["L"] * complexity + v["C"] * np.sqrt(np.log(1 / rest) / (2 * m))
    assert rival.at([n])[0] == pytest.approx(expected, rel=1e-9)
    assert found["comparators.robustness"].members[0][1]["delta"] == pytest.approx(0.75 * sampled.delta)
    ball = found["comparators.frobenius_ball"].members[0][1]["delta"]
    assert float(ball) == pytest.approx(rest / RADII)
    # All events of the values at hand together: complexity, its constant, pairs, deviation.
    assert sum({name: delta for name, delta in sampled.estimates["rhat_M"].events}.values()) == sampled.delta / 4
    assert float(compare_pilot(pilot)["zhou2026.latent_encoders"].members[0][1]["delta"]) == pilot.delta / 2


def test_crossings_are_all_there(comparison):
    """Every even n up to 20,000, by brute force, agrees with the list about which bound is the smallest."""
    sizes = np.arange(10, 20_001, 2)
    values = np.stack([rival.near(sizes) for rival in comparison.rivals])
    listed = [comparison.crossings[0].before] * len(sizes) if comparison.crossings else []
    for crossing in comparison.crossings:
        listed = [crossing.key if n >= crossing.n else key for n, key in zip(sizes, listed, strict=True)]
    keys = [rival.key for rival in comparison.rivals]
    chosen = values[[keys.index(key) for key in listed], np.arange(len(sizes))]
    assert (chosen <= values.min(axis=0) * (1 + 1e-8)).all()


def test_sizes_are_found_from_any_guess():
    for truth in (2, 3, 50, 99_999, 10**6):
        for guess in (2, 49, 51, 10**5, 10**6):
            assert _settle(lambda sizes, truth=truth: np.array(sizes) >= truth, guess, 2, 10**6) == truth


def test_the_size_shown_is_never_too_small(comparison):
    assert [_size(n) for n in (None, 18, 999_999, 1_234_001, 99_900_001)] == [
        "never", "18", "999,999", "1.24e+06", "1.00e+08"
    ]  # fmt: skip


def test_given_values_are_compared_and_what_is_missing_is_named():
    values = {"n": 1000, "delta": 0.05, "L": 1, "C": 2, "rhat_M": 0.1, "radius": 1, "B": 1, "t_min": 0, "t_max": 1}
    found = compare_values(values)
    learnt = {"comparators.frobenius_ball", "comparators.trace_ball", "ying2009.bandwidth"}
    assert {rival.key for rival in found.rivals} == learnt
    assert found.absent["comparators.l1_ball"] == "needs d_M, b_k"
    certificate = bc.theorem("zhou2026.uniform_deviation").bound()
    whole = certificate.substitute(R_M=bc.theorem("comparators.frobenius_ball").bound())
    assert found["comparators.frobenius_ball"].value == pytest.approx(float(whole.evaluate(**values)))
    assert found.crossings == ()
    # Without C a stability bound is measured against the range that its own penalty allows.
    stable = {"n": 10, "delta": 0.05, "L": 1, "B": 1, "mu": 1, "ell_0": 1, "eps_opt": 0, "rhat_M": 0.1}
    assert compare_values(stable)["comparators.stability"].reach == pytest.approx(1.5)
    with pytest.raises(ValueError, match="nothing to compare") as told:
        compare_values({"n": 10, "delta": 0.1})
    assert "lemmas." not in str(told.value)
    assert "comparators.l1_ball: needs" in str(told.value)
    with pytest.raises(ValueError, match="missing n"):
        compare_values({"delta": 0.1})
    with pytest.raises(ValueError, match="bounds another quantity"):
        compare_values(values, keys=["Theorem 3.13"])


# ---------------------------------------------------------------- the command


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    data = random_data(50, (4, 2, 1), 4)
    path = tmp_path_factory.mktemp("data") / "hidden.npz"
    np.savez(path, y=data.y, **data.arrays)
    return path


def test_the_command_compares_any_archive(archive, tmp_path, capsys):
    out = tmp_path / "bounds.html"
    assert main(["compare", "--pilot", str(archive), "--out", str(out), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert {row["key"] for row in record["bounds"]} == ALL
    assert record["tightest"] == record["bounds"][0]["key"]
    assert set(record["curves"]) == ALL | {"n"}
    assert all(row["assumptions"] and row["source"] and "value" in row for row in record["bounds"])
    page = out.read_text(encoding="utf-8")
    assert "data:image/png;base64" in page
    assert "What each assumes" in page


def test_the_command_takes_keys_and_values(tmp_path, capsys):
    out = tmp_path / "bounds.png"
    settings = "n=1000 L=1 C=2 rhat_M=0.1 radius=1 B=1 b_k=0.3 d_M=40 t_min=0 t_max=1".split()
    arguments = ["compare", "comparators.frobenius_ball", "comparators.l1_ball", "--out", str(out)]
    for setting in settings:
        arguments += ["--set", setting]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert "comparators.l1_ball" in text.split("comparators.frobenius_ball")[0]
    assert out.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--pilot DATA or --set"),
        (["--pilot", "htad", "--set", "n=5"], "not both"),
        (["comparators.frobenius_bal", "--pilot", "htad"], "did you mean 'comparators.frobenius_ball'"),
        (["--set", "n=100:1000:log:3"], "give one number"),
        (["--pilot", "nowhere.npz"], "no such file"),
        (["--all", "comparators.l1_ball", "--pilot", "htad"], "either --all or keys"),
        (["--pilot", "penguins", "--lam-max", "0"], "--lam-max 0 must be"),
        (["zhou2026.risk_gap", "--pilot", "nowhere.npz"], "bounds another quantity"),
        (["--set", "n=100", "--structure", "full", "--seed", "3"], "--seed needs --pilot"),
        (["--set", "delta=0.1", "--delta", "0.2"], "give delta once"),
    ],
)
def test_bad_input_is_told_in_one_line(arguments, message, capsys):
    assert main(["compare", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
