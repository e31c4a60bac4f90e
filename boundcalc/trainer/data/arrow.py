"""How large the batches of an Arrow file become, read off before they are unpacked.

A batch is unpacked as a whole, and a text of millions of equal letters takes a few bytes. Each packed buffer begins with its length
(Apache Arrow, columnar format 1.5, "Buffer compression"); where buffers are, a message's metadata says (a FlatBuffers table).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["unpacked_bytes"]

_MAGIC = b"ARROW1\0\0"
#: Fields by place: of a message its kind and header, of a batch its buffers and how they are packed, of a dictionary its batch.
_KIND, _HEADER, _BUFFERS, _PACKED, _OF_DICTIONARY = 1, 2, 2, 3, 1


def unpacked_bytes(path: Path) -> int:
    """Return how many bytes the batches of a file say that they unpack to; 0 of another format.

    Raises
    ------
    struct.error, pyarrow.ArrowInvalid
        If the file is damaged.
    """
    import pyarrow

    with pyarrow.memory_map(str(path)) as source:
        if source.read(len(_MAGIC)) != _MAGIC:
            return 0
        messages = pyarrow.ipc.MessageReader.open_stream(source)
        return sum(sum(_lengths(message.metadata.to_pybytes(), message.body)) for message in messages)


def _lengths(metadata: bytes, body: Any) -> Iterator[int]:
    """Yield the length of each buffer of a batch or dictionary, unpacked; a schema has none."""
    (root,) = struct.unpack_from("<I", metadata)
    if (kind := _field(metadata, root, _KIND)) is None or metadata[kind] not in (2, 3):
        return
    batch = _target(metadata, root, _HEADER)
    if metadata[kind] == 2:
        batch = _target(metadata, batch, _OF_DICTIONARY)
    packed, vector = _field(metadata, batch, _PACKED) is not None, _target(metadata, batch, _BUFFERS)
    (count,) = struct.unpack_from("<I", metadata, vector)
    for place in range(count):
        start, length = struct.unpack_from("<qq", metadata, vector + 4 + 16 * place)
        whole = -1  # what is not packed after all
        if packed and length >= 8:
            (whole,) = struct.unpack("<q", body[start : start + 8].to_pybytes())
        yield length if whole < 0 else whole


def _field(table: bytes, at: int, place: int) -> int | None:
    """Return where a field of a table is, None where it has none."""
    layout = at - struct.unpack_from("<i", table, at)[0]
    (size,) = struct.unpack_from("<H", table, layout)
    if 4 + 2 * place >= size:
        return None
    (offset,) = struct.unpack_from("<H", table, layout + 4 + 2 * place)
    return at + offset if offset else None


def _target(table: bytes, at: int, place: int) -> int:
    """Return where what a field points to begins."""
    field = _field(table, at, place)
    if field is None:
        raise struct.error("a field is missing")
    return int(field + struct.unpack_from("<I", table, field)[0])
