"""A chain that a referee would not accept is refused, or says so: events, definitions, roles, citations, domains."""

import dataclasses

import pytest
import sympy
from sympy import Range, Rational, log, oo, sqrt

import boundcalc as bc
from boundcalc import symbols as S
from boundcalc.errors import DerivationError, InvalidInputError
from boundcalc.theorems import Theorem

MINE = bc.Source("mine")


def stated(quantity, *steps, **fields):
    """Return a theorem of one form."""
    form = bc.Form(bc.Derivation(quantity, steps), provenance=fields.pop("provenance", "derived"))
    return Theorem("mine.one", "-", "one", "as derived", "q", MINE, {"sharp": form}, **fields)


def deviation(name, meaning="deviation of a fixed f"):
    return bc.symbol(name, name, meaning, sympy.Reals, role="population")


# ---------------------------------------------------------------- events


def test_one_lemma_for_two_quantities_pays_twice():
    one, two = deviation("dev_one"), deviation("dev_two")
    chain = bc.Derivation(
        one + two,
        tuple(bc.by("lemmas.hoeffding_u", dev, because="fixed") for dev in (one, two)),
    )
    assert len(chain.events) == 2
    bound = stated(one + two, *chain.steps).bound()
    assert bound.expr.has(log(2 / S.delta))
    assert not bound.expr.has(log(1 / S.delta))


def test_one_lemma_for_one_quantity_pays_once():
    one = deviation("dev_one")
    step = bc.by("lemmas.hoeffding_u", one, because="fixed")
    twice = bc.Derivation(one * S.n, (step,))
    assert len(bc.Derivation(one * S.n, (*twice.steps,)).events) == 1


def test_two_statements_under_one_name_are_two_events():
    assert bc.Event("e", "this holds") != bc.Event("e", "that holds")


def test_the_catalogue_s_empirical_complexities_are_different_events():
    keys = [key for key in bc.catalogue if key.startswith("comparators.") and "data" in bc.theorem(key).forms]
    events = [bc.theorem(key).bound("data").events[0] for key in ("zhou2026.metric_complexity", *keys)]
    assert len(events) > 5
    assert len(set(events)) == len(events)


def test_an_event_of_two_bounds_is_still_paid_once():
    data = bc.theorem("zhou2026.metric_complexity").bound("data")
    quality = bc.theorem("zhou2026.latent_quality").bound("paper").substitute(R_M=data, R_full=data)
    assert len(quality.events) == len(bc.theorem("zhou2026.latent_quality").bound("paper").events) + 2  # M and all
    gap = bc.theorem("zhou2026.risk_gap").bound().substitute(R_M=data)
    assert len(gap.events) == 2


def test_a_step_uses_the_share_of_the_event_that_it_pays():
    data = bc.theorem("zhou2026.metric_complexity").bound("data")
    risk = bc.by("zhou2026.uniform_deviation", S.r_M, because="-")
    mine = stated(S.r_M, risk, bc.by(data, S.R_M, because="-"))
    chain = bc.Derivation(S.r_M + S.R_M, (bc.by(mine, S.r_M, because="own"), bc.by(data, S.R_M, because="again")))
    assert len(chain.events) == 3
    for step in chain.steps:
        assert {event.symbol for event in step.events} <= step.right.free_symbols


def test_a_union_without_an_event_is_honoured():
    chain = bc.Derivation(S.dev_f, (bc.by("lemmas.hoeffding_u", S.dev_f, union=S.J, because="each of J"),))
    assert stated(S.dev_f, *chain.steps).bound().expr.has(log(S.J / S.delta))


@pytest.mark.parametrize("union", [Rational(1, 2), 0, S.rho, -3, Rational(1001, 1000), 1 + S.KL])
def test_a_union_counts_what_was_listed_before(union):
    with pytest.raises(InvalidInputError, match=r"at least 1|before the data"):
        bc.by("lemmas.hoeffding_u", S.dev_f, union=union, because="-")
    with pytest.raises(InvalidInputError, match=r"at least 1|before the data"):
        bc.theorem("lemmas.hoeffding_u").bound().substitute(n=10, union=union)


def test_a_union_that_no_event_pays_is_refused():
    with pytest.raises(InvalidInputError, match="has none"):
        bc.theorem("lemmas.massart").bound().substitute(m=3, union=5)
    with pytest.raises(InvalidInputError, match="has none"):
        bc.by("lemmas.massart", S.Rad_A, union=S.J, because="-")


