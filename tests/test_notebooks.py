"""Every notebook, found by glob, runs from top to bottom and uses the public surface only."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path

import pytest

from boundcalc import aligner

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
PUBLIC = {
    "boundcalc",
    "boundcalc.aligner",
    "boundcalc.certification",
    "boundcalc.symbols",
    "boundcalc.trainer",
    "boundcalc.planner",
    "boundcalc.datasets",
    "boundcalc.report",
    "boundcalc.catalogue",
    "boundcalc.checker",
}


def code_cells(path: Path) -> list[str]:
    nbformat = pytest.importorskip("nbformat")
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_there_are_notebooks():
    assert NOTEBOOKS


def shown(*values):
    """Make every form in which a notebook could show a value."""
    for value in values:
        for form in ("__repr__", "_repr_html_", "_repr_latex_", "_repr_markdown_", "_repr_png_", "_repr_svg_"):
            (getattr(value, form, None) or str)()


def needed(path):
    if any("boundcalc.aligner" in source for source in code_cells(path)):
        for name in ("torch", "ot"):
            pytest.importorskip(name, reason=f"{name} is not installed: `make test-align` installs the extra align")


def with_few_seeds(compare):
    """Return the comparison with two seeds at most: a notebook's six are run in a kernel."""

    def few(*data, seeds, **options):
        return compare(*data, seeds=min(seeds, 2), **options)

    return few


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run(path, monkeypatch):
    """Cell by cell in this process, which has imported everything already; a kernel each takes twice the time."""
    plt = pytest.importorskip("matplotlib.pyplot")
    needed(path)
    monkeypatch.setattr(aligner, "compare_regularisers", with_few_seeds(aligner.compare_regularisers))
    monkeypatch.chdir(path.parent)
    names = {"__name__": "notebook", "display": shown}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
        for number, source in enumerate(code_cells(path)):
            code = ast.parse(source, f"{path.name}, cell {number}")
            last = ast.Expression(code.body.pop().value) if isinstance(code.body[-1], ast.Expr) else None
            exec(compile(code, f"{path.name}, cell {number}", "exec"), names)
            if last is not None:
                shown(eval(compile(last, f"{path.name}, cell {number}, last line", "eval"), names))
    plt.close("all")


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run_in_a_kernel(path, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    needed(path)
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # the tests run side by side already
    notebook = nbformat.read(path, as_version=4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the kernel's own plumbing warns about its transport
        nbclient.NotebookClient(
            notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
        ).execute()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_define_nothing_and_use_public_names(path):
    for source in code_cells(path):
        for node in ast.walk(ast.parse(source)):
            assert not isinstance(node, ast.FunctionDef | ast.ClassDef), (
                "notebooks tell stories; definitions live in the package"
            )
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("boundcalc"):
                assert node.module in PUBLIC, node.module
