"""Which modalities, how many rows, how they are split: against searches through everything, and what a pilot cannot say."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

import boundcalc as bc
from boundcalc.errors import InvalidInputError
from boundcalc.planner import Costs, ModalityCost, SharedCost, Study, budget, fit_power_law, make_plan, study_pilot
from boundcalc.planner import study as pilot_study
from boundcalc.planner.assured import expected_bound
from boundcalc.planner.evidence import FOLDS, REACH
from boundcalc.planner.moments import pair_moments
from boundcalc.planner.offers import ERROR, HELD_OUT, PILOT, TRAINING, Question, Shop
from boundcalc.planner.trained import Model
from boundcalc.report import plan, plan_sentence, planning
from boundcalc.report.planning import Proposal
from boundcalc.trainer import ModalityData, Settings
from tests.planner.conftest import SETTINGS, population

EACH = Costs(per_sample=1.0, modalities={name: ModalityCost() for name in ("sharp", "blurred", "noise")})


@pytest.fixture(scope="module")
def shop(study, question):
    return Shop.of(study.evidence["blurred"], question)


# ------------------------------------------------------------------ what a pilot shows


def test_every_row_is_held_out_once_and_never_trains_its_own_test(data):
    seen = []
    folds = list(pilot_study._folds(data, settings=SETTINGS, rng=np.random.default_rng(0)))
    for fold in folds:
        split = fold.split
        parts = np.concatenate([split.calibration, split.train, split.holdout])
        assert sorted(parts) == list(range(data.n))
        assert split.calibration.size == round(0.2 * data.n)
        seen += split.holdout.tolist()
    assert sorted(seen) == list(range(data.n))
    assert len(folds) == FOLDS


def test_errors_are_those_of_the_held_out_pairs(data, study):
    """The last point of a curve, trained again in the same folds."""
    from boundcalc.trainer.measure.subset_fit import fit_subset

    folds = list(pilot_study._folds(data, settings=SETTINGS, rng=np.random.default_rng(0)))
    expected = []
    for fold in folds:
        fit = fit_subset(fold, ("blurred",))
        missed, matched, _ = pilot_study.tested_pairs(Model(fold, ("blurred",), fit.threshold, fit.params))
        n = missed.shape[0]
        weights = fold.weights
        expected.append((weights[0] * missed.sum() + weights[1] * matched.sum()) / (n * (n - 1)))
    found = study.evidence["blurred"].laws("pair_error").error[:, -1]
    assert found == pytest.approx(np.array(expected), abs=0.01)


def test_a_curve_falls_and_stays_beyond_the_pilots_reach(study):
    evidence = study.evidence["blurred"]
    window = evidence.window("pair_error")
    assert (np.diff(window.error) <= 1e-12).all()
    assert window.train[-1] == evidence.reach == int(REACH * evidence.sizes[-1])
    far = window.at([evidence.reach, 10 * evidence.reach, 1e9])
    assert len(set(far.error.tolist())) == 1
    assert (np.diff(study.evidence["sharp+blurred"].window("pair_error").luck) < 0).all()
    assert (window.uncertainty > 0).all()


def test_a_stored_study_says_the_same(study):
    again = Study.from_dict(json.loads(json.dumps(study.to_dict())))
    assert again.to_dict() == study.to_dict()
    plans = [make_plan(one, EACH, targets=[0.2], budgets=[300.0, 900.0]) for one in (study, again)]
    assert plans[0].to_dict() == plans[1].to_dict()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda record: record.update(format="x"), "its format is"),
        (lambda record: record.update(evidence=[]), "no subset"),
        (lambda record: record["evidence"][0].update(sizes=[9, 5]), "rising|shape"),
        (lambda record: record["evidence"][0]["moments"][0][0].__setitem__(0, 7.0), r"in \[0, 1\]"),
        (lambda record: record["evidence"][0]["moments"][0][0].__setitem__(0, 0.9), "contradict"),
        (lambda record: record["evidence"][0]["moments"][0][0].__setitem__(7, 0.9), "contradict"),
        (lambda record: record["evidence"][0].pop("weights"), "weights"),
        (lambda record: record["evidence"][0].update(extra=1), "unknown entry"),
        (lambda record: record["evidence"][0].update(weights=[["inf", 1]] * 4), "kind|weights"),
        (lambda record: record["evidence"][0].update(weights=[[0.0, 1.0]] * 4), "weights"),
        (lambda record: record["evidence"][0].update(weights=[[1e308, 0.5]] * 4), "weights"),
        (lambda record: record["evidence"][0].update(rows=10**9), "held-out rows"),
        (lambda record: record["evidence"][0].update(pilot_rows=10**9), "held-out rows"),
        (lambda record: record["evidence"][0].update(rows=True), "kind"),
        (lambda record: record["evidence"][0].update(sizes=[9, 10**9]), "rising"),
        (lambda record: record["evidence"][0]["noise"][0][0].__setitem__(0, -1.0), "noise"),
        (lambda record: record["evidence"][0].update(whole=True), "whole = True is not"),
        (lambda record: record["evidence"][0].update(subset="noise+sharp"), "no such subset"),
        (lambda record: record["evidence"].append(record["evidence"][0]), "one twice"),
        (lambda record: record.update(searched=3), "searched"),
        (lambda record: record["facts"].update(rows=10**9), "do not fit"),
        (lambda record: record["facts"].pop("dims"), "no entry 'dims'"),
        (lambda record: record["settings"].update(eig_range=[1.0, 0.0]), "eig_range"),
    ],
)
def test_a_study_that_contradicts_itself_is_refused(study, change, says):
    record = json.loads(json.dumps(study.to_dict()))
    change(record)
    with pytest.raises(InvalidInputError, match=says):
        Study.from_dict(record)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_models_of_fewer_rows_than_are_planned_with_say_nothing_of_luck(study, place):
    evidence = study.evidence["sharp+blurred"]
    assert evidence.sizes[1] < evidence.window("pair_error").train[0] < evidence.sizes[2]
    wild = np.array(evidence.moments)
    wild[::2, place, :2] *= 1.3
    lucks = [one.window("pair_error").luck[0] for one in (evidence, replace(evidence, moments=wild))]
    assert (lucks[0] == lucks[1]) == (place < 2)


@pytest.fixture(scope="module")
def stored(data, study):
    """What a plan writes down, and what it says."""
    answer = plan(data, target=0.3, measured=study)
    return json.loads(json.dumps(answer.to_dict())), answer


def test_a_stored_plan_trains_nothing_and_says_the_same(data, stored, monkeypatch):
    record, answer = stored
    for name in ("trained", "measure_subset"):
        monkeypatch.setattr(planning, name, None)
    again = plan(data, target=0.3, measured=Study.from_dict(record["study"]))
    assert json.loads(json.dumps(again.to_dict())) == record
    assert again.text() == answer.text()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda kept: kept.update(error=0.9 * kept["error"]), "not what it has on the held-out rows"),
        (lambda kept: kept["params"].append(0.1), "expected"),
        (lambda kept: kept.update(params=None), "a metric or a model"),
        (lambda kept: kept.update(threshold="high"), "kind"),
        (lambda kept: kept.pop("error"), "error"),
    ],
)
def test_a_stored_model_that_is_another_is_refused(data, stored, change, says):
    record = copy.deepcopy(stored[0]["study"])
    change(record["models"]["sharp+blurred"])
    with pytest.raises(InvalidInputError, match=says):
        plan(data, target=0.3, measured=Study.from_dict(record))


def test_measurements_of_another_training_are_made_anew(data, stored):
    known, answer = Study.from_dict(stored[0]["study"]), stored[1]
    frame = known.measured.frame
    other = replace(known.measured, frame=replace(frame, facts={**frame.facts, "fingerprint": "0"}), threshold=9.0)
    assert (
        plan(data, target=0.3, measured=replace(known, measured=other)).measured.threshold == answer.measured.threshold
    )


def test_a_study_of_other_rows_or_of_another_seed_is_refused(data, study):
    others = population(np.random.default_rng(6), data.n)
    for rows, seed in ((others, 0), (data, 1)):
        with pytest.raises(InvalidInputError, match="not the data and the seed"):
            bc.plan(rows, measured=study, target=0.3, rng=seed)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"study": ' * 100 + "1" + "}" * 100, '{"study": NaN}', '{"study": {}}']
)
def test_a_text_that_is_no_study_is_refused(text):
    with pytest.raises(InvalidInputError):
        pilot_study.read_study(text)


def test_random_labels_promise_nothing():
    """No budget is expected to certify less than the constant rule, however many rows it buys."""
    rng = np.random.default_rng(1)
    kept = []
    for seed in range(2):
        noise = ModalityData({"a": rng.normal(size=(120, 3)), "b": rng.normal(size=(120, 4))}, rng.integers(0, 3, 120))
        found = study_pilot(noise, settings=Settings(pair_weights="balanced"), rng=seed)
        costs = Costs(1.0, 0.0, {"a": ModalityCost(), "b": ModalityCost()})
        plan = make_plan(found, costs, budgets=[1e3, 1e5, 3.3e7], targets=[0.3])
        assert plan.goals[0].offer is None
        assert plan.best.error > 0.4
        kept.append(plan.best.vacuous)
        assert max(offer.rows for offer in plan.offers) < 33_000_000
    assert sum(kept) >= 1  # nine in ten


def test_a_pilot_that_is_too_small_is_refused(data):
    few = ModalityData({name: block[:24] for name, block in data.arrays.items()}, data.y[:24])
    with pytest.raises(InvalidInputError, match="24 rows: expected at least 32"):
        study_pilot(few, settings=SETTINGS)


def test_many_modalities_are_searched_greedily_and_the_choice_is_priced(monkeypatch):
    monkeypatch.setattr(pilot_study, "MOST_EXACT", 3)
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 40)
    arrays = {f"m{k}": rng.normal(size=(40, 1)) + (3.0 if k == 2 else 0.0) * y[:, None] for k in range(4)}
    found = study_pilot(ModalityData(arrays, y), settings=replace(SETTINGS, structure="modality"), curve=False)
    assert len(found.evidence) == 4 + 3 + 2 + 1
    assert found.searched == 2**4 - 1
    errors = {label: one.laws("pair_error").error.mean() for label, one in found.evidence.items() if "+" not in label}
    assert min(errors, key=errors.get) == "m2"
    assert all("m2" in label.split("+") for label in found.evidence if "+" in label)


# ------------------------------------------------------------------ the best split, the fewest rows


@pytest.mark.parametrize("rows", [150, 500, 3000])
def test_no_other_split_is_better(shop, rows):
    offer = shop.offer(rows, cost=0.0)
    tried = [shop.at_split(rows, h, cost=0.0) for h in range(8, int(0.75 * rows), max(1, rows // 150))]
    tried = [one for one in tried if one.train - one.calibration >= shop.window.train[0]]
    assert offer.reached <= min(one.reached for one in tried) + 2e-3
    assert offer.rows == offer.train + offer.holdout
    assert 0 < offer.calibration < offer.train
    assert sum(offer.terms.values()) == pytest.approx(offer.reached)
    assert set(offer.terms) == {ERROR, TRAINING, HELD_OUT, PILOT}
    assert min(offer.terms.values()) >= -1e-12
    assert offer.low <= offer.error <= min(offer.high, offer.certificate) < offer.reached


def test_the_fewest_rows_do_and_fewer_do_not(shop):
    for wanted in (0.5, 0.4, 0.35):
        rows = shop.fewest_rows(wanted)
        assert shop.offer(rows, cost=0.0, target=wanted).assurance >= 0.9 - 1e-6
        assert shop.split([rows - 2])[1][0] > wanted
    assert shop.fewest_rows(float(shop.window.error[-1])) is None
    assert shop.fewest_rows(0.35, most=shop.fewest_rows(0.35) - 2) is None


def test_more_power_and_smaller_delta_take_more_rows(study):
    evidence = study.evidence["blurred"]

    def rows(**changes):
        return Shop.of(evidence, Question(**changes)).fewest_rows(0.4)

    assert rows(power=0.5) < rows(power=0.9) < rows(power=0.99)
    assert rows(delta=0.2) < rows(delta=0.05) < rows(delta=0.001)


@pytest.mark.parametrize("quantity", ["fmr", "fnmr"])
def test_rates_have_plans_of_their_own(study, quantity):
    shop = Shop.of(study.evidence["blurred"], Question(quantity=quantity), 0.5)
    rate = float(shop.evidence.laws(quantity).error[:, -1].mean())
    offer = shop.offer(2000, cost=0.0, target=0.5)
    assert offer.error == pytest.approx(rate, abs=0.03)
    assert offer.certificate > offer.error
    assert offer.binding in offer.terms


# ------------------------------------------------------------------ budgets and targets


def test_the_best_for_a_budget_by_trying_all(study, question):
    costs = Costs(
        per_sample=1.0,
        modalities={
            "sharp": ModalityCost(per_sample=9.0, setup=500.0),
            "blurred": ModalityCost(per_sample=0.5),
            "noise": ModalityCost(),
        },
    )
    plan = make_plan(study, costs, budgets=[200.0, 2000.0, 20000.0], question=question)
    for offer in plan.offers:
        assert offer.cost <= offer.budget
        assert offer.cost == pytest.approx(costs.total(offer.subset.split("+"), offer.rows))
        values = {}
        for label in study.evidence:
            shop, n = Shop.of(study.evidence[label], question), costs.samples(label.split("+"), offer.budget)
            if n >= shop.fewest:
                values[label] = float(shop.expected([n])[0])
                if label == offer.subset:
                    assert offer.reached <= float(shop.split([n])[1][0]) + 2e-3
        slack = 0.5 * Shop.of(study.evidence[offer.subset], question).window.uncertainty[-1]
        assert values[offer.subset] <= min(values.values()) + slack
    assert plan.offers[0].subset == "blurred" or "noise" in plan.offers[0].subset
    assert "sharp" in plan.offers[-1].subset
    assert plan.best == plan.offers[-1]


def test_larger_budgets_never_certify_less(study):
    plan = make_plan(study, EACH)
    assert (np.diff([offer.reached for offer in plan.offers]) <= 2e-3).all()
    assert (np.diff([offer.rows for offer in plan.offers]) >= 0).all()
    assert [offer.cost for offer in plan.front] == sorted(offer.cost for offer in plan.front)
    assert (np.diff([offer.certificate for offer in plan.front]) < 0).all()


def test_the_best_subset_is_not_the_one_with_the_smallest_vacuous_number(study):
    """Too few rows for anything to be certified: still the subset with the smallest error is named."""
    plan = make_plan(study, EACH, budgets=[75.0])
    assert plan.best.vacuous
    assert "sharp" in plan.best.subset


def test_targets_are_reached_as_cheaply_as_possible(study, question):
    plan = make_plan(study, EACH, targets=[0.3, 0.15, 0.001], budgets=[80.0])
    first, second, third = plan.goals
    assert first.offer.cost < second.offer.cost
    for goal in (first, second):
        assert goal.offer.assurance >= 0.9 - 1e-6
        assert goal.offer.target == goal.target
        rows = [Shop.of(one, question).fewest_rows(goal.target) for one in study.evidence.values()]
        assert goal.offer.rows <= 1.1 * min(n for n in rows if n is not None)
        assert goal.provable_from > goal.offer.holdout
    assert third.offer is None
    assert "tends to" in third.reason
    assert plan.best.budget == 80.0  # the first target takes more than the largest budget
    assert first.offer.cost > 80
    assert make_plan(study, EACH, targets=[0.3]).best == first.offer


def test_a_pilot_that_leaves_too_much_open_says_how_many_rows_would_do(study):
    error = float(Shop.of(study.evidence["sharp"], Question()).window.error[-1])
    (goal,) = make_plan(study, EACH.only(["sharp"]), targets=[error + 0.004]).goals
    assert goal.offer is None
    assert goal.pilot_rows > study.facts["rows"]
    assert "uncertain by" in goal.reason


def test_the_price_is_what_is_spent_and_the_budget_what_could_be(study, data):
    answer = plan(data, target=0.001, budgets=[900.0, 1e6], measured=study, costs=EACH)
    best = answer.best
    assert best.cost < 9e5
    assert f"For {best.cost:,.0f} of at most 1,000,000, collect {best.subset}, {best.rows:,} rows" in answer.sentence
    assert best.assurance < 0.01
    assert "of at most" not in plan(data, target=0.001, budgets=[900.0], measured=study, costs=EACH).sentence


def test_a_price_that_may_have_been_left_out_is_told(data, study):
    costs = {"per_sample": 1.0, "modalities": {"sharp": {"per_sample": 2.0}}}
    answer = plan(data, target=0.3, measured=study, costs=costs)
    assert "No price of its own is given for blurred and noise: taken to cost nothing" in answer.text()
    assert answer.to_dict()["unpriced"] == ["blurred", "noise"]
    assert "No price" not in plan(data, target=0.3, measured=study).text()


def test_one_bar_counts_all_trainings(data):
    seen = []
    study_pilot(
        data, subsets=[("sharp",), ("blurred",)], settings=SETTINGS, progress=lambda *told: seen.append(told[:2])
    )
    done, totals = zip(*seen, strict=True)
    assert set(totals) == {2 * FOLDS}
    assert set(range(2 * FOLDS + 1)) < set(done)  # and shares of trainings between them
    assert list(done) == sorted(done)


def test_a_promise_above_the_constant_rule_is_none(data, study):
    answer = plan(data, target=0.2, measured=study, costs=EACH)
    assert "Promised beforehand: at most" in answer.sentence
    assert answer.sentence.endswith("if the pilot's model is kept until another's gain over it is certified.")
    same, different = answer.promise.weights
    assert f"same pairs weigh {same:.4g}, different ones {different:.4g}" in " ".join(answer.text().split())
    assert "in one look, at delta = 0.025" in " ".join(answer.text().split())
    idle = replace(answer.plan, promised=answer.best.constant)
    assert "Beforehand nothing below the constant rule can be promised." in plan_sentence(idle)


def test_caps_requirements_and_exclusions_are_kept(study):
    capped = {"sharp": ModalityCost(max_samples=90), "blurred": ModalityCost(), "noise": ModalityCost(excluded=True)}
    costs = Costs(per_sample=1.0, modalities=capped)
    plan = make_plan(study, costs, targets=[0.12], budgets=[1e5])
    assert set(plan.to_dict()["candidates"]) == {"sharp", "blurred", "sharp+blurred"}
    assert plan.goals[0].offer is None
    assert "there are at most 90" in plan.goals[0].reason
    assert all(offer.rows <= 90 for offer in plan.offers if "sharp" in offer.subset)
    needed = replace(costs, modalities=capped | {"blurred": ModalityCost(required=True)})
    assert all("blurred" in offer.subset for offer in make_plan(study, needed, budgets=[1e3]).offers)


def test_shared_equipment_is_paid_once():
    costs = Costs(
        per_sample=1.0,
        modalities={"a": ModalityCost(per_sample=2.0), "b": ModalityCost(setup=5.0), "c": ModalityCost()},
        shared={"camera": SharedCost(("a", "b"), per_sample=0.5, setup=100.0)},
    )
    assert costs.total(["a"], 10) == 10 * 3.5 + 100
    assert costs.total(["a", "b"], 10) == 10 * 3.5 + 105
    assert costs.total(["c"], 10) == 10
    assert costs.samples(["a", "b"], 105 + 35) == 10
    again = Costs.from_dict(costs.to_dict(), ["a", "b", "c"])
    assert again == costs
    for shared, says in (
        ({"x": {"modalities": ["z"]}}, "shared.x"),
        ({"x": {"modalities": ["a"], "price": 1}}, "shared.x"),
        ({"x": {"modalities": ["a"], "setup": -1}}, "setup"),
        ("camera", "must be a table"),
    ):
        with pytest.raises(InvalidInputError, match=says):
            Costs.from_dict({"per_sample": 1, "shared": shared}, ["a", "b"])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"budgets": [0.0]}, "budget = 0.0 must be"),
        ({"budgets": "lots"}, "must be a sequence"),
        ({"budgets": []}, "no budget"),
        ({"budgets": [1.0]}, "buys too few rows"),
        ({"targets": [-1]}, "target = -1 must be"),
        ({"targets": [True]}, "target = True must be"),
        ({"question": Question(quantity="risk")}, "quantity = 'risk' must be one of pair_error, fmr, fnmr"),
        ({"question": Question(power=0.2)}, "power = 0.2 must be"),
        ({"question": Question(quantity="fmr"), "targets": [2.0]}, "must be a rate"),
        ({"targets": [25]}, r"target = 25 must be an error in \(0, 1\); 25 % is 0.25"),
        ({"targets": [1.0]}, "target = 1.0 must be an error"),
    ],
)
def test_bad_input(study, given, says):
    with pytest.raises(InvalidInputError, match=says):
        make_plan(study, EACH, **given)


def test_a_curve_is_fitted_to_the_errors_of_the_folds(study):
    evidence = study.evidence["sharp"]
    curve = fit_power_law(evidence.sizes, evidence.laws("pair_error").error, rng=0)
    window = evidence.window("pair_error")
    assert window.error == pytest.approx(curve(window.train))


# ------------------------------------------------------------------ what is left open


def evidence_of(errors, sizes, label="a"):
    """Evidence whose folds have these errors, shape (folds, sizes): a share of missed pairs of weight 1."""
    moments = np.zeros((*errors.shape, 15))
    moments[..., 0], moments[..., 2], moments[..., 3], moments[..., 9] = errors, 0.9, errors**2, errors
    return pilot_study.Evidence(label, sizes, moments, np.ones((len(errors), 2)), 50, 200)


def two_subsets(a: np.ndarray, b: np.ndarray) -> Study:
    """Return a study of "a" and "a+b" whose folds have these errors at 24, 50 and 100 rows."""
    evidence = {
        label: evidence_of(one + np.zeros((4, 1)), (24, 50, 100), label) for label, one in (("a", a), ("a+b", b))
    }
    return Study(evidence, {"dims": {"a": 1, "b": 1}, "rows": 200}, {}, 2)


NEW = np.array([[-0.01], [0.02], [-0.02], [0.01]])
FALL = np.array([[0.3, 0.2, 0.1]])


def test_where_rows_cost_the_same_a_target_is_planned_with_what_errs_least():
    """Of two subsets that reach it, and where the pilot cannot tell them apart the larger; else the cheaper, and what errs less."""
    alike, b_costs = (Costs(per_sample=1.0, modalities={"a": ModalityCost(), "b": ModalityCost(x)}) for x in (0.0, 0.5))
    free, paid = (
        make_plan(two_subsets(0.1 + FALL + NEW, FALL + NEW), costs, targets=[0.4]).goals[0]
        for costs in (alike, b_costs)
    )
    assert free.offer.subset == paid.better.subset == "a+b"
    assert free.better is None
    assert paid.offer.subset == "a"
    assert paid.offer.cost < paid.better.cost
    assert paid.better.error < paid.offer.error - 0.05
    told = plan_sentence(make_plan(two_subsets(0.1 + FALL + NEW, FALL + NEW), b_costs, targets=[0.4]))
    more = re.search(r"a\+b errs less \(([.\d]+)\) and costs ([.\d]+) more, (\d+) rows", told).groups()
    costs = paid.better.cost - paid.offer.cost
    assert [float(one) for one in more] == pytest.approx([paid.better.error, costs, paid.better.rows], rel=5e-3)
    assert "cheapest" not in plan_sentence(make_plan(two_subsets(0.1 + FALL + NEW, FALL + NEW), alike, targets=[0.4]))
    for more, apart, target, subset in (
        (0.005, 2 * NEW, 0.5, "a+b"),  # about as many rows
        (0.005, 4 * NEW, 0.25, "a"),  # nearly twice as many, for nothing that the pilot shows
        (0.02, 0.2 * NEW, 0.5, "a"),  # it shows the contrary
    ):
        either = two_subsets(0.1 + FALL, 0.1 + FALL + apart + more)
        assert make_plan(either, alike, targets=[target]).goals[0].offer.subset == subset


@pytest.mark.parametrize("structure", ["auto", "diagonal"])
def test_a_budget_that_buys_no_plan_is_refused_before_anything_is_trained(data, structure, monkeypatch):
    def asked(budget, **more):
        return plan(data, budgets=[budget], subsets="sharp,blurred", structure=structure, **more)

    with pytest.raises(
        InvalidInputError, match=r"budget = 10 buys too few rows to plan with: \d+ of sharp cost"
    ) as told:
        asked(10.0)
    fewest = int(re.search(r"with: (\d+) of", str(told.value))[1])
    monkeypatch.setattr(planning, "study_pilot", lambda *args, **options: 1 / 0)
    with pytest.raises(InvalidInputError, match="too few rows"):
        asked(fewest - 1.0)
    for trained in ({"budget": float(fewest)}, {"budget": 10.0, "target": 0.3}):
        with pytest.raises(ZeroDivisionError):
            asked(**trained)
    monkeypatch.undo()
    assert [one.rows for one in asked(float(fewest)).plan.offers] == [fewest]


@pytest.mark.parametrize("quantity", ["pair_error", "fmr", "fnmr"])
def test_several_targets_are_planned_as_each_alone(study, quantity):
    targets = [0.3, 0.25, 0.2]
    question = Question(quantity=quantity)
    together = make_plan(study, EACH, targets=targets, question=question).goals
    alone = [make_plan(study, EACH, targets=[one], question=question).goals[0] for one in targets]
    assert [one.to_dict() for one in together] == [one.to_dict() for one in alone]


def rates_of(label: str, missed: float, matched: float) -> pilot_study.Evidence:
    """Evidence of a threshold with these rates in every fold, to within the last digits of NEW."""
    one = evidence_of(np.full((4, 3), 0.5), (24, 50, 100), label)
    moments = one.moments.copy()
    a, b, s = 0.5 * (missed + 0.1 * NEW), 0.5 * (matched + 0.1 * NEW), 0.5
    moments[..., 0], moments[..., 1], moments[..., 2] = a, b, s
    moments[..., 3:9] = np.stack(np.broadcast_arrays(a * a, a * b, a * s, b * b, b * s, s * s), axis=-1)
    moments[..., 9:] = np.stack(np.broadcast_arrays(a, 0 * a, a, b, 0 * b, s), axis=-1)
    return replace(one, moments=moments)


@pytest.mark.parametrize(("aim", "subset"), [({"fmr": 0.05}, "a"), (None, "b"), ({"fnmr": 0.05}, "b")])
def test_of_a_rate_that_the_threshold_fixes_the_other_chooses_the_subset(aim, subset):
    """Both keep to a false-match rate of about .05, "b" a little better, but "b" misses far more."""
    evidence = {"a": rates_of("a", 0.1, 0.06), "b": rates_of("b", 0.7, 0.03)}
    settings = {"structure": "auto"} | ({} if aim is None else {"threshold_for": aim})
    study = Study(evidence, {"dims": {"a": 1, "b": 1}, "rows": 200}, settings, 2)
    costs = Costs(per_sample=1.0, modalities={"a": ModalityCost(0.5), "b": ModalityCost()})
    found = make_plan(study, costs, targets=[0.3], budgets=[900.0], question=Question(quantity="fmr"))
    assert {one.subset for one in (found.best, *found.offers)} == {subset}
    assert ("those that the pilot cannot tell" in Proposal(found).text()) == (aim == {"fmr": 0.05})


def test_modalities_that_err_less_are_not_bought_at_any_number_of_rows(monkeypatch):
    costs = Costs(per_sample=1.0, modalities={name: ModalityCost() for name in "ab"})
    study = two_subsets(0.1 + FALL, 0.1 + FALL + 4 * NEW - 0.005)
    dear = make_plan(study, costs, targets=[0.35]).goals[0].offer
    monkeypatch.setattr(budget, "_WORTH", 1.0)
    monkeypatch.setattr(budget, "_AS_CHEAP", 1.0)
    (goal,) = make_plan(study, costs, targets=[0.35]).goals
    assert (goal.offer.subset, goal.better) == ("a", dear)
    assert goal.offer.rows < dear.rows


def test_what_the_pilot_leaves_open_speaks_against_no_subset():
    """A subset that errs less but by an amount that is less well known is taken, though what is sure of it is worse."""
    steady, falling = np.array([0.02, 0.01, 0.0]), np.array([[0.6, 0.4, 0.0]] * 4) * [[0.0], [1.0], [0.1], [0.9]]
    evidence = {"a": evidence_of(0.13 + steady * np.ones((4, 1)), (24, 50, 100), "a")}
    evidence["b"] = evidence_of(0.05 + falling, (24, 50, 100), "b")
    study = Study(evidence, {"dims": {"a": 1, "b": 1}, "rows": 200}, {}, 2)
    costs = Costs(per_sample=1.0, modalities={name: ModalityCost() for name in "ab"})
    plan = make_plan(study, costs, budgets=[2000.0])
    known, open_ = (shop.split([2000])[1][0] for shop in plan.shops().values())
    assert known < open_ - 0.5 * plan.shop("b").window.uncertainty[-1]
    assert plan.best.subset == "b"


def test_one_odd_model_of_a_fold_speaks_against_no_subset():
    """Four folds tell little of how much models differ: a subset whose curve has one high point is planned with much as before."""
    names, errors = ("a", "b", "c"), np.array([[0.12, 0.1, 0.08]] * 4) + 0.01 * np.array([[1], [-1], [1], [-1]])
    costs = Costs(per_sample=1.0, modalities={name: ModalityCost() for name in names})
    rows = []
    for odd in (0.0, 0.25):
        tables = {
            "a": 1.5 * errors,
            "b": 1.4 * errors,
            "c": 1.3 * errors,
            "a+b+c": errors + odd * np.outer([1, 0, 0, 0], [0, 1, 0]),
        }
        evidence = {label: evidence_of(table, (24, 50, 100), label) for label, table in tables.items()}
        plan = make_plan(Study(evidence, {"dims": dict.fromkeys(names, 1), "rows": 200}, {}, 4), costs, targets=[0.35])
        assert plan.best.subset == "a+b+c"
        rows.append(plan.best.rows)
    assert rows[0] < rows[1] < 2 * rows[0]


def test_more_rows_certify_more_where_the_error_falls_below_what_the_pilot_has_seen():
    """What the pilot leaves open belongs to the error that it has seen, not to the smaller one that is expected."""
    errors = np.array([0.35, 0.2, 0.08]) + 2.0 * NEW
    shop = Shop.of(replace(evidence_of(errors, (20, 30, 50)), rows=15, pilot_rows=60), Question())
    open_ = np.full_like(shop.window.uncertainty, 0.07)
    shop = replace(shop, window=replace(shop.window, uncertainty=open_))
    rows = np.array([100, 150, 200, 300, 500, 1000, 4000, 20_000])
    assert shop.error(1000) < 0.6 * errors[:, -1].mean()
    assert (np.diff(shop.split(rows)[1]) < 0).all()


def test_the_luck_of_training_rows_is_found_on_nested_parts():
    """Errors that move with the mean of the training rows' noise: their variance is v/n, and v is found again."""
    rng, sizes, v = np.random.default_rng(0), (20, 40, 60, 80, 100), 0.09
    found = []
    for _ in range(60):
        noise = np.sqrt(v) * rng.normal(size=(4, sizes[-1]))
        errors = np.stack([0.5 + noise[:, :size].mean(axis=1) for size in sizes], axis=1)
        window = evidence_of(errors, sizes).window("pair_error")
        found.append(window.luck[0] ** 2 * window.train[0])
    assert np.mean(found) == pytest.approx(v, rel=0.15)


