"""Arguments that every command that trains has, and the training itself."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from boundcalc.cli.output import check_path
from boundcalc.errors import InvalidInputError

if TYPE_CHECKING:
    from boundcalc.trainer import Measurements, ModalityData

__all__ = ["add_arguments", "add_model_arguments", "changed_options", "confidence", "measure", "model_settings"]


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of training on several subsets."""
    parser.add_argument("--subsets", default="all", metavar="LIST", help="all (default), or a list such as a,a+b")
    add_model_arguments(parser)
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="processes for the subsets (default 1; -1 for all)"
    )
    parser.add_argument("--resume", metavar="FILE", help="keep finished subsets in FILE and take them over next time")


def add_model_arguments(parser: ArgumentParser) -> None:
    """Add the options of one metric's training and of its guarantees."""
    parser.add_argument(
        "--delta", default="0.05", metavar="P", help="failure probability of each guarantee (default 0.05)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the random split (default 0)")
    parser.add_argument(
        "--loss", default="hinge", choices=("hinge", "smoothed_hinge", "logistic"), help="the loss (default hinge)"
    )
    parser.add_argument("--lam-max", type=float, default=1.0, metavar="X", help="largest metric weight (default 1)")
    parser.add_argument(
        "--weights",
        default="balanced",
        choices=("balanced", "none"),
        help="pair weights: balanced on the calibration split (default), or none",
    )


def changed_options(args: Namespace, names: Iterable[str], *, configure: Callable[[ArgumentParser], None]) -> list[str]:
    """Return which of these options, as ``configure`` adds them, have another value than their default."""
    usual = ArgumentParser()
    configure(usual)
    return [f"--{name.replace('_', '-')}" for name in names if getattr(args, name) != usual.get_default(name)]


def model_settings(args: Namespace, *, problems: Sequence[str] = ()) -> dict[str, Any]:
    """Return the trainer's settings from the options of ``add_model_arguments``, all but delta.

    Raises
    ------
    InvalidInputError
        If the largest weight or the seed is impossible, or there are further ``problems`` to be told with these.
    """
    found = [] if 0 < args.lam_max < float("inf") else [f"--lam-max {args.lam_max:g} must be a finite number > 0"]
    found += [f"--seed {args.seed} must be an integer >= 0"] if args.seed < 0 else []
    if found or problems:
        raise InvalidInputError([*found, *problems])
    return {
        "rng": args.seed,
        "loss": args.loss,
        "eig_range": (0.0, args.lam_max),
        "pair_weights": "balanced" if args.weights == "balanced" else None,
    }


def measure(args: Namespace, source: str | ModalityData) -> Measurements:
    """Train every subset of the data and return what was measured.

    Parameters
    ----------
    source : str or ModalityData
        What to load, or data that are loaded.
    """
    from boundcalc.cli.progress import reporter
    from boundcalc.datasets import load
    from boundcalc.trainer import measure_subsets

    settings = model_settings(
        args, problems=["--jobs 0: give a number of processes, or -1 for all"] if args.jobs == 0 else []
    )
    if args.resume is not None:
        check_path(args.resume, (), option="--resume")
    data = load(source) if isinstance(source, str) else source
    return measure_subsets(
        data,
        subsets=args.subsets,
        delta=confidence(args.delta),
        n_jobs=args.jobs,
        resume=args.resume,
        progress=reporter("training"),
        **settings,
    )


def confidence(text: str) -> float:
    """Return delta from the command line.

    Raises
    ------
    InvalidInputError
        If it is no number in (0, 1).
    """
    try:
        delta = float(text)
    except ValueError:
        raise InvalidInputError(f"delta = {text!r} must be a number in (0, 1)") from None
    if not 0 < delta < 1:
        raise InvalidInputError(f"delta = {text} is not allowed: delta must be in (0, 1)")
    return delta
