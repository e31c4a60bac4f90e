"""From the library's LaTeX to MathML, which browsers typeset themselves: pages need no script and no network.

What is understood is the LaTeX that the vocabulary, SymPy's printer and ``statements.typeset`` write, and no more;
anything else is refused, so that a formula is never shown wrong.

>>> print(to_mathml(r"\\frac{1}{2} \\sqrt{m}"))
<math><mfrac><mn>1</mn><mn>2</mn></mfrac><msqrt><mi>m</mi></msqrt></math>
"""

from __future__ import annotations

import re

from boundcalc.errors import InvalidInputError
from boundcalc.show.html import Markup, join, tag

__all__ = ["to_mathml", "to_mathml_terms"]

_TOKENS = re.compile(r"\\(?:text|operatorname|mathrm)\{[^{}]*\}|\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|\S|\s+")
_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π",
    "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "ϕ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ",
    "Omega": "Ω", "ell": "ℓ", "varrho": "ϱ",
}  # fmt: skip
_OPERATORS = {
    "sum": "∑", "prod": "∏", "int": "∫", "bigcup": "⋃",
    "circ": "∘", "ast": "∗", "top": "⊤", "le": "≤", "ge": "≥", "in": "∈", "langle": "⟨", "rangle": "⟩",
    "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "cdot": "⋅", "|": "‖", "{": "{", "}": "}", "infty": "∞",
    "approx": "≈", "sim": "∼", "ne": "≠", "to": "→", "times": "×", "subset": "⊂", "subseteq": "⊆", "cup": "∪", "dots": "…",
    "ldots": "…", "mid": "∣", "geq": "≥", "leq": "≤",
}  # fmt: skip
_NAMES = frozenset({"det", "log", "exp", "min", "max", "sup", "inf", "erf", "sin", "cos", "tanh"})
_SPACES = {",": "0.17em", ";": "0.28em", " ": "0.25em", "quad": "1em", "qquad": "2em"}


def _space(width: str) -> Markup:
    return tag("mspace", width=width)


_THIN_SPACE = _space("0.17em")
_PRIME, _COMMA = tag("mo", "′"), tag("mo", ",")
_SIGNS = (tag("mo", "+"), tag("mo", "−"))
_LONG, _VERY_LONG = 500, 1200  # characters of MathML
_ACCENTS = {"hat": "^", "tilde": "~", "bar": "¯"}
#: First capital letter of each alphabet, and the capitals that Unicode holds elsewhere.
_ALPHABETS = {
    "mathcal": (0x1D49C, {"B": "ℬ", "E": "ℰ", "F": "ℱ", "H": "ℋ", "I": "ℐ", "L": "ℒ", "M": "ℳ", "R": "ℛ"}),
    "mathfrak": (0x1D504, {"C": "ℭ", "H": "ℌ", "I": "ℑ", "R": "ℜ", "Z": "ℨ"}),
    "mathbb": (0x1D538, {"C": "ℂ", "H": "ℍ", "N": "ℕ", "P": "ℙ", "Q": "ℚ", "R": "ℝ", "Z": "ℤ"}),
}


def to_mathml(latex: str) -> Markup:
    """Return a ``math`` element.

    Raises
    ------
    InvalidInputError
        For LaTeX that is not understood.
    """
    return _math(_Reader(latex).items(end=None))


def to_mathml_terms(latex: str) -> list[Markup]:
    """Return the summands of a formula as ``math`` elements of their own, so that a line can break between them.

    Raises
    ------
    InvalidInputError
        For LaTeX that is not understood.
    """
    terms: list[list[Markup]] = [[]]
    for item in _Reader(latex).items(end=None):
        if item in _SIGNS:
            terms.append(
                [tag("mo", "+" if item == _SIGNS[0] else "−", form="infix")]
            )  # the sum's sign, with the space that belongs to it
        else:
            terms[-1].append(item)
    return [_math(term) for term in terms if term]


def _math(items: list[Markup]) -> Markup:
    return tag("math", items)