def test_a_probability_without_an_event_is_refused():
    with pytest.raises(InvalidInputError, match="needs the event"):
        bc.at_most(S.r_0, S.rhat_0 + log(1 / S.delta), because="-", kind="probability")
    with pytest.raises(DerivationError, match="a bare delta"):
        bc.Derivation(S.r_0, (bc.at_most(S.r_0, S.rhat_0 + log(1 / S.delta), because="-", kind="expectation"),))
    event = bc.Event("e", "it holds")
    with pytest.raises(DerivationError, match="belongs to no event"):
        bc.Derivation(S.r_0, (bc.at_most(S.r_0, S.rhat_0 + log(1 / event.symbol), because="-"),))


def test_delta_does_not_travel_in_an_expression():
    data = bc.theorem("zhou2026.metric_complexity").bound("data")
    with pytest.raises(InvalidInputError, match=r"substitute\(R_M=bound\)"):
        bc.theorem("zhou2026.risk_gap").bound().substitute(R_M=data.expr)
    with pytest.raises(InvalidInputError, match="would be lost"):
        bc.theorem("zhou2026.risk_gap").bound().substitute(R_M=data.raw)
    halved = bc.theorem("zhou2026.risk_gap").bound().substitute(delta=S.delta / 2)
    assert halved.expr.has(log(2 / S.delta))


# ---------------------------------------------------------------- definitions

DEV = deviation("dev_own")


@pytest.mark.parametrize(
    ("quantity", "steps"),
    [
        (S.r_0, [bc.equal(S.r_0, S.rhat_0, definitions={S.r_0: S.rhat_0}, because="-")]),
        (S.Rad_loss, [bc.equal(S.Rad_loss, S.R_M, definitions={S.L: 1}, because="-")]),
        (
            S.Rad_loss,
            [
                bc.by("lemmas.contraction", S.Rad_loss, because="-"),
                bc.equal(S.L * S.R_M, S.R_M, definitions={S.L: 1}, because="-"),
            ],
        ),
        (
            S.r_0,
            [
                bc.equal(S.r_0, S.rhat_holdout + DEV, definitions={DEV: S.r_0 - S.rhat_holdout}, because="-"),
                bc.equal(S.rhat_holdout + DEV, S.rhat_holdout, definitions={DEV: 0}, because="-"),
            ],
        ),
        # a measured value, and quantities that lemmas bound, keep the vocabulary's meaning
        (S.r_0, [bc.equal(S.r_0, 2 * S.rhat_0, definitions={S.rhat_0: S.r_0 / 2}, because="-")]),
        (S.r_0, [bc.equal(S.r_0, S.Edev_m, definitions={S.Edev_m: S.r_0}, because="-")]),
        (S.r_0, [bc.equal(S.r_0, S.dev_f, definitions={S.dev_f: S.r_0}, because="-")]),
        (S.r_0, [bc.equal(S.r_0, S.r_0 + DEV, definitions={DEV: DEV}, because="-")]),
        (S.r_0, [bc.equal(S.r_0, S.r_0 + S.dev_f, definitions={S.dev_f: S.dev_minus, S.dev_minus: S.dev_f}, because="-")]),
        (
            S.r_0,  # R_M is 0 here, and something else there
            [
                bc.equal(S.r_0, S.dev_f - S.R_M, definitions={S.R_M: 0, S.dev_f: S.r_0}, because="-"),
                bc.at_most(S.dev_f, 2 * S.L * S.Rad_loss, because="-"),
                bc.at_most(S.Rad_loss, S.R_N + S.R_full, because="-"),
                bc.equal(S.R_N, S.R_M, definitions={S.R_N: S.R_M}, because="-"),
            ],
        ),
        (S.dev_f, [*[bc.by("lemmas.hoeffding_u", S.dev_f, because="-")], bc.equal(S.n, 5, definitions={S.n: 5}, because="-")]),
        (S.r_0, [bc.equal(S.r_0, S.r_0, definitions={S.delta: sympy.Rational(1, 2)}, because="-")]),
        (S.r_0, [bc.equal(S.r_0, S.r_0, definitions={bc.Event("e", "-").symbol: 1}, because="-")]),
    ],
)  # fmt: skip
def test_what_is_redefined_is_refused(quantity, steps):
    with pytest.raises(DerivationError):
        bc.Derivation(quantity, tuple(steps))


X = bc.symbol("x_unit", "x", "a number in [0, 1]", sympy.Interval(0, 1), role="population")
FREE = bc.symbol("x_free", "x", "a parameter in [0, 1]", sympy.Interval(0, 1), role="fixed", free=True)
WIDE = bc.symbol("z_wide", "z", "a number", sympy.Interval(0, oo), role="fixed")


