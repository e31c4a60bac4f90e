"""Theorems of one's own in files: data only, and rebuilt from their steps when they are read.

A file holds the steps, not the bound: what a step applies is applied again, the chain is folded again, and nothing that the
file says of its own certainty is believed. `boundcalc.check` then says whether the steps hold.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import sympy

from boundcalc.bound import Bound
from boundcalc.catalogue.registry import REGISTRY
from boundcalc.errors import InvalidInputError, in_context
from boundcalc.language.expressions import decode_as, encode, one_of, text_of
from boundcalc.language.files import write_text
from boundcalc.language.records import from_json, to_json
from boundcalc.statements.derivation import Derivation, Event, Named, Step
from boundcalc.statements.statement import UNITS
from boundcalc.symbols import Constraint
from boundcalc.theorems import Form, Provenance, Source, Status, Theorem, by

__all__ = ["load", "made_again", "save", "theorem_from_json", "theorem_to_json"]

_FORMAT = 1


def save(theorem: Theorem, path: str | Path) -> None:
    """Write a theorem of your own to a file, with its steps, events, symbols and the names of its experiments.

    Parameters
    ----------
    theorem : Theorem
    path : str or Path
        Ending in ``.json``; replaced if it exists.

    Raises
    ------
    InvalidInputError
        If it is no theorem, a step has an experiment without a name or applies a bound without steps, or the file cannot be
        written.
    """
    path = Path(path)
    text = theorem_to_json(theorem)
    if path.suffix != ".json" or not path.parent.is_dir() or path.is_dir():
        raise InvalidInputError(f"path = {str(path)!r} must be a file that ends in .json, in a folder that exists")
    try:
        write_text(path, text + "\n")
    except OSError as error:
        raise InvalidInputError(f"path = {str(path)!r} cannot be written: {error}") from error


def load(path: str | Path) -> Any:
    """Return the theorem of a file that `save` wrote, or all of a folder by their keys.

    Parameters
    ----------
    path : str or Path
        A ``.json`` file, or a folder of them.

    Returns
    -------
    Theorem or dict of str to Theorem
        Unchecked, whatever the file says: `boundcalc.check` tells whether the steps hold.

    Raises
    ------
    InvalidInputError
        If there is no such file, it is no theorem of this format, its steps do not fold, or two of a folder have one key.
    """
    path = Path(path)
    if not path.is_dir():
        return _read(str(path.resolve()), *_stamp(path))
    found: dict[str, Theorem] = {}
    for file in sorted(path.glob("*.json")):
        one = load(file)
        if one.key in found:
            raise InvalidInputError(f"two files have a theorem of the key {one.key!r}", context=str(path))
        found[one.key] = one
    return found


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise InvalidInputError(f"path = {str(path)!r} cannot be read: {error.strerror}") from error
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=64)
def _read(path: str, changed: int, size: int) -> Theorem:
    """Return the theorem of a file as it was at that time, so that one file is one theorem."""
    if size > _LARGEST:
        raise InvalidInputError(f"{size} bytes are no theorem", context=path)
    with in_context(path):
        try:
            return theorem_from_json(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInputError(f"it cannot be read: {error}") from error


_LARGEST = 10_000_000


# ---------------------------------------------------------------- writing


def theorem_to_json(theorem: Theorem) -> str:
    """Return a theorem as text; `theorem_from_json` rebuilds it.

    Parameters
    ----------
    theorem : Theorem

    Raises
    ------
    InvalidInputError
        As `save` does.
    """
    if not isinstance(theorem, Theorem):
        raise InvalidInputError(f"theorem = {theorem!r} is no Theorem")
    try:
        return to_json(_theorem_data(theorem), indent=1)
    except TypeError as error:
        raise InvalidInputError(str(error), context=theorem.key) from error


def _theorem_data(theorem: Theorem) -> dict[str, Any]:
    plain = ("key", "number", "title", "claim", "quantity", "assumptions", "unit", "remarks")
    return {
        "boundcalc_theorem": _FORMAT,
        **{name: getattr(theorem, name) for name in plain},
        "source": {name: getattr(theorem.source, name) for name in ("work", "identifier", "place")},
        "domain": [[encode(symbol), encode(allowed)] for symbol, allowed in theorem.domain.items()],
        "constraints": [[encode(c.lower), encode(c.upper), c.strict] for c in theorem.constraints],
        "notes": dict(theorem.notes),
        "uniform": [encode(symbol) for symbol in theorem.uniform],
        "forms": [[name, _form_data(form)] for name, form in theorem.variants.items()],
    }


def _form_data(form: Form) -> dict[str, Any]:
    chain = form.derivation
    return {
        "provenance": str(form.provenance),
        "status": str(form.status),
        "strict": form.strict,
        "trivial": None if form.trivial is None else encode(form.trivial),
        "remarks": form.remarks,
        "quantity": encode(chain.quantity),
        "where": [[encode(short), encode(full)] for short, full in chain.where.items()],
        "domains": [[encode(symbol), encode(allowed)] for symbol, allowed in chain.domains.items()],
        "steps": [_step_data(step) for step in chain.steps],
    }


def _step_data(step: Step) -> dict[str, Any]:
    experiment = step.experiment
    if experiment is not None and not isinstance(experiment, Named):
        raise InvalidInputError(
            "an experiment of your own is code and stays out of the file: give the step one by its name, named('...'), or "
            "none (dataclasses.replace(step, experiment=None))",
            context=f"step {step}",
        )
    shared = {
        "left": encode(step.left),
        "because": step.because,
        "experiment": None if experiment is None else [experiment.name, [list(pair) for pair in experiment.options]],
        "events": [[event.name, event.statement, event.subset, event.of] for event in step.events],
    }
    applied = step.applies
    if applied is None:
        return {
            **shared,
            "relation": step.relation,
            "right": encode(step.right),
            "kind": step.kind,
            "cites": step.cites,
            "definitions": [[encode(symbol), encode(value)] for symbol, value in step.definitions.items()],
            "using": step.using,
        }
    lemma = applied.lemma
    return {
        **shared,
        "applies": _lemma_data(lemma) if isinstance(lemma, Theorem) else _bound_data(lemma),
        "form": applied.form,
        "union": encode(applied.union),
        "values": [[name, encode(value)] for name, value in applied.values.items()],
    }


def _lemma_data(lemma: Theorem) -> Any:
    entry = lemma.key in REGISTRY and REGISTRY[lemma.key] is lemma
    return lemma.key if entry else _theorem_data(lemma)


def _bound_data(bound: Bound) -> dict[str, Any]:
    """Return how a bound was made: from which theorem, and by which methods with which arguments."""
    if isinstance(bound.made, Theorem):
        return {"theorem": _lemma_data(bound.made), "form": bound.form}
    before, method, arguments = _made(bound)
    if method == "relax":
        return {"theorem": _theorem_data(_relaxed(before, arguments["step"])), "form": bound.form}
    told = {name: _argument_data(value) for name, value in arguments.items()}
    return {"of": _bound_data(before), "method": method, "arguments": told}


def made_again(bound: Bound) -> Bound:
    """Return a bound made again as it says that it was made; a relaxed one as a theorem of its own.

    Raises
    ------
    InvalidInputError
        If it was read from a file, or cannot be made so.
    """
    if isinstance(bound.made, Theorem):
        return bound.made.bound(bound.form)
    before, method, arguments = _made(bound)
    if method == "relax":
        return _relaxed(before, arguments["step"]).bound()
    values = arguments.get("values", {})
    again = {name: made_again(value) if isinstance(value, Bound) else value for name, value in values.items()}
    return _called(made_again(before), method, arguments, again)


def _made(bound: Bound) -> tuple[Bound, str, Mapping[str, Any]]:
    """Return the bound, the method and the arguments that a bound was made by."""
    if bound.made is None:
        raise InvalidInputError(
            "it was read from a file and has no steps to save: apply its theorem", context=str(bound)
        )
    made: tuple[Bound, str, Mapping[str, Any]] = bound.made
    return made


def _called(before: Bound, method: str, arguments: Mapping[str, Any], values: Mapping[str, Any]) -> Bound:
    """Return what a method makes of a bound."""
    match method:
        case "substitute":
            return before.substitute(**{"union": arguments["union"], **values})
        case "minimise":
            return before.minimise(
                **{"name": arguments["name"], "over": [*arguments["over"]], "price": "grid", **values}
            )
        case "with_split":
            return before.with_split(arguments["fractions"])
        case "on_subset":
            return before.on_subset(arguments["subset"])
    return before.simplify()


def _argument_data(value: Any) -> Any:
    """Return an argument of a bound's method: a text, an expression, a bound, some of them, or these by name."""
    if isinstance(value, Mapping):
        return [[name, _argument_data(one)] for name, one in value.items()]
    if isinstance(value, tuple):
        return list(map(encode, value))
    return _bound_data(value) if isinstance(value, Bound) else value if isinstance(value, str) else encode(value)


