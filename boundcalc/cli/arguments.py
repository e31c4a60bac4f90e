"""The one table of the command line's arguments: how each is named, explained and read."""

from __future__ import annotations

import math
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from boundcalc.arithmetic.written import MOST_DIGITS, shortened, written
from boundcalc.cli.completing import COMPLETERS
from boundcalc.cli.values import parse, parse_settings
from boundcalc.errors import InvalidInputError, in_context, require

__all__ = ["MODEL", "PLANNING", "READING", "TRAINING", "add", "changed", "check_path", "read"]

_PICTURES = (".png", ".pdf", ".svg")


class Argument(NamedTuple):
    """What argparse is told, what makes a value of the text that was typed, and a flag of another name than its own."""

    options: dict[str, Any]
    read: Callable[[str, Any], Any] | None = None
    flag: str = ""


def check_path(option: str, name: str, endings: tuple[str, ...] = ()) -> str:
    """Return the name of a file that can be written, with one of the endings; refuse any other before work is done."""
    path = Path(name)
    ending = path.suffix.lower()
    if endings and ending not in endings:
        raise InvalidInputError(
            f"{option} {name!r}: this command writes {', '.join(endings)}, not {ending or 'no ending'!r}"
        )
    if not path.parent.is_dir():
        raise InvalidInputError(f"{option} {name!r}: the folder {path.parent} does not exist")
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InvalidInputError(f"{option} {name!r} cannot be written: choose another file")
    if ending in _PICTURES:
        require("matplotlib", extra="plot", purpose=f"{option} {name}")
    return name


def _picture(option: str, name: str) -> str:
    return check_path(option, name, _PICTURES)


def _folder(option: str, name: str) -> str:
    path = Path(name)
    if (path.exists() and not path.is_dir()) or not path.absolute().parent.is_dir():
        raise InvalidInputError(f"{option} {name!r}: a folder, or a new one in a folder that exists")
    return name


def _integer(least: int, most: int | None = None) -> Callable[[str, Any], int]:
    allowed = f"an integer >= {least}" if most is None else f"an integer from {least} to {most:,}"

    def convert(option: str, text: str) -> int:
        value = _whole(text)
        if value is None or value < least or (most is not None and value > most):
            raise InvalidInputError(f"{option} {text}: expected {allowed}")
        return value

    return convert


def _whole(text: str) -> int | None:
    try:
        value = written(text)
    except (ValueError, ArithmeticError):
        return None
    return int(value) if isinstance(value, Fraction) and value.denominator == 1 else None


def _jobs(option: str, text: str) -> int:
    if not (value := _whole(text)):
        raise InvalidInputError(f"{option} {text}: give a number of processes, or -1 for all")
    return value


def _number(text: str) -> float:
    """Return what was typed as a decimal or as a fraction; nan for anything else, inf for what no double holds."""
    try:
        return float(written(text))
    except (ValueError, ZeroDivisionError):
        return math.nan
    except OverflowError:
        return math.inf


def _within(low: float, high: float, allowed: str) -> Callable[[str, Any], float]:
    """Return what reads a number in the open interval, ``allowed`` being what is said of it."""

    def convert(option: str, text: str) -> float:
        value = _number(text)
        if not low < value < high:
            raise InvalidInputError(f"{option} {text} must be {allowed}")
        return value

    return convert


_positive = _within(0, math.inf, "a finite number > 0")


def _chosen_or(read: Callable[[str, Any], float]) -> Callable[[str, str], float | str]:
    return lambda option, text: text if text == "cv" else read(option, text)


def _mask_file(option: str, name: str) -> Any:
    from boundcalc.trainer.data.arrays import read_array

    with in_context(option):
        return read_array(Path(name))


def _delta(option: str, text: str) -> float:
    if not 0 < (value := _number(text)) < 1:
        raise InvalidInputError(f"delta = {text!r} is not allowed: {option} must be a number in (0, 1)")
    return value


