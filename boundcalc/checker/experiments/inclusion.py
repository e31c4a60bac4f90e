"""Inclusion of classes, function by function: every score table of the smaller class is looked up in the larger one."""

from __future__ import annotations

import numpy as np

from boundcalc.checker.experiments.experiment import Experiment, shown
from boundcalc.checker.experiments.worlds.projections import Projections
from boundcalc.checker.verdict import Verdict, refuted

__all__ = ["check_inclusion", "missing_function"]


def missing_function(world: Projections, instance: dict[str, np.ndarray], *, strict: bool = False) -> str | None:
    """Return why N's class is not included in M's on an instance (not strictly included, if ``strict``), or None."""
    tables = world.classes(instance)
    if tables["N"] != tables["N via M"]:
        return "forgetting all but N after forgetting all but M gives other functions"
    if not tables["N"] <= tables["M"]:
        return f"the function {next(iter(tables['N'] - tables['M']))} of N's class is not in M's"
    if strict and tables["N"] == tables["M"]:
        return "the two classes have the same functions on the support"
    return None


def check_inclusion(
    experiment: Experiment, *, rng: np.random.Generator, strict: bool = False, size: int = 60
) -> Verdict | None:
    """Return REFUTED with an instance on which inclusion fails, or None when it holds on all that were tried."""
    for world in experiment.worlds:
        if not isinstance(world, Projections):
            continue
        instances = world.draw(rng, size)
        for place in range(size):
            instance = {name: values[place] for name, values in instances.items()}
            reason = missing_function(world, instance, strict=strict)
            if reason is not None:
                return refuted(reason, shown(world, instance), engine="inclusion")
    return None
