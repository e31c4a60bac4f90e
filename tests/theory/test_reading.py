"""Formulas that are read: what we write is read back, what is not understood is refused at its place."""

import random

import pytest
import sympy
from sympy import Rational, log, sqrt

import boundcalc as bc
from boundcalc import symbols as S
from boundcalc.errors import InvalidInputError
from boundcalc.language.entropy import kl, kl_inverse
from boundcalc.language.latex import expression_latex

V = bc.symbol("V", r"d_{\mathrm{VC}}", "VC dimension", sympy.Range(1, sympy.oo), role="fixed")
W = bc.symbol("width", r"|\mathcal W|", "a size", role="fixed")
D = bc.symbol("d", domain=sympy.Range(1, sympy.oo), role="fixed")
FORMS = [(key, form) for key, entry in bc.catalogue.items() for form in entry.forms]


def same(first, second):
    """Return whether two expressions are one, or have one value where both are defined."""
    if first == second:
        return True
    rng = random.Random(0)
    symbols = sorted(first.free_symbols | second.free_symbols, key=str)
    for _ in range(100):
        values = {
            s: sympy.Integer(rng.randint(2, 40)) if s.is_integer else sympy.Rational(rng.randint(1, 300), 101)
            for s in symbols
        }
        try:
            one, two = (complex(expr.xreplace(values).evalf(30)) for expr in (first, second))
        except (TypeError, ValueError):  # a largest value among complex ones
            continue
        if one == one and abs(one) < 1e300:
            return abs(one - two) <= 1e-12 * max(1.0, abs(one))
    raise AssertionError(f"no point to compare {first} with {second} at")


@pytest.mark.parametrize(("key", "form"), FORMS)
def test_what_the_catalogue_writes_is_read_back(key, form):
    bound = bc.theorem(key).bound(form)
    for expr in (bound.expr, bound.compact, bound.quantity):
        assert same(bc.read(str(expr), symbols=expr.free_symbols), expr)
        assert same(bc.read(expression_latex(expr), symbols=expr.free_symbols, latex=True), expr)


def random_expression(rng, depth):
    """Return a random expression of what a formula can hold."""
    if depth == 0:
        return rng.choice(
            [S.n, S.C, S.delta, S.L, V, W, S.R_M, S.lam_max, sympy.Rational(rng.randint(1, 9), rng.randint(1, 9))]
        )
    a, b = (random_expression(rng, depth - 1) for _ in range(2))
    return rng.choice([
        lambda: a + b, lambda: a - b, lambda: a * b, lambda: a / (b + 1) if b + 1 != 0 else a, lambda: sympy.sqrt(a * a + b * b),
        lambda: sympy.log(1 + abs(a)), lambda: sympy.exp(-abs(a)), lambda: sympy.Min(a, b), lambda: sympy.Max(a, 2),
        lambda: sympy.floor(a / 2), lambda: sympy.ceiling(b), lambda: abs(a - b), lambda: (a * a + 1) ** sympy.Rational(2, 3),
        lambda: kl(S.delta, S.delta / 2) + a, lambda: kl_inverse(S.delta, abs(b)) * a,
    ])()  # fmt: skip


@pytest.mark.parametrize("seed", range(300))
def test_random_expressions_are_read_back(seed):
    expr = random_expression(random.Random(seed), 1 + seed % 3)
    assert same(bc.read(str(expr), symbols=[V, W]), expr)
    assert same(bc.read(expression_latex(expr), symbols=[V, W], latex=True), expr)


def bound_variables():
    """Return sums, products and integrals of one variable, alone, in one another and among other terms."""
    k, j = (sympy.Symbol(name, integer=True, positive=True) for name in "kj")
    x, u = (sympy.Symbol(name, positive=True) for name in ("x", "u_1"))
    total, area = (
        sympy.Sum(2**-k * sqrt(V * log(3 * 2**k)), (k, 1, V)),
        sympy.Integral(sqrt(log(1 + V / x)), (x, S.rho, 9)),
    )
    return [
        total, area, S.B * total**2 / 3 + 1, 2 * area / sqrt(S.n) - S.C, sqrt(sympy.Sum(k, (k, 1, V))) + sympy.Sum(k, (k, 1, V)),
        S.C * sympy.Product(1 - 1 / (k + 1), (k, 1, V)) * W, sympy.Sum(-k, (k, 0, 4)), sympy.Sum(S.C - k, (k, 1, 3)) - k.subs(k, V),
        sympy.Sum(sympy.Product(j + k, (j, 1, k)), (k, 1, 3)), sympy.Integral(D * u + 1, (u, 0, D)), sympy.Integral(V / x, (x, 1, 2)),
        sympy.Sum(k * sympy.Integral(x**k, (x, 0, 1)), (k, 1, 3)), sympy.Integral(D, (x, 1, 2)), sympy.exp(-sympy.Sum(1 / k, (k, 1, V))),
    ]  # fmt: skip


