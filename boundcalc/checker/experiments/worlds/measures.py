"""Laws on few models or values: a posterior beside its prior, tables of independent variables, tails of every shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import sympy

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import constants, cumulants, law, words_and_chances
from boundcalc.checker.experiments.worlds.numbers import logarithm, numbers, root, scaled, sequences

__all__ = ["IndependentVariables", "Measures", "PosteriorMeans", "Tails"]


def divergence(posterior: np.ndarray, prior: np.ndarray, *, exact: bool) -> np.ndarray:
    """Return the relative entropy of laws along the first axis."""
    ratio = np.where(posterior > 0, posterior / prior, posterior + 1)
    return np.asarray(scaled(posterior, logarithm(ratio, exact=exact), exact=exact).sum(axis=0))


@dataclass(frozen=True)
class Measures(Enumerable):
    """A prior and a posterior on a few models, and a function g of the model: log 2 times a whole number."""

    models: int = 3

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return weights and values; in some instances the posterior is the prior tilted by e^g."""
        prior, g = rng.integers(1, 6, (size, self.models)), rng.integers(0, 6, (size, self.models))
        posterior = rng.integers(0, 9, (size, self.models))
        posterior[:, 0] += 1
        tilted = rng.random(size) < 0.3
        posterior[tilted] = (prior << g)[tilted]
        return {"prior": prior, "posterior": posterior, "g": g - rng.integers(0, 6, (size, 1))}

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the posterior mean, the divergence, and the logarithm of the prior mean of the exponential."""
        prior, posterior = (law(instances[name], exact=exact) for name in ("prior", "posterior"))
        g = numbers(instances["g"], exact=exact)
        two = numbers(2, exact=exact)[()]
        return {
            "G_rho": scaled((posterior * g).sum(axis=1), sympy.log(2) if exact else np.log(2), exact=exact),
            "KL": divergence(posterior.T, prior.T, exact=exact),
            "log_prior": logarithm((prior * two**g).sum(axis=1), exact=exact),
        }


@dataclass(frozen=True)
class PosteriorMeans(SampleSpace):
    """m i.i.d. letters, models with losses 0, 1, 2, a prior, and a posterior that looks: on the luckiest, or spread towards it.

    The function g of a model is m kl(rhat/C, r/C), or Catoni's with lam = log(base).
    """

    of: Literal["kl", "catoni"] = "kl"
    m: int = 3
    letters: int = 3

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return a population, losses (in some instances wrong on one letter each), prior, spread and base."""
        q = rng.integers(0, 3, (3, self.letters))
        if number % 2:
            q = 2 * (np.arange(3)[:, None] % self.letters == np.arange(self.letters))
        return {
            "weights": rng.integers(1, 6, self.letters),
            "q": q,
            "prior": rng.integers(1, 5, 3),
            "spread": rng.integers(0, 3),
            "base": rng.choice([2, 3, 9]),
        }

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return risks of a model drawn from the posterior, and what they are compared with, on each sample."""
        shares, words, chance = words_and_chances(instance["weights"], self.m, exact=exact)
        q, prior = numbers(instance["q"], exact=exact) / 2, law(instance["prior"], exact=exact)
        risk, seen = (q * shares).sum(axis=1), q[:, words].sum(axis=2) / self.m
        lucky = np.argmax(np.round((risk[:, None] - seen).astype(float), 9), axis=0)
        posterior = numbers(np.broadcast_to(instance["spread"], seen.shape).copy(), exact=exact)
        posterior[lucky, np.arange(len(words))] += 4
        posterior = posterior / posterior.sum(axis=0)
        base = numbers(instance["base"], exact=exact)[()]
        lam = logarithm(np.asarray(base), exact=exact)
        truth = np.broadcast_to(risk[:, None], seen.shape)
        if self.of == "kl":
            halves = [_part(side, true, exact=exact) for side, true in ((seen, truth), (1 - seen, 1 - truth))]
            g = (halves[0] + halves[1]) * self.m
        else:
            g = (-logarithm(1 - (1 - 1 / base) * truth, exact=exact) - scaled(seen, lam, exact=exact)) * self.m
        grown = _exponential(g, exact=exact)
        mean = scaled(grown, prior[:, None], exact=exact).sum(axis=0)
        return {
            **dict.fromkeys(("gain_rho", "tilt_rho"), scaled(posterior, g, exact=exact).sum(axis=0)),
            "r_rho": (posterior * risk[:, None]).sum(axis=0),
            "rhat_rho": (posterior * seen).sum(axis=0),
            "KL": divergence(posterior, prior[:, None], exact=exact),
            **dict.fromkeys(("log_prior", "log_gain"), logarithm(mean, exact=exact)),
            **dict.fromkeys(("E_gain", "E_tilt"), np.asarray(scaled(mean, chance, exact=exact).sum())),
            "lam": lam,
            **constants(exact=exact, C=1, m=self.m, n=2 * self.m),
        }, chance


def _part(share: np.ndarray, true: np.ndarray, *, exact: bool) -> np.ndarray:
    """Return share log(share/true), 0 where the share is."""
    ratio = np.where(share > 0, share, 1) / np.where(share > 0, true, 1)
    return scaled(share, logarithm(ratio, exact=exact), exact=exact)


def _exponential(array: np.ndarray, *, exact: bool) -> np.ndarray:
    if not exact:
        return np.asarray(np.exp(array))
    grown = [sympy.exp(sympy.expand_log(item, force=True)).rewrite(sympy.Pow) for item in array.ravel()]
    return np.array(grown, dtype=object).reshape(array.shape)


@dataclass(frozen=True)
class IndependentVariables(SampleSpace):
    """A table of a few independent letters of different laws: any, or a sum of steps of different sizes."""

    n: int = 2
    letters: int = 3

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return laws, a table with values 0 to 5, and lam = log(1 + 1/k)."""
        words = sequences(self.letters, self.n)
        table = rng.integers(0, 6, len(words))
        weights = rng.integers(1, 6, (self.n, self.letters))
        if number % 3 == 0:
            table = (words > 0) @ rng.integers(1, 4, self.n)
            weights = np.ones_like(weights)
            weights[:, 0] = self.letters - 1
        return {"weights": weights, "table": table, "k": rng.integers(1, 60)}

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the function on each word, its exponential moment, and the squares of the changes."""
        shares, words = law(instance["weights"], exact=exact), sequences(self.letters, self.n)
        chance = np.multiply.reduce(shares[np.arange(self.n), words], axis=1)
        table = numbers(instance["table"], exact=exact)
        cube = table.reshape((self.letters,) * self.n)
        changes = [np.max(np.max(cube, axis=i) - np.min(cube, axis=i)) for i in range(self.n)]
        base = np.asarray(1 + 1 / numbers(instance["k"], exact=exact))
        return {
            "Phi_f": table,
            "EPhi_f": np.asarray((table * chance).sum()),
            "c_squares": np.asarray(sum(change**2 for change in changes)),
            **cumulants(base, 1, {"cgf_Phi": table}, chance, exact=exact),
        }, chance


@dataclass(frozen=True)
class Tails(SampleSpace):
    """A variable with whole values, and the least scales of its tails beyond its second smallest value a."""

    values: int = 5

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return the smallest value, steps and weights: any, or those of a fine tail of one of both shapes."""
        steps, weights = rng.integers(1, 5, self.values), rng.integers(1, 9, self.values)
        if number % 3:
            steps[1:], places = 1, np.arange(self.values) * (2.5 if number % 3 == 1 else 5) / self.values
            kept = np.exp(-(places ** (2 if number % 3 == 1 else 1)))
            weights = np.rint(1e7 * (kept - np.append(kept[1:], 0))).astype(int)
        return {"low": rng.integers(0, 4), "steps": steps, "weights": np.append(max(1, weights.sum() // 50), weights)}

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return each value with its chance, and the scales."""
        chance = law(instance["weights"], exact=exact)
        values = numbers(int(instance["low"]) + np.append(0, np.cumsum(instance["steps"])), exact=exact)
        excess = values[1:] - values[1]
        logs = -logarithm(np.cumsum(chance[::-1])[::-1][2:], exact=exact)

        def least(power: int) -> np.ndarray:
            scale = scaled(excess[1:] ** power, 1 / logs, exact=exact)
            return np.asarray(scale[np.argmax(scale.astype(float))])

        return {
            **dict.fromkeys(("Z_tail", "size"), values),
            **dict.fromkeys(("E_tail", "E_size"), np.asarray((values * chance).sum())),
            "E_excess": np.asarray((excess * chance[1:]).sum()),
            "a_tail": np.asarray(values[1]),
            "b_tail": root(least(2), exact=exact),
            "b_slow": least(1),
        }, chance
