"""``python -m boundcalc.kernel``: ask Coq's kernel for everything; what it accepted before is not asked again."""

from __future__ import annotations

import sys

from boundcalc.catalogue import REGISTRY
from boundcalc.kernel.coqc import HINT, available
from boundcalc.kernel.exporting import Exported, export, finite_mathematics
from boundcalc.kernel.whole import compose


def main() -> int:
    """Print what is refused, and how much is accepted; return 1 where a closed-form step or a lemma is refused."""
    if not available():
        print(HINT, file=sys.stderr)
        return 2
    steps: list[Exported] = []
    wholes: list[Exported] = []
    for entry in REGISTRY.values():
        steps += export(entry)
        wholes += compose(entry)
    lemmas = [finite_mathematics()]
    for name, files in (
        ("closed-form steps", steps),
        ("whole bounds", wholes),
        ("files of finite mathematics", lemmas),
    ):
        for file in files:
            if not file.accepted:
                print(f"not accepted: {file.title} ({file.outcome.reason})")
        print(f"{name}: {sum(file.accepted for file in files)} of {len(files)} accepted")
    axioms = sorted({axiom for file in [*steps, *wholes, *lemmas] for axiom in file.outcome.axioms})
    print(f"axioms: {', '.join(axioms)}")
    return int(not all(file.accepted for file in [*steps, *lemmas]))


if __name__ == "__main__":
    sys.exit(main())
