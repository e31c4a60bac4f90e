"""One readable file for each closed-form step: what it says, its proof, and what the kernel said of it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sympy

from boundcalc.checker.experiments.named import resolve
from boundcalc.checker.inequality.problem import Inequality, state
from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.kernel.claim import Claim, compared, of_inequality, of_step
from boundcalc.kernel.coqc import LIBRARY, Outcome, compile_file, recall, remembered, source
from boundcalc.kernel.proofs import attempts, defined
from boundcalc.kernel.refuting import refutation
from boundcalc.language.latex import is_share
from boundcalc.statements.derivation import Derivation, Step
from boundcalc.symbols import Constraint, known

__all__ = ["Exported", "Job", "export", "file_name", "finite_mathematics", "jobs", "prove", "prove_step", "search"]

_BESIDE = (
    "Boundcalc.v, beside this file, holds definitions and tactics: coqc -Q . Boundcalc, on it and then on this file."
)
_OPEN = "From Boundcalc Require Import Boundcalc.\nOpen Scope R_scope.\n"
#: The tactics that stand in files of their own; what else is in the library is mathematics of its own.
_TACTICS = {"convexity": "Convexity", "constrained": "Constraints"}


@dataclass(frozen=True)
class Exported:
    """A statement in Coq with the proof that was found.

    Attributes
    ----------
    name : str
        The file's name without its ending.
    title : str
        Where the statement comes from.
    text : str
        The file, up to the questions about axioms; without a proof it ends in ``Abort``.
    outcome : Outcome
        What the kernel said of it.
    form, place : str
        The theorem's form and the step's number, where it is a step.
    refuted : bool
        Whether the kernel accepts a proof of the negation: the text is that proof, and the outcome refuses the statement.
    """

    name: str
    title: str
    text: str
    outcome: Outcome
    form: str = ""
    place: str = ""
    refuted: bool = False

    @property
    def accepted(self) -> bool:
        """Whether the kernel accepted it."""
        return self.outcome.accepted

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "name": self.name,
            "title": self.title,
            "form": self.form,
            "step": self.place,
            "accepted": self.accepted,
            "refuted": self.refuted,
            "reason": self.outcome.reason,
            "axioms": list(self.outcome.axioms),
            "seconds": self.outcome.seconds,
        }


@dataclass(frozen=True)
class Job(Frozen):
    """A step to be exported: where it stands, and what it says."""

    key: str
    form: str
    number: int
    step: Step
    domains: Mapping[sympy.Symbol, sympy.Set]
    rules: tuple[Constraint, ...] = ()

    @property
    def problem(self) -> Inequality:
        """What the checker claims: the step with its definitions inserted, under what the theorem requires of its symbols."""
        step = self.step
        return state(
            step.left,
            step.relation,
            step.right,
            domain=self.domains,
            constraints=self.spoken,
            definitions=step.definitions,
        )

    @property
    def claim(self) -> Claim:
        """The same as a theorem of Coq."""
        return of_step(self.step, self.domains, self.spoken)

    @property
    def spoken(self) -> tuple[Constraint, ...]:
        """The theorem's requirements that speak of the step's symbols only."""
        parts = (self.step.left, self.step.right, *self.step.definitions.values())
        used = set().union(*(part.free_symbols for part in parts))
        return tuple(rule for rule in self.rules if rule.symbols <= used)

    @property
    def name(self) -> str:
        """A name for the file."""
        return file_name(self.key, self.form, f"step_{self.number}")


def file_name(*parts: str) -> str:
    """Return the name of a file that Coq takes as a module's, whatever a theorem or its form is called."""
    return "_".join(re.sub(r"\W+", "_", part, flags=re.ASCII) for part in parts if part)


def jobs(subject: Any, *, form: str | None = None) -> Iterator[Job]:
    """Yield the closed-form steps of a theorem, a derivation or a step: those without experiment and event."""
    rules = tuple(getattr(subject, "constraints", ()))
    if isinstance(subject, Step):
        if _closed(subject):
            yield Job("step", "", 1, subject, {})
        return
    if isinstance(subject, Derivation):
        chains, key = {"": subject}, "derivation"
    elif hasattr(subject, "forms") and hasattr(subject, "form"):
        names = subject.forms if form is None else (form,)
        chains, key = {name: subject.form(name).derivation for name in names}, subject.key
    else:
        raise InvalidInputError(f"{subject!r} is no theorem, derivation or step", context="kernel")
    for name, chain in chains.items():
        for number, step in enumerate(chain.steps, start=1):
            if _closed(step):
                yield Job(key, name, number, step, chain.domains, (*rules, *chain.granted(step)))