@pytest.mark.parametrize("expr", bound_variables(), ids=str)
def test_sums_products_and_integrals_are_read_back(expr):
    for printed, latex in ((str, False), (expression_latex, True)):
        read = bc.read(printed(expr), symbols=[V, W, D], latex=latex)
        assert read.free_symbols == expr.free_symbols
        assert str(read) == str(expr)
        assert same(read, expr)
        kinds = (sympy.Sum, sympy.Product, sympy.Integral)
        assert [len(read.atoms(kind)) for kind in kinds] == [len(expr.atoms(kind)) for kind in kinds]


def test_a_variable_is_known_where_it_is_bound_only():
    text = r"\sum_{n=1}^{3} n + n"
    assert bc.read(text).free_symbols == {S.n}
    assert bc.read(text).subs(S.n, 10).doit() == 16
    assert bc.read(r"\prod_{k=1}^4 \frac{k}{2} \cdot \int_0^2 t\, dt").doit() == Rational(4 * 3 * 2, 1) / 16 * 2**4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\sqrt{\frac{\log(2/\delta)}{2n}}", sympy.sqrt(sympy.log(2 / S.delta) / (2 * S.n))),
        (r"C\sqrt{\frac{2 d_{\mathrm{VC}}\log\frac{e n}{d_{\mathrm{VC}}}}{n}}", S.C * sympy.sqrt(2 * V * sympy.log(sympy.E * S.n / V) / S.n)),
        (r"2\,|\mathcal W| \cdot \left|C-1\right|", 2 * W * abs(S.C - 1)),
        (r"\log_2 n + \ln^2(n)", sympy.log(S.n) / sympy.log(2) + sympy.log(S.n) ** 2),
        (r"\sqrt[3]{n}\left\lceil\tfrac{n}{2}\right\rceil", sympy.cbrt(S.n) * sympy.ceiling(S.n / 2)),
        (r"e^{-n}\binom{n}{2} - n^{-2}", sympy.exp(-S.n) * sympy.binomial(S.n, 2) - S.n**-2),
        (r"\mathrm{kl}^{-1}\left(\delta, 0.1\right)", kl_inverse(S.delta, sympy.Rational(1, 10))),
        ("-C**2*n^-1 + 2e-3", -(S.C**2) / S.n + sympy.Rational(1, 500)),
        ("loggamma(n) + gamma(n) + gamma", sympy.loggamma(S.n) + sympy.gamma(S.n) + S.gamma),
        ("2**3**2", 512),
        ("(C - -1)*+2", None),
        ("max(C, L, V/2)", sympy.Max(S.C, S.L, V / 2)),
    ],
)  # fmt: skip
def test_formulas_as_one_writes_them(text, expected):
    if expected is None:
        with pytest.raises(InvalidInputError, match="position 10, at "):
            bc.read(text, symbols=[V, W])
    else:
        assert bc.read(text, symbols=[V, W]) - expected == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"\log 2n", r"position 7, at 'n': what \\log is taken of could be read in two ways"),
        ("{C}/2n", r"position 6, at 'n': after '/'"),
        (r"\frac12 n", "position 6, at '12 n': LaTeX takes the first digit only"),
        ("2 n", "position 3, at 'n': an operator is missing"),
        ("delt + 1", r"position 1, at 'delt \+ 1': unknown symbol 'delt', did you mean 'delta'"),
        ("__import__('os')", "position 1"),
        ("C.real", r"position 2, at '\.real'"),
        ("1/(n - n)", "position 2, .* no real value"),
        ("log(0)", "no real value"),
        ("9**9**9**9", "too many digits"),
        ("(" * 100 + "n" + ")" * 100, "nested too deeply"),
        ("kl(C)", "kl takes 2 arguments, not 1"),
        ("sqrt(n", r"at the end: expected '\)'"),
        ("", "expected a formula"),
        ("delta[]", r"position 6, at '\[\]'"),
        (r"\delta_{\text{}}", "position "),
        ("n" * 30_000, "are no formula"),
        (5, "expected a formula"),
        ("Sum(i, (i, 1, 3)) + i", "position 21, at 'i': unknown symbol 'i'"),
        ("Sum(i, (i, 1))", "position 13, .* expected ','"),
        ("Sum(i, (2, 1, 3))", "expected the name of a variable"),
        ("Sum(i)", "expected ',' further on"),
        (r"\sum_{k} k", "position 7, .* expected '=' further on"),
        (r"\sum_{k=1}^{3}", "at the end: something is missing"),
        (r"\int_0^1 t", r"an integral ends in its variable, as in"),
        (r"\int_0^1 \, dt", "position 13, at 'dt': expected what is integrated"),
    ],
)
def test_what_is_not_understood_is_refused_at_its_place(text, said):
    with pytest.raises(InvalidInputError, match=said):
        bc.read(text)


