"""Completion of what is typed, by argcomplete: commands, options, keys of the catalogue, data sets and files."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from boundcalc.stored import stored_list

__all__ = ["COMPLETERS", "complete"]


def _keys(**_: Any) -> list[str]:
    return [entry["key"] for entry in stored_list() or ()]


def _data(prefix: str, **_: Any) -> list[str]:
    from argcomplete.completers import FilesCompleter

    from boundcalc.datasets import available

    return [*available(), *FilesCompleter()(prefix)]


#: What completes a positional argument, by the first word of its entry in the table of arguments.
COMPLETERS: dict[str, Callable[..., list[str]]] = {"KEY": _keys, "KEYS": _keys, "DATA": _data, "PLANTED": _data}


def complete(parser: ArgumentParser) -> None:
    """Answer the shell, which has asked by the environment variable ``_ARGCOMPLETE``, and end."""
    from argcomplete import autocomplete

    autocomplete(parser)
