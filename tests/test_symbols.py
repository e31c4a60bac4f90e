"""Symbols of one's own beside the vocabulary's."""

from __future__ import annotations

import pickle
import re

import pytest
import sympy

from boundcalc import catalogue, check, symbols
from boundcalc.errors import InvalidInputError
from boundcalc.statements.derivation import Derivation, at_most
from boundcalc.statements.typeset import expression_latex
from boundcalc.symbols import known, symbol

S = symbol("S_own", r"\sigma_\ast", "a norm", sympy.Interval(0, 3))


def test_a_symbol_brings_its_latex_meaning_and_domain():
    assert known(S).meaning == "a norm"
    assert expression_latex(2 * S + symbols.n) == r"\sigma_\ast + n" or r"2 \sigma_\ast" in expression_latex(2 * S)
    assert str(S + symbols.n) == "S_own + n"
    assert S.is_nonnegative
    assert known(sympy.Symbol("x")) is None
    chain = Derivation(quantity=S**2, steps=(at_most(S, 3, because="its domain"),))
    assert (chain.relation, chain.result) == ("<=", 9)
    assert check(chain).word == "PROVED"
    assert check(at_most(S, sympy.Rational(29, 10), because="too small")).word == "REFUTED"


def test_it_is_one_symbol_wherever_it_is_made():
    again = symbol("S_own", r"\sigma_\ast", "a norm", sympy.Interval(0, 3))
    assert again == S
    assert hash(again) == hash(S)
    assert pickle.loads(pickle.dumps(S + 1)) == S + 1
    assert S != sympy.Symbol("S_own", nonnegative=True)
    assert sympy.Symbol("S_own", nonnegative=True) != S
    assert (S + symbols.L).subs(S, 2) == symbols.L + 2


def test_the_vocabulary_s_names_are_taken():
    with pytest.raises(InvalidInputError, match="'gamma' is in the vocabulary"):
        symbol("gamma", "g", "another gamma")


def test_what_only_one_proof_needs_is_not_in_the_vocabulary():
    """An intermediate of the vocabulary is spoken of by several files, or is what a form bounds."""
    chains = {(key, form): entry.derivation(form) for key, entry in catalogue.items() for form in entry.forms}
    bounded = {s for chain in chains.values() for s in chain.quantity.free_symbols}
    inputs = {s for key, form in chains for s in catalogue[key].bound(form).expr.free_symbols}
    files = [path.read_text(encoding="utf-8") for path in sorted(_folder().rglob("*.py"))]
    for row in symbols.VOCABULARY.values():
        if row.group == "quantity" and row.symbol not in bounded | inputs:
            spoken = sum(bool(re.search(rf"\b{row.name}\b", text)) for text in files)
            assert spoken > 1, f"{row.name}: define it in the one file that needs it"


def _folder():
    from pathlib import Path

    return Path(catalogue.__file__).parent
