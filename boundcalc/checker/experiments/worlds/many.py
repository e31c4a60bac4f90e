"""Thousands of terms, with laws that are known through one count: tails down to 1e-200, suprema in closed form.

Each world knows part of the symbols that the small worlds of an experiment know; a statement on others passes it by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import comb
from typing import Any, ClassVar

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import constants, sign_sum, walk
from boundcalc.checker.experiments.worlds.matrices import floats, square_root
from boundcalc.checker.experiments.worlds.numbers import logarithm, numbers, root, scaled

__all__ = [
    "Certified",
    "Counted",
    "EqualSigns",
    "EqualTerms",
    "FirstHalf",
    "FirstLetters",
    "LargestSum",
    "OneCount",
    "Posterior",
    "TwoSigns",
    "ones_law",
    "share_of",
]

_SIZES = (60, 400, 2000, 3000)


def ones_law(count: int, hits: int, parts: int = 8, *, exact: bool) -> np.ndarray:
    """Return the law of the number of ones among independent terms, each a one with so many hits of the parts."""
    if not exact:
        from scipy.stats import binom

        return np.asarray(binom.pmf(np.arange(count + 1), count, hits / parts))
    rises, falls = ([1, *accumulate([base] * count, int.__mul__)] for base in (hits, parts - hits))
    ways = accumulate(range(1, count + 1), lambda way, k: way * (count - k + 1) // k, initial=1)
    return np.array(
        [Fraction(way * rises[k] * falls[count - k], parts**count) for k, way in enumerate(ways)], dtype=object
    )


def _walks(most: int, *, exact: bool) -> np.ndarray:
    """Return E|sum of k signs| for k = 0, ..., most."""
    return np.array([walk(k) for k in range(most + 1)], dtype=object if exact else float)


def _mean_walk(count: int, hits: int, parts: int = 8, *, exact: bool) -> Any:
    """Return E|sum of signs|/count over the terms that are ones."""
    return (ones_law(count, hits, parts, exact=exact) * _walks(count, exact=exact)).sum() / count


def _spread(count: int, eighths: int, *, exact: bool) -> Any:
    """Return the mean absolute deviation of the share of ones."""
    share = numbers(eighths, exact=exact)[()] / 8
    ones = numbers(np.arange(count + 1), exact=exact)
    return (ones_law(count, eighths, exact=exact) * np.abs(share - ones / count)).sum()


class Counted(SampleSpace):
    """A world of m terms, each of which is a one with a chance of so many eighths."""

    many: ClassVar[bool] = True
    most: ClassVar[int] = 4

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return the number of terms, the chance of a one in eighths, and the base 1 + 1/k of exponential moments."""
        return {"m": _SIZES[number], "eighths": (4, 2, 4, 1)[number], "k": (3, 8, 12, 16)[number]}


class Certified(Counted):
    """The same, with what is certified at a share of delta."""

    levels: ClassVar[tuple[Fraction, ...]] = tuple(
        Fraction(1, parts) for parts in (2, 20, 10**3, 10**6, 10**12, 10**60)
    )


def share_of(instance: Instance) -> Fraction:
    """Return the share of delta at which an instance's certificates are made."""
    return Fraction(*(int(item) for item in instance["share"]))


