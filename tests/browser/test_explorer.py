"""The explorer in a real browser: its numbers are the evaluator's, its controls work, nothing overlaps or is cut."""

from __future__ import annotations

import json
import shlex
from html import unescape
from itertools import pairwise

import numpy as np
import pytest
import sympy

import boundcalc as bc
from boundcalc.cli import main
from boundcalc.evaluator import compile_expression
from boundcalc.report.explorer import explorer_page
from boundcalc.report.ranges import usual_range
from tests.browser.conftest import SCHEMES, WIDTHS

EVERY = [entry.bound(form) for entry in bc.catalogue.values() for form in entry.forms]
GAPS = [bc.theorem("zhou2026.risk_gap").bound(form) for form in ("sharp", "paper")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def gaps(folder):
    path = folder / "gaps.html"
    path.write_text(explorer_page(GAPS), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def every(folder):
    path = folder / "every.html"
    path.write_text(explorer_page(EVERY), encoding="utf-8")
    return path


def number(page, place):
    """Return the value that the page shows for a bound, with all its digits."""
    return float(page.locator(f'[data-value-of="{place}"] data').get_attribute("value"))


def point_of(bound, rng):
    """Return a random point of a bound's domain, far out now and then."""
    point = {}
    for name, symbol in bound.symbols.items():
        domain = bound.domain[symbol]
        ends = usual_range(symbol, domain)
        if isinstance(domain, sympy.FiniteSet):
            point[name] = ends.low
        elif ends.log:
            value = ends.low * (ends.high / ends.low) ** rng.uniform()
            point[name] = float(round(value)) if isinstance(domain, sympy.Range) else value
        else:
            value = rng.uniform(ends.low, ends.high)
            point[name] = float(round(value)) if isinstance(domain, sympy.Range) else value
    if "delta" in point and rng.uniform() < 0.3:
        point["delta"] = rng.choice([1 - 1e-12, 1 - 2.0**-53, 0.999, 1e-300, 1e-12])
    return point


def magnitude(bound, point):
    """Return the sum of the terms' magnitudes: where terms cancel, errors are relative to it."""
    values = [point[name] for name in bound.symbols]
    terms = [sympy.Abs(term).replace(sympy.re, lambda real: real) for term in bound.terms.values()]
    inner = bound.expr.replace(
        lambda e: e.is_Add, lambda e: sympy.Add(*map(sympy.Abs, e.args))
    )  # 1 - x within a product
    return max(compile_expression(e, list(bound.symbols.values()))(*values) for e in (sympy.Add(*terms), inner))


def test_every_bound_agrees_with_the_evaluator(visit, every):
    rng = np.random.default_rng(7)
    asked, expected = [], []
    for place, bound in enumerate(EVERY):
        for _ in range(30):
            point = point_of(bound, rng)
            try:
                value = float(bound.evaluate(**point))
            except ValueError:
                continue  # a constraint between symbols: the next test is about those
            if abs(value) > 1e120:
                continue  # the page does not recompute products that leave the double range
            asked.append([place, point])
            expected.append(value)
    page = visit(every)
    found = page.evaluate("(asked) => asked.map(([place, values]) => explorer.evaluate(place, values))", asked)
    assert len({place for place, _ in asked}) == len(EVERY)
    for (place, point), ours, theirs in zip(asked, found, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-12 * magnitude(EVERY[place], point)), (
            EVERY[place],
            point,
        )


def test_what_the_evaluator_refuses_is_refused(visit, every):
    rng = np.random.default_rng(11)
    asked, refused = [], []
    for place, bound in enumerate(EVERY):
        for name in bound.symbols:
            for value in (-1.0, 0.0, 0.5, 1e3):
                point = {**point_of(bound, rng), name: value}
                try:
                    bound.evaluate(**point)
                except ValueError:
                    refused.append(True)
                else:
                    refused.append(False)
                asked.append([place, point])
    found = visit(every).evaluate(
        "(asked) => asked.map(([place, values]) => explorer.problem(place, values) !== '')", asked
    )
    assert 0 < sum(refused) < len(refused)
    assert [(EVERY[a[0]], a[1], r) for a, f, r in zip(asked, found, refused, strict=True) if f != r] == []


def test_terms_add_up_and_first_positions_are_allowed(visit, every):
    sums = visit(every).evaluate(
        """() => DATA.bounds.map((bound, place) => {
          const value = explorer.evaluate(place, explorer.state.values);
          const parts = bound.terms.map((_, part) => explorer.evaluate(place, explorer.state.values, "terms", part));
          return [value, parts.reduce((a, b) => a + b, 0)];
        })"""
    )
    for bound, (value, total) in zip(EVERY, sums, strict=True):
        assert value is not None, bound
        assert value == pytest.approx(total, rel=1e-12)


def test_a_slider_moves_curve_number_and_command(visit, gaps):
    page = visit(gaps)
    slide = page.locator('[data-symbol="R_M"] input[type=range]')
    before = (number(page, 0), page.locator("#curves").screenshot(), page.evaluate("explorer.drawn.curves[0]"))
    slide.focus()
    for _ in range(3):
        page.keyboard.press("PageUp")
    after = (number(page, 0), page.locator("#curves").screenshot(), page.evaluate("explorer.drawn.curves[0]"))
    moved = float(page.locator('[data-symbol="R_M"] input[type=number]').input_value())
    assert moved > 0.05
    assert after[0] == pytest.approx(before[0] + 4 * (moved - 0.05), rel=1e-12)
    assert all(new > old for new, old in zip(after[2], before[2], strict=True))
    assert before[1] != after[1]
    assert f"R_M={moved:g}" in page.locator("#command").text_content()


@pytest.mark.parametrize("place", [0, 1])
def test_the_command_gives_the_number_on_the_page(visit, gaps, capsys, place):
    page = visit(gaps)
    page.locator("#focus").select_option(str(place))
    for name, position in {"n": 371, "delta": 640, "C": 555, "gamma": 333}.items():
        page.locator(f'[data-symbol="{name}"] input[type=range]').fill(str(position))
    words = shlex.split(page.locator("#command").text_content())
    assert words[0] == "boundcalc"
    assert main([*words[1:], "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert number(page, place) == pytest.approx(data["value"], rel=1e-12)
    assert data["inputs"]["gamma"] < 0
    vacuous = page.locator(f'[data-value-of="{place}"] .vacuous').count() == 1
    assert vacuous == data["vacuous"]


def test_a_curve_is_the_evaluators(visit, gaps):
    page = visit(gaps)
    x, curves = page.evaluate("[explorer.drawn.x, explorer.drawn.curves]")
    values = page.evaluate("explorer.state.values")
    for bound, curve in zip(GAPS, curves, strict=True):
        expected = bound.evaluate(**{**values, "n": np.array(x, dtype=np.int64)})
        np.testing.assert_allclose(curve, expected.values, rtol=1e-12)


def test_crossings_are_where_they_are_said_to_be(visit, gaps):
    page = visit(gaps)
    values = page.evaluate("explorer.state.values")
    found = page.evaluate("explorer.drawn.crossings")
    assert [one["place"] for one in found] == [0, 1]
    for one in found:
        before, after = (float(GAPS[one["place"]].evaluate(**{**values, "n": n})) for n in (one["x"] - 1, one["x"]))
        assert after < values["C"] <= before
    shown = [float(value) for value in page.locator("#crossings data").evaluate_all("all => all.map((e) => e.value)")]
    assert shown == [one["x"] for one in found]


def test_markers_of_crossings_have_a_whole_outline(visit, folder):
    path = folder / "dashed.html"
    path.write_text(explorer_page([bc.theorem("zhou2026.risk_gap").bound(), bc.theorem("zhou2026.margin").bound()]))
    page = visit(path)
    page.evaluate(
        """() => {
          const { arc, stroke } = CanvasRenderingContext2D.prototype;
          let round = false;
          window.outlines = [];
          CanvasRenderingContext2D.prototype.arc = function (...all) { round = true; arc.apply(this, all); };
          CanvasRenderingContext2D.prototype.stroke = function (...all) {
            if (round) window.outlines.push(this.getLineDash());
            round = false;
            stroke.apply(this, all);
          };
        }"""
    )
    page.locator("#log-y").check()
    page.wait_for_function("window.outlines.length >= explorer.drawn.crossings.length")
    outlines, crossings = page.evaluate("[window.outlines, explorer.drawn.crossings.length]")
    assert crossings >= 2
    assert all(dashes == [] for dashes in outlines)


def test_two_bounds_that_cross(visit, folder):
    path = folder / "cross.html"
    bounds = [bc.theorem("zhou2026.metric_complexity").bound(form) for form in ("sharp", "kappa")]
    path.write_text(explorer_page(bounds, start={"kappa_M": 9, "lam_max": 4, "t_max": 0}), encoding="utf-8")
    page = visit(path)
    page.locator("#axis").select_option("g_M")
    values = page.evaluate("explorer.state.values")
    (one,) = [one for one in page.evaluate("explorer.drawn.crossings") if "tighter" in one["text"]]
    at = [[float(bound.evaluate(**{**values, "g_M": g})) for bound in bounds] for g in (one["x"] - 1, one["x"])]
    assert (at[0][0] < at[0][1]) != (at[1][0] < at[1][1])


def test_a_typed_value_outside_the_domain_is_refused(visit, gaps):
    page = visit(gaps)
    box = page.locator('[data-symbol="n"] input[type=number]')
    before = number(page, 0)
    for wrong in ("1", "2.5", "-3"):
        box.fill(wrong)
        assert not box.evaluate("(e) => e.validity.valid")
        assert "an integer >= 2" in box.evaluate("(e) => e.validationMessage")
        assert number(page, 0) == before
    box.fill("100000000")
    assert box.evaluate("(e) => e.validity.valid")
    assert number(page, 0) == pytest.approx(
        float(GAPS[0].evaluate(**{**page.evaluate("explorer.state.values")})), rel=1e-12
    )


@pytest.mark.parametrize("axis", ["n", "delta", "R_M", "gamma"])
def test_axes_switch(visit, gaps, axis):
    page = visit(gaps)
    page.locator("#axis").select_option(axis)
    for box in ("#log-x", "#log-y"):
        if page.locator(box).is_enabled():
            page.locator(box).click()
            assert page.locator("#curves canvas").count() == 1
    x = page.evaluate("explorer.drawn.x")
    assert all(one < two for one, two in pairwise(x))
    assert page.locator("#log-x").is_enabled() == (axis != "gamma")


def test_everything_can_be_reached_by_keyboard(visit, gaps):
    page = visit(gaps)
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.getAttribute('aria-label')"))
    assert {"axis", "log-x", "log-y", "focus", "command", "copy"} <= reached
    assert sum(name.startswith("value of ") for name in reached if name) == len(GAPS[0].symbols)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("which", ["gaps", "every"])
def test_nothing_overlaps_or_is_cut(visit, faults, request, which, width):
    page = visit(request.getfixturevalue(which), width=width, scheme="dark" if width == 390 else "light")
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert faults(page) == []
        ink, paper = page.evaluate("['color', 'backgroundColor'].map((name) => getComputedStyle(document.body)[name])")
        assert (sum(map(int, ink[4:-1].split(","))) > sum(map(int, paper[4:-1].split(",")))) == (scheme == "dark")
    assert page.evaluate("[...document.querySelectorAll('.formula')].every((e) => e.scrollWidth <= e.clientWidth + 1)")


def test_the_page_is_one_small_file(every):
    text = every.read_text(encoding="utf-8")
    assert len(text) < 5_000_000
    assert "default-src 'none'" in unescape(text)
    assert 'src="http' not in text


def test_zero_has_no_sign(visit, folder):
    path = folder / "lower.html"
    path.write_text(explorer_page([bc.theorem("zhou2026.risk_reduction").bound()]), encoding="utf-8")
    shown = visit(path).locator("[data-value-of='0'] .vacuous").inner_text()
    assert "≥ 0, which holds anyway" in shown
