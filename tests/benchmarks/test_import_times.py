"""First seconds: what imports and the light commands cost, as multiples of `import sympy` (CPU time, fresh interpreters).

Run with: make benchmark
"""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

HEAVY = {"scipy", "xarray", "sklearn", "matplotlib", "pandas", "torch", "z3", "cvc5"}
SILENT = "import contextlib, io; contextlib.redirect_stdout(io.StringIO()).__enter__()"
POINT = [f"--set={pair}" for pair in "n=1000 delta=0.05 L=1 C=1 R_M=0.1 gamma=0 eps_opt=0".split()]
CASES = {
    "import boundcalc": ("import boundcalc", 0.2),
    "import boundcalc.bound": ("import boundcalc.bound", 2.5),
    "one theorem": ("import boundcalc; boundcalc.theorem('zhou2026.risk_gap')", 2.8),
    "the whole catalogue": ("import boundcalc; list(boundcalc.catalogue.values())", 13.0),
    "boundcalc --version": (f"{SILENT}; from boundcalc.cli import main\ntry: main(['--version'])\nexcept SystemExit: pass", 0.5),
    "boundcalc --help": (f"{SILENT}; from boundcalc.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass", 0.5),
    "boundcalc list": (f"{SILENT}; from boundcalc.cli import main; main(['list'])", 0.5),
    "boundcalc show": (f"{SILENT}; from boundcalc.cli import main; main(['show', 'Theorem 3.13'])", 0.5),
    "boundcalc eval KEY": (f"{SILENT}; from boundcalc.cli import main; main(['eval', 'zhou2026.risk_gap', *{POINT}])", 1.0),
    "boundcalc eval by number": (f"{SILENT}; from boundcalc.cli import main; main(['eval', 'Theorem 3.13', *{POINT}])", 1.0),
}  # fmt: skip


def run(statement: str) -> tuple[float, set[str]]:
    """Return the CPU seconds of a statement and the packages that were loaded after it."""
    code = (
        f"import sys, time; start = time.process_time()\n{statement}\n"
        "print(time.process_time() - start, *sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, *loaded = done.stderr.split()
    return float(seconds), set(loaded)


def ratio_to_sympy(statement: str) -> float:
    """Return the least cost over the least of `import sympy`, taken in turns: the machine's pace changes."""
    pairs = [(run("import sympy")[0], run(statement)[0]) for _ in range(5)]
    return min(cost for _, cost in pairs) / min(alone for alone, _ in pairs)


@pytest.mark.parametrize("name", CASES)
def test_first_seconds(name, benchmark):
    statement, most = CASES[name]
    benchmark.pedantic(run, args=(statement,), rounds=1)
    ratio = ratio_to_sympy(statement)
    print(f"\n{name}: {ratio:.2f} times `import sympy`")
    assert ratio < most
    assert not HEAVY & run(statement)[1]


def test_demo(benchmark):
    command = [sys.executable, "-m", "boundcalc", "demo"]
    benchmark.pedantic(lambda: subprocess.run(command, capture_output=True, check=True), rounds=1)
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import sympy"], check=True)
    peer = time.perf_counter() - began
    print(f"\nboundcalc demo: {benchmark.stats['max']:.1f} s, {benchmark.stats['max'] / peer:.0f} times `import sympy`")
    assert benchmark.stats["max"] <= 30
