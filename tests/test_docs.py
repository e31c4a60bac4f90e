"""The site's examples are run, its reference has every public name, its pages know no number that is not made."""

from __future__ import annotations

import doctest
import importlib
import re
import runpy
from pathlib import Path
from types import ModuleType

import pytest

import boundcalc as bc

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if not {"made", "build"} & set(path.relative_to(DOCS).parts))
WITH_EXAMPLES = [path for path in PAGES if "\n>>> " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=[path.stem for path in WITH_EXAMPLES])
def test_examples(path):
    for needed in re.findall(
        r"^>>> (?:from|import) (sklearn|dask|pandas)\b", path.read_text(encoding="utf-8"), flags=re.MULTILINE
    ):
        pytest.importorskip(needed)
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    result = doctest.testfile(str(path), module_relative=False, optionflags=flags)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_entries_that_are_named_exist(path):
    named = re.findall(r"\b(?:[a-z]+20\d\d|lemmas|comparators)\.[a-z]\w+", path.read_text(encoding="utf-8"))
    assert set(named) <= set(bc.catalogue)


def test_the_reference_has_every_public_name():
    text = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^   ([\w.]+)$", text, flags=re.MULTILINE))
    modules = {name for name in bc.__all__ if isinstance(getattr(bc, name), ModuleType)} - {"catalogue", "symbols"}
    top = set(bc.__all__) - modules - {"__version__", "catalogue", "symbols"}
    below = {f"{name}.{one}" for name in modules for one in getattr(bc, name).__all__ if one not in top}
    assert (top | below) - listed - {"InvalidInputError"} == set()
    assert [name for name in sorted(listed) if not name.startswith("aligner.") and not _found(name)] == []


def _found(name):
    home, _, last = name.rpartition(".")
    return hasattr(importlib.import_module(f"boundcalc.{home}".rstrip(".")), last)


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted((DOCS / "gallery").glob("plot_*.py")), ids=lambda path: path.stem)
def test_the_gallery_draws(path):
    pytest.importorskip("matplotlib").use("agg")
    runpy.run_path(str(path))
