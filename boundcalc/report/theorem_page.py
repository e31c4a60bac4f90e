"""A catalogue entry as one HTML page: statement, assumptions, forms, proof steps with verdicts, references."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import sympy

from boundcalc.catalogue import REGISTRY
from boundcalc.language.domains import describe
from boundcalc.language.latex import RELATIONS, expression_latex
from boundcalc.report.formulas import FORMULA_SCRIPT, FORMULA_STYLE, statement_html
from boundcalc.show.mathml import to_mathml, to_mathml_terms
from boundcalc.show.page import page
from boundcalc.symbols import VOCABULARY

if TYPE_CHECKING:
    from boundcalc.bound import Bound
    from boundcalc.statements.derivation import Derivation
    from boundcalc.theorems import Form, Theorem

__all__ = ["STYLE", "catalogue_table", "theorem_page"]

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
    alone, verdicts = verdicts is None, verdicts or {"forms": {}, "steps": ()}
    number = "" if entry.number == "-" else f"{entry.number}: "
    parts = [
        "" if alone else "<nav><a href='index.html'>All theorems</a></nav>",
        f"<p>{escape(entry.claim)}</p>",
        _facts(entry, verdicts),
        "<h2>What it assumes</h2>",
        _list(entry.assumptions),
        *(part for name in forms or entry.forms for part in _form(entry, name, verdicts)),
    ]
    comparisons = [row for row in verdicts["steps"] if row["kind"] == "comparison"]
    if comparisons:
        parts += ["<h2>How the forms compare</h2>", _list(_plain_row(row) for row in comparisons)]
    if entry.remarks:
        parts += ["<h2>Remarks</h2>", _list(entry.remarks)]
    parts += [
        "<h2>References</h2>",
        "<ul>" + "".join(f"<li>{_linked(one)}</li>" for one in _references(entry)) + "</ul>",
    ]
    users = [other.key for other in REGISTRY.values() if entry.key in _cited(other)]
    if users:
        parts += ["<h2>Used by</h2>", "<p>" + ", ".join(map(_linked, users)) + "</p>"]
    parts += ["<h2>On the command line</h2>", f"<pre><code>{escape(_commands(entry))}</code></pre>"]
    parts.append(f"<script>{FORMULA_SCRIPT}</script>")
    whole = page(number + entry.title, parts, style=STYLE)
    return re.sub(r"<a href='[^':]*'>(.*?)</a>", r"\1", whole) if alone else whole


def catalogue_table(verdicts: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the catalogue as a table with links to its pages.

    Parameters
    ----------
    verdicts : mapping of str to mapping
        The checker's reports as plain data, by key.
    """
    rows = "".join(
        f"<tr><td><a href='{entry.key}.html'>{escape(entry.title)}</a><br><code>{entry.key}</code></td>"
        f"<td>{escape(entry.number)}</td><td>{escape(entry.quantity)}</td><td>{_words(verdicts[entry.key])}</td></tr>"
        for entry in REGISTRY.values()
    )
    head = "".join(f"<th scope='col'>{name}</th>" for name in ("theorem", "number", "bounds", "verdicts"))
    return f"<div class='table stacked'><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def _words(verdicts: Mapping[str, Any]) -> str:
    return "<br>".join(
        f"{escape(name)}: <span class='word'>{one['verdict']}</span>" for name, one in verdicts["forms"].items()
    )


def _facts(entry: Theorem, verdicts: Mapping[str, Any]) -> str:
    facts = {
        "key": f"<code>{entry.key}</code>",
        "bounds": escape(entry.quantity),
        "source": escape(str(entry.source)),
    }
    if "verdict" in verdicts:
        word = f"<span class='word'>{verdicts['verdict']}</span>"
        facts["verdict"] = f"{word} (the weakest step of the forms that are said to hold)"
    return "<dl class='facts'>" + "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts.items()) + "</dl>"


