"""Sphinx's settings: `make docs` builds the site into docs/build/html; what can be generated is, by `generate.py`."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from generate import generate  # noqa: E402
from scraper import scrape  # noqa: E402

import boundcalc  # noqa: E402

project = "boundcalc"
author = copyright = "The boundcalc developers"
release = version = boundcalc.__version__

extensions = [
    "mathml",
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = [
    "build",
    "gallery/*.md",
    "**/README.*",
    "made/gallery/*.ipynb",
    "made/gallery/*.py",
    "jupyter_execute",
]
suppress_warnings = ["config.cache", "mystnb.unknown_mime_type"]
nitpicky = False

myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # notebooks are executed by the tests; what is shown is what they stored
nb_merge_streams = True
html_math_renderer = "mathml"

autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
autodoc_typehints = "none"

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "made/gallery",
    "filename_pattern": r"plot_",
    "download_all_examples": False,
    "remove_config_comments": True,
    "image_scrapers": (scrape,),
    "capture_repr": (),
    "show_memory": False,
    "write_computation_times": False,
    "abort_on_example_error": True,
    "within_subsection_order": "FileNameSortKey",
    "copyfile_regex": r"^$",
}

templates_path = ["_templates"]
html_theme = "pydata_sphinx_theme"
html_context = {"default_mode": "auto"}
html_title = f"boundcalc {release}"
html_static_path = ["_static"]
html_css_files = ["theorem.css", "site.css"]
html_extra_path = ["made/extra"]
html_sidebars = {"index": [], "choosing": [], "why_pairs": [], "made/theorems/*": ["sidebar-nav-bs"]}
html_show_sourcelink = False
html_theme_options = {
    "header_links_before_dropdown": 6,
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "navbar_persistent": ["search-button"],
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


def setup(app) -> None:  # type: ignore[no-untyped-def]
    """Write what is generated before Sphinx reads its folder."""
    generate(HERE)
    app.connect("autodoc-skip-member", lambda _app, _what, name, *_: True if name.endswith("_request") else None)