def test_what_is_not_known_of_an_error_has_all_its_parts():
    rng, sizes = np.random.default_rng(0), (20, 40, 80)
    evidence = evidence_of(0.3 + 0.01 * rng.normal(size=(4, 3)), sizes)
    window = evidence.window("pair_error")
    train = window.train[-1]
    values = np.array([r0 + a * train**-b for r0, a, b in evidence.curve("pair_error").refits])
    square = float(np.interp(np.log(80), np.log(sizes), evidence.laws("pair_error").square.mean(axis=0)))
    tested = (4 * window.law.variance[-1] / 50 + 2 * square / 50**2) / 4  # four folds of 50 rows
    v = window.luck[-1] ** 2 * train
    assert window.uncertainty[-1] ** 2 == pytest.approx(tested + values.var() + v / 200 + (v / 80 - v / 200) / 4)


def test_a_pilot_without_an_error_leaves_one_row_open():
    window = evidence_of(np.zeros((4, 3)), (20, 40, 80)).window("pair_error")
    assert window.error == pytest.approx(0, abs=1e-12)
    assert window.uncertainty == pytest.approx(2 * 0.1 / 200)  # the constant rule never matches and errs on 0.1


def test_the_price_of_a_choice_is_what_is_lost_in_the_other_folds(study):
    labels = list(study.evidence)
    errors = {label: study.evidence[label].laws("pair_error").error[:, -1] for label in labels}
    lost = []
    for fold in range(FOLDS):
        others = [k for k in range(FOLDS) if k != fold]
        best = min(labels, key=lambda label: errors[label][others].mean())
        lost.append(errors[best][fold])
    expected = np.mean(lost) - min(one.mean() for one in errors.values())
    assert study.price_of_choice(labels, "pair_error") == pytest.approx(max(expected, 0.0))
    assert study.price_of_choice(labels[:1], "pair_error") == 0


