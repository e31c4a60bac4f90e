"""``boundcalc train DATA``: train on modality subsets and hand over what bounds need."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from boundcalc.cli.output import Output
from boundcalc.cli.training import add_arguments, measure

if TYPE_CHECKING:
    from boundcalc.trainer import Measurements

ENDINGS = (".json", ".csv", ".html")


def configure(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "data", metavar="DATA", help="htad, breast_cancer, penguins, digits, or a .npz or .csv file of your own"
    )
    add_arguments(parser)


def run(args: Namespace) -> Output:
    """Train and return a table of the subsets, with all estimates as data."""
    import json

    from boundcalc.show.tables import Table

    measured = measure(args, args.data)
    rows = [
        (
            label,
            result.d,
            result.estimates["rhat_M"].value,
            result.estimates["eps_opt"].value,
            _value(result, "rhat_holdout"),
            result.trivial_holdout_risk,
            result.weighted_holdout_error,
            result.weighted_trivial_holdout_error,
            result.estimates["R_M"].value,
            result.estimates["kappa_M"].value,
        )
        for label, result in measured.items()
    ]
    table = Table(
        (
            "subset",
            "d",
            "risk",
            "eps_opt",
            "held-out risk",
            "const. rule",
            "held-out error",
            "const. rule",
            "R_M",
            "kappa",
        ),
        rows,
        title=f"Trained on {args.data}",
        notes=_notes(measured),
    )
    records = "\n\n".join(str(result.estimates) for result in measured.values())
    return Output(
        f"{table.text()}\n\n{records}" if len(measured) <= 3 else table.text(),
        json.loads(measured.to_json()),
        title=f"Trained on {args.data}",
        tables=(table,),
        body=tuple(result.estimates._repr_html_() for result in measured.values()),
    )


def _value(result: object, name: str) -> float | None:
    estimates = result.estimates  # type: ignore[attr-defined]
    return estimates[name].value if name in estimates else None


def _notes(measured: Measurements) -> list[str]:
    from boundcalc.trainer.data.cautions import cautions

    first = next(iter(measured.values()))
    estimated = [entry.name for entry in first.estimates if entry.symbol and entry.status != "certified"]
    notes = [
        "risk, eps_opt: all training pairs, optimum certified; held-out: all pairs of the hold-out part, beside what the best "
        "constant rule reaches there; R_M, kappa: certified upper values.",
        f"estimated, not certified: {', '.join(estimated)}."
        if estimated
        else "Every value handed to a bound is certified, for rows drawn independently.",
    ]
    if "sampling_error" in first.estimates:
        notes.append(
            f"{measured.facts['train_rows']:,} training rows have too many pairs: risk, eps_opt and ramp risks are upper "
            f"confidence values over {measured.settings['sampled_pairs']:,} sampled pairs, at delta like R_M and kappa."
        )
    weights = [first.estimates[name].value for name in ("omega_pos", "omega_neg")]
    if weights != [1.0, 1.0]:
        notes.append(f"Similar pairs weigh {weights[0]:.3g}, dissimilar ones {weights[1]:.3g}, in risks and errors.")
    if measured.facts.get("missing_blocks"):
        notes.append(
            f"{measured.facts['missing_blocks']:,} blocks are missing: such a modality adds nothing to a pair's distance."
        )
    notes += cautions(measured.facts)
    if measured.facts.get("constant_features"):
        count = measured.facts["constant_features"]
        which = "1 feature never changes: it tells" if count == 1 else f"{count:,} features never change: they tell"
        notes.append(f"{which} no pair from another.")
    note = measured.facts.get("note")
    return [*notes, str(note)] if note else notes
