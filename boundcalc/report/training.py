"""What training on modality subsets found: one row for each subset, and every estimate with its status."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boundcalc.certification.files import CALIBRATION, HOLDOUT
from boundcalc.certification.foreign import imported
from boundcalc.datasets import load
from boundcalc.errors import InvalidInputError
from boundcalc.guarantees.certified import Certified, certified, twins
from boundcalc.guarantees.new_classes import certify_new_classes, held_classes
from boundcalc.report.certificates import certificate_sentence, certificate_tables, draw_certificates
from boundcalc.show.answer import Answer
from boundcalc.show.axes import new_axes
from boundcalc.show.tables import Table
from boundcalc.trainer import Measurements, ModalityData, SubsetResult, measure_subsets
from boundcalc.trainer.data.cautions import cautions, caveat, units

__all__ = ["Reporter", "Training", "held_out_risk", "loaded", "tested_sentence", "train", "trained_on"]

#: From the name of a task to a callback ``(done, total, message)``.
Reporter = Callable[[str], Callable[[float, int, str], None]]


@dataclass(frozen=True)
class Training(Answer):
    """What was measured on every subset.

    Attributes
    ----------
    measured : Measurements
        Results by subset, which every use case takes in place of training again.
    certificates : tuple of Certified
        What the held-out rows certify of them; empty where there are none.
    delta : float
        Failure probability of the certificates.
    """

    measured: Measurements
    certificates: tuple[Certified, ...] = ()
    delta: float = 0.05

    @property
    def title(self) -> str:
        """The heading."""
        return f"Trained on {self.measured.facts['data']}"

    @property
    def draws(self) -> str:  # type: ignore[override]
        """What the picture shows; nothing without certificates."""
        return "errors of the subsets with their certificates" if self.certificates else ""

    @property
    def sentence(self) -> str:
        """What is certified, or which subset does best on the held-out rows."""
        said = certificate_sentence(self.certificates, delta=self.delta) or f"{tested_sentence(self.measured)}."
        return said + caveat(self.measured.facts)

    def tables(self, *, short: bool = False) -> Sequence[Table]:
        """Return one row for each subset."""
        rows = [
            (
                label,
                one.d,
                one.estimates["rhat_M"].value,
                one.estimates["eps_opt"].value,
                held_out_risk(one),
                one.trivial_holdout_risk,
                one.weighted_holdout_error,
                one.weighted_trivial_holdout_error,
                one.estimates["R_M"].value,
                one.estimates["kappa_M"].value,
            )
            for label, one in self.measured.items()
        ]
        names = "subset,d,risk,eps_opt,held-out risk,const. rule,held-out error,const. rule,R_M,kappa".split(",")
        trained = Table(names, rows, title=self.title, notes=_notes(self.measured))
        return (trained, *certificate_tables(self.certificates, delta=self.delta))

    def _picture(self, ax: Any = None) -> Any:
        """Draw the error of each subset with its certificate."""
        if not self.certificates:
            return super()._picture(ax)
        axes = new_axes(height=2.2 + 0.4 * len(self.measured)) if ax is None else ax
        return draw_certificates(self.certificates, delta=self.delta, axes=axes)

    def text(self) -> str:
        """Return the table, and all estimates where there are few subsets."""
        records = [str(one.estimates) for one in self.measured.values()] if len(self.measured) <= 3 else []
        return "\n\n".join([super().text(), *records])

    def body(self) -> Any:
        """Return table and estimates."""
        return super().body(), [one.estimates._repr_html_() for one in self.measured.values()]

    def to_dict(self) -> dict[str, Any]:
        """Return what ``Measurements.from_json`` reads back."""
        import json

        record = json.loads(self.measured.to_json())
        return record | {"certificates": [line.to_dict() for line in self.certificates], "summary": self.sentence}


def train(
    data: ModalityData | str | Path,
    *,
    subsets: Any = "all",
    model: Any = None,
    new_classes: float | None = None,
    delta: float = 0.05,
    rng: Any = 0,
    pair_weights: Any = "balanced",
    groups: Any = None,
    holdout: float = HOLDOUT,
    calibration: float = CALIBRATION,
    progress: Reporter | None = None,
    **settings: Any,
) -> Training:
    """Train one metric for each subset of the modalities and measure what bounds need.

    Parameters
    ----------
    data : ModalityData, str or Path
        Data, or what :func:`boundcalc.datasets.load` takes.
    subsets : {"all"} or str or sequence
        ``"all"``, ``"a,a+b"``, or a sequence of subsets.
    model : object, class or "module:object", optional
        Someone else's model, which is fitted to the training part and certified in place of ours: whatever has ``transform``,
        ``predict_proba``, ``pair_score`` or ``pair_distance``, a callable, a torch module, or arrays of embeddings, one row for
        each row of the data (see :mod:`boundcalc.certification.foreign`). What is named is imported: code that you trust.
    new_classes : float, optional
        Certify also for classes that nothing was fitted to: this share of the classes is held out from a model of its own, and
        classes are the units. A statement of its own at delta.
    delta : float
        Failure probability at which certified random values are shown; they can be read at any other later.
    rng : int or numpy.random.Generator
    pair_weights : {"balanced"}, (float, float) or None
        Weights of similar and dissimilar pairs.
    groups : str or array_like of shape (n,), optional
        What each row belongs to, where several rows belong to one: a column of the file, or one entry per row. See
        :class:`~boundcalc.trainer.ModalityData`.
    holdout, calibration : float
        The shares of the rows that test and certify, and that fix preprocessing and weights; the rest trains.
    progress : callable, optional
        From the name of a task to a callback ``(done, total, message)``.
    **settings
        What :func:`boundcalc.trainer.measure_subsets` takes, such as ``loss``, ``eig_range``, ``n_jobs`` and ``resume``.

    Returns
    -------
    Training

    Raises
    ------
    InvalidInputError
        On bad settings or unknown subsets.
    """
    report = None if progress is None else progress("training")
    model = imported(model) if isinstance(model, str) else model
    if model is not None:
        settings["structure"] = "diagonal"
    given = loaded(data, groups)
    if new_classes is not None:
        held_classes(given, new_classes)  # refused before anything is trained
    rng, again = twins(rng)
    measured = measure_subsets(
        given, subsets=subsets, delta=delta, rng=rng, pair_weights=pair_weights, progress=report, holdout=holdout,
        calibration=calibration, **settings,
    )  # fmt: skip
    lines = certified(given, measured, delta=delta, rng=again, model=model)
    if new_classes is not None:
        own = {name: settings[name] for name in ("structure", "loss", "eig_range") if name in settings}
        lines += (
            certify_new_classes(given, share=new_classes, delta=delta, rng=again, calibration=calibration, **own),
        )
    return Training(measured, lines, delta)


def trained_on(data: Any, **settings: Any) -> Training:
    """Return what is measured already, or what training on the data with :func:`train`'s settings finds."""
    if not isinstance(data, Measurements):
        return train(data, **settings)
    given = sorted(settings.keys() - {"delta", "progress"})
    if given:
        raise InvalidInputError(f"nothing is trained, so {', '.join(given)} would change nothing")
    return Training(data.at(settings["delta"]), (), settings["delta"])


