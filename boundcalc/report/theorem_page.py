"""A catalogue entry as one HTML page: statement, assumptions, forms, proof steps with verdicts, references."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sympy

from boundcalc.catalogue import REGISTRY
from boundcalc.language.domains import describe
from boundcalc.language.latex import RELATIONS, expression_latex
from boundcalc.report.formulas import FORMULA_SCRIPT, FORMULA_STYLE, statement_html
from boundcalc.show.html import Markup, items, join, tag
from boundcalc.show.mathml import to_mathml, to_mathml_terms
from boundcalc.show.page import page
from boundcalc.show.tables import Table
from boundcalc.statements.proofs_latex import share_names
from boundcalc.symbols import known

if TYPE_CHECKING:
    from boundcalc.bound import Bound
    from boundcalc.statements.derivation import Derivation
    from boundcalc.theorems import Theorem

__all__ = ["STYLE", "catalogue_table", "linked", "theorem_page", "theorem_parts"]

STYLE = (
    FORMULA_STYLE
    + """
.steps { padding-left: 1.6rem; } .steps li { border-top: 1px solid var(--line); padding: .5rem 0; }
.word { font-weight: 600; white-space: nowrap; } nav { font-size: .9rem; } code { overflow-wrap: anywhere; }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem 1rem; } .facts dt { color: var(--soft); }
.facts dd { margin: 0; } h3 { font-size: 1rem; } td code { overflow-wrap: normal; }
pre { padding: .6rem; border: 1px solid var(--line); border-radius: .25rem; }
@media (max-width: 30rem) {
  .stacked thead { display: none; } .stacked table, .stacked tbody, .stacked tr, .stacked td { display: block; }
  .stacked td { border: 0; padding: .1rem 0; } .stacked tr { border-bottom: 1px solid var(--line); padding: .4rem 0; }
}
"""
)


def theorem_page(
    entry: Theorem, verdicts: Mapping[str, Any] | None = None, *, forms: Sequence[str] | None = None
) -> str:
    """Return the page of a theorem.

    Parameters
    ----------
    entry : Theorem
    verdicts : mapping, optional
        The checker's report on it as plain data (``Report.to_json``). Without one the page stands alone: it says nothing
        of verdicts and links to no other page of the catalogue.
    forms : sequence of str, optional
        The forms that are shown; all if not given.
    """
    number = "" if entry.number == "-" else f"{entry.number}: "
    return page(number + entry.title, theorem_parts(entry, verdicts, forms=forms), style=STYLE)


def theorem_parts(
    entry: Theorem, verdicts: Mapping[str, Any] | None = None, *, forms: Sequence[str] | None = None
) -> list[Any]:
    """Return what stands below the title of :func:`theorem_page`, which takes the same arguments."""
    link = _titled if verdicts is None else linked
    verdicts = verdicts or {"forms": {}, "steps": ()}
    users = [other.key for other in REGISTRY.values() if entry.key in _cited(other)]
    comparisons = [
        f"{row['form']}: {row['word']}, {row['evidence']}" for row in verdicts["steps"] if row["kind"] == "comparison"
    ]
    references = dict.fromkeys([str(entry.source), *_cited(entry)])
    return [
        tag("p", entry.claim),
        _facts(entry, verdicts),
        _titled_list("What it assumes", entry.assumptions),
        [_form(entry, name, verdicts, link) for name in forms or entry.forms],
        _titled_list("How the forms compare", comparisons),
        _titled_list("Remarks", entry.remarks),
        _titled_list("References", map(link, references)),
        [tag("h2", "Used by"), tag("p", join(map(link, users), Markup(", ")))] if users else None,
        [tag("h2", "On the command line"), tag("pre", tag("code", _commands(entry.key)))],
        tag("script", Markup(FORMULA_SCRIPT)),
    ]


def catalogue_table(verdicts: Mapping[str, Mapping[str, Any]]) -> Markup:
    """Return the catalogue as a table with links to its pages.

    Parameters
    ----------
    verdicts : mapping of str to mapping
        The checker's reports as plain data, by key.
    """
    rows = [
        (
            join((tag("a", entry.title, href=f"{entry.key}.html"), tag("br"), tag("code", entry.key))),
            entry.number,
            entry.quantity,
            join(
                [[name, ": ", _word(one["verdict"])] for name, one in verdicts[entry.key]["forms"].items()], tag("br")
            ),
        )
        for entry in REGISTRY.values()
    ]
    return Table(("theorem", "number", "bounds", "verdicts"), rows, style="stacked").html()


def _word(verdict: Any) -> Markup:
    return tag("span", verdict, class_="word")


def _titled_list(title: str, lines: Iterable[Any], *, heading: str = "h2") -> Markup | None:
    entries = list(lines)
    return join((tag(heading, title), items(entries))) if entries else None


def _facts(entry: Theorem, verdicts: Mapping[str, Any]) -> Markup:
    facts: dict[str, Any] = {"key": tag("code", entry.key), "bounds": entry.quantity, "source": str(entry.source)}
    if "verdict" in verdicts:
        facts["verdict"] = [_word(verdicts["verdict"]), " (the weakest step of the forms that are said to hold)"]
    return tag("dl", [[tag("dt", name), tag("dd", text)] for name, text in facts.items()], class_="facts")


def _form(entry: Theorem, name: str, verdicts: Mapping[str, Any], linked: Callable[[str], Any]) -> Iterable[Any]:
    form, bound = entry.form(name), entry.bound(name)
    found = verdicts["forms"].get(name)
    said = "holds" if form.status == "holds" else f"is {form.status}"
    yield tag("h2", f"Form {name}")
    yield statement_html(bound)
    checked = [] if found is None else ["; checked: ", _word(found["verdict"])]
    yield tag("p", f"Constants {form.provenance}; the catalogue says it {said}", checked, ".", class_="note")
    if form.trivial is not None:
        statement = _statement(bound.quantity, bound.relation, form.trivial)
        yield tag("p", "Without the theorem: ", statement, ".", class_="note")
    yield _titled_list(
        "Events on which it holds", (f"{event}: {event.statement}" for event in bound.events), heading="h3"
    )
    yield _symbols(bound)
    yield tag("h3", "Proof")
    rows = {row["step"]: row for row in verdicts["steps"] if row["form"] == name}
    yield _steps(form.derivation, rows, linked)
    for place, what in (("chain", "The whole chain: "), ("claim", "The claim as it is made: ")):
        if place in rows:
            yield tag("p", what, _verdict(rows[place], "span"))
    if form.remarks:
        yield items(form.remarks)


def _symbols(bound: Bound) -> Markup:
    rows = [
        (
            to_mathml(expression_latex(symbol)),
            tag("code", name),
            entry.meaning if (entry := known(symbol)) else "",
            describe(bound.domain[symbol]),
        )
        for name, symbol in bound.symbols.items()
    ]
    ties = [str(one) for one in bound.constraints if one.symbols <= set(bound.symbols.values())]
    notes = [f"Between them: {', '.join(ties)}."] if ties else []
    return Table(("", "name", "meaning", "domain"), rows, notes=notes, style="stacked").html()


def _steps(chain: Derivation, rows: Mapping[str, Mapping[str, Any]], linked: Callable[[str], Any]) -> Markup:
    names = share_names(chain)
    steps = []
    for place, step in enumerate(chain.steps, start=1):
        cited = [" (", linked(step.cites), ")"] if step.cites else []
        formula = _statement(step.left, step.relation, step.right, names)
        row = rows.get(str(place))
        steps.append(
            [
                tag("div", formula, class_="formula"),
                tag("div", step.kind, ": ", step.because, cited),
                None if row is None else _verdict(row, "div"),
            ]
        )
    return items(steps, name="ol", class_="steps")


def _statement(
    left: sympy.Expr, relation: str, right: sympy.Expr, names: Mapping[sympy.Symbol, str] | None = None
) -> Markup:
    head = f"{expression_latex(left, names)} {RELATIONS[relation]}"
    return join([to_mathml(head), *to_mathml_terms(expression_latex(right, names))], Markup(" "))


def _verdict(row: Mapping[str, Any], name: str) -> Markup:
    engine = f" [{row['engine']}]" if row["engine"] else ""
    return tag(name, _word(row["word"]), f"{engine} {row['evidence']}", class_="note")


def _cited(entry: Theorem) -> dict[str, None]:
    """Return what the steps of all forms cite, each once."""
    steps = (step for name in entry.forms for step in entry.derivation(name).steps)
    return dict.fromkeys(step.cites for step in steps if step.cites)


def linked(text: str) -> Any:
    """Return a reference; catalogue keys and arXiv numbers become links."""
    if text in REGISTRY:
        return [tag("a", REGISTRY[text].title, href=f"{text}.html"), " (", tag("code", text), ")"]
    pieces = re.split(r"arXiv (\d{4}\.\d{4,5})", text)
    return [
        tag("a", f"arXiv {piece}", href=f"https://arxiv.org/abs/{piece}") if place % 2 else piece
        for place, piece in enumerate(pieces)
    ]


def _titled(text: str) -> Any:
    """Return a reference on a page that stands alone: only what leads out of the catalogue is a link."""
    return [REGISTRY[text].title, " (", tag("code", text), ")"] if text in REGISTRY else linked(text)


def _commands(key: str) -> str:
    return f"boundcalc show {key}\nboundcalc check {key}\nboundcalc explore {key}:all"
