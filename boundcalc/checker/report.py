"""What a check found: a row per step, the weakest as the verdict."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boundcalc.checker.citations import counts
from boundcalc.checker.verdict import Verdict, Word, cited, unsettled, weakest
from boundcalc.frozen import Frozen
from boundcalc.show.html import Markup, join, tag
from boundcalc.show.tables import page_width

__all__ = ["Report", "Row"]


@dataclass(frozen=True)
class Row:
    """One checked statement.

    Attributes
    ----------
    form : str
    place : str
        The step's number, ``chain`` for quantity against bound, ``claim`` for a strict claim, or a comparison's name.
    statement : str
    kind : str
    verdict : Verdict
    counts : bool
        Whether it enters the form's verdict.
    """

    form: str
    place: str
    statement: str
    kind: str
    verdict: Verdict
    counts: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "form": self.form,
            "step": self.place,
            "statement": self.statement,
            "kind": self.kind,
            **self.verdict.to_json(),
        }


@dataclass(frozen=True)
class Report(Frozen):
    """The verdicts on a theorem, a derivation or a step.

    Attributes
    ----------
    subject : str
        The theorem's key, or what was checked.
    title : str
    status : mapping of str to str
        What the catalogue says of each form: ``holds`` or ``refuted``.
    seed : int
    rows : tuple of Row
    complete : bool
        False after an interruption: the rows are those that were finished.
    """

    subject: str
    title: str
    status: Mapping[str, str]
    seed: int
    rows: tuple[Row, ...] = ()
    complete: bool = False

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def forms(self) -> dict[str, Word]:
        """The weakest word of each form."""
        names = dict.fromkeys(row.form for row in self.rows if row.counts)
        return {name: weakest(row.verdict for row in self.rows if row.form == name and row.counts) for name in names}

    def doubt(self, form: str) -> str:
        """Return why a form's proof does not count: the first step that is neither proved nor an instance of what is."""
        for row in self._doubtful(form):
            return f"not proved: step {row.place} is {row.verdict.word} ({row.verdict.evidence})"
        checked = self.complete and any(row.form == form and row.counts for row in self.rows)
        return "" if checked else "not checked to the end"

    def doubted(self, form: str) -> Verdict | None:
        """Return what a form's proof is worth as a reason: CITED if it lacks what works say that it cites; None if nothing."""
        doubt, rows = self.doubt(form), self._doubtful(form)
        literature = self.complete and rows and all(row.verdict.word is Word.CITED for row in rows)
        return (cited(doubt) if literature else unsettled(doubt)) if doubt else None

    def _doubtful(self, form: str) -> list[Row]:
        """Return the rows of a form because of which its proof does not count."""
        rows = (row for row in self.rows if row.form == form and row.counts)
        return [row for row in rows if row.verdict.refutes or (row.place != "chain" and not counts(row.verdict))]

    @property
    def word(self) -> Word:
        """The weakest word over the forms that are said to hold (over all, if none is)."""
        return weakest(row.verdict for row in self._holding)

    @property
    def verdict(self) -> Verdict:
        """The weakest row's verdict."""
        return next(row.verdict for row in self._holding if row.verdict.word is self.word)

    @property
    def _holding(self) -> Sequence[Row]:
        holding = [row for row in self.rows if row.counts and self.status.get(row.form, "holds") == "holds"]
        return holding or self.rows

    @property
    def surprises(self) -> tuple[str, ...]:
        """The forms that hold according to the catalogue and are refuted, or the other way round."""
        said = {name: self.status.get(name, "holds") == "refuted" for name in self.forms}
        return tuple(name for name, word in self.forms.items() if said[name] != (word is Word.REFUTED))

    def text(self) -> str:
        """Return the report as text that fits 80 columns."""
        lines = [f"{self.subject}: {self.word}", *([self.title] if self.title else [])]
        if not self.complete:
            lines.append("(interrupted: not everything was checked)")
        for form, word in self.forms.items():
            status = " (refuted according to the catalogue)" if self.status.get(form) == "refuted" else ""
            lines += ["", f"form {form}: {word}{status}" if form else ""]
            for row in self.rows:
                if row.form == form:
                    lines += _row_lines(row)
        beside = [row for row in self.rows if not row.counts]
        for row in beside:
            lines += ["", f"comparison of forms, {row.form}", *_row_lines(row)]
        return "\n".join(line for line in lines)

    __str__ = text

    def _repr_html_(self) -> Markup:
        columns = ("form", "step", "statement", "verdict", "engine", "evidence")
        rows = [
            (
                row.form,
                row.place,
                tag("code", row.statement),
                tag("b", row.verdict.shown),
                row.verdict.engine,
                join((row.verdict.evidence, _witness_html(row.verdict))),
            )
            for row in self.rows
        ]
        head = tag("thead", tag("tr", [tag("th", name) for name in columns]))
        body = tag("tbody", [tag("tr", [tag("td", cell) for cell in row]) for row in rows])
        return join((tag("h3", f"{self.subject}: {self.word}"), tag("p", self.title), tag("table", head, body)))

    def html(self) -> Markup:
        """Return a table as HTML."""
        return self._repr_html_()

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "key": self.subject,
            "title": self.title,
            "verdict": str(self.word),
            "forms": {
                name: {"verdict": str(word), "status": self.status.get(name, "holds")}
                for name, word in self.forms.items()
            },
            "surprises": list(self.surprises),
            "seed": self.seed,
            "complete": self.complete,
            "steps": [row.to_json() for row in self.rows],
        }

    def dumps(self) -> str:
        """Return the plain data as text."""
        return json.dumps(self.to_json(), indent=1)


def _witness_html(verdict: Verdict) -> Markup | None:
    if not verdict.witness:
        return None
    return tag("details", tag("summary", "instance"), tag("code", dict(verdict.witness)))


def _row_lines(row: Row) -> list[str]:
    head, width = f"{row.place:>5}  {row.verdict.shown:<9} ", page_width()
    statement = textwrap.wrap(row.statement, width - len(head), subsequent_indent="  ") or [""]
    if len(statement) > 2:
        statement = [statement[0], statement[1][: width - len(head) - 4] + " ..."]
    engine = f"{row.verdict.engine}: " if row.verdict.engine else ""
    pad = " " * len(head)
    lines = [f"{head}{statement[0]}", *(pad + line for line in statement[1:])]
    lines += textwrap.wrap(engine + row.verdict.evidence, width, initial_indent=pad, subsequent_indent=pad)
    if row.verdict.refutes and row.verdict.witness:
        said = f"witness: {dict(row.verdict.witness)}"
        lines += textwrap.wrap(said, width, initial_indent=pad, subsequent_indent=pad)
    return lines
