"""What type checkers and editors see of the names that are loaded when first used."""

from boundcalc.aligner.closed_form import sinkhorn_plan as sinkhorn_plan
from boundcalc.aligner.closed_form import softmax_plan as softmax_plan
from boundcalc.aligner.comparison import Comparison as Comparison
from boundcalc.aligner.comparison import compare_regularisers as compare_regularisers
from boundcalc.aligner.contrastive import cross_clr as cross_clr
from boundcalc.aligner.contrastive import info_nce as info_nce
from boundcalc.aligner.contrastive import lmnn as lmnn
from boundcalc.aligner.estimator import AlignedEncoders as AlignedEncoders
from boundcalc.aligner.match import match_estimates as match_estimates
from boundcalc.aligner.plans import entropic_plan as entropic_plan
from boundcalc.aligner.plans import transport_cost as transport_cost
from boundcalc.aligner.planted import halves as halves
from boundcalc.aligner.planted import image_views as image_views
from boundcalc.aligner.planted import planted_latent as planted_latent
from boundcalc.aligner.regularisers import barycenter_support as barycenter_support
from boundcalc.aligner.regularisers import ot_barycenter as ot_barycenter
from boundcalc.aligner.regularisers import ot_loop as ot_loop
from boundcalc.aligner.retrieval import retrieval_measures as retrieval_measures
from boundcalc.aligner.retrieval import zero_shot_measures as zero_shot_measures

__all__: list[str]
