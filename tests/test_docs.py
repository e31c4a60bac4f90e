"""The site's examples are run, its reference has every public name, its pages know no number that is not made."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import runpy
import shlex
import textwrap
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
        r"^>>> (?:from|import) (sklearn|dask|pandas|array_api_strict)\b",
        path.read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    ):
        pytest.importorskip(needed)
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    result = doctest.testfile(str(path), module_relative=False, optionflags=flags)
    assert result.attempted > 0
    assert result.failed == 0


WITH_CODE = [*PAGES, DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md"]


@pytest.mark.parametrize("path", WITH_CODE, ids=lambda path: path.stem)
def test_commands_have_the_options_that_are_shown(path):
    text = path.read_text(encoding="utf-8")
    shown = re.findall(r"^(?: *\$|   ) boundcalc ([a-z].*)$|`boundcalc ([a-z][^`]*)`", text, flags=re.MULTILINE)
    for command in (line or inline for line, inline in shown):
        name, *words = shlex.split(command.replace("...", ""))
        if "|" not in name:  # several commands at once
            known = _options(name)
            assert {word for word in words if re.match("-+[a-z]", word)} <= known, command


def _options(name):
    """Return the options of a command; there is no other way to ask argparse."""
    from boundcalc.cli import _parser

    (commands,) = (action for action in _parser()._actions if action.choices and "plan" in action.choices)
    return set(commands.choices[name]._option_string_actions)


@pytest.mark.parametrize("path", WITH_CODE, ids=lambda path: path.stem)
def test_blocks_that_need_another_machine_name_what_exists(path):
    """Blocks without a prompt are not run: they are read, and what they import is there."""
    for block in re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL):
        if not block.startswith(">>> "):
            for node in ast.walk(ast.parse(block)):
                if isinstance(node, ast.ImportFrom):
                    home = importlib.import_module(node.module)
                    assert all(hasattr(home, one.name) for one in node.names), block


@pytest.mark.parametrize("path", WITH_CODE, ids=lambda path: path.stem)
def test_links_lead_to_files_and_headings(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        file, _, anchor = target.partition("#")
        if (
            re.match("[a-z]+:", target) or "made/" in file
        ):  # what is made is seen by Sphinx, which fails on what is missing
            continue
        found = next((one for one in (path.parent / file, path.parent / f"{file}.md") if one.exists()), None)
        assert found is not None, target
        slugs = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), flags=re.MULTILINE) if anchor else []
        assert not anchor or anchor in {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in slugs}, target


def test_prices_as_the_how_to_shows_them_are_read(tmp_path):
    from boundcalc.planner import Costs

    (block,) = re.findall(
        r"```toml\n(.*?)```", (DOCS / "howto" / "plan.md").read_text(encoding="utf-8"), flags=re.DOTALL
    )
    (tmp_path / "costs.toml").write_text(textwrap.dedent(block), encoding="utf-8")
    costs = Costs.read(tmp_path / "costs.toml", ("audio", "accelerometer"))
    assert costs.total(("audio", "accelerometer"), 100) == 100 * 3.5 + 5300


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