def _closed(step: Step) -> bool:
    return step.kind in ("identity", "algebra") and not step.events and resolve(step.experiment) is None


def export(
    subject: Any,
    folder: str | Path | None = None,
    *,
    form: str | None = None,
    seconds: float = 60.0,
    fresh: bool = False,
) -> list[Exported]:
    """Return the closed-form steps of a theorem as files of Coq with proofs that its kernel was asked about.

    Parameters
    ----------
    subject : Theorem, Derivation or Step
    folder : path, optional
        Where the files are written, with the library's files and a ``_CoqProject``; nothing is written if not given.
    form : str, optional
        One form of the theorem; all of them if not given.
    seconds : float
        For each attempt at a proof.
    fresh : bool
        Whether to ask the kernel again about what it accepted before.

    Returns
    -------
    list of Exported

    Raises
    ------
    InvalidInputError
        If Coq is not installed, the subject is none of these, or a printed statement differs from the step.

    Examples
    --------
    >>> import boundcalc as bc
    >>> [file.name for file in bc.kernel.jobs(bc.theorem("certificates.mix"))]  # doctest: +SKIP
    ['certificates_mix_sharp_step_1', 'certificates_mix_sharp_step_5']
    """
    found = [prove_step(job, seconds, fresh) for job in jobs(subject, form=form)]
    if folder is not None:
        write(found, folder)
    return found


