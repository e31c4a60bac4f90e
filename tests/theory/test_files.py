"""A theorem of one's own in a file: what is read is rebuilt, and nothing that it says of itself is believed."""

import copy
import json
import random
from dataclasses import replace

import pytest
import sympy
from sympy import Range, log, oo, sqrt

import boundcalc as bc
from boundcalc import symbols as S
from boundcalc.catalogue.files import theorem_from_json, theorem_to_json
from boundcalc.errors import InvalidInputError
from boundcalc.statements.derivation import named
from boundcalc.statements.statement import UNITS

V = bc.symbol("V", r"d_{\mathrm{VC}}", "VC dimension", Range(1, oo), role="fixed")
MINE = bc.Source("A. Theorist 2026", "arXiv 0000.00000", "Theorem 1")


def own_lemma():
    chain = bc.Derivation(
        S.Edev_m,
        (
            bc.by("lemmas.symmetrisation", S.Edev_m, because="over the pairs"),
            bc.by("lemmas.contraction", S.Rad_loss, because="Lipschitz"),
        ),
    )
    return bc.Theorem(
        "mine.expectation", "-", "In expectation", "E sup <= 2 L R", "deviation", MINE, {"sharp": bc.Form(chain)}
    )


def own_theorem():
    event = bc.Event("mine", "no f deviates far")
    chain = bc.Derivation(
        S.dev_minus,
        (
            bc.by("lemmas.bounded_differences", S.dev_minus, c=S.C, EPhi_m=S.Edev_m, event=event, union=S.J, because="McDiarmid"),
            bc.by(own_lemma(), S.Edev_m, because="own lemma"),
            bc.at_most(
                S.R_M, sqrt(2 * V * log(sympy.E * S.m / V) / S.m), because="Sauer", kind="expectation", cites="Massart 2000",
                experiment=named("finite_set"),
            ),
            bc.at_most(S.L, S.L + S.rho, because="rho > 0"),
        ),
    )  # fmt: skip
    return bc.Theorem(
        "mine.vc", "Theorem 1", "VC bound", "uniform deviation by the VC dimension", "largest deviation", MINE,
        {"sharp": bc.Form(chain, trivial=S.C, remarks=("Mine.",))},
        constraints=(bc.Constraint(V, S.m),), assumptions=("classes of finite dimension",), notes={"V": "finite"},
        domain={S.C: sympy.Interval.Lopen(0, 10)},
    )  # fmt: skip


@pytest.fixture
def path(tmp_path):
    bc.save(own_theorem(), tmp_path / "mine.json")
    return tmp_path / "mine.json"


POINT = {"n": 4000, "V": 3, "C": 1, "L": 1, "rho": 0.1, "delta": 0.05, "J": 4}


def test_a_saved_theorem_is_read_as_it_was(path):
    mine, read = own_theorem(), bc.load(path)
    assert read.bound() == mine.bound()
    assert read.bound().expr == mine.bound().expr
    assert [str(step) for step in read.derivation().steps] == [str(step) for step in mine.derivation().steps]
    assert read.derivation() == mine.derivation() or read.derivation().lines == mine.derivation().lines
    assert bc.symbols.known(read.bound().symbols["V"]).meaning == "VC dimension"
    assert bc.load(path) is read
    assert bc.theorem(str(path)) is read
    assert not read.bound().certified


@pytest.mark.parametrize("unit", UNITS)
def test_what_its_complexities_run_over_is_read_as_it_was(tmp_path, unit):
    bc.save(replace(own_theorem(), unit=unit), tmp_path / "mine.json")
    assert bc.load(tmp_path / "mine.json").unit == unit


def test_a_saved_file_has_the_usual_mode_and_nothing_stays_beside_it(path):
    usual = path.with_name("usual")
    usual.touch()
    assert path.stat().st_mode == usual.stat().st_mode
    assert {one.name for one in path.parent.iterdir()} == {"mine.json", "usual"}


