"""Imports run one way, the core is light, public names exist."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import boundcalc

ROOT = Path(boundcalc.__file__).parent

#: A module may import what stands before it (longest prefix wins).
ORDER = [
    ("boundcalc.errors", "boundcalc.lazy"),
    ("boundcalc.symbols",),
    ("boundcalc.arithmetic",),
    ("boundcalc.language", "boundcalc.show"),
    ("boundcalc.evaluator",),
    ("boundcalc.trainer", "boundcalc.datasets"),
    ("boundcalc.certification",),
    ("boundcalc.aligner",),
    ("boundcalc.statements",),
    ("boundcalc.inverse",),
    ("boundcalc.bound",),
    ("boundcalc.theorems",),
    ("boundcalc.catalogue",),
    ("boundcalc.checker",),
    ("boundcalc.guarantees",),
    ("boundcalc.planner",),
    ("boundcalc.report",),
    ("boundcalc.cli", "boundcalc.__main__"),
]


def rank(module: str) -> int:
    found = [
        (len(prefix), place)
        for place, prefixes in enumerate(ORDER)
        for prefix in prefixes
        if module == prefix or module.startswith(prefix + ".")
    ]
    assert found, f"{module} has no place in the house"
    return max(found)[1]


def runtime_imports(path: Path) -> set[str]:
    """Return the boundcalc modules that a file imports, type-checking blocks left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("boundcalc."):
            found.add(node.module)
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("boundcalc.")}
    return found


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path):
    module = ".".join(["boundcalc", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__")
    if module == "boundcalc":
        return
    own = rank(module)
    for imported in runtime_imports(path):
        assert rank(imported) <= own, f"{module} imports {imported}"


def test_every_public_name_exists():
    for name in boundcalc.__all__:
        assert getattr(boundcalc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        boundcalc.nothing  # noqa: B018


def loaded_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_import_and_catalogue_stay_light():
    assert "sympy" not in loaded_after("import boundcalc")
    heavy = {"scipy", "xarray", "sklearn", "matplotlib", "z3", "cvc5", "pandas", "torch", "ot"}
    assert not heavy & loaded_after("import boundcalc; list(boundcalc.catalogue.values())")


def test_no_entry_loads_the_checker():
    code = "import sys, boundcalc; list(boundcalc.catalogue.values()); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {name for name in done.stdout.split() if name.startswith("boundcalc.checker")}


def test_an_entry_imports_only_what_it_rests_on():
    statement = "import boundcalc; boundcalc.theorem('zhou2026.risk_gap')"
    code = f"import sys; {statement}; print(*(name for name in sys.modules if name.startswith('boundcalc.catalogue.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"boundcalc.catalogue.zhou2026.risk_gap", "boundcalc.catalogue.lemmas.bounded_differences"} <= loaded
    assert not {name for name in loaded if "comparators" in name or "latent_encoders" in name}
