"""What type checkers and editors see of the names that are loaded when first used."""

from boundcalc.trainer.data.modalities import ModalityData as ModalityData
from boundcalc.trainer.learner import PairwiseMetricLearner as PairwiseMetricLearner
from boundcalc.trainer.measure.estimates import Entry as Entry
from boundcalc.trainer.measure.estimates import Estimates as Estimates
from boundcalc.trainer.measure.external import estimates_from_embeddings as estimates_from_embeddings
from boundcalc.trainer.measure.pilot import Pilot as Pilot
from boundcalc.trainer.measure.pilot import measure_pilot as measure_pilot
from boundcalc.trainer.measure.planned import measure_planned as measure_planned
from boundcalc.trainer.measure.settings import Settings as Settings
from boundcalc.trainer.measure.subset import SubsetResult as SubsetResult
from boundcalc.trainer.measure.subsets import Measurements as Measurements
from boundcalc.trainer.measure.subsets import measure_subsets as measure_subsets
from boundcalc.trainer.measure.views import collision_probability as collision_probability
from boundcalc.trainer.measure.views import cross_covariance as cross_covariance
from boundcalc.trainer.measure.views import information as information
from boundcalc.trainer.measure.views import view_prices as view_prices

__all__: list[str]
