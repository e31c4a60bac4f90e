"""``boundcalc eval KEY --set name=value ...``: a bound at a point or on a grid."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boundcalc.cli.output import Output
from boundcalc.cli.values import add_bound_arguments, parse_settings, unused_settings
from boundcalc.show.rounding import outwards

if TYPE_CHECKING:
    import xarray

    from boundcalc.bound import Bound

ENDINGS = (".json", ".csv", ".html", ".png")
_SHOWN = 60


def configure(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    add_bound_arguments(parser)


def run(args: Namespace) -> Output:
    """Evaluate and return value, dims, whether it says anything, whether it is certified."""
    from boundcalc.catalogue import theorem

    bound = theorem(args.key).bound(args.form)
    inputs = parse_settings(args.settings)
    unused = unused_settings(bound, inputs)
    result = bound.evaluate(sound=True, **inputs)
    vacuous = bound.vacuous(result, **inputs)
    data = {
        "key": bound.theorem.key,
        "form": bound.form,
        "inputs": {name: _plain(value) for name, value in inputs.items()},
        "value": result.values.tolist(),
        "dims": list(result.dims),
        "vacuous": None if vacuous is None else vacuous.values.tolist(),
        "certified": bound.certified,
    }
    table = _table(bound, result, vacuous)
    return Output(
        _text(bound, result, vacuous, table) + (f"\nnot used by this bound: {', '.join(unused)}" if unused else ""),
        data,
        title=f"{bound.theorem} ({bound.form})",
        tables=(table,),
        lead=(f"<p>{_fixed(inputs)}</p>",),
        figure=lambda path: _draw(bound, result, path),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        number = float(value) if "/" not in value else None
        if number is not None and number.is_integer() and abs(number) < 2**53:
            return int(number)
        return number if number is not None else value
    return value


def _fixed(inputs: dict[str, Any]) -> str:
    """Return the values that do not vary, in one line."""
    return "at " + ", ".join(f"{name} = {value}" for name, value in inputs.items() if not isinstance(value, list))


def _text(bound: Bound, result: xarray.DataArray, vacuous: xarray.DataArray | None, table: Any) -> str:
    head = f"{bound.theorem} ({bound.form}; {bound.theorem.provenance}, {bound.theorem.status})"
    if result.ndim:
        return f"{head}\n\n{table.head(_SHOWN).text()}"
    line = f"{bound.quantity} {bound.relation} {outwards(float(result), bound.relation, digits=12):.12g}"
    if vacuous is not None and bool(vacuous):
        line += f"\nvacuous: this says no more than {bound.quantity} {bound.relation} {bound.trivial}"
    if not bound.certified:
        line += "\nnot certified: " + bound.why_not_certified
    return f"{head}\n{line}"


def _table(bound: Bound, result: xarray.DataArray, vacuous: xarray.DataArray | None) -> Any:
    """Return one row for each cell: its place on the axes, the bound, and whether it is vacuous."""
    import numpy as np

    from boundcalc.show.tables import Table

    axes = np.meshgrid(*(result[name].values for name in result.dims), indexing="ij")
    columns = [*(axis.ravel().tolist() for axis in axes), np.ravel(result.values).tolist()]
    if vacuous is not None:
        flags = np.ravel(vacuous.broadcast_like(result).transpose(*result.dims).values)
        columns.append(["yes" if flag else "" for flag in flags.tolist()])
    names = [*map(str, result.dims), "bound"] + ([] if vacuous is None else ["vacuous"])
    notes = ("Four digits, to the nearest; --json and --out FILE.csv have all of them.",)
    return Table(names, list(zip(*columns, strict=True)), title=f"{bound.quantity} {bound.relation}", notes=notes)


def _draw(bound: Bound, result: xarray.DataArray, path: Path) -> None:
    from boundcalc.report.plots import draw_grid, save

    save(draw_grid(result, title=f"{bound.theorem} ({bound.form})", label=f"{bound.quantity} {bound.relation}"), path)
