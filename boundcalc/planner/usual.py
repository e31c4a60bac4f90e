"""What a plan takes where nobody says otherwise: budgets, and the learning curve of a pilot's best subset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boundcalc.planner.costs import Costs
from boundcalc.planner.learning_curve import PowerLaw, fit_power_law

if TYPE_CHECKING:
    from boundcalc.planner.budget import Plan
    from boundcalc.trainer import Measurements, ModalityData

__all__ = ["pilot_curve", "usual_budgets"]

_FEWEST, _MOST, _POINTS = 1e3, 1e8, 30


def usual_budgets(costs: Costs) -> list[float]:
    """Return totals from a thousand to a hundred million samples (or all there are) of everything not excluded."""
    kept = {name: cost for name, cost in costs.modalities.items() if not cost.excluded}
    most = min(_MOST, max(_MOST if cost.max_samples is None else cost.max_samples for cost in kept.values()))
    least = min(_FEWEST, max(most / 100, 2))
    low, high = (float(costs.total(kept, int(count))) for count in (least, most))
    if high == 0:  # all that is collected is free
        return [1.0]
    return sorted({float(f"{total:.3g}") for total in np.geomspace(max(low, 1e-9 * high), high, _POINTS)} | {high})


def pilot_curve(
    data: ModalityData, measured: Measurements, plan: Plan, *, rng: Any = None, progress: Any = None
) -> PowerLaw | None:
    """Fit a power law to nested pilot sizes of the best subset; None where there are too few rows."""
    from boundcalc.trainer.measure.curve import SMALLEST, nested_risks
    from boundcalc.trainer.measure.settings import Settings

    if measured.facts["train_rows"] < 4 * SMALLEST:
        return None
    generator = np.random.default_rng(rng)
    points = nested_risks(
        data,
        plan.best.subset.split("+"),
        settings=Settings.from_dict(measured.settings),
        rng=generator,
        progress=progress,
    )
    values = points.risk if plan.pilot.quantity == "risk" else points.pair_error
    return fit_power_law(points.sizes, values, rng=generator)
