"""Random expressions over a small vocabulary, and random grids for them."""

import numpy as np
import sympy as sp
from hypothesis import strategies as st

N = sp.Symbol("n", integer=True, positive=True)
G = sp.Symbol("g_M", integer=True, positive=True)
DELTA = sp.Symbol("delta", positive=True)
L, B = sp.symbols("L B", positive=True)
GAMMA, T = sp.symbols("gamma t_max", real=True)
SYMBOLS = (N, G, DELTA, L, B, GAMMA, T)
DOMAINS = {N: sp.Range(2, sp.oo), DELTA: sp.Interval.open(0, 1)}
M = sp.floor(N / 2)


def positives(real):
    """Return expressions that are positive on the domain."""
    numbers = st.builds(sp.Rational, st.integers(1, 9), st.integers(1, 4))
    leaves = st.sampled_from([N, G, DELTA, L, B, M, -sp.log(DELTA), sp.log(2 / DELTA), 1 / sp.sqrt(M)]) | numbers
    return st.recursive(leaves, lambda inner: _positive_node(inner, real), max_leaves=6)


def _positive_node(p, real):
    return st.one_of(
        st.builds(lambda a, b: a * b, p, p),
        st.builds(lambda a, b: a / b, p, p),
        st.builds(lambda a, b: a + b, p, p),
        st.builds(lambda a: sp.sqrt(a), p),
        st.builds(lambda a: sp.log(1 + a), p),
        st.builds(lambda a: sp.exp(-a / (1 + a)), p),
        st.builds(lambda a, b: sp.Min(a, b), p, p),
        st.builds(lambda a, b: sp.Max(a, b), p, p),
        st.builds(lambda a, b, k: sp.Piecewise((a, k >= N), (b, True)), p, p, st.integers(2, 40)),
        st.builds(lambda a, b: sp.Piecewise((a, sp.Or(G < 4, DELTA < 0.25)), (b, sp.Ne(G, 5)), (a + b, True)), p, p),
        st.builds(lambda a: a * sp.ceiling(sp.log(N) / sp.log(2)), p),
        st.builds(lambda a, r: a + r**2, p, real),
        st.builds(lambda a, r: a + sp.Abs(r), p, real),
        st.builds(lambda a: a ** sp.Rational(3, 2), p),
        st.builds(lambda a: a ** sp.Rational(1, 3), p),
    )


def reals():
    """Return expressions of either sign."""
    leaves = st.sampled_from([GAMMA, T, GAMMA - T, sp.Integer(0), sp.Rational(-1, 3)])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(lambda a, b: a + b, inner, inner),
            st.builds(lambda a, b: a * b, inner, inner),
            st.builds(lambda a, p: a - p, inner, positives(leaves)),
            st.builds(lambda a, p: a * p, inner, positives(leaves)),
            st.builds(lambda a, b: sp.Max(a, b), inner, inner),
            st.builds(lambda a, b: sp.Min(a, b), inner, inner),
            st.builds(lambda a: a / sp.sqrt(1 + a**2), inner),
            st.builds(lambda a, b: sp.Piecewise((a, B > L), (b, True)), inner, inner),
        ),
        max_leaves=4,
    )


def expressions():
    """Return expressions over the vocabulary, of a handful of terms."""
    return st.lists(st.one_of(positives(reals()), reals()), min_size=1, max_size=3).map(lambda terms: sp.Add(*terms))


@st.composite
def grids(draw):
    """Return one array for each symbol; they broadcast over up to three axes, some empty, some of one cell."""
    sizes = [draw(st.sampled_from([1, 2, 3, 5, 0])) for _ in range(draw(st.integers(0, 3)))]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shapes = [tuple(s if draw(st.booleans()) else 1 for s in sizes) for _ in SYMBOLS]
    return [_cells(symbol, rng, shape) for symbol, shape in zip(SYMBOLS, shapes, strict=True)]


def _cells(symbol, rng, shape):
    if symbol is N:
        return rng.integers(2, 60, shape).astype(float)
    if symbol is G:
        return rng.integers(1, 9, shape).astype(float)
    if symbol is DELTA:
        return rng.uniform(0.001, 0.999, shape)
    if symbol.is_positive:
        return np.round(rng.uniform(0.1, 4, shape), 1)
    return np.round(rng.normal(size=shape), 1)
