"""Ten theorems as their page states them; in each, two mistakes that a referee would catch are caught."""

from __future__ import annotations

import doctest
import math
from pathlib import Path

import pytest
from sympy import E, Rational, log, sqrt

import boundcalc as bc
from boundcalc import symbols as S
from boundcalc.errors import DerivationError, InvalidInputError

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "textbook.md"
MISTAKES = {}


@pytest.fixture(scope="module")
def page():
    """Return the names that the page's statements define."""
    names = {}
    for example in doctest.DocTestParser().get_examples(PAGE.read_text(encoding="utf-8")):
        if example.exc_msg is None and "bc.check" not in example.source and "print" not in example.source:
            exec(example.source, names)
    return type("Page", (), names)


def refused(function):
    """Mark a mistake that cannot be stated."""
    MISTAKES[function.__name__] = (function, "refused")
    return function


def doubted(function):
    """Mark a theorem with a mistake that a check does not certify."""
    MISTAKES[function.__name__] = (function, "doubted")
    return function


def ends(page, theorem, right, **more):
    """Return a theorem with one more step, a cleaner right side that is wrong."""
    chain = theorem.derivation()
    last = bc.at_most(
        chain.result, right(chain.events[0].symbol if chain.events else None), because="as one remembers it"
    )
    return page.stated("mine.wrong", chain.quantity, *chain.steps, last, **more)


@doubted
def finite_without_its_union(page):
    one = bc.Event("one", "it does not lose much")
    step = bc.at_most(page.gap, sqrt(log(1 / one.symbol) / (2 * page.N)), kind="probability", events=(one,),
                      because="Hoeffding", cites="lemmas.finite_class")  # fmt: skip
    return page.stated("mine.wrong", page.risk, page.split, step)


@refused
def finite_class_that_grows_with_what_was_seen(page):
    bc.by("lemmas.finite_class", page.gap, C=1, m=page.N, J=1 + 100 * page.seen, because="-")


@doubted
def realisable_with_half_the_constant(page):
    return ends(page, page.realisable, lambda share: log(S.J / share) / (2 * page.N))


@refused
def realisable_with_a_delta_that_nobody_pays(page):
    bc.at_most(page.risk, log(S.J / S.delta) / page.N, kind="probability", because="1 - exp(-x) <= x")


@doubted
def vc_without_the_factor_of_symmetrisation(page):
    steps = list(page.vc.derivation().steps)
    steps[2] = bc.at_most(S.Edev_m, S.Rad_loss, kind="expectation", because="-", cites="lemmas.symmetrisation")
    return page.stated("mine.wrong", page.risk, *steps)


@refused
def vc_with_more_dimensions_than_examples(page):
    page.vc.bound().evaluate(seen=0, d=100, N=50, delta=0.05)


@refused
def margin_from_the_data(page):
    page.margin.bound().substitute(rho=page.seen + Rational(1, 100))


@refused
def margin_with_the_inequality_turned_round(page):
    steps = page.margin.derivation().steps
    page.stated(
        "mine.wrong", page.risk, *steps[:-1], bc.at_least(S.R_M, steps[-1].right, because="-", kind="expectation")
    )


@refused
def lasso_with_half_a_vector(page):
    half = page.stated(
        "mine.wrong", page.corners, bc.by("lemmas.massart", page.corners, card_A=page.d / 2, because="-")
    )
    half.bound().evaluate(d=1, rho_A=1, n=10)


@doubted
def lasso_with_a_constant_that_is_too_small(page):
    return ends(page, page.lasso, lambda _: page.norm * page.radius * sqrt(log(2 * page.d) / page.N))


@refused
def stability_that_was_measured(page):
    bc.by("lemmas.mcdiarmid", page.gap, c_squares=page.N * page.seen**2, because="-")


@doubted
def stability_with_a_lost_root(page):
    right = page.seen + page.beta + (2 * page.beta + 1 / sqrt(page.N))
    return ends(page, page.stable, lambda share: right * sqrt(log(1 / share)))


@doubted
def bayes_for_three_examples(page):
    return page.stated("mine.wrong", S.r_rho, *page.bayes.derivation().steps)


