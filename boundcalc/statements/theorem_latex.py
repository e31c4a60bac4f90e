"""Theorems in LaTeX: what is assumed and said, what every symbol stands for, the proof, and the works that it cites."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sympy

from boundcalc.language.domains import describe
from boundcalc.language.latex import RELATIONS, expression_latex
from boundcalc.language.prose import escaped, typeset
from boundcalc.statements.proofs_latex import WIDTH, chain_latex, citation_key, names_in_words, spoken, width
from boundcalc.statements.typeset import bound_latex_parts
from boundcalc.symbols import known

__all__ = ["theorem_latex"]


def _work(step: Any) -> str:
    """Return the work that a step rests on: of a statement that it applies the source, with the statement's name."""
    if step.applies is None:
        return str(step.cites)
    lemma = getattr(step.applies.lemma, "theorem", step.applies.lemma)
    return f"{lemma.source} ({lemma.title}; {step.cites} in boundcalc)"


def theorem_latex(theorem: Any, form: str | None = None) -> str:
    """Return a theorem in LaTeX: a theorem environment, its proof, and the bibliography that they cite.

    The document needs amsmath, amssymb, amsthm and ``\\newtheorem{theorem}{Theorem}``.

    Parameters
    ----------
    theorem : Theorem
    form : str, optional
    """
    bound, chain = theorem.bound(form), theorem.derivation(form)
    words = names_in_words(spoken(chain) | set(bound.symbols.values()))
    conditions = [f"${_relation(rule.lower, rule.upper, rule.strict)}$" for rule in bound.constraints]
    conditions += [
        f"${expression_latex(expr)}$ is {typeset(describe(allowed), words)}" for _, expr, allowed in bound.conditions
    ]
    given = _listed("Assume", [*(typeset(text, words) for text in bound.assumptions), *conditions])
    sure = "With probability at least $1 - \\delta$," if bound.events else "Then"
    head, terms, where = bound_latex_parts(bound)
    whole = " ".join([head, *terms])
    shown = (
        f"\\[\n{whole}\n\\]"
        if width(whole) < WIDTH
        else f"\\begin{{multline*}}\n{_rows(head, terms)}\n\\end{{multline*}}"
    )
    stated = bound.quantity.free_symbols | bound.expr.free_symbols | set(bound.symbols.values()) | set(bound.where)
    meanings = [*(f"${one}$" for one in where), *_meanings(stated - set(bound.where), bound.domain, words)]
    explained = f"Here {'; '.join(meanings)}.\n" if meanings else ""
    alone = len(chain.events) == 1
    events = [
        rf"$\delta{'' if alone else f'_{{{place}}}'}$ is the chance that this fails: {typeset(event.name, words)}: "
        rf"{typeset(event.statement, words)}"
        for place, event in enumerate(chain.events, start=1)
    ]
    shares = "=".join(rf"\delta_{{{place}}}" for place in range(1, len(events) + 1))
    split = [f"The events share $\\delta$ equally, ${shares}=\\delta/{len(events)}$"] if len(events) > 1 else []
    fresh = spoken(chain) - stated - set(bound.where) - {event.symbol for event in chain.events}
    told = [*_meanings(fresh, {}, words), *events, *split]
    notation = _listed("In the proof", told)
    works: dict[str, list[str]] = {}
    for step in chain.steps:
        if step.cites and (work := _work(step)) not in works.setdefault(citation_key(step.cites), []):
            works[citation_key(step.cites)].append(work)
    entries = "\n".join(rf"\bibitem{{{key}}} {escaped('; '.join(said))}" for key, said in works.items())
    bibliography = f"\n\\begin{{thebibliography}}{{99}}\n{entries}\n\\end{{thebibliography}}" if works else ""
    return (
        f"\\begin{{theorem}}[{typeset(theorem.title, words)}]\n\\label{{thm:{citation_key(theorem.key)}}}\n{given}{sure}\n"
        f"{shown}\n{explained}\\end{{theorem}}\n"
        f"\\begin{{proof}}\n{notation}{chain_latex(chain)}\n\\end{{proof}}{bibliography}"
    )


def _relation(lower: sympy.Expr, upper: sympy.Expr, strict: bool) -> str:
    return f"{expression_latex(lower)} {'<' if strict else RELATIONS['<=']} {expression_latex(upper)}"


def _listed(head: str, lines: list[str]) -> str:
    """Return lines as a list below a head, or nothing."""
    items = "\n".join(rf"  \item {line}" for line in lines)
    return f"{head}\n\\begin{{itemize}}\n{items}\n\\end{{itemize}}\n" if lines else ""


def _meanings(
    symbols: Iterable[sympy.Symbol], domain: Mapping[sympy.Symbol, sympy.Set], words: Mapping[str, str]
) -> list[str]:
    """Return what symbols stand for, with what they may be where that is given."""
    found = []
    for symbol in sorted(symbols, key=str):
        entry = known(symbol)
        meaning = typeset(entry.meaning, words) if entry is not None else ""
        allowed = typeset(describe(domain[symbol]), words) if symbol in domain else ""
        said = f"{meaning} ({allowed})" if meaning and allowed else meaning or allowed
        if said:
            found.append(f"${expression_latex(symbol)}$ is {said}")
    return found


def _rows(head: str, terms: list[str]) -> str:
    """Return a long statement on lines of its own, as many terms on each as fit."""
    rows = [head]
    for term in terms:
        if len(rows[-1]) > len(head) and width(rows[-1]) + width(term) > WIDTH:
            rows.append("")
        rows[-1] = f"{rows[-1]} {term}".strip()
    return " \\\\\n".join(rows)
