from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import xarray as xr

import boundcalc as bc
from boundcalc.errors import InvalidInputError
from boundcalc.planner import Costs, ModalityCost, make_plan, sweep
from boundcalc.planner.candidates import read_candidates

BUDGETS = [30.0, 1e3, 1e5, 1e7, 1e9]


@pytest.fixture(scope="module")
def costs():
    return Costs(
        per_sample=1.0,
        modalities={
            "sharp": ModalityCost(per_sample=9.0, setup=1000.0),
            "blurred": ModalityCost(per_sample=0.5),
            "noise": ModalityCost(),
        },
    )


@pytest.fixture(scope="module")
def plan(measured, costs):
    return make_plan(measured, costs, budgets=BUDGETS, delta=0.1, target=0.9)


def by_hand(measured, label, n, delta):
    """The guarantee of math.md section 5 with the relative hold-out term, in plain floats."""
    result, union = measured[label], len(measured)
    v = result.estimates.values
    kappa = result.kappa.at(delta / (3 * union)).certified
    x = v["C"] * math.log(3 * union / delta) / (v["n_h"] // 2)
    tested = min(math.sqrt(v["C"] * x / 2), 2 * x / 3 + math.sqrt((2 * x / 3) ** 2 + 2 * x * v["rhat_holdout"]))
    m = n // 2
    future = 2 * v["L"] * kappa / math.sqrt(m) + 2 * v["C"] * math.sqrt(math.log(3 / delta) / (2 * m))
    return v["rhat_holdout"] + tested + future + v["eps_opt"]


def test_each_choice_is_the_best_by_hand(plan, measured, costs):
    for choice in plan.choices:
        values = {}
        for label in measured:
            n = costs.samples(label.split("+"), choice.budget)
            if n >= 2:
                values[label] = by_hand(measured, label, n, 0.1)
        best = min(values, key=values.get)
        assert choice.subset == best
        assert choice.guarantee == pytest.approx(values[best], rel=1e-9)
        assert choice.guarantee >= values[best] - 1e-15
        assert choice.cost <= choice.budget
        assert sum(choice.terms.values()) == pytest.approx(choice.guarantee, rel=1e-9)


def test_no_sample_is_bought_that_adds_nothing(measured, costs):
    """Pairs are averaged over floor(n/2): of an odd number the last sample changes no guarantee."""
    plan = make_plan(measured, costs, budgets=np.arange(30_000.0, 30_200.0, 7.0))
    bought = [costs.samples(choice.subset.split("+"), choice.budget) for choice in plan.choices]
    assert {n % 2 for n in bought} == {0, 1}
    for n, choice in zip(bought, plan.choices, strict=True):
        affordable, kept, fewer = (
            by_hand(measured, choice.subset, k, 0.05) for k in (n, choice.samples, choice.samples - 1)
        )
        assert affordable == kept < fewer
        assert choice.cost == pytest.approx(costs.total(choice.subset.split("+"), choice.samples))
        assert choice.cost < choice.budget or choice.samples == n


def test_no_plan_costs_more_than_its_budget(measured):
    costs = Costs(modalities={name: ModalityCost(per_sample=0.1) for name in ("sharp", "blurred", "noise")})
    for choice in make_plan(measured, costs, budgets=np.array([0.3, 0.6, 0.7, 1.1, 1.7])).choices:
        assert choice.cost <= choice.budget


def test_budgets_may_be_integers_of_numpy_but_no_single_number(measured, costs):
    assert make_plan(measured, costs, budgets=np.array([10**6])).best.budget == 1e6
    with pytest.raises(InvalidInputError, match="must be a sequence"):
        make_plan(measured, costs, budgets=1e6)


def test_switches_form_a_chain(plan):
    assert all(one.after == two.before for one, two in itertools.pairwise(plan.switches))
    assert plan.switches[-1].after == plan.choices[-1].subset


def test_more_money_never_guarantees_less(plan):
    guarantees = [choice.guarantee for choice in plan.choices]
    assert guarantees == sorted(guarantees, reverse=True)
    front = plan.front
    assert all(a.cost < b.cost and a.guarantee > b.guarantee for a, b in itertools.pairwise(front))


def test_goals_meet_the_target_and_one_sample_fewer_misses(plan, measured):
    met = [goal for goal in plan.goals if goal.samples is not None]
    assert met
    for goal in met:
        assert by_hand(measured, goal.subset, goal.samples, 0.1) <= 0.9 * (1 + 1e-12)
        assert by_hand(measured, goal.subset, goal.samples - 1, 0.1) > 0.9 * (1 - 1e-12)
    costs = [goal.cost for goal in plan.goals if goal.cost is not None]
    assert costs == sorted(costs)


def test_switches_change_the_best_subset(plan, measured, costs):
    def best(total):
        found = {}
        for label in measured:
            n = costs.samples(label.split("+"), total)
            if n >= 2:
                found[label] = by_hand(measured, label, n, 0.1)
        return min(found, key=found.get)

    assert plan.switches
    for switch in plan.switches:
        assert best(switch.budget) == switch.after
        assert best(switch.budget * (1 - 2e-9)) == switch.before


def test_floors_are_what_guarantees_tend_to(plan, measured):
    for floor in plan.floors:
        assert floor.limit <= by_hand(measured, floor.subset, 10**17, 0.1)
        assert floor.limit == pytest.approx(by_hand(measured, floor.subset, 10**17, 0.1), rel=1e-6)
        if floor.holdout_needed is not None:
            assert (
                floor.holdout_needed <= floor.holdout_rows or floor.limit >= measured[floor.subset].trivial_holdout_risk
            )


def test_the_choice_is_paid_for(measured, costs):
    alone = make_plan(measured, costs.only(["sharp"]), budgets=[1e6], delta=0.1)
    assert alone.pilot.candidates == ("sharp",)
    assert alone.pilot.union == len(measured) == 7
    assert alone.pilot.inputs["sharp"]["J"] == 7
    kappa = alone.pilot.inputs["sharp"]["kappa_M"]
    assert kappa == measured["sharp"].kappa.at(0.1 / 21).certified


def test_optimised_split_is_valid_and_no_worse_at_its_reference(measured, costs):
    equal = read_candidates(measured, delta=0.1)
    moved = read_candidates(measured, delta=0.1, planned=10**6)
    fractions = [moved.share(event.name) for event in moved.bound.events]
    assert sum(fractions) <= 1
    assert moved.share("kappa") == equal.share("kappa")
    reference = {**moved.inputs["sharp"], "n": 10**6, "rhat_holdout": 0, "eps_opt": 0}
    plain = bc.theorem("zhou2026.ex_ante").bound()
    split = plain.with_split({event.name: moved.share(event.name) for event in moved.bound.events})
    assert float(split.evaluate(**reference)) <= float(plain.evaluate(**reference))
    plan = make_plan(measured, costs, budgets=[1e6], delta=0.1, optimise_split=True)
    assert plan.to_dict()["split"] != make_plan(measured, costs, budgets=[1e6], delta=0.1).to_dict()["split"]


def test_pair_error_is_for_the_hinge_alone(measured, costs, data):
    plan = make_plan(measured, costs, budgets=[1e8], delta=0.1, quantity="pair_error")
    risk = make_plan(measured, costs, budgets=[1e8], delta=0.1)
    assert plan.best.guarantee <= risk.best.guarantee
    assert plan.best.trivial == pytest.approx(0.5, abs=0.1)
    from boundcalc.trainer import measure_subsets

    logistic = measure_subsets(data, subsets="sharp", rng=0, loss="logistic", holdout=0.5)
    with pytest.raises(InvalidInputError, match="needs the hinge loss"):
        make_plan(logistic, costs, budgets=[1e8], quantity="pair_error")


def test_losses_that_do_not_start_at_zero(data):
    """Logistic losses of a narrow class lie in [0.59, 0.81]: risks exceed the length of that range, but not C."""
    from boundcalc.trainer import measure_subsets
    from boundcalc.trainer.risk.losses import loss_from_name

    narrow = measure_subsets(
        data, subsets="sharp", rng=0, loss="logistic", eig_range=(0.0, 0.01), threshold_range=(-0.1, 0.2)
    )
    values = narrow["sharp"].estimates
    lowest, highest = loss_from_name("logistic").extreme(-0.1 - 4 * 0.01, 0.2)
    assert highest - lowest < values["rhat_holdout"].value <= values["C"].value
    plan = make_plan(narrow, Costs.uniform(["sharp", "blurred", "noise"]), budgets=[1e4, 1e6], delta=0.1)
    assert plan.best.guarantee > values["rhat_holdout"].value


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"budgets": []}, "no budget"),
        ({"budgets": [0]}, "budget = 0"),
        ({"budgets": [-5.0, 3.0]}, "budget = -5.0"),
        ({"budgets": [float("nan")]}, "budget = nan"),
        ({"budgets": [1.0]}, "buys no pair of samples: two of noise cost 2"),
        ({"delta": 2.0}, "delta = 2.0"),
        ({"quantity": "accuracy"}, "must be one of risk, pair_error"),
        ({"target": -1.0}, "target = -1.0"),
        ({"costs": Costs.uniform(["sharp", "blurred"])}, "no cost is given for modality 'noise'"),
        ({"costs": Costs.uniform(["sharp", "blurred", "noise", "video"])}, "unknown modality 'video'"),
    ],
)
def test_bad_questions_get_one_clear_error(measured, costs, changes, message):
    with pytest.raises(InvalidInputError, match=message):
        make_plan(measured, **{"costs": costs, "budgets": [1e6], **changes})


