"""What the commands that train hand over to the use cases."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from boundcalc.cli.progress import reporter

__all__ = ["model_settings", "training_settings"]


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


def training_settings(args: Namespace) -> dict[str, Any]:
    """Return the settings of training on several subsets."""
    return {**model_settings(args), "subsets": args.subsets, "n_jobs": args.jobs, "resume": args.resume}
