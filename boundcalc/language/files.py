"""Writing files so that nothing is lost: beside the old one, and moved into its place when it is whole."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["replacing", "write_text"]


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a path beside a file to write to, which takes the file's place when the block ends well and goes when it does not.

    The file keeps its mode, a new one has the usual; a link stays one, and what is no plain file (a pipe) is written directly.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    OSError
        If it cannot be written; then what was there is still there.
    """
    real = Path(os.path.realpath(path))
    plain = real.is_file() or not real.exists()
    beside = real.with_name(f".{secrets.token_hex(4)}{real.suffix}") if plain else real
    try:
        yield beside
        if not plain:
            return
        with beside.open("rb") as stream:
            os.fsync(stream.fileno())  # a full disk shows here at the latest
        if real.exists():
            beside.chmod(real.stat().st_mode & 0o7777)
        os.replace(beside, real)
    except OSError as error:
        if error.filename in (None, str(beside)):
            raise OSError(error.errno, error.strerror, str(path)) from error  # which file, by the name that was given
        raise
    finally:
        if plain:
            with suppress(FileNotFoundError):
                beside.unlink()


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all.

    Parameters
    ----------
    path : str or Path
    text : str

    Raises
    ------
    OSError
        If it cannot be written.
    """
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8", errors="backslashreplace")  # half characters as JSON has them