def test_a_file_is_checked_anew(path):
    lemma = applied(bc.theorem("lemmas.hoeffding_u").bound().substitute(union=S.J))
    bc.save(lemma, path.parent / "lemma.json")
    read = bc.load(path.parent / "lemma.json")
    bc.check(read, budget=0.5)
    assert read.bound().certified
    step = bc.at_most(S.r_0, S.rhat_0 + 1 / S.n, because="it looks so", kind="expectation")
    form = bc.Form(bc.Derivation(S.r_0, (step,)))
    bc.save(bc.Theorem("mine.claim", "-", "t", "c", "q", MINE, {"sharp": form}), path)
    bc.check(bc.load(path), budget=0.1)
    assert "step 1 is UNSETTLED" in bc.load(path).bound().why_not_certified


def test_an_own_lemma_is_a_step_of_a_further_theorem(path):
    step = bc.by(bc.load(path), S.dev_minus, V=7, because="with seven")
    assert step.cites == "mine.vc"
    assert V not in step.right.free_symbols
    assert "classes of finite dimension" in step.applies.assumptions


def test_composed_bounds_are_cited_and_checked():
    gap = bc.theorem("zhou2026.risk_gap").bound().substitute(R_M=bc.theorem("zhou2026.metric_complexity").bound("data"))
    step = bc.by(gap, S.r_M - S.r_N, because="composed")
    theorem = bc.Theorem(
        "mine.gap", "-", "g", "c", "q", MINE, {"sharp": bc.Form(bc.Derivation(S.r_M - S.r_N, (step,)))}
    )
    assert theorem.bound().expr == gap.expr
    assert bc.check(theorem, budget=0.5).word == "CITED"
    assert theorem.bound().certified
    first, second = (
        bc.Form(bc.Derivation(left, (bc.at_most(left, right, because="-", kind="expectation", cites="a book"),)))
        for left, right in ((S.Edev_m, 2 * S.R_M), (S.R_M, S.B / sqrt(S.n)))
    )
    outer, inner = (
        bc.Theorem(f"mine.{k}", "-", "t", "c", "q", MINE, {"sharp": form}) for k, form in enumerate((first, second))
    )
    assert len(bc.check(outer.bound().substitute(R_M=inner.bound()), budget=0.1)) == 2


def test_folders_and_names(path, monkeypatch):
    assert set(bc.load(path.parent)) == {"mine.vc"}
    with pytest.raises(InvalidInputError, match=r"no theorem 'mine\.vc'"):
        bc.theorem("mine.vc")
    monkeypatch.setenv("BOUNDCALC_PATH", str(path.parent))
    assert bc.theorem("mine.vc").title == "VC bound"
    assert bc.by("mine.vc", S.dev_minus, because="by its key")
    (path.parent / "twin.json").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(InvalidInputError, match="two files"):
        bc.load(path.parent)


def test_a_package_brings_a_catalogue(monkeypatch):
    class Point:
        name = "mine"

        def load(self):
            return {"mine.expectation": own_lemma()}

    monkeypatch.setattr(
        "boundcalc.catalogue.own.entry_points", lambda group: [Point()] if group == "boundcalc.catalogue" else []
    )
    assert bc.theorem("mine.expectation").title == "In expectation"


def test_what_cannot_be_saved_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"ends in \.json"):
        bc.save(own_lemma(), tmp_path / "mine.txt")
    with pytest.raises(InvalidInputError, match="is no Theorem"):
        bc.save(own_lemma().bound(), tmp_path / "mine.json")
    with pytest.raises(InvalidInputError, match="cannot be read"):
        bc.load(tmp_path / "absent.json")
    assert bc.load(tmp_path) == {}


def composed():
    """A bound of the catalogue into which another was put."""
    return bc.theorem("zhou2026.risk_gap").bound().substitute(R_M=bc.theorem("zhou2026.metric_complexity").bound())


def of_two_subsets():
    """A bound with a complexity on M and one on all modalities."""
    complexity = bc.theorem("zhou2026.metric_complexity").bound("data")
    return bc.theorem("zhou2026.latent_quality").bound("paper").substitute(R_M=complexity, R_full=complexity)


def catoni():
    return bc.theorem("lemmas.pac_bayes").bound("catoni")


