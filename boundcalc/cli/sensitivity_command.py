"""``boundcalc sensitivity KEY --set name=value ...``: which symbol moves the bound most."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from boundcalc.cli.output import Output
from boundcalc.cli.values import add_bound_arguments, parse_settings, unused_settings
from boundcalc.errors import InvalidInputError

ENDINGS = (".json", ".csv", ".html")


def configure(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    add_bound_arguments(parser)


def run(args: Namespace) -> Output:
    """Return derivative and elasticity of each symbol at one point, the strongest first."""
    from boundcalc.catalogue import theorem
    from boundcalc.show.tables import Table

    bound = theorem(args.key).bound(args.form)
    inputs = parse_settings(args.settings)
    lists = [name for name, value in inputs.items() if isinstance(value, list)]
    if lists:
        raise InvalidInputError(
            f"{', '.join(lists)}: sensitivity is taken at one point, give one value", context=str(bound.theorem)
        )
    unused = unused_settings(bound, inputs)
    value = float(bound.evaluate(**inputs))
    rows = sorted((_row(bound, name, inputs, value) for name in bound.symbols), key=lambda row: -abs(row[3] or 0.0))
    table = Table(
        ("symbol", "at", "derivative", "elasticity", "bound"),
        rows,
        title=f"{bound.theorem} ({bound.form}) = {value:.6g}",
        notes=(
            "elasticity: by how many per cent the bound changes when the symbol grows by one per cent; by integers the "
            "derivative is that of the smooth relaxation.",
            *(["no elasticity where the bound is 0."] if not value else []),
            *([f"not used by this bound: {', '.join(unused)}."] if unused else []),
        ),
    )
    return Output(
        table.text(),
        {
            "key": bound.theorem.key,
            "form": bound.form,
            "value": value,
            "sensitivities": [
                dict(zip(("symbol", "at", "derivative", "elasticity", "direction"), row, strict=True)) for row in rows
            ],
        },
        title=table.title,
        tables=(table,),
    )


def _row(bound: Any, name: str, inputs: dict[str, Any], level: float) -> tuple[str, float, float, float | None, str]:
    from boundcalc.language.domains import as_number

    slope = float(bound.gradient(name, **inputs)) + 0.0  # no -0
    at = float(as_number(inputs[name]))
    return name, at, slope, at * slope / level + 0.0 if level else None, bound.direction(name)
