"""``python -m boundcalc.kernel``: ask Coq's kernel for everything; what it accepted before is not asked again."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from boundcalc.catalogue import REGISTRY
from boundcalc.kernel.coqc import HINT, available
from boundcalc.kernel.exporting import Exported, export, finite_mathematics
from boundcalc.kernel.whole import compose


def main() -> int:
    """Print what is refused, and how much is accepted; return 1 where a closed-form step or a lemma is refused."""
    if not available():
        print(HINT, file=sys.stderr)
        return 2
    lemmas = _told("finite mathematics", iter([finite_mathematics()]))
    steps = _told("closed-form steps", (file for entry in REGISTRY.values() for file in export(entry)))
    wholes = _told("whole bounds", (file for entry in REGISTRY.values() for file in compose(entry)))
    axioms = sorted({axiom for file in [*steps, *wholes, *lemmas] for axiom in file.outcome.axioms})
    print(f"axioms: {', '.join(axioms)}")
    return int(not all(file.accepted for file in [*steps, *lemmas]))


def _told(name: str, files: Iterator[Exported]) -> list[Exported]:
    """Say which files are refused as they come, and how many are accepted."""
    found = []
    for file in files:
        found.append(file)
        if not file.accepted:
            print(f"not accepted: {file.title} ({file.outcome.reason})", flush=True)
    print(f"{name}: {sum(file.accepted for file in found)} of {len(found)} accepted", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
