"""From a pilot to a plan, as a person wants it: the answer in a sentence, tables, and two pictures."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from boundcalc.errors import InvalidInputError, suggestion
from boundcalc.language.arguments import as_generator
from boundcalc.language.ledger import check_delta
from boundcalc.planner.budget import Plan, check_budgets, check_request, largest_error, make_plan
from boundcalc.planner.costs import Costs, ModalityCost
from boundcalc.planner.evidence import fewest_trained
from boundcalc.planner.future import certify_collected, checked_arrivals, schedule
from boundcalc.planner.future import simulate as simulated
from boundcalc.planner.offers import Question, fewest_planned
from boundcalc.planner.promise import promise_of
from boundcalc.planner.study import (
    MOST_EXACT,
    Study,
    check_study,
    read_study,
    study_measured,
    study_pilot,
    training_sizes,
)
from boundcalc.planner.trained import Model, trained
from boundcalc.planner.worth import steps_in, worth_of
from boundcalc.report.plan_findings import Findings
from boundcalc.report.plan_pictures import draw_plan
from boundcalc.report.plan_words import plan_sentence, plan_tables
from boundcalc.report.training import CALIBRATION, HOLDOUT, Reporter, loaded
from boundcalc.show.answer import Answer
from boundcalc.show.tables import Table
from boundcalc.trainer import Measurements, ModalityData
from boundcalc.trainer.data.cautions import cautions, caveat
from boundcalc.trainer.data.prepare import Prepared, prepare
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.measure.subset import measure_subset
from boundcalc.trainer.measure.subsets import changed_settings
from boundcalc.trainer.models.folds import Folds

__all__ = ["Proposal", "plan", "read_measured"]


@dataclass(frozen=True)
class Proposal(Findings, Answer):
    """Which modalities to collect, how many rows, how they are split, and what certificate is then expected."""

    draws: ClassVar[str] = "expected certificates against rows, and errors against training rows"
    one_panel: ClassVar[bool] = False

    @property
    def title(self) -> str:
        """The heading."""
        return f"A plan from {self.plan.study.facts['data']}"

    @property
    def sentence(self) -> str:
        """What to collect, how it is split, what certificate is then expected, and how probably."""
        told = plan_sentence(self.plan) + caveat(self.plan.study.facts)
        if self.collected is None:
            return told
        return f"{self.collected.sentence}{' The plan was:' if self.collected.met_at else ''} {told}"

    def tables(self, *, short: bool = False) -> Sequence[Table]:
        """Return the tables by budget, by target, of what is promised, and of what a modality is worth."""
        return plan_tables(self)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data; ``study`` can be planned with again."""

        def plain(value: Any) -> Any:
            return None if value is None else value.to_dict() if hasattr(value, "to_dict") else dict(vars(value))

        best = self.best.to_dict()
        return {
            "sentence": self.sentence,
            **{name: best[name] for name in _NAMES},
            **self.plan.to_dict(),
            "pilot": self.plan.study.facts["data"],
            "cautions": list(cautions(self.plan.study.facts)),
            "worth": [one.to_dict() for one in self.worth],
            "promise": plain(self.promise),
            "class_bound": self.of_class,
            "sequential": plain(self.waiting),
            "simulation": plain(self.tried),
            "collected": plain(self.collected),
            "study": self.plan.study.to_dict(),
        }

    def _picture(self, ax: Any = None) -> Any:
        """Draw the expected certificates against the rows, and beside them the errors against the training rows."""
        return draw_plan(self)


_NAMES = ("subset", "rows", "train", "holdout", "certificate", "assurance", "promised")


