"""``boundcalc plan DATA``: which modalities to collect, how many rows, how to split them, and what is then certified.

``boundcalc plan KEY`` answers for one statement, of the catalogue or of a file: how many rows its bound needs for a target.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from boundcalc.cli.arguments import PLANNING, changed
from boundcalc.cli.output import DRAWN, Output
from boundcalc.cli.training import data_of, subset_settings
from boundcalc.cli.values import unused_settings
from boundcalc.errors import InvalidInputError
from boundcalc.show.answer import Answer
from boundcalc.show.rounding import outwards
from boundcalc.show.tables import Table

ARGUMENTS = ("DATA:KEY", *PLANNING[1:], "collected", "simulate", "set", "form")
ENDINGS = DRAWN

#: Options that speak of the training alone.
_OF_TRAINING = ("subsets", "loss", "lam_max", "weights", "holdout", "prepared", "trained", "threshold_for")


def run(args: Namespace) -> Answer:
    """Study the pilot or read what was measured on it, plan, and answer in a sentence, tables and pictures."""
    from boundcalc.report.planning import plan

    _refuse_answer(args.data)
    if _is_theorem(args.data):
        return _of_statement(args)
    if args.settings or args.form:
        raise InvalidInputError(f"--set and --form are for a theorem, and {args.data!r} is none", context="plan")
    collected = None if args.collected is None else data_of(args, args.collected)
    return plan(data_of(args, args.data), **planning_settings(args), collected=collected, simulate=args.simulate)


def planning_settings(args: Namespace) -> dict[str, Any]:
    """Return what planning asks for; options of the training are refused where nothing is trained."""
    settings = subset_settings(args)
    if args.estimates is not None:
        if given := changed(args, _OF_TRAINING):
            raise InvalidInputError(f"--estimates: nothing is trained, so {', '.join(given)} would change nothing")
        settings = {name: settings[name] for name in ("delta", "rng", "progress")}
    return {
        **settings,
        "n_jobs": args.jobs,
        "measured": args.estimates,
        "costs": args.costs,
        "budgets": args.budget,
        "target": args.target,
        "power": args.power,
        "modalities": args.modalities,
        "quantity": args.quantity,
        "curve": not args.no_curve,
    }


def _refuse_answer(name: str) -> None:
    """Say how to plan again with what a plan has written, where its file stands in the place of the data."""
    from boundcalc.language.records import from_json

    path = Path(name)
    if path.suffix == ".json" and path.is_file():
        record = from_json(path.read_text(encoding="utf-8", errors="replace"))
        if isinstance(record, dict) and "study" in record:
            told = f"{name!r} is the answer of a plan, not data: `boundcalc plan DATA --estimates {name}` plans with it again"
            raise InvalidInputError(told, context="plan")


def _is_theorem(name: str) -> bool:
    from boundcalc.datasets import available

    path = Path(name)
    if name in available() or (path.exists() and path.suffix != ".json"):
        return False  # and no catalogue is read
    from boundcalc.catalogue import theorem
    from boundcalc.catalogue.own import is_file_name

    try:
        return is_file_name(name) or bool(theorem(name))
    except InvalidInputError:
        return False


def _of_statement(args: Namespace) -> Output:
    """Return the smallest value of the symbol that is left open for which a theorem's bound meets each target."""
    from boundcalc.catalogue import theorem
    from boundcalc.inverse.solve import minimal_n

    bound = theorem(args.data).bound(args.form)
    inputs = {**({} if "delta" in args.settings else {"delta": args.delta}), **args.settings}
    meant = [name for name in ARGUMENTS if name not in ("DATA:KEY", "target", "delta", "set", "form")]
    problems = [f"{option} is for planning with data: {args.data} is a theorem" for option in changed(args, meant)]
    problems += (
        ["give delta once, by --delta or by --set"] if changed(args, ["delta"]) and "delta" in args.settings else []
    )
    problems += [] if args.target else ["--target X is needed: what the bound should reach"]
    left = [name for name in bound.symbols if name not in inputs]
    problems += (
        [] if len(left) == 1 else [f"--set all symbols but the one to plan; open are {', '.join(left) or 'none'}"]
    )
    if problems:
        raise InvalidInputError(problems, context=str(bound.theorem))
    unused = [name for name in unused_settings(bound, inputs) if name in args.settings]
    (name,) = left
    needed = minimal_n(bound, target=args.target, name=name, **inputs)
    there = {**inputs, name: needed}
    reached = bound.evaluate(sound=True, **there)
    vacuous = bound.vacuous(reached, **there)
    columns = [*map(str, needed.dims), name, "bound there"]
    cells = needed.to_dataset(name="least").assign(reached=reached).to_dataframe().reset_index()
    rows = [
        (*row[:-2], int(row[-2]), outwards(float(row[-1]), bound.relation, digits=6))
        for row in cells[[*needed.dims, "least", "reached"]].itertuples(index=False)
    ]
    given = ", ".join(f"{symbol} = {value}" for symbol, value in inputs.items() if symbol in bound.symbols)
    notes = [
        f"the smallest {name} for which {bound.quantity} {bound.relation} target is what the theorem says, at {given}"
    ]
    notes += [] if bound.certified else [f"not certified: {bound.why_not_certified}"]
    notes += (
        ["somewhere the bound says no more than what holds anyway"] if vacuous is not None and vacuous.any() else []
    )
    notes += [f"not used by this bound: {', '.join(unused)}"] if unused else []
    title = f"{bound.theorem} ({bound.form})"
    return Output(
        {
            "key": bound.theorem.key,
            "form": bound.form,
            "inputs": inputs,
            "target": args.target,
            "planned": name,
            "value": needed.values,
            "dims": needed.dims,
            "reached": reached.values,
            "vacuous": None if vacuous is None else vacuous.values,
            "certified": bound.certified,
        },
        title=title,
        shown=(Table(columns, rows, title=title, notes=notes),),
    )
