"""Build the documentation: the notebooks as they were executed, and a page for each theorem of the catalogue.

    python docs/build.py [--out FOLDER] [--verdicts FILE]

``--verdicts`` takes what ``boundcalc check --all --json`` printed; without it everything is checked anew, which takes minutes.
"""

from __future__ import annotations

import argparse
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

from boundcalc.catalogue import REGISTRY
from boundcalc.checker import check
from boundcalc.errors import InvalidInputError
from boundcalc.kernel import confirm, export
from boundcalc.kernel.coqc import available
from boundcalc.report.explorer import explorer_page
from boundcalc.report.theorem_page import STYLE, catalogue_table, theorem_page
from boundcalc.report.works import ledger_page, neighbours_page, table1_page
from boundcalc.show.html import Markup, items, tag
from boundcalc.show.mathml import to_mathml
from boundcalc.show.page import page

ROOT = Path(__file__).resolve().parent.parent
WORKS = {
    "table1": "Table 1 of the primary source: which work has what, and which entries carry it",
    "ledger": "Ledger of fidelity: what agrees with each work, what differs, what is not claimed",
    "neighbours": "What else exists",
}
NOTEBOOK_STYLE = """
.highlight { overflow-x: auto; } pre { white-space: pre-wrap; overflow-wrap: anywhere; } .jp-Cell, .cell { min-width: 0; }
.output_area, .jp-OutputArea-output, .text_cell_render { overflow-x: auto; }
.prompt, .jp-InputPrompt, .jp-OutputPrompt, .anchor-link { display: none; }
.output_subarea img, .jp-RenderedImage img { background: #fff; }
"""


def main() -> None:
    """Write everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "build")
    parser.add_argument("--verdicts", type=Path, help="what `boundcalc check --all --json` printed")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    build(args.out, verdicts=read_verdicts(args.verdicts))
    print(f"written: {args.out / 'index.html'}")


def read_verdicts(path: Path | None) -> dict[str, Any]:
    """Return the checker's reports by key, from a file or by checking."""
    if path is None:
        return {key: checked(entry) for key, entry in REGISTRY.items()}
    found = {one["key"]: one for one in json.loads(path.read_text(encoding="utf-8"))["theorems"]}
    missing = [key for key in REGISTRY if key not in found]
    if missing:
        raise SystemExit(f"{path} lacks {', '.join(missing)}: run `boundcalc check --all --json` again")
    return found


def checked(entry: Any) -> dict[str, Any]:
    """Return the checker's report, with the kernel's word where Coq is installed."""
    report = check(entry)
    return (confirm(report, export(entry))[0] if available() else report).to_json()


def build(out: Path, *, verdicts: dict[str, Any]) -> None:
    """Write the notebooks, the catalogue's pages, the explorer and the index into a folder."""
    notebooks = {path: title_of(path) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
    for path, title in notebooks.items():
        (out / f"{path.stem}.html").write_text(notebook_page(path, title), encoding="utf-8")
    for key, entry in REGISTRY.items():
        (out / f"{key}.html").write_text(theorem_page(entry, verdicts[key]), encoding="utf-8")
    bounds = [entry.bound(form) for entry in REGISTRY.values() for form in entry.forms]
    (out / "explorer.html").write_text(explorer_page(bounds), encoding="utf-8")
    for name, text in works(verdicts).items():
        (out / f"{name}.html").write_text(text, encoding="utf-8")
    (out / "proved.html").write_text(proved_page(), encoding="utf-8")
    (out / "index.html").write_text(index(notebooks, verdicts), encoding="utf-8")


def proved_page() -> str:
    """Return what the words PROVED and kernel mean, with one exported file walked through."""
    from nbconvert.filters import markdown2html

    title, _, text = (ROOT / "docs" / "proved.md").read_text(encoding="utf-8").partition("\n")
    return page(title.removeprefix("# "), [Markup(markdown2html(text))], style=STYLE)


def works(verdicts: dict[str, Any]) -> dict[str, str]:
    """Return the pages on the works behind the catalogue."""
    return {"table1": table1_page(), "ledger": ledger_page(verdicts), "neighbours": neighbours_page()}


def index(notebooks: dict[Path, str], verdicts: dict[str, Any]) -> str:
    """Return the first page."""
    links = [tag("a", title, href=f"{path.stem}.html") for path, title in notebooks.items()]
    every = tag("a", "Every bound of the catalogue, with a slider for each symbol", href="explorer.html")
    words = (
        "PROVED: by a decision procedure or exact enumeration. CITED: a known theorem applied under its conditions. "
        "SUPPORTED: no violation in simulations. UNSETTLED: neither. REFUTED: a counterexample is given. A form's verdict "
        "is that of its weakest step."
    )
    proved = tag("p", tag("a", "What PROVED means, with a file of Coq", href="proved.html"))
    parts = [
        tag("p", "Generalization bounds for multimodal pairwise metric learning: derive, evaluate, plan, check."),
        [tag("h2", "Notebooks"), items(links, name="ol")],
        [tag("h2", "Explorer"), tag("p", every)],
        [tag("h2", "Works"), items([tag("a", words, href=f"{name}.html") for name, words in WORKS.items()])],
        [tag("h2", "Catalogue"), tag("p", words, class_="note"), proved, catalogue_table(verdicts)],
    ]
    return page("boundcalc", parts, style=STYLE)


def title_of(path: Path) -> str:
    """Return a notebook's first heading."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        found = re.search(r"^# (.+)$", "".join(cell["source"]), flags=re.MULTILINE)
        if cell["cell_type"] == "markdown" and found:
            return found[1]
    return path.stem


def notebook_page(path: Path, title: str) -> str:
    """Return an executed notebook as a page; formulas become MathML, so that it needs no network."""
    import nbformat
    from nbconvert import HTMLExporter
    from pygments.formatters import HtmlFormatter

    notebook = nbformat.read(path, as_version=4)
    body, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    body = re.sub(r"<h1[^>]*>.*?</h1>", "", body, count=1, flags=re.DOTALL)  # the page has it already
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    style = f"{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}\n.highlight {{ background: none; }}"
    parts = [tag("nav", tag("a", "Documentation", href="index.html")), Markup(typeset(body))]
    return page(title, parts, style=STYLE + NOTEBOOK_STYLE + style)


def typeset(body: str) -> str:
    """Replace LaTeX between dollars by MathML, outside code; what is not understood stays as it is."""
    pieces = re.split(r"(<(?:pre|code|style|script)\b.*?</(?:pre|code|style|script)>|<[^>]*>)", body, flags=re.DOTALL)
    return "".join(
        piece if place % 2 else re.sub(r"\$\$?([^$]+)\$\$?", _formula, piece) for place, piece in enumerate(pieces)
    )


def _formula(found: re.Match[str]) -> str:
    try:
        return to_mathml(unescape(found[1]))
    except InvalidInputError:
        return found[0]


if __name__ == "__main__":
    main()
