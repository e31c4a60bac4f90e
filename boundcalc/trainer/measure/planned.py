"""Train on a planned sample as its pilot promised: the same preprocessing, pair weights, class and loss."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from boundcalc.errors import InvalidInputError
from boundcalc.language.arguments import Problems, as_generator
from boundcalc.trainer.data.modalities import ModalityData
from boundcalc.trainer.data.prepare import Prepared, exceeds, measured_squared_radius, prepare
from boundcalc.trainer.data.splits import Split, draw_pairs
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.measure.subset import SubsetResult, measure_subset
from boundcalc.trainer.measure.subsets import Measurements

__all__ = ["measure_planned"]


def measure_planned(
    measured: Measurements,
    pilot: ModalityData,
    data: ModalityData,
    subset: str | Iterable[str],
    *,
    pilot_rng: np.random.Generator | int,
    rng: np.random.Generator | int | None = None,
) -> SubsetResult:
    """Train on all rows of a planned sample in the class that a guarantee given beforehand speaks of.

    That guarantee is about the pilot's preprocessing and pair weights, which were fixed by its calibration part; to fit
    them anew on the planned sample would change the class. It also takes the planned model to be trained as closely as
    the pilot's: where ``estimates["eps_opt"]`` comes out larger, the guarantee grows by the difference.

    Parameters
    ----------
    measured : Measurements
        Of the pilot.
    pilot : ModalityData
        The pilot's data.
    data : ModalityData
        The planned sample: none of its rows may belong to the pilot.
    subset : str or iterable of str
        The modalities that were chosen; the others may be left out of ``data``.
    pilot_rng : numpy.random.Generator or int
        The seed the pilot was measured with, so that its calibration part is found again.
    rng : numpy.random.Generator or int, optional
        Pairs up the planned rows.

    Returns
    -------
    SubsetResult
        Without a hold-out part: every row trains.

    Raises
    ------
    InvalidInputError
        If data and seed are not those of the pilot, or the planned sample does not fit it.
    """
    settings = Settings.from_dict(measured.settings)
    names, generator = pilot.parse_subset(subset), as_generator(rng)
    before = prepare(pilot, settings=settings, rng=as_generator(pilot_rng))
    if before.fingerprint != measured.facts["fingerprint"]:
        raise InvalidInputError("pilot, pilot_rng: these are not the data and the seed of the measurements")
    return measure_subset(_planned(before, data, names, generator), names, rng=generator)


def _planned(before: Prepared, data: ModalityData, names: tuple[str, ...], rng: np.random.Generator) -> Prepared:
    """Return the planned sample under the pilot's preprocessing."""
    problems = Problems("planned sample")
    unknown = [name for name in data.names if name not in before.data.names]
    problems.require(not unknown, f"the pilot has no modality {', '.join(unknown)}")
    for name in names:
        width = before.data.dims[name]
        problems.require(
            data.dims.get(name) == width,
            f"modality {name!r}: expected {width} columns as in the pilot, given {data.dims.get(name, 'none')}",
        )
    problems.require(
        data.nonnegative or not before.data.nonnegative, "declared nonnegative=False: expected True as in the pilot"
    )
    same = all(data.text.get(name) == before.data.text.get(name) for name in names)
    problems.require(same, "the columns of text have other texts than the pilot's")
    problems.require(data.n >= 4, f"n={data.n} rows: expected at least 4")
    problems.raise_if_any()
    present = {name: data.present[:, data.names.index(name)] for name in names}
    if before.settings.normalise == "none":
        for name in names:
            rows = before.normalised(name, data.arrays[name], present[name])[present[name]]
            declared = before.squared_radii[name]
            problems.require(
                not exceeds(rows, declared, measured_squared_radius(rows)),
                f"modality {name!r} has pairs that are further apart than {declared**0.5:g}, the pilot's pair radius",
            )
        problems.raise_if_any()
    nobody = np.empty(0, dtype=np.intp)
    return replace(
        before,
        data=data,
        split=Split(nobody, nobody, np.arange(data.n)),
        encoded={name: before.encoded_block(name, data.arrays[name]) for name in names},
        pairs=draw_pairs(data.n, rng=rng, groups=data.groups),
    )