def test_2000_mutated_formulas_are_read_or_refused_with_a_place():
    rng = random.Random(0)
    bounds = [bc.theorem(key).bound(form) for key, form in FORMS[::5]]
    texts = [
        text
        for expr in (*(bound.expr for bound in bounds), *bound_variables())
        for text in (str(expr), expression_latex(expr))
        if 20 < len(text) < 300
    ]
    letters = "+-*/^_(){}[]|\\,.0129 nCe&$\x00é%~!'\""
    refused = 0
    for _ in range(2000):
        text = list(rng.choice(texts))
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(text))
            text[place : place + rng.randint(0, 3)] = rng.choice(letters) * rng.randint(0, 2)
        try:
            found = bc.read("".join(text) or "(", symbols=[V, D])
        except InvalidInputError as error:
            refused += "position " in str(error)
            found = sympy.Integer(0) if "position " in str(error) else error
        assert isinstance(found, sympy.Expr)
    assert refused > 800


# ---------------------------------------------------------------- what is printed can be typed again


def refined(chain, left, right, **options):
    """Return a chain with one more step."""
    step = bc.at_most(left, right, because="larger", **options)
    return bc.Derivation(chain.quantity, (*chain.steps, step))


@pytest.mark.parametrize(("key", "form"), FORMS[::3])
def test_a_summand_of_a_printed_bound_is_a_part_of_its_chain(key, form):
    bound, chain = bc.theorem(key).bound(form), bc.theorem(key).derivation(form)
    if len(chain.events) > 1 or chain.relation == ">=":
        return
    for printed in {bound.expr: str, bound.compact: expression_latex}.items():
        term = sympy.Add.make_args(printed[0])[-1]
        left = bc.read(printed[1](term), symbols=bound.symbols, latex=printed[1] is expression_latex)
        after = refined(chain, left, left + 1)
        assert after.result != chain.result
        assert not after.result.has(S.delta) or chain.result.has(S.delta)


@pytest.fixture(scope="module")
def of_two_events():
    """A chain with two events, and a number that is a float."""
    gap = bc.symbol("gap_read", "g", "what the sample lost", sympy.Reals, role="population")
    rest = bc.symbol("rest_read", "h", "a second deviation", sympy.Reals, role="population")
    return bc.Derivation(
        S.r_0,
        (
            bc.equal(S.r_0, S.rhat_0 + gap + rest, because="two parts", kind="expectation", cites="a book"),
            bc.by("lemmas.hoeffding_u", gap, C=0.1, because="fixed", event=bc.Event("first", "one")),
            bc.by("lemmas.hoeffding_u", rest, C=S.L, union=S.J, because="fixed", event=bc.Event("second", "two")),
        ),
    )


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("sqrt(2)*L*sqrt(log(2*J/delta))/(2*sqrt(floor(n/2)))", "L*sqrt(log(2*J/delta)/(n - 1))"),
        ("sqrt(2)*L*sqrt(log(J/delta[second|M]))/(2*sqrt(m))", "L*sqrt(log(J/delta[second|M])/(n - 1))"),
        (r"L\sqrt{\frac{\log{\left(\frac{J}{\delta_{2}}\right)}}{2 m}}", r"L\sqrt{\frac{\log(J/\delta_2)}{n - 1}}"),
        (r"L\sqrt{\frac{\log{\left(\frac{J}{\delta_{\text{second, M}}}\right)}}{2 m}}", "L*sqrt(log(J/delta[2])/(n - 1))"),
    ],
)  # fmt: skip
def test_a_printed_summand_is_refined_as_it_was_read(of_two_events, left, right):
    after = refined(of_two_events, bc.read(left), bc.read(right))
    second = of_two_events.events[1].symbol
    assert after.result.has(S.L * sqrt(log(S.J / second) / (S.n - 1)))
    assert S.delta not in after.result.free_symbols
    assert after.events == of_two_events.events


def test_a_printed_float_is_the_number_that_was_meant(of_two_events):
    left = bc.read(str(bc.language.latex.readable(of_two_events.steps[1].right)))
    assert refined(of_two_events, left, left + 1).result == of_two_events.result + 1


def test_two_events_in_one_printed_summand_are_told_apart_first(of_two_events):
    with pytest.raises(
        bc.errors.DerivationError, match=r"delta\[1\] is the share of first .*; delta\[2\] is the share of sec"
    ):
        refined(of_two_events, bc.read("rhat_0 + log(2/delta)"), 1)
    with pytest.raises(bc.errors.DerivationError, match=r"delta\[3\] belongs to no event"):
        refined(of_two_events, S.rhat_0, S.rhat_0 + bc.read("1/delta[3]"))


def test_a_bound_is_read_side_by_side_with_its_own_symbols():
    bound = bc.theorem("zhou2026.risk_gap").bound()
    for text in (str(bound), bound.to_latex()):
        with pytest.raises(InvalidInputError, match="read the two sides of a relation one by one"):
            bc.read(text)
    assert bc.read(str(bound).split("<=")[1], symbols=bound.symbols) == bound.expr
    with pytest.raises(InvalidInputError, match=r"boundcalc\.read"):
        bound.substitute(C="2*L")