OWN = bc.symbol("share_file", "q", "a share", sympy.Interval.open(0, 1), role="fixed")
BOUNDS = {
    "an entry's": lambda: bc.theorem("zhou2026.risk_gap").bound(),
    "at a value": lambda: bc.theorem("zhou2026.risk_gap").bound().substitute(C=3),
    "composed": composed,
    "composed, at values": lambda: composed().substitute(C=3, L=1),
    "of two subsets, at values": lambda: of_two_subsets().substitute(C=3, L=OWN),
    "on all modalities": lambda: bc.theorem("zhou2026.metric_complexity").bound().on_subset("full"),
    "simplified, at a sample size": lambda: bc.theorem("zhou2026.margin").bound().substitute(n=101, rho=OWN).simplify(),
    "with a union": lambda: bc.theorem("lemmas.hoeffding_u").bound().substitute(union=S.J, C=OWN),
    "on a grid": lambda: catoni().minimise("lam", over=[1, sympy.Rational(3, 2)], price="grid"),
    "relaxed": lambda: bc.theorem("lemmas.hoeffding_u").bound().substitute(n=101).relax(round=2),
    "of a theorem of one's own": lambda: own_lemma().bound(),
    "of a theorem of one's own, at a value": lambda: own_lemma().bound().substitute(L=2),
}
CERTAIN = ("an entry's", "composed, at values", "relaxed", "of a theorem of one's own, at a value")


def applied(bound):
    """Return a theorem whose one step is a bound."""
    step = bc.by(bound, bound.quantity, because="composed before")
    form = bc.Form(bc.Derivation(bound.quantity, (step,)))
    return bc.Theorem("mine.applied", "-", "t", "c", "q", MINE, {"sharp": form})


def read_again(theorem):
    return theorem_from_json(theorem_to_json(theorem))


@pytest.mark.parametrize("name", BOUNDS)
def test_a_step_that_applies_a_bound_is_saved_with_what_proves_it(name):
    mine = applied(BOUNDS[name]())
    read = read_again(mine)
    assert read.bound() == mine.bound()
    assert read.bound().expr == mine.bound().expr
    assert not read.bound().certified
    if name in CERTAIN:
        assert bc.check(read, budget=0.5).word == "CITED"
        assert read.bound().certified


#: Forms that together hold every kind of node, step, relation, event, domain and unit of the catalogue's.
SAVED = [
    ("comparators.l21_ball", "hinge"), ("tsai2020.bayes_error", "sharp"), ("zhou2026.hierarchy", "sharp"),
    ("lemmas.matching", "rows"), ("lemmas.permanent", "sharp"), ("zhou2026.risk_gap", "paper"), ("kar2011.landmarks", "sharp"),
    ("zhou2026.nonpositive_gap", "sharp"), ("huang2021.extra_modality", "paper"), ("lemmas.chernoff_u", "kl"),
    ("lemmas.tail_to_mean", "sharp"), ("lemmas.sauer", "sharp"), ("zhou2026.risk_reduction", "paper"),
    ("zhou2026.ex_ante", "sharp"), ("weinberger2005.triplets", "sharp"),
]  # fmt: skip


def kinds(key, form):
    """Return what there is to save in a form, by kind."""
    entry = bc.theorem(key)
    bound, chain = entry.bound(form), entry.derivation(form)
    return (
        {type(node).__name__ for node in sympy.preorder_traversal(bound.expr)}
        | {f"{step.kind} {step.relation}" for step in chain.steps}
        | {type(allowed).__name__ for allowed in bound.domain.values()}
        | {f"{len(chain.events)} events", f"where {bool(chain.where)}", f"rules {bool(bound.constraints)}", entry.unit}
    )


@pytest.mark.slow
def test_the_saved_forms_are_of_every_kind():
    every = {kind for key, entry in bc.catalogue.items() for form in entry.forms for kind in kinds(key, form)}
    assert every == {kind for pair in SAVED for kind in kinds(*pair)}


@pytest.mark.parametrize(("key", "form"), SAVED)
def test_every_kind_of_form_is_saved_at_a_value(key, form):
    bound = bc.theorem(key).bound(form)
    names = [one for one, symbol in bound.symbols.items() if bc.symbols.role_of(symbol) == "fixed" and one != "delta"]
    whole = {one for one in names if bound.symbols[one].is_integer}
    made = [bound, *(bound.substitute(**{one: bound.symbols[one] + (1 if one in whole else OWN)}) for one in names[:1])]
    for one in made:
        assert bc.Bound.from_json(one.to_json()) == one
        assert read_again(applied(one)).bound() == applied(one).bound()


