"""``boundcalc sensitivity KEY --set name=value ...``: which symbol moves the bound most."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from boundcalc.cli.output import TABLES, Output
from boundcalc.cli.values import single, unused_settings
from boundcalc.show.tables import Table

ARGUMENTS = ("KEY", "set", "form")
ENDINGS = TABLES


def run(args: Namespace) -> Output:
    """Return derivative and elasticity of each symbol at one point, the strongest first."""
    from boundcalc.catalogue import theorem

    bound = theorem(args.key).bound(args.form)
    inputs = single(args.settings, what="sensitivity is taken at one point")
    unused = unused_settings(bound, inputs)
    value = float(bound.evaluate(**inputs))
    rows = sorted((_row(bound, name, inputs, value) for name in bound.symbols), key=lambda row: -abs(row[3] or 0.0))
    notes = [
        "elasticity: by how many per cent the bound changes when the symbol grows by one per cent; by integers the "
        "derivative is that of the smooth relaxation."
    ]
    notes += ["no elasticity where the bound is 0."] if not value else []
    notes += [f"not used by this bound: {', '.join(unused)}."] if unused else []
    title = f"{bound.theorem} ({bound.form}) = {value:.6g}"
    names = ("symbol", "at", "derivative", "elasticity", "direction")
    return Output(
        {
            "key": bound.theorem.key,
            "form": bound.form,
            "value": value,
            "sensitivities": [dict(zip(names, row, strict=True)) for row in rows],
        },
        title=title,
        shown=(Table((*names[:-1], "bound"), rows, title=title, notes=notes),),
    )


def _row(bound: Any, name: str, inputs: dict[str, Any], level: float) -> tuple[str, float, float, float | None, str]:
    from boundcalc.language.domains import as_number

    slope = float(bound.gradient(name, **inputs)) + 0.0  # no -0
    at = float(as_number(inputs[name]))
    return name, at, slope, at * slope / level + 0.0 if level else None, bound.direction(name)
