from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boundcalc.errors import InvalidInputError
from boundcalc.planner import Costs, ModalityCost

NAMES = ("audio", "video")


def test_a_cost_file_is_read(tmp_path):
    path = tmp_path / "costs.toml"
    path.write_text("per_sample = 0.5\nsetup = 10\n[modalities.audio]\nper_sample = 2\nsetup = 5\nmax_samples = 100\n")
    costs = Costs.read(path, NAMES)
    assert costs.total(("audio",), 10) == 10 + 5 + 10 * 2.5
    assert costs.samples(("audio",), 65.0) == 20
    assert costs.samples(("audio", "video"), 1e9) == 100
    assert costs.samples(("audio",), 14.9) == 0
    assert Costs.from_dict(costs.to_dict(), NAMES) == costs


def test_every_mistake_is_listed_at_once(tmp_path):
    path = tmp_path / "costs.toml"
    path.write_text(
        "per_sampel = 1\nsetup = -3\n[modalities.audio]\nper_sample = nan\nmax_samples = 1.5\nrequired = 1\ncolour = 'red'\n"
        "[modalities.vido]\nper_sample = 1\n"
    )
    with pytest.raises(InvalidInputError) as caught:
        Costs.read(path, NAMES)
    text = str(caught.value)
    for part in (
        "'per_sampel', did you mean 'per_sample'",
        "setup = -3",
        "modalities.audio.per_sample = nan",
        "modalities.audio.max_samples = 1.5",
        "modalities.audio.required = 1",
        "unknown entry modalities.audio.colour; allowed are per_sample, setup, max_samples, required, excluded",
        "unknown modality 'vido', did you mean 'video'",
    ):
        assert part in text, part
    assert "costs nothing" not in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("per_sample = ", "is no TOML file"),
        ("modalities = 3\nper_sample = 1", "must be a table"),
        ("[modalities]\naudio = 3", "modalities.audio = 3 must be a table"),
        ("per_sample = 1\n[modalities.audio]\nrequired = true\nexcluded = true", "both required and excluded"),
        (
            "per_sample = 1\n[modalities.audio]\nexcluded = true\n[modalities.video]\nexcluded = true",
            "every modality is",
        ),
        ("", "a sample of audio costs nothing"),
    ],
)
def test_absurd_files_get_one_clear_error(tmp_path, text, message):
    path = tmp_path / "costs.toml"
    path.write_text(text)
    with pytest.raises(InvalidInputError, match=message):
        Costs.read(path, NAMES)


def test_a_modality_without_a_price_beside_priced_ones_is_named():
    priced = {"per_sample": 1, "modalities": {"audio": {"per_sample": 2}}}
    assert Costs.from_dict(priced, NAMES).unpriced == ("video",)
    assert Costs.from_dict(priced | {"shared": {"x": {"modalities": ["video"], "setup": 1}}}, NAMES).unpriced == ()
    assert Costs.from_dict(priced, NAMES).only(["audio"]).unpriced == ()
    assert Costs.from_dict({"per_sample": 1}, NAMES).unpriced == ()  # a row costs the same, whatever is collected


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidInputError, match="cannot be read"):
        Costs.read(tmp_path / "none.toml", NAMES)


def test_prices_are_decimal_numbers():
    costs = Costs(modalities={"audio": ModalityCost(per_sample=0.1)})
    assert costs.samples(("audio",), 0.3) == 3  # in binary floating point 0.3 // 0.1 is 2
    assert costs.total(("audio",), 3) == 0.3


@given(
    st.decimals(min_value=0, max_value=100, places=2),
    st.decimals(min_value="0.01", max_value=50, places=2),
    st.decimals(min_value="0.01", max_value=10**6, places=2),
)
def test_what_a_total_buys_fits_and_one_more_does_not(setup, price, total):
    costs = Costs(setup=float(setup), modalities={"audio": ModalityCost(per_sample=float(price))})
    bought = costs.samples(("audio",), float(total))
    exact = [Fraction(x) for x in (setup, price, total)]
    if bought:
        assert exact[0] + bought * exact[1] <= exact[2]
    assert exact[0] + (bought + 1) * exact[1] > exact[2]
    several = costs.samples(("audio",), np.array([float(total), 1e-9]))
    assert several.tolist() == [bought, 0]


