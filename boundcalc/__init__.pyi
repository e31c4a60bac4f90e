"""What type checkers and editors see of the names that are loaded when first used."""

from boundcalc import catalogue as catalogue
from boundcalc import certification as certification
from boundcalc import datasets as datasets
from boundcalc import kernel as kernel
from boundcalc import planner as planner
from boundcalc import report as report
from boundcalc import symbols as symbols
from boundcalc import trainer as trainer
from boundcalc.bound import Bound as Bound
from boundcalc.catalogue import by as by
from boundcalc.catalogue import theorem as theorem
from boundcalc.catalogue.files import load as load
from boundcalc.catalogue.files import save as save
from boundcalc.certification import certify as certify
from boundcalc.certification import certify_band as certify_band
from boundcalc.checker import Report as Report
from boundcalc.checker import Verdict as Verdict
from boundcalc.checker import best_constant as best_constant
from boundcalc.checker import check as check
from boundcalc.checker import check_inequality as check_inequality
from boundcalc.checker import replay as replay
from boundcalc.errors import InfeasibleError as InfeasibleError
from boundcalc.errors import InvalidInputError as InvalidInputError
from boundcalc.inverse.allocation import allocate as allocate
from boundcalc.inverse.solve import minimal_n as minimal_n
from boundcalc.language.own import symbol as symbol
from boundcalc.language.reading import read as read
from boundcalc.planner.assured import assurance as assurance
from boundcalc.report import ask as ask
from boundcalc.report import assess as assess
from boundcalc.report import bench as bench
from boundcalc.report import compare as compare
from boundcalc.report import make_report as make_report
from boundcalc.report import plan as plan
from boundcalc.report import train as train
from boundcalc.report.crossings import crossing as crossing
from boundcalc.statements.derivation import Derivation as Derivation
from boundcalc.statements.derivation import Event as Event
from boundcalc.statements.derivation import Step as Step
from boundcalc.statements.derivation import at_least as at_least
from boundcalc.statements.derivation import at_most as at_most
from boundcalc.statements.derivation import equal as equal
from boundcalc.statements.implicit import solve_implicit as solve_implicit
from boundcalc.symbols import Constraint as Constraint
from boundcalc.theorems import Form as Form
from boundcalc.theorems import Source as Source
from boundcalc.theorems import Theorem as Theorem

__version__: str
__all__: list[str]
