"""Coq's terms and propositions read back as numbers, so that what was written can be compared with what was meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mpmath import mp

from boundcalc.frozen import Frozen

__all__ = ["Statement", "read_statement"]

_TOKEN = re.compile(r"\s*(->|/\\|\\/|<=|<>|>=|[A-Za-z_][A-Za-z_0-9']*|\d+|%Z|[-+*/^()<>=:,.])")
_COMPARISONS = {
    "<=": lambda a, b: a <= b, "<": lambda a, b: a < b, ">=": lambda a, b: a >= b, ">": lambda a, b: a > b,
    "=": lambda a, b: mp.almosteq(a, b, 1e-25, 1e-25), "<>": lambda a, b: a != b,
}  # fmt: skip


def _kl(q: Any, p: Any) -> Any:
    parts = [a * mp.log(a / b) for a, b in ((q, p), (1 - q, 1 - p)) if a]
    return mp.fsum(parts)


def _kl_inverse(q: Any, a: Any) -> Any:
    """Return p = 1 - (1 - q) exp(-t) for the t at which kl(q, p) is a, by halving."""
    if q == 1 or a <= 0:
        return q
    low, high = mp.zero, (a + 1) / (1 - q)  # kl(q, p) is at least (1 - q) t - log 2
    for _ in range(mp.prec + 10):
        t = (low + high) / 2
        p = 1 - (1 - q) * mp.exp(-t)
        low, high = (t, high) if (q * mp.log(q / p) if q else 0) + (1 - q) * t <= a else (low, t)
    return 1 - (1 - q) * mp.exp(-low)


_CALLS = {
    "ln": (1, mp.log), "exp": (1, mp.exp), "sqrt": (1, mp.sqrt), "Rabs": (1, abs), "cosh": (1, mp.cosh),
    "sinh": (1, mp.sinh), "tanh": (1, mp.tanh), "IZR": (1, lambda a: a), "Rmin": (2, min), "Rmax": (2, max),
    "Rpower": (2, lambda a, b: mp.exp(b * mp.log(a))), "kl": (2, _kl),
    "kl_inverse": (2, _kl_inverse),
}  # fmt: skip


@dataclass(frozen=True)
class Statement(Frozen):
    """A theorem as it stands in a file: its variables, its hypotheses and its conclusion, as trees.

    Attributes
    ----------
    variables : mapping of str to str
        ``R`` or ``Z`` by name.
    hypotheses : tuple
    conclusion : tuple
    """

    variables: Mapping[str, str]
    hypotheses: tuple[Any, ...] = field(default=())
    conclusion: Any = None

    def admits(self, point: Mapping[str, Any]) -> bool:
        """Return whether all hypotheses hold at a point."""
        return all(_truth(item, point) for item in self.hypotheses)

    def sides(self, point: Mapping[str, Any]) -> tuple[Any, str, Any]:
        """Return the two sides of the conclusion and the relation between them."""
        kind, left, relation, right = self.conclusion
        if kind != "compare":
            raise ValueError(f"the conclusion is no comparison: {self.conclusion}")
        return _value(left, point), relation, _value(right, point)


def read_statement(text: str) -> Statement:
    """Return a statement ``forall (x y : R) (n : Z), hypothesis -> ... -> conclusion`` as trees.

    Raises
    ------
    ValueError
        If it is no statement of this kind.
    """
    reader = _Reader(text)
    variables = reader.binders()
    parts = [reader.proposition()]
    while reader.at("->"):
        reader.take("->")
        parts.append(reader.proposition())
    if reader.here is not None:
        raise ValueError(f"what is left over: {reader.tokens[reader.place :]}")
    return Statement(variables, tuple(parts[:-1]), parts[-1])


class _Reader:
    """A reader by descent, with Coq's levels: implication, or, and, comparison, sum, product, minus, power, call."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        place, text = 0, text.rstrip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise ValueError(f"not readable: {text[place : place + 40]!r}")
            self.tokens.append(found.group(1))
            place = found.end()
        self.place = 0

    @property
    def here(self) -> str | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def at(self, *tokens: str) -> bool:
        return self.here in tokens

    def take(self, expected: str | None = None) -> str:
        token = self.here
        if token is None or (expected is not None and token != expected):
            raise ValueError(f"expected {expected!r}, found {token!r}")
        self.place += 1
        return token

    def binders(self) -> dict[str, str]:
        variables: dict[str, str] = {}
        if self.at("forall"):
            self.take()
            while self.at("("):
                self.take()
                names = []
                while not self.at(":"):
                    names.append(self.take())
                self.take(":")
                kind = self.take()
                variables |= dict.fromkeys(names, kind)
                self.take(")")
            self.take(",")
        return variables

    def proposition(self) -> Any:
        parts = [self.conjunction()]
        while self.at("\\/"):
            self.take()
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else ("or", *parts)

    def conjunction(self) -> Any:
        parts = [self.comparison()]
        while self.at("/\\"):
            self.take()
            parts.append(self.comparison())
        return parts[0] if len(parts) == 1 else ("and", *parts)

    def comparison(self) -> Any:
        start = self.place
        if self.at("("):  # a proposition in brackets, or a term
            try:
                self.take()
                inside = self.proposition()
                self.take(")")
                if self.at("%Z"):
                    self.take()
                if inside[0] in ("compare", "and", "or") and (self.here is None or self.at("->", "/\\", "\\/", ")")):
                    return inside
            except ValueError:
                pass
            self.place = start
        terms, relations = [self.sum()], []
        while self.here in _COMPARISONS:
            relations.append(self.take())
            terms.append(self.sum())
        if not relations:
            return ("term", terms[0])
        found = [("compare", a, r, b) for a, r, b in zip(terms, relations, terms[1:], strict=False)]
        return found[0] if len(found) == 1 else ("and", *found)

    def sum(self) -> Any:
        left = self.product()
        while self.at("+", "-"):
            left = (self.take(), left, self.product())
        return left

    def product(self) -> Any:
        left = self.minus()
        while self.at("*", "/"):
            left = (self.take(), left, self.minus())
        return left

    def minus(self) -> Any:
        if self.at("-"):
            self.take()
            return ("neg", self.minus())
        if self.at("/"):
            self.take()
            return ("/", 1, self.minus())
        return self.power()

    def power(self) -> Any:
        base = self.call()
        if self.at("^"):
            self.take()
            return ("^", base, self.power())
        return base

    def call(self) -> Any:
        if self.here in _CALLS:
            name = self.take()
            return ("call", name, *(self.atom() for _ in range(_CALLS[name][0])))
        return self.atom()

    def atom(self) -> Any:
        if self.at("("):
            self.take()
            inside = self.sum()
            self.take(")")
            return inside
        token = self.take()
        if token.isdigit():
            return int(token)
        if not token[0].isalpha() and token[0] != "_":
            raise ValueError(f"expected a term, found {token!r}")
        return token


def _value(tree: Any, point: Mapping[str, Any]) -> Any:
    match tree:
        case int():
            return mp.mpf(tree)
        case "PI":
            return +mp.pi
        case str():
            return point[tree]
        case ("neg", a):
            return -_value(a, point)
        case ("call", name, *args):
            return _CALLS[name][1](*(_value(arg, point) for arg in args))
        case (operation, a, b):
            left, right = _value(a, point), _value(b, point)
            if operation == "^":
                return left ** int(right)
            return {"+": left + right, "-": left - right, "*": left * right}[operation] if operation != "/" else (
                left / right
            )  # fmt: skip
    raise ValueError(f"no term: {tree}")


def _truth(tree: Any, point: Mapping[str, Any]) -> bool:
    match tree:
        case ("and", *parts):
            return all(_truth(part, point) for part in parts)
        case ("or", *parts):
            return any(_truth(part, point) for part in parts)
        case ("compare", a, relation, b):
            return bool(_COMPARISONS[relation](_value(a, point), _value(b, point)))
    raise ValueError(f"no proposition that can be evaluated: {tree}")
