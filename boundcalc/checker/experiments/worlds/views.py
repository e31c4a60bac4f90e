"""Two views of a task: what one says of it, what the other adds, and what a representation keeps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import constants, law, product_law, rademacher, words_and_chances
from boundcalc.checker.experiments.worlds.many import Certified, ones_law, share_of
from boundcalc.checker.experiments.worlds.matrices import floats, square_root
from boundcalc.checker.experiments.worlds.numbers import logarithm, maximum, numbers, scaled, sequences

__all__ = [
    "LandmarkDraws",
    "LinearHead",
    "ManyLandmarks",
    "PairClassifiers",
    "PredictedView",
    "TaskAndViews",
    "TwoViews",
]


def _joint(rng: np.random.Generator, size: int, first: int, second: int) -> np.ndarray:
    """Return weights of a joint law without zeros; some nearly make one view a function of the other."""
    counts = rng.integers(1, 5, (size, first, second))
    strong = rng.random(size) < 0.5
    counts[strong] += 20 * np.eye(first, second, dtype=np.int64)[rng.permutation(first)]
    return counts


class _Views:
    """A joint law of X and Z (the last two axes), E[Y|X,Z] on it, and what follows from them."""

    def __init__(self, counts: np.ndarray, y: np.ndarray, *, exact: bool) -> None:
        shape = counts.shape
        self.both = law(counts.reshape(*shape[:-2], -1), exact=exact).reshape(shape)
        self.y = numbers(y, exact=exact)
        self.x, self.z = self.both.sum(axis=-1), self.both.sum(axis=-2)
        self.ratio = self.both / (self.x[..., :, None] * self.z[..., None, :])
        self.given_x = (self.both * self.y).sum(axis=-1) / self.x
        self.given_z = (self.both * self.y).sum(axis=-2) / self.z
        self.mu = (self.both * self.given_z[..., None, :]).sum(axis=-1) / self.x

    def error(self, of_x: np.ndarray) -> np.ndarray:
        """Return the mean squared error of a function of X."""
        return np.asarray((self.both * (of_x[..., :, None] - self.y) ** 2).sum(axis=(-1, -2)))

    def prices(self) -> Atoms:
        """Return what each view adds to the other, and the error of mu."""
        gap = self.given_z[..., None, :] - self.y
        return {
            "eps_X": self.error(self.given_x),
            "eps_Z": np.asarray((self.both * gap * gap).sum(axis=(-1, -2))),
            "eps_mu": self.error(self.mu),
            "gap_mu": np.asarray((self.x * (self.mu - self.given_x) ** 2).sum(axis=-1)),
        }


@dataclass(frozen=True)
class TwoViews(Enumerable):
    """Joint laws of two views, and a target on them."""

    first: int = 3
    second: int = 3

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return joint weights and the target's means."""
        return {
            "counts": _joint(rng, size, self.first, self.second),
            "y": rng.integers(-3, 4, (size, self.first, self.second)),
        }

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return eps_X, eps_Z and the errors of mu."""
        return _Views(instances["counts"], instances["y"], exact=exact).prices()


@dataclass(frozen=True)
class PairClassifiers(TwoViews):
    """The same with learnt density ratios, whole numbers over 4; the target is a function of both views."""

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return the same, and learnt ratios."""
        return super().draw(rng, size) | {"learnt": rng.integers(1, 13, (size, self.first, self.second))}

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the head's error, the errors of ratios and probabilities, and the excess log loss."""
        views = _Views(instances["counts"], instances["y"], exact=exact)
        learnt = numbers(instances["learnt"], exact=exact) / 4
        apart = views.x[..., :, None] * views.z[..., None, :]
        true, guess = views.ratio / (1 + views.ratio), learnt / (1 + learnt)
        off = ((learnt - views.ratio) * (views.z * views.given_z)[..., None, :]).sum(axis=-1)
        lost = scaled(true, logarithm(true / guess, exact=exact), exact=exact)
        lost = lost + scaled(1 - true, logarithm((1 - true) / (1 - guess), exact=exact), exact=exact)
        return {
            "eps_direct": (views.x * off * off).sum(axis=-1),
            "gap_ratio": (apart * (learnt - views.ratio) ** 2).sum(axis=(1, 2)),
            "gap_chance": (apart * (guess - true) ** 2).sum(axis=(1, 2)),
            "Y_square": (views.both * views.y * views.y).sum(axis=(1, 2)),
            "gmax": maximum(np.maximum(learnt, views.ratio).reshape(len(learnt), -1), axis=1),
            "eps_opt": floats(scaled(lost, (views.both + apart) / 2, exact=exact).sum(axis=(1, 2)), exact=exact),
        }


