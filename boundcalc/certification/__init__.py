"""Certificates of one fixed model from held-out rows: pair scores in, a bound of the risk on new pairs out."""

from __future__ import annotations

from boundcalc.lazy import lazy_names

_WHERE = {
    "Certificate": "certificate",
    "ErrorBand": "band",
    "certified_score": "scoring",
    "certify": "certifying",
    "certify_band": "band",
    "certify_gallery": "gallery",
    "certify_looks": "looks",
    "certify_matching": "matching",
}

__all__ = list(_WHERE)

__getattr__ = lazy_names(__name__, _WHERE)


def __dir__() -> list[str]:
    return sorted(__all__)
