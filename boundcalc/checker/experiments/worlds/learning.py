"""Learning from n draws with a finite class: population and empirical risks, minimisers, deviations, complexities.

All samples are enumerated, so every probability is exact. The loss is the ramp at margin rho, times a scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import (
    constants,
    law,
    minimiser,
    over_pairs,
    product_law,
    rademacher,
    ramp,
)
from boundcalc.checker.experiments.worlds.numbers import maximum, numbers, sequences, signs
from boundcalc.checker.experiments.worlds.populations import bernoulli, memorisers, random_class

__all__ = ["Context", "Learning"]

Context = Literal["any", "single", "both", "truth", "published", "lower", "upper", "population", "future"]
"""What Phi, and the expectation and complexity beside it, speak of.

any: sup over F_M of r - rhat, and the f that attains it; single: one f; both: two functions of F_M, both signs;
truth: F_M against h*g*; published: one supremum over F_M, another over the class on all modalities; lower: F_N against
the best of M; upper: F_M against the best of N; population: F_M against its best; future: F_M against a fixed f_0.
"""

_OPPOSED = ("truth", "lower")
_ACTIVE = ("upper", "population", "future")


@dataclass(frozen=True)
class Learning(SampleSpace):
    """Samples of n letters; the loss is of pairs of them, or of single letters.

    ``minimise`` says how well: exactly, or up to a slack that an adversary uses to return the worst function allowed.
    """

    n: int = 2
    context: Context = "any"
    pairwise: bool = True
    large: bool = False
    slack: bool = True
    unit_range: bool = False
    weighted: bool = False

    @property
    def m(self) -> int:
        """The number of independent terms that complexities run over."""
        return self.n // 2 if self.pairwise else self.n

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return random populations and classes (``large``: ones on which the bounds are nearly attained)."""
        if not self.large:
            letters = {2: 4, 3: 3}.get(self.n, 2 if self.n > 4 else 3)
            instance = random_class(rng, pairwise=self.pairwise, letters=letters, slack=self.slack)
        else:
            instance = self._attaining(rng, number)
        if self.unit_range:
            instance["scale"] = np.asarray(1)
        instance["spoken"] = np.asarray(number % 5 > 0)
        instance["omega"] = rng.integers(1, 4, 2) if self.weighted else np.array([1, 1])
        return instance

    def _attaining(self, rng: np.random.Generator, number: int) -> Instance:
        if number % 2:
            letters = 20 if self.n == 2 else 7 if self.n == 3 else 4
            return bernoulli(rng, pairwise=self.pairwise, letters=letters, opposite=self.context in _OPPOSED)
        turn = number // 2 % 3
        kind = 0 if turn == 0 or self.context in ("any", "single") else 3
        if self.context == "both":
            kind = 1 if turn else 3
        if turn == 2 and self.context in _ACTIVE:
            kind = 2
        letters = {2: 60 if kind == 2 else 40, 3: 9}.get(self.n, 4)
        alone = self.context in _ACTIVE and kind > 1
        return memorisers(rng, pairwise=self.pairwise, letters=letters, kind=kind, first_alone=alone)

    # ------------------------------------------------------------------ the tables of one instance

    def _tables(self, instance: Instance, *, exact: bool) -> dict[str, Any]:
        weights = law(instance["weights"], exact=exact)
        scores = numbers(instance["scores"], exact=exact)
        rho, scale = numbers(instance["rho"], exact=exact)[()], numbers(instance["scale"], exact=exact)[()]
        agreement = scores * numbers(instance["labels"], exact=exact)
        omega = numbers(instance["omega"], exact=exact)
        weight = np.where(instance["labels"] > 0, omega[0], omega[1])
        loss = scale * weight * ramp(agreement, rho)
        cell = weights[:, None] * weights[None, :] if self.pairwise else weights
        small, middle, large = (int(size) for size in instance["encoders"])
        count = len(scores)
        return {
            "weights": weights,
            "cell": cell.ravel(),
            "loss": loss,
            "flat": loss.reshape(count, -1),
            "scores": scores.reshape(count, -1),
            "wrong": (agreement <= 0).reshape(count, -1),
            "weight": weight.ravel(),
            "omega": omega,
            "rho": rho,
            "scale": scale,
            "encoder": np.arange(count) % (count // int(instance["heads"])),
            "N": small,
            "M": middle,
            "full": large,
        }

    def _samples(self, weights: np.ndarray, rng: Rng) -> tuple[np.ndarray, np.ndarray]:
        """Return all samples of n letters and their probabilities."""
        words = sequences(len(weights), self.n)
        return words, product_law(weights, words)

    def _empirical(self, loss: np.ndarray, words: np.ndarray) -> np.ndarray:
        """Return the empirical risk of each function on each sample."""
        if not self.pairwise:
            return np.asarray(loss[:, words].sum(axis=2) / self.n)
        return over_pairs(loss, words)

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return risks, deviations and complexities on each sample."""
        t = self._tables(instance, exact=exact)
        weights, flat, encoder = t["weights"], t["flat"], t["encoder"]
        words, chance = self._samples(weights, rng)
        risk = (flat * t["cell"]).sum(axis=1)
        empirical = self._empirical(t["loss"], words)
        members = {name: encoder < t[name] for name in ("N", "M", "full")}
        slack = t["scale"] * int(instance["slack"]) / 8
        found = {name: minimiser(empirical, risk, members[name], slack) for name in ("N", "M")}
        columns = np.arange(empirical.shape[1])
        best = {name: _best(risk, members[name]) for name in members}
        star = best["full"]
        deviation = risk[:, None] - empirical
        dev_minus = maximum(deviation[members["M"]], axis=0)
        dev_plus = maximum(-deviation[members["full" if self.context == "published" else "M"]], axis=0)
        atoms: dict[str, Any] = {
            "r_star": risk[star],
            "rhat_star": empirical[star],
            "dev_minus": dev_minus,
            "dev_plus": dev_plus,
            "Edev_n": (chance * dev_minus).sum(),
            "EPhi_n": (chance * dev_minus).sum(),
            "rho": t["rho"],
        }
        for name in ("N", "M"):
            chosen, smallest = found[name]
            heads = _best_heads(risk, encoder)[chosen]
            atoms |= {
                f"r_{name}": risk[chosen],
                f"rhat_{name}": empirical[chosen, columns],
                f"best_head_{name}": heads,
                f"eta_{name}": heads - risk[star],
                f"excess_{name}": risk[chosen] - heads,
                f"dev_{name}": deviation[chosen, columns],
                f"eps_opt_{name}": empirical[chosen, columns] - smallest,
                f"infhat_{name}": smallest,
                f"inf_{name}": risk[best[name]],
                f"rhat_best_{name}": empirical[best[name]],
                f"dev_best_{name}": -deviation[best[name]],
            }
        atoms["eps_opt"] = atoms["eps_opt_M"]
        atoms["gamma"] = atoms["eta_M"] - atoms["eta_N"]
        atoms["Lhat_M"] = atoms["rhat_M"] - empirical[star]
        atoms["Delta"] = risk[best["N"]] - risk[best["M"]]
        atoms["eta_star_N"] = risk[best["N"]] - risk[star]
        atoms |= self._future(instance, atoms, risk, empirical, deviation, members["M"])
        atoms |= self._phi(atoms, deviation, members, best)
        atoms |= self._expectations(t, members, risk, exact=exact, rng=rng)
        if self.context in ("any", "single"):
            atoms |= self._spoken_of(instance, t, risk, empirical, deviation, members["M"])
        atoms |= constants(exact=exact, n=self.n, m=self.m)
        return {name: np.asarray(value) for name, value in atoms.items()}, chance

    def _future(self, instance, atoms, risk, empirical, deviation, members) -> Atoms:
        """Return what speaks of a function fixed in advance."""
        first = int(instance["start"])
        return {
            "r_0": risk[first],
            "rhat_0": empirical[first],
            "r_future": atoms["r_M"],
            "dev_f": deviation[first],
            "dev_future": maximum(deviation[members], axis=0) - deviation[first],
        }

    def _phi(self, atoms, deviation, members, best) -> Atoms:
        """Return Phi, as the context has it."""
        minus = {name: maximum(deviation[members[name]], axis=0) for name in members}
        value = {
            "any": minus["M"],
            "single": deviation[0],
            "both": minus["M"] + maximum(-deviation[members["M"]], axis=0),
            "truth": minus["M"] - deviation[best["full"]],
            "published": minus["M"],
            "lower": minus["N"] - deviation[best["M"]],
            "upper": minus["M"] - deviation[best["N"]],
            "population": minus["M"] - deviation[best["M"]],
            "future": atoms["dev_future"],
        }[self.context]
        return {"Phi_n": value, "Phi_m": value}

    def _spoken_of(self, instance, t, risk, empirical, deviation, members) -> Atoms:
        """Return the risks of one f that may depend on the sample: where the deviation is largest, or the minimiser."""
        if int(instance["spoken"]):
            worst = np.argmax(np.where(members[:, None], deviation, -(10**6)), axis=0)
        else:
            worst = minimiser(empirical, risk, members, 0)[0]
        columns = np.arange(empirical.shape[1])
        error = (t["wrong"] * t["cell"]).sum(axis=1)
        weighted = (t["wrong"] * (t["cell"] * t["weight"])).sum(axis=1)
        return {
            "r_M": risk[worst],
            "rhat_M": empirical[worst, columns],
            "rhat_ramp": empirical[worst, columns],
            "rhat_ramp_w": empirical[worst, columns],
            "err_M": error[worst],
            "err_weighted": weighted[worst],
            "omega_pos": t["omega"][0],
            "omega_neg": t["omega"][1],
        }

    def _terms(self, cell: np.ndarray, rng: Rng) -> tuple[np.ndarray, np.ndarray, Sequence[np.ndarray]]:
        """Return all choices of m independent terms, their probabilities, and all signs for them."""
        words = sequences(len(cell), self.m)
        return words, product_law(cell, words), list(signs(self.m))

    def _expectations(self, t, members, risk, *, exact: bool, rng: Rng) -> Atoms:
        """Return expected deviations and complexities over m independent terms."""
        words, chance, drawn = self._terms(t["cell"], rng)
        own = members["N" if self.context == "lower" else "M"]
        mean = t["flat"][:, words].sum(axis=2) / self.m
        below = maximum((risk[:, None] - mean)[own], axis=0)
        other = members["full" if self.context == "published" else "M"]
        above = maximum((mean - risk[:, None])[other], axis=0)

        def complexity(table: np.ndarray, part: np.ndarray) -> Any:
            return rademacher(table[part][:, words], chance, exact=exact, drawn=drawn)

        spread = t["flat"].max() - t["flat"].min()
        return {
            "Edev_m": (chance * below).sum(),
            "Edev_plus": (chance * above).sum(),
            "EPhi_m": (chance * (below + above)).sum() if self.context == "both" else (chance * below).sum(),
            "Rad_loss": complexity(t["flat"], own),
            "R_M": complexity(t["scores"], members["M"]),
            "R_N": complexity(t["scores"], members["N"]),
            "R_full": complexity(t["scores"], members["full"]),
            "L": t["scale"] * t["omega"].max() / t["rho"],
            "C": spread if spread > 0 else t["scale"],
            "c": spread if spread > 0 else t["scale"],
        }


def _best(risk: np.ndarray, members: np.ndarray) -> int:
    return int(np.flatnonzero(members)[np.argmin(risk[members])])


def _best_heads(risk: np.ndarray, encoder: np.ndarray) -> np.ndarray:
    """Return, for each function, the smallest risk of a function with the same encoder."""
    result = np.empty_like(risk)
    for value in np.unique(encoder):
        same = encoder == value
        result[same] = risk[same].min()
    return result