def test_too_small_budgets_among_others_buy_nothing(measured, costs):
    plan = make_plan(measured, costs, budgets=[1.0, 1e6])
    assert plan.choices[0].subset == ""
    assert plan.choices[0].guarantee == math.inf
    assert plan.best is plan.choices[1]


def test_a_target_below_the_floor_says_what_is_nearest(measured, costs):
    plan = make_plan(measured, costs, budgets=[1e6], target=1e-6)
    assert all(goal.cost is None and "tends to" in goal.reason for goal in plan.goals)


def test_caps_are_kept(measured):
    costs = Costs(
        per_sample=1.0, modalities={name: ModalityCost(max_samples=50) for name in ("sharp", "blurred", "noise")}
    )
    plan = make_plan(measured, costs, budgets=[1e6], target=0.9)
    assert plan.best.samples == 50
    assert all(goal.cost is None for goal in plan.goals)


def test_a_sweep_agrees_with_plans_and_works_lazily(measured, costs):
    table = sweep(measured, costs, budgets=BUDGETS, delta=[0.1, 0.3])
    assert dict(table.sizes) == {"subset": 7, "budget": 5, "delta": 2}
    strict = make_plan(measured, costs, budgets=BUDGETS, delta=0.1).table
    xr.testing.assert_allclose(
        table.guarantee.sel(delta=0.1, drop=True).transpose("subset", "budget"),
        strict.guarantee.transpose("subset", "budget").drop_attrs(),
    )
    assert (table.guarantee.sel(delta=0.3) <= table.guarantee.sel(delta=0.1)).all()
    pytest.importorskip("dask.array")
    lazy = sweep(
        measured, costs, budgets=xr.DataArray(np.array(BUDGETS), dims="budget").chunk(budget=2), delta=[0.1, 0.3]
    )
    assert lazy.guarantee.chunks is not None
    xr.testing.assert_allclose(lazy.compute(), table)


