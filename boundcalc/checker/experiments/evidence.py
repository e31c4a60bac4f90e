"""Instances that verdicts show, computed again: what a reader does with evidence."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

from boundcalc.checker.experiments.experiment import Enumerable, SampleSpace
from boundcalc.errors import InvalidInputError

__all__ = ["replay"]

_HOME = "boundcalc.checker.experiments.worlds."


def replay(witness: Mapping[str, Any], *, seed: int = 0) -> dict[str, Any]:
    """Return the value of every symbol on the instance that a verdict shows as its witness.

    Parameters
    ----------
    witness : mapping
        A verdict's ``witness``, or its part of a report's JSON, with ``import``, ``world`` and ``instance``.
    seed : int
        For worlds that are simulated; those that are enumerated do not need it.

    Returns
    -------
    dict
        By symbol name: exact numbers for an instance on which a statement must hold; for a random experiment arrays
        with one value per outcome, or a single one where it is the same on all, and ``probability``, the outcomes'.

    Raises
    ------
    InvalidInputError
        If it is no such witness.

    Examples
    --------
    >>> from boundcalc import check, theorem
    >>> step = check(theorem("zhou2026.risk_reduction"), form="paper").rows[0]
    >>> values = replay(step.verdict.witness)
    >>> values["rhat_N"] == values["rhat_M"], values["g_N"] < values["g_M"]
    (True, True)
    """
    try:
        world = _world(str(witness["import"]), str(witness["world"]))
        instance = {name: np.asarray(value) for name, value in dict(witness["instance"]).items()}
    except (KeyError, TypeError, ValueError, SyntaxError) as error:
        raise InvalidInputError(f"no instance to replay: {error}", context="replay") from None
    if isinstance(world, Enumerable):
        return world.one(instance)
    exact = world.exhaustive
    atoms, chance = world.outcomes(instance, exact=exact, rng=None if exact else np.random.default_rng(seed))
    if "outcome" in witness:
        place = int(witness["outcome"])
        return {name: np.broadcast_to(value, chance.shape)[place] for name, value in atoms.items()}
    return {**atoms, "probability": chance}


def _world(line: str, call: str) -> Enumerable | SampleSpace:
    """Return the world that a line of import and a call with plain numbers describe; nothing else is executed."""
    words = line.split()
    if len(words) != 4 or words[::2] != ["from", "import"] or not words[1].startswith(_HOME):
        raise ValueError(f"{line!r} imports no world")
    node = ast.parse(call, mode="eval").body
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id != words[3]:
        raise ValueError(f"{call!r} is no {words[3]}")
    kind = getattr(import_module(words[1]), words[3], None)
    if not (isinstance(kind, type) and issubclass(kind, Enumerable | SampleSpace)):
        raise ValueError(f"{words[3]!r} is no world")
    values = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.keywords}
    return kind(*(ast.literal_eval(item) for item in node.args), **values)
