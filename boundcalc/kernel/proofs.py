"""Proofs to be tried, simplest first: each is a text in Coq's language, and only Coq says whether it is one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import sympy

from boundcalc.kernel.calculus import by_calculus
from boundcalc.kernel.claim import Claim, random_point, to_number
from boundcalc.kernel.terms import printed
from boundcalc.language.entropy import kl, kl_inverse

__all__ = ["attempts", "defined", "opening", "samples"]


def opening(claim: Claim) -> str:
    """Return the lines that name what is given."""
    names = [*claim.binder_names, *(fact.name for fact in claim.facts)]
    whole = [claim.names[symbol] for symbol in claim.rounded]
    positive = "".join(f"try (assert (pos_{name} : (1 <= {name})%Z) by whole). " for name in whole)
    return f"intros {' '.join(names)}. {positive}" if names else ""


def defined(claim: Claim) -> Iterator[str]:
    """Return proofs that both sides are defined."""
    start = f"{opening(claim)}reals. repeat split"
    yield f"{start}; sign."
    yield f"{start}; nonzero."
    yield f"{opening(claim)}subst. reals. repeat split; nonzero."
    yield f"{opening(claim)}subst. reals. repeat split; first [fraction | nonzero]."
    yield f"{opening(claim)}reals. split_roots. repeat split; sign."
    if _perhaps_known(claim):
        yield f"{start}; first [sign | mixture]."


def attempts(claim: Claim) -> Iterator[str]:
    """Return proofs of the claim in the order in which they are tried."""
    start = opening(claim)
    if claim.relation == "=":
        yield f"{start}subst. reals. first [lra | field; nonzero]."
        if claim.left.has(sympy.Pow, sympy.exp, sympy.log):
            yield f"{start}reals. logs. rewrite <- ?exp_plus. first [reflexivity | ring | f_equal; field; nonzero]."
            yield f"{start}subst. reals. split_roots. first [ring | field; nonzero]."
            yield f"{start}reals. rewrite ?ln_8, ?ln_4. field. nonzero."
    else:
        yield f"{start}subst. reals. cases; lra."
        roots = (claim.left - claim.right).atoms(sympy.Pow)
        if claim.constraints or any(isinstance(power.base, sympy.log) for power in roots):
            yield f"{start}constrained."
    if _perhaps_known(claim):
        yield f"{start}convexity."
    calculus = by_calculus(claim, start, samples(claim))
    powers = [
        power for side in (claim.left, claim.right) for power in side.atoms(sympy.Pow) if not power.exp.is_Rational
    ]
    if len(claim.names) <= 2 and (powers or (claim.left - claim.right).has(sympy.log, sympy.exp, sympy.cosh, kl)):
        yield from calculus
    yield _by_atoms(claim)
    if claim.relation != "=" and (claim.left + claim.right).atoms(sympy.Pow):
        yield _by_roots(claim)
    yield from calculus


def _perhaps_known(claim: Claim) -> bool:
    """Return whether a claim may be one of the library's inequalities of convex functions."""
    both = claim.left - claim.right
    parts = [
        *both.atoms(sympy.log, sympy.exp),
        *(power for power in both.atoms(sympy.Pow) if not power.exp.is_Rational),
    ]
    several = len(claim.names) > 1 and bool(len(parts) > 1 or (parts and claim.constraints) or both.has(kl, kl_inverse))
    return claim.relation in ("<=", ">=") and (several or both.has(sympy.tanh))


def samples(claim: Claim) -> list[dict[sympy.Symbol, Any]]:
    """Return a few points of a claim: guides of the search, no part of a proof."""
    if len(claim.names) == 1:
        return [{}]
    rng, found = np.random.default_rng(0), []
    for _ in range(400):
        point = random_point(claim, claim.constraints, rng)
        if point is not None:
            found.append({symbol: to_number(value) for symbol, value in point[0].items()})
        if len(found) == 12:
            break
    return found


