"""A bound as a value: substitute, compose, evaluate, invert, typeset, store.

The fields and what is read off them are those of ``statements.statement.Statement``; the methods here hand over to the
engines below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from boundcalc.errors import InvalidInputError, in_context
from boundcalc.frozen import FrozenDict
from boundcalc.lazy import lazy_names
from boundcalc.statements.composing import insert, on_subset, substitute, with_split
from boundcalc.statements.joint import Regimes, regimes_of
from boundcalc.statements.minimising import grid, minimised
from boundcalc.statements.points import PointFunction, point_function
from boundcalc.statements.statement import Statement
from boundcalc.statements.storing import read_fields, write_statement
from boundcalc.statements.typeset import bound_html, bound_latex, bound_python
from boundcalc.statements.validation import check_defined, check_inputs, unknown_symbols
from boundcalc.symbols import VOCABULARY

if TYPE_CHECKING:
    import xarray

    from boundcalc.evaluator.program.planning import Side
    from boundcalc.inverse.solve import Solution
    from boundcalc.statements.asymptotics import Rate, RateComparison

__all__ = ["Bound", "MinimisedBound"]

#: What stands above a bound and is asked by its methods when they are called: all that there is, by name.
_ABOVE = lazy_names(
    "boundcalc",
    {
        "relaxed": "checker.improving",
        "dominated": "checker.improving",
        "REGISTRY": "catalogue.registry",
        "GridAccessor": "report.accessor",
    },
)


@dataclass(frozen=True, repr=False)
class Bound(Statement):
    """``quantity relation expr``, with probability at least 1 - delta when it has events.

    Build one with ``Theorem.bound``; the fields are plain data, and none of them can be changed. Equal bounds have equal
    hashes.

    Attributes
    ----------
    theorem : Reference
        Key, number, title, source, provenance and status of the theorem.
    form : str
        The theorem's form.
    quantity : sympy.Expr
        What is bounded.
    relation : str
        ``<=``, ``>=``, ``=`` (or ``<``, ``>`` for a strict claim).
    parts : tuple of (str, sympy.Expr)
        The labelled summands, in abbreviations (``where``) and with one symbol per event for its share of delta.
    where : mapping of sympy.Symbol to sympy.Expr
        The abbreviations.
    domain : Domain
        A set for each symbol, and for side conditions.
    constraints : tuple of Constraint
        Relations between symbols.
    assumptions : tuple of str
        All that the statement assumes, in words.
    events : tuple of Event
        What consumes delta; each is paid once.
    split : tuple of (Event, sympy.Expr), optional
        Each event's fraction of delta; equal when empty.
    confidence : sympy.Expr
        The failure probability: the symbol ``delta`` or a number.
    notes : mapping of str to str
        Why a symbol's domain is narrowed.
    unit : str
        What complexities run over: ``pairs`` or ``examples``.
    trivial : sympy.Expr, optional
        What holds of the quantity without any theorem, in the quantity's unit, such as C for a risk; a value that is not
        better is vacuous. None where nothing is known.
    conditions : tuple of (str, sympy.Expr, sympy.Set)
        Where substituted expressions have to lie: what they stand for, the expression, the set.
    replaced : mapping of str to sympy.Expr
        What symbols were substituted, so that a later composition cannot mix two values of one symbol.
    ingredients : tuple of Reference
        The theorems whose bounds were composed in.
    uniform : tuple of sympy.Symbol
        Symbols for all values of which the statement holds at once.
    proof : Derivation, optional
        The steps it rests on, before anything was inserted; what is read from a file or restated has none.
    made : Theorem, or (Bound, str, mapping), optional
        What it was made from: the theorem that says it, or a bound, the method that was called and its arguments, so that
        it can be saved and made again; None where it was read from a file.
    """

    @property
    def stated(self) -> tuple[tuple[Any, str], ...]:
        """The theorems that it was made from, each with its form."""
        if not isinstance(self.made, tuple):
            return () if self.made is None else ((self.made, self.form),)
        before, _, arguments = self.made
        inserted = (value.stated for value in arguments.get("values", {}).values() if isinstance(value, Bound))
        return tuple(dict.fromkeys(one for ones in (before.stated, *inserted) for one in ones))

    def _made(self, found: Bound, method: str, **arguments: Any) -> Any:
        """Return what a method made of this bound, with the memory of it."""
        return replace(found, made=(self, method, FrozenDict(arguments)))

    # ------------------------------------------------------------------ composing

    def substitute(self, *, union: Any = 1, **values: Any) -> Bound:
        """Return the bound with symbols replaced by numbers, SymPy expressions or other bounds.

        A bound may replace the symbol of the quantity it bounds, where that keeps the inequality: assumptions, domains
        and events become the union, and an event that both use is paid once. A statement on subset M replaces the
        corresponding symbol of N or of all modalities with its own symbols renamed.

        Parameters
        ----------
        union : int or SymPy expression
            Among how many values, listed before the data are seen, those of the fixed symbols were chosen: each event's
            share of delta is divided by it.
        **values : number, SymPy expression or Bound
            What takes the place of each symbol; expressions are in the symbols of ``boundcalc.symbols``.

        Returns
        -------
        Bound

        Raises
        ------
        CompositionError
            If a bound does not bound that symbol, or from the wrong side, or runs over another kind of sample.
        InvalidInputError
            If a name is not a symbol of this bound, a number lies outside its domain, an expression holds delta (whose
            event would be lost), or a symbol that is fixed in advance is given from the data and no union pays for it.
        """
        found = substitute(self, values, union=union)
        given = {
            name: value if isinstance(value, Statement) else found.replaced[name] for name, value in values.items()
        }
        made: Bound = self._made(found, "substitute", union=sympy.sympify(union), values=given)
        return made

    def on_subset(self, subset: str) -> Bound:
        """Return a statement on M as a statement on ``"N"`` or on ``"full"`` (all modalities).

        Parameters
        ----------
        subset : {"N", "full"}

        Raises
        ------
        CompositionError
            If the statement speaks of something on M that has no counterpart there, or already of that subset.
        InvalidInputError
            If there is no such subset.
        """
        made: Bound = self._made(on_subset(self, subset), "on_subset", subset=subset)
        return made

    def with_split(self, fractions: Mapping[str, Any]) -> Bound:
        """Return the bound with delta split over its events in stated fractions.

        Parameters
        ----------
        fractions : mapping of str to number
            A fraction of delta for each event's name (``str(event)``, or its bare name where that is unique); positive,
            summing to at most 1.

        Raises
        ------
        InvalidInputError
            If an event is unknown or missing, a fraction is not positive, or they sum to more than 1.
        """
        found = with_split(self, fractions)
        made: Bound = self._made(found, "with_split", fractions={event.full: part for event, part in found.split})
        return made

    # ------------------------------------------------------------------ numbers

    def evaluate(self, *, precision: int | None = None, sound: bool = False, **inputs: Any) -> xarray.DataArray:
        """Evaluate the bound.

        Parameters
        ----------
        precision : int, optional
            Decimal digits of mpmath arithmetic; the result then has object dtype.
        sound : bool
            Round outwards, so that an upper bound is never below and a lower bound never above its real value.
        **inputs : scalar, 1-D array_like or xarray.DataArray
            A value for each symbol. 1-D arrays become axes in call order, scalars none, DataArrays keep their
            dims (coordinates must agree exactly). Vocabulary names that the bound does not use are ignored.

        Returns
        -------
        xarray.DataArray
            Named after the theorem, with its form and relation as attributes; float64 unless ``precision`` is given.

        Raises
        ------
        InvalidInputError
            Listing every unknown, missing or misplaced argument; for axes of one name that differ, for ``precision``
            together with ``sound``, and naming the root or logarithm that is not defined where the bound has no value.
        """
        from boundcalc.evaluator.grid import evaluate_grid, labelled_number

        if precision is None and not sound and (function := self._at_numbers) is not None:
            number = function(inputs)
            if number is not None:
                return labelled_number(number, self.theorem.key, self._labels)
        values = check_inputs(self, inputs)
        side: Side | None = ("lower" if self.is_lower else "upper") if sound else None
        with in_context(self._context):
            result = evaluate_grid(
                self.expr, values, symbols=self.symbols, precision=precision, side=side, domains=self.domain
            )
        check_defined(self, values, result)
        result.name, result.attrs = self.theorem.key, dict(self._labels)
        _ABOVE("GridAccessor")  # from now on there is result.boundcalc
        return result

    @cached_property
    def _at_numbers(self) -> PointFunction | None:
        """What is computed where all inputs are floats and integers."""
        with in_context(self._context):
            return point_function(self)

    @cached_property
    def _labels(self) -> Mapping[str, str]:
        """What a value remembers of the bound."""
        return {
            "form": self.form,
            "quantity": str(self.quantity),
            "relation": self.relation,
            "provenance": self.theorem.provenance,
            "status": self.theorem.status,
        }

    def gradient(self, name: str, **inputs: Any) -> xarray.DataArray:
        """Return the derivative by a symbol; by an integer, that of the smooth relaxation (floor dropped).

        The inputs are as for ``evaluate``; the result has the same axes.

        Parameters
        ----------
        name : str
            A symbol of this bound.
        **inputs : scalar, 1-D array_like or xarray.DataArray
            A value for each symbol, as for ``evaluate``.

        Returns
        -------
        xarray.DataArray
            On the axes that ``evaluate`` would give.

        Raises
        ------
        InvalidInputError
            If there is no such symbol, or listing every bad input.
        """
        from boundcalc.evaluator import gradient

        return self._derived(gradient(self.expr, self.symbol(name)), f"d/d{name}", inputs)

    def elasticity(self, name: str, **inputs: Any) -> xarray.DataArray:
        """Return by how many per cent the bound changes when a symbol grows by one per cent.

        The inputs are as for ``evaluate``; the result has the same axes.

        Parameters
        ----------
        name : str
            A symbol of this bound.
        **inputs : scalar, 1-D array_like or xarray.DataArray
            A value for each symbol, as for ``evaluate``.

        Returns
        -------
        xarray.DataArray
            On the axes that ``evaluate`` would give.

        Raises
        ------
        InvalidInputError
            If there is no such symbol, or listing every bad input.
        """
        from boundcalc.evaluator import elasticity

        return self._derived(elasticity(self.expr, self.symbol(name)), f"elasticity in {name}", inputs)

    def _derived(self, expr: sympy.Expr, label: str, inputs: Mapping[str, Any]) -> xarray.DataArray:
        from boundcalc.evaluator import evaluate_grid

        values = check_inputs(self, inputs)
        with in_context(self._context):
            found = evaluate_grid(expr, values, symbols=self.symbols, domains=self.domain)
            if not hasattr(found.data, "dask") and np.isnan(found.data.astype(float)).any():
                whole = evaluate_grid(self.expr, values, symbols=self.symbols, domains=self.domain)
                check_defined(self, values, whole)
        missing = {name: value for name, value in values.items() if np.ndim(value) and name not in found.dims}
        if missing:  # an axis that the derivative does not depend on is kept
            shape = evaluate_grid(self.expr, values, symbols=self.symbols, domains=self.domain)
            found = found.broadcast_like(shape).transpose(*shape.dims)
        return found.rename(label)

    def vacuous(self, value: xarray.DataArray, **inputs: Any) -> xarray.DataArray | None:
        """Return where a value of this bound says no more than what holds anyway; None where that cannot be told.

        Parameters
        ----------
        value : xarray.DataArray
            From ``evaluate``.
        **inputs : scalar, 1-D array_like or xarray.DataArray
            What it was evaluated at.

        Returns
        -------
        xarray.DataArray of bool, or None
        """
        from boundcalc.evaluator import evaluate_grid

        if self.trivial is None or any(symbol.name not in inputs for symbol in self.trivial.free_symbols):
            return None
        symbols = {symbol.name: symbol for symbol in self.trivial.free_symbols}
        anyway = evaluate_grid(
            self.trivial, {name: inputs[name] for name in inputs if name in symbols}, symbols=symbols
        )
        return value <= anyway if self.is_lower else value >= anyway

    def enclose(self, **inputs: Any) -> xarray.Dataset:
        """Return rigorous lower and upper ends of the bound's value (Arb balls; needs the ``rigor`` extra).

        The inputs are as for ``evaluate``; strings such as ``"0.05"`` and Fractions are taken exactly, a float as
        the binary number it is.

        Parameters
        ----------
        **inputs : scalar, 1-D array_like or xarray.DataArray
            A value for each symbol, as for ``evaluate``.

        Returns
        -------
        xarray.Dataset
            With the variables ``lower`` and ``upper``.

        Raises
        ------
        InvalidInputError
            Listing every unknown, missing or misplaced argument.
        MissingExtraError
            If python-flint is not installed.
        """
        from boundcalc.evaluator import enclose_grid

        values = check_inputs(self, inputs)
        with in_context(self._context):
            found = enclose_grid(self.expr, values, symbols=self.symbols, domains=self.domain)
        check_defined(self, values, found["upper"])
        return found

    def compile(self, *names: str, **values: Any) -> Callable[..., Any]:
        """Return a plain function of the named symbols on arrays that broadcast as NumPy's do.

        Parameters
        ----------
        *names : str
            The arguments, in order. All symbols must be arguments or have a value.
        **values : number
            Values of the other symbols.

        Returns
        -------
        callable
            ``f(*arrays, out=None)``; it does not validate the domain.

        Raises
        ------
        InvalidInputError
            For symbols that are unknown, missing, named twice, or both named and given a value, and for values
            outside the domain.
        """
        from boundcalc.evaluator import compile_expression

        known = {name: value for name, value in values.items() if name in self.symbols}
        missing = [name for name in self.symbols if name not in (*names, *values)]
        problems = unknown_symbols((*names, *values), self.symbols)
        problems += [f"{name} is named twice" for name in dict.fromkeys(names) if names.count(name) > 1]
        problems += [f"{name} is named as an argument and given a value" for name in values if name in names]
        problems += [f"missing {name}" for name in missing[:-1]]
        problems += [f"missing {name}: name each as an argument or give its value" for name in missing[-1:]]
        if problems:
            raise InvalidInputError(problems, context=str(self.theorem))
        fixed = insert(self, known) if known else self
        arguments = tuple(self.symbols.get(name) or VOCABULARY[name].symbol for name in names)
        return compile_expression(fixed.expr, arguments, domains=self.domain)

    def check_inputs(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of this bound's symbols, names, domains and constraints checked.

        Parameters
        ----------
        inputs : mapping of str to scalar, 1-D array_like or xarray.DataArray

        Returns
        -------
        dict of str to value
            Only the symbols that the bound uses.

        Raises
        ------
        InvalidInputError
            Listing every unknown, missing or misplaced argument.
        """
        return check_inputs(self, inputs)

    @property
    def _context(self) -> str:
        return f"{self.theorem.key} ({self.form})"

    # ------------------------------------------------------------------ better and simpler

    def minimise(
        self, name: str, *, over: Any = None, price: str = "fixed", points: int = 16, **values: Any
    ) -> MinimisedBound:
        """Return the bound at the best value of a symbol that may be chosen, such as the lam of a PAC-Bayes bound.

        Every value that is fixed in advance keeps the statement true, so that a closed form is sought first and a search in
        numbers does where all other symbols have values. A best value that depends on the data costs a union.

        Parameters
        ----------
        name : str
            A symbol of the bound with the role ``fixed``.
        over : sequence of numbers or (low, high), optional
            The values to choose among; a tuple of two is a geometric grid between them.
        price : {"fixed", "grid"}
            ``grid`` pays for every value of ``over``: delta is divided by their number, and the bound is the smallest.
        points : int
            Of a geometric grid.
        **values : number or SymPy expression
            Inserted first. Those of symbols that are not fixed in advance are guesses: the choice is made for them, and the
            bound keeps the symbols (on a grid, which is paid for, they are inserted too).

        Returns
        -------
        MinimisedBound
            With the best value as ``argmin``.

        Raises
        ------
        InvalidInputError
            If there is no such symbol, no best value is known, or it depends on the data and nothing pays for it.
        """
        listed = None if over is None else grid(self, self.symbol(name), over, points)
        found, best = minimised(self, name, values=listed, price=price, given=values)
        if price == "grid":
            found = self._made(
                found, "minimise", name=name, over=listed, values={one: found.replaced[one] for one in values}
            )
        else:
            given = {one: value for one, value in found.replaced.items() if one in (name, *values)}
            found = self._made(found, "substitute", union=sympy.S.One, values=given)
        kept = {one.name: getattr(found, one.name) for one in fields(Bound)}
        return MinimisedBound(**kept, argmin=best)

    def relax(self, *, drop: str = "", round: int | None = None, budget: float = 60.0) -> Bound:
        """Return a cleaner bound that is provably larger (smaller, for a lower bound) on the whole domain.

        Parameters
        ----------
        drop : {"", "lower order"}
            Whether terms that vanish faster in n are put into the constant of the slowest one.
        round : int, optional
            To how many significant digits coefficients are rounded, away from the truth.
        budget : float
            Seconds for the proofs.

        Returns
        -------
        Bound
            Its last step of ``proof`` is what was relaxed; `boundcalc.check` proves it again.

        Raises
        ------
        InvalidInputError
            If nothing is asked, or the cleaner form could not be proved.
        """
        found, step = _ABOVE("relaxed")(self, drop=drop, digits=round, budget=budget)
        made: Bound = self._made(found, "relax", step=step)
        return made

    def dominates(self, other: Bound, **options: Any) -> Any:
        """Return the verdict on whether this bound is at most another on the whole domain, with a point where it is not.

        Parameters
        ----------
        other : Bound
            Of the same quantity.
        **options
            ``domain``, ``constraints`` and ``budget`` of `boundcalc.check_inequality`.

        Returns
        -------
        Verdict

        Raises
        ------
        CompositionError
            If the two bound different quantities or from different sides.
        """
        return _ABOVE("dominated")(self, other, **options)

    # ------------------------------------------------------------------ symbols

    def rate(self, name: str = "n") -> Rate:
        """Return the limit, the order of decay and its coefficient as a symbol grows.

        Parameters
        ----------
        name : str
            A symbol of this bound that grows without limit.

        Returns
        -------
        Rate

        Raises
        ------
        InvalidInputError
            If there is no such symbol, or its domain is bounded.
        """
        from boundcalc.statements.asymptotics import rate_of

        return rate_of(self, name)

    def compare(self, other: Bound, name: str = "n") -> RateComparison:
        """Compare with another bound of the same quantity: difference, and ratio as a symbol grows.

        Parameters
        ----------
        other : Bound
        name : str
            The symbol that grows.

        Returns
        -------
        RateComparison

        Raises
        ------
        CompositionError
            If the two bound different quantities or from different sides.
        InvalidInputError
            If ``other`` is no Bound, or the symbol cannot grow.
        """
        from boundcalc.statements.asymptotics import compare_rates

        return compare_rates(self, other, name)

    def regimes(self, exponents: Mapping[str, Any]) -> Regimes:
        """Return how the bound moves when several symbols grow together, each like a power of one scale.

        Parameters
        ----------
        exponents : mapping of str to number or SymPy symbol
            ``{"n": 1, "d": alpha}`` means n = N and d = N^alpha, N to infinity.

        Returns
        -------
        Regimes
            The exponent of each term, and which dominate where.

        Raises
        ------
        InvalidInputError
            If there is no such symbol, or a part has no exponent.
        """
        return regimes_of(self, exponents)

    def solve_for(self, name: str, *, target: Any, closed_form: bool = False, **others: Any) -> Solution:
        """Solve for the one symbol that is left out: the last value at which the bound meets the target.

        Parameters
        ----------
        name : str
            A symbol in which the bound is monotone.
        target : scalar, 1-D array_like or xarray.DataArray
            What the bound should reach.
        closed_form : bool
            Ask SymPy for the answer on the smooth relaxation too.
        **others : scalar, 1-D array_like or xarray.DataArray
            All other symbols.

        Returns
        -------
        Solution
            With values, feasible, reason and the nearest target in every cell.

        Raises
        ------
        InvalidInputError
            If the bound is not monotone in the symbol, or an input is bad.
        """
        from boundcalc.inverse.solve import solve_for

        return solve_for(self, name, target=target, closed_form=closed_form, **others)

    def simplify(self) -> Bound:
        """Return the same bound with each part in the shortest of a few equal forms."""
        from boundcalc.statements.asymptotics import simplified

        made: Bound = self._made(
            replace(self, parts=tuple((label, simplified(part)) for label, part in self.parts)), "simplify"
        )
        return made

    def to_latex(self) -> str:
        """Return the statement in LaTeX, with its abbreviations explained."""
        return bound_latex(self)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.to_latex()}$"

    def _repr_html_(self) -> str:
        return bound_html(self)

    def to_python(self) -> str:
        """Return the source of a plain Python function of the bound's symbols (``math`` only)."""
        return bound_python(self)

    def to_json(self) -> str:
        """Return the bound as JSON; ``Bound.from_json`` gives an equal bound back."""
        return write_statement(self)

    @classmethod
    def from_json(cls, text: str) -> Bound:
        """Return the bound that ``to_json`` wrote; nothing in the text is ever evaluated as code.

        One that equals the catalogue's own is the catalogue's, with its proof; any other is not certified.

        Parameters
        ----------
        text : str

        Returns
        -------
        Bound

        Raises
        ------
        InvalidInputError
            If the text is not such a bound.
        """
        made = cls(**read_fields(text))
        entry = _ABOVE("REGISTRY").get(made.theorem.key)
        own: Bound | None = entry.bound(made.form) if entry is not None and made.form in entry.forms else None
        return made if own is None or own != made else own


@dataclass(frozen=True, repr=False)
class MinimisedBound(Bound):
    """A bound at the best value of a symbol.

    Attributes
    ----------
    argmin : sympy.Expr
        That value; on a grid, a value for each case.
    """

    argmin: sympy.Expr = sympy.nan
