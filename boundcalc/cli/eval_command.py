"""``boundcalc eval KEY --set name=value ...``: a bound at a point or on a grid."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from boundcalc.arithmetic.written import written
from boundcalc.cli.output import DRAWN, Output
from boundcalc.cli.values import unused_settings
from boundcalc.show.answer import wrapped
from boundcalc.show.html import tag
from boundcalc.show.rounding import outwards
from boundcalc.show.tables import Table
from boundcalc.stored import stored_entry

if TYPE_CHECKING:
    import xarray

    from boundcalc.bound import Bound

ARGUMENTS = ("KEY", "set", "form", "scheduler")
ENDINGS = DRAWN
_SHOWN = 60


def run(args: Namespace) -> Output:
    """Evaluate and return value, dims, whether it says anything, whether it is certified."""
    return _stored(args) or _derived(args)


def _stored(args: Namespace) -> Output | None:
    """Evaluate at one point by the stored program of an entry of the catalogue, if that is all that is asked."""
    if args.out or args.figure or any(isinstance(value, list) for value in args.settings.values()):
        return None
    entry = stored_entry(args.key)
    sheet = None if entry is None else entry["variants"].get(args.form or entry["forms"][0])
    if entry is None or sheet is None or sheet["point"] is None:
        return None
    from boundcalc.evaluator.points import value_at

    point, relation = sheet["point"], sheet["relation"]
    found = value_at(point, {name: written(value) for name, value in args.settings.items()}, lower=relation[0] == ">")
    if found is None:
        return None
    doubt = point["why_not_certified"]
    head = f"{entry['key']} ({sheet['form']}; {sheet['provenance']}, {sheet['status']})"
    lines = _point(sheet["quantity"], relation, found.value, point["trivial"] if found.vacuous else None, doubt)
    return Output(
        {
            "key": entry["key"],
            "form": sheet["form"],
            "inputs": {name: _plain(value) for name, value in args.settings.items()},
            "value": found.value,
            "dims": [],
            "vacuous": found.vacuous,
            "certified": not doubt,
        },
        said="\n".join(map(wrapped, [head, *lines])),
    )


def _derived(args: Namespace) -> Output:
    from boundcalc.catalogue import theorem

    bound, inputs = theorem(args.key).bound(args.form), args.settings
    unused = unused_settings(bound, inputs)
    result = bound.evaluate(sound=True, **inputs) if args.scheduler is None else _swept(args.key, args.form, inputs)
    vacuous = bound.vacuous(result, **inputs)
    table = _table(bound, result, vacuous)
    doubt = bound.why_not_certified
    head = f"{bound.theorem} ({bound.form}; {bound.theorem.provenance}, {bound.theorem.doubt or bound.theorem.status})"
    if result.ndim:
        lines = [wrapped(head), "", table.head(_SHOWN).text()]
    else:
        anyway = bound.trivial if vacuous is not None and bool(vacuous) else None
        lines = [*map(wrapped, [head, *_point(bound.quantity, bound.relation, float(result), anyway, doubt)])]
    lines += [wrapped(f"not used by this bound: {', '.join(unused)}")] if unused else []
    fixed = ", ".join(f"{name} = {value}" for name, value in inputs.items() if not isinstance(value, list))
    return Output(
        {
            "key": bound.theorem.key,
            "form": bound.form,
            "inputs": {name: _plain(value) for name, value in inputs.items()},
            "value": result.values,
            "dims": result.dims,
            "vacuous": None if vacuous is None else vacuous.values,
            "certified": bound.certified,
        },
        title=f"{bound.theorem} ({bound.form})",
        said="\n".join(lines),
        shown=(table,),
        parts=(tag("p", f"at {fixed}"),),
        picture=lambda path: _draw(bound, result, path),
    )


def _swept(key: str, form: str | None, inputs: dict[str, Any]) -> xarray.DataArray:
    """Evaluate pieces of the longest axis on the workers, and put them together."""
    import xarray as xr

    from boundcalc.trainer.measure.parallel import in_parallel, workers_at_hand

    axes = {name: value for name, value in inputs.items() if isinstance(value, list)}
    longest = max(axes, key=lambda name: len(axes[name]), default="")
    axis = axes.get(longest, [])
    size = -(-len(axis) // (4 * workers_at_hand()))
    parts = [{**inputs, longest: axis[start : start + size]} for start in range(0, len(axis), size or 1)]
    found = list(in_parallel(_sound, [(key, form, part) for part in parts or [inputs]], n_jobs=-1))
    # What the bound does not use is no axis of its values.
    return xr.concat(found, dim=longest) if longest in found[0].dims else found[0]


def _sound(key: str, form: str | None, inputs: dict[str, Any]) -> xarray.DataArray:
    from boundcalc.catalogue import theorem

    return theorem(key).bound(form).evaluate(sound=True, **inputs)


def _plain(value: Any) -> Any:
    if not isinstance(value, str) or "/" in value:
        return value
    number = float(value)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _point(quantity: Any, relation: str, value: float, anyway: Any, doubt: str) -> list[str]:
    """Say a value, what holds anyway if that is no worse, and why the statement is not certified, if it is not."""
    lines = [f"{quantity} {relation} {outwards(value, relation, digits=12):.12g}"]
    if anyway is not None:
        lines.append(f"vacuous: this says no more than {quantity} {relation} {anyway}")
    return [*lines, f"not certified: {doubt}"] if doubt else lines


def _table(bound: Bound, result: xarray.DataArray, vacuous: xarray.DataArray | None) -> Table:
    """Return one row for each cell: its place on the axes, the bound, and whether it is vacuous."""
    import numpy as np

    axes = np.meshgrid(*(result[name].values for name in result.dims), indexing="ij")
    columns = [*(axis.ravel().tolist() for axis in axes), np.ravel(result.values).tolist()]
    if vacuous is not None:
        flags = np.ravel(vacuous.broadcast_like(result).transpose(*result.dims).values)
        columns.append(["yes" if flag else "" for flag in flags.tolist()])
    names = [*map(str, result.dims), "bound"] + ([] if vacuous is None else ["vacuous"])
    notes = ("Four digits, to the nearest; --json and --out FILE.csv have all of them.",)
    return Table(names, list(zip(*columns, strict=True)), title=f"{bound.quantity} {bound.relation}", notes=notes)


def _draw(bound: Bound, result: xarray.DataArray, path: Any) -> None:
    from boundcalc.report.plots import draw_grid
    from boundcalc.show.axes import save

    save(draw_grid(result, title=f"{bound.theorem} ({bound.form})", label=f"{bound.quantity} {bound.relation}"), path)
