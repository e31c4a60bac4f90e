"""What type checkers and editors see of the names that are loaded when first used."""

from boundcalc.certification.band import ErrorBand as ErrorBand
from boundcalc.certification.band import certify_band as certify_band
from boundcalc.certification.certificate import Certificate as Certificate
from boundcalc.certification.certifying import certify as certify
from boundcalc.certification.gallery import certify_gallery as certify_gallery
from boundcalc.certification.looks import certify_looks as certify_looks
from boundcalc.certification.matching import certify_matching as certify_matching
from boundcalc.certification.scoring import certified_score as certified_score

__all__: list[str]