def test_free_samples_need_a_cap():
    free = Costs(modalities={"audio": ModalityCost()})
    with pytest.raises(InvalidInputError, match="costs nothing"):
        free.samples(("audio",), 10.0)
    capped = Costs(setup=5.0, modalities={"audio": ModalityCost(max_samples=40)})
    assert capped.samples(("audio",), 5.0) == 40
    assert capped.samples(("audio",), 4.99) == 0


@pytest.mark.parametrize("total", [0.0, -1.0, float("nan"), float("inf")])
def test_a_bad_total_is_refused(total):
    with pytest.raises(InvalidInputError, match="budget = "):
        Costs.uniform(NAMES).samples(("audio",), total)


def test_required_and_excluded_modalities():
    costs = Costs.from_dict(
        {"per_sample": 1, "modalities": {"audio": {"required": True}, "video": {"excluded": True}}}, NAMES
    )
    assert [costs.allows(one) for one in (("audio",), ("video",), NAMES)] == [True, False, False]
    assert not Costs.uniform(NAMES).only(["audio"]).allows(["video"])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Costs(per_sample=-1.0), "per_sample = -1.0"),
        (lambda: Costs(setup=float("nan")), "setup = nan"),
        (lambda: ModalityCost(per_sample=-2), "per_sample = -2"),
        (lambda: ModalityCost(max_samples=-3), "max_samples = -3"),
        (lambda: ModalityCost(required=True, excluded=True), "both required and excluded"),
        (lambda: Costs(modalities={"audio": 3}), "must be a ModalityCost"),
        (lambda: Costs.from_dict({"per_sample": 10**400}, NAMES), "must be a number >= 0 and at most"),
    ],
)
def test_costs_are_checked_wherever_they_are_made(wrong, message):
    with pytest.raises(InvalidInputError, match=message):
        wrong()


def test_numbers_of_numpy_are_numbers():
    cost = ModalityCost(per_sample=np.float64(0.1), setup=np.int64(2), max_samples=np.int64(9))
    assert Costs(modalities={"audio": cost}).samples(("audio",), 2.3) == 3


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({"per_sample": "one"}, "per_sample = 'one' must be a number >= 0 and at most 1e+18"),
        ({"modalities": {"audio": {"per_sample": "one"}}}, "modalities.audio.per_sample = 'one' must be a number"),
        ({"modalities": {"audio": {"setup": -1, "per_sample": 1}}}, "modalities.audio.setup = -1 must be a number"),
        (
            {"per_smple": 1},
            "unknown entry 'per_smple', did you mean 'per_sample'?; allowed are version, per_sample, setup, modal",
        ),
        (
            {"modalities": {"audio": {"price": 1}}},
            "unknown entry modalities.audio.price; allowed are per_sample, setup, max_samples, required, excluded",
        ),
        ({"modalities": {"audio": {"per_smple": 1}}}, "modalities.audio.per_smple, did you mean 'per_sample'?"),
    ],
)
def test_what_cannot_be_read_is_not_called_free(record, problem):
    with pytest.raises(InvalidInputError) as caught:
        Costs.from_dict(record, NAMES)
    (only,) = caught.value.problems
    assert problem in only


def test_a_free_modality_may_accompany_a_priced_one_that_is_required():
    priced = {"modalities": {"audio": {"per_sample": 2, "required": True}, "video": {}}}
    assert Costs.from_dict(priced, NAMES).samples(NAMES, 10.0) == 5


def test_counts_are_exact_beside_a_set_up_that_swallows_the_digits():
    costs = Costs(setup=1e9, modalities={"audio": ModalityCost(per_sample=0.001)})
    totals = np.array([1e9 + 0.007, 1e9 + 0.05, 1e9 + 12.345])
    exact = [int((Fraction(repr(total)) - 10**9) // Fraction(1, 1000)) for total in totals.tolist()]
    assert costs.samples(("audio",), totals).tolist() == exact
