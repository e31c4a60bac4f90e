"""One variable at a time: a function is nonnegative if it is so where it starts and its derivative has one sign.

On an open box, ``h >= 0`` follows from any of these, tried in turn, as deep as time allows:

* an enclosure of ``h`` on the whole box is nonnegative;
* factors: ``h`` is a product, and each factor has a sign on the box;
* a polynomial: signs of coefficients, squares, or z3 and cvc5 agree;
* rising: for some w > 0, h/w tends to something >= 0 where v starts, and d(h/w)/dv >= 0 (mirrored: falling);
* one variable less: ``h`` depends on x + y or x y only;
* unwrapped: of a difference of logarithms or of roots, the difference of what is inside;
* turning: dh/dv vanishes at v = c(others), a point of the box; both sides of it are boxes of their own;
* concave in v, and nonnegative at both ends.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import sympy

from boundcalc.arithmetic.intervals import Undefined
from boundcalc.checker.inequality.cases import Case, Extent
from boundcalc.checker.inequality.enclosure import enclose, ranges, sure
from boundcalc.checker.inequality.ends import positive_next_to
from boundcalc.checker.inequality.germ import sign_near
from boundcalc.checker.inequality.identity import ROUNDING, logarithms, sign_at, vanishes
from boundcalc.checker.inequality.limits import worked
from boundcalc.checker.inequality.places import grid, point_inside, recognised, sides
from boundcalc.checker.inequality.polynomial import translate
from boundcalc.checker.inequality.shapes import Box, factored, is_square, log_form, no_less, placed_at
from boundcalc.checker.inequality.signs import by_signs
from boundcalc.checker.inequality.squares import by_squares
from boundcalc.checker.inequality.system import System, Untranslatable
from boundcalc.checker.verdict import Proof
from boundcalc.errors import MissingExtraError

__all__ = ["Monotone"]

_POINTS, _LARGEST = 24, 400
ZERO, ONE = sympy.Integer(0), sympy.Integer(1)


@dataclass
class Monotone:
    """A search for proofs until a point in time.

    Attributes
    ----------
    deadline : float
        Of `worked`.
    solvers : callable
        Says whether two solvers agree on a system of polynomials, given seconds.
    known : dict
        What was tried: proofs, and None where there was none.
    """

    deadline: float
    solvers: Callable[[System, float], bool]
    known: dict = field(default_factory=dict)

    def proof(self, h: sympy.Expr, box: Box, *, strict: bool = False, depth: int = 6) -> Proof | None:
        """Return why ``h >= 0`` (``> 0``) on the inside of a box, or None."""
        if h.has(*ROUNDING) or worked() > self.deadline:
            return None
        box = {symbol: own for symbol, own in box.items() if symbol in h.free_symbols}
        if not box:
            return self._number(h, strict)
        key = (h, tuple(box.items()), strict)
        if key not in self.known or (self.known[key][0] is None and self.known[key][1] < depth):
            self.known[key] = (None, depth)
            self.known[key] = (self._proof(h, box, strict, depth), depth)
        return self.known[key][0]

    def _number(self, h: sympy.Expr, strict: bool) -> Proof | None:
        sign = sign_at(h, {})
        holds = sign is not None and (sign > 0 if strict else sign >= 0)
        return Proof("number", f"{h} {'>' if sign else '='} 0") if holds else None

    def _proof(self, h: sympy.Expr, box: Box, strict: bool, depth: int) -> Proof | None:
        if sure(h, ">" if strict else ">=", box):
            return Proof("enclosure", f"{h} on {_shown(box)}")
        given, factors = h, self.factors(h, box, strict=strict)
        if factors is None:
            return None
        sign, rest = factors
        if not rest:
            holds = sign > 0 or (sign == 0 and not strict)
            return Proof("factors", f"{h} has the sign {sign}") if holds else None
        if len(rest) > 1 or sign < 0:
            return self._product(h, sign, rest, box, strict, depth)
        (h,) = rest
        if sure(h, ">" if strict else ">=", box):
            return Proof("enclosure", f"{h} on {_shown(box)}")
        if self._negative_somewhere(h, box):
            return None
        fewer = self._fewer(h, box)
        if fewer is not None:
            return self.proof(*fewer, strict=strict, depth=depth)
        found = self._polynomial(h, box, strict) or self._cover(h, box, strict)
        if found or depth <= 0 or sympy.count_ops(h) > _LARGEST:
            return found
        return self._moving(h, given, box, strict, depth)

    # ------------------------------------------------------------------ forms

    def factors(self, h: sympy.Expr, box: Box, *, strict: bool = False) -> tuple[int, list[sympy.Expr]] | None:
        """Return the sign of all factors that have one on the box, and the others."""
        top, bottom = sympy.fraction(sympy.together(h))
        sign, rest = 1, []
        for part in (top, bottom):
            expanded = sympy.expand(logarithms(part, lambda item: sure(item, ">", box)))
            if expanded == 0:
                return (0, []) if part is top else None
            for factor, power in factored(expanded):
                if factor.is_number:
                    own = sign_at(factor, {})
                    if not own:
                        return None
                    sign *= own ** (power % 2)
                elif sure(factor, ">", box):
                    pass
                elif sure(-factor, ">", box):
                    sign *= (-1) ** power
                elif part is top:
                    rest.append(factor**2 if power % 2 == 0 else factor)
                elif power % 2 or strict:
                    own = next((s for s in (1, -1) if self.proof(s * factor, box, strict=True, depth=1)), None)
                    if own is None:
                        return None
                    sign *= own**power
                # else: where an even power below vanishes the function has its sign by continuity
        if sign < 0 and rest:
            odd = next((place for place, item in enumerate(rest) if not is_square(item)), None)
            if odd is not None:
                sign, rest[odd] = 1, sympy.expand(-rest[odd])
        return sign, rest

    def _product(self, h, sign, rest, box, strict, depth) -> Proof | None:
        """Prove a product by a sign for each factor, taken from a point."""
        parts = []
        for factor in rest:
            if is_square(factor):
                if strict and not self._either(factor.base, box, depth):
                    return None
                continue
            own = next((s for s in (self._sign_seen(factor, p) for p in self._points(box)) if s), 1)
            found = self.proof(own * factor, box, strict=strict, depth=depth - 1)
            if found is None:
                return None
            sign *= own
            parts.append(found)
        return Proof("factors", str(h), tuple(parts)) if sign > 0 else None

    def _either(self, factor: sympy.Expr, box: Box, depth: int) -> bool:
        return any(self.proof(s * factor, box, strict=True, depth=depth - 1) for s in (1, -1))

    def _polynomial(self, h: sympy.Expr, box: Box, strict: bool) -> Proof | None:
        """Prove a polynomial by its coefficients or by two solvers."""
        if any(isinstance(node, sympy.log | sympy.exp | sympy.Function) for node in sympy.preorder_traversal(h)) or any(
            not power.exp.is_Rational for power in h.atoms(sympy.Pow)
        ):
            return None
        open_box = {symbol: Extent(own.low, own.high, True, True) for symbol, own in box.items()}
        try:
            system = translate(Case((h, ZERO), h, strict, open_box))
            text = by_signs(system)
            if text is not None:
                return Proof("signs", f"{h}: {text}")
            text = by_squares(system)
            if text is not None:
                return Proof("squares", f"{h}: {text}")
            if self.solvers(system, min(1.0, max(0.1, (self.deadline - worked()) / 4))):
                return Proof("z3 and cvc5", f"{h} on {_shown(box)}")
        except (Untranslatable, MissingExtraError, sympy.PolynomialError):
            pass
        return None

    # ------------------------------------------------------------------ calculus

    def _fewer(self, h: sympy.Expr, box: Box) -> tuple[sympy.Expr, Box] | None:
        """Return the function of u = x + y or x y, where two variables of the box occur so only."""
        for x, y in itertools.combinations(box, 2):
            one, two = box[x], box[y]
            for joined in ("sum", "product"):
                if joined == "product" and not (one.low >= 0 and two.low >= 0):
                    continue
                u = sympy.Dummy("u", positive=True) if one.low >= 0 and two.low >= 0 else sympy.Dummy("u", real=True)
                changed = h.xreplace({x: u - y if joined == "sum" else u / y})
                changed = sympy.expand(changed) if changed.count_ops() < 200 else changed
                if changed.has(x) or changed.has(y):
                    continue
                ends = [one.low + two.low, one.high + two.high]
                if joined == "product":
                    ends = [one.low * two.low, sympy.oo if sympy.oo in (one.high, two.high) else one.high * two.high]
                rest = {symbol: own for symbol, own in box.items() if symbol not in (x, y)}
                return changed, {**rest, u: Extent(ends[0], ends[1], True, True)}
        return None

    def _unwrapped(self, h: sympy.Expr, box: Box) -> Iterator[sympy.Expr]:
        """Yield functions with the sign of a difference of logarithms, or of two positive terms with fractional powers."""
        terms = sympy.Add.make_args(h)
        split = [term.as_coeff_Mul() for term in terms]
        if len(terms) > 1 and all(isinstance(inner, sympy.log) and c.is_Rational for c, inner in split):
            scale = sympy.ilcm(*(c.q for c, _ in split))
            sides = [
                sympy.prod([i.args[0] ** abs(c * scale) for c, i in split if (c.p > 0) == side])
                for side in (True, False)
            ]
            yield sympy.sympify(sides[0] - sides[1])
        form = log_form(h, box) if len(terms) == 2 else None
        if form is not None and form != 0:
            yield form
        if len(terms) == 2:
            powers = [p.exp.q for t in terms for p in sympy.Mul.make_args(t) if p.is_Pow and p.exp.is_Rational]
            degree = sympy.ilcm(1, 1, *powers)
            more = [term for term in terms if no_less(term, box)]
            less = [-term for term in terms if term not in more and no_less(-term, box)]
            if degree > 1 and more and less:
                yield sympy.powdenest(more[0] ** degree) - sympy.powdenest(less[0] ** degree)

    def _moving(self, h: sympy.Expr, given: sympy.Expr, box: Box, strict: bool, depth: int) -> Proof | None:
        """Prove h, which has the sign of the function that was given, by one of its variables."""
        # A cleared denominator multiplies logarithms, which a derivative then keeps.
        first = given if given.has(sympy.log) and given.count_ops() <= 2 * h.count_ops() else h
        ranked = sorted(box, key=lambda v: (first.diff(v).count_ops(), v.name))
        for v in ranked:
            whole = dict.fromkeys((first, h, given))
            for part in (*whole, *(sympy.expand(h / w) for w in self._weights(h, v, box))):
                found = self._one_way(part, part.diff(v), v, box, strict, depth)
                if found:
                    return found
        for inside in self._unwrapped(h, box):
            found = self.proof(inside, box, strict=strict, depth=depth - 1)
            if found:
                return Proof("unwrapped", str(h), (found,))
        for rule, v in itertools.product((self._concave, self._turning), ranked) if depth > 1 else ():
            found = rule(first, first.diff(v), v, box, strict, depth)
            if found:
                return found
        return None

    def _weights(self, h: sympy.Expr, v: sympy.Symbol, box: Box) -> Iterator[sympy.Expr]:
        """Yield the positive cofactors of logarithms and exponentials that change with v."""
        seen = set()
        if not isinstance(h, sympy.Add):
            return
        generators = {g for g in h.atoms(sympy.log, sympy.exp) if g.has(v)}
        for generator in sorted(generators, key=lambda g: (g.count_ops(), str(g))):
            inside = sympy.collect(h, generator, evaluate=False)
            for cofactor in (
                (inside.get(generator), inside.get(ONE))
                if isinstance(generator, sympy.exp)
                else (inside.get(generator),)
            ):
                if cofactor is None or not cofactor.has(v) or cofactor in seen or cofactor.has(generator):
                    continue
                seen.add(cofactor)
                for own in (cofactor, -cofactor):
                    if sure(own, ">", box):
                        yield own

    def _one_way(self, part, slope, v, box, strict, depth) -> Proof | None:
        """Prove that part rises from its start, or falls to its end, with nothing negative there."""
        signs = {self._sign_seen(slope, point) for point in self._points(box)} - {None, 0}
        for way in (1, -1):
            if -way in signs:
                continue
            if not signs and not vanishes(slope):
                continue
            started = self._start(part, v, box, way, depth)
            if started is None:
                continue
            moved = self.proof(way * slope, box, strict=strict, depth=depth - 1)
            if moved is None and strict and self._start(part, v, box, way, depth, strict=True):
                moved = self.proof(way * slope, box, depth=depth - 1)
            if moved:
                text = f"{part} {'rises' if way > 0 else 'falls'} in {v}"
                return Proof("monotone", text, (started, moved))
        return None

    def _start(self, part, v, box, way, depth, strict: bool = False) -> Proof | None:
        """Prove the value at the end from which a monotone function goes up."""
        own = box[v]
        end = own.low if way > 0 else own.high
        rest = {symbol: other for symbol, other in box.items() if symbol != v}
        if end.is_finite:
            there = placed_at(part, v, end, rest)
            if there is not None:
                found = self.proof(there, rest, strict=strict, depth=depth - 1)
                if found:
                    return found
        if rest and part.free_symbols & set(rest):
            return None
        sign = sign_near(part, v, end, 1 if way > 0 else -1)
        return Proof("limit", f"{part} > 0 as {v} tends to {end}") if sign == 1 else None

    def _turning(self, h, slope, v, box, strict, depth) -> Proof | None:
        """Split where the slope vanishes: h is proved on both sides of v = c(others), scaled to boxes."""
        own = box[v]
        rest = {symbol: other for symbol, other in box.items() if symbol != v}
        if not rest:
            return self._brackets(h, slope, v, own, strict, depth)
        for place in self.roots(slope, v, box):
            inside = (own.low == -sympy.oo or self.proof(place - own.low, rest, strict=True, depth=1)) and (
                own.high == sympy.oo or self.proof(own.high - place, rest, strict=True, depth=1)
            )
            if not inside:
                continue
            if strict and not self.proof(h.xreplace({v: place}), rest, strict=True, depth=depth - 1):
                continue
            parts = []
            for value, fresh in sides(v, place, own):
                part = self.proof(h.xreplace({v: value}), {**rest, **fresh}, strict=strict, depth=depth - 1)
                if part is None:
                    break
                parts.append(part)
            else:
                return Proof("turning", f"{h} turns at {v} = {place}", tuple(parts))
        return None

    def _brackets(self, h, slope, v, own, strict, depth) -> Proof | None:
        """Cut a range where the slope changes its sign: at a zero of h that is known exactly, or around a place where h > 0."""
        cuts: list[tuple[sympy.Expr, sympy.Expr]] = []
        for low, high in self.changes(slope, v, own):
            exact = next((c for c in recognised(low, high) if vanishes(h, {v: c})), None)
            if exact is not None:
                if strict:
                    return None
                cuts.append((exact, exact))
                continue
            around = self._positive_around(h, v, low, high, own)
            if around is None:
                return None
            cuts.append(around)
        if not cuts:
            return None
        ends = [own.low, *(end for cut in cuts for end in cut), own.high]
        parts = []
        for low, high in zip(ends[::2], ends[1::2], strict=True):
            part = self._between(h, v, low, high, strict, depth)
            if part is None:
                return None
            parts.append(part)
        return Proof("turning", f"{h} is positive around or 0 at {[str(cut[0]) for cut in cuts]}", tuple(parts))

    def by_pieces(self, h: sympy.Expr, v: sympy.Symbol, own: Extent) -> Proof | None:
        """Prove a function of one variable inside a bounded range: next to its ends and where it is 0, and between."""
        if not (own.low.is_finite and own.high.is_finite) or self._negative_somewhere(h, {v: own}):
            return None
        zeros = []
        for low, high in self.changes(h.diff(v), v, own):
            zeros += [c for c in recognised(low, high) if c.is_Rational and vanishes(h, {v: c})][:1]
        marks = [own.low, *zeros, own.high]
        for low, high in itertools.pairwise(marks):
            near = [positive_next_to(h, v, end, side, (high - low) / 2) for end, side in ((low, 1), (high, -1))]
            if None in near:
                return None
            middle = {v: Extent(low + near[0], high - near[1])}
            if low + near[0] < high - near[1] and self._cover(h, middle, True, 2048) is None:
                return None
        return Proof("ends", f"{h} > 0 next to {[str(mark) for mark in marks]} and in boxes between")

    def _between(self, h, v, low, high, strict, depth) -> Proof | None:
        """Prove a function of one variable between two ends, by a new variable that starts at an irrational one."""
        if all(end.is_Rational or end.is_infinite for end in (low, high)):
            return self.proof(h, {v: Extent(low, high, True, True)}, strict=strict, depth=depth - 1)
        t = sympy.Dummy("t", positive=True)
        wide = ONE if low.is_finite and high.is_finite else sympy.oo
        value = low + (high - low) * t if wide == 1 else low + t if low.is_finite else high - t
        placed = h.xreplace({v: value})
        return self.proof(placed, {t: Extent(ZERO, wide, True, True)}, strict=strict, depth=depth - 1)

    def _positive_around(self, h, v, low, high, own) -> tuple[sympy.Expr, sympy.Expr] | None:
        middle = (low + high) / 2
        for width in (4, 16, 64, 1024, 2**20):
            reach = max(abs(middle), Fraction(1, 1000)) / width
            ends = [sympy.Rational(e.numerator, e.denominator) for e in (middle - reach, middle + reach)]
            if not (own.low < ends[0] and ends[1] < own.high):
                continue
            if self._cover(h, {v: Extent(*ends)}, True):
                return ends[0], ends[1]
        return None

    def changes(self, slope, v, own) -> list[tuple[Fraction, Fraction]]:
        """Return short intervals in which a slope turns from falling to rising or back."""
        seen = [(x, self._sign_seen(slope, {v: x})) for x in grid(own)]
        seen = [(x, sign) for x, sign in seen if sign]
        found = []
        for (low, one), (high, other) in itertools.pairwise(seen):
            if one == other:
                continue
            for _ in range(60):
                middle = (low + high) / 2
                sign = self._sign_seen(slope, {v: middle})
                if not sign:
                    low = high = middle
                    break
                low, high = (middle, high) if sign == one else (low, middle)
            found.append((low, high))
        return found

    def _cover(self, h: sympy.Expr, box: Box, strict: bool, most: int = 96) -> Proof | None:
        """Cut a bounded box until an enclosure, or one by the derivative from the middle, shows the sign on every piece."""
        if len(box) > 2 or not all(own.low.is_finite and own.high.is_finite for own in box.values()):
            return None
        queue, count, most = [dict(box)], 0, most if len(box) == 1 else most // 4
        relation = ">" if strict else ">="
        while queue:
            piece, count = queue.pop(), count + 1
            if sure(h, relation, piece) or self._by_slope(h, relation, piece):
                continue
            if count + len(queue) > most or worked() > self.deadline:
                return None
            v, own = max(
                piece.items(), key=lambda item: (item[1].high - item[1].low) / (box[item[0]].high - box[item[0]].low)
            )
            middle = (own.low + own.high) / 2
            queue += [
                {**piece, v: Extent(own.low, middle, own.low_open, False)},
                {**piece, v: Extent(middle, own.high, False, own.high_open)},
            ]
        return Proof("boxes", f"{h} on {_shown(box)}: {count} boxes at 128 bits")

    def _by_slope(self, h: sympy.Expr, relation: str, piece: Box) -> bool:
        """Enclose by h(middle) + slope * (range - middle), in one variable."""
        if len(piece) != 1:
            return False
        ((v, own),) = piece.items()
        key = ("slope", h, v)
        if key not in self.known:
            self.known[key] = h.diff(v)
        middle = (own.low + own.high) / 2
        try:
            value, slope = enclose(h, {v: middle}, bits=128), enclose(self.known[key], ranges(piece), bits=128)
        except (Undefined, MissingExtraError):
            return False
        reach = ranges({v: Extent(ZERO, (own.high - own.low) / 2)})[v].high
        drop = (max(abs(slope.low), abs(slope.high)) * reach).upper()
        return bool(value.low > drop) or bool(relation == ">=" and value.low >= drop)

    def roots(self, slope: sympy.Expr, v: sympy.Symbol, box: Box) -> list[sympy.Expr]:
        """Return where a slope vanishes: from factors linear in v, or two products whose logarithms are."""
        found = [other for other in box if other != v and vanishes(slope, {v: other})]
        factors = self.factors(slope, box)
        for factor in factors[1] if factors else ():
            if is_square(factor):
                factor = factor.base
            for form in (factor, log_form(factor, box)):
                if form is None:
                    continue
                for unknown in (v, sympy.log(v), sympy.exp(v)):
                    inner = sympy.Dummy("u")
                    flat = sympy.expand(form).xreplace({unknown: inner})
                    if (flat.has(v) and unknown != v) or not flat.has(inner):
                        continue
                    try:
                        linear = sympy.Poly(flat, inner)
                    except sympy.PolynomialError:
                        continue
                    if linear.degree() == 1:
                        slope_of, rest = linear.all_coeffs()
                        root = sympy.factor_terms(sympy.together(-rest / slope_of))
                        value = (
                            root
                            if unknown == v
                            else sympy.powsimp(sympy.exp(sympy.expand(root)))
                            if isinstance(unknown, sympy.log)
                            else sympy.log(root)
                        )
                        found.append(value)
        return list(dict.fromkeys(found))

    def _concave(self, h, slope, v, box, strict, depth) -> Proof | None:
        own = box[v]
        if not (own.low.is_finite and own.high.is_finite):
            return None
        bend = -slope.diff(v)
        if any(self._sign_seen(bend, point) == -1 for point in self._points(box)):
            return None
        first, last = (self._start(h, v, box, way, depth) for way in (1, -1))
        if first is None or last is None:
            return None
        bent = self.proof(bend, box, strict=strict, depth=depth - 1)
        return Proof("concave", f"{h} in {v}", (first, last, bent)) if bent else None

    # ------------------------------------------------------------------ points

    def _points(self, box: Box) -> list[dict[sympy.Symbol, Fraction]]:
        key = ("points", tuple(box.items()))
        if key not in self.known:
            rng = random.Random(str(len(box)))
            self.known[key] = [{v: point_inside(own, rng) for v, own in box.items()} for _ in range(_POINTS)]
        return self.known[key]

    def _negative_somewhere(self, h: sympy.Expr, box: Box) -> bool:
        return any(self._sign_seen(h, point) == -1 for point in self._points(box))

    def _sign_seen(self, h: sympy.Expr, point: Mapping) -> int | None:
        try:
            needed = {symbol: value for symbol, value in point.items() if symbol in h.free_symbols}
            found = enclose(h, needed, bits=192)
        except (Undefined, MissingExtraError):
            return None
        return 1 if found.positive else -1 if found.negative else None


def _shown(box: Box) -> str:
    return ", ".join(f"{symbol.name} in ({own.low}, {own.high})" for symbol, own in box.items())