def plan(
    data: ModalityData | str | Path,
    *,
    costs: Costs | Mapping[str, Any] | str | Path | None = None,
    target: float | Sequence[float] | None = None,
    budgets: Sequence[float] | None = None,
    delta: float = 0.05,
    power: float = 0.9,
    quantity: str = "pair_error",
    measured: Measurements | Study | str | Path | None = None,
    modalities: Iterable[str] | None = None,
    subsets: Any = "all",
    curve: bool = True,
    collected: ModalityData | str | Path | None = None,
    simulate: int = 0,
    n_jobs: int = 1,
    groups: Any = None,
    rng: Any = 0,
    progress: Reporter | None = None,
    **settings: Any,
) -> Proposal:
    """Answer from a pilot which modalities to collect, how many rows, how to split them, and what is then certified.

    Parameters
    ----------
    data : ModalityData, str or Path
        The pilot, or what :func:`boundcalc.datasets.load` takes.
    costs : Costs, mapping, str or Path, optional
        Prices, a record of them, or a TOML file; by default 1 for each row, whatever is collected of it.
    target : float or sequence of float, optional
        Certificates to reach as cheaply as possible; the first one decides.
    budgets : sequence of float, optional
        Totals in the currency of the prices; by default what half the pilot up to 64 times as many rows cost.
    delta : float
        Of the certificate to come, and of what is promised.
    power : float
        With which probability a target should be reached, in [0.5, 1).
    quantity : {"pair_error", "fmr", "fnmr"}
        The weighted pair error, or the false-match or false-non-match rate at the trained threshold.
    measured : Measurements, Study, str or Path, optional
        What was measured on the pilot, or the JSON that ``train`` or ``plan`` wrote about it, with the same ``rng``.
    modalities : iterable of str, optional
        Plan with these only.
    subsets : {"all"} or str or sequence
        Candidates; by default every subset of up to 12 modalities that the prices allow, beyond that a greedy path.
    curve : bool
        Whether smaller training parts are tried: without them the error stays what it is on the pilot.
    collected : ModalityData, str or Path, optional
        The rows that came so far, in order: they are certified at every look.
    simulate : int
        Runs of the plan on the resampled pilot.
    n_jobs : int
        Processes for folds and runs.
    groups : str or array_like of shape (n,), optional
        What each row belongs to, as for :func:`boundcalc.train`.
    rng : int or numpy.random.Generator
    progress : callable, optional
        From the name of a task to a callback ``(done, total, message)``.
    **settings
        Fields of :class:`~boundcalc.trainer.measure.settings.Settings`, such as ``loss`` and ``structure``.

    Returns
    -------
    Proposal

    Raises
    ------
    InvalidInputError
        On bad input, before anything is trained where that can be told.

    Examples
    --------
    >>> answer = plan("penguins", target=0.25, subsets="bill,bill+body", curve=False)
    >>> answer.best.subset, answer.best.rows < 250, round(answer.best.assurance, 2)
    ('bill+body', False, 0.91)
    """
    delta, pilot = check_delta(delta), loaded(data, groups)
    prices = _prices(costs, pilot.names, _allowed(modalities, pilot.names))
    targets = () if target is None else tuple(np.atleast_1d(np.asarray(target, dtype=object)).tolist())
    chosen = changed_settings(
        None, {"pair_weights": "balanced", "holdout": HOLDOUT, "calibration": CALIBRATION, **settings}
    )
    balanced = chosen.pair_weights == "balanced"
    question = Question(quantity, delta, power, chosen.calibration, balanced)
    seed = copy.deepcopy(as_generator(rng))  # the models beside the study are trained on the settings' own split
    most = largest_error(chosen.pair_weights) if measured is None else math.inf  # stored settings are not read yet
    check_request(pilot.names, prices, targets=targets, budgets=budgets, question=question, most=most)
    arrived = None if collected is None else checked_arrivals(loaded(collected), (), question)
    known: Any = None
    show = (lambda name: None) if progress is None else progress
    if measured is None:
        asked = _asked(pilot, prices, subsets)
        if asked is not None:
            train = fewest_trained(training_sizes(pilot, settings=chosen, curve=curve))
            fewest = fewest_planned(train, whole=chosen.fits_model, calibration=chosen.calibration)
            check_budgets(
                {"+".join(one): fewest for one in asked}, prices, targets=targets, budgets=budgets,
                unit="rows" if pilot.groups is None else "groups",
            )  # fmt: skip
        study = study_pilot(
            pilot, subsets=asked, allowed=prices.allows, settings=chosen, curve=curve, rng=rng, n_jobs=n_jobs,
            progress=show("study"),
        )  # fmt: skip
    else:
        if settings or subsets != "all":
            given = sorted(settings) + ([] if subsets == "all" else ["subsets"])
            raise InvalidInputError(f"nothing is trained, so {', '.join(given)} would change nothing")
        known = read_measured(measured, pilot)
        if isinstance(known, Study):
            check_study(known, pilot, rng=copy.deepcopy(seed))
        study = known if isinstance(known, Study) else study_measured(pilot, known, rng=copy.deepcopy(seed))
        chosen = Settings.from_dict(study.settings)
        question = replace(question, calibration=chosen.calibration, balanced=chosen.pair_weights == "balanced")
    made = make_plan(study, prices, targets=targets, budgets=budgets, question=question)
    found, models = _beside(pilot, made, chosen, rng=copy.deepcopy(seed), known=known)
    kept = {label: one.kept for label, one in models.items()}
    made = replace(made, study=replace(study, models=kept, measured=found["measured"]))
    if simulate:
        found["tried"] = simulated(
            pilot, made.shop(made.best.subset, made.best.target), made.best, settings=chosen, runs=simulate, rng=seed,
            n_jobs=n_jobs, progress=show("simulation"),
        )  # fmt: skip
    if arrived is not None:
        found["collected"] = certify_collected(arrived, made.best, question=question, settings=chosen, rng=0)
    promised = None if found["promise"] is None else found["promise"].value
    return Proposal(plan=replace(made, promised=promised), **found)