def _relaxed(bound: Bound, step: Step) -> Theorem:
    """Return a relaxed bound as a theorem: the bound that was relaxed, and the step from there."""
    parts = (bound.theorem, *bound.ingredients)
    provenance = next((one.provenance for one in parts if one.provenance != Provenance.DERIVED), Provenance.DERIVED)
    status = next((one.status for one in parts if one.status != Status.HOLDS), Status.HOLDS)
    before = by(bound, bound.quantity, because=bound.theorem.title)
    form = Form(
        Derivation(bound.quantity, (before, step)), Provenance(provenance), Status(status), trivial=bound.trivial
    )
    return Theorem(
        f"relaxed.{bound.theorem.key}", "-", bound.theorem.title, " with ".join(map(str, parts)), str(bound.quantity),
        Source(bound.theorem.source), {bound.form: form}, notes=bound.notes, unit=bound.unit, uniform=bound.uniform,
    )  # fmt: skip


# ---------------------------------------------------------------- reading


def theorem_from_json(text: str) -> Theorem:
    """Return the theorem that `theorem_to_json` wrote, rebuilt from its steps; nothing in the text is evaluated.

    Parameters
    ----------
    text : str

    Raises
    ------
    InvalidInputError
        If it is no theorem of this format, or its steps do not fold.
    """
    try:
        read = _theorem(from_json(text))
        for form in read.forms:
            read.bound(form)
        return read
    except InvalidInputError:
        raise
    except (
        KeyError,
        TypeError,
        ValueError,
        IndexError,
        AttributeError,
        ArithmeticError,
        NotImplementedError,
        RecursionError,
    ) as error:
        said = f"{type(error).__name__}: {error}" if isinstance(error, KeyError) else str(error)
        raise InvalidInputError(f"no theorem of boundcalc's format: {' '.join(said.split())[:300]}") from error


