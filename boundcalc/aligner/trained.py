"""Encoders trained with torch, seen from NumPy: one call trains, and what comes back maps rows to latent points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.aligner._torch import torch
from boundcalc.aligner.checkpoint import fingerprint
from boundcalc.aligner.encoders import JointLinear, ModulePerModality
from boundcalc.aligner.inputs import Examples
from boundcalc.aligner.training import Training
from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen

__all__ = ["Trained", "train"]

Array = NDArray[np.float64]
#: What a run does not depend on, or what is described in another way.
_NOT_DESCRIBED = ("checkpoint", "checkpoint_every", "progress", "random_state", "encoders", "method")
DEFAULT_Q = 8


@dataclass(frozen=True)
class Trained(Frozen):
    """A trained module, where it is, and how the training went.

    Attributes
    ----------
    module : torch.nn.Module
    steps : int
    curve : ndarray of shape (steps, 2)
    validation_curve : ndarray
    """

    module: Any
    steps: int
    curve: Array
    validation_curve: Array

    def encode(self, place: int, rows: Array) -> Array:
        """Return the latent points of rows of one modality, in double precision."""
        parameter = next(self.module.parameters())
        with torch.no_grad():
            points = self.module.encode(place, torch.tensor(rows, dtype=parameter.dtype, device=parameter.device))
        return np.asarray(points.cpu().numpy(), dtype=np.float64)

    @property
    def weight(self) -> Array:
        """The joint matrix of linear encoders."""
        return np.array(self.module.weight.detach().cpu().numpy(), dtype=np.float64)


def train(settings: Mapping[str, Any], rows: Examples, seed: int) -> Trained:
    """Train on normalised rows with the settings of :class:`~boundcalc.aligner.AlignedEncoders`.

    Raises
    ------
    InvalidInputError
        On encoders that do not fit the rows, an unknown device, or data that the loss cannot be computed on.
    """
    plan = SimpleNamespace(**{**settings, "q": DEFAULT_Q if settings["q"] is None else settings["q"]})
    blocks = rows.blocks
    key = fingerprint(
        {"seed": seed, "version": 2, "modalities": rows.names, **_described(vars(plan))},
        *blocks.values(),
        rows.aligned,
        *([] if rows.labels is None else [rows.labels]),
    )
    try:
        kind = {"dtype": getattr(torch, plan.dtype), "device": torch.device(plan.device)}
        torch.zeros(1, **kind)
    except (RuntimeError, AssertionError, TypeError) as error:  # torch raises each of them for devices that it has not
        raise InvalidInputError(
            f"device={plan.device!r}: {str(error).splitlines()[0]}", context="AlignedEncoders"
        ) from None
    # The random numbers of torch are ours while we train, and the caller's again afterwards.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        dims = [block.shape[1] for block in blocks.values()]
        linear = plan.encoders is None
        model = JointLinear(dims, q=plan.q, s=float(plan.s)) if linear else ModulePerModality(plan.encoders, rows.names)
        model = model.to(**kind)
        training = Training(
            plan,
            model,
            [torch.tensor(block, **kind) for block in blocks.values()],
            torch.tensor(rows.aligned, device=kind["device"]),
            None if rows.labels is None else torch.tensor(rows.labels, device=kind["device"]),
        )
        if not linear:
            _check_outputs(plan.q, model, training.blocks, rows.names)
        training.run(fingerprint=key, checkpoint=plan.checkpoint, every=plan.checkpoint_every, progress=plan.progress)
    model.eval()
    curve = np.asarray(training.curve, dtype=float).reshape(-1, 2)
    return Trained(model, training.step, curve, np.asarray(training.validation_curve, dtype=float))


def _check_outputs(q: int, model: Any, blocks: list[Any], names: tuple[str, ...]) -> None:
    model.eval()
    for place, (name, block) in enumerate(zip(names, blocks, strict=True)):
        try:
            with torch.no_grad():
                latent = model.encode(place, block[:2])
        except Exception as error:
            # A foreign module raises whatever it likes; the cause stays attached.
            raise InvalidInputError(
                f"encoders[{name!r}] fails on rows of shape {tuple(block[:2].shape)}: {error}",
                context="AlignedEncoders.fit",
            ) from error
        shape = tuple(latent.shape) if isinstance(latent, torch.Tensor) else type(latent).__name__
        if shape != (len(block[:2]), q):
            raise InvalidInputError(
                f"encoders[{name!r}] maps {tuple(block[:2].shape)} to {shape}: expected ({len(block[:2])}, q={q})"
            )


def _described(settings: Mapping[str, Any]) -> dict[str, Any]:
    described = {name: value for name, value in settings.items() if name not in _NOT_DESCRIBED}
    if settings["encoders"] is not None:
        described["encoders"] = {
            str(name): [str(module), {k: v.double().tolist() for k, v in module.state_dict().items()}]
            for name, module in settings["encoders"].items()
            if isinstance(module, torch.nn.Module)
        }
    return described
