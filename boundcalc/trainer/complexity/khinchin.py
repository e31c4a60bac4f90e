r"""E|sum_i sigma_i v_i| for random signs: a high-accuracy value inside a certified interval.

For X = sum_i sigma_i v_i with characteristic function phi(t) = prod_i cos(t v_i) and any step h > 0,

.. math:: |x| \ge \frac{\pi}{2h} - \frac{4}{\pi h} \sum_{j\ \mathrm{odd}} \frac{\cos(jhx)}{j^2},

with equality for |x| <= pi/h (the Fourier series of the triangle wave). With pi/h = 9.6 standard deviations the part
beyond is below 1e-18 and a dozen terms give all digits, unless phi returns: heavy rows keep it from decaying and
values on a lattice make it periodic. Both are met by bounding |phi| term by term and evaluating directly whatever is
not negligible. What lies beyond the last term is caught by smoothing: E|X| <= E|X + eps G| for a standard normal G,
whose terms carry exp(-eps^2 t^2/2), and E|X + eps G| - E|X| is at most 2 eps E g(X/eps), g the normal density, which
is another sum of the same terms. The interval is therefore certified whatever v is, rounding included.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from boundcalc.frozen import Frozen
from boundcalc.language.arguments import Problems
from boundcalc.trainer.risk.threads import available_threads, map_blocks

__all__ = ["AbsoluteMean", "mean_absolute_sign_sum", "mean_absolute_sum"]

Array = NDArray[np.float64]
T = TypeVar("T")

ENUMERATED = 22  # meet in the middle: 2^11 sums on each side
DIRECT_ROWS = 4000  # below, cosines are cheaper than being clever
TERMS = 1000  # odd frequencies that are looked at
NEGLIGIBLE = 1e-15  # of |phi|/j^2
REACH = 9.6  # pi/h in standard deviations
LATTICE_TERMS = 20_000
_OUTWEIGHED = 1 / 8.5**2
_INFINITE = np.array(np.inf).view(np.uint64)
# sum_{k>=5} a_k x^(2k) <= 0.00333 x^10 for |x| <= 1, where -ln cos x = sum a_k x^(2k)
_REMAINDER = 0.00333


@dataclass(frozen=True)
class AbsoluteMean(Frozen):
    """E|sum_i sigma_i v_ik| for each column k.

    Attributes
    ----------
    value : ndarray of shape (g,)
        High accuracy; always inside the interval.
    lower, upper : ndarray of shape (g,)
        Certified, rounding included.
    method : tuple of str
        How each column was computed: ``zero``, ``dominated``, ``enumeration``, ``lattice``, ``series`` or
        ``cosines``.
    """

    value: Array
    lower: Array
    upper: Array
    method: tuple[str, ...]


def mean_absolute_sign_sum(m: int) -> float:
    """Return E|sigma_1 + ... + sigma_m| = 2 ceil(m/2) C(m, ceil(m/2)) / 2^m.

    Examples
    --------
    >>> [mean_absolute_sign_sum(m) for m in (1, 2, 3, 4)]
    [1.0, 1.0, 1.5, 1.5]
    """
    k = (m + 1) // 2
    if m <= 2000:
        return 2 * k * math.comb(m, k) / 2**m
    # E|S_(2k-1)| = E|S_2k| = 2k C(2k, k)/4^k, by its asymptotic series in 1/k.
    x = 1.0 / k
    series = 1 - x / 8 + x**2 / 128 + 5 * x**3 / 1024 - 21 * x**4 / 32768 - 399 * x**5 / 262144
    return 2.0 * math.sqrt(k / math.pi) * series


def mean_absolute_sum(values: Array) -> AbsoluteMean:
    """Return E|sum_i sigma_i v_ik| for every column, sigma uniform random signs.

    Parameters
    ----------
    values : ndarray of shape (m, g)
        Nonnegative and finite, of any scale.

    Returns
    -------
    AbsoluteMean

    Raises
    ------
    InvalidInputError
        If the values are not finite, not nonnegative or not a matrix.

    Examples
    --------
    >>> import numpy as np
    >>> result = mean_absolute_sum(np.ones((4, 1)))
    >>> float(result.value[0]), result.method
    (1.5, ('enumeration',))
    """
    values = np.asarray(values, dtype=float)
    problems = Problems("E|sum sigma v|")
    if problems.require(
        values.ndim == 2 and values.shape[0] >= 1, f"values of shape {values.shape}: expected (m, g), m >= 1"
    ):
        moments = _moments(values)
        problems.require(
            bool(np.isfinite(moments.largest).all() and moments.smallest >= 0), "values: expected finite numbers >= 0"
        )
    problems.raise_if_any()
    g, largest = values.shape[1], moments.largest
    value, lower, upper = np.zeros(g), np.zeros(g), np.zeros(g)
    method = ["zero"] * g
    rest = []
    for k in np.flatnonzero(largest > 0).tolist():
        exact = _small_or_lattice(values[:, k], float(largest[k]))
        if exact is None:
            rest.append(k)
            continue
        value[k], allowance, method[k] = exact
        lower[k], upper[k] = value[k] * (1 - allowance), value[k] * (1 + allowance)
    if rest:
        index = np.array(rest)
        tame = bool((largest[index] < 1e20).all() and (largest[index] > 1e-20).all())
        scale = np.ones(index.size) if tame else largest[index]
        columns = values if index.size == g else values[:, index]
        if tame:
            powers = moments.powers[:, index]
        else:
            columns = columns / scale
            powers = _moments(columns).powers
        centre, low, high, how = _series(columns, largest[index] / scale, powers)
        value[index], lower[index], upper[index] = centre * scale, low * scale, high * scale
        for k, word in zip(rest, how, strict=True):
            method[k] = word
    return AbsoluteMean(value, lower, upper, tuple(method))


@dataclass
class _Moments:
    """Largest value and sums of the powers 2, 4, 6 and 8 of each column, and the smallest value of all."""

    largest: Array
    smallest: float
    powers: Array


def _moments(values: Array) -> _Moments:
    """Return what one pass over the values tells, in blocks that stay in cache; NaN shows in the extremes."""

    def block_moments(part: Array) -> _Moments:
        m, g = part.shape
        rows = max(1, min(m, 2**15 // max(g, 1)))
        found = _Moments(np.zeros(g), 0.0, np.zeros((4, g)))
        second, fourth = np.empty((rows, g)), np.empty((rows, g))
        ones = np.ones(rows)
        # Powers of values of extreme scale are taken again after rescaling.
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            for i in range(0, m, rows):
                block = part[i : i + rows]
                size = block.shape[0]
                a, b, one = second[:size], fourth[:size], ones[:size]
                high, low = _extremes(block, a)
                np.maximum(found.largest, high, out=found.largest)
                found.smallest = float(np.minimum(found.smallest, low))
                np.multiply(block, block, out=a)
                np.multiply(a, a, out=b)
                found.powers[0] += one @ a
                found.powers[1] += one @ b
                found.powers[2] += np.einsum("ij,ij->j", a, b)
                found.powers[3] += np.einsum("ij,ij->j", b, b)
        return found

    total = _Moments(np.zeros(values.shape[1]), 0.0, np.zeros((4, values.shape[1])))
    for found in _in_blocks(block_moments, values) if values.size else ():
        total.smallest = float(np.minimum(total.smallest, found.smallest))
        np.maximum(total.largest, found.largest, out=total.largest)
        with np.errstate(over="ignore", invalid="ignore"):
            total.powers += found.powers
    return total


def _extremes(block: Array, buffer: Array) -> tuple[Array, float]:
    """Return the largest value of each column, and the smallest of all where one is below 0; NaN stays NaN.

    Floats >= 0 are in the order of their bits and all others come after them as unsigned integers, so that one maximum
    tells everything. Folding rows is several times faster than a reduction along them.
    """
    bits, spare = block.view(np.uint64), buffer.view(np.uint64)
    last = bits[-1]
    while (size := bits.shape[0]) >= 8:
        last = np.maximum(last, bits[-1])
        half = size // 2
        bits = np.maximum(bits[:half], bits[half : 2 * half], out=spare[:half])
    highest = np.maximum(last, bits.max(axis=0))
    if highest.max() < _INFINITE:
        return highest.view(np.float64), 0.0
    return block.max(axis=0), float(block.min())


def _in_blocks(function: Callable[[Array], T], values: Array) -> Iterator[T]:
    """Map over blocks of rows in order, on several threads where there is much to do."""
    size = max(1, 2**18 // max(values.shape[1], 1))
    blocks = (values[i : i + size] for i in range(0, values.shape[0], size))
    yield from map_blocks(function, blocks, threads=available_threads() if values.size > 2**20 else 1)


def _small_or_lattice(column: Array, largest: float) -> tuple[float, float, str] | None:
    """Return (value, relative allowance, method) where an exact finite method fits."""
    probe = column[:64] if column.size > 64 else column
    # A look at a few rows settles nearly all columns.
    if float(np.square(probe / largest).sum()) - float(probe.max() == largest) <= _OUTWEIGHED:
        excess = _dominated(column / largest)
        if excess is not None:
            return largest, excess, "dominated"
    if column.size > 8 * ENUMERATED and not _on_lattice(probe[probe > 0] / largest):
        return None
    nonzero = column[column > 0]
    if nonzero.size <= ENUMERATED:
        # Sums of 2^11 sorted terms, each to 2^11 half ulp of E|X| at most, three times over.
        return _enumerate(nonzero / largest) * largest, 1e-12, "enumeration"
    unit = _on_lattice(nonzero / largest)
    if not unit:
        return None
    counts = Counter(np.rint(nonzero / largest / unit).astype(np.int64).tolist())
    total = sum(size * count for size, count in counts.items())
    if total > 2 * LATTICE_TERMS or len(counts) * total > 10**8:
        return None
    # E|X| grows with each value, so values that are 1e-13 off the lattice move it by no more than that.
    allowance = 2e-13 + (128 + 96 * len(counts)) * float(np.finfo(float).eps)
    return _lattice(counts, total) * unit * largest, allowance, "lattice"


def _dominated(relative: Array) -> float | None:
    """Return the relative excess of E|sum| over one value that outweighs all others together, or None.

    E|w + X| = w + 2 E(X - w)_+ for symmetric X, and the tail of X is sub-Gaussian.
    """
    rest = float(np.square(relative).sum()) - 1.0
    if rest > _OUTWEIGHED:
        return None
    others = float(np.square(np.delete(relative, relative.argmax())).sum()) * (1 + 1e-9)
    return 0.0 if others == 0.0 else 2 * others * math.exp(-0.5 / others) + 1e-15


def _on_lattice(relative: Array) -> float:
    """Return a unit of which all values (largest 1) are small integer multiples, or 0."""
    if relative.size == 0:
        return 1.0
    smallest = float(relative.min())
    if smallest < 1e-4:
        return 0.0
    for divisor in range(1, 17):
        multiples = relative * (divisor / smallest)
        if np.all(np.abs(multiples - np.rint(multiples)) <= 1e-13 * multiples):
            return smallest / divisor
    return 0.0


def _enumerate(column: Array) -> float:
    """Average |a + b| over all sign patterns, a from one half of the values and b from the other."""
    if column.size == 0:
        return 0.0
    half = column.size // 2
    left, right = _signed_sums(column[:half]), np.sort(_signed_sums(column[half:]))
    below = np.concatenate([[0.0], np.cumsum(right)])
    split = np.searchsorted(right, -left)
    # sum_b |a + b| = a (#b >= -a - #b < -a) + sum_(b >= -a) b - sum_(b < -a) b
    totals = left * (right.size - 2 * split) + below[-1] - 2 * below[split]
    return float(totals.mean() / right.size)


def _signed_sums(column: Array) -> Array:
    sums = np.zeros(1)
    for v in column:
        sums = np.concatenate([sums - v, sums + v])
    return sums


def _lattice(counts: Counter[int], total: int) -> float:
    r"""Return E|X| for integers with sum ``total``: the discrete Fourier transform of the triangle of period 2 total.

    Since the squared cosecants at the odd multiples of pi/(2 total) sum to total^2, it is a sum of terms >= 0,

    .. math:: E|X| = \frac{1}{2T} \sum_{0 < j < 2T,\ j\ \mathrm{odd}}
        \frac{1 - \phi(j \pi/T)}{\sin^2(j \pi/(2T))}.

    Each 1 - phi is accurate to (83 + 83 s) eps for s different sizes, so no cancellation magnifies rounding: angles are
    reduced exactly and ln|cos| is computed where it is well conditioned. With all angles within pi/4 of a multiple of
    pi, ln phi is accurate to (16 + s) eps relatively, and so is 1 - phi. Otherwise |phi| <= 0.71, and its absolute
    error is at most 24 (1 + s) eps, since count sin(y) cos(y)^(count-1) <= 1.5 beyond pi/4.
    """
    odd = np.arange(1, total, 2)
    log_phi, negative = np.zeros(odd.size), np.zeros(odd.size, dtype=bool)
    for size, count in counts.items():
        # The angle is pi/total times this, and cos has the same absolute value at its distance from multiples of pi.
        reduced = (odd * (size % (2 * total))) % (2 * total)
        folded = np.minimum(reduced % total, total - reduced % total)
        log_phi += count * _log_cosine(folded * (np.pi / total))
        if count % 2:
            negative ^= (2 * reduced > total) & (2 * reduced < 3 * total)
    terms = np.where(negative, 1.0 + np.exp(log_phi), -np.expm1(log_phi))
    series = 2.0 * float((terms / np.sin(odd * (0.5 * np.pi / total)) ** 2).sum())
    if total % 2:
        # At the angle pi the sizes' parities decide: their weighted sum is odd.
        series += 2.0
    return series / (2 * total)


def _log_cosine(angles: Array) -> Array:
    """Return ln cos for angles in [0, pi/2], to a few ulp of the result up to pi/4 and of the angle beyond."""
    result = np.empty_like(angles)
    near = angles <= 0.25 * np.pi
    result[near] = 0.5 * np.log1p(-np.square(np.sin(angles[near])))
    result[~near] = np.log(np.maximum(np.cos(angles[~near]), 1e-300))
    return result


def _series(values: Array, largest: Array, powers: Array) -> tuple[Array, Array, Array, list[str]]:
    """Sum the Fourier series of |x| for columns of moderate scale."""
    m, g = values.shape
    deviation = np.sqrt(powers[0]) * (1 + (m + 4) * np.finfo(float).eps)
    step = np.pi / (REACH * deviation)
    odd = np.arange(1, 2 * TERMS, 2, dtype=float)
    bound = _decay(values, largest, step, odd, powers)
    wanted = bound > NEGLIGIBLE * np.square(odd)[:, None]
    wanted[:12] = True
    # Honest but wide rather than slow: terms that are too many to evaluate stay bounded.
    wanted &= np.cumsum(wanted, axis=0) <= max(16, int(2e8 / (m * g)))
    phi, error = np.zeros((TERMS, g)), bound.copy()
    expand = np.full(g, m > DIRECT_ROWS) & (wanted.sum(axis=0) <= 40)
    for k in np.flatnonzero(~expand):
        phi[wanted[:, k], k] = _cosines(values[:, k], odd[wanted[:, k]] * step[k])
        # Each factor is rounded, and so is each angle t v.
        angles = odd[wanted[:, k]] * (step[k] * float(values[:, k].sum()))
        error[wanted[:, k], k] = (8 * (m + 16) + 4 * angles) * np.finfo(float).eps
    if expand.any():
        _expand(values, step, odd, powers, largest, expand, wanted, phi, error)
    methods = ["series" if one else "cosines" for one in expand]
    epsilon = 7.5 / (odd[-1] * step)
    damping = np.exp(-0.5 * np.square(epsilon * step * odd[:, None]))
    weight = 4 / (np.pi * step)
    inverse = 1.0 / np.square(odd)[:, None]
    centre = 0.5 * np.pi / step - weight * (phi * inverse).sum(axis=0)
    smooth = 0.5 * np.pi / step - weight * (phi * damping * inverse).sum(axis=0)
    doubt = weight * ((error * damping * inverse).sum(axis=0) + np.exp(-0.5 * 7.5**2) / (2 * odd[-1]))
    spread = np.sqrt(np.square(deviation) + np.square(epsilon))
    reach = np.pi / step
    doubt += 2 * (reach + spread**2 / reach) * np.exp(-0.5 * np.square(reach / spread))
    doubt += 1e-13 * deviation
    overlap = 4 * np.exp(-0.125 * np.square(reach / deviation)) + 4 * np.exp(-0.125 * np.square(reach / epsilon))
    tail = np.exp(-0.5 * 7.5**2) * (1 + 1 / 7.5**2) / (2 * epsilon * step * 7.5)
    excess = 4 * step * epsilon**2 / np.pi * (((phi + error) * damping).sum(axis=0) + tail)
    excess += 2 * epsilon / np.sqrt(2 * np.pi) * overlap
    upper = np.minimum(smooth + doubt, deviation)
    lower = np.maximum(
        smooth - doubt - excess, np.sqrt(0.5) * deviation * (1 - 1e-12) - 2 * (m + 4) * 1e-16 * deviation
    )
    return np.clip(centre, lower, upper), lower, upper, methods


def _decay(values: Array, largest: Array, step: Array, odd: Array, powers: Array) -> Array:
    """Bound |phi| at the odd multiples of the step, shape (TERMS, g); any subset of the factors gives a bound.

    |cos x| <= exp(-x^2/2) for |x| <= pi/2 and |cos x| <= exp(-x^2/2 + x^4/12) for all x settle most terms. For the
    others a sample of the values is sorted, and the former is used on those up to pi/(2t); and the plain product over
    a few values.
    """
    m, g = values.shape
    slack = 1 - 1e-9
    times = odd[:, None] * step
    squares = np.square(times)
    inside = np.where(times * largest <= 0.5 * np.pi * slack, -0.5 * squares * powers[0] * slack, 0.0)
    everywhere = -0.5 * squares * powers[0] * slack + np.square(squares) * powers[1] * ((2 - slack) / 12)
    bound = np.exp(np.minimum(inside, everywhere))
    negligible = NEGLIGIBLE * np.square(odd)
    unsettled = bound > negligible[:, None]
    unsettled[:12] = False
    if not unsettled.any():
        return bound
    sample = np.ascontiguousarray(values[:: max(1, m // 512)].T)
    sample.sort(axis=1)
    below = np.concatenate([np.zeros((g, 1)), np.cumsum(np.square(sample), axis=1)], axis=1)
    for k in np.flatnonzero(unsettled.any(axis=0)):
        terms = np.flatnonzero(unsettled[:, k])
        reached = below[k, np.searchsorted(sample[k], 0.5 * np.pi * slack / times[terms, k])]
        bound[terms, k] = np.minimum(bound[terms, k], np.exp(-0.5 * squares[terms, k] * reached * slack))
        terms = terms[bound[terms, k] > negligible[terms]]
        if terms.size:
            few = sample[k, np.searchsorted(sample[k], 0.0, side="right") :]
            few = few[:: max(1, few.size // 48)]
            product = np.abs(np.cos(times[terms, k][:, None] * few)).prod(axis=1)
            bound[terms, k] = np.minimum(bound[terms, k], product * (1 + 1e-9) + 1e-20)
    return bound


def _cosines(column: Array, times: Array) -> Array:
    """Return prod_i cos(t v_i) at each time, by direct evaluation in blocks."""
    nonzero = column[column > 0]
    rows = max(1, 2**17 // max(nonzero.size, 1))
    return np.concatenate(
        [np.cos(times[i : i + rows, None] * nonzero).prod(axis=1) for i in range(0, times.size, rows)]
    )


def _expand(
    values: Array, step: Array, odd: Array, powers: Array, largest: Array, expand: NDArray[np.bool_],
    wanted: NDArray[np.bool_], phi: Array, error: Array,
) -> None:  # fmt: skip
    """Fill in phi and its error bound with ln cos expanded in power sums; values that are too large go by cosines."""
    eps = np.finfo(float).eps
    last = odd[TERMS - 1 - np.argmax(wanted[::-1], axis=0)] * step
    cut = np.where(expand, 0.5 / last, np.inf)
    rounding_of_sums = eps * (values.shape[0] ** 0.5 + 64)
    heavy_columns = expand & (largest > cut)
    light_columns = np.flatnonzero(expand & ~heavy_columns)
    terms = np.flatnonzero(wanted[:, light_columns].any(axis=1))
    if terms.size:
        # Terms that nobody asked for are evaluated along with the others.
        sums, t2 = powers[:, light_columns], np.square(odd[terms][:, None] * step[light_columns])
        log_phi = _log_cosines(t2, sums)
        remainder = _REMAINDER * t2**5 * sums[3] * np.square(np.minimum(cut, largest)[light_columns])
        rounding = rounding_of_sums * (1 - log_phi) + 128 * eps
        place = np.ix_(terms, light_columns)
        inside, size = wanted[place], np.exp(log_phi)
        phi[place] = np.where(inside, size, 0.0)
        error[place] = np.where(inside, size * (remainder + rounding) + 1e-20, error[place])
    for k in np.flatnonzero(heavy_columns):
        chosen = np.flatnonzero(wanted[:, k])
        times = odd[chosen] * step[k]
        t2 = np.square(times)
        heavy = values[values[:, k] > cut[k], k]
        product = _cosines(heavy, times)
        if heavy.max() * times[-1] > 3:
            # Subtracting the powers of very large values would cancel.
            rest = np.where(values[:, k] > cut[k], 0.0, values[:, k])[:, None]
            light, cancelled = _moments(rest).powers[:, 0], np.zeros(times.size)
        else:
            taken = np.array([(heavy**power).sum() for power in (2, 4, 6, 8)])
            light, cancelled = np.maximum(powers[:, k] - taken, 0.0), -_log_cosines(t2, taken)
        log_phi = _log_cosines(t2, light)
        remainder = _REMAINDER * t2**5 * light[3] * cut[k] ** 2
        rounding = rounding_of_sums * (1 - log_phi + cancelled)
        rounding += (8 * (heavy.size + 16) + 4 * times * float(heavy.sum())) * eps
        phi[chosen, k] = product * np.exp(log_phi)
        error[chosen, k] = np.exp(log_phi) * (remainder + rounding) + 1e-20


def _log_cosines(t2: Array, powers: Array) -> Array:
    """Return sum_i ln cos(t v_i) to the eighth order at each squared time, from the sums of even powers of v."""
    return -t2 * (powers[0] / 2 + t2 * (powers[1] / 12 + t2 * (powers[2] / 45 + t2 * (powers[3] * 17 / 2520))))