def _theorem(data: Any) -> Theorem:
    if _object(data, _THEOREM)["boundcalc_theorem"] is not _FORMAT:
        raise ValueError(f"format {data['boundcalc_theorem']!r} is not {_FORMAT}")
    source = _object(data["source"], ("work", "identifier", "place"))
    forms = {text_of(name): _form(form) for name, form in _list(data["forms"])}
    if len(forms) != len(data["forms"]):
        raise ValueError("two forms have one name")
    key = text_of(data["key"])
    if key in REGISTRY:
        raise ValueError(f"the key {key!r} belongs to the catalogue: give it one of your own")
    return Theorem(
        key=key,
        **{name: text_of(data[name]) for name in ("number", "title", "claim", "quantity")},
        source=Source(*(text_of(source[name]) for name in ("work", "identifier", "place"))),
        assumptions=_texts(data["assumptions"]),
        domain=_sets(data["domain"]),
        constraints=tuple(
            Constraint(_expr(low), _expr(high), _truth(strict)) for low, high, strict in _list(data["constraints"])
        ),
        notes={text_of(name): text_of(note) for name, note in data["notes"].items()},
        unit=one_of(data["unit"], UNITS),
        uniform=tuple(_symbol(one) for one in _list(data["uniform"])),
        remarks=_texts(data["remarks"]),
        variants=forms,
    )


def _form(data: Any) -> Form:
    _object(data, _FORM)
    chain = Derivation(
        quantity=_expr(data["quantity"]),
        steps=tuple(_step(step) for step in _list(data["steps"])),
        where={_symbol(short): _expr(full) for short, full in _list(data["where"])},
        domains=_sets(data["domains"]),
    )
    return Form(
        chain,
        Provenance(text_of(data["provenance"])),
        Status(text_of(data["status"])),
        _truth(data["strict"]),
        None if data["trivial"] is None else _expr(data["trivial"]),
        _texts(data["remarks"]),
    )


