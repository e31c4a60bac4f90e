"""Experiments by name: the catalogue and the checker know the same ones, and what is misspelt is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from boundcalc import catalogue, check, theorem
from boundcalc.checker import Experiment
from boundcalc.checker.experiments.named import EXPERIMENTS, resolve
from boundcalc.checker.experiments.worlds.finite_sets import Matrix
from boundcalc.errors import InvalidInputError
from boundcalc.statements.derivation import Named, named


def carried():
    """Return what the catalogue's steps carry, by its text."""
    steps = (
        step
        for entry in catalogue.values()
        for form in entry.forms
        for step in entry.derivation(form).steps
        if step.experiment is not None
    )
    return {str(step.experiment): step.experiment for step in steps}


@pytest.mark.parametrize("experiment", carried().values(), ids=str)
def test_every_name_in_the_catalogue_is_known(experiment):
    assert isinstance(experiment, Named)
    assert resolve(experiment).worlds


def test_every_experiment_is_named_by_the_catalogue():
    assert {experiment.name for experiment in carried().values()} == set(EXPERIMENTS)


@pytest.mark.parametrize(
    ("experiment", "message"),
    [
        (named("metrik"), "'metrik' does not exist, did you mean 'metric'"),
        (named("metric", size=3), "metric takes no arguments"),
        (named("learning"), "missing a required argument: 'context'"),
        (named("learning", context="any", exakt=True), "unexpected keyword argument 'exakt'"),
        (named("norm_ball", norm="frobenus"), "norm is one of frobenius, maximum"),
        ("metric", r"give named\('...'\)"),
    ],
    ids=str,
)
def test_what_the_checker_does_not_know_is_named(experiment, message):
    step = theorem("lemmas.contraction").derivation().steps[0]
    with pytest.raises(InvalidInputError, match=message):
        check(replace(step, experiment=experiment))


def test_a_step_of_your_own_may_carry_its_experiment_itself():
    step = theorem("lemmas.spectral").derivation().steps[0]
    own = replace(step, experiment=Experiment("my matrices", (Matrix(),)))
    assert check(own).rows[0].verdict.evidence.startswith("my matrices")