def test_a_bound_without_steps_is_not_saved():
    bound = bc.Bound.from_json(bc.theorem("lemmas.hoeffding_u").bound().substitute(C=2).to_json())
    with pytest.raises(InvalidInputError, match="no steps to save: apply its theorem"):
        theorem_to_json(applied(bound))


def test_how_a_bound_was_made_is_made_again_not_believed():
    data = json.loads(theorem_to_json(applied(bc.theorem("lemmas.hoeffding_u").bound().substitute(union=S.J, C=OWN))))
    made = (*FORM, "steps", 0, "applies")
    arguments = (*made, "arguments")
    for place, value in [
        ((*made, "method"), "evaluate"), ((*made, "method"), "relax"), ((*made, "method"), ["substitute"]), ((*made, "of"), {}),
        ((*made, "of", "theorem"), "lemmas.bogus"), ((*made, "of", "form"), "kl"), (arguments, {}),
        ((*arguments, "union"), HALF), ((*arguments, "union"), RHAT), ((*arguments, "union"), ZERO),
        ((*arguments, "values"), [["C", ZERO]]),
        ((*arguments, "values"), [["union", ONE]]), ((*arguments, "values"), [["dev_f", ZERO]]), ((*arguments, "values"), {}),
        ((*arguments, "values"), [["C", {"theorem": "lemmas.massart", "form": "sharp"}]]),
        ((*arguments, "values"), [["C", RHAT], ["C", ONE]]),
    ]:  # fmt: skip
        with pytest.raises(InvalidInputError):
            theorem_from_json(json.dumps(changed(data, place, value)))
    cheap = theorem_from_json(json.dumps(changed(data, (*arguments, "union"), ONE)))
    assert cheap.bound().expr == bc.theorem("lemmas.hoeffding_u").bound().substitute(C=OWN).expr


# ---------------------------------------------------------------- tampering


def places(node, at=()):
    """Return every place in nested data."""
    found = [at]
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        found += places(value, (*at, key))
    return found


def changed(data, place, value):
    """Return nested data with another value at a place."""
    data = copy.deepcopy(data)
    if not place:
        return value
    inner = data
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return data


JUNK = (None, 0, -1, 3.5, "", "certified", "__import__('os').system('x')", [], {}, True, ["Rational", "0", "1"],
        ["Add"], {"symbol": "n"}, "oo", ["Pow", ["Rational", "10", "1"], ["Rational", "999999999", "1"]])  # fmt: skip


def test_what_was_tampered_with_is_refused_or_unchecked(path):
    """Nothing but our own error comes out, and nothing becomes certified by being written into a file."""
    data = json.loads(path.read_text(encoding="utf-8"))
    rng = random.Random(0)
    by_kind = {tuple("*" if isinstance(key, int) else key for key in place): place for place in places(data)}
    spots = rng.sample(sorted(by_kind.values(), key=str), 60)
    refused = 0
    for place in spots:
        text = json.dumps(changed(data, place, rng.choice(JUNK)))
        try:
            read = theorem_from_json(text)
        except InvalidInputError:
            refused += 1
            continue
        assert not read.bound().certified
    assert refused > 30


def certain():
    """Return a theorem that a check certifies: a choice among J models."""
    dev = bc.symbol("dev_file", "d", "deviation of one of J models", sympy.Reals, role="population")
    steps = (
        bc.equal(S.r_0, S.rhat_0 + dev, definitions={dev: S.r_0 - S.rhat_0}, because="definition"),
        bc.by("lemmas.hoeffding_u", dev, union=S.J, because="each of J"),
        bc.at_most(S.rhat_0, S.rhat_0 + 1 / S.n, because="n > 0"),
    )
    return bc.Theorem(
        "mine.choice", "-", "Choice", "r <= ...", "risk", MINE, {"sharp": bc.Form(bc.Derivation(S.r_0, steps))}
    )


