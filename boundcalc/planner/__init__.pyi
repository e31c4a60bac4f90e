"""What type checkers and editors see of the names that are loaded when first used."""

from boundcalc.inverse.allocation import allocate as allocate
from boundcalc.inverse.solve import Solution as Solution
from boundcalc.inverse.solve import minimal_n as minimal_n
from boundcalc.inverse.solve import solve_for as solve_for
from boundcalc.planner.assured import assurance as assurance
from boundcalc.planner.assured import expected_bound as expected_bound
from boundcalc.planner.budget import Plan as Plan
from boundcalc.planner.budget import make_plan as make_plan
from boundcalc.planner.costs import Costs as Costs
from boundcalc.planner.costs import ModalityCost as ModalityCost
from boundcalc.planner.costs import SharedCost as SharedCost
from boundcalc.planner.learning_curve import PowerLaw as PowerLaw
from boundcalc.planner.learning_curve import fit_power_law as fit_power_law
from boundcalc.planner.matching import MatchPlan as MatchPlan
from boundcalc.planner.matching import PairsOffer as PairsOffer
from boundcalc.planner.matching import plan_matching as plan_matching
from boundcalc.planner.offers import Offer as Offer
from boundcalc.planner.offers import Question as Question
from boundcalc.planner.study import Study as Study
from boundcalc.planner.study import study_pilot as study_pilot
from boundcalc.planner.worth import Worth as Worth
from boundcalc.planner.worth import rows_for_gain as rows_for_gain

__all__: list[str]