@dataclass(frozen=True)
class OneCount(Counted):
    """m tuples of ``order`` rows; q is the value of a tuple's first row, so that its mean over all tuples is that of the rows.

    The class has q alone (``single``; ``lower`` where it is F_N), or q and 1 - q, which is as often right as q is wrong. Phi
    is what the contexts of learning say of it: sup_f (r - rhat) with q or 1 - q as the function it is compared with.
    """

    context: str = "single"
    order: int = 2

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return deviations, risks and complexities by the number of ones among the rows."""
        m, eighths = int(instance["m"]), int(instance["eighths"])
        rows = m * self.order
        share = numbers(eighths, exact=exact)[()] / 8
        seen = numbers(np.arange(rows + 1), exact=exact) / rows
        gap = share - seen
        alone = self.context in ("single", "lower")
        far = gap if alone else np.abs(gap)
        expected = share * 0 if alone else _spread(m, eighths, exact=exact)
        sides = 2 if self.context == "both" else 1
        phi = {"single": gap, "any": far, "published": far, "both": 2 * far, "lower": 2 * gap}.get(
            self.context, far + gap
        )
        rademacher = numbers(0, exact=exact)[()] if alone else sign_sum(m, exact=exact)[()] / (2 * m)
        base = numbers(instance["k"], exact=exact)[()]
        base = 1 + 1 / base
        rate = logarithm(np.asarray(base), exact=exact)

        def cgf(power: int) -> Any:
            moment = logarithm(np.asarray(1 - share + share / base**power), exact=exact)
            return np.asarray(
                share + scaled(moment, self.order / power / scaled(rate, self.order, exact=exact), exact=exact)
            )

        names: dict[str, Any] = {
            **dict.fromkeys(("dev_f", "dev_J", "dev_shell", "dev_model", "Phi_f"), gap),
            **dict.fromkeys(("dev_minus", "E_op"), np.abs(gap) if self.context == "error" else far),
            "dev_plus": -gap if alone else far,
            **dict.fromkeys(("Phi_n", "Phi_m", "Phi_h", "Phi_g", "dev_future"), phi),
            **dict.fromkeys(
                ("r_M", "r_0", "r_rho", "r_mix", "L_un"), share if alone else np.where(gap < 0, 1 - share, share)
            ),
            **dict.fromkeys(
                ("rhat_M", "rhat_0", "rhat_ramp", "rhat_ramp_w", "rhat_holdout", "rhat_mix", "rhat_rho", "Lhat_un"),
                seen if alone else np.where(gap < 0, 1 - seen, seen),
            ),
            **dict.fromkeys(("Edev_m", "Edev_plus", "Edev_h", "Edev_g"), expected),
            **dict.fromkeys(("EPhi_m", "EPhi_n"), expected * sides),
            **dict.fromkeys(("R_M", "R_N", "R_full", "Rad_loss", "R_H", "R_G"), rademacher),
            **dict.fromkeys(("cgf_f", "cgf_n", "cgf_Phi"), cgf(1)),
            "cgf_m": cgf(self.order),
            "lam": scaled(rate, rows, exact=exact),
            "cell_distance": 2 * np.abs(gap),
            "c_squares": 1 / numbers(rows, exact=exact),
            "var_f": share * (1 - share),
            "var_hat": seen * (1 - seen) * rows / (rows - 1),
            "EPhi_f": share * 0,
        }
        if self.context == "any":  # q at two samples, term by term, differs with chance 2 p (1 - p), either way
            ghost = _mean_walk(m, 2 * eighths * (8 - eighths), 64, exact=exact)
            names |= dict.fromkeys(("Edev_ghost", "Edev_signed"), ghost)
        return names | self._constants(rows, m, exact=exact), ones_law(rows, eighths, exact=exact)

    def _constants(self, rows: int, m: int, *, exact: bool) -> Atoms:
        """Return sizes; ranges, slopes and prices that are 1; errors and distances that are 0."""
        sizes = dict.fromkeys(("n", "n_h", "n_t", "n_2", "n_u", "n_pos", "n_neg"), rows) | {"m": m, "order": self.order}
        ones: tuple[str, ...] = (
            "C",
            "c",
            "L",
            "J",
            "prior_f",
            "K_grid",
            "rho",
            "omega_pos",
            "omega_neg",
            "D_y",
            "B_x",
            "s",
            "mu",
        )
        ones += ("B", "B_a", "B_b", "d_a", "d_b", "v", "B_l")
        halves = {"M_w": numbers(rows, exact=exact) / 2}
        none = dict.fromkeys(("KL", "Edev_model", "beta", "E_shell", "eps_opt"), 0)
        return constants(exact=exact, kc=2, **sizes, **dict.fromkeys(ones, 1), **none) | halves


@dataclass(frozen=True)
class Posterior(Counted):
    """One model on m terms, prior and posterior at once: its risk compared with its mean, by kl or by Catoni's function."""

    of: str = "kl"
    most: ClassVar[int] = 2

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return smaller numbers of terms: entropies are dear."""
        return {**super().instance(rng, number), "m": (60, 1000)[number]}

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the two sides of the inequalities that a mean of exponentials gives, by the number of ones."""
        m, eighths = int(instance["m"]), int(instance["eighths"])
        share, seen = numbers(eighths, exact=exact)[()] / 8, numbers(np.arange(m + 1), exact=exact) / m
        chance = ones_law(m, eighths, exact=exact)
        base = 1 + 1 / numbers(instance["k"], exact=exact)[()]
        rate = logarithm(np.asarray(base), exact=exact)
        if self.of == "kl":
            logs = [
                scaled(m * part, logarithm(np.where(part > 0, part, 1) / true, exact=exact), exact=exact)
                for part, true in ((seen, share), (1 - seen, 1 - share))
            ]
            gain = logs[0] + np.where(seen < 1, logs[1], 0 * logs[1])
            mean = sum(comb(m, k) * Fraction(k, m) ** k * Fraction(m - k, m) ** (m - k) for k in range(m + 1))
            grown: Any = mean if exact else float(mean)
        else:
            gain = -m * (
                logarithm(np.asarray(1 - (1 - 1 / base) * share), exact=exact) + scaled(seen, rate, exact=exact)
            )
            grown = numbers(1, exact=exact)[()]
        return {
            **dict.fromkeys(("gain_rho", "tilt_rho", "log_gain", "log_prior"), gain),
            **dict.fromkeys(("E_gain", "E_tilt"), np.asarray(grown)),
            **dict.fromkeys(("r_rho", "L_un"), share),
            **dict.fromkeys(("rhat_rho", "Lhat_un"), seen),
            "lam": rate,
            **constants(exact=exact, C=1, B_l=1, KL=0, m=m, n_t=m, n=2 * m),
        }, chance


