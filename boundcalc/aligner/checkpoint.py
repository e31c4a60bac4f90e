"""Checkpoints: everything a training run needs to go on as if it had not been interrupted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from boundcalc.aligner._torch import torch
from boundcalc.errors import InvalidInputError
from boundcalc.language.files import replacing

__all__ = ["fingerprint", "load", "save"]


def fingerprint(settings: Mapping[str, Any], *arrays: np.ndarray) -> str:
    """Return a digest of settings (JSON values) and data."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for array in arrays:
        digest.update(f"{array.shape}{array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def save(path: str | Path, state: Mapping[str, Any]) -> None:
    """Write a checkpoint; an interruption while writing leaves the old one."""
    with replacing(path) as beside:
        torch.save(dict(state), beside)


def load(path: str | Path, *, expected: str) -> dict[str, Any] | None:
    """Return the state kept in a file, or None if there is none.

    Raises
    ------
    InvalidInputError
        If the file is no checkpoint, or one of other data or settings. Nothing in it is executed.
    """
    if not Path(path).exists():
        return None
    try:
        state = torch.load(path, weights_only=True)
        kept = state["fingerprint"]
    except Exception as error:
        # torch, pickle and zipfile raise a dozen unrelated types for a foreign or damaged file.
        raise InvalidInputError(f"checkpoint={str(path)!r} is not a checkpoint of AlignedEncoders") from error
    if kept != expected:
        raise InvalidInputError(
            f"checkpoint={str(path)!r} belongs to other data or settings: expected a fresh file name, or the same call"
        )
    return dict(state)