@pytest.mark.parametrize(
    "steps",
    [
        (
            bc.equal(S.C, S.C - X - 7, definitions={X: -7}, because="-"),
            bc.at_most(S.C - X - 7, S.C - 7, because="x >= 0"),
        ),
        (bc.at_most(S.C, S.C + FREE, because="x >= 0"), bc.equal(FREE, -7, definitions={FREE: -7}, because="chosen")),
        (bc.at_most(S.r_0, S.lam + S.r_0, because="-"), bc.equal(S.lam, -2, definitions={S.lam: -2}, because="chosen")),
    ],
)
def test_a_definition_stays_in_its_symbol_s_domain(steps):
    with pytest.raises(DerivationError, match="must be"):
        bc.Derivation(steps[0].left, steps)


def test_what_may_leave_its_domain_is_proved_or_a_condition():
    """r_0 - rhat_0 may exceed 1, so that x <= 1 says something false of it."""
    told = stated(S.r_0, bc.equal(S.r_0, S.rhat_0 + X, definitions={X: S.r_0 - S.rhat_0}, because="-"),
                  bc.at_most(X, 1, because="its domain"))  # fmt: skip
    assert bc.check(told, budget=8).word == "UNSETTLED"
    assert not told.bound().certified
    share = bc.equal(S.C, S.C + X - S.B / (S.B + S.C), definitions={X: S.B / (S.B + S.C)}, because="-")
    assert bc.check(stated(S.C, share), budget=60).word == "PROVED"
    chosen = stated(
        S.C, bc.at_most(S.C, S.C + FREE, because="-"), bc.equal(FREE, WIDE, definitions={FREE: WIDE}, because="-")
    )
    assert chosen.bound().evaluate(C=1, z_wide=0.5) == 1.5
    with pytest.raises(InvalidInputError, match="x_free = z_wide = 2"):
        chosen.bound().evaluate(C=1, z_wide=2)
    gone = stated(S.C, bc.at_most(S.C, S.C + FREE, because="-"),
                  bc.equal(FREE, WIDE, definitions={FREE: WIDE}, because="-"), bc.at_most(WIDE, S.B, because="-"))  # fmt: skip
    assert any("x_free = z_wide" in text for text in gone.bound().assumptions)


@pytest.mark.parametrize("where", [{S.R_M: 0}, {S.m: S.n**2}, {S.C: S.rhat_0 / 100}, {S.delta: Rational(1, 2)}])
def test_an_abbreviation_is_the_vocabulary_s(where):
    with pytest.raises(DerivationError, match="no abbreviation of the vocabulary"):
        bc.Derivation(S.Rad_loss, (bc.by("lemmas.contraction", S.Rad_loss, because="-"),), where=where)


def test_a_fixed_symbol_is_not_defined_by_the_data():
    fixed = bc.symbol("gap_fixed", "g", "a gap", sympy.Reals, role="fixed")
    with pytest.raises(DerivationError, match="fixed in advance, and r_0, rhat_0 is not"):
        bc.Derivation(S.r_0, (bc.equal(S.r_0, S.rhat_0 + fixed, definitions={fixed: S.r_0 - S.rhat_0}, because="-"),))


def test_one_name_is_one_symbol():
    """What holds for x in [0, 1] says nothing of an x in [0, 5], nor of one that the data choose."""
    narrow, wide, seen = (
        bc.symbol("x_range", "x", "a number", sympy.Interval(0, end), role=role)
        for end, role in ((1, "fixed"), (5, "fixed"), (1, "observed"))
    )
    assert len({narrow, wide, seen}) == 3
    lemma = stated(S.C * narrow, bc.at_most(S.C * narrow, S.C, because="x <= 1"))
    assert bc.check(lemma, budget=60).word == "PROVED"
    with pytest.raises(InvalidInputError, match=r"bounds C\*x_range, not C\*x_range"):
        bc.by(lemma, S.C * wide, because="x <= 1")
    with pytest.raises(DerivationError, match="two symbols are called x_range"):
        bc.Derivation(S.C, (bc.at_most(S.C, S.C + narrow + seen, because="-"),))
    with pytest.raises(InvalidInputError, match="two symbols are called x_range"):
        stated(S.C, bc.at_most(S.C, S.C + narrow, because="-")).bound().substitute(C=wide)


def test_a_symbol_may_take_a_few_values():
    choice = bc.symbol("choice", "c", "one of two", sympy.FiniteSet(0, 1), role="fixed")
    square = stated(choice**2, bc.at_most(choice**2, choice, because="0 or 1"))
    assert bc.check(square, budget=60).word == "PROVED"
    with pytest.raises(InvalidInputError, match="equal to 0 or 1"):
        square.bound().evaluate(choice=0.5)


def test_steps_with_at_most_prove_no_strict_claim():
    strict = Theorem("mine.strict", "-", "s", "C < C + B", "q", MINE, {
        "sharp": bc.Form(bc.Derivation(S.C, (bc.at_most(S.C, S.C + S.rhat_0, because="-"),)), strict=True)})  # fmt: skip
    assert bc.check(strict, budget=5).word == "UNSETTLED"
    assert not strict.bound().certified


