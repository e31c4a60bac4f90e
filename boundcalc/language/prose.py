r"""Sentences with names and formulas in them, as LaTeX: names are typeset as symbols, everything else stays text.

>>> from boundcalc.symbols import VOCABULARY
>>> print(typeset("||u|| <= B for all of Z_1..Z_n, and psi is L-Lipschitz (5 % of R_M)", {"R_M": VOCABULARY["R_M"].latex}))
$\|u\| \le B$ for all of $Z_{1}\dots Z_{n}$, and $\psi$ is $L$-Lipschitz (5 \% of $\mathfrak R_{\mathcal M}$)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from boundcalc.errors import visible

__all__ = ["escaped", "typeset"]

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
}  # fmt: skip

_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega ell"
).split()
_LETTERS = {name: rf"\{name}" for name in _GREEK} | {"lam": r"\lambda", "eps": r"\varepsilon", "Lam": r"\Lambda"}
_FUNCTIONS = {name: rf"\{name}" for name in "log exp sup inf min max sum prod det".split()}
_FUNCTIONS |= {
    "sqrt": r"\sqrt",
    "Max": r"\max",
    "Min": r"\min",
    "mean": r"\operatorname{mean}",
    "sign": r"\operatorname{sign}",
}
_OPERATORS = {
    "<=": r"\le", ">=": r"\ge", "!=": r"\ne", "->": r"\to", "||": r"\|", "..": r"\dots", "**": "^", "*": r"\,",
    "⟨": r"\langle", "⟩": r"\rangle", **{one: one for one in "<>=+/^|"},
}  # fmt: skip
_WORDS_OF_ONE_LETTER = ("a", "A", "I")
_SHORT_WORDS = ("can", "cap", "dev", "for", "gap", "low", "map", "mid", "new", "one", "own", "ran", "run", "set", "sum", "tie",
                "tip", "top", "two", "use", "way")  # fmt: skip

_TOKEN = re.compile(
    r"i\.i\.d\.?|\w\.\w\.(?=\s|$)|'s\b|[A-Za-z]\w+(?:\.[A-Za-z]\w+)+"  # text whatever it looks like, keys too
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z]+\d*(?:\*(?=_))?(?:_(?:\([^()\s]+\)|[A-Za-z0-9]+))*)"
    r"|(?P<prime>'|!(?!=)|(?<=[A-Za-z])\*(?=[\s,.;:)]|$))"
    r"|(?P<operator><=|>=|!=|->|\|\||\.\.|\*\*|[<>=+*/^|]|_(?=[A-Za-z+(]))"
    r"|(?P<minus>-)|(?P<open>[(\[⟨])|(?P<close>[)\]⟩])|(?P<comma>,)|(?P<space>\s+)|(?P<text>[^\W\d_]+|.)",
    re.DOTALL,
)


def escaped(text: str) -> str:
    r"""Return a text as LaTeX shows it.

    >>> print(escaped("at most 5 % of R_M"))
    at most 5 \% of R\_M

    Parameters
    ----------
    text : str
    """
    return "".join(_SPECIAL.get(character, character) for character in re.sub(r"\s+", " ", visible(text)))


def typeset(text: str, names: Mapping[str, str]) -> str:
    """Return a sentence in LaTeX, with the names and formulas in it between dollars.

    Parameters
    ----------
    text : str
    names : mapping of str to str
        How symbols are typeset, by name; of other names indices, hats and Greek letters are.
    """
    return _Sentence(re.sub(r"\s+", " ", visible(text)), names).latex()


_FACTORS = {"symbol", "number", "maybe", "prime"}


def _joined(parts: Iterable[str]) -> str:
    """Return pieces of LaTeX side by side, with a space where a command would run into a letter."""
    found = ""
    for part in parts:
        apart = re.search(r"\\[A-Za-z]+$", found) and part[:1].isalpha()
        found += f" {part}" if apart else part
    return re.sub(r" +", " ", found).strip()


@dataclass
class _Token:
    kind: str
    text: str
    math: bool = field(default=False)


def _outside(token: _Token) -> str:
    """Return what stands between the formulas."""
    return f"${_OPERATORS[token.text]}$" if token.text in ("<=", ">=", "<", ">", "!=") else escaped(token.text)


class _Sentence:
    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        text = re.sub(r"<(?=\S)([^<>=]*\S)>", r"⟨\1⟩", text)  # an inner product, not two comparisons
        self.names = names
        self.tokens = [_Token(one.lastgroup or "text", one[0]) for one in _TOKEN.finditer(text)]
        for before, token in pairwise((_Token("text", ""), *self.tokens)):
            if token.kind == "name":
                token.kind = "symbol" if before.text == "_" else self._kind(token.text)

    def _kind(self, name: str) -> str:
        """Return whether a name is a symbol wherever it stands, a function, or perhaps a word."""
        if name in _FUNCTIONS:
            return "function"
        single = len(name) == 1 and name not in _WORDS_OF_ONE_LETTER
        hat = len(name) in (4, 5) and name.endswith("hat") and name not in ("that", "what", "chat")
        short = name in self.names and len(name) <= 3 and name not in _SHORT_WORDS
        if single or hat or short or "_" in name or name in _LETTERS or re.fullmatch(r"[A-Za-z]\d+", name):
            return "symbol"
        return "maybe" if name in self.names or len(name) == 1 else "text"

    def latex(self) -> str:
        """Return the whole sentence: runs of mathematics between dollars, the rest escaped."""
        for start, end in list(self._runs()):
            self._mark(start, end)
        shown, place = [], 0
        while place < len(self.tokens):
            end = place
            while end < len(self.tokens) and self.tokens[end].math == self.tokens[place].math:
                end += 1
            run = self.tokens[place:end]
            shown.append(f"${self._formula(run)}$" if run[0].math else "".join(map(_outside, run)))
            place = end
        return "".join(shown)

    def _runs(self) -> Iterator[tuple[int, int]]:
        """Return the stretches without plain words, cut where a comma stands outside parentheses or one has no partner."""
        opened: list[int] = []
        cuts, partner = {-1, len(self.tokens)}, {}
        for place, token in enumerate(self.tokens):
            if token.kind == "text":
                cuts |= {place, *opened}
                opened = []
            elif token.kind == "open":
                opened.append(place)
            elif token.kind == "close" and opened:
                partner[opened.pop()] = place
            elif token.kind == "close" or (token.kind == "comma" and not opened):
                cuts.add(place)
            elif token.kind == "maybe" and not self._in_formula(place):
                cuts |= {place, *opened}
                opened = []
        cuts |= set(opened) | {end for start, end in partner.items() if start in cuts}
        ordered = sorted(cuts)
        yield from ((start + 1, end) for start, end in pairwise(ordered) if start + 1 < end)

    def _in_formula(self, place: int) -> bool:
        """Return whether an operator stands beside what may be a word."""
        beside = (self._beside(place, step) for step in (-1, 1))
        return any(one is not None and one.kind == "operator" and one.text != ".." for one in beside)

    def _beside(self, place: int, step: int) -> _Token | None:
        place += step
        while 0 <= place < len(self.tokens) and self.tokens[place].kind == "space":
            place += step
        return self.tokens[place] if 0 <= place < len(self.tokens) else None

    def _mark(self, start: int, end: int) -> None:
        """Mark what is mathematics between two places: not the spaces, commas and signs at its ends."""

        def idle(place: int, step: int) -> bool:
            token, inner = (
                self.tokens[place],
                self.tokens[place + step] if 0 <= place + step < len(self.tokens) else None,
            )
            unary = (
                step > 0 and token.kind == "minus" and inner is not None and inner.kind in ("symbol", "number", "open")
            )
            hyphen = place > 0 and self.tokens[place - 1].kind not in ("space", "open")
            norm = token.text in ("|", "||") and sum(one.text == token.text for one in self.tokens[start:end]) % 2 == 0
            raised = step < 0 and place > start and (token.kind == "prime" or self.tokens[place - 1].text in ("^", "_"))
            edge = token.kind in ("space", "comma", "prime", "minus", "operator") and not norm
            return edge and not raised and not (unary and not hyphen)

        while start < end and idle(start, 1):
            start += 1
        while start < end and idle(end - 1, -1):
            end -= 1
        while start < end and self.tokens[end - 1].kind == "function":
            end -= 1
            while start < end and idle(end - 1, -1):
                end -= 1
        kinds = [token.kind for token in self.tokens[start:end]]
        if "symbol" in kinds or ("operator" in kinds and {"number", "maybe", "function"} & set(kinds)):
            for token in self.tokens[start:end]:
                token.math = True

    def _formula(self, run: list[_Token]) -> str:
        shown: list[str] = []
        place = 0
        while place < len(run):
            token = run[place]
            if token.text == "sqrt" and place + 1 < len(run):
                group, place = self._group(run, place + 1)
                shown.append(rf"\sqrt{{{group}}}")
            elif token.text in ("^", "**", "_"):
                group, place = self._group(run, place + 1, index=True)
                shown.append(f"{token.text[0].replace('*', '^')}{{{group}}}" if group else "")
            else:
                shown.append(self._shown(token, run[place - 1] if place else None, run[place + 1 : place + 2]))
                place += 1
        return _joined(shown)

    def _group(self, run: list[_Token], place: int, *, index: bool = False) -> tuple[str, int]:
        """Return what a root or an exponent holds (a group in parentheses, or a token with its sign), and the place after it."""
        while place < len(run) and run[place].kind == "space":
            place += 1
        if place >= len(run):
            return "", place
        if run[place].kind == "open":
            depth, end = 0, place
            while end < len(run):
                depth += {"open": 1, "close": -1}.get(run[end].kind, 0)
                end += 1
                if depth == 0:
                    break
            inner = self._formula(run[place + 1 : end - 1])
            return (f"({inner})" if index and end - place == 3 and run[place + 1].kind == "symbol" else inner), end
        end = place + 1 + (run[place].kind == "minus" and place + 1 < len(run))
        while end < len(run) and run[end].text == "*" and run[end].kind == "prime":
            end += 1
        return _joined([self._shown(token) for token in run[place:end]]), end

    def _shown(self, token: _Token, before: _Token | None = None, after: Sequence[_Token] = ()) -> str:
        if token.kind == "space":  # between two factors it says that they are two
            sides = [*((before,) if before else ()), *after]
            factors = len(sides) == 2 and all(one.kind in _FACTORS and one.text != "o" for one in sides)
            return r"\," if factors else " "
        if token.kind in ("symbol", "maybe"):
            return r"\circ" if token.text == "o" else self._name(token.text)
        known = {"function": _FUNCTIONS, "operator": _OPERATORS, "open": _OPERATORS, "close": _OPERATORS}.get(
            token.kind, {}
        )
        return "^{*}" if token.kind == "prime" and token.text == "*" else known.get(token.text, token.text)

    def _name(self, name: str) -> str:
        """Return a name as it is typeset: as it is known, or by its parts."""
        if name in self.names:
            return self.names[name]
        head, *below = name.split("_")
        star, head = ("^{*}", head[:-1]) if head.endswith("*") else ("", head)
        if head in _FUNCTIONS:
            shown = _FUNCTIONS[head]
        elif head.endswith("hat") and len(head) > 3:
            shown = rf"\hat{{{self._part(head[:-3])}}}"
        else:
            shown = self._part(head)
        return shown + star + "".join(rf"_{{{self._part(part.strip('()'))}}}" for part in below[:1])

    def _part(self, part: str) -> str:
        digits = re.fullmatch(r"([A-Za-z])(\d+)", part)
        if digits:
            return rf"{digits[1]}_{{{digits[2]}}}"
        indices = len(part) <= 2 and part != "op"
        return _LETTERS.get(part) or (part if indices or not part.isalpha() else rf"\mathrm{{{part}}}")