def test_noise_looks_better_when_it_is_chosen():
    """Twenty subsets that are alike: the best looks better by about what its price says, and plans pay it."""
    rng, prices, flattered = np.random.default_rng(1), [], []
    for _ in range(200):
        errors = 0.3 + 0.02 * rng.normal(size=(20, 4, 1))
        found = Study({str(k): evidence_of(one, (80,), str(k)) for k, one in enumerate(errors)}, {}, {}, 20)
        prices.append(found.price_of_choice(list(found.evidence), "pair_error"))
        flattered.append(0.3 - errors.mean(axis=(1, 2)).min())
    assert np.mean(prices) == pytest.approx(np.mean(flattered), rel=0.15)
    shop = Shop.of(found.evidence["0"], Question(), choice=0.01)
    assert shop.window.error == pytest.approx(found.evidence["0"].window("pair_error").error + 0.01)


def bad_rows(rng, n, share):
    """Pairs of n rows of two classes, missed, matched and the same: a bad row is misjudged with everybody."""
    bad, y = rng.random(n) < share, rng.integers(0, 2, n)
    wrong, same = bad[:, None] | bad, y[:, None] == y
    return same & wrong, ~same & wrong, same


def test_a_tiny_pilot_that_met_few_errors_promises_no_more_than_it_knows():
    """Rare errors: the smaller the pilot's estimate, the smaller its variance. Planned targets are met as often as told."""
    rng, share, target = np.random.default_rng(0), 0.02, 0.25
    met, plain = [], []
    for _ in range(300):
        folds = [pair_moments(*bad_rows(rng, 20, share)) for _ in range(FOLDS)]
        evidence = pilot_study.Evidence("a", (8,), np.array(folds)[:, None], np.ones((FOLDS, 2)), 20, 80)
        shop = Shop.of(evidence, Question(calibration=0.0, balanced=False))
        rows = shop.fewest_rows(target)
        if rows is None or rows > 2_000:  # whose matrix of pairs would be large
            continue
        wrong = np.logical_or(*bad_rows(rng, rows - 8, share)[:2])
        error = (wrong.sum() - np.trace(wrong)) / (wrong.shape[0] * (wrong.shape[0] - 1))
        variance = max(float(wrong.mean(axis=1).var()), 1e-9)
        met.append(expected_bound(error, rows - 8, variance=variance, level=np.log(20)) <= target)
        sizes = np.array(8.0), np.array(rows - 8.0), np.array(0.0)
        bound, future, uncertain = shop.certificate(*sizes)
        plain.append(float(bound + 1.2816 * np.hypot(future, uncertain)))
    assert len(met) > 200
    assert np.mean(met) >= 0.88
    assert (
        np.mean(np.array(plain) <= target - 0.01) > 0.5
    )  # what the plain estimates would have asked for is fewer rows