def _beside(
    pilot: ModalityData, made: Plan, settings: Settings, *, rng: Any, known: Any
) -> tuple[dict[str, Any], dict[str, Model]]:
    """Return what stands beside a plan, the promise, what modalities are worth, the class's bound and the looks, and its models."""
    best, question, study = made.best, made.question, made.study
    shop = made.shop(best.subset, best.target)
    found: dict[str, Any] = {"waiting": schedule(shop, best), "promise": None, "worth": (), "measured": None}
    prepared = prepare(pilot, settings=settings, rng=rng)
    if prepared.units(prepared.split.holdout) < 8 or np.unique(pilot.codes[prepared.split.holdout]).size < 2:
        return found, {}
    subset = tuple(best.subset.split("+"))
    changed = (tuple(name for name in pilot.names if (name in subset) != (name == other)) for other in pilot.names)
    near = [one for one in changed if "+".join(one) in study.evidence]
    models = _models(prepared, (subset, *near), study, rng=rng, known=known)
    steps = steps_in(study.evidence, modalities=len(pilot.names), searched=study.searched)
    result = known[best.subset] if isinstance(known, Measurements) else study.measured
    if not isinstance(known, Measurements):
        metric = replace(prepared, settings=settings.metric_only)
        if result is None or (result.label, result.frame.facts["fingerprint"]) != (best.subset, metric.fingerprint):
            start = models[best.subset].start
            result = measure_subset(metric, subset, start=start, neighbours=False, rng=rng)
            result = replace(result, seconds=0.0)  # the same plan says the same
    found |= {
        "promise": promise_of(models[best.subset], question=question, searched=study.searched),
        "worth": worth_of(models, best.subset, steps=steps, delta=question.delta),
        "measured": result,
    }
    return found, models


def _models(
    prepared: Prepared, subsets: Sequence[tuple[str, ...]], study: Study, *, rng: Any, known: Any
) -> dict[str, Model]:
    """Return models of subsets as they were measured or stored, and trained anew where they were not."""
    labels = {"+".join(one): one for one in subsets}
    if isinstance(known, Measurements):
        return {label: Model.measured(prepared, known[label]) for label in labels}
    stored = study.models
    anew = prepared.settings.fits_model and not labels.keys() <= stored.keys()
    folds = Folds(prepared) if anew else None
    return {
        label: Model.stored(stored[label], prepared=prepared, subset=one)
        if label in stored
        else trained(prepared, one, rng=rng, folds=folds)
        for label, one in labels.items()
    }


def _prices(costs: Any, names: Sequence[str], allowed: Sequence[str]) -> Costs:
    if costs is None:
        found = Costs(per_sample=1.0, modalities={name: ModalityCost() for name in names})
    elif isinstance(costs, Mapping):
        found = Costs.from_dict(costs, names)
    else:
        found = costs if isinstance(costs, Costs) else Costs.read(costs, names)
    return found if len(allowed) == len(names) else found.only(allowed)


def _allowed(modalities: Iterable[str] | None, names: tuple[str, ...]) -> tuple[str, ...]:
    if modalities is None:
        return tuple(names)
    wanted = [modalities] if isinstance(modalities, str) else list(modalities)
    unknown = [name for name in wanted if name not in names]
    if unknown or not wanted:
        problems = [
            f"unknown modality {name!r}{suggestion(name, names)}; the data have {', '.join(names)}" for name in unknown
        ]
        raise InvalidInputError(problems or "modalities names none")
    return tuple(name for name in names if name in wanted)


def _asked(pilot: ModalityData, costs: Costs, subsets: Any) -> list[tuple[str, ...]] | None:
    """Return the candidates, or None where there are so many that a path through them is searched."""
    if subsets == "all" and len(pilot.names) > MOST_EXACT:
        return None
    found = [one for one in pilot.parse_subsets(subsets) if costs.allows(one)]
    if not found:
        raise InvalidInputError("no subset of the modalities has every required one and no excluded one")
    return found


def read_measured(measured: Any, pilot: ModalityData) -> Any:
    """Return what was measured on the pilot, refused if it speaks of other data."""
    context = "estimates"
    if isinstance(measured, (str, Path)):
        path = Path(measured)
        context = f"estimates {str(path)!r}"
        if not path.is_file():
            hint = f"`boundcalc plan DATA --out {path}` or `boundcalc train DATA --out {path}` writes it"
            raise InvalidInputError(f"there is no such file; {hint}", context=context)
        text = path.read_text(encoding="utf-8", errors="replace")
        try:
            measured = read_study(text) or Measurements.from_json(text)
        except InvalidInputError as error:
            raise InvalidInputError(f"not what `boundcalc train` or `plan` writes: {error}", context=context) from error
    if not isinstance(measured, (Study, Measurements)):
        raise InvalidInputError(f"measured={type(measured).__name__}: expected a Study, Measurements or a file of them")
    facts = measured.facts
    ours, theirs = (", ".join(f"{name} ({d})" for name, d in dims.items()) for dims in (pilot.dims, facts["dims"]))
    if theirs == ours:
        theirs, ours = f"{facts['rows']:,} rows", f"{pilot.n:,}"
    if facts["dims"] != pilot.dims or facts["rows"] != pilot.n:
        raise InvalidInputError(f"it speaks of {theirs}, the pilot has {ours}", context=context)
    return measured
