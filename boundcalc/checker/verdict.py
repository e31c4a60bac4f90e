"""Verdicts: what is known of a claim, in a word, with the evidence for it.

Engines return certificates, witnesses and counts; only this module turns them into a verdict, and only ``proved``
can say PROVED.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import InitVar, dataclass, field
from enum import StrEnum
from typing import Any

from boundcalc.frozen import Frozen
from boundcalc.language.records import plain
from boundcalc.show.html import Markup, join, tag

__all__ = [
    "Certificate",
    "Verdict",
    "Word",
    "cited",
    "confirmed",
    "proved",
    "refuted",
    "supported",
    "unsettled",
    "weakest",
]


class Word(StrEnum):
    """From strongest to weakest."""

    PROVED = "PROVED"
    CITED = "CITED"
    SUPPORTED = "SUPPORTED"
    UNSETTLED = "UNSETTLED"
    REFUTED = "REFUTED"


_ORDER = {word: place for place, word in enumerate(Word)}
_MINT = object()
_KERNEL = "axioms of the kernel's proof"

#: Methods whose answer is a proof on its own; every other needs a second engine that agrees.
_SUFFICIENT = frozenset({"SymPy", "signs", "Arb", "linear z3"})


@dataclass(frozen=True)
class Certificate(Frozen):
    """What engines found in favour of a claim.

    Attributes
    ----------
    engines : tuple of str
        Those that agree, e.g. ``("z3", "cvc5")``.
    evidence : str
        How, in a few words.
    details : mapping
        What is needed to repeat it: facts and axioms used, boxes, time.
    """

    engines: tuple[str, ...]
    evidence: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def suffices(self) -> bool:
        """Whether this is a proof: an exact method, or two independent solvers that agree."""
        return bool(_SUFFICIENT & set(self.engines)) or len(set(self.engines)) >= 2


@dataclass(frozen=True)
class Verdict(Frozen):
    """A word and what it rests on.

    Attributes
    ----------
    word : Word
        PROVED, CITED, SUPPORTED, UNSETTLED or REFUTED.
    evidence : str
        In words, with the numbers that matter.
    witness : mapping or None
        The point, instance or configuration that refutes, or the tightest one found: values by the names of the claim's
        symbols, or of the parts of the instance. None where there is none.
    engine : str
        Who says so.
    details : mapping
        Everything else that helps to repeat it.

    Other Parameters
    ----------------
    mint : object
        What shows that PROVED comes from a certificate; not kept. Only ``proved`` has it.

    Raises
    ------
    ValueError
        If the word is none of the five, or PROVED without a certificate.
    """

    word: Word
    evidence: str
    witness: Mapping[str, Any] | None = None
    engine: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    mint: InitVar[object] = None

    def __post_init__(self, mint: object) -> None:
        super().__post_init__()
        object.__setattr__(self, "word", Word(self.word))
        if self.word is Word.PROVED and mint is not _MINT:
            raise ValueError("only a certificate can make PROVED: use boundcalc.checker.verdict.proved")

    def __bool__(self) -> bool:
        raise TypeError(f"a verdict is a word ({self.word}), not true or false: compare verdict.word")

    @property
    def refutes(self) -> bool:
        """Whether the claim is refuted."""
        return self.word is Word.REFUTED

    @property
    def kernel(self) -> bool:
        """Whether Coq's kernel accepted a proof as well."""
        return self.word is Word.PROVED and _KERNEL in self.details

    @property
    def shown(self) -> str:
        """The word, and whether the kernel accepted a proof."""
        return f"{self.word} (kernel)" if self.kernel else str(self.word)

    def __str__(self) -> str:
        by = f" [{self.engine}]" if self.engine else ""
        return f"{self.shown}{by}: {self.evidence}"

    def _repr_html_(self) -> Markup:
        witness = (tag("br"), tag("code", dict(self.witness))) if self.witness else None
        return join((tag("b", self.word), f" [{self.engine}] {self.evidence}", witness))

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "word": str(self.word),
            "kernel": self.kernel,
            "engine": self.engine,
            "evidence": self.evidence,
            "witness": plain(self.witness),
            "details": plain(self.details),
        }


def proved(certificate: Certificate) -> Verdict:
    """Return PROVED, or UNSETTLED when a single solver stands alone."""
    engine = " and ".join(certificate.engines)
    if not certificate.suffices:
        return unsettled(
            f"{certificate.evidence}; no second engine confirms {engine}", engine=engine, details=certificate.details
        )
    return Verdict(Word.PROVED, certificate.evidence, engine=engine, details=certificate.details, mint=_MINT)


def confirmed(verdict: Verdict, axioms: Iterable[str]) -> Verdict:
    """Return the verdict on a claim of which Coq's kernel accepted a proof: PROVED, by the kernel if by nothing else.

    Raises
    ------
    ValueError
        If the verdict refutes the claim.
    """
    if verdict.refutes:
        raise ValueError("a claim that is refuted cannot be confirmed: one of the two is wrong")
    details = {**verdict.details, _KERNEL: list(axioms)}
    if verdict.word is Word.PROVED:
        return Verdict(Word.PROVED, verdict.evidence, engine=verdict.engine, details=details, mint=_MINT)
    return Verdict(Word.PROVED, "a proof that Coq's kernel accepts", engine="Coq", details=details, mint=_MINT)


def refuted(
    evidence: str, witness: Mapping[str, Any], *, engine: str, details: Mapping[str, Any] | None = None
) -> Verdict:
    """Return REFUTED; a witness is needed."""
    return Verdict(Word.REFUTED, evidence, witness, engine, details or {})


def supported(
    evidence: str, *, engine: str, witness: Mapping[str, Any] | None = None, details: Mapping[str, Any] | None = None
) -> Verdict:
    """Return SUPPORTED: tried hard, no violation."""
    return Verdict(Word.SUPPORTED, evidence, witness, engine, details or {})


def cited(citation: str) -> Verdict:
    """Return CITED: rests on the literature, nothing here checks it."""
    return Verdict(Word.CITED, citation, engine="literature")


def unsettled(
    reason: str, *, engine: str = "", witness: Mapping[str, Any] | None = None, details: Mapping[str, Any] | None = None
) -> Verdict:
    """Return UNSETTLED, with the reason."""
    return Verdict(Word.UNSETTLED, reason, witness, engine, details or {})


def weakest(verdicts: Iterable[Verdict]) -> Word:
    """Return the weakest word (UNSETTLED when there is none).

    >>> weakest([cited("a"), supported("b", engine="enumeration")])
    <Word.SUPPORTED: 'SUPPORTED'>
    """
    words = [verdict.word for verdict in verdicts]
    return max(words, key=_ORDER.__getitem__) if words else Word.UNSETTLED