def test_probability_and_value_are_inverse_and_a_large_pilot_adds_up_variances(shop):
    sizes = np.array(200.0), np.array([150.0, 400.0]), np.array(80.0)
    for z in (-1.0, 0.5, 1.2816, 2.5):
        value = shop.reached(z, *sizes)
        assert shop.assured(float(value[0]), *sizes)[0] == pytest.approx(float(ndtr(z)), abs=1e-6)
    window = shop.window
    known = replace(
        shop,
        window=replace(window, uncertainty=1e-6 * window.uncertainty),
        evidence=replace(shop.evidence, pilot_rows=10**9),
    )
    bound, future, _ = known.certificate(*sizes)
    assert known.reached(1.2816, *sizes) == pytest.approx(bound + 1.2816 * future, rel=1e-4)
    assert (shop.reached(1.2816, *sizes) > bound + 1.2816 * np.hypot(future, shop.certificate(*sizes)[2])).all()


# ------------------------------------------------------------------ models of the classes


@pytest.fixture(scope="module")
def turned():
    """Two classes that only a direction across the coordinates tells apart: no diagonal metric does."""
    rng = np.random.default_rng(2)
    y = np.arange(200) % 2
    common = 4.0 * rng.normal(size=(200, 1))
    return ModalityData(
        {"a": common + np.stack([y, -y], axis=1) + 0.2 * rng.normal(size=(200, 2)), "b": rng.normal(size=200)}, y
    )


