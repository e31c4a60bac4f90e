"""The documentation's pages: readable without a network at every width, and true to the catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest

import boundcalc as bc
from boundcalc.report.theorem_page import STYLE, catalogue_table, theorem_page
from boundcalc.show.page import page
from tests.browser.conftest import SCHEMES, WIDTHS

ROOT = Path(__file__).parent.parent.parent
KEYS = ("zhou2026.risk_gap", "zhou2026.hierarchy", "lemmas.spectral")


def unchecked(entry):
    """Return what the pages need of a report, every verdict the same: a check of everything takes minutes."""
    rows = [
        {
            "form": form,
            "step": str(place),
            "kind": step.kind,
            "word": "UNSETTLED",
            "engine": "none",
            "evidence": "not tried",
        }
        for form in entry.forms
        for place, step in enumerate(entry.derivation(form).steps, start=1)
    ]
    forms = {form: {"verdict": "UNSETTLED"} for form in entry.forms}
    return {"verdict": "UNSETTLED", "forms": forms, "steps": rows}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Write three theorems, one of them as a short check finds it, and the table of all."""
    folder = tmp_path_factory.mktemp("docs")
    verdicts = {key: unchecked(bc.theorem(key)) for key in KEYS}
    verdicts["zhou2026.hierarchy"] = bc.check(bc.theorem("zhou2026.hierarchy"), budget=1.0).to_json()
    for key in KEYS:
        (folder / f"{key}.html").write_text(theorem_page(bc.theorem(key), verdicts[key]), encoding="utf-8")
    everything = {key: verdicts.get(key, {"forms": {}}) for key in bc.catalogue}
    index = page("Theorems", catalogue_table(everything), style=STYLE)
    (folder / "index.html").write_text(index, encoding="utf-8")
    return folder


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["index", "zhou2026.risk_gap", "zhou2026.hierarchy"])
def test_nothing_overlaps_or_is_cut(visit, faults, pages, name, width):
    page = visit(pages / f"{name}.html", width=width)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert faults(page) == []
    assert page.locator("h1").count() == 1


def test_formulas_are_typeset(visit, pages):
    page = visit(pages / "zhou2026.risk_gap.html")
    assert page.locator("math").count() > 20
    tall = page.evaluate("[...document.querySelectorAll('mfrac')].every((e) => e.getBoundingClientRect().height > 12)")
    assert tall


SITE = ROOT / "docs" / "build" / "html"
SHOWN = ["index", "start/index", "howto/certify", "choosing", "why_pairs", "limits", "reference/api", "made/glossary"]
SHOWN += ["made/theorems/index", "made/theorems/zhou2026.risk_gap", "made/gallery/index", "made/notebooks/01_derive"]


@pytest.mark.skipif(not (SITE / "index.html").exists(), reason="the site is not built: `make docs` builds it")
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", SHOWN)
def test_the_site_fits(visit, name, width):
    page = visit(SITE / f"{name}.html", width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").count() == 1
    left = page.evaluate(
        "[...document.querySelectorAll('article p, article td')].filter((e) => !e.querySelector('code, pre'))"
        ".map((e) => e.textContent).filter((text) => /\\$[^$]*[\\\\_^][^$]*\\$/.test(text))"
    )
    assert left == [], "formulas that are not typeset"


def test_a_page_says_what_the_catalogue_says(visit, pages):
    page = visit(pages / "zhou2026.risk_gap.html")
    entry = bc.theorem("zhou2026.risk_gap")
    text = page.locator("main").inner_text()
    for line in (entry.claim, str(entry.source), *entry.assumptions, *entry.remarks):
        assert line in text
    for form in entry.forms:
        assert f"Form {form}" in text
        for step in entry.derivation(form).steps:
            assert step.because in text
    assert page.locator("ol.steps > li").count() == sum(len(entry.derivation(form).steps) for form in entry.forms)
    assert page.locator("ol.steps .word").count() == page.locator("ol.steps > li").count()
    assert page.locator("a[href='lemmas.bounded_differences.html']").count() >= 1


def test_a_refuted_claim_is_shown_as_refuted(visit, pages):
    page = visit(pages / "zhou2026.hierarchy.html")
    assert "REFUTED" in page.locator("main").inner_text()
    assert "the catalogue says it is refuted" in page.locator("main").inner_text()


def test_links_lead_to_pages():
    names = {f"{key}.html" for key in bc.catalogue} | {"index.html"}
    for entry in bc.catalogue.values():
        for part in theorem_page(entry, unchecked(entry)).split("href='")[1:]:
            target = part.split("'")[0]
            assert target in names or target.startswith("https://arxiv.org/abs/")
