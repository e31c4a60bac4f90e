"""What the works of Table 1 say of a data set: five questions, each answered by entries of the catalogue.

On a planted law with 256 equally likely rows what a sample says stands beside the truth, found from the whole law by the same
measurement.

>>> reply = ask("features", target=0.3, rng=0)
>>> reply.keys, reply.to_dict()["data"]
(('nakada2023.feature_recovery',), 'planted')
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from boundcalc.datasets import load
from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.guarantees.questions import contrastive, features, landmarks, missing, unlabelled
from boundcalc.guarantees.questions.sample import PLANTED, Found, planted, read_sample
from boundcalc.language.arguments import Problems, as_generator
from boundcalc.show.answer import Answer
from boundcalc.show.tables import Table
from boundcalc.trainer.data.modalities import ModalityData
from boundcalc.trainer.measure.estimates import ESTIMATED, Estimates

__all__ = ["QUESTIONS", "Question", "Reply", "ask"]

_DRAWN = 2_000


@dataclass(frozen=True)
class Question:
    """What can be asked.

    Attributes
    ----------
    words : str
        The question.
    answer : callable
        From a sample, a target, delta, a rank and a generator to what is said, shown and measured.
    keys : tuple of str
        The entries of the catalogue that answer it.
    target : float
        What the bound should reach if nothing is said.
    """

    words: str
    answer: Callable[..., Found]
    keys: tuple[str, ...]
    target: float


#: What can be asked, by name.
QUESTIONS: Mapping[str, Question] = {
    "features": Question(
        "How many aligned pairs recover the common features", features.answer, ("nakada2023.feature_recovery",), 0.5
    ),
    "missing": Question(
        "What a missing modality costs, in nats and in error",
        missing.answer,
        ("tsai2020.bayes_error", "tosh2021.redundancy"),
        1.0,
    ),
    "landmarks": Question(
        "How many landmarks a linear head or a similarity needs",
        landmarks.answer,
        ("tosh2021.landmarks", "kar2011.landmarks"),
        0.05,
    ),
    "unlabelled": Question("What unlabelled pairs are worth", unlabelled.answer, ("lu2023.two_stage",), 0.1),
    "contrastive": Question(
        "What a contrastive loss says of a downstream classifier",
        contrastive.answer,
        ("saunshi2019.mean_classifier",),
        0.95,
    ),
}


@dataclass(frozen=True)
class Reply(Frozen, Answer):
    """The answer to one question.

    Attributes
    ----------
    question : str
    keys : tuple of str
        The entries of the catalogue that answer it.
    said : str
        The answer in one sentence.
    shown : tuple of Table
    inputs : Estimates
        What was measured, each value with its status.
    truth : mapping of str to float
        The same on the planted law; empty for data.
    """

    question: str
    keys: tuple[str, ...]
    said: str
    shown: tuple[Table, ...]
    inputs: Estimates
    truth: Mapping[str, float]

    @property
    def title(self) -> str:
        """The heading."""
        return f"{QUESTIONS[self.question].words}: {self.inputs.title}"

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        return self.said

    def tables(self, *, short: bool = False) -> tuple[Table, ...]:
        """Return the answer's tables, and what it rests on."""
        truth = [(self.truth.get(one.name),) if self.truth else () for one in self.inputs]
        rows = [(e.name, e.value, *t, e.status, e.meaning) for e, t in zip(self.inputs, truth, strict=True)]
        head = ("name", "value", *(["truth"] if self.truth else []), "status", "meaning")
        note = f"Entries: {', '.join(self.keys)}."
        return (*self.shown, Table(head, rows, title="What it rests on", notes=(note,)))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "question": self.question,
            "data": self.inputs.title,
            "sentence": self.said,
            "keys": list(self.keys),
            "certified": self.inputs.certified,
            "inputs": {one.name: {"value": one.value, "status": one.status} for one in self.inputs},
            "truth": dict(self.truth),
            "tables": [{"columns": list(one.columns), "rows": [list(row) for row in one.rows]} for one in self.shown],
        }


def ask(
    question: str,
    data: ModalityData | str | Path = PLANTED,
    *,
    target: float | None = None,
    delta: float = 0.05,
    rank: int | None = None,
    rng: Any = 0,
) -> Reply:
    """Answer a question that a work of Table 1 answers, on a data set or on a planted law whose truth is known.

    Parameters
    ----------
    question : {"features", "missing", "landmarks", "unlabelled", "contrastive"}
        See ``QUESTIONS``.
    data : ModalityData, str or Path
        At least two modalities, or what :func:`boundcalc.datasets.load` takes, or ``"planted"``.
    target : float, optional
        What the bound should reach: a sine (features), more than with infinitely many (landmarks, unlabelled), or the mean
        classifier's loss (contrastive); by default the question's own.
    delta : float
        Failure probability of each bound.
    rank : int, optional
        Number of common features; 1 for data, 2 for the planted law.
    rng : int or numpy.random.Generator

    Returns
    -------
    Reply

    Raises
    ------
    InvalidInputError
        For a question that is not known, bad values, and data with fewer than two modalities or too few whole rows.
    InfeasibleError
        Where no sample size reaches the target.
    """
    problems = Problems("ask")
    problems.one_of("question", question, QUESTIONS)
    problems.number("delta", delta, low=0, high=1, open_low=True, open_high=True)
    if target is not None:
        problems.number("target", target, low=0, open_low=True)
    problems.integer("rank", 1 if rank is None else rank, low=1)
    problems.raise_if_any()
    generator = as_generator(rng)
    known = isinstance(data, str) and data == PLANTED
    whole = planted() if known else data if isinstance(data, ModalityData) else load(data)
    if len(whole.names) < 2:
        raise InvalidInputError(
            f"{whole.name or 'data'} has the modality {whole.names[0]} only: two are needed", context="ask"
        )
    rows = generator.integers(0, whole.n, _DRAWN) if known else generator.permutation(whole.n)
    sample = read_sample(whole, rows, scaled=not known)
    if sample.size < 20 or len(np.unique(sample.asked)) < 2:
        raise InvalidInputError(
            f"{sample.size} rows have all modalities: at least 20, of two labels, are needed", context="ask"
        )
    asked = QUESTIONS[question]
    given = {
        "target": asked.target if target is None else target,
        "delta": delta,
        "rank": rank or (2 if known else 1),
        "rng": generator,
    }
    said, shown, inputs = asked.answer(sample, **given)
    truth = {}
    if known:  # the same measurement on the law itself: each of its rows once for fitting, once for asking
        law = read_sample(whole, np.tile(np.arange(whole.n), 2), scaled=False)
        truth = {one.name: one.value for one in asked.answer(law, **given)[2] if one.status == ESTIMATED}
    return Reply(question, asked.keys, said, shown, inputs, truth)
