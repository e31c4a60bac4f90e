"""Imports run one way and in no circle, the core is light, public names exist and hide nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import boundcalc

ROOT = Path(boundcalc.__file__).parent

#: The house: a module may import what stands in its own line or before it (longest prefix wins).
ORDER = [
    (
        "boundcalc.deprecation",
        "boundcalc.environment",
        "boundcalc.errors",
        "boundcalc.frozen",
        "boundcalc.lazy",
        "boundcalc.stored",
    ),
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
    ("boundcalc.checker", "boundcalc.certification", "boundcalc.guarantees"),
    ("boundcalc.kernel",),
    ("boundcalc.planner",),
    ("boundcalc.report",),
    ("boundcalc.cli", "boundcalc.__main__"),
]

#: Rooms that know no theorem: measurements travel as plain named values.
KNOW_NO_THEOREM = ("boundcalc.trainer", "boundcalc.datasets", "boundcalc.aligner", "boundcalc.show")

#: Functions that ``boundcalc`` offers or will offer.
OFFERED = {"allocate", "assurance", "best_constant", "by", "certify", "check", "check_inequality", "compare", "crossing", "load",
           "make_report", "minimal_n", "plan", "replay", "save", "symbol", "theorem"}  # fmt: skip

FILES = {
    ".".join(["boundcalc", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}


def rank(module: str) -> int:
    found = [
        (len(prefix), place)
        for place, prefixes in enumerate(ORDER)
        for prefix in prefixes
        if module == prefix or module.startswith(prefix + ".")
    ]
    assert found, f"{module} has no place in the house"
    return max(found)[1]


@cache
def imports(module: str) -> frozenset[str]:
    """Return the files of the package that a file imports: anywhere in it, for types only or within functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(FILES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: imports are written in full"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inner if inner <= FILES.keys() else inner | {str(node.module)}
    return frozenset(found & FILES.keys() - {module})


@pytest.mark.parametrize("module", [module for module in FILES if module != "boundcalc"])
def test_imports_run_one_way(module):
    above = [other for other in imports(module) - {"boundcalc"} if rank(other) > rank(module)]
    assert not above, f"{module} imports {above}"
    if module.startswith(KNOW_NO_THEOREM):
        assert not [other for other in imports(module) if rank(other) >= rank("boundcalc.statements")]


def test_no_imports_run_in_a_circle():
    try:
        TopologicalSorter({module: imports(module) - {"boundcalc"} for module in FILES}).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' <- '.join(error.args[1])}")


#: Files that load a module by a name that is computed: lists of names, and one check of a recorded experiment.
BY_NAME = {"boundcalc.lazy", "boundcalc.errors", "boundcalc.cli.commands", "boundcalc.catalogue.registry",
           "boundcalc.certification.foreign",  # whatever its user names
           "boundcalc.checker.experiments.evidence"}  # fmt: skip


def test_no_import_is_hidden_in_a_text():
    """What `test_imports_run_one_way` cannot see is what these do; a bound's table says what it asks of the rooms above."""
    by_name = {module for module, path in FILES.items() if "import_module(" in path.read_text(encoding="utf-8")}
    assert by_name == BY_NAME
    lists = {
        module
        for module, path in FILES.items()
        if path.name != "__init__.py" and "lazy_names(" in path.read_text("utf-8")
    }
    assert lists == {"boundcalc.lazy", "boundcalc.bound"}


@pytest.mark.parametrize("stub", sorted(ROOT.rglob("*.pyi")), ids=lambda path: path.parent.name)
def test_what_type_checkers_see_is_what_there_is(stub):
    package = import_module(".".join(stub.parent.relative_to(ROOT.parent).parts))
    imports = [node for node in ast.parse(stub.read_text("utf-8")).body if isinstance(node, ast.ImportFrom)]
    seen = {one.asname: (node.module, one.name) for node in imports for one in node.names}
    assert sorted(seen) == sorted(set(package.__all__) - {"__version__"})
    if stub.parent.name == "aligner":
        pytest.importorskip("torch")
    for name, (home, there) in seen.items():
        assert getattr(import_module(home), there) is getattr(package, name)


def test_every_room_and_file_says_what_it_is():
    assert not [module for module, path in FILES.items() if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    folders = {path.parent for path in FILES.values()}
    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]


def test_every_public_name_exists():
    for name in boundcalc.__all__:
        assert getattr(boundcalc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        boundcalc.nothing  # noqa: B018


def test_no_public_function_is_hidden_by_a_file():
    """A folder ``certify/`` would take the place of ``bc.certify`` as soon as something in it is imported."""
    functions = {
        node.name
        for path in FILES.values()
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    packages = [import_module(module) for module, path in FILES.items() if path.name == "__init__.py"]
    offered = OFFERED.union(*(getattr(package, "__all__", ()) for package in packages)) & (functions | OFFERED)
    assert {"theorem", "check", "solve_for", "make_plan", "evaluate_grid"} <= offered
    hidden = offered & {part for module in FILES for part in module.split(".")[1:]}
    assert not hidden, f"functions that share their name with a file or folder: {hidden}"


def _mapping_fields(node: ast.ClassDef) -> list[str]:
    return [
        ast.unparse(field.target)
        for field in node.body
        if isinstance(field, ast.AnnAssign)
        and {"Mapping", "dict"} & {ast.unparse(one) for one in ast.walk(field.annotation)}
    ]


def test_frozen_values_freeze_their_mappings():
    """A dictionary in a frozen dataclass is shared state: whoever changes it changes every other user's value."""
    leaking = [
        f"{module}.{node.name}"
        for module, path in FILES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(one).startswith("dataclass(frozen=True") for one in node.decorator_list)
        and _mapping_fields(node)
        and "Frozen" not in {ast.unparse(base) for base in node.bases}
    ]
    assert not leaking


def loaded_after(statement: str) -> set[str]:
    """Return the names of all modules after a statement, in a fresh interpreter."""
    code = f"import sys; {statement}; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_import_and_catalogue_stay_light():
    assert "sympy" not in loaded_after("import boundcalc")
    heavy = {"scipy", "xarray", "sklearn", "matplotlib", "z3", "cvc5", "pandas", "torch", "ot", "boundcalc.checker"}
    assert not heavy & loaded_after("import boundcalc; list(boundcalc.catalogue.values())")


def test_commands_and_plans_wait_for_the_catalogue():
    heavy = {"sympy", "xarray", "boundcalc.bound", "boundcalc.theorems"}
    assert not heavy & loaded_after("from boundcalc.cli import _parser; _parser()")
    assert not heavy & loaded_after("import boundcalc.report.planning")
    assert not heavy & loaded_after(
        "from boundcalc.cli.plan_command import _is_theorem; assert not _is_theorem('htad')"
    )


def test_an_entry_imports_only_what_it_rests_on():
    loaded = loaded_after("import boundcalc; boundcalc.theorem('zhou2026.risk_gap')")
    assert {"boundcalc.catalogue.zhou2026.risk_gap", "boundcalc.catalogue.lemmas.bounded_differences"} <= loaded
    assert not {name for name in loaded if "comparators" in name or "latent_encoders" in name}
