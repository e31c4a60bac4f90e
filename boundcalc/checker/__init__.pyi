"""What type checkers and editors see of the names that are loaded when first used."""

from boundcalc.checker.experiments.evidence import replay as replay
from boundcalc.checker.experiments.experiment import Experiment as Experiment
from boundcalc.checker.improving import best_constant as best_constant
from boundcalc.checker.inequality.reals import check_inequality as check_inequality
from boundcalc.checker.report import Report as Report
from boundcalc.checker.verdict import Verdict as Verdict
from boundcalc.checker.verdict import Word as Word
from boundcalc.checker.walk import check as check

__all__: list[str]