def test_a_plan_is_about_the_models_that_train_chooses(turned):
    found = {
        structure: plan(turned, target=0.4, structure=structure, rng=0)
        for structure in ("auto", "diagonal", "discriminant")
    }
    errors = {
        structure: answer.plan.study.evidence["a"].laws("pair_error").error[:, -1].mean()
        for structure, answer in found.items()
    }
    assert errors["auto"] < 0.05 < 0.3 < errors["diagonal"]
    assert errors["discriminant"] < 0.05
    assert plan(turned, target=0.4, rng=0, subsets="a").plan.study.settings["structure"] == "auto"
    best = found["auto"].best
    assert best.learnt == best.train > best.calibration > 0
    assert found["diagonal"].plan.shop("a").evidence.whole is False
    evidence = found["auto"].plan.study.evidence["a"]
    assert evidence.whole
    assert evidence.sizes[-1] == 150  # three folds of four, those that calibrate included
    trained = bc.train(turned, subsets=best.subset, rng=0).certificates[0].to_dict()
    assert found["auto"].promise.error == pytest.approx(trained["error"], abs=0.03)
    assert "structure auto" in found["auto"].text()


def test_every_row_that_calibrates_leaves_some_that_only_train(turned):
    shop = Shop.of(
        study_pilot(turned, subsets=[("a",)], settings=Settings(pair_weights="balanced"), rng=0).evidence["a"],
        Question(),
    )
    for rows in (shop.fewest, 100, 1000, 10**6):
        offer = shop.offer(rows, cost=0.0)
        assert offer.learnt == offer.train >= 1.25 * offer.calibration
        assert offer.train + offer.holdout == rows