@dataclass
class _Atoms:
    """Roots, logarithms and exponentials as variables, with what is known of them."""

    claim: Claim
    facts: list[str] = field(default_factory=list)
    sets: list[str] = field(default_factory=list)
    variables: dict[sympy.Expr, sympy.Symbol] = field(default_factory=dict)
    equations: dict[sympy.Symbol, sympy.Expr] = field(default_factory=dict)

    def collect(self, *exprs: sympy.Expr) -> None:
        """Find the atoms, outermost first, and state what holds of each."""
        found: dict[sympy.Expr, None] = {}
        for expr in exprs:
            for node in sympy.preorder_traversal(expr):
                if (base := _root(node)) is not None:
                    found[sympy.sqrt(base)] = None
                elif isinstance(node, sympy.log | sympy.exp):
                    found[node] = None
                if isinstance(node, sympy.log):
                    found |= dict.fromkeys(sympy.expand_log(node, force=True).atoms(sympy.log))
        for node in sorted(found, key=lambda item: (-item.count_ops(), str(item))):
            self._add(node)

    def _add(self, node: sympy.Expr) -> None:
        number = len(self.variables) + 1
        text = self.claim.printed(node)
        inside = node.args[0] if not node.is_Pow or isinstance(node, sympy.exp) else node.base
        arg = self.claim.printed(inside)
        name = f"a{number}"
        self.variables[node] = sympy.Symbol(name, real=True)
        if isinstance(node, sympy.log):
            self.facts += [
                f"try (assert (N{number} : 0 < {text}) by sign).",
                f"try (assert (N{number} : 0 <= {text}) by sign).",
            ]
            self._logarithm(node, number, text)
        elif isinstance(node, sympy.exp):
            self.facts += [
                f"pose proof (exp_pos ({arg})) as N{number}.",
                f"pose proof (exp_tangent ({arg})) as T{number}.",
                f"try (pose proof (exp_parabola ({arg})) as U{number}; assert (V{number} : 0 <= {arg}) by sign; "
                f"specialize (U{number} V{number})).",
            ]
        else:
            self.facts += [
                f"assert (P{number} : 0 <= {arg}) by sign.",
                f"pose proof (sqrt_sqrt ({arg}) P{number}) as Q{number}.",
                f"first [assert (N{number} : 0 < {text}) by sign | pose proof (sqrt_pos ({arg})) as N{number}].",
            ]
        self.sets.append(f"set ({name} := {text}) in *; clearbody {name}.")

    def _logarithm(self, node: sympy.Expr, number: int, text: str) -> None:
        """State what a logarithm is once definitions are inserted, and that of a product."""
        inside = node.args[0]
        full = inside.subs(dict(self.claim.definitions))
        if isinstance(full, sympy.exp):
            inner = self.claim.printed(full.args[0])
            replaced = f"replace ({self.claim.printed(inside)}) with (exp ({inner})) by (subst; ring)"
            self.facts.append(f"assert (E{number} : {text} = {inner}) by ({replaced}; apply ln_exp).")
            self.equations[self.variables[node]] = full.args[0]  # in atoms that come later: made plain at the end
        elif (parts := sympy.expand_log(node, force=True)) != node:
            self.facts.append(f"try (assert (E{number} : {text} = {self.claim.printed(parts)}) by (logarithms; ring)).")

    @property
    def names(self) -> dict[sympy.Symbol, str]:
        """How atoms and symbols are written once both are variables."""
        return {variable: str(variable) for variable in self.variables.values()} | self.claim.reals

    def plain(self, expr: sympy.Expr) -> sympy.Expr:
        """Return an expression with its atoms as variables."""
        for node, variable in self.variables.items():
            if node.is_Pow and not isinstance(node, sympy.exp):
                base = node.base
                expr = expr.replace(
                    lambda item, base=base: _root(item) == base,
                    lambda item, variable=variable: variable ** (2 * item.exp),
                )
            expr = expr.xreplace({node: variable})
        return expr


def _root(node: sympy.Basic) -> sympy.Expr | None:
    """Return what a half-integer power is a root of."""
    if isinstance(node, sympy.Pow) and node.exp.is_Rational and node.exp.q == 2:
        return node.base
    return None


def _by_atoms(claim: Claim) -> str:
    """Return a proof about polynomials and quotients in the atoms."""
    atoms, lines = _stated(claim)
    if claim.relation == "=":
        start, end = "unfold Rdiv; rewrite ?Rinv_mult", "cases; first [ring | nra | exfalso; nra]"
        simple = "identity | " if not claim.left.has(sympy.Min, sympy.Max, sympy.Abs) else ""
        lines.append(f"first [{simple}{start}; {_inverses(claim, atoms)}{end}].")
    else:
        lines.append(_gap(claim, atoms))
    return "\n  ".join(lines)


def _inverses(claim: Claim, atoms: _Atoms) -> str:
    """Return the facts on reciprocals of the atoms that are divided by."""
    powers = {power for side in (claim.left, claim.right) for power in atoms.plain(side).atoms(sympy.Pow)}
    divided = {power.base for power in powers if power.exp.is_negative}
    text = ""
    for number, variable in enumerate(atoms.variables.values(), start=1):
        if variable in divided:
            text += (
                f"assert (I{number} : 0 < / {variable}) by (apply Rinv_0_lt_compat; lra); "
                f"set (i{number} := / {variable}) in *; clearbody i{number}; "
            )
    return text


def _stated(claim: Claim) -> tuple[_Atoms, list[str]]:
    """Return a claim's atoms, and the lines of a proof up to where they are variables."""
    atoms = _Atoms(claim)
    atoms.collect(claim.left, claim.right, *claim.definitions.values())
    return atoms, [f"{opening(claim)}reals.", *atoms.facts, *atoms.sets, *claim.hiding]


