"""``boundcalc plan PILOT``: which modalities to collect, how many samples, and what is guaranteed beforehand."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boundcalc.cli.output import Output, check_path
from boundcalc.cli.training import add_arguments, changed_options, confidence, measure
from boundcalc.cli.values import parse
from boundcalc.errors import InvalidInputError, suggestion

if TYPE_CHECKING:
    from boundcalc.planner.budget import Plan
    from boundcalc.planner.costs import Costs
    from boundcalc.planner.learning_curve import PowerLaw
    from boundcalc.planner.worth import Worth
    from boundcalc.trainer import Measurements, ModalityData

ENDINGS = (".json", ".csv", ".html", ".png")
FIGURE = "boundcalc-plan.png"
_FEWEST, _MOST, _POINTS = 1e3, 1e8, 30
_SHOWN = 12


def configure(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    add_plan_arguments(parser)
    parser.add_argument("--figure", metavar="FILE", default=FIGURE, help=f"where the pictures go (default {FIGURE})")


def add_plan_arguments(parser: ArgumentParser) -> None:
    """Add what any command that plans asks for."""
    parser.add_argument(
        "pilot", metavar="PILOT", help="htad, breast_cancer, penguins, digits, or a .npz or .csv file of your own"
    )
    parser.add_argument(
        "--estimates", metavar="FILE", help="what `boundcalc train PILOT --out FILE.json` wrote: nothing is trained"
    )
    parser.add_argument(
        "--costs", metavar="FILE", help="a TOML file of prices (default: 1 for each modality of each sample)"
    )
    parser.add_argument("--budget", metavar="B", help="a total, a list a,b,c or a range lo:hi:log:k")
    parser.add_argument("--target", metavar="X", help="reach this guarantee as cheaply as possible")
    parser.add_argument("--modalities", metavar="A,B", help="plan with these modalities only (default: all)")
    parser.add_argument(
        "--quantity",
        choices=("risk", "pair_error"),
        default="risk",
        help="what is guaranteed: the risk (default), or the pair error (hinge loss only)",
    )
    parser.add_argument(
        "--split",
        choices=("equal", "optimised"),
        default="equal",
        help="how delta is split over hold-out, kappa and future sample (default equal)",
    )
    parser.add_argument(
        "--no-curve", action="store_true", help="leave out the learning curve (an estimate beside the guarantee)"
    )
    add_arguments(parser)


def run(args: Namespace) -> Output:
    """Measure the pilot or read its estimates, plan, and answer in a sentence, tables and pictures."""
    from boundcalc.errors import require
    from boundcalc.report.planning import plan_sentence, plan_tables, save_plan
    from boundcalc.show.page import answer_html, picture

    require("matplotlib", extra="plot", purpose="the plan's pictures")
    check_path(args.figure, (".png", ".pdf", ".svg"), option="--figure")
    _, plan, worth, fit = answer(args)
    curve = fit()

    def draw(path: Path) -> None:
        save_plan(plan, path, curve=curve)

    sentence = plan_sentence(plan)
    text = [sentence, *(table.text() for table in plan_tables(plan, worth=worth, curve=curve, rows=_SHOWN))]
    draw(Path(args.figure))
    tables = plan_tables(plan, worth=worth, curve=curve)
    return Output(
        "\n\n".join([*text, f"pictures: {args.figure}"]),
        plan.to_dict()
        | {
            "pilot": args.pilot,
            "worth": [vars(one) for one in worth],
            "learning_curve": _plain(curve),
            "summary": sentence,
        }
        | {"figure": args.figure},
        title=f"A plan from {args.pilot}",
        tables=tuple(tables),
        lead=(answer_html(sentence), lambda: picture(draw, "the plan")),
        figure=draw,
    )


def answer(args: Namespace) -> tuple[Measurements, Plan, tuple[Worth, ...], Callable[[], PowerLaw | None]]:
    """Return the pilot's measurements, the plan, what modalities are worth, and what fits the best subset's learning curve."""
    from boundcalc.datasets import load
    from boundcalc.planner.budget import make_plan
    from boundcalc.planner.worth import worth_of_modalities

    delta, target = confidence(args.delta), _number("target", args.target)
    budgets = None if args.budget is None else _budgets(args.budget)
    _check_before_training(args)
    data = load(args.pilot)
    measured, costs = _measured(args, data)
    plan = make_plan(
        measured,
        costs,
        budgets=budgets or _usual_budgets(costs),
        delta=delta,
        quantity=args.quantity,
        target=target,
        optimise_split=args.split == "optimised",
    )
    worth = worth_of_modalities(measured, delta=delta) if measured.nests else ()
    return measured, plan, worth, lambda: None if args.no_curve else _curve(args, data, measured, plan)


def _measured(args: Namespace, data: ModalityData) -> tuple[Measurements, Costs]:
    """Return the pilot's measurements and the prices, both restricted to the modalities asked for."""
    from boundcalc.planner.costs import Costs
    from boundcalc.trainer import Measurements

    costs = Costs.uniform(data.names) if args.costs is None else Costs.read(args.costs, data.names)
    allowed = _modalities(args.modalities, data.names)
    labels = [
        "+".join(group)
        for size in range(1, len(allowed) + 1)
        for group in combinations(allowed, size)
        if costs.allows(group)
    ]
    if not labels:
        raise InvalidInputError("no subset of the modalities has every required one and no excluded one")
    if args.estimates is None:
        if args.subsets == "all":
            args.subsets = ",".join(labels)
        measured = measure(args, data)
        return measured, costs if args.modalities is None else costs.only(allowed)
    _check_readable(args.estimates)
    try:
        measured = Measurements.from_json(Path(args.estimates).read_text(encoding="utf-8", errors="replace"))
    except InvalidInputError as error:
        raise InvalidInputError(
            f"--estimates {args.estimates!r} is not what `boundcalc train` writes: {error}"
        ) from error
    if measured.facts["dims"] == data.dims and measured.facts["rows"] != data.n:
        raise InvalidInputError(
            f"--estimates {args.estimates}: it speaks of {measured.facts['rows']:,} rows, the pilot has {data.n:,}"
        )
    if measured.facts["dims"] != data.dims:
        raise InvalidInputError(
            f"--estimates {args.estimates}: it speaks of {_listed(measured.facts['dims'])}, the pilot has {_listed(data.dims)}"
        )
    return measured.at(confidence(args.delta)), costs if args.modalities is None else costs.only(allowed)


