"""Arguments that every command that trains has, and the training itself."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from boundcalc.cli.output import check_path
from boundcalc.errors import InvalidInputError

if TYPE_CHECKING:
    from boundcalc.trainer import Measurements, ModalityData

__all__ = ["add_arguments", "measure"]


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of the trainer."""
    parser.add_argument("--subsets", default="all", metavar="LIST", help="all (default), or a list such as a,a+b")
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
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="processes for the subsets (default 1; -1 for all)"
    )
    parser.add_argument("--resume", metavar="FILE", help="keep finished subsets in FILE and take them over next time")


def measure(args: Namespace, source: str | ModalityData, *, events: int | None = None) -> Measurements:
    """Train every subset of the data and return what was measured.

    Parameters
    ----------
    source : str or ModalityData
        What to load, or data that are loaded.
    events : int, optional
        Give each measured value delta/(events J), so that a guarantee that rests on at most so many events, its own
        included, holds for all J subsets at once; otherwise each gets delta.
    """
    from boundcalc.cli.progress import reporter
    from boundcalc.datasets import load
    from boundcalc.trainer import Settings, measure_subsets

    problems = (
        [f"--lam-max {args.lam_max:g} must be a finite number > 0"] if not 0 < args.lam_max < float("inf") else []
    )
    problems += [f"--seed {args.seed} must be an integer >= 0"] if args.seed < 0 else []
    problems += ["--jobs 0: give a number of processes, or -1 for all"] if args.jobs == 0 else []
    if problems:
        raise InvalidInputError(problems)
    if args.resume is not None:
        check_path(args.resume, (), option="--resume")
    data = load(source) if isinstance(source, str) else source
    sampled = data.n > Settings().exact_rows  # then risks are upper values over sampled pairs, one event more
    shares = 1 if events is None else (events + sampled) * len(data.parse_subsets(args.subsets))
    options: dict[str, Any] = {
        "delta": confidence(args.delta) / shares,
        "loss": args.loss,
        "eig_range": (0.0, args.lam_max),
        "pair_weights": "balanced" if args.weights == "balanced" else None,
    }
    return measure_subsets(
        data,
        subsets=args.subsets,
        rng=args.seed,
        n_jobs=args.jobs,
        resume=args.resume,
        progress=reporter("training"),
        **options,
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
