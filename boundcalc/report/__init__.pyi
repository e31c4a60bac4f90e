"""What type checkers and editors see of the names that are loaded when first used."""

from boundcalc.guarantees.comparison import compare_pilot as compare_pilot
from boundcalc.guarantees.comparison import compare_values as compare_values
from boundcalc.guarantees.questions.asking import ask as ask
from boundcalc.report.alignment import draw_alignment as draw_alignment
from boundcalc.report.compare_view import Contest as Contest
from boundcalc.report.compare_view import compare as compare
from boundcalc.report.compare_view import comparison_sentence as comparison_sentence
from boundcalc.report.compare_view import comparison_table as comparison_table
from boundcalc.report.compare_view import draw_comparison as draw_comparison
from boundcalc.report.document import Dossier as Dossier
from boundcalc.report.document import make_report as make_report
from boundcalc.report.explorer import explorer_page as explorer_page
from boundcalc.report.pictures import plot as plot
from boundcalc.report.pictures import plot_terms as plot_terms
from boundcalc.report.plan_pictures import draw_plan as draw_plan
from boundcalc.report.plan_words import plan_sentence as plan_sentence
from boundcalc.report.plan_words import plan_tables as plan_tables
from boundcalc.report.planning import Proposal as Proposal
from boundcalc.report.planning import plan as plan
from boundcalc.report.plots import draw_grid as draw_grid
from boundcalc.report.proofs import plot_proof as plot_proof
from boundcalc.report.proofs import plot_sides as plot_sides
from boundcalc.report.sample import Assessment as Assessment
from boundcalc.report.sample import assess as assess
from boundcalc.report.side_by_side import SideBySide as SideBySide
from boundcalc.report.side_by_side import bench as bench
from boundcalc.report.training import Training as Training
from boundcalc.report.training import train as train
from boundcalc.show.tables import Table as Table
from boundcalc.show.tables import format_number as format_number

__all__: list[str]
