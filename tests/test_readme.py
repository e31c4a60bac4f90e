"""The README's examples are run: Python as doctests, commands with what they print."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest

from boundcalc.cli import main
from boundcalc.cli.commands import COMMANDS as ALL_COMMANDS

README = Path(__file__).parent.parent / "README.md"


def test_python_examples():
    pytest.importorskip("sklearn")
    result = doctest.testfile(str(README), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted > 10
    assert result.failed == 0


COMMANDS = re.findall(r"^\$ boundcalc (.+)\n((?:[^`$].*\n)+)", README.read_text(encoding="utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize(("command", "expected"), COMMANDS, ids=[command.split()[0] for command, _ in COMMANDS])
def test_command_examples(command, expected, capsys):
    assert main(shlex.split(command)) == 0
    assert capsys.readouterr().out.strip() == expected.strip()


@pytest.mark.parametrize("name", ALL_COMMANDS)
def test_every_command_is_named(name):
    assert re.search(rf"\b(boundcalc|make) {name}\b", README.read_text(encoding="utf-8"))


def test_pictures_exist():
    for target in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README.read_text(encoding="utf-8")):
        assert (README.parent / target).is_file()
