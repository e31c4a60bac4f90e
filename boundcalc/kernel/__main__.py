"""``python -m boundcalc.kernel``: ask Coq's kernel for everything; what it accepted before is not asked again."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterable

from boundcalc.catalogue import REGISTRY
from boundcalc.kernel.coqc import HINT, available, library
from boundcalc.kernel.exporting import Exported, export, finite_mathematics
from boundcalc.kernel.whole import compose


def main() -> int:
    """Print what is refused, and how much is accepted; return 1 where a closed-form step or a lemma is refused."""
    if not available():
        print(HINT, file=sys.stderr)
        return 2
    start = time.monotonic()
    library()
    workers = len(os.sched_getaffinity(0))
    with multiprocessing.Pool(workers, signal.signal, (signal.SIGTERM, signal.SIG_DFL)) as pool:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # workers end with the one who asks
        lemmas = _told("finite mathematics", [finite_mathematics()])
        steps = _told("closed-form steps", pool.imap(_steps, REGISTRY))
        wholes = _told("whole bounds", pool.imap(_wholes, REGISTRY))
    axioms = sorted({axiom for file in [*steps, *wholes, *lemmas] for axiom in file.outcome.axioms})
    print(f"axioms: {', '.join(axioms)}")
    print(f"{time.monotonic() - start:.0f} s with {workers} processes")
    return int(not all(file.accepted for file in [*steps, *lemmas]))


def _steps(key: str) -> list[Exported]:
    return export(REGISTRY[key])


def _wholes(key: str) -> list[Exported]:
    return compose(REGISTRY[key])


def _told(name: str, groups: Iterable[list[Exported]]) -> list[Exported]:
    """Say which files are refused as they come, and how many are accepted."""
    found = []
    for file in (file for group in groups for file in group):
        found.append(file)
        if not file.accepted:
            print(f"not accepted: {file.title} ({file.outcome.reason})", flush=True)
    print(f"{name}: {sum(file.accepted for file in found)} of {len(found)} accepted", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
