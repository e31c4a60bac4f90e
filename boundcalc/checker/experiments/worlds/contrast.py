"""Contrastive triplets: an anchor and a positive of one class, a negative of a class drawn independently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import constants, law, rademacher, words_and_chances
from boundcalc.checker.experiments.worlds.matrices import square_root
from boundcalc.checker.experiments.worlds.numbers import logarithm, maximum, numbers

__all__ = ["Contrast", "GibbsTriplets", "Triplets"]

_LOSSES = 3


def _loss(score: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """Return a convex loss with l(0) = 1: hinge, square, or absolute value."""
    kind = kind.reshape(-1, *[1] * (score.ndim - 1))
    gap = 1 - score
    return np.where(kind == 0, np.maximum(gap, 0), np.where(kind == 1, gap * gap, np.abs(gap)))


def _tables(x: np.ndarray, encoders: np.ndarray) -> np.ndarray:
    """Return f(x).(f(x+) - f(x-)) for letters x of shape (..., letters, d) and encoders W of shape (..., q, d)."""
    code = x @ np.swapaxes(encoders, -1, -2)
    gram = code @ np.swapaxes(code, -1, -2)
    return np.asarray(gram[..., :, :, None] - gram[..., :, None, :])


def _risks(loss: np.ndarray, score: np.ndarray, within: np.ndarray, share: np.ndarray, kind: np.ndarray) -> Atoms:
    """Return the contrastive risk, that of the mean classifier, and the collision probability, per instance."""
    positive = (within[:, :, :, None] * within[:, :, None, :] * share[:, :, None, None]).sum(axis=1)
    negative = (share[:, :, None] * within).sum(axis=1)
    contrastive = (positive[..., None] * negative[:, None, None, :] * loss).sum(axis=(1, 2, 3))
    # f(x).(mu+ - mu-) for each anchor and each pair of classes
    means = (within[:, :, None, None, :, None] * within[:, None, :, None, None, :] * score[:, None, None]).sum(
        axis=(4, 5)
    )
    chance = share[:, :, None] * share[:, None, :] * (1 - np.eye(share.shape[1], dtype=np.int64))
    classified = (chance[..., None] * within[:, :, None, :] * _loss(means, kind)).sum(axis=(1, 2, 3))
    tau = (share * share).sum(axis=1)
    return {"L_un": contrastive, "L_sup": classified / (1 - tau), "tau_c": tau}


@dataclass(frozen=True)
class Contrast(Enumerable):
    """Classes with laws over a few letters in the plane, and one encoder."""

    classes: int = 2
    letters: int = 3

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return letters, the classes' weights and laws, an encoder and a loss."""
        return {
            "x": rng.integers(-2, 3, (size, self.letters, 2)),
            "within": rng.integers(0, 4, (size, self.classes, self.letters))
            + np.eye(self.classes, self.letters, dtype=int),
            "share": rng.integers(1, 7, (size, self.classes)),
            "W": rng.integers(-2, 3, (size, 2, 2)),
            "kind": rng.integers(0, _LOSSES, size),
        }

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return contrastive risk, risk of the mean classifier and collision probability."""
        score = _tables(numbers(instances["x"], exact=exact), numbers(instances["W"], exact=exact) / 2)
        own = np.eye(self.classes, self.letters, dtype=np.int64)  # every class has a letter
        within, share = law(instances["within"] + own, exact=exact), law(instances["share"], exact=exact)
        kind = instances["kind"]
        return _risks(_loss(score, kind), score, within, share, kind)


@dataclass(frozen=True)
class Triplets(SampleSpace):
    """n_t triplets out of two classes of letters; encoders are projections times s, of rank at most q; hinge loss."""

    n_t: int = 2
    q: int = 1

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return two letters, the classes' weights and laws, the square of s and room in the radius."""
        found = []
        for number in range(size):
            x = rng.integers(-1, 2, (2, 2))
            found.append(
                {
                    "x": np.array([[0, 1], [1, 0]]) if number % 3 == 0 else x,
                    "within": np.eye(2, dtype=int)
                    if number % 4 == 0
                    else rng.integers(0, 4, (2, 2)) + np.eye(2, dtype=int),
                    "share": rng.integers(1, 4, 2),
                    "square": np.asarray(rng.integers(1, 4)),
                    "room": np.asarray(rng.integers(0, 2) * (number % 4 == 3)),
                }
            )
        return found

    def _class(self, instance: Instance, *, exact: bool) -> tuple[np.ndarray, Atoms, np.ndarray]:
        """Return scores per encoder and triplet of letters, population risks, and the triplets' counts."""
        x = numbers(instance["x"], exact=exact)
        projections = [np.diag(row) for row in ([0, 0], [1, 0], [0, 1], [1, 1]) if sum(row) <= self.q]
        count = len(projections)
        square = numbers(instance["square"], exact=exact)
        score = square * _tables(np.broadcast_to(x, (count, *x.shape)), numbers(np.stack(projections), exact=exact))
        within, share = (law(np.asarray(instance[name])[None], exact=exact) for name in ("within", "share"))
        kind = np.zeros(count, dtype=int)
        risks = _risks(_loss(score, kind), score, within.repeat(count, 0), share.repeat(count, 0), kind)
        counts = _counts(np.asarray(instance["within"]), np.asarray(instance["share"]))
        return score.reshape(count, -1), risks, counts

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return risks of the worst encoder, deviations and complexities on each sample of triplets."""
        score, risks, counts = self._class(instance, exact=exact)
        loss = np.maximum(1 - score, 0)
        _, words, chance = words_and_chances(counts, self.n_t, exact=exact)
        empirical = loss[:, words].sum(axis=2) / self.n_t
        deviation = risks["L_un"][:, None] - empirical
        worst = np.argmax(deviation, axis=0)
        largest = maximum(deviation, axis=0)
        radius = np.asarray((np.asarray(instance["x"]) ** 2).sum(axis=1).max() + instance["room"])
        return {
            "L_un": risks["L_un"][worst],
            "L_sup": risks["L_sup"][worst],
            "Lhat_un": empirical[worst, np.arange(len(words))],
            "tau_c": risks["tau_c"][0],
            "dev_minus": largest,
            "Edev_m": (chance * largest).sum(),
            "Rad_loss": rademacher(loss[:, words], chance, exact=exact),
            "R_M": rademacher(score[:, words], chance, exact=exact),
            "s": square_root(numbers(instance["square"], exact=exact), exact=exact),
            "B_x": square_root(numbers(np.maximum(radius, 1), exact=exact), exact=exact),
            **constants(exact=exact, n_t=self.n_t, q=self.q),
        }, chance


def _counts(within: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return whole weights of the triplets of letters (x, x+, x-)."""
    totals = within.sum(axis=1)
    whole = within * (np.prod(totals) // totals)[:, None]  # each class's letters out of the product of the totals
    positive = (share[:, None, None] * whole[:, :, None] * whole[:, None, :]).sum(axis=0)
    negative = (share[:, None] * whole).sum(axis=0)
    return np.asarray((positive[:, :, None] * negative).ravel())


@dataclass(frozen=True)
class GibbsTriplets(Triplets):
    """The same with a prior on the encoders, and a posterior that is the prior or sits on the worst served encoder."""

    q: int = 2

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return the same, with the prior's weights, exp(lam), and what the posterior looks at."""
        return [
            one
            | (
                {"x": np.eye(2, dtype=int), "within": np.eye(2, dtype=int), "square": np.asarray(1)}
                if number % 3 == 2
                else {}
            )
            | {
                "prior": np.array([1, 1, 1, 60]) if number % 3 == 2 else rng.integers(1, 5, 4),
                "base": np.asarray((2, 3, 99)[number % 3]),  # the last makes the bound tight at an empirical risk of 0
                "looks": np.asarray(int(number % 5 > 0)),
            }
            for number, one in enumerate(super().draw(rng, size))
        ]

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return risks of a model drawn from the posterior, and its divergence, on each sample of triplets."""
        score, risks, counts = self._class(instance, exact=exact)
        loss = np.maximum(1 - score, 0)
        _, words, chance = words_and_chances(counts, self.n_t, exact=exact)
        empirical = loss[:, words].sum(axis=2) / self.n_t
        prior = law(instance["prior"], exact=exact)
        columns = np.arange(len(words))
        if int(instance["looks"]):
            chosen = np.argmax(risks["L_un"][:, None] - empirical, axis=0)
            found: dict[str, Any] = {name: risks[name][chosen] for name in ("L_un", "L_sup")}
            found |= {"Lhat_un": empirical[chosen, columns], "KL": logarithm(1 / prior, exact=exact)[chosen]}
        else:
            found = {name: (prior * risks[name]).sum() for name in ("L_un", "L_sup")}
            found |= {"Lhat_un": (prior[:, None] * empirical).sum(axis=0), "KL": numbers(0, exact=exact)}
        return {
            **{name: np.asarray(value) for name, value in found.items()},
            "tau_c": risks["tau_c"][0],
            "lam": logarithm(numbers(instance["base"], exact=exact)[None], exact=exact)[0],
            "B_l": loss.max(),
            **constants(exact=exact, n_t=self.n_t),
        }, chance
