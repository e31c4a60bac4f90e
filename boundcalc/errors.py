"""The errors that users of boundcalc meet: each says what is wrong, what was given and what is allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType

__all__ = [
    "CompositionError",
    "DerivationError",
    "InfeasibleError",
    "InvalidInputError",
    "MissingExtraError",
    "in_context",
    "require",
    "suggestion",
    "visible",
]


#: Characters of a sentence: what is quoted in it comes from a file and may be of any length.
_MOST = 800


#: What steers a terminal or turns the direction of writing, half characters, and ends of lines other than a new line.
_UNSEEN = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u061c\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ud800-\\udfff]"
)


def visible(text: str) -> str:
    r"""Return a text with what cannot be seen in it written out, as JSON does: it comes from a file and may steer a terminal.

    >>> visible("a\x1b[31m")
    'a\\u001b[31m'
    """
    return _UNSEEN.sub(lambda one: f"\\u{ord(one[0]):04x}", text)


class InvalidInputError(ValueError):
    """Bad input, all of it at once.

    Parameters
    ----------
    problems : str or iterable of str
        One sentence for each bad argument: its name, the value given, the allowed set.
    context : str, optional
        What was being done (the theorem, the file), put in front.
    """

    def __init__(self, problems: str | Iterable[str], *, context: str = "") -> None:
        found = (problems,) if isinstance(problems, str) else tuple(problems)
        self.problems = tuple(visible(one if len(one) <= _MOST else f"{one[:_MOST]}...") for one in found)
        self.context = visible(context)
        super().__init__((f"{context}: " if context else "") + "; ".join(self.problems))

    def __reduce__(self) -> tuple:
        return (_rebuild, (type(self), self.problems, self.context))


class CompositionError(InvalidInputError):
    """Two bounds do not fit together: wrong quantity, wrong direction or contradictory domains."""


class DerivationError(InvalidInputError):
    """A chain of steps does not fold into one bound."""


class InfeasibleError(InvalidInputError):
    """No value of the free parameter meets the target; the message names the nearest target that can be met."""


class MissingExtraError(ImportError):
    """An optional dependency is not installed; the message holds the line that adds it."""


@contextmanager
def in_context(context: str) -> Iterator[None]:
    """Put what was being done in front of an `InvalidInputError` that does not say it yet."""
    try:
        yield
    except InvalidInputError as error:
        if error.context:
            raise
        raise type(error)(error.problems, context=context) from error


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``, did you mean 'x'?`` for a misspelt name, or nothing; letters that changed places come first."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=max(len(known), 1))
    close.sort(key=lambda one: sorted(one) != sorted(name))
    return f", did you mean {close[0]!r}?" if close else ""


def _rebuild(cls: type[InvalidInputError], problems: tuple[str, ...], context: str) -> InvalidInputError:
    return cls(problems, context=context)


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import an optional module, or say which extra brings it.

    Parameters
    ----------
    module : str
        What is imported.
    extra : str
        The extra that brings it.
    purpose : str
        What needs it, for the message.

    Returns
    -------
    module

    Raises
    ------
    MissingExtraError
        If the module is not installed.
    """
    import importlib

    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise MissingExtraError(
            f"{purpose} needs {module.split('.')[0]}, which is not installed; "
            f"add it with: python -m pip install 'boundcalc[{extra}]'"
        ) from error