def _form(entry: Theorem, name: str, verdicts: Mapping[str, Any]) -> Iterable[str]:
    form, bound = entry.form(name), entry.bound(name)
    found = verdicts["forms"].get(name)
    word = "" if found is None else f"; checked: <span class='word'>{found['verdict']}</span>"
    yield f"<h2>Form {escape(name)}</h2>"
    yield statement_html(bound)
    yield f"<p class='note'>Constants {form.provenance}; the catalogue says it {_said(form)}{word}.</p>"
    if form.trivial is not None:
        yield f"<p class='note'>Without the theorem: {_statement(bound.quantity, bound.relation, form.trivial)}.</p>"
    if bound.events:
        yield "<h3>Events on which it holds</h3>"
        yield _list(f"{event}: {event.statement}" for event in bound.events)
    yield _symbols(bound)
    yield "<h3>Proof</h3>"
    rows = {row["step"]: row for row in verdicts["steps"] if row["form"] == name}
    yield _steps(form.derivation, rows)
    yield from (_whole_chain(rows[place]) for place in ("chain", "claim") if place in rows)
    if form.remarks:
        yield _list(form.remarks)


def _said(form: Form) -> str:
    return "holds" if form.status == "holds" else f"is {form.status}"


def _symbols(bound: Bound) -> str:
    rows = "".join(
        f"<tr><td>{to_mathml(expression_latex(symbol))}</td><td><code>{escape(name)}</code></td>"
        f"<td>{escape(VOCABULARY[name].meaning) if name in VOCABULARY else ''}</td>"
        f"<td>{escape(describe(bound.domain[symbol]))}</td></tr>"
        for name, symbol in bound.symbols.items()
    )
    head = "".join(f"<th scope='col'>{name}</th>" for name in ("", "name", "meaning", "domain"))
    ties = [str(one) for one in bound.constraints if one.symbols <= set(bound.symbols.values())]
    tied = f"<p class='note'>Between them: {escape(', '.join(ties))}.</p>" if ties else ""
    return f"<div class='table stacked'><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{tied}"


def _steps(chain: Derivation, rows: Mapping[str, Mapping[str, Any]]) -> str:
    names = {event.symbol: sympy.Symbol(f"delta_{place}") for place, event in enumerate(chain.events, start=1)}
    if len(names) == 1:
        names = {symbol: VOCABULARY["delta"].symbol for symbol in names}
    items = []
    for place, step in enumerate(chain.steps, start=1):
        cited = f" ({_linked(step.cites)})" if step.cites else ""
        formula = _statement(step.left.xreplace(names), step.relation, step.right.xreplace(names))
        items.append(
            f"<li><div class='formula'>{formula}</div><div>{step.kind}: {escape(step.because)}{cited}</div>"
            f"{_verdict(rows.get(str(place)))}</li>"
        )
    return f"<ol class='steps'>{''.join(items)}</ol>"


def _statement(left: sympy.Expr, relation: str, right: sympy.Expr) -> str:
    head = f"{expression_latex(left)} {RELATIONS[relation]}"
    return " ".join([to_mathml(head), *to_mathml_terms(expression_latex(right))])


def _verdict(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return ""
    engine = f" [{escape(row['engine'])}]" if row["engine"] else ""
    return f"<div class='note'><span class='word'>{row['word']}</span>{engine} {escape(row['evidence'])}</div>"


def _whole_chain(row: Mapping[str, Any]) -> str:
    what = "The whole chain" if row["step"] == "chain" else "The claim as it is made"
    return f"<p>{what}: {_verdict(row)}</p>".replace("<div", "<span").replace("</div", "</span")


def _plain_row(row: Mapping[str, Any]) -> str:
    return f"{row['form']}: {row['word']}, {row['evidence']}"


def _list(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def _cited(entry: Theorem) -> dict[str, None]:
    """Return what the steps of all forms cite, each once."""
    steps = (step for name in entry.forms for step in entry.derivation(name).steps)
    return dict.fromkeys(step.cites for step in steps if step.cites)


def _references(entry: Theorem) -> list[str]:
    return list(dict.fromkeys([str(entry.source), *_cited(entry)]))


def _linked(text: str) -> str:
    """Return a reference; catalogue keys and arXiv numbers become links."""
    if text in REGISTRY:
        return f"<a href='{text}.html'>{escape(REGISTRY[text].title)}</a> (<code>{text}</code>)"
    return re.sub(r"arXiv (\d{4}\.\d{4,5})", r"<a href='https://arxiv.org/abs/\1'>arXiv \1</a>", escape(text))


def _commands(entry: Theorem) -> str:
    key = entry.key
    return f"boundcalc show {key}\nboundcalc check {key}\nboundcalc explore {key}:all"
