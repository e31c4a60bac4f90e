"""The training loop of AlignedEncoders: contrastive loss on aligned pairs plus a regulariser on all latent points."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from boundcalc.aligner._torch import Tensor, torch
from boundcalc.aligner.checkpoint import load, save
from boundcalc.aligner.contrastive import cross_clr, info_nce, lmnn, squared_distances
from boundcalc.aligner.regularisers import barycenter_support, ot_barycenter, ot_loop
from boundcalc.errors import InvalidInputError

__all__ = ["Training"]

CHECK_EVERY = 10
"""Steps between two looks at the validation pairs."""
_BARYCENTER_ROUNDS = 1
_PRODUCT = 1e8
"""Entropic regularisation, in mean costs, at which the plan is the product measure."""


class Training:
    """One run: the model, the optimiser, and where it stands.

    Parameters
    ----------
    plan : namespace
        What to train with: the estimator's parameters by name.
    model : torch.nn.Module
        With ``encode(place, rows)`` and ``project()``.
    blocks : list of tensors of shape (n_k, d_k)
    aligned : tensor of int, shape (P, K)
    labels : tensor of int of shape (P,), or None
    """

    def __init__(
        self, plan: SimpleNamespace, model: Any, blocks: list[Tensor], aligned: Tensor, labels: Tensor | None
    ) -> None:
        self.plan, self.model, self.blocks, self.labels = plan, model, blocks, labels
        self.optimiser = torch.optim.Adam(model.parameters(), lr=plan.learning_rate)
        self.step = 0
        self.curve: list[tuple[float, float]] = []
        self.validation_curve: list[float] = []
        self.support: Tensor | None = None
        self.best: dict[str, Any] | None = None
        order = torch.randperm(len(aligned))
        held = max(2, round(plan.validation_fraction * len(aligned))) if plan.early_stopping else 0
        if held and len(aligned) - held < 2:
            raise InvalidInputError(
                f"early_stopping holds out {held} of {len(aligned)} aligned examples: expected at least 2 to be left to train on",
                context="AlignedEncoders.fit",
            )
        self.validation, self.train = order[:held].sort().values, order[held:].sort().values
        self.aligned = aligned
        # Both parts hold pairs that the loss can be computed on; found out now, not in the middle of a run.
        for part, rows in (("training", self.train), ("validation", self.validation)):
            if len(rows) and not any(True for _ in self._usable(rows)):
                by_label = plan.loss == "lmnn" and labels is not None
                why = "two classes" if by_label else "two that are known in the same modalities"
                raise InvalidInputError(
                    f"the {len(rows)} aligned examples for {part} do not hold {why}: expected more aligned examples"
                    + (", or another validation_fraction" if held else ""),
                    context="AlignedEncoders.fit",
                )

    @property
    def finished(self) -> bool:
        """Whether all steps are done, or the validation loss has stopped falling."""
        return self.step >= self.plan.steps or self._stalled()

    def run(
        self,
        *,
        fingerprint: str,
        checkpoint: str | Path | None,
        every: int,
        progress: Callable[[int, int, str], None] | None,
    ) -> None:
        """Train to the end, from a checkpoint if there is one; one is written after every ``every`` steps."""
        kept = None if checkpoint is None else load(checkpoint, expected=fingerprint)
        if kept is not None:
            self._restore(kept)
        while not self.finished:
            self._advance()
            if checkpoint is not None and self.step % every == 0:
                save(checkpoint, self._state(fingerprint))
            if progress is not None and (self.step % CHECK_EVERY == 0 or self.finished):
                progress(self.step, self.plan.steps, f"loss {self.curve[-1][0]:.4g}")
        if checkpoint is not None:
            save(checkpoint, self._state(fingerprint))
        if self.best is not None:
            self.model.load_state_dict(self.best["model"])

    def _advance(self) -> None:
        self.model.train()
        contrastive = self._contrastive(self._draw_aligned())
        spread = self._regulariser()
        # In units of the first loss, which is about that of a random guess.
        unit = self.curve[0][0] if self.curve else 0.0
        total = contrastive + self.plan.weight * unit * spread if self.plan.weight > 0 else contrastive
        if not math.isfinite(float(total.detach())):
            raise InvalidInputError(
                f"the loss became {float(total.detach())} at step {self.step}: expected finite losses; lower learning_rate, or "
                "scale the rows",
                context="AlignedEncoders.fit",
            )
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        self.optimiser.step()
        self.model.project()
        self.curve.append((float(contrastive.detach()), float(spread.detach())))
        self.step += 1
        if self.plan.early_stopping and self.step % CHECK_EVERY == 0:
            self._validate()

    # ------------------------------------------------------------------ the objective

    def _draw_aligned(self) -> Tensor:
        if len(self.train) <= self.plan.batch_size:
            return self.train
        return self.train[torch.randperm(len(self.train))[: self.plan.batch_size]]

    def _contrastive(self, chosen: Tensor) -> Tensor:
        """Return the mean loss over all pairs of modalities that have at least two aligned examples among the chosen."""
        tuples = self.aligned[chosen]
        latents = [
            self.model.encode(place, self.blocks[place][tuples[:, place].clamp(min=0)])
            for place in range(len(self.blocks))
        ]
        losses = [self._loss(latents[i][both], latents[j][both], labels) for i, j, both, labels in self._usable(chosen)]
        if not losses:
            raise InvalidInputError(
                "a batch of aligned examples has no two that differ: expected a larger batch_size, or more aligned pairs",
                context="AlignedEncoders.fit",
            )
        return torch.stack(losses).mean()

    def _usable(self, chosen: Tensor) -> Iterator[tuple[int, int, Tensor, Tensor | None]]:
        """Yield the pairs of modalities that the chosen examples say something about: which of them, and their labels."""
        tuples = self.aligned[chosen]
        for i, j in combinations(range(len(self.blocks)), 2):
            both = (tuples[:, i] >= 0) & (tuples[:, j] >= 0)
            if int(both.sum()) < 2:
                continue
            labels = None if self.labels is None else self.labels[chosen][both]
            if self.plan.loss == "lmnn" and labels is not None and bool((labels == labels[0]).all()):
                continue
            yield i, j, both, labels

    def _loss(self, a: Tensor, b: Tensor, labels: Tensor | None) -> Tensor:
        plan = self.plan
        if plan.loss == "lmnn":
            return lmnn(a, b, labels=labels, margin=plan.margin, push=plan.push)
        common = {"temperature": plan.temperature, "similarity": plan.score}
        if plan.loss == "cross_clr":
            return cross_clr(a, b, intra_weight=plan.intra_weight, **common)
        return info_nce(a, b, **common)

    @property
    def _start(self) -> int:
        """The step from which the regulariser counts: before, latent points say too little about who belongs to whom."""
        plain = self.plan.regulariser == "none" or self.plan.weight == 0
        return self.plan.steps if plain else self.plan.steps // 2

    def _regulariser(self) -> Tensor:
        """Return the debiased regulariser of latent points in units of their mean squared distance between modalities."""
        plan = self.plan
        if self.step < self._start:
            return torch.zeros((), dtype=self.blocks[0].dtype, device=self.blocks[0].device)
        latents = []
        for place, block in enumerate(self.blocks):
            rows = block if len(block) <= plan.ot_batch else block[torch.randperm(len(block))[: plan.ot_batch]]
            points = self.model.encode(place, rows)
            # Cosines do not see lengths.
            latents.append(torch.nn.functional.normalize(points, dim=1) if plan.score == "cosine" else points)
        # Part of the loss, not a constant: so nothing is gained by making all latent points small.
        typical = torch.stack([squared_distances(a, b).mean() for a, b in combinations(latents, 2)]).mean()
        latents = [points / typical.clamp_min(torch.finfo(points.dtype).tiny).sqrt() for points in latents]
        kind, _, control = plan.regulariser.partition("_")
        eps = _PRODUCT if control else plan.eps
        limits = {"eps": eps, "max_iter": plan.sinkhorn_iter, "tol": 1e-6, "warn": False}
        if kind == "loop":
            return ot_loop(latents, consistency=plan.consistency, debias=True, **limits) / len(latents)
        if self.support is None:
            cloud = torch.cat([points.detach() for points in latents])
            self.support = cloud[torch.randperm(len(cloud))[: plan.atoms]]
        if self.step % plan.refresh == 0:
            self.support = barycenter_support(latents, self.support, rounds=_BARYCENTER_ROUNDS, **limits)
        return ot_barycenter(latents, self.support, debias=True, **limits)

    # ------------------------------------------------------------------ early stopping

    def _validate(self) -> None:
        self.model.eval()
        with torch.no_grad():
            value = float(self._contrastive(self.validation))
        if self.best is None or value < min(self.validation_curve) - self.plan.tol:
            self.best = {"model": copy.deepcopy(self.model.state_dict()), "look": len(self.validation_curve)}
        self.validation_curve.append(value)

    def _stalled(self) -> bool:
        if self._start < self.plan.steps and self.step < self._start:
            return False
        return self.best is not None and len(self.validation_curve) - 1 - self.best["look"] >= self.plan.patience

    # ------------------------------------------------------------------ checkpoints

    def _state(self, fingerprint: str) -> dict[str, Any]:
        return {
            "fingerprint": fingerprint,
            "step": self.step,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "rng": torch.get_rng_state(),
            "curve": self.curve,
            "validation_curve": self.validation_curve,
            "support": self.support,
            "best": self.best,
            "train": self.train,
            "validation": self.validation,
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["rng"])
        self.step, self.support, self.best = state["step"], state["support"], state["best"]
        self.curve, self.validation_curve = list(state["curve"]), list(state["validation_curve"])
        self.train, self.validation = state["train"], state["validation"]
