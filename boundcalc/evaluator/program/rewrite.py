"""Rewrite an expression into an equal one that costs less on given axes.

Every rule is an identity on the reals under the symbols' ranges, is applied only where the estimated cost
falls, and never below floor, ceiling or a relation. Rules that could turn a sum of one sign into a
difference (splitting a logarithm, distributing) are applied only where the parts share one known sign,
so that no digits are lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from boundcalc.arithmetic.intervals import Range, ranges_of
from boundcalc.arithmetic.nodes import Node, Pool, topological
from boundcalc.evaluator.program.costs import CostModel

__all__ = ["rewrite"]

_CLOSED = frozenset({"floor", "ceiling", "lt", "le", "eq", "ne", "symbol", "number", "constant", "true", "false"})
_ENOUGH = 20  # rewrites of one node: each lowers the cost, more than a handful do not occur


def rewrite(root: Node, pool: Pool, symbols: Sequence[Range], costs: CostModel) -> Node:
    """Return an equal expression of at most the same estimated cost."""
    changed = Rewriter(pool, symbols, costs).node(root)
    return changed if costs.total(changed) < costs.total(root) else root


class Rewriter:
    """Bottom-up rewriting with memory."""

    def __init__(self, pool: Pool, symbols: Sequence[Range], costs: CostModel) -> None:
        self._pool, self._symbols, self._costs = pool, symbols, costs
        self._ranges: dict[int, Range] = {}
        self._done: dict[Node, Node] = {}

    def node(self, root: Node) -> Node:
        """Return the rewritten root."""
        for node in topological(root):
            if node not in self._done:
                self._done[node] = self._improve(self._rebuilt(node))
        return self._done[root]

    def _rebuilt(self, node: Node) -> Node:
        if node.op in _CLOSED or not node.args:
            return node
        args = [self._done[a] for a in node.args]
        if node.op == "add":
            return self._pool.add(*args)
        if node.op == "mul":
            return self._pool.mul(*args)
        if node.op == "pow" and isinstance(node.value, Fraction):
            return self._power(args[0], node.value)
        return self._pool.make(node.op, *args, value=node.value)

    def _improve(self, node: Node) -> Node:
        """Take the cheapest candidate until none is cheaper."""
        rules = _RULES.get(node.op, ())
        for _ in range(_ENOUGH):
            candidates = [c for rule in rules for c in rule(self, node)]
            best = min(candidates, key=self._costs.total, default=node)
            if best is node or not self._costs.total(best) < self._costs.total(node):
                break
            node = best
            rules = _RULES.get(node.op, ())
        return node

    def _range(self, node: Node) -> Range:
        if id(node) not in self._ranges:
            ranges_of(node, self._symbols, self._ranges)
        return self._ranges[id(node)]

    def _one_sign(self, nodes: Iterable[Node]) -> bool:
        ranges = [self._range(n) for n in nodes]
        return all(r.nonnegative for r in ranges) or all(r.nonpositive for r in ranges)

    def _by_axes(self, factors: Iterable[Node]) -> list[list[Node]]:
        """Group factors that vary along the same axes."""
        groups: dict[int, list[Node]] = {}
        for factor in factors:
            groups.setdefault(self._costs.mask(factor), []).append(factor)
        return list(groups.values())

    def _power(self, base: Node, exponent: Fraction) -> Node:
        """Raise to a power; a power of a power is one power where that is an identity."""
        if base.op == "pow" and isinstance(base.value, Fraction):
            if exponent.denominator == 1 or self._range(base.args[0]).nonnegative:
                return self._pool.pow(base.args[0], base.value * exponent)
        return self._pool.pow(base, exponent)

    def split_power(self, node: Node) -> Iterator[Node]:
        """Split a root of a product: at most one factor may have an unknown sign, the others are positive."""
        base, exponent = node.args[0], node.value
        if base.op != "mul" or not isinstance(exponent, Fraction):
            return
        positive = [f for f in base.args if self._range(f).positive]
        rest = [f for f in base.args if not self._range(f).positive]
        if exponent.denominator == 1 or all(self._range(f).nonnegative for f in rest):
            groups = self._by_axes(base.args)
        else:
            groups = self._by_axes(positive) + ([rest] if rest else [])
        if len(groups) > 1:
            yield self._pool.mul(*(self._power(self._pool.mul(*g), exponent) for g in groups))

    def split_log(self, node: Node) -> Iterator[Node]:
        """Split the logarithm of a product into logarithms of one sign."""
        product = node.args[0]
        if product.op != "mul" or not all(self._range(f).positive for f in product.args):
            return
        groups = self._by_axes(product.args)
        logs = [self._log(self._pool.mul(*g)) for g in groups]
        if len(logs) > 1 and self._one_sign(logs):
            yield self._pool.add(*logs)

    def _log(self, x: Node) -> Node:
        """Take the logarithm; that of a power of a nonnegative number is a multiple."""
        if x.op == "pow" and isinstance(x.value, Fraction) and self._range(x.args[0]).nonnegative:
            return self._pool.mul(self._pool.number(x.value), self._pool.make("log", x.args[0]))
        return self._pool.make("log", x)

    def split_exp(self, node: Node) -> Iterator[Node]:
        """Split the exponential of a sum whose terms share one sign: nothing can overflow that did not before."""
        total = node.args[0]
        if total.op == "add" and self._one_sign(total.args):
            groups = self._by_axes(total.args)
            if len(groups) > 1:
                yield self._pool.mul(*(self._pool.make("exp", self._pool.add(*g)) for g in groups))

    def distribute(self, node: Node) -> Iterator[Node]:
        """Multiply out one sum of one sign within a product, or within a term of a sum."""
        terms = node.args if node.op == "add" else (node,)
        for i, term in enumerate(terms):
            for factor in term.args if term.op == "mul" else ():
                if factor.op == "add" and self._one_sign(factor.args):
                    others = [f for f in term.args if f is not factor]
                    parts = [self._pool.mul(*others, part) for part in factor.args]
                    yield self._pool.add(*terms[:i], *parts, *terms[i + 1 :])

    def collect(self, node: Node) -> Iterator[Node]:
        """Take a common factor out of the terms that share it."""
        shared = Counter(f for term in node.args for f in dict.fromkeys(_factors(term)) if f.support)
        for factor, count in shared.items():
            if count > 1:
                inside = [t for t in node.args if factor in _factors(t)]
                outside = [t for t in node.args if factor not in _factors(t)]
                inner = self._improve(self._pool.add(*(self._without(t, factor) for t in inside)))
                yield self._pool.add(*outside, self._pool.mul(factor, inner))

    def _without(self, product: Node, factor: Node) -> Node:
        rest = list(_factors(product))
        rest.remove(factor)
        return self._pool.mul(*rest)

    def pull_out(self, node: Node) -> Iterator[Node]:
        """Take a common factor or term out of all branches of a Piecewise, a Min or a Max."""
        branches = [*node.args[1:-1:2], node.args[-1]] if node.op == "select" else list(node.args)
        for factor in _common(map(_factors, branches)):
            if factor.support and (node.op == "select" or self._range(factor).positive):
                inner = self._improve(self._with_branches(node, [self._without(b, factor) for b in branches]))
                yield self._pool.mul(factor, inner)
        for term in _common(map(_terms, branches)):
            if term.support:
                rests = [self._pool.add(*_drop(_terms(b), term)) for b in branches]
                yield self._pool.add(term, self._improve(self._with_branches(node, rests)))

    def _with_branches(self, node: Node, branches: list[Node]) -> Node:
        if node.op != "select":
            return self._pool.make(node.op, *branches)
        pairs = [x for pair in zip(node.args[:-1:2], branches[:-1], strict=True) for x in pair]
        return self._pool.make("select", *pairs, branches[-1])


def _factors(node: Node) -> tuple[Node, ...]:
    return node.args if node.op == "mul" else (node,)


def _terms(node: Node) -> tuple[Node, ...]:
    return node.args if node.op == "add" else (node,)


def _drop(nodes: tuple[Node, ...], node: Node) -> list[Node]:
    rest = list(nodes)
    rest.remove(node)
    return rest


def _common(parts: Iterable[tuple[Node, ...]]) -> list[Node]:
    first, *others = parts
    return [n for n in dict.fromkeys(first) if all(n in other for other in others)]


_RULES: dict[str, tuple[Callable[[Rewriter, Node], Iterator[Any]], ...]] = {
    "pow": (Rewriter.split_power,),
    "log": (Rewriter.split_log,),
    "exp": (Rewriter.split_exp,),
    "mul": (Rewriter.distribute,),
    "add": (Rewriter.distribute, Rewriter.collect),
    "select": (Rewriter.pull_out,),
    "min": (Rewriter.pull_out,),
    "max": (Rewriter.pull_out,),
}
