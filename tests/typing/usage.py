"""What people write with the public names, as `mypy --strict` sees it from outside the package; `make lint` asks it."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import numpy as np
import xarray as xr

import boundcalc as bc
from boundcalc.certification import Certificate, certified_score
from boundcalc.planner import Costs, make_plan, study_pilot
from boundcalc.trainer import PairwiseMetricLearner


def derive() -> None:
    V = bc.symbol("V", "V", "VC dimension", role="fixed")
    bound = bc.theorem("zhou2026.risk_gap").bound()
    assert_type(bound, bc.Bound)
    assert_type(bound.substitute(gamma=0), bc.Bound)
    assert_type(bound.evaluate(n=[100, 1000], delta=0.05), xr.DataArray)
    assert_type(bc.minimal_n(bound, target=0.6, delta=0.05), xr.DataArray)
    bc.save(bc.theorem("lemmas.massart"), Path("mine.json"))
    print(V, bound.to_latex())


def check() -> None:
    report = bc.check("lemmas.massart")
    assert_type(report, bc.Report)
    assert_type(bc.check_inequality("x", "<=", "x + 1"), bc.Verdict)


def plan(X: np.ndarray, y: np.ndarray) -> None:
    answer = bc.certify(embeddings=X, y=y, threshold=1.0)
    assert_type(answer, Certificate)
    assert_type(answer.value, float)
    learner = PairwiseMetricLearner(random_state=0).fit(X, y)
    assert_type(certified_score(learner, X, y), float)
    print(bc.plan("htad").text(), make_plan, study_pilot, Costs)
