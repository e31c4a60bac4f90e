"""Values that nobody can change: every dataclass of the package is frozen through and through, or is said to grow."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
import pkgutil
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.errors import MissingExtraError
from boundcalc.frozen import Frozen, FrozenDict
from boundcalc.planner.costs import Costs
from boundcalc.trainer import ModalityData
from boundcalc.trainer.measure.subsets import measure_subsets

#: Sums and findings that grow while something runs, and estimators, whose parameters scikit-learn sets.
GROWING = {
    "boundcalc.aligner.comparison.Comparison",
    "boundcalc.aligner.estimator.AlignedEncoders",
    "boundcalc.aligner.settings.Settings",
    "boundcalc.checker.inequality.limits._Job",
    "boundcalc.checker.inequality.monotone.Monotone",
    "boundcalc.checker.inequality.proving.Attempt",
    "boundcalc.checker.inequality.system.System",
    "boundcalc.checker.store.Memory",
    "boundcalc.kernel.calculus._Search",
    "boundcalc.kernel.proofs._Atoms",
    "boundcalc.language.prose._Token",
    "boundcalc.trainer.complexity.khinchin._Moments",
    "boundcalc.trainer.learner.PairwiseMetricLearner",
    "boundcalc.trainer.risk.pair_blocks.Totals",
}
CHANGEABLE = re.compile(r"\b(dict|Mapping|list|set|Sequence|ndarray|NDArray|Array|Floats|Integers|Instance|Atoms)\b")


def complaints(kind: type) -> list[str]:
    """Say why a dataclass's values could be changed: a copy of a field's mapping must be frozen as it comes in."""
    if not kind.__dataclass_params__.frozen:
        return ["is not frozen"]
    found = []
    types = {field.name: re.sub(r"Callable\[.*\]", "", str(field.type)) for field in dataclasses.fields(kind)}
    open_fields = [name for name, annotation in types.items() if CHANGEABLE.search(annotation)]
    if open_fields and not issubclass(kind, Frozen):
        found.append(f"takes {', '.join(open_fields)} as they come: derive it from Frozen")
    own = vars(kind).get("__post_init__")
    if own is not None and issubclass(kind, Frozen) and kind is not Frozen:
        found += [] if "super().__post_init__()" in inspect.getsource(own) else ["skips Frozen.__post_init__"]
    return found


def dataclasses_of_the_package() -> Iterator[type]:
    for module in pkgutil.walk_packages(bc.__path__, "boundcalc."):
        if module.name.endswith("__main__"):
            continue
        try:
            home = import_module(module.name)
        except MissingExtraError:  # torch: `make test-align` walks these too
            assert module.name.startswith("boundcalc.aligner.")
            continue
        for kind in vars(home).values():
            if inspect.isclass(kind) and dataclasses.is_dataclass(kind) and kind.__module__ == module.name:
                yield kind


def test_every_dataclass_is_frozen_through_and_through():
    kinds = {f"{kind.__module__}.{kind.__qualname__}": kind for kind in dataclasses_of_the_package()}
    assert len(kinds) > 150
    assert kinds.keys() >= GROWING, "a name here that the package does not have"
    assert {name: why for name, kind in kinds.items() if name not in GROWING and (why := complaints(kind))} == {}


def test_the_walk_sees_what_could_be_changed():
    @dataclasses.dataclass
    class Open:
        of: int

    @dataclasses.dataclass(frozen=True)
    class Shallow:
        of: dict[str, int]
        how: Callable[[np.ndarray], np.ndarray]

    @dataclasses.dataclass(frozen=True)
    class Skipping(Frozen):
        of: np.ndarray

        def __post_init__(self) -> None:
            pass

    assert complaints(Open) == ["is not frozen"]
    assert complaints(Shallow) == ["takes of as they come: derive it from Frozen"]
    assert complaints(Skipping) == ["skips Frozen.__post_init__"]


def test_frozen_takes_mappings_lists_and_arrays_in_and_leaves_the_givers_alone():
    @dataclasses.dataclass(frozen=True)
    class Kept(Frozen):
        of: dict
        rows: list
        numbers: np.ndarray

    mapping, numbers = {"a": [1, {"b": 2}]}, np.arange(3)
    kept = Kept(mapping, [mapping], numbers)
    assert kept.of == {"a": (1, {"b": 2})}
    assert type(kept.of["a"][1]) is type(kept.rows[0]) is FrozenDict
    with pytest.raises(ValueError, match="read-only"):
        kept.numbers[0] = 5
    numbers[0] = 7  # its owner's still
    mapping["a"][0] = 9
    assert kept.of["a"][0] == 1


@pytest.fixture(scope="module")
def values() -> SimpleNamespace:
    """Return values as users get them."""
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    data = ModalityData({"a": rng.normal(size=(40, 1)) + y[:, None], "b": rng.normal(size=(40, 2))}, y)
    measured = measure_subsets(data, rng=0)
    costs = Costs.uniform(["a", "b"])
    plan = bc.plan(data, costs=costs, budgets=[100.0], target=0.4).plan
    return SimpleNamespace(
        bound=bc.theorem("zhou2026.risk_gap").bound(),
        theorem=bc.theorem("zhou2026.risk_gap"),
        derivation=bc.theorem("zhou2026.risk_gap").form("sharp").derivation,
        report=bc.check(bc.theorem("lemmas.hoeffding_u"), budget=2.0),
        verdict=bc.check_inequality(bc.symbols.delta, "<", 1),
        measured=measured,
        estimates=measured["a+b"].estimates,
        choice=plan.best,
        costs=costs,
    )


NAMES = ("bound", "theorem", "derivation", "report", "verdict", "measured", "estimates", "choice", "costs")


@pytest.mark.parametrize("name", NAMES)
def test_values_have_a_hash_and_survive_pickling(values, name):
    value = getattr(values, name)
    again = pickle.loads(pickle.dumps(value))
    assert again == value
    assert hash(again) == hash(value)