def _total(name: str, text: str) -> float:
    value = _number(text)
    if not 0 < value < math.inf:
        raise InvalidInputError(f"{name} = {value!r} must be a finite number > 0")
    return value


def _totals(option: str, given: list[str]) -> list[float]:
    """Return the numbers of an option that may be repeated, each time with several."""
    name = option.removeprefix("--")
    values = [parse(name, _short(option, text)) for text in given]
    return [_total(name, str(one)) for value in values for one in (value if isinstance(value, list) else [value])]


def _power(option: str, text: str) -> float:
    if not 0.5 <= (value := _number(text)) < 1:
        raise InvalidInputError(f"{option} {text}: expected a probability in [0.5, 1)")
    return value


def _part(option: str, text: str) -> float:
    (value,) = _shares(option, text.replace(",", " "))
    return value


def _names(option: str, text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _shares(option: str, text: str) -> list[float]:
    values = [(part, _number(part)) for part in _names(option, text)]
    bad = [part for part, value in values if not 0 < value <= 1]
    if bad or not values:
        raise InvalidInputError(f"{option} {_shown(bad[0] if bad else text)}: expected numbers in (0, 1]")
    return [value for _, value in values]


def _below_half(option: str, text: str) -> float:
    value = _number(text)
    if not 0 < value < _HALF:
        raise InvalidInputError(
            f"{option} {text}: expected a number in (0, {_HALF:g}), as never saying match errs on {_HALF:g}"
        )
    return value


def _cut(option: str, text: str) -> float | dict[str, float]:
    """Return a threshold, or the rate that one is searched for."""
    name, _, rate = text.rpartition("=")
    value = _number(rate)
    if name not in ("", "fmr", "precision") or not math.isfinite(value):
        raise InvalidInputError(f"{option} {text!r}: expected a number, fmr=0.01 or precision=0.9")
    return {name: value} if name else value


def _aim(option: str, text: str) -> dict[str, float]:
    """Return the rate that a threshold is chosen for."""
    name, _, rate = text.partition("=")
    if name not in ("fmr", "fnmr"):
        raise InvalidInputError(f"{option} {text!r}: expected fmr=0.05 or fnmr=0.05")
    return {name: _within(0, 1, "a rate in (0, 1)")(option, rate)}


def _mix(option: str, text: str) -> str | tuple[float, ...] | None:
    """Return what weighs same and different pairs."""
    if text in ("balanced", "none"):
        return None if text == "none" else text
    values = tuple(_number(part) for part in _names(option, text))
    if len(values) != 2 or not all(0 <= value < math.inf for value in values):
        raise InvalidInputError(f"{option} {text!r}: expected balanced, none, or two numbers such as 2,0.7")
    return values


def _columns(option: str, given: list[str]) -> dict[str, str | tuple[str, ...]]:
    """Return for each modality a prefix of its columns, or their names."""
    found: dict[str, str | tuple[str, ...]] = {}
    for one in given:
        name, _, columns = (part.strip() for part in one.partition("="))
        if not name or not columns or name in found:
            raise InvalidInputError(
                f"{option} {shortened(one)}: expected NAME=PREFIX or NAME=COLUMN,COLUMN, each name once"
            )
        found[name] = _names(option, columns) if "," in columns else columns
    return found


def _shown(text: str) -> str:
    return text if _number(text) == _number(text) else repr(text)


_HALF = 0.5
"""Match error of a constant rule, with equal weights."""


def _value(metavar: str, help: str, *, default: str | None = None, read: Any = None, flag: str = "") -> Argument:
    shown = f"{help} (default {default})" if default else help
    return Argument({"metavar": metavar, "default": default, "help": shown}, read, flag)


def _choice(help: str, *choices: str) -> Argument:
    """Return an argument that takes the first of the choices by default."""
    return Argument({"choices": choices, "default": choices[0], "help": f"{help} (default {choices[0]})"})


def _repeated(metavar: str, help: str, *, read: Any) -> Argument:
    return Argument({"metavar": metavar, "action": "append", "help": f"{help}; may be repeated"}, read)


def _switch(help: str) -> Argument:
    return Argument({"action": "store_true", "help": help})


def _several(metavar: str, nargs: str, help: str, default: str | None = None) -> Argument:
    return Argument({"metavar": metavar, "nargs": nargs, "default": default, "help": help})


def _settings(help: str) -> Argument:
    options = {"dest": "settings", "metavar": "NAME=VALUE", "action": "append", "default": []}
    return Argument(
        {**options, "help": f"{help}; repeat for each symbol"}, lambda _, given: parse_settings(given), "--set"
    )


_DATA = "htad, breast_cancer, penguins, digits, or a file of your own: .npz, a folder of .npy, .csv, .parquet, .xlsx, .h5mu, ..."
_SCORES = (
    "a .npz file with distance, scores or embeddings, y and perhaps groups; a table (.csv, ...) of embeddings with y; or "
    "htad, breast_cancer, penguins, digits, a table of modalities: a model is trained first"
)
_KEY = "a key such as zhou2026.risk_gap, or a number such as 'Theorem 3.13'"

_QUESTIONS = ("features", "missing", "landmarks", "unlabelled", "contrastive")

#: Positional arguments are in capitals.
ARGUMENTS: dict[str, Argument] = {
    "DATA": Argument({"metavar": "DATA", "help": _DATA}),
    "DATA:KEY": Argument(
        {"metavar": "DATA", "help": f"{_DATA}; or a theorem, by its key or .json file: rows for its bound"}
    ),
    "DATA?": _several("DATA", "?", f"{_DATA} (default htad)", "htad"),
    "QUESTION": Argument(
        {
            "metavar": "QUESTION",
            "choices": _QUESTIONS,
            "help": "features: aligned pairs that recover common features; missing: what a missing modality costs; landmarks: how "
            "many; unlabelled: what unlabelled pairs are worth; contrastive: what a contrastive loss certifies",
        }
    ),
    "PLANTED?": _several("DATA", "?", f"{_DATA} (default: a planted law whose truth is known)", "planted"),
    "aim": _value("X", "what the bound should reach (default: the question's own)", read=_positive, flag="--target"),
    "rank": _value("R", "number of common features (default: 1 for data, 2 for the planted law)", read=_integer(1)),
    "KEY": Argument({"metavar": "KEY", "help": _KEY}),
    "KEY?": _several("KEY", "?", _KEY),
    "KEYS": _several("KEY", "*", "entries of the catalogue (default: all that apply)"),
    "KEYS:FORM": _several("KEY[:FORM]", "+", f"{_KEY}; with a form, as in KEY:paper; KEY:all takes every form"),
    "all": _switch("the whole catalogue"),
    "form": _value("F", "one of the theorem's forms, as `boundcalc list` names them (default: the first of them)"),
    "form?": Argument(
        {
            "dest": "form",
            "metavar": "F",
            "help": "one of the theorem's forms, as `boundcalc list` names them (default: all)",
        },
        flag="--form",
    ),
    "set": _settings("a number, a list a,b,c or a range lo:hi:log:k or lo:hi:lin:k"),
    "set one": _settings("a number"),
    "table1": _switch("the works of the primary source's Table 1, and which entry carries each"),
    "kernel": _switch("ask Coq's kernel for the closed-form steps (needs coqc)"),
    "export_coq": _value("DIR", "write the closed-form steps as files of Coq, with their proofs", read=_folder),
    "seconds": _value("S", "time for everything (default: as needed)", read=_positive),
    "fresh": _switch("check again what earlier runs have checked"),
    "seed": _value("N", "seed of everything random", default="0", read=_integer(0)),
    "delta": _value("P", "failure probability of each guarantee", default="0.05", read=_delta),
    "subsets": _value(
        "LIST", "all, greedy (each alone, then the best with one more), or a list such as a,a+b", default="all"
    ),
    "subset": _value("NAMES", "modalities, such as a+b (default: all)"),
    "loss": _choice(
        "the loss; auc and triplet compare similar with dissimilar pairs to choose the metric",
        "hinge",
        "smoothed_hinge",
        "logistic",
        "auc",
        "triplet",
    ),
    "lam_max": _value("X", "largest metric weight", default="1", read=_positive),
    "weights": _choice("pair weights: balanced on the calibration split, or none", "balanced", "none"),
    "holdout": _value(
        "P", "share of the rows that only test and certify", default="0.4", read=_within(0, 1, "in (0, 1)")
    ),
    "prepared": _value(
        "P",
        "share of the rows that preprocessing and weights are fitted on; the rest trains",
        default="0.2",
        read=_within(0, 1, "in (0, 1)"),
        flag="--calibration",
    ),
    "structure": _choice("the metric", "diagonal", "modality", "full"),
    "trained": Argument(
        {
            "choices": ("auto", "diagonal", "modality", "full", "discriminant", "posterior", "low_rank"),
            "default": "auto",
            "help": "what is trained: a class of metrics, a model of the classes, or the best of these by folds of the rows that "
            "are not held out (default auto)",
        },
        flag="--structure",
    ),
    "threshold_for": _value(
        "RATE",
        "fmr=RATE or fnmr=RATE: the threshold has this false-match or false-non-match rate on folds of the rows that are not held "
        "out (default: the least pair error there)",
        read=_aim,
    ),
    "new_classes": _value(
        "P",
        "certify for new classes as well: this share of the classes is held out, and classes are the units",
        read=_within(0, 1, "in (0, 1)"),
    ),
    "rounds": _value("N", "random splits that are averaged", default="3", read=_integer(1), flag="--splits"),
    "model": _value(
        "MODULE:OBJECT",
        "someone else's model, fitted to the same rows (train: certified in place of ours): a class or object with transform, "
        "predict_proba, pair_score or pair_distance, a callable, a torch module, or arrays of embeddings; the module is imported, "
        "so name only code that you trust",
    ),
    "jobs": _value("N", "processes for the subsets, -1 for all", default="1", read=_jobs),
    "processes": _value("N", "processes for --all, -1 for all processors", default="-1", read=_jobs, flag="--jobs"),
    "scheduler": _value(
        "ADDRESS", "work on a dask scheduler, such as tcp://host:8786, or local: a process for each processor"
    ),
    "resume": _value("FILE", "keep finished subsets in FILE and take them over next time", read=check_path),
    "estimates": _value("FILE", "what `boundcalc train` or `plan DATA --out FILE.json` wrote, with the same seed"),
    "costs": _value("FILE", "a TOML file of prices (default: 1 for each row, whatever is collected of it)"),
    "budget": _repeated("B", "money: a total, a list a,b,c or a range lo:hi:log:k", read=_totals),
    "target": _repeated("X", "certify this as cheaply as possible; several as X,Y, the first decides", read=_totals),
    "power": _value("P", "probability with which the certificate should be reached", default="0.9", read=_power),
    "collected": _value("FILE", "rows that came so far, in their order: certify them at every look"),
    "simulate": _value("N", "carry the plan out N times on the resampled pilot", default="0", read=_integer(0, 10**6)),
    "modalities": _value("A,B", "plan with these modalities only (default: all)", read=_names),
    "quantity": _choice(
        "what is certified: the pair error, or the false-match or false-non-match rate", "pair_error", "fmr", "fnmr"
    ),
    "no_curve": _switch("do not train on smaller parts: errors stay what they are on the pilot"),
    "no_check": _switch("leave out the proofs (they take a few minutes)"),
    "pilot": _value("DATA", _DATA),
    "radii": _choice(
        "grid: radii fixed in advance, paid for; measured: the metric's norms, marked as estimated", "grid", "measured"
    ),
    "aligned": _value("LIST", "aligned shares of the training rows", default="0.05,0.3", read=_shares),
    "regulariser": _choice("all, or one of them, compared with none", "all", "none", "loop", "barycenter"),
    "fitted": Argument(
        {
            "dest": "fitted",
            "choices": ("all", "contrastive", "cca_ot", "auto"),
            "default": "all",
            "help": "trained encoders, the closed form with transport, both, or what the aligned pairs choose; controls are always "
            "beside them (default all)",
        },
        flag="--method",
    ),
    "unlabelled": _switch(
        "the data have no labels: each row is a class of its own, as for embeddings of images and their texts"
    ),
    "eps": _value("X", "entropic regularisation, as a share of the mean cost", default="0.05", read=_positive),
    "temperature": _value(
        "X", "of the contrastive loss, or cv: chosen for each method", default="cv", read=_chosen_or(_positive)
    ),
    "score": _choice("what likeness goes by", "distance", "cosine"),
    "normalise": _choice("rows of norm 1, in the unit ball, or as they are", "unit", "ball", "none"),
    "device": _value("NAME", "where torch computes, such as cuda", default="cpu"),
    "aligned_rows": _value("FILE", ".npy of booleans: rows that may be aligned (default: all)", read=_mask_file),
    "test_rows": _value("FILE", ".npy of booleans: rows that test (default: by lot)", read=_mask_file),
    "unseen": _value("CLASSES", "classes of which nothing is aligned in training, such as a,b", read=_names),
    "seeds": _value("N", "random splits", default="3", read=_integer(1)),
    "steps": _value("N", "gradient steps of each run", default="100", read=_integer(1)),
    "latent": _value("Q", "latent dimension (default: 8, in closed form all)", read=_integer(1, 10_000)),
    "weight": _value(
        "X",
        "of the regulariser, or cv: chosen by cross-validation on the pairs",
        default="1",
        read=_chosen_or(_within(-math.inf, math.inf, "finite")),
    ),
    "k": _value(
        "K",
        "recall@K; with --plan the items among which a partner is sought",
        default="10",
        read=_integer(1),
        flag="-k",
    ),
    "pairs_planned": Argument(
        {
            "dest": "pairs_planned",
            "action": "store_true",
            "help": "how many aligned pairs to train on and to hold out for a certificate of --target, from refits to parts of "
            "those at hand (--aligned-rows, or the largest share of --aligned)",
        },
        flag="--plan",
    ),
    "match_target": _value(
        "X", "match error for which aligned pairs are counted", default="0.3", read=_below_half, flag="--target"
    ),
    "SCORES": Argument({"metavar": "DATA", "help": _SCORES}),
    "cut": _value(
        "T",
        "fixed in advance, or fmr=RATE, precision=RATE (default: chosen on a share of the rows)",
        read=_cut,
        flag="--threshold",
    ),
    "metric": _choice("the distance of embeddings", "sqeuclidean", "cosine"),
    "mix": _value(
        "W", "balanced, none, or w_pos,w_neg fixed in advance", default="balanced", read=_mix, flag="--weights"
    ),
    "groups": _value("COLUMN", "the array or column with what each row belongs to (default: groups, if there is one)"),
    "label": _value("COLUMN", "the array or column with the labels (default: y)"),
    "drop": _value("A,B", "columns or arrays to leave out", read=_names),
    "modality": Argument(
        {
            "metavar": "NAME=COLUMNS",
            "action": "append",
            "help": "a modality: a prefix of its columns, or a list of them; repeat for each (default: columns NAME__FEATURE)",
        },
        _columns,
    ),
    "calibration": _value(
        "P",
        "share of the rows that choose and are not counted (0.2 without --threshold); balanced weights are those of the counted "
        "rows' own pairs, but with --threshold or groups they come from these rows and hold for the population",
        read=_within(0, 1, "in (0, 1)"),
    ),
    "kappa": _value("K", "fixed in advance (default: by test inversion)", read=_within(0, 1, "in (0, 1)")),
    "share": _value("P", "this model's part of delta, 1/J for each of J models", default="1", read=_part),
    "splits": _value("N", "random splits that are averaged", default="20", read=_integer(1, 10_000)),
    "wanted": _value(
        "X", "say how many rows this bound would need", read=_within(-math.inf, math.inf, "finite"), flag="--target"
    ),
    "figure": _value("FILE", f"write the picture: {', '.join(_PICTURES)} (needs the extra plot)", read=_picture),
    "json": _switch("print one JSON object instead of text"),
}

#: What a metric's training asks for, reading a file, training on several subsets, and planning.
MODEL = ("delta", "seed", "loss", "lam_max", "weights", "holdout", "prepared")
READING = ("label", "groups", "drop", "modality")
TRAINING = ("subsets", *MODEL, "trained", "threshold_for", "jobs", "scheduler", "resume")
PLANNING = (
    "DATA", *READING, "estimates", "costs", "budget", "target", "power", "modalities", "quantity", "no_curve", "subsets", *MODEL,
    "trained", "threshold_for", "jobs", "scheduler",
)  # fmt: skip


def add(parser: ArgumentParser, names: Iterable[str], *, endings: tuple[str, ...], out: str | None = None) -> None:
    """Add the named arguments, those of every command, and ``--figure`` where there is a picture to write."""
    drawn = ("figure",) if set(_PICTURES) & set(endings) else ()
    for name in (*names, *drawn, "json"):
        options = dict(ARGUMENTS[name].options)
        if name[0].isupper():
            word = name.strip("?").partition(":")[0]
            completer = COMPLETERS.get(word)
            parser.add_argument(word.lower(), **options).completer = completer  # type: ignore[attr-defined]
        else:
            parser.add_argument(_flag(name), dest=options.pop("dest", name), **options)
    parser.add_argument(
        "--out", metavar="FILE", default=out, help="write the result by its ending: " + ", ".join(endings)
    )
    parser.set_defaults(names=(*names, *drawn), endings=endings)


def _flag(name: str) -> str:
    return ARGUMENTS[name].flag or f"--{name.replace('_', '-')}"


def read(args: Namespace) -> None:
    """Replace what was typed by what it means.

    Raises
    ------
    InvalidInputError
        With everything that cannot be read, and with files that cannot be written, before any work is done.
    """
    problems: list[str] = []
    if args.out is not None:
        problems += _read(args, "out", "--out", lambda option, name: check_path(option, name, args.endings))
    for name in args.names:
        options, reader, _ = ARGUMENTS[name]
        if reader is not None:
            problems += _read(args, options.get("dest", name), _flag(name), reader)
    if problems:
        raise InvalidInputError(problems)


def _read(args: Namespace, name: str, option: str, reader: Callable[[str, Any], Any]) -> tuple[str, ...]:
    """Read one argument, if it is given, and return what is wrong with it."""
    try:
        given = getattr(args, name)
        if given is not None:
            setattr(args, name, reader(option, _short(option, given) if isinstance(given, str) else given))
    except InvalidInputError as error:
        return tuple(f"{error.context}: {problem}" if error.context else problem for problem in error.problems)
    return ()


def _short(option: str, text: str) -> str:
    """Return a text, refused where it is longer than any value."""
    if len(text) > MOST_DIGITS:
        raise InvalidInputError(f"{option} {shortened(text)}: {len(text):,} characters are more than any value needs")
    return text


def changed(args: Namespace, names: Iterable[str]) -> list[str]:
    """Return which of these options have another value than their default."""
    found = []
    for name in names:
        options, reader, _ = ARGUMENTS[name]
        usual = options.get("default", False if options.get("action") == "store_true" else None)
        if reader is not None and usual is not None:
            usual = reader(_flag(name), usual)
        found += [_flag(name)] if getattr(args, name) != usual else []
    return found