def loaded(data: Any, groups: Any = None) -> ModalityData:
    """Return data, loaded where a name, a file or a frame is given, with what its rows belong to."""
    if isinstance(data, ModalityData):
        return data if groups is None else data.with_groups(groups)
    if not isinstance(data, (str, Path)) and not hasattr(data, "columns"):
        raise InvalidInputError(
            f"data={type(data).__name__}: expected ModalityData, the name of a data set, a file or a frame"
        )
    return load(data, groups=groups) if groups is None or isinstance(groups, str) else load(data).with_groups(groups)


#: With fewer hold-out rows than this, subsets are not compared by them.
_FEW = 20


def tested_sentence(measured: Measurements) -> str:
    """Say which subset does best on the hold-out part, or why that cannot be said; without a full stop."""
    rows = measured.facts["groups"].get("holdout", measured.facts["holdout_rows"])
    if rows < _FEW:
        return f"{rows} hold-out {units(measured.facts)} are too few to compare the subsets"
    best = min(measured, key=lambda label: measured[label].weighted_holdout_error or 0.0)
    error, trivial = measured[best].weighted_holdout_error, measured[best].weighted_trivial_holdout_error
    return f"{best} does best on the held-out rows (pair error {error:.3f}, the constant rule's {trivial:.3f})"


