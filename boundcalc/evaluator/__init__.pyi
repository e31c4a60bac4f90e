"""What type checkers and editors see of the names that are loaded when first used."""

from boundcalc.evaluator.calculus import elasticity as elasticity
from boundcalc.evaluator.calculus import gradient as gradient
from boundcalc.evaluator.compiled import CompiledExpression as CompiledExpression
from boundcalc.evaluator.compiled import compile_expression as compile_expression
from boundcalc.evaluator.enclosing import enclose_grid as enclose_grid
from boundcalc.evaluator.grid import evaluate_grid as evaluate_grid

__all__: list[str]