ONE, HALF, ZERO = (["Rational", *map(str, pair)] for pair in ((1, 1), (1, 2), (0, 1)))
FORM = ("forms", 0, 1)
FIRST, SECOND, THIRD = ((*FORM, "steps", k) for k in range(3))
ABOUT = (*FIRST, "right", 2, "about")
R, RHAT, M = {"symbol": "r_0"}, {"symbol": "rhat_0"}, {"symbol": "m"}
#: Changes of one field each, and whether the file is refused, doubted by the check, or still says nothing smaller.
TAMPERED = [
    *((place, value, "refused") for place, value in [
        (("key",), "lemmas.massart"), (("boundcalc_theorem",), 2), (("boundcalc_theorem",), True), (("unit",), "cows"),
        (("constraints",), [[R, RHAT, False]]), (("constraints",), [[R, RHAT, 1]]), (("domain",), [[{"symbol": "n"}, "Reals"]]),
        (("notes",), ["n"]), (("uniform",), ["n"]), (("source",), {}), (("title",), 3), (("remarks",), "none"),
        ((*FORM, "provenance"), "certified"), ((*FORM, "status"), "proved"), ((*FORM, "strict"), 1), ((*FORM, "quantity"), ZERO),
        ((*FORM, "quantity"), {"symbol": "C"}), ((*FORM, "where"), [[M, {"symbol": "n"}]]), ((*FORM, "where"), [[RHAT, ZERO]]),
        ((*FORM, "domains"), [[R, ["FiniteSet", ZERO]]]), ((*FORM, "steps"), {}), ((*FIRST, "relation"), ">="),
        ((*FIRST, "relation"), "<"), ((*FIRST, "kind"), "obvious"), ((*FIRST, "right"), RHAT), ((*FIRST, "definitions"), [[R, RHAT]]),
        ((*FIRST, "definitions"), [[{"symbol": "n"}, ONE]]), ((*ABOUT, 4), "fixed"), ((*ABOUT, 4), "free"), ((*ABOUT, 0), "other"),
        ((*ABOUT, 5), True), ((*ABOUT, 2), "Complexes"), ((*FIRST, "right", 2, "symbol"), "n"),
        ((*FIRST, "right", 2, "symbol"), "delta[x|M]"), ((*SECOND, "union"), HALF), ((*SECOND, "union"), RHAT),
        ((*SECOND, "form"), "kl"), ((*SECOND, "applies"), "lemmas.bogus"), ((*SECOND, "applies"), "zhou2026.risk_reduction"),
        ((*SECOND, "values"), [["delta", HALF]]), ((*SECOND, "values"), [["union", ONE]]), ((*SECOND, "values"), [["C", ZERO]]),
        ((*SECOND, "left"), RHAT), ((*SECOND, "right"), ZERO), ((*THIRD, "using"), [3]), ((*THIRD, "using"), [True]),
        ((*THIRD, "right"), ["Pow", ["Rational", "10", "1"], ["Rational", "1000000000000", "1"]]),
        ((*THIRD, "right"), ["Lambda", RHAT]), ((*THIRD, "events"), [["a", "b"]]),
    ]),
    *((place, value, "doubted") for place, value in [
        ((*FORM, "provenance"), "quoted"), ((*FORM, "status"), "refuted"), ((*FORM, "strict"), True), ((*FIRST, "kind"), "claim"),
        ((*FIRST, "definitions"), []), ((*THIRD, "right"), ZERO), ((*THIRD, "kind"), "expectation"),
        ((*THIRD, "right"), ["Mul", HALF, RHAT]),
    ]),
    *((place, value, "harmless") for place, value in [
        ((*SECOND, "events"), []), ((*SECOND, "events"), [["deviation", "x", "M", "r_0 <= 0"]]), ((*THIRD, "using"), [1]),
        (("assumptions",), ["none"]),
    ]),
]  # fmt: skip


def test_sixty_changes_of_one_field():
    honest, memory = certain(), {}  # steps that a change leaves alone are checked once
    bc.check(honest, budget=5, memory=memory)
    assert honest.bound().certified
    data = json.loads(theorem_to_json(honest))
    point = {"n": 101, "C": 1, "J": 50, "rhat_0": 0.1, "delta": 0.05}
    for place, value, fate in TAMPERED:
        text = json.dumps(changed(data, place, value))
        if fate == "refused":
            with pytest.raises(InvalidInputError):
                theorem_from_json(text)
            continue
        read = theorem_from_json(text)
        assert not read.bound().certified
        bc.check(read, budget=5 if fate == "harmless" else 0.2, memory=memory)
        assert read.bound().certified is (fate == "harmless"), (place, value)
        if fate == "harmless":
            assert float(read.bound().evaluate(**point)) >= float(honest.bound().evaluate(**point))
            assert set(honest.bound().assumptions) <= set(read.bound().assumptions)