@dataclass(frozen=True)
class FirstHalf(Counted):
    """Matchings of two halves with m rows each, where a pair is misjudged because of its row in the first half.

    The matching mean is (1 - kappa)^K with K bad rows there, and so is what transport says of it.
    """

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return what certificates speak of, by the number of bad rows."""
        m, eighths = int(instance["m"]), int(instance["eighths"])
        share, kappa = (numbers(eighths, exact=exact)[()] / 8, numbers(1, exact=exact)[()] / 8)
        bad = numbers(np.arange(m + 1), exact=exact)
        logs = [logarithm(np.asarray(part), exact=exact) for part in (1 - kappa, 1 - kappa * share)]
        value = -scaled(bad / m, logs[0], exact=exact)
        return {
            **dict.fromkeys(("r_0", "r_rho", "err_slack", "miss_order", "y_gain"), share),
            **dict.fromkeys(("h_match", "size"), np.array([(1 - kappa) ** k for k in range(m + 1)], dtype=bad.dtype)),
            "a_match": 1 - kappa * share,
            **dict.fromkeys(("E_match", "E_size"), (1 - kappa * share) ** m),
            "T_h": value,
            **dict.fromkeys(("tilt_rho", "log_prior"), -m * (value + logs[1])),
            "kappa": kappa,
            **constants(exact=exact, C=1, J=1, E_tilt=1, KL=0, m=m, n_h=2 * m, N_h=m, n=2 * m),
        }, ones_law(m, eighths, exact=exact)


@dataclass(frozen=True)
class EqualTerms(Counted):
    """m pairs whose difference is either 0 or one and the same unit vector: complexities are walks of so many signs.

    The class has a threshold too (``cut``), or is one of linear functions only.
    """

    order: int = 2
    cut: bool = True

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return complexities given the pairs and on average, by the number of differences that are not 0."""
        m, eighths = int(instance["m"]), int(instance["eighths"])
        chance = ones_law(m, eighths, exact=exact)
        count = numbers(np.arange(m + 1), exact=exact)
        walks = _walks(m, exact=exact)
        share = numbers(eighths, exact=exact)[()] / 8
        mean: Any = floats(_mean_walk(m, eighths, exact=exact), exact=exact)[()]
        roots = square_root(count, exact=exact)
        level: Any = sign_sum(m, exact=exact)[()] / (2 * m)
        radii = (
            "S_frobenius",
            "S_nuclear",
            "S_column",
            "S_fourth",
            "S_group",
            "S_kernel",
            "S_maximum",
            "S_operator",
            "S_abs",
        )
        return {
            "Rhat_metric": walks / (2 * m),
            "Rhat": walks / (2 * m) + level,
            "Rad_metric": mean / 2,
            "Rad_threshold": level,
            "R_M": mean / 2 + floats(level, exact=exact)[()] if self.cut else mean / 2,
            "Rad_loss": mean / 4,
            "Rad_abs": mean,
            "Edev_abs": _spread(m, eighths, exact=exact),
            "sign_sum": 2 * m * level,
            **dict.fromkeys(radii, mean),
            "S_root": (roots * floats(chance, exact=exact)).sum() / m,
            "S_square": m * share,
            **dict.fromkeys(("u4_mean", "k_mean"), share),
            **dict.fromkeys(("u_fourth", "u_operator", "u_coordinate", "u_column", "u_group", "gram_trace"), count),
            "u_root_trace": roots,
            "kappa_M": (root(np.asarray(share), exact=exact) + 1) / 2,
            "kappa_0": (root(np.asarray(share), exact=exact) + 1) / 2,
            "radius": numbers(1, exact=exact) / 2,
            "p_group": numbers(4, exact=exact) / 3,
            **dict.fromkeys(
                ("B", "b_k", "B_k", "kap", "s", "B_x", "B_psi", "Lam", "lam_max", "tau", "t_max"), share * 0 + 1
            ),
            **dict.fromkeys(("g_M", "d_M", "K", "q", "L", "w_pull", "w_push", "lam"), share * 0 + 1),
            **constants(exact=exact, p=2, lam_min=0, t_min=0, m=m, n=self.order * m, n_t=m, n_2=m),
        }, chance


