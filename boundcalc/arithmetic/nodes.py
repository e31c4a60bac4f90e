"""Hash-consed expression nodes: the one form in which every engine of the evaluator sees an expression.

Equal subexpressions are the same object, so a walk with a dictionary visits each once. Operations and
the content of ``value``:

=====================  ==========================================================================
``symbol``             position of the argument (int)
``number``             exact rational (Fraction)
``constant``           name of a real constant: ``pi``, ``e``, ``euler``, ``catalan``, ``inf``, ``-inf``, ``nan``
``add mul min max``    n-ary
``pow``                one argument, exact rational exponent (Fraction)
``power``              base and exponent
``select``             condition, value, condition, value, ..., default
``lt le eq ne``        two numbers to a truth value; ``and or not true false`` combine truth values
``logb``               logarithm to an integer base (int)
others                 the function of that name
=====================  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

__all__ = ["BOOLEAN", "Node", "Pool", "topological"]

BOOLEAN = frozenset({"lt", "le", "eq", "ne", "and", "or", "not", "true", "false"})


class Node:
    """One subexpression; compare by identity.

    Attributes
    ----------
    op : str
        Operation.
    args : tuple of Node
        Operands.
    value : object
        Parameter of the operation, see the module's table.
    support : int
        Bit i is set if the subexpression depends on argument i.
    """

    __slots__ = ("args", "op", "support", "value")

    def __init__(self, op: str, args: tuple[Node, ...], value: Any, support: int) -> None:
        self.op, self.args, self.value, self.support = op, args, value, support

    def __repr__(self) -> str:
        inner = ", ".join([*([] if self.value is None else [str(self.value)]), *map(repr, self.args)])
        return f"{self.op}({inner})"


class Pool:
    """Makes nodes and returns the same object for equal ones."""

    def __init__(self) -> None:
        self._known: dict[tuple, Node] = {}

    def make(self, op: str, *args: Node, value: Any = None) -> Node:
        """Return the node of an operation on nodes of this pool."""
        key = (op, value, *map(id, args))
        node = self._known.get(key)
        if node is None:
            support = 1 << value if op == "symbol" and isinstance(value, int) else 0
            for arg in args:
                support |= arg.support
            node = self._known[key] = Node(op, args, value, support)
        return node

    def number(self, value: Fraction | int) -> Node:
        """Return an exact rational number."""
        return self.make("number", value=Fraction(value))

    def add(self, *terms: Node) -> Node:
        """Return a sum: flat, without exact zeros, its rational terms folded into one."""
        flat = [t for term in terms for t in (term.args if term.op == "add" else (term,))]
        total = sum((t.value for t in flat if isinstance(t.value, Fraction) and t.op == "number"), Fraction(0))
        rest = [t for t in flat if t.op != "number"]
        if total:
            rest.append(self.number(total))
        return rest[0] if len(rest) == 1 else self.make("add", *rest) if rest else self.number(0)

    def mul(self, *factors: Node) -> Node:
        """Return a product: flat, its rational factors folded into one that stands first.

        A factor 0 does not swallow the others: 0 times infinity stays undefined.
        """
        flat = [f for factor in factors for f in (factor.args if factor.op == "mul" else (factor,))]
        scale = Fraction(1)
        for f in flat:
            if f.op == "number" and isinstance(f.value, Fraction):
                scale *= f.value
        rest = [f for f in flat if f.op != "number"]
        if scale != 1:
            rest.insert(0, self.number(scale))
        return rest[0] if len(rest) == 1 else self.make("mul", *rest) if rest else self.number(1)

    def pow(self, base: Node, exponent: Fraction | int) -> Node:
        """Return a power with an exact rational exponent."""
        exponent = Fraction(exponent)
        return base if exponent == 1 else self.make("pow", base, value=exponent)


def topological(*roots: Node) -> Iterator[Node]:
    """Yield every node once, operands first."""
    seen: set[int] = set()
    stack: list[tuple[Node, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        node, ready = stack.pop()
        if ready:
            yield node
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((arg, False) for arg in reversed(node.args))
