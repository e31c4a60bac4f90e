"""What the commands that train hand over to the use cases."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from boundcalc.cli.progress import reporter

if TYPE_CHECKING:
    from boundcalc.trainer import ModalityData

__all__ = ["data_of", "model_settings", "reading_options", "subset_settings", "training_settings"]


def data_of(args: Namespace, source: str) -> ModalityData:
    """Return the data that were named, read as the options say."""
    from boundcalc.datasets import load

    reporter("reading", patient=True)(0, 1, source)
    return load(source, **reading_options(args))


def reading_options(args: Namespace) -> dict[str, Any]:
    """Return how a file is read."""
    options = {"groups": args.groups, "drop": args.drop or (), "modalities": args.modality}
    return {"label": args.label, **options} if args.label else options


def model_settings(args: Namespace) -> dict[str, Any]:
    """Return the settings of one metric's training."""
    return {
        "delta": args.delta,
        "rng": args.seed,
        "loss": args.loss,
        "eig_range": (0.0, args.lam_max),
        "pair_weights": None if args.weights == "none" else args.weights,
        "holdout": args.holdout,
        "calibration": args.prepared,
        "progress": reporter,
    }


def subset_settings(args: Namespace) -> dict[str, Any]:
    """Return the settings of what is trained on several subsets."""
    aim = {} if args.threshold_for is None else {"threshold_for": args.threshold_for}
    return {**model_settings(args), "structure": args.trained, "subsets": args.subsets, **aim}


def training_settings(args: Namespace) -> dict[str, Any]:
    """Return the settings of training on several subsets."""
    return {
        **subset_settings(args),
        "n_jobs": args.jobs,
        "resume": args.resume,
    }
