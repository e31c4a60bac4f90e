r"""Formulas as text or LaTeX, read by one grammar and never evaluated: what is not understood is refused at its place.

>>> from boundcalc import symbols
>>> read(r"\sqrt{\frac{\log(2/\delta)}{2n}}") == read("sqrt(log(2/delta)/(2*n))")
True
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy

from boundcalc.arithmetic.written import shortened, written
from boundcalc.errors import InvalidInputError, suggestion
from boundcalc.language.entropy import kl, kl_inverse
from boundcalc.language.expressions import grows_little
from boundcalc.language.latex import RELATIONS, expression_latex, share
from boundcalc.symbols import VOCABULARY, known

__all__ = ["read"]

_LONGEST, _DEEPEST = 20_000, 60

_TEXT = re.compile(r"delta\[[^\]]+\]|[A-Za-z]\w*|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|\*\*|\S")
_LATEX = re.compile(
    r"\\delta_(?:\{\\text\{[^{}]+\}\}|\{\d+\}|\d)|\\(?:operatorname|mathrm|text)\s*\{[^{}]*\}|\\(?:left|right)\s*\||\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S",
    re.DOTALL,
)
#: An event's share of delta, as text, in LaTeX, and in LaTeX by the event's number.
_SHARE = re.compile(r"delta\[([^\]]+)\]|\\delta_\{\\text\{([^{}]+)\}\}|\\delta_\{?(\d+)\}?")
_SILENT = frozenset(
    [r"\left", r"\right", r"\,", r"\;", r"\:", r"\!", r"\ ", r"\quad", r"\displaystyle", r"\limits", "~"]
    + [rf"\{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r")]
)

#: Functions by their names, with how many arguments they take (0: one or more).
_FUNCTIONS: dict[str, tuple[Callable[..., sympy.Expr], int]] = {
    "sqrt": (sympy.sqrt, 1), "log": (sympy.log, 1), "ln": (sympy.log, 1), "exp": (sympy.exp, 1), "floor": (sympy.floor, 1),
    "ceiling": (sympy.ceiling, 1), "ceil": (sympy.ceiling, 1), "abs": (sympy.Abs, 1), "Abs": (sympy.Abs, 1),
    "sign": (sympy.sign, 1), "erf": (sympy.erf, 1), "erfc": (sympy.erfc, 1), "gamma": (sympy.gamma, 1),
    "Gamma": (sympy.gamma, 1), "loggamma": (sympy.loggamma, 1), "binomial": (sympy.binomial, 2), "min": (sympy.Min, 0),
    "Min": (sympy.Min, 0), "max": (sympy.Max, 0), "Max": (sympy.Max, 0), "kl": (kl, 2), "kl_inverse": (kl_inverse, 2),
}  # fmt: skip
_CONSTANTS = {
    "text": {"E": sympy.E, "pi": sympy.pi},
    "latex": {"e": sympy.E, r"\pi": sympy.pi},
}
_CLOSING = {
    "(": ")",
    "[": "]",
    "{": "}",
    "|": "|",
    r"\left|": r"\right|",
    r"\lfloor": r"\rfloor",
    r"\lceil": r"\rceil",
    r"\{": r"\}",
}
_AROUND = {"|": sympy.Abs, r"\left|": sympy.Abs, r"\lfloor": sympy.floor, r"\lceil": sympy.ceiling}
_RELATIONS = frozenset([*"<>=", *RELATIONS.values(), r"\leq", r"\geq"])
_TIMES = frozenset({"*", r"\cdot", r"\times"})
_FRACTIONS = frozenset({r"\frac", r"\dfrac", r"\tfrac"})
#: What binds a variable between two ends, as text and in LaTeX.
_BINDING: dict[str, type[sympy.Expr]] = {
    "Sum": sympy.Sum, "Product": sympy.Product, "Integral": sympy.Integral,
    r"\sum": sympy.Sum, r"\prod": sympy.Product, r"\int": sympy.Integral,
}  # fmt: skip


def read(
    text: str, *, symbols: Iterable[sympy.Symbol] | Mapping[str, sympy.Symbol] = (), latex: bool | None = None
) -> sympy.Expr:
    r"""Return the expression of a formula in LaTeX, or written as on a keyboard; nothing in it is evaluated as code.

    Known are the vocabulary's symbols, by name in text and by notation in LaTeX, and those that are declared here. The variable
    of a sum, product or integral, ``Sum(2**-k, (k, 1, n))``, need not be declared.

    >>> V = sympy.Symbol("V", positive=True)
    >>> print(read(r"2 C\sqrt{V\log(n)} / n", symbols=[V]))
    2*C*sqrt(V)*sqrt(log(n))/n

    Parameters
    ----------
    text : str
        Numbers are taken exactly. What could be read in two ways, such as ``\log 2n`` or ``a/2n``, is refused.
    symbols : iterable of sympy.Symbol, or mapping of str to sympy.Symbol
        Symbols of your own, from `boundcalc.symbol` or SymPy, or those of a bound (``bound.symbols``); they come before the
        vocabulary's.
    latex : bool, optional
        Whether it is LaTeX; if not given, what has a backslash or a brace is.

    Returns
    -------
    sympy.Expr

    Raises
    ------
    InvalidInputError
        Naming the place and what is expected there.
    """
    if not isinstance(text, str) or not text.strip():
        raise InvalidInputError(f"text = {shortened(text)}: expected a formula", context="read")
    if len(text) > _LONGEST:
        raise InvalidInputError(f"{len(text):,} characters are no formula (at most {_LONGEST:,})", context="read")
    declared = list(symbols.values() if isinstance(symbols, Mapping) else symbols)
    if not all(isinstance(one, sympy.Symbol) for one in declared):
        raise InvalidInputError(f"symbols = {shortened(declared)}: expected symbols of SymPy", context="read")
    return _Reader(text, declared, bool(re.search(r"[\\{}]", text)) if latex is None else latex).whole()


@dataclass(frozen=True)
class _Token:
    """What is written at a place; the last one is empty."""

    text: str
    place: int


class _Reader:
    """Reads tokens from left to right; each method returns a finished expression."""

    def __init__(self, text: str, declared: list[sympy.Symbol], latex: bool) -> None:
        self._text, self._latex = text, latex
        self._tokens = _tokens(text, latex=latex)
        self._names = _spellings(tuple(declared), latex=latex)
        self._declared = frozenset(declared)
        self._at = self._depth = 0
        self._integrating: tuple[str, ...] = ()  # how the variable of the innermost integral in LaTeX is written

    def whole(self) -> sympy.Expr:
        """Return the expression of the whole text."""
        found = self._sum()
        if self._here.text in _RELATIONS:
            raise self._refused("a formula is one side: read the two sides of a relation one by one")
        if self._here.text:
            raise self._refused("an operator is missing before it" if self._starts() else "it closes or joins nothing")
        return found

    # ------------------------------------------------------------------ tokens

    @property
    def _here(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> str:
        token = self._here.text
        if not token:
            raise self._refused("something is missing")
        self._at += 1
        return token

    def _takes(self, *wanted: str) -> bool:
        if self._here.text in wanted:
            self._at += 1
            return True
        return False

    def _expect(self, wanted: str) -> None:
        if not self._takes(wanted):
            raise self._refused(f"expected {wanted!r}")

    def _refused(self, why: str, place: int | None = None) -> InvalidInputError:
        place = self._here.place if place is None else place
        seen = repr(self._text[place : place + 12]) if place < len(self._text) else "the end"
        return InvalidInputError(f"position {place + 1}, at {seen}: {why}", context=f"read {shortened(self._text)}")

    def _made(self, kind: Callable[..., Any], *args: sympy.Expr, place: int) -> sympy.Expr:
        """Return what an operation makes of its arguments, if that is a real value."""
        name = getattr(kind, "__name__", "")
        if name in ("Pow", "gamma", "loggamma", "binomial") and not grows_little(name, *args):
            raise self._refused("a number of too many digits", place)
        try:
            found = kind(*args)
        except (TypeError, ValueError, ArithmeticError, NotImplementedError, RecursionError):
            found = sympy.nan
        if not isinstance(found, sympy.Expr) or found.has(sympy.nan, sympy.zoo, sympy.I, sympy.oo, -sympy.oo):
            raise self._refused(f"{shortened(', '.join(map(str, args)))}: this has no real value", place)
        return found

    # ------------------------------------------------------------------ grammar

    def _sum(self) -> sympy.Expr:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._refused("this is nested too deeply")
        terms = [self._signed()]
        while self._here.text in ("+", "-"):
            terms.append(self._signed())
        self._depth -= 1
        return sympy.Add(*terms)

    def _signed(self) -> sympy.Expr:
        sign = 1
        while self._here.text in ("+", "-"):
            sign = -sign if self._next() == "-" else sign
        return sign * self._product()

    def _product(self) -> sympy.Expr:
        found, divided = self._power(), False
        while True:
            place = self._here.place
            if self._takes(*_TIMES):
                found, divided = self._made(sympy.Mul, found, self._factor(), place=place), False
            elif self._takes("/"):
                below = self._made(sympy.Pow, self._factor(), sympy.Integer(-1), place=place)
                found, divided = sympy.Mul(found, below), True
            elif self._latex and self._starts():
                if divided:
                    raise self._refused(r"after '/' this could be read in two ways: write \frac or parentheses")
                found = self._made(sympy.Mul, found, self._power(), place=place)
            else:
                return found

    def _factor(self) -> sympy.Expr:
        return -self._factor() if self._takes("-") else self._power()

    def _starts(self) -> bool:
        """Return whether the next token can begin a factor."""
        token = self._here.text
        if self._ends_integral():
            return False
        closing = set(_CLOSING.values()) | _RELATIONS | {"+", "-", "/", "^", "_", "**", ",", "!", "&", r"\\"} | _TIMES
        return bool(token) and (token not in closing or self._symbol() is not None)

    def _power(self) -> sympy.Expr:
        return self._raised(self._atom())

    def _raised(self, base: sympy.Expr) -> sympy.Expr:
        place = self._here.place
        if not self._takes("^", "**"):
            return base
        exponent = self._argument() if self._latex else self._factor()
        if self._here.text in ("^", "**") and self._latex:
            raise self._refused("a second power: write parentheses")
        return self._made(sympy.Pow, base, exponent, place=place)

    def _argument(self) -> sympy.Expr:
        """Return a braced group, or what one symbol or digit is after a command or a sign of LaTeX."""
        if self._takes("{"):
            return self._closed("}")
        token = self._here
        if len(token.text) > 1 and token.text[0].isdigit():
            raise self._refused(f"LaTeX takes the first digit only: write {{{token.text}}}")
        return self._atom()

    def _closed(self, end: str) -> sympy.Expr:
        found = self._sum()
        self._expect(end)
        return found

    def _atom(self) -> sympy.Expr:
        place = self._here.place
        if self._ends_integral():
            raise self._refused("expected what is integrated")
        if (found := self._symbol()) is not None:
            self._at += len(found)
            return self._names[found[0]][found]
        token = self._next()
        if token[0].isdigit() or token[0] == ".":
            return self._number(token, place)
        if token in _CLOSING:
            inner = self._closed(_CLOSING[token])
            return self._made(_AROUND[token], inner, place=place) if token in _AROUND else inner
        if token in _FRACTIONS:
            above, below = self._argument(), self._argument()
            return self._made(
                sympy.Mul, above, self._made(sympy.Pow, below, sympy.Integer(-1), place=place), place=place
            )
        if token == r"\binom":
            return self._made(sympy.binomial, self._argument(), self._argument(), place=place)
        if token == r"\sqrt":
            degree = self._closed("]") if self._takes("[") else sympy.Integer(2)
            return self._made(sympy.Pow, self._argument(), 1 / degree, place=place)
        if token in _BINDING and (token[0] == "\\" or self._here.text == "("):
            return self._bound_in_latex(token, place) if self._latex else self._bound_as_text(token, place)
        name = _function_name(token, latex=self._latex)
        if name in _FUNCTIONS and (self._latex or self._here.text == "("):
            return self._function(name, place)
        if token in (constants := _CONSTANTS["latex" if self._latex else "text"]):
            return constants[token]
        if label := _SHARE.fullmatch(token):
            return share(next(filter(None, label.groups())).replace(", ", "|"))
        if not (token[0].isalpha() or token[0] == "\\"):
            raise self._refused("expected a number, a symbol or a function", place)
        near = suggestion(token.lstrip("\\"), [*(first.lstrip("\\") for first in self._names), *_FUNCTIONS])
        raise self._refused(f"unknown symbol {token!r}{near}; declare your own with symbols=[...]", place)

    def _symbol(self) -> tuple[str, ...] | None:
        """Return the longest notation of a symbol that stands here."""
        for spelling in self._names.get(self._here.text, ()):
            end = self._at + len(spelling)
            if tuple(token.text for token in self._tokens[self._at : end]) == spelling:
                called = not self._latex and self._tokens[end].text == "(" and spelling[0] in {*_FUNCTIONS, *_BINDING}
                return None if called else spelling
        return None

    # ------------------------------------------------------------------ sums, products and integrals

    def _bound_as_text(self, name: str, place: int) -> sympy.Expr:
        """Return ``Sum(body, (k, low, high))``, or with several limits, the innermost first; the last is read first."""
        self._expect("(")
        body = self._at
        self._at = self._level(",")
        limits = []
        while self._here.text == ",":
            limits.append(self._at)
            self._expect(",")
            self._expect("(")
            self._at = self._level(")")
            self._expect(")")
        self._expect(")")
        end = self._at
        found = self._limited(_BINDING[name], body, limits, place)
        self._at = end
        return found

    def _limited(self, kind: type[sympy.Expr], body: int, limits: list[int], place: int) -> sympy.Expr:
        """Return what stands at a place under the limits that stand at others."""
        self._at = limits[-1]
        self._expect(",")
        self._expect("(")
        variable = (self._next(),)
        self._expect(",")
        low = self._closed(",")
        high = self._closed(")")

        def read() -> sympy.Expr:
            if len(limits) > 1:
                return self._limited(kind, body, limits[:-1], place)
            self._at = body
            found = self._sum()
            if self._at != limits[0]:
                raise self._refused("expected ','")
            return found

        inner, symbol = self._under(variable, low, kind, place, read)
        return self._made(kind, inner, sympy.Tuple(symbol, low, high), place=place)

    def _bound_in_latex(self, name: str, place: int) -> sympy.Expr:
        r"""Return ``\sum_{k=low}^{high}`` of the product that follows it, or ``\int_{low}^{high}`` of what stands before ``dx``."""
        kind = _BINDING[name]
        self._expect("_")
        if kind is sympy.Integral:
            low = self._argument()
            self._expect("^")
            high = self._argument()
            variable = self._differential()
        else:
            self._expect("{")
            start = self._at
            self._at = self._level("=")
            variable = self._written(start)
            self._expect("=")
            low = self._closed("}")
            self._expect("^")
            high = self._argument()
        inner, symbol = self._under(variable, low, kind, place, self._signed)
        if kind is sympy.Integral:
            self._expect("d")
            self._at += len(variable)
        return self._made(kind, inner, sympy.Tuple(symbol, low, high), place=place)

    def _under(
        self,
        variable: tuple[str, ...],
        low: sympy.Expr,
        kind: type[sympy.Expr],
        place: int,
        read: Callable[[], sympy.Expr],
    ) -> tuple[sympy.Expr, sympy.Symbol]:
        """Return the expression that is read under a bound variable, and the variable."""
        name = re.sub(r"[\\{}]", "", "".join(variable))
        if not (name and name[0].isalpha()):
            raise self._refused("expected the name of a variable", place)
        alike = self._names.get(variable[0], {})
        symbol = alike.get(variable)
        if symbol not in self._declared:
            facts: dict[str, bool] = {"real": True} if kind is sympy.Integral else {"integer": True}
            facts |= {"positive": True} if low.is_positive else {"nonnegative": True} if low.is_nonnegative else {}
            symbol = sympy.Symbol(name, **facts)
        outer = self._names, self._integrating
        spelled = {**alike, variable: symbol}
        self._names = {**self._names, variable[0]: dict(sorted(spelled.items(), key=lambda item: -len(item[0])))}
        self._integrating = variable if kind is sympy.Integral and self._latex else ()
        inner = read()
        self._names, self._integrating = outer
        return inner, symbol

    def _level(self, wanted: str) -> int:
        """Return where a sign stands next outside all parentheses that open from here on."""
        depth = 0
        for place in range(self._at, len(self._tokens)):
            token = self._tokens[place].text
            if depth == 0 and token == wanted:
                return place
            depth += (token in ("(", "[", "{")) - (token in (")", "]", "}"))
            if depth < 0:
                break
        raise self._refused(f"expected {wanted!r} further on")

    def _written(self, start: int) -> tuple[str, ...]:
        return tuple(one.text for one in self._tokens[start : self._at])

    def _differential(self) -> tuple[str, ...]:
        r"""Return how the variable of an integral is written: what follows the ``d`` that belongs to this ``\int``."""
        depth = 0
        for place in range(self._at, len(self._tokens) - 2):  # the last token is empty
            depth += self._tokens[place].text == r"\int"
            if self._is_differential(place):
                if depth == 0:
                    first = self._tokens[place + 1].text
                    known_here = [one for one in self._names.get(first, ()) if self._stands(one, place + 1)]
                    end = place + 2
                    if self._tokens[end].text == "_":
                        end = (
                            next((k for k in range(end, len(self._tokens)) if self._tokens[k].text == "}"), end + 1) + 1
                        )
                    return max(known_here, key=len, default=tuple(one.text for one in self._tokens[place + 1 : end]))
                depth -= 1
        raise self._refused(r"an integral ends in its variable, as in \int_0^1 x\, dx")

    def _is_differential(self, place: int) -> bool:
        r"""Return whether a ``d`` is that of ``dx``: after a thin space, or where no symbol is written so."""
        one = self._tokens[place]
        return one.text == "d" and (
            self._text[: one.place].rstrip().endswith(r"\,") or ("d",) not in self._names.get("d", ())
        )

    def _ends_integral(self) -> bool:
        return (
            bool(self._integrating)
            and self._is_differential(self._at)
            and self._stands(self._integrating, self._at + 1)
        )

    def _stands(self, spelling: tuple[str, ...], place: int) -> bool:
        return tuple(one.text for one in self._tokens[place : place + len(spelling)]) == spelling

    def _number(self, token: str, place: int) -> sympy.Expr:
        try:
            value = written(token)
            return sympy.Rational(value.numerator, value.denominator)  # type: ignore[union-attr]
        except (ValueError, AttributeError, ArithmeticError):
            raise self._refused("no number of a reasonable size", place) from None

    def _function(self, name: str, place: int) -> sympy.Expr:
        base = self._argument() if name in ("log", "ln") and self._takes("_") else None
        power = self._argument() if self._latex and self._takes("^") else None
        if name == "kl" and power == -1:
            name, power = "kl_inverse", None
        kind, count = _FUNCTIONS[name]
        args = self._arguments(name)
        if count and len(args) != count:
            raise self._refused(f"{name} takes {count} argument{'s' * (count > 1)}, not {len(args)}", place)
        found = self._made(kind, *args, place=place)
        if base is not None:
            found = self._made(sympy.Mul, found, 1 / self._made(sympy.log, base, place=place), place=place)
        return found if power is None else self._made(sympy.Pow, found, power, place=place)

    def _arguments(self, name: str) -> list[sympy.Expr]:
        """Return what a function is applied to: a list in parentheses, or one symbol that nothing follows."""
        braced = self._latex and self._takes("{")
        if self._here.text in ("(", "[", r"\{") and not (braced and self._spans_less()):
            end = _CLOSING[self._next()]
            found = [self._sum()]
            while self._takes(","):
                found.append(self._sum())
            self._expect(end)
            if braced:
                self._expect("}")
            return found
        if braced:
            return [self._closed("}")]
        found = [self._power()]
        if self._starts():
            raise self._refused(rf"what \{name} is taken of could be read in two ways: write parentheses")
        return found

    def _spans_less(self) -> bool:
        """Return whether the parenthesis that opens here closes before the brace around it does."""
        depth = 0
        for place in range(self._at, len(self._tokens)):
            depth += (self._tokens[place].text in "([{") * bool(self._tokens[place].text)
            depth -= (self._tokens[place].text in ")]}") * bool(self._tokens[place].text)
            if depth == 0:
                return self._tokens[min(place + 1, len(self._tokens) - 1)].text != "}"
        return False


def _tokens(text: str, *, latex: bool) -> list[_Token]:
    """Return what is written, without spaces and braces around a single sign, and an empty token at the end."""
    pattern = _LATEX if latex else _TEXT
    found = [
        _Token(one[0] if _SHARE.fullmatch(one[0]) else re.sub(r"\s", "", one[0]), one.start())
        for one in pattern.finditer(text)
    ]
    found = [one for one in found if one.text not in _SILENT] if latex else found
    return [*found, _Token("", len(text))]


def _spelling(symbol: sympy.Symbol, *, latex: bool) -> tuple[str, ...]:
    """Return the tokens by which a symbol is written."""
    entry = known(symbol)
    notation = entry.latex if entry is not None else expression_latex(symbol)
    return tuple(one.text for one in _tokens(notation, latex=True)[:-1]) if latex else (symbol.name,)


@lru_cache(maxsize=64)
def _spellings(declared: tuple[sympy.Symbol, ...], *, latex: bool) -> dict[str, dict[tuple[str, ...], sympy.Symbol]]:
    """Return all symbols by how they are written: by the first token, the longest first; of two alike the declared one."""
    found: dict[tuple[str, ...], sympy.Symbol] = {}
    for symbol in (*declared, *(entry.symbol for entry in VOCABULARY.values())):
        written_so = _spelling(symbol, latex=latex)
        bare = tuple(one for one in written_so if one not in "{}")
        for spelling in (written_so, bare, (symbol.name,) if len(symbol.name) == 1 else bare):
            found.setdefault(spelling, symbol)
    by_first: dict[str, dict[tuple[str, ...], sympy.Symbol]] = {}
    for spelling, symbol in sorted(found.items(), key=lambda item: -len(item[0])):
        by_first.setdefault(spelling[0], {})[spelling] = symbol
    return by_first


def _function_name(token: str, *, latex: bool) -> str:
    r"""Return the function of a token such as ``\log`` or ``\operatorname{kl}``."""
    if not latex:
        return token
    named = re.fullmatch(r"\\(?:operatorname|mathrm|text)\{(.*)\}", token)
    return named[1] if named else token[1:] if token.startswith("\\") else ""
