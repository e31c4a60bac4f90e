"""Pictures of one bound, its rich display, and formulas in MathML."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.errors import InvalidInputError
from boundcalc.evaluator.emit.javascript import to_javascript
from boundcalc.language.domains import contains
from boundcalc.language.latex import expression_latex
from boundcalc.report import plot, plot_proof, plot_terms
from boundcalc.report.formulas import statement_html
from boundcalc.report.ranges import usual_points, usual_range
from boundcalc.show.mathml import to_mathml, to_mathml_terms
from boundcalc.statements.typeset import bound_latex
from boundcalc.symbols import VOCABULARY

GAP = bc.theorem("zhou2026.risk_gap").bound().substitute(R_M=bc.theorem("zhou2026.metric_complexity").bound())
POINT = {
    "L": 1,
    "C": 1,
    "delta": 0.05,
    "gamma": 0,
    "eps_opt": 0,
    "lam_min": 0,
    "lam_max": 1,
    "t_min": 0,
    "t_max": 1,
    "B": 1,
}
LOSS = bc.theorem("zhou2026.risk_reduction").bound("population")


class TestPlot:
    @pytest.mark.parametrize("draw", [plot, plot_terms])
    def test_what_is_no_bound_and_no_name_is_refused(self, draw):
        pytest.importorskip("matplotlib")
        with pytest.raises(InvalidInputError, match="no bound: give"):
            draw("zhou2026.risk_gap")
        with pytest.raises(InvalidInputError, match="axes are named by text"):
            draw(GAP, x=GAP.symbols["n"], **POINT, g_M=1)
        with pytest.raises(InvalidInputError, match="no theorem: give"):
            plot_proof("zhou2026.risk_gap")

    def test_lines_are_the_evaluators_values(self):
        pytest.importorskip("matplotlib")
        axes = plot(GAP, x="n", hue="g_M", n=[10, 100, 1000], g_M=[1, 50], **POINT)
        lines = {line.get_label(): line for line in axes.get_lines()}
        assert set(lines) == {"g_M = 1", "g_M = 50", "without the theorem"}
        for g in (1, 50):
            np.testing.assert_allclose(
                lines[f"g_M = {g}"].get_ydata(), GAP.evaluate(n=[10, 100, 1000], g_M=g, **POINT).values
            )
        assert set(lines["without the theorem"].get_ydata()) == {1.0}

    def test_usual_ranges_are_filled_in(self):
        pytest.importorskip("matplotlib")
        axes = plot(GAP, hue="g_M", **POINT)
        assert len(axes.get_lines()) == 5
        x = axes.get_lines()[0].get_xdata()
        assert x[0] == 2
        assert x[-1] == 1e7
        assert axes.get_xscale() == "log"

    @pytest.mark.parametrize(
        ("options", "match"),
        [
            ({"x": "R_N"}, "'R_N' is no symbol of this bound, did you mean|'R_N' is no symbol of this bound"),
            ({"hue": "n"}, "x and hue are both n"),
            ({}, "missing g_M"),
            ({"g_M": 3, "B": [1, 2]}, "B has several values"),
            ({"g_M": 3, "n": 100}, "n stands on an axis and needs several values"),
            ({"g_M": 3, "n": [1, 100]}, "n must be an integer >= 2"),
            ({"g_M": 3, "wibble": 1}, "unknown symbol 'wibble'"),
        ],
    )
    def test_each_mistake_is_one_clear_error(self, options, match):
        pytest.importorskip("matplotlib")
        with pytest.raises(InvalidInputError, match=match):
            plot(GAP, **{**POINT, **options})

    def test_terms_stack_up_to_the_bound(self):
        pytest.importorskip("matplotlib")
        point = {"L": 1, "C": 1, "delta": 0.05, "R_M": 0.1, "Delta": 0.5, "eps_opt_M": 0}
        n = [10, 100, 1000]
        axes = plot_terms(LOSS, n=n, **point)
        ends = [area.get_paths()[0].vertices[:, 1] for area in axes.collections]
        total = max(float(part.max()) for part in ends) + min(float(part.min()) for part in ends)
        assert total == pytest.approx(float(LOSS.evaluate(n=10, **point)))
        (line,) = [line for line in axes.get_lines() if line.get_label() == "together"]
        np.testing.assert_allclose(line.get_ydata(), LOSS.evaluate(n=n, **point).values)

    def test_drawing_into_given_axes(self):
        pytest.importorskip("matplotlib")
        from boundcalc.show.axes import new_axes

        axes = new_axes()
        assert plot(GAP, g_M=3, ax=axes, **POINT) is axes

    def test_the_former_name_of_an_argument_works_with_a_warning(self):
        from boundcalc.show.axes import new_axes

        axes = new_axes()
        with pytest.warns(DeprecationWarning, match=r"plot: axes= is called ax= since 0.2, and goes with 0.4") as told:
            assert plot(GAP, g_M=3, axes=axes, **POINT) is axes
        assert told[0].filename == __file__
        with pytest.raises(TypeError, match="axes= and ax= are the same argument"):
            plot(GAP, g_M=3, axes=axes, ax=axes, **POINT)


def test_usual_ranges_lie_in_the_domains():
    for entry in bc.catalogue.values():
        for form in entry.forms:
            bound = entry.bound(form)
            for name, symbol in bound.symbols.items():
                low, high, start, log = usual_range(symbol, bound.domain[symbol])
                assert low <= start <= high
                assert not log or low > 0
                for value in (low, high, start):
                    assert contains(bound.domain[symbol], value), (entry.key, name, value)
                assert len(usual_points(symbol, bound.domain[symbol], 5)) >= 1


class TestDisplay:
    def test_a_bound_says_how_sure_it_is(self):
        text = bc.theorem("zhou2026.risk_gap").bound("paper")._repr_html_()
        assert r"$\displaystyle" in text
        assert "reconstructed" in text
        assert "not certified" in text
        assert "2 events" in text

    def test_everything_in_the_catalogue_is_well_formed(self):
        for entry in bc.catalogue.values():
            whole = [entry._repr_html_()]
            for form in entry.forms:
                whole += [entry.bound(form)._repr_html_(), entry.derivation(form)._repr_html_()]
            for text in whole:
                ElementTree.fromstring(f"<div>{text.replace('<br>', '<br/>')}</div>")
                assert "color" not in text


class TestMathML:
    def test_the_whole_vocabulary_and_catalogue_can_be_typeset(self):
        for row in VOCABULARY.values():
            ElementTree.fromstring(to_mathml(row.latex))
        for entry in bc.catalogue.values():
            for form in entry.forms:
                ElementTree.fromstring(statement_html(entry.bound(form)).replace("'", '"'))
                ElementTree.fromstring(to_mathml(bound_latex(entry.bound(form))))
                for step in entry.derivation(form).steps:
                    for side in (step.left, step.right):
                        ElementTree.fromstring(to_mathml(expression_latex(side)))

    @pytest.mark.parametrize(
        ("latex", "expected"),
        [
            ("x_1^{2}", "<msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup>"),
            (r"\hat r", '<mover accent="true"><mi>r</mi><mo stretchy="false">^</mo></mover>'),
            (r"\mathcal M", "<mi>ℳ</mi>"),
            (r"\mathfrak{R}", "<mi>ℜ</mi>"),
            (r"\mathbb E", "<mi>𝔼</mi>"),
            (r"\varepsilon_{\rm opt}", "<msub><mi>ε</mi><mi>opt</mi></msub>"),
            (r"\text{two words}", "<mtext>two words</mtext>"),
            (r"f'", "<msup><mi>f</mi><mo>′</mo></msup>"),
            (r"x'^b", "<msup><mi>x</mi><mrow><mo>′</mo><mi>b</mi></mrow></msup>"),
            (r"a < b", "<mi>a</mi><mo>&lt;</mo><mi>b</mi>"),
            (r"\log x", '<mi>log</mi><mspace width="0.17em"/><mi>x</mi>'),
        ],
    )
    def test_pieces(self, latex, expected):
        assert to_mathml(latex) == f"<math>{expected}</math>"

    @pytest.mark.parametrize("latex", [r"\frac{1}", r"\unknown", "{x", r"\left( x", "x^1^2", r"\mathcal{a}", "§"])
    def test_what_is_not_understood_is_refused(self, latex):
        with pytest.raises(InvalidInputError, match="cannot be typeset"):
            to_mathml(latex)

    def test_a_sum_is_split_between_its_terms_only(self):
        terms = to_mathml_terms(r"a + \frac{b + c}{d} - (e)")
        assert len(terms) == 3
        assert terms[1].startswith('<math><mo form="infix">+</mo><mfrac>')


def test_what_a_browser_cannot_compute_is_refused():
    import sympy

    x = sympy.Symbol("x", positive=True)
    with pytest.raises(InvalidInputError, match="cannot be computed in a browser"):
        to_javascript(sympy.gamma(x), [x])
    assert to_javascript(sympy.Piecewise((x, x < 1), (sympy.Min(x, 3), True)), [x]).count("?") == 1


def test_names_on_several_lines_are_read_line_by_line(tmp_path, caplog):
    """Their mathematics is found by lines, as it is drawn: no glyph is sought for the end of a line."""
    pytest.importorskip("matplotlib")
    from boundcalc.show.axes import new_axes, save

    axes = new_axes()
    axes.set_yticks([0, 1], ["bill+\nbody", "$x$\nfor all"])
    save(axes, tmp_path / "lines.svg")
    assert not [record for record in caplog.records if "glyph" in record.getMessage()]
    assert [label.get_parse_math() for label in axes.get_yticklabels()] == [True, True]
