"""Say in words why an evaluation is fast: which part is computed on which axes, and at what cost."""

from __future__ import annotations

from collections.abc import Sequence

from boundcalc.evaluator.program.instructions import Instruction
from boundcalc.evaluator.running.schedule import Group, Schedule

__all__ = ["explain"]

_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "lt": "<", "le": "<=", "eq": "==", "ne": "!="}


def explain(plan: Schedule, names: Sequence[str], masks: Sequence[int]) -> str:
    """Return a plan as text.

    Parameters
    ----------
    plan : Schedule
        The plan.
    names : sequence of str
        Names of the arguments.
    masks : sequence of int
        For each argument the axes along which it varies.
    """
    labels = [_axis(axis, names, masks) for axis in range(len(plan.sizes))]
    sizes = " x ".join(f"{label}:{size}" for label, size in zip(labels, plan.sizes, strict=True)) or "one point"
    lines = [f"grid {sizes}; estimated {sum(g.cost for g in plan.groups) / 1e6:.3g} ms on one core"]
    for group in plan.groups:
        lines += _describe(group, plan, names, labels)
    return "\n".join(lines)


def _axis(axis: int, names: Sequence[str], masks: Sequence[int]) -> str:
    return ",".join(name for name, mask in zip(names, masks, strict=True) if mask >> axis & 1) or f"axis {axis}"


def _describe(group: Group, plan: Schedule, names: Sequence[str], labels: Sequence[str]) -> list[str]:
    on = " x ".join(label for axis, label in enumerate(labels) if group.axes >> axis & 1) or "no axis"
    head = f"on {on}: {group.cells} cells, {len(group.steps)} operations, {group.cost / 1e6:.3g} ms"
    code = plan.program.instructions
    lines = []
    for step in group.steps:
        kept = " (result)" if step.number == plan.program.root else " (table)" if step.number in group.tables else ""
        lines.append(f"    v{step.number} = {_formula(code[step.number], code, names)}{kept}")
    return [head, *lines]


def _formula(c: Instruction, code: Sequence[Instruction], names: Sequence[str]) -> str:
    args = [_operand(a, code, names) for a in c.args]
    if c.op in _INFIX:
        return f" {_INFIX[c.op]} ".join(args)
    return f"{c.op}({', '.join([*args, *([] if c.param is None else [str(c.param)])])})"


def _operand(i: int, code: Sequence[Instruction], names: Sequence[str]) -> str:
    c = code[i]
    return names[c.param] if c.op == "input" else str(c.param) if c.op == "const" else f"v{i}"