def _listed(dims: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({width})" for name, width in dims.items())


#: Options that speak of the training alone.
_OF_TRAINING = ("subsets", "loss", "lam_max", "weights", "jobs", "resume")


def _check_before_training(args: Namespace) -> None:
    """Refuse what training cannot mend, and options of the training where nothing is trained."""
    if args.estimates is None:
        if args.quantity == "pair_error" and args.loss != "hinge":
            raise InvalidInputError(f"--quantity pair_error needs --loss hinge, not {args.loss}")
        return
    given = changed_options(args, _OF_TRAINING, configure=add_arguments)
    if given:
        raise InvalidInputError(f"--estimates: nothing is trained, so {', '.join(given)} would change nothing")


def _check_readable(name: str) -> None:
    """Refuse a file that is not there."""
    if not Path(name).is_file():
        raise InvalidInputError(
            f"--estimates {name!r}: there is no such file; `boundcalc train PILOT --out {name}` writes it"
        )


def _modalities(text: str | None, names: tuple[str, ...]) -> tuple[str, ...]:

    if text is None:
        return tuple(names)
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    unknown = [name for name in wanted if name not in names]
    if unknown or not wanted:
        problems = [
            f"unknown modality {name!r}{suggestion(name, names)}; the data have {', '.join(names)}" for name in unknown
        ]
        raise InvalidInputError(problems or ["--modalities names none"])
    return tuple(name for name in names if name in wanted)


def _number(name: str, text: str | None) -> float | None:
    if text is None:
        return None
    value = parse(name, text)
    if isinstance(value, list):
        raise InvalidInputError(f"--{name} {text!r} must be one number")
    return _value(name, value)


def _value(name: str, text: Any) -> float:
    """Return a finite number > 0 that was typed as decimal or as a fraction."""
    from fractions import Fraction

    try:
        value = float(Fraction(str(text)))
    except ValueError:
        value = float(text)
    except OverflowError:
        value = float("inf")
    if not 0 < value < float("inf"):
        raise InvalidInputError(f"{name} = {value!r} must be a finite number > 0")
    return value


def _budgets(text: str) -> list[float]:
    value = parse("budget", text)
    return [_value("budget", one) for one in (value if isinstance(value, list) else [value])]


def _usual_budgets(costs: Costs) -> list[float]:
    """Return totals from a thousand to a hundred million samples (or all there are) of everything not excluded."""
    import numpy as np

    kept = {name: cost for name, cost in costs.modalities.items() if not cost.excluded}
    most = min(_MOST, max(_MOST if cost.max_samples is None else cost.max_samples for cost in kept.values()))
    least = min(_FEWEST, max(most / 100, 2))
    low, high = (float(costs.total(kept, int(count))) for count in (least, most))
    if high == 0:  # all that is collected is free
        return [1.0]
    return sorted({float(f"{total:.3g}") for total in np.geomspace(max(low, 1e-9 * high), high, _POINTS)} | {high})


def _curve(args: Namespace, data: ModalityData, measured: Measurements, plan: Plan) -> PowerLaw | None:
    """Fit a power law to nested pilot sizes of the best subset; None where there are too few rows."""
    import numpy as np

    from boundcalc.cli.progress import reporter
    from boundcalc.planner.learning_curve import fit_power_law
    from boundcalc.trainer.measure.curve import SMALLEST, nested_risks
    from boundcalc.trainer.measure.settings import Settings

    if measured.facts["train_rows"] < 4 * SMALLEST:
        return None
    rng = np.random.default_rng(args.seed)
    points = nested_risks(
        data,
        plan.best.subset.split("+"),
        settings=Settings.from_dict(measured.settings),
        rng=rng,
        progress=reporter("learning curve"),
    )
    values = points.risk if plan.pilot.quantity == "risk" else points.pair_error
    return fit_power_law(points.sizes, values, rng=rng)


def _plain(curve: PowerLaw | None) -> dict[str, Any] | None:
    if curve is None:
        return None
    return {
        "offset": curve.offset,
        "scale": curve.scale,
        "rate": curve.rate,
        "level": curve.level,
        "status": "estimated",
    }