def test_a_plan_is_plain_data(plan):
    import json

    record = json.loads(json.dumps(plan.to_dict()))
    assert record["key"] == "zhou2026.ex_ante"
    assert record["paid_for"] == 7
    assert record["exhaustive"] is True
    assert record["certified"] is True


def test_sampled_hold_out_risks_are_paid_for(data, costs):
    from boundcalc.trainer import measure_subsets

    options = {"subsets": "sharp,blurred", "rng": 0, "exact_rows": 100, "holdout": 0.5, "sampled_pairs": 5000}
    cheap = measure_subsets(data, **options)
    assert cheap["sharp"].estimates["rhat_holdout"].events
    pilot = read_candidates(cheap, delta=0.1)
    # Four events share equally: sampled hold-out pairs, hold-out and kappa (each over two subsets), the future sample.
    assert pilot.ledger["sampled hold-out pairs"] == pytest.approx(0.1 / 8)
    assert pilot.inputs["sharp"]["rhat_holdout"] == cheap["sharp"].holdout.risk.upper(pilot.ledger["kappa"])
    assert pilot.inputs["sharp"]["delta"] == pytest.approx(0.075)
    assert pilot.inputs["sharp"]["kappa_M"] == pytest.approx(cheap["sharp"].kappa.at(0.1 / 8).certified)
    plan = make_plan(cheap, costs, budgets=[1e6], delta=0.1)
    inputs = {**plan.pilot.inputs[plan.best.subset], "n": plan.best.samples}
    assert plan.best.guarantee == pytest.approx(float(plan.pilot.bound.evaluate(**inputs)))
    dear = make_plan(measure_subsets(data, delta=0.5, **options), costs, budgets=[1e6], delta=0.1)
    assert dear.to_dict() == plan.to_dict()