def test_what_is_to_be_shown_is_not_assumed():
    with pytest.raises(InvalidInputError, match="which is what is bounded"):
        stated(S.r_0, bc.at_most(S.r_0, S.rhat_0, because="-"), constraints=(bc.Constraint(S.r_0, S.rhat_0),))
    hidden = stated(S.r_0, bc.at_most(S.r_0, S.R_N, because="-", kind="infimum", cites="X"),
                    bc.at_most(S.R_N, S.R_M, because="-"), constraints=(bc.Constraint(S.R_N, S.R_M),))  # fmt: skip
    assert "R_N <= R_M" in hidden.bound().assumptions


def test_an_event_s_share_is_not_defined():
    event = bc.Event("e", "it holds")
    steps = (
        bc.at_most(S.r_0, S.rhat_0 + log(1 / event.symbol), because="-", kind="probability", events=(event,)),
        bc.equal(S.rhat_0 + log(1 / event.symbol), S.rhat_0, definitions={event.symbol: 1}, because="-"),
    )
    with pytest.raises(DerivationError, match="split over the events"):
        bc.Derivation(S.r_0, steps)


def test_a_free_parameter_is_chosen_but_not_from_the_data():
    step = bc.at_most(S.r_0, S.lam + 1 / S.lam, because="for every lam", kind="expectation")
    best = bc.equal(S.lam + 1 / S.lam, 2, definitions={S.lam: 1}, because="the best lam")
    assert bc.Derivation(S.r_0, (step, best)).result == 2
    seen = bc.equal(S.lam + 1 / S.lam, S.KL + 1 / S.KL, definitions={S.lam: S.KL}, because="from the posterior")
    with pytest.raises(DerivationError, match="fixed in advance, and KL is not"):
        bc.Derivation(S.r_0, (step, seen))


def test_domains_do_not_narrow_what_is_known():
    with pytest.raises(DerivationError, match="has its own domain"):
        bc.Derivation(S.r_0, (bc.at_most(S.r_0, 0, because="-"),), domains={S.r_0: sympy.FiniteSet(0)})


# ---------------------------------------------------------------- certified


def test_trust_me_is_not_a_proof():
    claim = stated(S.r_0, bc.at_most(S.r_0, 0, because="trust me"))
    assert not claim.bound().certified
    assert "unchecked" in claim.bound().why_not_certified
    assert bc.check(claim, budget=5).word == "REFUTED"
    assert not claim.bound().certified
    cited = stated(S.r_0, bc.at_most(S.r_0, 0, because="-", kind="expectation", cites="Trustworthy 2020"))
    assert bc.check(cited, budget=5).word == "CITED"
    assert "CITED" in cited.bound().why_not_certified
    asked = stated(S.r_0, bc.at_most(S.r_0, 0, because="-", kind="infimum"))
    assert bc.check(asked, budget=5).word == "UNSETTLED"
    assert not asked.bound().certified


def test_what_is_proved_is_certified_once_it_is_checked():
    proved = stated(S.B**2, bc.at_most(S.B**2, S.B**2 + S.C, because="C > 0"))
    before = proved.bound()
    assert bc.check(proved, budget=5).word == "PROVED"
    assert proved.bound().certified
    assert not before.certified
    assert not dataclasses.replace(proved, title="another").bound().certified
    assert not bc.Bound.from_json(proved.bound().to_json()).certified


def test_a_citation_is_read():
    false = stated(
        S.Edev_m, bc.at_most(S.Edev_m, S.Rad_loss / 100, because="-", kind="expectation", cites="lemmas.symmetrisation")
    )
    assert bc.check(false, budget=5).word == "REFUTED"
    true = stated(
        S.Edev_m, bc.at_most(S.Edev_m, 2 * S.Rad_loss, because="-", kind="expectation", cites="lemmas.symmetrisation")
    )
    assert bc.check(true, budget=5).word == "CITED"
    assert true.bound().certified
    weaker = stated(S.E_psi_U, bc.at_most(S.E_psi_U, S.C, because="-", kind="expectation", cites="lemmas.massart"))
    assert bc.check(weaker, budget=5).word == "UNSETTLED"


def test_a_forged_application_is_no_instance():
    step = bc.by("lemmas.symmetrisation", S.Edev_m, because="-")
    forged = dataclasses.replace(step, right=S.Rad_loss / 100, experiment=None)
    assert bc.check(stated(S.Edev_m, forged), budget=5).word in ("UNSETTLED", "REFUTED")
    moved = dataclasses.replace(step, left=S.Rad_A)
    assert bc.check(stated(S.Rad_A, moved), budget=5).word == "UNSETTLED"