def _gap(claim: Claim, atoms: _Atoms) -> str:
    """Return the end of a proof of an inequality: the difference as a quotient of products, their signs one by one."""
    equal = {variable: atoms.plain(full) for variable, full in atoms.equations.items()}
    sides = [atoms.plain(side) for side in claim.ordered]
    over, under = map(sympy.factor, sympy.fraction(sympy.together((sides[0] - sides[1]).xreplace(equal))))
    over = _led(over)
    factors = [part for part in sympy.Mul.make_args(over) if part.is_Add]
    quotient = _quotient(claim, atoms.names, over, under, factors if len(factors) > 1 else [])
    return f"first [lra | nra | {quotient}]."


def _by_roots(claim: Claim) -> str:
    """Return a proof in which what a root is taken of is expressed by the root, with squares that may help."""
    atoms, lines = _stated(claim)
    lines = [line for line in lines if not line.startswith("try (assert (E")]  # another equation for what is replaced
    names = atoms.names
    sides = [atoms.plain(side) for side in claim.ordered]
    square = sympy.Dummy("square")
    inserted: dict[sympy.Symbol, sympy.Expr] = {}
    squared: list[sympy.Symbol] = []
    for number, (node, root) in enumerate(atoms.variables.items(), start=1):
        base = atoms.plain(node.base).xreplace(inserted) if _root(node) is not None else sympy.S.One
        for symbol in sorted(
            base.free_symbols - {*claim.definitions, *squared}, key=lambda s: (s in claim.names, str(s))
        ):
            slope = sympy.diff(base, symbol)
            if slope.has(symbol):
                continue
            full = sympy.factor((square - base.xreplace({symbol: sympy.S.Zero})) / slope)
            shown = printed(full, {**names, square: f"({root} * {root})"})
            lines.append(f"assert (S{number} : {names[symbol]} = {shown}) by (rewrite Q{number}; field; nonzero).")
            lines.append(f"subst {names[symbol]}. try clear Q{number}.")
            insert = {symbol: full.xreplace({square: root**2})}
            inserted = {own: full.xreplace(insert) for own, full in inserted.items()} | insert
            squared.append(root)
            sides = [side.xreplace(insert) for side in sides]
            atoms.variables = {n: v.xreplace(insert) for n, v in atoms.variables.items()}
            break
    over, under = sympy.fraction(sympy.together(sides[0] - sides[1]))
    for node, root in atoms.variables.items():
        if _root(node) is not None and node.base.is_number:
            over = sympy.rem(sympy.expand(over), root**2 - node.base, root)
    over = _led(sympy.factor(over))
    lines += [f"pose proof (pow2_ge_0 ({printed(hint, names)}))." for hint in _squares(over)]
    factors = [part for part in sympy.Mul.make_args(over) if part.is_Add]
    return "\n  ".join([*lines, f"{_quotient(claim, names, over, under, factors)}."])


def _squares(over: sympy.Expr) -> list[sympy.Expr]:
    """Return p - q for each negative monomial that is twice a product p q of which both squares occur with positive sign."""
    found: dict[sympy.Expr, None] = {}
    for part in sympy.Mul.make_args(over):
        if not part.is_Add:
            continue
        symbols = sorted(part.free_symbols, key=str)
        terms = sympy.Poly(part, *symbols).terms() if part.is_polynomial(*symbols) else []
        even = [powers for powers, number in terms if number > 0 and all(power % 2 == 0 for power in powers)]
        for powers, number in terms:
            for p, q in combinations(even, 2) if number < 0 else ():
                if all(2 * own == a + b for own, a, b in zip(powers, p, q, strict=True)):
                    least = [min(a, b) for a, b in zip(p, q, strict=True)]
                    root = [
                        sympy.Mul(*(s ** ((a - c) // 2) for s, a, c in zip(symbols, one, least, strict=True)))
                        for one in (p, q)
                    ]
                    found[root[0] - root[1]] = None
    return list(found)


def _led(over: sympy.Expr) -> sympy.Expr:
    """Return a product without a minus sign before it, if one of its factors is a sum that takes it."""
    number, rest = over.as_coeff_Mul()
    parts = sympy.Mul.make_args(rest)
    first = next((part for part in parts if part.is_Add), None)
    if number > 0 or first is None:
        return over
    return sympy.Mul(-number, -first, *(part for part in parts if part != first))


def _quotient(claim: Claim, names: Any, over: sympy.Expr, under: sympy.Expr, factors: list[sympy.Expr]) -> str:
    """Return the tactic that proves a claim by the signs of the parts of the difference as a quotient."""
    facts = "".join(f"assert (0 <= {printed(part, names)}) by nra; " for part in factors)
    lemma, sign = ("by_gap_strictly", "Rdiv_lt_0_compat") if claim.relation in ("<", ">") else ("by_gap", "div_nonneg")
    turned = {">=": "apply Rle_ge; ", ">": "red; "}.get(claim.relation, "")
    return (
        f"{turned}apply ({lemma} _ _ (({printed(over, names)}) / ({printed(under, names)})));\n    "
        f"[identity | {facts}apply {sign}; [first [nra | sign] | first [sign | nra]]]"
    )
