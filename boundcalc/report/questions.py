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
from functools import cached_property
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from boundcalc.catalogue import theorem
from boundcalc.datasets import load
from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.inverse.solve import minimal_n
from boundcalc.language.arguments import Problems, as_generator
from boundcalc.language.ledger import Ledger
from boundcalc.show.answer import Answer
from boundcalc.show.tables import Table
from boundcalc.symbols import n, n_u
from boundcalc.trainer.data.modalities import ModalityData
from boundcalc.trainer.measure.estimates import CERTIFIED, ESTIMATED, Entry, Estimates
from boundcalc.trainer.measure.views import cross_covariance, information, view_prices

__all__ = ["QUESTIONS", "Reply", "ask", "planted"]

Array = NDArray[np.float64]
Codes = NDArray[np.intp]

PLANTED = "planted"
_DRAWN = 2_000
#: A modality with no more different rows than this is taken as it is; any other is read by the class whose mean is nearest.
_FEW = 32
_SHUFFLES = 10
#: Margins of a similarity in [-1, 1], and how far above them a shortfall begins; fixed in advance.
_MARGINS, _ROOM = (0.05, 0.1, 0.2), 0.4
_LAMS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
#: Scale of the encoder, fixed in advance.
_SCALE = 1.2


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
        return f"{QUESTIONS[self.question]}: {self.inputs.title}"

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


def planted() -> ModalityData:
    """Return every row of the planted law once: they are equally likely.

    Modality ``a`` shows the label's two bits and a nuisance; ``b`` shows the nuisance and the first bit, turned with chance 1/8.
    Both have mean 0, the cross-covariance rank 2 and singular values 3/4 and 16/25.

    Returns
    -------
    ModalityData
        256 rows, four labels.
    """
    u, w, nuisance, own, other, *turns = np.array(list(product((-1.0, 1.0), repeat=8))).T
    seen = np.where(np.stack(turns).min(axis=0) > 0, -u, u)
    a, b = (
        np.stack([u, 0.8 * w, 0.8 * nuisance, 0.3 * own], axis=1),
        np.stack([seen, 0.8 * nuisance, 0.3 * other], axis=1),
    )
    return ModalityData({"a": a, "b": b}, (2 * (u > 0) + (w > 0)).astype(int), name=PLANTED)


@dataclass(frozen=True)
class _Sample(Frozen):
    """Rows that have every modality, in random order: the first half fits what has to be fixed before, the second is asked."""

    blocks: Mapping[str, Array]
    labels: Codes
    names: tuple[str, ...]
    title: str

    @property
    def size(self) -> int:
        return len(self.labels)

    @property
    def half(self) -> int:
        return self.size // 2

    @cached_property
    def views(self) -> dict[str, Codes]:
        """Each modality as one value for each asked row: its rows if these are few, else the class whose mean is nearest."""
        return {name: self._codes(block) for name, block in self.blocks.items()}

    def _codes(self, block: Array) -> Codes:
        values, codes = np.unique(block, axis=0, return_inverse=True)
        if len(values) <= _FEW:
            return codes.ravel()[self.half :]
        means = _means(block[: self.half], self.labels[: self.half])
        return np.linalg.norm(block[self.half :, None] - means, axis=2).argmin(axis=1)

    @property
    def asked(self) -> Codes:
        """The labels of the asked rows."""
        return self.labels[self.half :]

    def joined(self, names: Any) -> Array:
        return np.hstack([self.blocks[name] for name in names])