def test_of_many_subsets_some_are_looked_at_again(monkeypatch):
    monkeypatch.setattr(pilot_study, "_CURVES", 4)
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 80)
    data = ModalityData({f"m{k}": rng.normal(size=(80, 1)) + k * y[:, None] for k in range(3)}, y)
    found = study_pilot(data, settings=Settings(pair_weights="balanced"), rng=0)
    sizes = {label: len(one.sizes) for label, one in found.evidence.items()}
    assert sorted(sizes.values()) == [1, 1, 1, 1, 5, 5, 5]
    assert sizes["m2"] == sizes["m0+m1+m2"] == 5


# ------------------------------------------------------------------ rows in groups


@pytest.fixture(scope="module")
def twice(data):
    """Every row twice, which says nothing new: a group is one row."""
    rows = np.random.default_rng(1).permutation(np.repeat(np.arange(120), 2))
    blocks = {name: data.arrays[name][rows] for name in ("sharp", "blurred")}
    return ModalityData(blocks, data.codes[rows], groups=rows)


def test_folds_are_of_whole_groups_and_all_numbers_count_them(twice):
    folds = pilot_study._folds(twice, settings=SETTINGS, rng=np.random.default_rng(0))
    for fold in folds:
        parts = [set(twice.groups[part]) for part in (fold.split.calibration, fold.split.train, fold.split.holdout)]
        assert [len(one) for one in parts] == [24, 66, 30]
        assert not parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2]
        first = pilot_study._first_units(fold, 10)
        assert (first.size, len(set(twice.groups[first]))) == (20, 10)
        assert set(first) < set(fold.split.train)