def write(files: Iterable[Exported], folder: str | Path) -> None:
    """Write files, the library and the project's description into a folder."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for part in LIBRARY:
        (target / part).write_text(source(part), encoding="utf-8")
    (target / "_CoqProject").write_text("-Q . Boundcalc\n", encoding="utf-8")
    for file in files:
        asked = "".join(
            f"Print Assumptions {name}.\n" for name in re.findall(r"^Theorem (\w+)", file.text, re.MULTILINE)
        )
        text = f"{file.text}\n{asked}" if file.accepted else file.text
        (target / f"{file.name}.v").write_text(text, encoding="utf-8")


def prove_step(job: Job, seconds: float, fresh: bool = False) -> Exported:
    """Return a step as a file with a proof that the kernel was asked about."""
    step = job.step
    claim, problem = job.claim, job.problem
    remembered(f"{claim.statement()}\0{problem!r}", lambda: compared(claim, problem))
    where = f"{job.key}, {job.form}, step {job.number}" if job.form else f"{job.key} {job.number}"
    file = _put(claim, problem, job.name, f"{where}: {step.because}", f"Claim: {step}", seconds, fresh)
    return replace(file, title=where, form=job.form, place=str(job.number))


def finite_mathematics(*, seconds: float = 120.0, fresh: bool = False) -> list[Exported]:
    """Return the files of theorems on finite sums that ship with this package, and what the kernel said of each.

    Parameters
    ----------
    seconds : float
    fresh : bool
        Whether to ask the kernel again.

    Returns
    -------
    list of Exported
        Events (the union bound, the account of delta, Markov, e-values); samples of independent rows (the matching
        identity and its certificate); Hoeffding's decomposition; exchangeability and decoupling.
    """
    found = []
    for part in LIBRARY[1 + len(_TACTICS) :]:
        name, text = part.removesuffix(".v"), source(part)
        theorems = tuple(re.findall(r"^ *Theorem (\w+)", text, re.MULTILINE))
        outcome = compile_file(f"From Boundcalc Require Import {name}.\n", theorems, seconds=seconds, fresh=fresh)
        found.append(Exported(name, f"{name}.v, {len(theorems)} theorems", text, outcome))
    return found


def prove(
    lhs: Any,
    relation: str,
    rhs: Any,
    *,
    domain: Mapping[Any, sympy.Set] | None = None,
    constraints: Iterable[Any] = (),
    seconds: float = 60.0,
    fresh: bool = False,
    name: str = "claim",
) -> Exported:
    """Return ``lhs relation rhs`` as a file of Coq with a proof that its kernel was asked about.

    Parameters
    ----------
    lhs, relation, rhs, domain, constraints
        As for `boundcalc.check_inequality`.
    seconds : float
        For each attempt at a proof.
    fresh : bool
        Whether to ask the kernel again about what it accepted before.
    name : str
        The file's name.

    Returns
    -------
    Exported
        ``.accepted`` is true only if the kernel accepted a proof; otherwise nothing is said of the claim.

    Raises
    ------
    InvalidInputError
        If Coq is not installed, or the claim cannot be stated in it.
    """
    problem = state(lhs, relation, rhs, domain=domain, constraints=constraints)
    return prove_inequality(problem, seconds=seconds, fresh=fresh, name=name)


def prove_inequality(
    problem: Inequality, *, seconds: float = 60.0, fresh: bool = False, name: str = "claim"
) -> Exported:
    """Return a claim that is stated in full as a file of Coq with a proof."""
    claim = of_inequality(problem)
    compared(claim, problem)
    return _put(claim, problem, name, name, f"Claim: {problem}", seconds, fresh)


def _put(claim: Claim, problem: Inequality, name: str, title: str, said: str, seconds: float, fresh: bool) -> Exported:
    """Put a claim to the kernel where no point speaks against it, and its negation otherwise."""
    against = refutation(claim, problem.constraints)
    if against is None:
        outcome, text = search(claim, title, said, attempts(claim), seconds=seconds, fresh=fresh)
        return Exported(name, title, text, outcome)
    statement, proof = against
    head = f"{_comment(claim, f'{title}: it does not hold', said)}\n{_OPEN}\n"
    text = f"{head}{_theorem('refuted', statement, proof)}"
    outcome = compile_file(text, ("refuted",), seconds=seconds, fresh=fresh)
    word = (
        "its negation is proved"
        if outcome.accepted
        else f"false at a point, which Coq does not confirm: {outcome.reason}"
    )
    return Exported(name, title, text, replace(outcome, accepted=False, reason=word), refuted=outcome.accepted)


def search(
    claim: Claim,
    title: str,
    said: str,
    proofs: Iterable[str],
    *,
    seconds: float,
    fresh: bool = False,
    domain: bool = True,
    before: str = "",
    name: str = "step",
) -> tuple[Outcome, str]:
    """Try proofs in turn, those first that were accepted before; with the theorem that both sides are defined."""
    head = f"{_comment(claim, title, said)}\n{_OPEN}\n{before}"
    domain = domain and bool(claim.obligations)
    names = (name, f"{name}_defined") if domain else (name,)
    tried, last = [], Outcome(False, "no proof to try")
    for proof in proofs:
        more = "".join(f" {file}" for tactic, file in _TACTICS.items() if tactic in proof)
        opened = head.replace("Import Boundcalc.", f"Import Boundcalc{more}.")
        main = f"{opened}{_theorem(name, claim.statement(remarks=True), proof)}"
        tried.append(main)
        if not fresh:
            for text in _with_domain(claim, main, domain):
                if (known := recall(text, names)) is not None:
                    return known, text
    for main in tried:
        last = compile_file(main, (name,), seconds=seconds, fresh=fresh)
        if last.accepted:
            break
    else:
        return last, f"{head}{_theorem(name, claim.statement(remarks=True), None)}"
    for text in _with_domain(claim, main, domain):
        last = compile_file(text, names, seconds=seconds, fresh=fresh)
        if last.accepted:
            return last, text
    return replace(last, reason=f"the statement is proved, but not that both sides are defined: {last.reason}"), main


def _with_domain(claim: Claim, text: str, domain: bool) -> Iterator[str]:
    """Yield the file with the theorem that both sides are defined, where that is anything."""
    if not domain:
        yield text
        return
    sides = claim.statement(" /\\ ".join(claim.obligations))
    for proof in defined(claim):
        yield f"{text}\n(* Every division, root and logarithm is inside its domain. *)\n{_theorem('step_defined', sides, proof)}"


def _theorem(name: str, statement: str, proof: str | None) -> str:
    return f"Theorem {name} :\n  {statement}.\nProof.\n" + (f"  {proof}\nQed.\n" if proof else "Abort.\n")


def _comment(claim: Claim, title: str, said: str) -> str:
    """Say in words what the file is about; a symbol has the name that it has in the theorem."""
    lines = []
    for symbol, name in claim.names.items():
        entry = known(symbol)
        if symbol in claim.rounded:
            lines.append(f"{name}: the integer {claim.rounded[symbol]}")
        elif symbol in claim.values:
            lines.append(f"{name}: stands for {claim.values[symbol]}; the claim is for any number of its range")
        elif is_share(symbol):
            event = symbol.name.removeprefix("delta[").rstrip("]").split("|")[0]
            lines.append(f"{name}: chance that is allowed to the failure of: {event}")
        elif entry is not None:
            lines.append(f"{name}: {entry.meaning}")
    lines = [f"{title}.", *said.replace("**", "^").splitlines(), *lines, _BESIDE]
    for symbol, name in claim.names.items():
        lines = [line.replace(symbol.name, name) if is_share(symbol) else line for line in lines]
    wrapped = [part for line in lines for part in textwrap.wrap(line, 110, subsequent_indent="  ")]
    safe = [line.replace("(*", "( *").replace("*)", "* )").replace('"', "'") for line in wrapped]
    return "(* " + "\n   ".join(safe) + " *)"
