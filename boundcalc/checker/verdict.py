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
    "Proof",
    "Verdict",
    "Word",
    "cited",
    "confirmed",
    "proved",
    "refuted",
    "restored",
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
_SUFFICIENT = frozenset({"identities", "signs", "squares", "Arb", "linear z3", "calculus"})


@dataclass(frozen=True)
class Proof:
    """A step of a proof that an engine found, for a proof assistant to repeat.

    Attributes
    ----------
    rule : str
        Such as ``monotone``, ``factors``, ``boxes`` or ``identity``.
    about : str
        What the rule says: the function, its sign, the box and the precision.
    parts : tuple of Proof
        What it rests on.
    """

    rule: str
    about: str
    parts: tuple[Proof, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"rule": self.rule, "about": self.about, "parts": [part.to_json() for part in self.parts]}

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules used, each once."""
        return tuple(dict.fromkeys((self.rule, *(rule for part in self.parts for rule in part.rules))))


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
    proofs : tuple of Proof
        One per case, where an engine left one.
    """

    engines: tuple[str, ...]
    evidence: str
    details: Mapping[str, Any] = field(default_factory=dict)
    proofs: tuple[Proof, ...] = ()

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
    certificate : Certificate or None
        What a PROVED rests on.

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
    certificate: Certificate | None = None
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
            "certificate": [proof.to_json() for proof in self.certificate.proofs] if self.certificate else [],
        }


def proved(certificate: Certificate) -> Verdict:
    """Return PROVED, or UNSETTLED when a single solver stands alone."""
    engine = " and ".join(certificate.engines)
    if not certificate.suffices:
        return unsettled(
            f"{certificate.evidence}; no second engine confirms {engine}", engine=engine, details=certificate.details
        )
    return Verdict(Word.PROVED, certificate.evidence, None, engine, certificate.details, certificate, _MINT)


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
        return Verdict(Word.PROVED, verdict.evidence, None, verdict.engine, details, verdict.certificate, _MINT)
    certificate = Certificate(("Coq",), "a proof that Coq's kernel accepts", details)
    return Verdict(Word.PROVED, certificate.evidence, None, "Coq", details, certificate, _MINT)


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


def restored(record: Mapping[str, Any]) -> Verdict:
    """Return a verdict that was kept as plain data by the same version of the checker (`boundcalc.checker.store`)."""
    proofs = tuple(map(_proof, record["certificate"]))
    word = Word(record["word"])
    certificate = None
    if word is Word.PROVED:
        certificate = Certificate(tuple(record["engine"].split(" and ")), record["evidence"], record["details"], proofs)
    return Verdict(word, record["evidence"], record["witness"], record["engine"], record["details"], certificate, _MINT)


def _proof(record: Mapping[str, Any]) -> Proof:
    return Proof(record["rule"], record["about"], tuple(map(_proof, record["parts"])))


def weakest(verdicts: Iterable[Verdict]) -> Word:
    """Return the weakest word (UNSETTLED when there is none).

    >>> weakest([cited("a"), supported("b", engine="enumeration")])
    <Word.SUPPORTED: 'SUPPORTED'>
    """
    words = [verdict.word for verdict in verdicts]
    return max(words, key=_ORDER.__getitem__) if words else Word.UNSETTLED