@pytest.mark.parametrize(
    ("key", "quantity"),
    [("lemmas.hoeffding_u", S.r_0), ("lemmas.hoeffding_u", S.r_0 - S.rhat_0), ("certificates.transport", S.r_M),
     ("lemmas.symmetrisation", S.Edev_plus), ("zhou2026.risk_gap", S.r_M)],
)  # fmt: skip
def test_what_bounds_another_quantity_is_refused_at_once(key, quantity):
    with pytest.raises(InvalidInputError, match="name what it bounds here by a symbol of your own"):
        bc.by(key, quantity, because="-")


def test_a_lemma_on_any_quantity_of_its_kind_is_applied_to_one():
    """The check asks for a symbol of one's own all the same, or for an experiment that tries it."""
    step = bc.by("lemmas.massart", S.Rad_loss, because="a finite class")
    assert bc.check(stated(S.Rad_loss, step), budget=5).word == "UNSETTLED"
    assert bc.by(
        "lemmas.hoeffding_u", S.r_0, because="-", experiment=bc.theorem("lemmas.hoeffding_u").facts().experiment
    )


def of_a_book(right=S.C, **options):
    """Return a theorem whose one step rests on a book."""
    return stated(
        S.Edev_m, bc.at_most(S.Edev_m, right, because="-", **{"kind": "expectation", "cites": "Smith 1999"} | options)
    )


@pytest.mark.parametrize("wrapped", [lambda one: one, Theorem.bound, lambda one: one.bound().substitute(C=2)])
def test_an_instance_is_worth_what_the_statement_is_worth(wrapped):
    mine = stated(S.Edev_m, bc.by(wrapped(of_a_book()), S.Edev_m, because="the same"))
    report = bc.check(mine, budget=5)
    assert report.word == "CITED"
    assert "an instance of mine.one" in report.verdict.evidence
    assert "step 1 is CITED (Smith 1999)" in report.verdict.evidence
    assert "CITED" in mine.bound().why_not_certified
    again = stated(S.Edev_m, bc.by(mine, S.Edev_m, because="twice"))
    assert bc.check(again, budget=5).word == "CITED"
    assert not again.bound().certified


def test_an_instance_of_what_nothing_shows_is_unsettled_and_says_why():
    mine = stated(S.Edev_m, bc.by(of_a_book(cites=""), S.Edev_m, because="the same"))
    report = bc.check(mine, budget=5)
    assert report.word == "UNSETTLED"
    assert "mine.one is not proved: step 1 is UNSETTLED" in report.verdict.evidence


def test_an_instance_of_constants_that_are_quoted_is_cited():
    quoted = stated(S.Edev_m, bc.by("lemmas.symmetrisation", S.Edev_m, because="-"), provenance="quoted")
    mine = stated(S.Edev_m, dataclasses.replace(bc.by(quoted, S.Edev_m, because="-"), experiment=None))
    report = bc.check(mine, budget=5)
    assert report.word == "CITED"
    assert "the constants of mine.one (sharp) are quoted, not proved here" in report.verdict.evidence
    assert not mine.bound().certified


def test_a_bare_delta_that_does_not_hold_is_told_of_its_event():
    seen, risk = (
        bc.symbol(f"bare_{name}", name, role=role) for name, role in (("seen", "observed"), ("risk", "population"))
    )
    bare = bc.at_most(risk, seen + sqrt(log(1 / S.delta) / S.n), because="Hoeffding")
    verdict = bc.check(bare, budget=5).verdict
    assert verdict.word != "PROVED"
    assert "events=(event,), with kind='probability'" in verdict.evidence
    true = bc.check(bc.at_most(log(1 / S.delta), log(2 / S.delta), because="-"), budget=20).verdict
    assert true.word == "PROVED"
    assert "event" not in true.evidence


def test_own_lemmas_count_when_their_own_steps_do():
    lemma = stated(S.Edev_m, bc.by("lemmas.symmetrisation", S.Edev_m, because="-"))
    doubtful = stated(S.Edev_m, bc.at_most(S.Edev_m, 2 * S.Rad_loss, because="-", kind="expectation", cites="Smith"))
    for one, certified in ((lemma, True), (doubtful, False)):
        user = stated(
            S.Edev_m, bc.by(one, S.Edev_m, because="own"), bc.by("lemmas.contraction", S.Rad_loss, because="-")
        )
        bc.check(user, budget=20)
        assert user.bound().certified is certified


