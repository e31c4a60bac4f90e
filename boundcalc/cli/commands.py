"""Which commands there are. A command's module has ``ARGUMENTS``, ``ENDINGS`` and ``run(args) -> Answer``, nothing else."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

__all__ = ["COMMANDS", "load"]

#: Name and one line of help, in the order in which they are listed. The module of ``x`` is ``cli/x_command.py``.
COMMANDS = {
    "list": "list the theorems of the catalogue",
    "show": "show one theorem: statement, assumptions, forms, steps, source and gaps",
    "eval": "evaluate a bound at a point or on a grid",
    "explore": "write one HTML page with a slider for each symbol and a curve for each bound",
    "sensitivity": "which symbol moves a bound most, at a point",
    "check": "check the steps of a theorem, or of all: proved, supported or refuted",
    "certify": "what held-out rows certify of a model's pair scores, embeddings or distances",
    "train": "train on modality subsets and estimate what the bounds need",
    "bench": "our model beside others on the same rows: NCA, LDA, a logistic pair score and your own",
    "plan": "which modalities to collect, how many samples, and what is guaranteed beforehand",
    "report": "train, evaluate, plan and check: one page that could be attached to a paper",
    "compare": "rival bounds on one risk, on a pilot sample and against n",
    "ask": "what the works of Table 1 say of a data set: five questions, a planted law beside it",
    "align": "compare optimal-transport regularisers of encoders on partly aligned data",
    "demo": "the whole path on a real data set, in about a minute",
}


def load(name: str) -> ModuleType:
    """Import a command's module (light: heavy imports wait until it runs)."""
    return import_module(f"boundcalc.cli.{name}_command")