def held_out_risk(result: SubsetResult) -> float | None:
    """Return the risk on the hold-out part, where there is one."""
    return result.estimates["rhat_holdout"].value if "rhat_holdout" in result.estimates else None


def _models(measured: Measurements) -> list[str]:
    """Say which model each subset uses in place of the metric that bounds speak of, and what its modalities count."""
    said = []
    for label, one in measured.items():
        if one.model is not None:
            counted = zip(one.modalities, one.model.weights, strict=True)
            told = ", ".join(f"{name} {value}" for name, value in one.model.options.items())
            weights = ", ".join(f"{name} {weight:.2g}" for name, weight in counted)
            said.append(f"{label}: {one.model.structure} ({told}), weights {weights}")
    if not said:
        return []
    return [
        f"Used and certified are models of the classes, chosen by folds of the rows that are not held out: {'; '.join(said)}.",
        "risk, eps_opt, held-out risk, R_M and kappa are those of a diagonal metric on the same training rows: the class that "
        "bounds speak of. The held-out error is the model's.",
    ]


def _ranked(measured: Measurements) -> list[str]:
    """Say which loss of comparisons chose the metrics, and how near to its optimum they are."""
    found = {label: one.ranked for label, one in measured.items() if one.ranked is not None}
    if not found:
        return []
    first = next(iter(found.values()))
    told = "; ".join(f"{label} {one.risk:.4g}, within {one.eps_opt:.2g} of the optimum" for label, one in found.items())
    return [
        f"The {first.loss} loss over {first.comparisons:,} comparisons of {first.rows:,} training rows chose the metrics "
        f"(certified: {told}). risk and eps_opt are the hinge's of pairs at these metrics, which it does not minimise."
    ]


def _notes(measured: Measurements) -> list[str]:
    first, facts = next(iter(measured.values())), measured.facts
    estimated = [entry.name for entry in first.estimates if entry.symbol and entry.status != "certified"]
    notes = [
        "risk, eps_opt: all training pairs, optimum certified; held-out: all pairs of the hold-out part, beside what the best "
        "constant rule reaches there; R_M, kappa: certified upper values.",
        f"estimated, not certified: {', '.join(estimated)}."
        if estimated
        else "Every value handed to a bound is certified, for rows drawn independently.",
    ]
    if "sampling_error" in first.estimates:
        why = (
            "Pairs are a random row each of two groups"
            if facts["groups"]
            else f"{facts['train_rows']:,} training rows have too many pairs"
        )
        notes.append(
            f"{why}: risk, eps_opt and ramp risks are upper confidence values over {first.train.pairs:,} sampled pairs, at "
            "delta like R_M and kappa."
        )
    notes += _ranked(measured) + _models(measured)
    weights = [first.estimates[name].value for name in ("omega_pos", "omega_neg")]
    if weights != [1.0, 1.0]:
        notes.append(f"Similar pairs weigh {weights[0]:.3g}, dissimilar ones {weights[1]:.3g}, in risks and errors.")
    if count := facts.get("text_columns"):
        notes.append(
            f"{count} {'column is' if count == 1 else 'columns are'} text: each text that the calibration part has becomes "
            "a column of zeros and ones, any other text is all zeros."
        )
    if facts.get("filled_values"):
        notes.append(
            f"{facts['filled_values']:,} missing single values are filled in by the means of the calibration part."
        )
    if count := facts.get("missing_blocks"):
        which = "1 block is" if count == 1 else f"{count:,} blocks are"
        notes.append(f"{which} missing: such a modality adds nothing to a pair's distance.")
    notes += cautions(facts)
    if count := facts.get("constant_features"):
        which = "1 feature never changes: it tells" if count == 1 else f"{count:,} features never change: they tell"
        notes.append(f"{which} no pair from another.")
    return [*notes, str(facts["note"])] if facts.get("note") else notes