def _sample(data: ModalityData, rows: Codes, *, scaled: bool) -> _Sample:
    """Return the whole rows among these, one of each group, scaled by what the first half shows."""
    blocks = {name: np.asarray(data.arrays[name], dtype=float) for name in data.names}
    whole = data.present.all(axis=1) & np.all([np.isfinite(block).all(axis=1) for block in blocks.values()], axis=0)
    rows = rows[whole[rows]]
    if data.groups is not None:
        rows = rows[np.sort(np.unique(data.groups[rows], return_index=True)[1])]
    found = {}
    for name, block in blocks.items():
        part, first = block[rows], block[rows[: len(rows) // 2]]
        kept = np.ptp(first, axis=0) > 0
        found[name] = ((part - first.mean(axis=0))[:, kept] / first.std(axis=0)[kept]) if scaled else part
    classes, labels = np.unique(data.codes[rows], return_inverse=True)
    return _Sample(found, labels, tuple(str(one) for one in data.classes[classes]), data.name or "data")


def _means(rows: Array, labels: Codes) -> Array:
    """Return the mean of each class; one without rows is nobody's."""
    return np.stack([rows[labels == one].mean(axis=0) if (labels == one).any() else np.full(rows.shape[1], np.inf)
                     for one in range(labels.max() + 1)])  # fmt: skip


def _estimates(title: str, certified: tuple[str, ...] = (), /, **values: Any) -> Estimates:
    """Return named values with their meanings: certified where they are known in advance or hold by construction."""
    entries = [
        Entry(name, value, meaning, CERTIFIED if name in certified else ESTIMATED)
        for name, (value, meaning) in values.items()
    ]
    return Estimates(tuple(entries), title)


#: What a question returns: sentence, tables, what was measured.
Found = tuple[str, tuple[Table, ...], Estimates]


def _features(sample: _Sample, target: float, delta: float, rng: np.random.Generator, rank: int) -> Found:
    entry = theorem("nakada2023.feature_recovery")
    rows: list[Any] = []
    measured = []
    for one, other in combinations(sample.blocks, 2):
        found = cross_covariance(sample.blocks[one], sample.blocks[other], rank=rank)
        shown: dict[str, Any] = {name: value for name, value in found.items() if name != "s_r"} | {"delta": delta}
        now = float(entry.bound("data").evaluate(**shown, s_hat=found["s_r"], n=sample.size))
        needed = minimal_n(entry.bound(), target=target, p_mis=[0, 0.25, 0.5], s_r=found["s_r"], **shown).values
        rows.append((one, other, found["s_r"], now, *map(int, needed)))
        measured.append(found)
    one, other, _, _, pairs, *_ = rows[0]
    said = (
        f"About {pairs:,} aligned pairs recover {rank} common feature{'s' if rank > 1 else ''} of {one} and {other} to a sine of "
        f"{target:g}: an estimate, as radii and singular value are those of {sample.size:,} rows."
    )
    head = ("modality", "other", "singular value", f"bound on {sample.size:,} rows", *("0", "1/4", "1/2"))
    note = (
        f"Last columns: pairs for a sine of {target:g}, by the share of pairs with a wrong partner; delta = {delta:g}."
    )
    meanings = {
        "s_r": f"singular value {rank} of the cross-covariance",
        "B_a": "largest length in the first modality",
        "B_b": "the same in the second",
        "v": "variance of a pair's matrix",
    }
    inputs = _estimates(sample.title, **{name: (measured[0][name], words) for name, words in meanings.items()})
    return said, (Table(head, rows, notes=(note,)),), inputs


def _missing(sample: _Sample, target: float, delta: float, rng: np.random.Generator, rank: int) -> Found:
    bayes, rows = theorem("tsai2020.bayes_error").bound(), []
    labels, codes = sample.asked, sample.views
    measured: dict[str, Any] = {}
    for name, own in codes.items():
        rest = _together([codes[other] for other in codes if other != name])
        found = information(own, rest, labels)
        left, both = (information(view, rest, labels)["P_sup"] for view in (rest, _together([own, rest])))
        chance = np.mean([information(_shuffled(own, rest, rng), rest, labels)["eps_info"] for _ in range(_SHUFFLES)])
        prices = [view_prices(rest, own, labels == one) for one in np.unique(labels)]
        squared, through = (sum(price[part] for price in prices) for part in ("eps_X", "eps_Z"))
        limit = float(bayes.evaluate(P_sup=found["P_sup"], labels=found["labels"], eps_info=found["eps_info"]))
        rows.append((name, found["eps_info"], float(chance), both, left, squared, squared + through, limit))
        measured[f"eps_info {name}"] = found["eps_info"], f"nats about the label that {name} has and the rest has not"
        measured[f"eps_X {name}"] = squared, f"squared error, summed over labels, of leaving {name} out"
    dear = max(rows, key=lambda row: row[1])
    said = (
        f"{dear[0]} is missed most: without it {dear[1]:.3g} nats about the label are lost ({dear[2]:.2g} is what chance alone "
        f"shows), and the error rises from {dear[3]:.3g} to {dear[4]:.3g}: estimates from {len(labels):,} rows."
    )
    head = ("missing", "nats", "chance", "error of all", "without", "squared", "through the rest", "Tsai")
    notes = (
        "nats: I(missing; label | rest); chance: the same with the missing modality shuffled among equal values of the rest.",
        "squared: eps_X, summed over labels; through the rest: eps_X + eps_Z bounds the error of predicting by way of the missing "
        "modality (Tosh). Tsai: bound on the error of what a modality shares with the rest.",
    )
    inputs = _estimates(sample.title, **measured)
    return said, (Table(head, rows, notes=notes),), inputs


def _together(views: list[Codes]) -> Codes:
    """Return one value for each combination of values."""
    return np.unique(np.stack(views, axis=1), axis=0, return_inverse=True)[1].ravel()


def _shuffled(codes: Codes, rest: Codes, rng: np.random.Generator) -> Codes:
    """Return the values of one modality exchanged among rows on which the rest agrees."""
    by_rest, anyhow = np.argsort(rest, kind="stable"), rng.permutation(len(rest))
    mixed = anyhow[np.argsort(rest[anyhow], kind="stable")]
    found = codes.copy()
    found[by_rest] = codes[mixed]
    return found


def _landmarks(sample: _Sample, target: float, delta: float, rng: np.random.Generator, rank: int) -> Found:
    labels, (first, *_, last) = sample.asked, sample.views
    one = int(np.bincount(labels).argmax())
    prices = view_prices(sample.views[first], sample.views[last], labels == one)
    tosh, kar = theorem("tosh2021.landmarks"), theorem("kar2011.landmarks")
    about: dict[str, Any] = {name: prices[name] for name in ("eps_X", "eps_Z", "V")} | {"delta": delta}
    limit = prices["eps_X"] + prices["eps_Z"]
    heads = [
        (form, int(minimal_n(tosh.bound(form), target=limit + target, name="m_L", **about)))
        for form in ("sharp", "markov")
    ]
    sign = np.where(labels == one, 1.0, -1.0)
    scores = sign * _linear_score(sample, one)
    margins = scores * scores.mean()
    triples = scores[: 3 * (len(scores) // 3)].reshape(3, -1)
    drawn = triples[0] * (triples[1] + triples[2]) / 2
    pairs = []
    for gamma in _MARGINS:
        lost = float((margins < gamma).mean())
        about = {"gamma_K": gamma, "B_w": 1, "delta": delta}
        size = int(minimal_n(kar.bound(), target=lost + target, name="d_L", eps_good=lost, **about))
        short = float(np.maximum(gamma + _ROOM - drawn, 0).mean())
        sure = float(kar.bound("data").evaluate(**about, d_L=size, room=_ROOM, rhat_holdout=short, n_h=len(scores)))
        pairs.append((gamma, lost, size, min(sure, 1.0)))
    best = pairs[-1]
    said = (
        f"{heads[0][1]:,} landmarks of {last} ({heads[1][1]:,} by Markov) bring a linear head on {first} within {target:g} of the "
        f"squared error {limit:.3g}; at margin {best[0]:g} {best[2]:,} landmark pairs lose {target:g} more than {best[1]:.3g} of "
        "the rows: estimates."
    )
    shown = (
        Table(("form", "landmarks"), heads, title=f"Tosh et al.: {sample.names[one]} against the rest, squared error"),
        Table(
            ("margin", "share below", "landmark pairs", "certified"),
            pairs,
            title="Kar, Jain: products of a linear score learnt on the other rows",
            notes=(
                f"certified: the error at half the margin, from {len(scores):,} rows in disjoint triples; 1 says nothing.",
            ),
        ),
    )
    inputs = _estimates(
        sample.title,
        eps_X=(prices["eps_X"], f"squared error of leaving {last} out"),
        eps_Z=(prices["eps_Z"], f"squared error of leaving {first} out"),
        V=(prices["V"], "variance of a landmark"),
        eps_good=(best[1], f"share of rows with a margin below {best[0]:g}"),
    )
    return said, shown, inputs


def _linear_score(sample: _Sample, one: int) -> Array:
    """Return a score of the asked rows in [-1, 1]: least squares on the other half, the class means at 1 and -1."""
    rows, half = sample.joined(sample.blocks), sample.half
    mine = sample.labels[:half] == one
    high, low = rows[:half][mine].mean(axis=0), rows[:half][~mine].mean(axis=0)
    spread = np.cov(np.where(mine[:, None], rows[:half] - high, rows[:half] - low).T)
    along = np.linalg.solve(spread + 1e-2 * np.trace(spread) / len(spread) * np.eye(len(spread)), high - low)
    return np.asarray(np.clip(2 * (rows[half:] - (high + low) / 2) @ along / ((high - low) @ along), -1, 1))


def _unlabelled(sample: _Sample, target: float, delta: float, rng: np.random.Generator, rank: int) -> Found:
    *there, last = sample.blocks
    x, y = (block / np.linalg.norm(block, axis=1).max() for block in (sample.joined(there), sample.blocks[last]))
    half, d_y = sample.half, y.shape[1]
    ridge = x[:half].T @ x[:half] + half * 1e-3 * np.eye(x.shape[1])
    maps = np.linalg.solve(ridge, x[:half].T @ y[:half])
    radius, conn = float(np.linalg.norm(maps)), float(np.linalg.norm(x[half:] @ maps - y[half:], axis=1).mean())
    # heads <w, (x, y)> with ||w|| <= 1, maps of Frobenius norm at most radius (lemmas.vector_contraction)
    costs = {"R_H": sympy.sqrt(2) / sympy.sqrt(n), "R_G": sympy.sqrt(2 * d_y) * sympy.Float(radius) / sympy.sqrt(n_u)}
    bound = theorem("lu2023.two_stage").bound().substitute(**costs, L=1, C=1, Lam_y=1)
    about: dict[str, Any] = {"conn": conn, "D_y": 1 + radius, "delta": delta}
    at_hand = [sample.size, 10 * sample.size, 100 * sample.size]
    values = bound.evaluate(n=sample.size, n_u=at_hand, **about).values
    alone = bound.substitute(n_u=n)  # the connection too from labelled rows
    rows = [
        (pairs, float(value), int(minimal_n(alone, target=float(value) * (1 + 1e-12), **about)))
        for pairs, value in zip(at_hand, values, strict=True)
    ]
    limit = float(bound.evaluate(n=sample.size, n_u=10**15, **about))
    size = int(minimal_n(bound, target=limit + target, name="n_u", n=sample.size, **about))
    said = (
        f"{size:,} unlabelled pairs bring the bound within {target:g} of what an exact connection from {'+'.join(there)} to {last} "
        f"gives ({limit:.3g} above the best risk of both, {sample.size:,} labelled rows): estimates."
    )
    notes = (
        "worth: labelled rows that alone reach the same bound; linear heads and maps on the unit ball, loss of slope and range 1.",
    )
    inputs = _estimates(
        sample.title,
        conn=(conn, f"mean distance of the predicted from the true {last}, held out"),
        radius=(radius, "Frobenius norm of the map"),
    )
    return said, (Table(("unlabelled pairs", "bound", "worth"), rows, notes=notes),), inputs


def _contrastive(sample: _Sample, target: float, delta: float, rng: np.random.Generator, rank: int) -> Found:
    entry = theorem("saunshi2019.mean_classifier")
    rows = sample.joined(sample.blocks)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(float).tiny)
    means = _means(rows[: sample.half], sample.labels[: sample.half])
    means = means[np.isfinite(means).all(axis=1)]
    axes = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)[2][: max(1, len(means) - 1)]
    code, labels = _SCALE * rows[sample.half :] @ axes.T, sample.asked
    classes, n_t = np.unique(labels), max(1, len(labels) // 5)
    largest = 1 + 2 * _SCALE**2
    losses = _triplet_losses(code, labels, classes, n_t, largest, rng)
    seen: dict[str, Any] = {"tau_c": 1 / len(classes), "Lhat_un": float(losses.mean())}
    share = Ledger.split(delta, ["triplets"]).over("values of lam", len(_LAMS))
    one, single = entry.bound("pac_bayes"), {**seen, "B_l": largest, "KL": 0, "delta": share["triplets"]}
    every = {**seen, "s": _SCALE, "B_x": 1, "q": len(axes), "delta": delta}
    sure = float(one.evaluate(n_t=n_t, lam=list(_LAMS), **single).min())
    uniform = float(entry.bound().evaluate(n_t=n_t, **every))
    observed = _mean_classifier(code, labels, classes)
    said = (
        f"A contrastive loss of {seen['Lhat_un']:.3g} over {n_t:,} triplets certifies a loss of {sure:.3g} for the mean classifier "
        f"of two labels drawn at random ({observed:.3g} observed; an encoder of zeros has 1), for this one encoder; for all linear "
        f"encoders at once {uniform:.3g}."
    )
    sizes = (
        ("one encoder, fixed before", sure, _least(one, target, [{**single, "lam": lam} for lam in _LAMS])),
        ("all linear encoders", uniform, _least(entry.bound(), target, [every])),
    )
    notes = (f"Triplets for {target:g} at this contrastive loss; - where no number of them suffices.",)
    inputs = _estimates(
        sample.title,
        ("Lhat_un", "tau_c", "B_x"),
        L_sup=(observed, "loss of the mean classifier over two different labels"),
        Lhat_un=(seen["Lhat_un"], "mean contrastive loss of independent triplets of rows the encoder has not seen"),
        tau_c=(seen["tau_c"], "labels are drawn with equal chances, by design"),
        B_x=(1.0, "rows are scaled to length 1"),
    )
    return said, (Table(("encoders", "certified", "triplets"), sizes, notes=notes),), inputs


def _least(bound: Any, target: float, choices: list[dict[str, float]]) -> int | None:
    """Return the smallest number of triplets among choices fixed in advance, if one of them reaches the target."""
    found = [bound.solve_for("n_t", target=target, **choice) for choice in choices]
    sizes = [int(one.values) for one in found if bool(one.feasible)]
    return min(sizes, default=None)


def _triplet_losses(
    code: Array, labels: Codes, classes: Codes, n_t: int, largest: float, rng: np.random.Generator
) -> Array:
    """Return hinge losses of triplets with labels drawn with equal chances, no row used twice.

    Where a label has run out of rows the largest loss stands, so that the mean is never below that of independent triplets.
    """
    left = {one: list(rng.permutation(np.flatnonzero(labels == one))) for one in classes}
    losses = np.full(n_t, largest)
    for place, (positive, negative) in enumerate(rng.choice(classes, (n_t, 2))):
        if len(left[positive]) >= 2 + (positive == negative) and left[negative]:
            x, same, other = left[positive].pop(), left[positive].pop(), left[negative].pop()
            losses[place] = max(0.0, 1 - code[x] @ (code[same] - code[other]))
    return losses


def _mean_classifier(code: Array, labels: Codes, classes: Codes) -> float:
    """Return the mean loss of the classes' means, over two different labels."""
    centre = {one: code[labels == one].mean(axis=0) for one in classes}
    each = [
        np.maximum(1 - code[labels == one] @ (centre[one] - centre[two]), 0).mean()
        for one in classes
        for two in classes
        if one != two
    ]
    return float(np.mean(each))


#: How each question is answered: the function, its entries, and the target if none is given.
_ANSWERS: dict[str, tuple[Callable[..., Found], tuple[str, ...], float]] = {
    "features": (_features, ("nakada2023.feature_recovery",), 0.5),
    "missing": (_missing, ("tsai2020.bayes_error", "tosh2021.redundancy"), 1.0),
    "landmarks": (_landmarks, ("tosh2021.landmarks", "kar2011.landmarks"), 0.05),
    "unlabelled": (_unlabelled, ("lu2023.two_stage",), 0.1),
    "contrastive": (_contrastive, ("saunshi2019.mean_classifier",), 0.95),
}

#: What can be asked.
QUESTIONS: Mapping[str, str] = {
    "features": "How many aligned pairs recover the common features",
    "missing": "What a missing modality costs, in nats and in error",
    "landmarks": "How many landmarks a linear head or a similarity needs",
    "unlabelled": "What unlabelled pairs are worth",
    "contrastive": "What a contrastive loss says of a downstream classifier",
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
    problems.one_of("question", question, _ANSWERS)
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
    sample = _sample(whole, rows, scaled=not known)
    if sample.size < 20 or len(np.unique(sample.asked)) < 2:
        raise InvalidInputError(
            f"{sample.size} rows have all modalities: at least 20, of two labels, are needed", context="ask"
        )
    answer, keys, usual = _ANSWERS[question]
    given = (usual if target is None else target, delta)
    count = rank or (2 if known else 1)
    said, shown, inputs = answer(sample, *given, generator, count)
    truth = {}
    if known:  # the same measurement on the law itself: each of its rows once for fitting, once for asking
        law = _sample(whole, np.tile(np.arange(whole.n), 2), scaled=False)
        truth = {one.name: one.value for one in answer(law, *given, generator, count)[2] if one.status == ESTIMATED}
    return Reply(question, keys, said, shown, inputs, truth)