def test_unknown_kinds_and_relations_are_refused():
    with pytest.raises(InvalidInputError, match="kind = 'obvious' is unknown"):
        bc.at_most(S.r_0, 1, because="-", kind="obvious")
    with pytest.raises(InvalidInputError, match="relation = '<'"):
        bc.Step(S.r_0, "<", S.C, "-")


def test_text_is_no_expression():
    for make in (lambda: bc.at_most("r_0", 1, because="-"), lambda: bc.by("lemmas.massart", "Rad_A", because="-"),
                 lambda: bc.Derivation("__import__('os')", ())):  # fmt: skip
        with pytest.raises(InvalidInputError, match="must be a number or a SymPy expression"):
            make()


# ---------------------------------------------------------------- roles


def test_every_symbol_has_a_role():
    assert {row.role for row in S.VOCABULARY.values()} == {"fixed", "observed", "population"}
    for name, role in {"rho": "fixed", "delta": "fixed", "lam": "fixed", "n": "fixed", "rhat_ramp": "observed",
                       "KL": "observed", "Rhat": "observed", "kappa_M": "observed", "r_M": "population"}.items():  # fmt: skip
        assert S.info(name).role == role
    with pytest.raises(InvalidInputError, match="role = None"):
        bc.symbol("width", "w", "width of a box")
    with pytest.raises(InvalidInputError, match="role = 'known'"):
        bc.symbol("width", "w", "width of a box", role="known")


@pytest.mark.parametrize(
    ("key", "form", "values"),
    [
        ("zhou2026.margin", "sharp", {"rho": S.rhat_ramp + sympy.Rational(1, 100)}),
        ("zhou2026.margin", "sharp", {"delta": S.rhat_ramp / 2}),
        ("certificates.pac_bayes", "transport", {"kappa": 1 / (1 + S.KL)}),
        ("zhou2026.margin", "sharp", {"n": 2 + sympy.ceiling(S.rhat_ramp)}),
    ],
)
def test_what_is_fixed_takes_no_value_from_the_data(key, form, values):
    bound = bc.theorem(key).bound(form)
    with pytest.raises(InvalidInputError, match="fixed before the data are seen"):
        bound.substitute(**values)
    paid = bound.substitute(union=10, **values)
    assert paid.expr != bound.substitute(union=10).expr
    assert "takes one of 10 values that were listed before the data are seen" in paid.assumptions[-1]
    assert bound.substitute(union=10).expr == bound.expr.subs(S.delta, S.delta / 10)


def test_a_bound_without_steps_composes_into_one_without_steps():
    gap, complexity = bc.theorem("zhou2026.risk_gap").bound(), bc.theorem("zhou2026.metric_complexity").bound("paper")
    whole = gap.substitute(R_M=complexity)
    assert whole.proof
    bare = [dataclasses.replace(bound, proof=None) for bound in (gap, complexity)]
    for composed in (gap.substitute(R_M=bare[1]), bare[0].substitute(R_M=complexity)):
        assert composed.proof is None
        assert composed.expr == whole.expr


@pytest.mark.parametrize(
    ("value", "allowed"),
    [(2 * S.delta, sympy.Interval.open(0, Rational(1, 2))), (S.delta / 2, sympy.Interval.open(0, 1)), (1 - S.delta, sympy.Interval.open(0, 1)),
     (2 * S.delta - 1, sympy.Interval.open(Rational(1, 2), 1)), (S.delta, sympy.Interval.open(0, 1))],
)  # fmt: skip
def test_what_is_inserted_narrows_the_range_of_what_it_is_made_of(value, allowed):
    bound = bc.theorem("lemmas.hoeffding_u").bound().substitute(delta=value)
    assert bound.domain[S.delta] == allowed
    for delta in (Rational(1, 5), Rational(1, 2), Rational(3, 5), Rational(9, 10)):
        if delta in allowed:
            here = {"n": 100, "C": 1}
            plain = bc.theorem("lemmas.hoeffding_u").bound().evaluate(**here, delta=value.subs(S.delta, delta))
            assert float(bound.evaluate(**here, delta=delta)) == pytest.approx(float(plain), rel=1e-12)
        else:
            with pytest.raises(InvalidInputError, match="delta must be in"):
                bound.evaluate(n=100, C=1, delta=delta)
            with pytest.raises(InvalidInputError, match="delta must be in"):
                bound.compile("n", C=1, delta=delta)


@pytest.mark.parametrize("value", [S.delta + 1, 1 / S.delta, 3 - S.delta, -S.J])
def test_what_is_never_allowed_is_not_inserted(value):
    with pytest.raises(InvalidInputError, match=r"delta must be in|no value of delta"):
        bc.theorem("lemmas.hoeffding_u").bound().substitute(delta=value)


