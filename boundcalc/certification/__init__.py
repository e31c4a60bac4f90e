"""Certificates of one fixed model from held-out rows: pair scores in, a bound of the risk on new pairs out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boundcalc.lazy import lazy_names

if TYPE_CHECKING:
    from boundcalc.certification.band import ErrorBand, certify_band
    from boundcalc.certification.certificate import Certificate
    from boundcalc.certification.certifying import certify
    from boundcalc.certification.gallery import certify_gallery
    from boundcalc.certification.looks import certify_looks
    from boundcalc.certification.matching import certify_matching
    from boundcalc.certification.scoring import certified_score

_PUBLIC = {
    "Certificate": "certificate",
    "ErrorBand": "band",
    "certified_score": "scoring",
    "certify": "certifying",
    "certify_band": "band",
    "certify_gallery": "gallery",
    "certify_looks": "looks",
    "certify_matching": "matching",
}

__all__ = [
    "Certificate",
    "ErrorBand",
    "certified_score",
    "certify",
    "certify_band",
    "certify_gallery",
    "certify_looks",
    "certify_matching",
]

__getattr__ = lazy_names(__name__, _PUBLIC)


def __dir__() -> list[str]:
    return sorted(__all__)
