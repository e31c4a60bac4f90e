"""A statement at plain numbers: what is checked and computed where no input is an array, without looking at anything twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boundcalc.evaluator.compiled import CompiledExpression, compile_expression
from boundcalc.frozen import Frozen
from boundcalc.language.domains import describe_assumptions, parts_of
from boundcalc.statements.statement import Statement
from boundcalc.symbols import Constraint

__all__ = ["PointFunction", "comparisons", "point_function"]

Part = tuple[float, float, bool, bool, bool]
_EXACT = 2**53  # beyond, not every integer is a double


@dataclass(frozen=True)
class PointFunction(Frozen):
    """A statement's function of floats and integers that are all inside their domains.

    Attributes
    ----------
    compiled : CompiledExpression
        The statement's right side, its arguments in the order of ``parts``.
    parts : mapping of str to tuple
        For each symbol the intervals of its domain: ends, whether they are open, whether of integers.
    ties : tuple of (str or float, str or float, bool)
        Relations between symbols or numbers: the smaller, the larger, whether they must differ.
    """

    compiled: CompiledExpression
    parts: Mapping[str, tuple[Part, ...]]
    ties: tuple[tuple[Any, Any, bool], ...]

    def __call__(self, inputs: Mapping[str, Any]) -> float | None:
        """Return the value; None where an input is of another kind or not allowed, and where there is no value."""
        if inputs.keys() != self.parts.keys():
            return None
        point = []
        for name, parts in self.parts.items():
            x = inputs[name]
            if type(x) is int and -_EXACT <= x <= _EXACT:
                x = float(x)
            if type(x) is not float:
                return None
            for low, high, low_open, high_open, whole in parts:
                inside = (x > low if low_open else x >= low) and (x < high if high_open else x <= high)
                if inside and (not whole or x % 1 == 0):
                    break
            else:
                return None
            point.append(x)
        for low, high, strict in self.ties:
            least, most = inputs.get(low, low), inputs.get(high, high)
            if not (least < most if strict else least <= most):
                return None
        value: float = self.compiled(*point)
        return value if value == value else None


def comparisons(statement: Statement) -> tuple[Constraint, ...] | None:
    """Return the relations between a statement's symbols; None where it asks for more than domains and comparisons."""
    symbols = set(statement.symbols.values())
    rules = tuple(rule for rule in statement.constraints if rule.symbols <= symbols)
    plain = all(side.is_Symbol or side.is_Integer for rule in rules for side in (rule.lower, rule.upper))
    return rules if plain and not statement.conditions and not any(map(describe_assumptions, symbols)) else None


def point_function(statement: Statement) -> PointFunction | None:
    """Return a statement's function of numbers; None where its conditions ask for more than comparisons."""
    symbols, rules = statement.symbols, comparisons(statement)
    if rules is None:
        return None
    return PointFunction(
        compile_expression(statement.expr, tuple(symbols.values()), domains=statement.domain),
        {
            name: tuple((*part.double, part.whole) for part in parts_of(statement.domain[symbol]))
            for name, symbol in symbols.items()
        },
        tuple((_side(rule.lower), _side(rule.upper), bool(rule.strict)) for rule in rules),
    )


def _side(side: Any) -> Any:
    return side.name if side.is_Symbol else float(side)