def test_by_asks_the_same():
    with pytest.raises(InvalidInputError, match="fixed before the data are seen"):
        bc.by("zhou2026.margin", S.err_M, rho=S.rhat_ramp + 1, because="-")
    assert bc.by("zhou2026.margin", S.err_M, rho=S.rhat_ramp + 1, union=8, because="8 margins")
    uniform = dataclasses.replace(bc.theorem("zhou2026.margin"), uniform=(S.rho,))
    assert bc.by(uniform, S.err_M, rho=S.rhat_ramp + 1, because="for all rho at once")
    assert uniform.bound().substitute(rho=S.rhat_ramp + 1)
    assert "it holds for all values of rho at once" in uniform.assumptions


# ---------------------------------------------------------------- what a lemma brings along


def test_by_brings_assumptions_and_checks_domains():
    step = bc.by("lemmas.hoeffding_u", S.dev_f, because="-")
    own = stated(S.dev_f, step)
    assert set(bc.theorem("lemmas.hoeffding_u").assumptions) <= set(own.bound().assumptions)
    with pytest.raises(InvalidInputError, match="C = -3 is not allowed"):
        bc.by("lemmas.hoeffding_u", S.dev_f, C=-3, because="-")
    with pytest.raises(InvalidInputError, match="rho is no symbol of it"):
        bc.by("lemmas.hoeffding_u", S.dev_f, rho=1, because="-")
    with pytest.raises(InvalidInputError, match=r"no theorem 'lemmas\.hoefding'"):
        bc.by("lemmas.hoefding", S.dev_f, because="-")
    gap = stated(S.dev_f, bc.by("lemmas.hoeffding_u", S.dev_f, C=S.t_max - S.t_min, because="-")).bound()
    assert gap.evaluate(n=100, delta=0.1, t_min=0, t_max=1) > 0
    with pytest.raises(InvalidInputError, match="C = "):
        gap.evaluate(n=100, delta=0.1, t_min=1, t_max=1)


def test_a_plain_symbol_with_a_name_of_the_vocabulary_is_refused():
    with pytest.raises(InvalidInputError, match=r"take n from boundcalc\.symbols"):
        bc.at_most(S.r_0, 1 / sympy.Symbol("n", positive=True), because="-")
    assert S.known(sympy.Symbol("n")) is None


def vc(**fields):
    event = bc.Event("vc", "uniform deviation")
    right = S.rhat_0 + sqrt((V * log(2 * sympy.E * S.n / V) + log(4 / event.symbol)) / S.n)
    step = bc.at_most(S.r_0, right, because="VC", kind="probability", events=(event,), cites="Vapnik 1998")
    return stated(S.r_0, step, **fields).bound()


V = bc.symbol("V", r"d_{\mathrm{VC}}", "VC dimension", Range(1, oo), role="fixed")


def test_what_is_not_defined_is_an_error_with_a_name():
    for options in ({}, {"sound": True}, {"precision": 20}):
        with pytest.raises(InvalidInputError, match=r"not defined at n = 100.*V\*log.* must be >= 0"):
            vc().evaluate(n=[1000, 100], V=3000, delta=0.05, rhat_0=0, **options)
    for derived in (vc().gradient, vc().elasticity):
        with pytest.raises(InvalidInputError, match="not defined at n = 100"):
            derived("n", n=[1000, 100], V=3000, delta=0.05, rhat_0=0)
    with pytest.raises(InvalidInputError, match="5 is no symbol"):
        vc().rate(5)


@pytest.mark.parametrize(("low", "high", "bad"), [(V, S.n, 100), (2 * V, S.n, 50), (1, V, 1), (V**2, S.n - 1, 10)])
def test_constraints_of_one_s_own(low, high, bad):
    bound = vc(constraints=(bc.Constraint(low, high, strict=True),))
    assert bound.evaluate(n=100, V=2, delta=0.05, rhat_0=0) > 0
    with pytest.raises(InvalidInputError, match=r"required|not allowed"):
        bound.evaluate(n=100, V=bad, delta=0.05, rhat_0=0)


# ---------------------------------------------------------------- rates and simplifying


def test_rates_hold_with_their_logarithms():
    rate = vc().rate("n")
    assert (rate.limit, rate.order, rate.coefficient) == (S.rhat_0, sqrt(log(S.n)) / sqrt(S.n), sqrt(V))
    small = vc().substitute(delta=1 / S.n)
    assert small.rate("n").order == sqrt(log(S.n)) / sqrt(S.n)
    assert vc().compare(vc()).ratio == 1
    hoeffding = bc.theorem("lemmas.hoeffding_u").bound()
    assert str(hoeffding.substitute(delta=1 / S.n).rate("n")) == "0 + O(sqrt(log(n))/sqrt(n))"