@dataclass(frozen=True)
class TwoSigns(Counted):
    """S draws of the signs of two equal pairs, whose sum is 0 as often as not."""

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the Monte-Carlo mean by the number of draws in which the signs agree."""
        draws = int(instance["m"])
        agreed = numbers(np.arange(draws + 1), exact=exact) / draws
        fixed = constants(exact=exact, S=draws, W=1, m=2, n=4, Lam=2, B=1)
        return {"Rhat_mc": agreed, "Rhat_metric": fixed["W"] / 2, **fixed}, ones_law(draws, 4, exact=exact)


@dataclass(frozen=True)
class LargestSum(Counted):
    """The largest partial sum of m signs, by reflection; sets of two opposite vectors, or of all initial segments."""

    segments: bool = False

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the largest sum with its law, and the averages of the sets."""
        m = int(instance["m"])
        ways = ones_law(m, 4, exact=exact)
        chance = np.array([ways[(m + top + 1) // 2] for top in range(m + 1)], dtype=ways.dtype)
        top = numbers(np.arange(m + 1), exact=exact)
        half, mean = sign_sum(m, exact=exact)[()] / m, (chance * top).sum()
        base = 1 + 1 / numbers(instance["k"], exact=exact)[()]
        rate = logarithm(np.asarray(base), exact=exact)
        grown = logarithm(np.asarray(numbers(2, exact=exact)), exact=exact) + scaled(
            logarithm(np.asarray((base + 1 / base) / 2), exact=exact), m, exact=exact
        )
        entropy = root(logarithm(np.asarray(numbers(2, exact=exact)), exact=exact), exact=exact)
        sums = scaled(entropy, numbers(3, exact=exact) / 4, exact=exact)
        many = m + 1 if self.segments else 2
        return {
            "S_most": top,
            "walk_max": mean,
            "walks_max": mean,
            "walk_end": half * m,
            "walk_up": (1 - (ways[m // 2] if m % 2 == 0 else 0 * half)) / 2,
            **dict.fromkeys(("Rad_A", "Rad_cover", "Rad_links"), 2 * mean / m if self.segments else half),
            **dict.fromkeys(("Rad_loss", "R_vec"), half),
            "R_M": half / 2,
            "cgf_A": scaled(grown, 1 / scaled(rate, m, exact=exact), exact=exact),
            "lam": rate if self.segments else scaled(rate, m, exact=exact),
            "rho_A": root(np.asarray(numbers(m, exact=exact)), exact=exact),
            **dict.fromkeys(("chain_sum", "entropy_integral"), sums),
            **constants(
                exact=exact, m=m, n=2 * m, card_A=many, N_cover=many, growth=many, binomials=many,
                d_vc=1, C=1, K=1, L=1, v_most=m, eps_cover=0, eps_0=2, levels=2,
            ),
        }, chance  # fmt: skip


@dataclass(frozen=True)
class EqualSigns(Counted):
    """m letters, or examples in one view, with one and the same unit feature vector: lengths are absolute sums of signs."""

    order: int = 2

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return complexities of the unit ball, the chaos of order two, and the signed Gram matrix."""
        m = int(instance["m"])
        signs = 2 * numbers(np.arange(m + 1), exact=exact) - m
        chaos = (ones_law(m, 4, exact=exact) * np.abs(signs * signs - m)).sum() / 2
        end = floats(sign_sum(m, exact=exact), exact=exact)[()]
        grams = end * root(np.asarray(numbers(m, exact=exact)), exact=exact)
        ones = dict.fromkeys(("radius", "kap", "kernels", "alpha_A", "beta_u"), 1)
        return {
            "R_M": end / m,
            "U_chaos": np.asarray(chaos / m),
            "signed_grams": np.asarray(grams),
            "Rhat_n": np.asarray(grams / m),
            **constants(exact=exact, m=m, n=self.order * m, q_views=m * m, **ones),
        }, numbers([1], exact=exact)


@dataclass(frozen=True)
class FirstLetters(Counted):
    """A function of the first letter of a pair, with either sign, in 2m letters; psi is the identity."""

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return expected suprema over all pairs, and over m disjoint ones."""
        m, eighths = int(instance["m"]), int(instance["eighths"])
        whole, half = (np.asarray(_spread(count, eighths, exact=exact)) for count in (2 * m, m))
        return {
            **dict.fromkeys(("E_psi_U", "E_psi_perm", "Edev_n", "EPhi_n"), whole),
            **dict.fromkeys(("E_psi_mean_sup", "E_mean_psi", "E_psi_m", "Edev_m", "EPhi_m"), half),
            **constants(exact=exact, m=m, n=2 * m),
        }, numbers([1], exact=exact)
