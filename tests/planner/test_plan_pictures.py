"""The two pictures of a plan: names at their curves, colours that differ, numbers that are written out."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest

from boundcalc.planner import Costs, ModalityCost, make_plan
from boundcalc.planner.study import Study
from boundcalc.report.plan_findings import Findings
from tests.planner.test_plan import evidence_of

pytest.importorskip("matplotlib")

NAMES = ("fourier", "profile", "karhunen", "pixels")


@pytest.fixture(scope="module")
def axes():
    """Fifteen subsets, errors falling with their sizes and so close that names would overlap."""
    from boundcalc.report.plan_pictures import draw_plan

    subsets = ["+".join(one) for size in range(1, 5) for one in combinations(NAMES, size)]
    errors = [0.2 - 0.03 * label.count("+") - 1e-4 * place for place, label in enumerate(subsets)]
    table = np.array([[0.05, 0.02, 0.0]] * 4)
    evidence = {
        label: evidence_of(error + table, (24, 50, 100), label) for label, error in zip(subsets, errors, strict=True)
    }
    study = Study(evidence, {"dims": dict.fromkeys(NAMES, 2), "rows": 200}, {}, len(subsets))
    costs = Costs(per_sample=1.0, modalities={name: ModalityCost() for name in NAMES})
    return draw_plan(Findings(make_plan(study, costs, targets=[0.4])))


def test_eight_names_stand_apart_in_eight_colours(axes):
    for one in axes:
        one.figure.canvas.draw()
        texts = [text for text in one.texts if text.get_text()]
        boxes = sorted((box.y0, box.y1) for box in (text.get_window_extent() for text in texts))
        assert len(texts) == len({text.get_color() for text in texts}) == len({text.get_text() for text in texts}) == 8
        assert all(low[1] <= high[0] for low, high in pairwise(boxes))
        assert {"all 4 modalities", "all but pixels"} <= {text.get_text() for text in texts}


def test_numbers_of_rows_are_written_out_and_stand_apart(axes):
    for one in axes:
        one.figure.canvas.draw()
        shown = [tick for tick in one.get_xticklabels(which="both") if tick.get_text()]
        assert {"100", "1,000"} & {tick.get_text() for tick in shown}
        boxes = sorted((box.x0, box.x1) for box in (tick.get_window_extent() for tick in shown))
        assert all(left[1] < right[0] for left, right in pairwise(boxes))
        assert all(tick.get_text().replace(",", "").isdigit() for tick in shown)


def test_values_that_span_decades_are_drawn_on_a_logarithmic_scale(axes):
    """A name still stands where its curve ends."""
    from boundcalc.report.plan_pictures import _label_ends
    from boundcalc.show.axes import new_axes

    assert {one.get_yscale() for one in axes} == {"linear"}
    one = new_axes()
    _label_ends(one, [(0.3, "a", "k"), (0.003, "b", "k"), (0.0, "c", "k")], 0.6)
    assert (one.get_yscale(), *one.get_ylim()) == ("log", 0.0015, 0.6)
    heights = {text.get_text(): text.get_position()[1] for text in one.texts}
    assert heights["a"] == pytest.approx(np.log(200) / np.log(400))
    assert 0 <= heights["c"] < heights["b"] < 0.2