def test_simplify_keeps_every_value():
    for bound in (vc(), bc.theorem("zhou2026.ex_ante").bound("relative")):
        point = {name: {"n": 500, "V": 300, "delta": 0.05, "n_h": 40, "J": 3}.get(name, 0.5) for name in bound.symbols}
        before, after = (float(one.evaluate(**point)) for one in (bound, bound.simplify()))
        assert after == pytest.approx(before, rel=1e-12)


# ---------------------------------------------------------------- what is put together, and what it was made from


def test_what_is_observed_is_not_defined_by_what_is_not():
    seen = bc.symbol("seen_s", "s", "an error on the sample", role="observed")
    with pytest.raises(bc.errors.DerivationError, match="seen_s is observed, and r_0 is not"):
        bc.Derivation(S.r_0, (bc.equal(S.r_0, seen, definitions={seen: S.r_0}, because="by definition"),))


def test_what_is_defined_by_the_bounded_quantity_is_not_constrained():
    gap = bc.symbol("gap_s", "g", "what the sample lost", sympy.Reals, role="population")
    steps = (
        bc.equal(S.r_0, S.rhat_0 + gap, definitions={gap: S.r_0 - S.rhat_0}, because="definition"),
        bc.at_most(gap, 0, because="assumed"),
    )
    form = bc.Form(bc.Derivation(S.r_0, steps))
    with pytest.raises(
        InvalidInputError, match="assumes something of gap_s, which is what is bounded, or defined by it"
    ):
        bc.Theorem("mine.x", "-", "t", "c", "q", bc.Source("A"), {"sharp": form}, constraints=(bc.Constraint(gap, 0),))


def of_one_bound(bound):
    form = bc.Form(bc.Derivation(bound.quantity, (bc.by(bound, bound.quantity, because="applied"),)))
    return bc.Theorem("mine.applied", "-", "t", "c", "q", bc.Source("A"), {"sharp": form})


def unproved():
    trusted = bc.at_most(S.Edev_m, S.C - 1, because="trust me", kind="expectation", cites="a book")
    form = bc.Form(bc.Derivation(S.Edev_m, (trusted,)))
    return bc.Theorem("mine.trusted", "-", "t", "c", "q", bc.Source("A"), {"sharp": form}).bound()


@pytest.mark.parametrize(
    "bound",
    [
        lambda: dataclasses.replace(
            bc.theorem("lemmas.symmetrisation").bound(), parts=(("complexity", S.Rad_loss / 10),)
        ),
        lambda: dataclasses.replace(bc.theorem("lemmas.hoeffding_u").bound().substitute(C=2), events=()),
        lambda: dataclasses.replace(unproved(), theorem=bc.theorem("lemmas.symmetrisation").bound().theorem),
        lambda: dataclasses.replace(unproved(), theorem=dataclasses.replace(unproved().theorem, doubt="")),
        lambda: unproved().substitute(C=2),
        lambda: dataclasses.replace(unproved(), made=None),
    ],
)
def test_a_bound_counts_as_what_it_was_made_from(bound):
    try:
        theorem = of_one_bound(bound())
    except (InvalidInputError, bc.errors.DerivationError):
        return
    bc.check(theorem, budget=2)
    assert not theorem.bound().certified
    assert theorem.bound().why_not_certified


def test_delta_is_not_minimised_and_a_grid_of_sample_sizes_is_inserted():
    bound = bc.theorem("zhou2026.margin").bound()
    with pytest.raises(InvalidInputError, match="delta is how often the bound may fail"):
        bound.minimise("delta", over=[sympy.Rational(1, 10), sympy.Rational(1, 2)], price="grid")
    best = bound.minimise("n", over=[10, 20], price="grid")
    assert "n" not in best.symbols
    assert not best.raw.has(S.m)


def test_a_term_is_not_put_into_that_of_another_event():
    first, second = bc.Event("first", "one"), bc.Event("second", "two")
    right = S.C * sympy.sqrt(sympy.log(1 / first.symbol) / S.m) + S.C * sympy.sqrt(sympy.log(1 / second.symbol)) / S.m
    step = bc.at_most(S.dev_f, right, because="two events", kind="probability", events=(first, second), cites="a book")
    form = bc.Form(bc.Derivation(S.dev_f, (step,)))
    bound = bc.Theorem("mine.two", "-", "t", "c", "q", bc.Source("A"), {"sharp": form}).bound()
    uneven = {"first": sympy.Rational(9999, 10000), "second": sympy.Rational(1, 10000)}
    relaxed = bound.relax(drop="lower order", budget=10).with_split(uneven)
    at = {"n": 4, "C": 1, "delta": 0.999}
    assert float(relaxed.evaluate(**at)) >= float(bound.with_split(uneven).evaluate(**at))