def test_a_row_twice_in_its_group_counts_once(data, twice):
    """Moments of a model of folds with every row twice are those of the rows themselves."""
    fold = next(pilot_study._folds(twice, settings=SETTINGS, rng=np.random.default_rng(0)))
    params, threshold = np.array([0.3, 0.1]), 1.0
    alone = np.unique(twice.groups[fold.split.holdout], return_index=True)[1]
    rows = copy.copy(twice)
    rows.groups = None
    one_each = replace(fold, data=rows, split=replace(fold.split, holdout=fold.split.holdout[alone]))
    model = Model(fold, ("blurred",), threshold, params)
    found = pilot_study.tested_moments(model)
    assert found == pytest.approx(pilot_study.tested_moments(replace(model, prepared=one_each)))


def test_a_plan_for_groups_counts_and_tells_groups(twice):
    found = study_pilot(twice, settings=SETTINGS, rng=0)
    assert (found.unit, found.units) == ("groups", 120)
    evidence = found.evidence["sharp+blurred"]
    assert (evidence.rows, evidence.pilot_rows, evidence.sizes[-1]) == (30, 120, 66)
    answer = plan(twice, target=0.4, measured=found)
    assert f"{answer.best.rows} groups" in answer.sentence
    assert "groups" in answer.tables()[0].columns
    assert answer.promise.rows == 24  # of 120, by the study's own settings
    tried = plan(twice, measured=found, simulate=2, target=0.4).tried
    assert tried.values[0] > answer.best.low
    window = answer.plan.shop("sharp+blurred").window
    near = float(window.error[-1] + 0.1 * window.uncertainty[-1])
    assert "120 groups" in make_plan(found, answer.plan.costs, targets=[near]).goals[0].reason


def test_a_rate_is_told_with_the_other_one(data, study):
    answer = plan(data, target=0.3, quantity="fmr", measured=study)
    best = answer.best
    other = study.evidence[best.subset].window("fnmr").at(best.learnt).error
    assert f"the false-non-match rate at the same threshold is expected at {other:.3g}" in answer.sentence
    assert "chosen for the pair error, not for this rate" in answer.sentence
    assert answer.to_dict()["threshold_for"] == "pair_error"


def test_rates_and_the_pair_error_speak_of_one_threshold(data, study):
    """With balanced weights the pair error at a threshold is the mean of the two rates there."""
    error, fmr, fnmr = (
        plan(data, quantity=name, measured=study, modalities=["blurred"]).promise.error
        for name in ("pair_error", "fmr", "fnmr")
    )
    assert abs(fmr - fnmr) > 0.05
    assert 0.5 * (fmr + fnmr) == pytest.approx(error, abs=0.01)