def test_a_smaller_constant_in_the_file_is_not_certified(path):
    bc.save(own_lemma(), path)
    data = json.loads(path.read_text(encoding="utf-8"))
    step = data["forms"][0][1]["steps"][0]
    honest = theorem_from_json(json.dumps(data))
    assert honest.bound().expr == 2 * S.L * S.R_M
    step["right"] = ["Rational", "0", "1"]
    with pytest.raises(InvalidInputError, match="expected the names"):  # what is applied is applied again
        theorem_from_json(json.dumps(data))
    data["forms"][0][1]["steps"][0] = {
        "left": step["left"], "because": "", "experiment": None, "events": [], "relation": "<=", "right": ["Rational", "0", "1"],
        "kind": "expectation", "cites": "lemmas.symmetrisation", "definitions": [], "using": [],
    }  # fmt: skip
    data["forms"][0][1]["steps"] = data["forms"][0][1]["steps"][:1]
    forged = theorem_from_json(json.dumps(data))
    assert bc.check(forged, budget=2).word == "REFUTED"
    assert not forged.bound().certified


@pytest.mark.parametrize("key", ["zhou2026.risk_gap", "lemmas.massart"])
def test_a_file_does_not_take_the_name_of_an_entry(path, key):
    data = json.loads(path.read_text(encoding="utf-8"))
    with pytest.raises(InvalidInputError, match="belongs to the catalogue"):
        theorem_from_json(json.dumps({**data, "key": key}))


def test_domains_are_narrowed_not_widened(path):
    data = json.loads(path.read_text(encoding="utf-8"))
    with pytest.raises(InvalidInputError, match="not within"):
        theorem_from_json(json.dumps({**data, "domain": [[{"symbol": "n"}, "Reals"]]}))


# ---------------------------------------------------------------- the command


def test_an_own_bound_is_compared_with_the_catalogue_s(tmp_path, capsys):
    from boundcalc.cli import main

    event = bc.Event("vc", "no f deviates far")
    right = S.rhat_M + sqrt((V * log(2 * sympy.E * S.n / V) + log(4 / event.symbol)) / S.n)
    step = bc.at_most(S.r_M, right, because="VC", kind="probability", events=(event,), cites="Vapnik 1998")
    mine = bc.Theorem(
        "mine.risk", "-", "VC risk", "r <= rhat + ...", "risk", MINE, {"sharp": bc.Form(bc.Derivation(S.r_M, (step,)))}
    )
    bc.save(mine, tmp_path / "risk.json")
    values = {"n": 5000, "delta": 0.05, "rhat_M": 0.1, "V": 5, "C": 1, "L": 1, "R_M": 0.02}
    settings = [part for name, value in values.items() if name != "delta" for part in ("--set", f"{name}={value}")]
    path, out = str(tmp_path / "risk.json"), str(tmp_path / "c.svg")
    assert not main(["compare", path, "zhou2026.uniform_deviation", *settings, "--out", out])
    assert "risk.json" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "FILE"],
        ["plan", "FILE", "--target", "9", *(f"{name}={value}" for name, value in POINT.items() if name != "n")],
        ["eval", "FILE", *(f"{name}={value}" for name, value in POINT.items())],
        ["check", "FILE", "--seconds", "1"],
        ["sensitivity", "FILE", *(f"{name}={value}" for name, value in POINT.items())],
        ["explore", "FILE", "--out", "OUT"],
    ],
)
def test_commands_take_a_file(path, arguments, capsys, monkeypatch):
    from boundcalc.cli import main

    given = [{"FILE": str(path), "OUT": str(path.parent / "page.html")}.get(word, word) for word in arguments]
    given = [part for word in given for part in (("--set", word) if "=" in word else (word,))]
    status = main(given)
    shown = capsys.readouterr()
    assert status in (0, None), shown.err
    assert "mine.vc" in shown.out