class _Reader:
    """Reads tokens from left to right; each method returns finished elements."""

    def __init__(self, latex: str) -> None:
        self._latex = latex
        self._tokens = [token for token in _TOKENS.findall(latex) if not token.isspace() and token != r"\limits"]
        self._place = 0

    def _peek(self) -> str | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _next(self) -> str:
        token = self._peek()
        if token is None:
            raise self._refused("an unfinished formula")
        self._place += 1
        return token

    def _expect(self, wanted: str) -> None:
        token = self._next()
        if token != wanted:
            raise self._refused(f"{token!r} where {wanted!r} belongs")

    def _refused(self, what: str) -> InvalidInputError:
        return InvalidInputError(f"{what} in {self._latex!r} cannot be typeset as MathML")

    def items(self, end: str | None, *, upright: bool = False) -> list[Markup]:
        """Return the elements up to a closing token, which is consumed."""
        found: list[Markup] = []
        while (token := self._peek()) != end:
            if token is None:
                raise self._refused(f"a missing {end!r}")
            if token in ("\\rm", "\\textstyle", "\\displaystyle"):
                self._place += 1
                upright = upright or token == "\\rm"
                continue
            found.append(self._scripted(upright))
        if end is not None:
            self._place += 1
        return found

    def _scripted(self, upright: bool) -> Markup:
        named = (self._peek() or "")[1:] in _NAMES
        base = self._atom(upright)
        scripts: dict[str, Markup] = {}
        while (token := self._peek()) in ("_", "^", "'"):
            self._place += 1
            kind = "_" if token == "_" else "^"
            if kind in scripts and scripts[kind] != _PRIME:  # x'^2 is a prime and a power
                raise self._refused(f"a second {kind!r}")
            new = _PRIME if token == "'" else self._argument(upright)
            scripts[kind] = _one([scripts[kind], new]) if kind in scripts else new
        return join((_with_scripts(base, scripts), _THIN_SPACE if named and not self._opens() else None))

    def _argument(self, upright: bool = False) -> Markup:
        """Return what a command or a script applies to: one element."""
        if self._peek() == "{":
            self._place += 1
            return _one(_broken(self.items("}", upright=upright)))
        return self._atom(upright)

    def _atom(self, upright: bool) -> Markup:
        token = self._next()
        if token == "{":
            return _one(self.items("}", upright=upright))
        if token.endswith("}") and len(token) > 2:
            name, _, words = token[1:-1].partition("{")
            return tag("mtext" if name == "text" else "mi", words)
        if token.startswith("\\"):
            return self._command(token[1:])
        if token[0].isdigit():
            return tag("mn", token)
        if token.isalpha():
            return self._letters(token) if upright else tag("mi", token)
        if token in "()[]|/":
            return tag("mo", token, stretchy="false")
        if token in "+-=<>,!;:*":
            return tag("mo", "−" if token == "-" else token)
        raise self._refused(repr(token))

    def _letters(self, first: str) -> Markup:
        """Return upright letters as one word."""
        word = first
        while (token := self._peek()) is not None and token.isalpha():
            word += self._next()
        return tag("mi", word, mathvariant="normal" if len(word) == 1 else None)

    def _command(self, name: str) -> Markup:
        if name in _GREEK:
            return tag("mi", _GREEK[name])
        if name in _OPERATORS:
            return tag("mo", _OPERATORS[name], stretchy="false")
        if name in _NAMES:
            return tag("mi", name)
        if name in _SPACES:
            return _space(_SPACES[name])
        if name in _ACCENTS:
            return tag("mover", self._argument(), tag("mo", _ACCENTS[name], stretchy="false"), accent="true")
        if name in _ALPHABETS:
            return tag("mi", self._alphabet(name))
        return self._structure(name)

    def _structure(self, name: str) -> Markup:
        match name:
            case "frac":
                return tag("mfrac", self._argument(), self._argument())
            case "tfrac":
                return tag("mfrac", self._argument(), self._argument(), displaystyle="false")
            case "sqrt":
                return tag("msqrt", self._argument())
            case "left":
                several = self._tokens[self._place - 2 : self._place - 1] in (["\\min"], ["\\max"])
                opening = self._fence()
                items = self.items("\\right")
                return tag("mrow", opening, _stacked(items) if several else items, self._fence())
            case "bigl" | "bigr":
                return self._fence()
        raise self._refused(f"\\{name}")

    def _opens(self) -> bool:
        """Whether a function's argument follows in parentheses, or a script."""
        rest = self._tokens[self._place : self._place + 2]
        return rest[:1] in (["("], ["_"], ["^"], ["\\left"]) or rest == ["{", "\\left"]

    def _alphabet(self, name: str) -> str:
        token = self._next()
        if token == "{":
            token = self._next()
            self._expect("}")
        if not "A" <= token <= "Z" or len(token) != 1:
            raise self._refused(f"\\{name}{{{token}}}")
        first, elsewhere = _ALPHABETS[name]
        return elsewhere.get(token, chr(first + ord(token) - ord("A")))

    def _fence(self) -> Markup:
        token = self._next()
        if token == ".":
            return Markup()
        name = token[1:] if token.startswith("\\") else token
        return tag("mo", _OPERATORS.get(name, token), stretchy="true")


def _stacked(items: list[Markup]) -> Markup:
    """Return what a minimum is taken of: long alternatives below each other, so that they fit a narrow page."""
    alternatives: list[list[Markup]] = [[]]
    for item in items:
        if item == _COMMA:
            alternatives.append([])
        else:
            alternatives[-1].append(item)
    if sum(map(len, items)) < _LONG:
        return join(alternatives, _COMMA)
    return _rows([*([*one, _COMMA] for one in alternatives[:-1]), alternatives[-1]])


def _broken(items: list[Markup]) -> list[Markup]:
    """Return a very long sum below a root or above a fraction's bar with one line for each term."""
    if sum(map(len, items)) < _VERY_LONG or not any(item in _SIGNS for item in items[1:]):
        return items
    lines: list[list[Markup]] = [[]]
    for item in items:
        if item in _SIGNS and lines[-1]:
            lines.append([])
        lines[-1].append(item)
    return [_rows(lines)]


def _rows(lines: list[list[Markup]]) -> Markup:
    return tag("mtable", [tag("mtr", tag("mtd", line)) for line in lines])


def _with_scripts(base: Markup, scripts: dict[str, Markup]) -> Markup:
    match sorted(scripts):
        case ["^"]:
            return tag("msup", base, scripts["^"])
        case ["_"]:
            return tag("msub", base, scripts["_"])
        case ["^", "_"]:
            return tag("msubsup", base, scripts["_"], scripts["^"])
    return base


def _one(items: list[Markup]) -> Markup:
    """Return several elements as one."""
    return items[0] if len(items) == 1 and not items[0].endswith(_THIN_SPACE) else tag("mrow", items)