@dataclass(frozen=True)
class LandmarkDraws(SampleSpace):
    """m_L landmarks drawn from Z's law; heads are the means over blocks of landmarks, for all numbers of blocks."""

    m_L: int = 4
    second: int = 3

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return joint weights and the target's means; some with a single rare landmark that matters."""
        found = []
        for number in range(size):
            counts, y = _joint(rng, 1, 2, self.second)[0], rng.integers(-3, 4, (2, self.second))
            if number % 3 == 0:
                y = np.zeros_like(y)
                y[:, 0] = 3
                counts[:, 1:] *= 3 if number % 2 else 3000
            found.append({"counts": counts, "y": y})
        return found

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the error of the best head and its distance from mu, on each draw of landmarks."""
        views = _Views(np.asarray(instance["counts"]), np.asarray(instance["y"]), exact=exact)
        terms = views.ratio * views.given_z
        words = sequences(self.second, self.m_L)
        heads = []
        for blocks in range(1, self.m_L + 1):
            length = self.m_L // blocks
            for start in range(0, blocks * length, length):
                heads.append(terms[:, words[:, start : start + length]].sum(axis=2).T / length)
        values = np.stack(heads)  # (heads, draws, letters of X)
        away = (views.x * (values - views.mu) ** 2).sum(axis=-1)
        spread = (views.z * terms * terms).sum(axis=1) - (views.z * terms).sum(axis=1) ** 2
        return {
            "err_lm": np.minimum.reduce(views.error(values), axis=0),
            "eps_lm": np.minimum.reduce(away, axis=0),
            **{name: value for name, value in views.prices().items() if name != "gap_mu"},
            "V": (views.x * spread).sum(),
            **constants(exact=exact, m_L=self.m_L),
        }, product_law(views.z, words)


@dataclass(frozen=True)
class ManyLandmarks(Certified):
    """Thousands of landmarks: X says nothing, the target is Z, 0 or 1, and heads are means over blocks, as many as delta asks."""

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the squared distance of the best block from mu, by its rank among the distances that there are."""
        m, eighths = int(instance["m"]), int(instance["eighths"])
        paid = share_of(instance)
        blocks = min(m, ((paid.denominator - 1) // paid.numerator).bit_length())  # no fewer than log2(1/paid)
        share, length = numbers(eighths, exact=exact)[()] / 8, m // blocks
        away = (numbers(np.arange(length + 1), exact=exact) / length - share) ** 2
        order = np.argsort(away, kind="stable")
        no_nearer = np.cumsum(ones_law(length, eighths, exact=exact)[order][::-1])[::-1] ** blocks
        chance = no_nearer - np.append(no_nearer[1:], 0 * no_nearer[:1])
        return {"eps_lm": away[order], "V": share * (1 - share), **constants(exact=exact, m_L=m)}, chance


@dataclass(frozen=True)
class TaskAndViews(Enumerable):
    """A task with a few labels; X = (group, rest), S depends on X by its group alone, Z is the group."""

    labels: int = 3

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return weights of X, of S given the group, and of the task given both; some tasks are nearly certain."""
        task = rng.integers(0, 4, (size, 3, 2, self.labels)) + 1
        sure = rng.random(size) < 0.6
        answers = np.eye(self.labels, dtype=np.int64)[rng.integers(0, self.labels, (size, 3))]
        task[sure] += 30 * answers[sure][:, :, None, :]
        return {"x": rng.integers(1, 9, (size, 3)), "s": rng.integers(1, 20, (size, 2, 2)), "task": task}

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return errors of the best guesses and entropies given X, and given its group."""
        x, s, task = (law(instances[name], exact=exact) for name in ("x", "s", "task"))
        group = np.array([0, 1, 1])
        whole = x[:, :, None, None] * s[:, group][..., None] * task  # (instances, x, s, t)
        with_x = whole.sum(axis=2)
        with_z = np.stack([with_x[:, :1].sum(axis=1), with_x[:, 1:].sum(axis=1)], axis=1)
        with_s = whole.sum(axis=1)
        known = _given(whole.reshape(len(x), -1, self.labels), exact=exact)
        return {
            "P_ssl": 1 - maximum(with_z, axis=2).sum(axis=1),
            "P_sup": 1 - maximum(with_x, axis=2).sum(axis=1),
            "H_Z": _given(with_z, exact=exact),
            "H_X": _given(with_x, exact=exact),
            "eps_info": _given(with_s, exact=exact) - known,
            **constants(len(x), exact=exact, labels=self.labels),
        }


def _given(joint: np.ndarray, *, exact: bool) -> np.ndarray:
    """Return the entropy in nats of the last axis given the one before it, of a joint law without zeros."""
    share = joint / joint.sum(axis=2, keepdims=True)
    return floats(-scaled(joint, logarithm(share, exact=exact), exact=exact).sum(axis=(1, 2)), exact=exact)


@dataclass(frozen=True)
class PredictedView(Enumerable):
    """Two labels, three letters of X1, and the means of X2 in the plane given both."""

    cost = 4

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return weights of X1 and the label, and means of X2 that tell the labels apart; some are independent of X1."""
        noise = rng.integers(-1, 2, (size, 3, 2, 2))
        noise[rng.random(size) < 0.2] = 0
        scale = rng.integers(3, 20, size)
        means = 3 * np.eye(2, dtype=np.int64) * np.stack([scale, np.ones(size, dtype=np.int64)], axis=1)[:, None, :]
        return {"counts": rng.integers(1, 9, (size, 3, 2)), "means": means[:, None] + noise}

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the error of the head A^+, the distance from conditional independence and the smallest singular value."""
        size = len(instances["counts"])
        joint = law(instances["counts"].reshape(size, -1), exact=exact).reshape(size, 3, 2)
        means = numbers(instances["means"], exact=exact)  # (instances, x1, label, plane)
        x1 = joint.sum(axis=2)
        label = joint / x1[:, :, None]
        of_label = (joint[..., None] * means).sum(axis=1) / joint.sum(axis=1)[..., None]  # (instances, label, plane)
        psi = (label[..., None] * means).sum(axis=2)
        gap = psi - label @ of_label
        (a, b), (c, d) = of_label[:, 0].T, of_label[:, 1].T  # A has these columns
        head = np.stack([np.stack([d, -c], axis=1), np.stack([-b, a], axis=1)], axis=1) / (a * d - b * c)[:, None, None]
        off = psi @ np.swapaxes(head, 1, 2) - label
        trace, det = a * a + b * b + c * c + d * d, (a * d - b * c) ** 2
        smallest = (floats(trace, exact=exact) - square_root(trace * trace - 4 * det, exact=exact)) / 2
        return {
            "approx": (x1[..., None] * off * off).sum(axis=(1, 2)),
            "eps_CI": square_root((x1[..., None] * gap * gap).sum(axis=(1, 2)), exact=exact),
            "s_k": square_root(smallest, exact=exact),
        }


@dataclass(frozen=True)
class LinearHead(SampleSpace):
    """Least squares over a grid of heads on two letters of X1 with labels 0 and 1; one head of the grid stands for A^+'s row."""

    n_2: int = 2

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return letters, their weights by label, the fixed head, and how far from the minimum the returned one may be."""
        return [
            {
                "psi": rng.integers(-2, 3, (2, 2)),
                "counts": rng.integers(1, 7, (2, 2)),
                "star": np.asarray(rng.integers(0, 9)),
                "slack": np.asarray(rng.integers(0, 3) * (number % 2)),
            }
            for number in range(size)
        ]

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the excess of the trained head, deviations and complexities on each sample."""
        counts = np.asarray(instance["counts"])
        cells, words, chance = words_and_chances(counts.ravel(), self.n_2, exact=exact)
        grid = sequences(3, 2) - 1
        whole = np.asarray(instance["psi"])
        score = numbers(grid, exact=exact) @ numbers(whole, exact=exact).T  # (heads, letters)
        loss = (score[:, :, None] - numbers([0, 1], exact=exact)) ** 2
        flat = loss.reshape(len(grid), -1)
        risk = (flat * cells).sum(axis=1)
        empirical = flat[:, words].sum(axis=2) / self.n_2
        star = int(instance["star"])
        slack = numbers(instance["slack"], exact=exact) / 2
        smallest = np.minimum.reduce(empirical, axis=0)
        worst = np.argmax(np.where(empirical <= smallest + slack, risk[:, None], -1), axis=0)
        own = cells.reshape(2, 2).sum(axis=1)
        truth = cells.reshape(2, 2)[:, 1] / own
        best = (cells.reshape(2, 2) * (truth[:, None] - numbers([0, 1], exact=exact)) ** 2).sum()
        phi = maximum(risk[:, None] - empirical, axis=0) + empirical[star] - risk[star]
        scores = np.repeat(score, 2, axis=1)
        return {
            "excess_head": risk[worst] - best,
            "approx": risk[star] - best,
            "eps_opt": empirical[worst, np.arange(len(words))] - smallest,
            "Phi_m": phi,
            "Edev_m": (chance * phi).sum(),
            "Rad_loss": rademacher(flat[:, words], chance, exact=exact),
            "R_M": rademacher(scores[:, words], chance, exact=exact),
            "L": 2 * np.maximum(np.abs(scores), np.abs(scores - 1)).max(),
            "C": flat.max() - flat.min(),
            "radius": square_root(numbers((grid**2).sum(axis=1).max(), exact=exact), exact=exact),
            "B_psi": square_root(numbers(max(int((whole**2).sum(axis=1).max()), 1), exact=exact), exact=exact),
            **constants(exact=exact, n_2=self.n_2),
        }, chance