def _step(data: Any) -> Step:
    _object(data, _APPLIED if "applies" in data else _STEP)
    events = tuple(map(_event, _list(data["events"])))
    experiment = None
    if data["experiment"] is not None:
        name, options = data["experiment"]
        experiment = Named(text_of(name), tuple((text_of(key), _option(value)) for key, value in options))
    if "applies" not in data:
        return Step(
            _expr(data["left"]),
            data["relation"],
            _expr(data["right"]),
            text_of(data["because"]),
            data["kind"],
            text_of(data["cites"]),
            {_symbol(symbol): _expr(value) for symbol, value in _list(data["definitions"])},
            events,
            experiment,
            using=tuple(_list(data["using"])),
        )
    lemma = _applied(data["applies"])
    values = _named(data["values"], _expr)
    if not values.keys().isdisjoint(_OPTIONS):
        raise ValueError(f"the values {', '.join(values)} are no symbols of the statement that is applied")
    step = by(
        lemma,
        _expr(data["left"]),
        because=text_of(data["because"]),
        form=text_of(data["form"]),
        event=events[0] if len(events) == 1 else None,
        union=_expr(data["union"]),
        **values,
    )
    return replace(step, experiment=experiment)


def _applied(data: Any) -> Theorem | Bound:
    """Return what a step applies: an entry by its key, a theorem, or a bound that is made again."""
    if isinstance(data, str):
        return REGISTRY[data]
    return _theorem(data) if "boundcalc_theorem" in data else _bound(data)


def _bound(data: Any) -> Bound:
    """Return a bound, made again by the methods that it was made by."""
    if "method" not in data:
        return cast(Theorem, _applied(_object(data, ("theorem", "form"))["theorem"])).bound(text_of(data["form"]))
    method = one_of(_object(data, ("of", "method", "arguments"))["method"], _METHODS)
    told = _object(data["arguments"], _METHODS[method])
    values = _named(told.get("values", []), _value)
    if not values.keys().isdisjoint(("union", "name", "over", "price", "points")):
        raise ValueError(f"the values {', '.join(values)} are no symbols of a bound")
    read = {name: _READ[name](told[name]) for name in _METHODS[method] if name != "values"}
    return _called(_bound(data["of"]), method, read, values)


def _named(data: Any, read: Callable[[Any], Any]) -> dict[str, Any]:
    """Return what pairs of a name and data say, each name once."""
    found = {text_of(name): read(one) for name, one in _list(data)}
    if len(found) != len(data):
        raise ValueError(f"a name is given twice: {', '.join(found)}")
    return found


def _value(data: Any) -> Any:
    return _bound(data) if isinstance(data, dict) and not data.keys().isdisjoint(("of", "theorem")) else _expr(data)


#: The methods that a bound may be made by, with their arguments.
_METHODS: Mapping[str, tuple[str, ...]] = {
    "substitute": ("union", "values"),
    "minimise": ("name", "over", "values"),
    "with_split": ("fractions",),
    "on_subset": ("subset",),
    "simplify": (),
}
_READ: Mapping[str, Callable[[Any], Any]] = {
    "union": lambda data: _expr(data),
    "name": text_of,
    "over": lambda data: [_expr(one) for one in _list(data)],
    "fractions": lambda data: _named(data, _expr),
    "subset": text_of,
}
_OPTIONS = frozenset({"because", "form", "event", "union", "experiment"})
_STEP = ("left", "because", "experiment", "events", "relation", "right", "kind", "cites", "definitions", "using")
_APPLIED = ("left", "because", "experiment", "events", "applies", "form", "union", "values")
_FORM = ("provenance", "status", "strict", "trivial", "remarks", "quantity", "where", "domains", "steps")
_THEOREM = (
    "boundcalc_theorem", "source", "forms",
    *(one.name for one in fields(Theorem) if one.name not in ("source", "variants")),
)  # fmt: skip


def _object(data: Any, names: Collection[str]) -> Mapping[str, Any]:
    """Return a record with exactly these names."""
    if not isinstance(data, dict) or set(data) != set(names):
        given = sorted(data) if isinstance(data, dict) else data
        raise ValueError(f"{str(given)[:120]}: expected the names {', '.join(sorted(names))}")
    return data


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{str(value)[:80]} is no list")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(text_of, _list(value)))


def _event(value: Any) -> Event:
    name, statement, subset, of = _texts(value)
    return Event(name, statement, subset, of)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{str(value)[:80]} is neither true nor false")
    return value


def _option(value: Any) -> str | bool | int:
    if not isinstance(value, str | int):
        raise TypeError(f"{str(value)[:80]} is no option of an experiment")
    return value


def _expr(data: Any) -> sympy.Expr:
    return decode_as(data, sympy.Expr)


def _symbol(data: Any) -> sympy.Symbol:
    return decode_as(data, sympy.Symbol)


def _sets(data: Any) -> dict[sympy.Symbol, sympy.Set]:
    return {_symbol(symbol): decode_as(allowed, sympy.Set) for symbol, allowed in _list(data)}