@refused
def bayes_with_a_temperature_from_the_posterior(page):
    bc.by("lemmas.pac_bayes", S.r_rho, form="catoni", lam=sqrt(S.KL / page.N), because="-")


@doubted
def fast_without_the_root(page):
    return page.stated(
        "mine.wrong", page.risk, page.both, bc.at_most(sqrt(page.risk), sqrt(page.seen), because="-", using=(1,))
    )


@refused
def fast_where_the_risk_may_drop_out(page):
    bc.solve_implicit(bc.at_most(page.risk, page.seen + 2 * page.risk, because="-"), 1)


@doubted
def auc_with_all_rows(page):
    return ends(
        page,
        page.auc,
        lambda share: page.seen + sqrt(log(S.J / share) / (2 * (page_symbol("n_pos") + page_symbol("n_neg")))),
    )


@refused
def auc_with_a_part_of_a_scorer(page):
    bc.by("lemmas.two_sample", page.gap, form="fixed", C=1, union=Rational(3, 2), because="-")


@refused
def neighbour_with_a_side_beyond_the_cube(page):
    page.stated(
        "mine.wrong",
        page.risk,
        *page.neighbour.derivation().steps[:2],
        bc.equal(page.side, 3, definitions={page.side: 3}, because="-"),
    )


@doubted
def neighbour_without_what_cells_add(page):
    steps = list(page.neighbour.derivation().steps)
    side = 2 * page.N ** (-1 / (page.d + 1))
    steps[2] = bc.equal(page.cells, 2 * page.N ** (-1 / (page.d + 1)), definitions={page.side: side}, because="-")
    return page.stated("mine.wrong", page.risk, *steps)


def page_symbol(name):
    """Return a symbol of the two samples."""
    return bc.theorem("lemmas.two_sample").bound("fixed").symbols[name]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_caught(page, name):
    make, how = MISTAKES[name]
    if how == "refused":
        with pytest.raises((InvalidInputError, DerivationError)):
            make(page)
        return
    wrong = make(page)
    assert bc.check(wrong, budget=8).word in ("REFUTED", "UNSETTLED")
    assert not wrong.bound().certified


def test_what_the_page_states_is_what_the_books_say(page):
    at = {"seen": 0.1, "N": 1000, "delta": 0.05}
    values = {
        page.finite: ({"J": 50}, 0.1 + math.sqrt(math.log(50 / 0.05) / 2000)),
        page.realisable: ({"J": 50}, math.log(50 / 0.05) / 1000),
        page.vc: ({"d": 5}, 0.1 + math.sqrt(10 * math.log(math.e * 200) / 1000) + math.sqrt(math.log(20) / 2000)),
        page.margin: (
            {"norm": 2, "radius_x": 3, "rho": 0.5},
            0.1 + 24 / math.sqrt(1000) + math.sqrt(math.log(20) / 2000),
        ),
        page.lasso: ({"norm": 2, "radius_x": 3, "d": 7}, 6 * math.sqrt(2 * math.log(14) / 1000)),
        page.stable: ({"beta": 0.01}, 0.11 + (20 + 1) * math.sqrt(math.log(20) / 2000)),
        page.bayes: ({"rhat_rho": 0.1, "KL": 3}, 0.1 + math.sqrt((3 + math.log(20000)) / 1998)),
        page.neighbour: ({"best": 0.1, "norm": 2, "d": 3}, 0.2 + 2 * math.sqrt(3) * (2 + 1 / float(E)) * 1000**-0.25),
    }
    for theorem, (own, value) in values.items():
        given = {name: x for name, x in (at | own).items() if name in theorem.bound().symbols}
        assert float(theorem.bound().evaluate(**given)) == pytest.approx(value, rel=1e-12)
    b = math.sqrt(2 * math.log(1000) / 1000)
    root = (b + math.sqrt(b * b + 0.4)) / 2
    assert float(page.fast.bound().evaluate(J=50, **at)) == pytest.approx(root**2, rel=1e-12)
    assert bc.check(page.vc, budget=8).word == "SUPPORTED"
    assert "step" in page.vc.bound().why_not_certified
