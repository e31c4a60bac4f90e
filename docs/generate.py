"""Write the pages that need no author: theorems, glossary, works, notebooks, command line, names."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import boundcalc as bc
from boundcalc.catalogue import REGISTRY
from boundcalc.checker import check
from boundcalc.cli.commands import COMMANDS
from boundcalc.errors import InvalidInputError
from boundcalc.kernel import available, confirm, export
from boundcalc.language.domains import describe
from boundcalc.report.explorer import explorer_page
from boundcalc.report.theorem_page import STYLE, catalogue_table, theorem_parts
from boundcalc.report.works import ledger, neighbours, table1
from boundcalc.show.html import join, tag
from boundcalc.show.mathml import to_mathml
from boundcalc.symbols import VOCABULARY
from boundcalc.theorems import Theorem

ROOT = Path(__file__).resolve().parent.parent
VERDICTS = "BOUNDCALC_VERDICTS"


def generate(docs: Path) -> None:
    """Write ``docs/made`` anew.

    What ``boundcalc check --all --json`` printed is read from the file that ``$BOUNDCALC_VERDICTS`` names; without one the
    catalogue is checked, which takes minutes the first time and seconds as long as nothing changes.
    """
    made = docs / "made"
    for name in ("theorems", "notebooks", "extra"):
        shutil.rmtree(made / name, ignore_errors=True)
        (made / name).mkdir(parents=True)
    verdicts = _verdicts()
    checked = f"Verdicts of boundcalc {bc.__version__}, {_day()}."
    for key, entry in REGISTRY.items():
        number = "" if entry.number == "-" else f"{entry.number}: "
        parts = join(theorem_parts(entry, verdicts[key]))
        _write(made / "theorems" / f"{key}.md", f"# {number}{entry.title}", *_sections(parts), checked)
    works = {
        "table1": ("Table 1 of the primary source", table1()),
        "ledger": ("Ledger of fidelity", ledger(verdicts)),
        "neighbours": ("What else exists", neighbours()),
    }
    pages = _toctree([*works, *REGISTRY])
    _write(made / "theorems" / "index.md", "# Theorems", _INTRODUCTION, checked, _raw(catalogue_table(verdicts)), pages)
    for name, (title, body) in works.items():
        _write(made / "theorems" / f"{name}.md", f"# {title}", *_sections(join(body)))
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    for path in notebooks:
        _write(made / "notebooks" / path.name, _typeset(path))
    _write(made / "notebooks" / "index.md", "# Notebooks", _toctree([path.stem for path in notebooks], hidden=False))
    bounds = [entry.bound(form) for entry in REGISTRY.values() for form in entry.forms]
    (made / "extra" / "explorer.html").write_text(explorer_page(bounds), encoding="utf-8")
    _write(made / "glossary.md", "# Symbols", *_glossary())
    _write(made / "commands.md", "# Command line", *_commands())
    _write(made / "figures.md", "# What the benchmarks measured", *_figures(docs / "figures.txt"))
    (docs / "_static" / "theorem.css").write_text(STYLE, encoding="utf-8")


_INTRODUCTION = (
    "PROVED: by a decision procedure or exact enumeration. CITED: a known theorem applied under its conditions. SUPPORTED: no "
    "violation in simulations. UNSETTLED: neither. REFUTED: a counterexample is given. A form's verdict is that of its weakest "
    "step; see [what PROVED means](../../proved.md). The marks of [Table 1](table1.md), the [ledger of fidelity](ledger.md) and "
    "[what else exists](neighbours.md) have pages of their own; <a href='../../explorer.html'>the explorer</a> has every bound "
    "with a slider for each symbol, and the [glossary](../glossary.md) every symbol."
)


def _verdicts() -> dict[str, Any]:
    path = os.environ.get(VERDICTS)
    if path is None:
        return {key: _checked(entry) for key, entry in REGISTRY.items()}
    found = {one["key"]: one for one in json.loads(Path(path).read_text(encoding="utf-8"))["theorems"]}
    missing = [key for key in REGISTRY if key not in found]
    if missing:
        raise SystemExit(f"{path} lacks {', '.join(missing)}: run `boundcalc check --all --json` again")
    return found


def _day() -> str:
    """Return when the verdicts were found."""
    path = os.environ.get(VERDICTS)
    return date.today().isoformat() if path is None else date.fromtimestamp(Path(path).stat().st_mtime).isoformat()


def _checked(entry: Theorem) -> dict[str, Any]:
    """Return the checker's report, with the kernel's word where Coq is installed."""
    report = check(entry)
    return (confirm(report, export(entry))[0] if available() else report).to_json()


def _write(path: Path, *blocks: str) -> None:
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def _raw(markup: str) -> str:
    return f"````{{raw}} html\n{markup}\n````"


def _sections(markup: str) -> Iterable[str]:
    """Yield a page's parts, its headings as headings that the site's contents and search know."""
    for piece in re.split(r"(<h[23]>.*?</h[23]>)", markup):
        heading = re.fullmatch(r"<h([23])>(.*?)</h[23]>", piece)
        if heading:
            yield "#" * int(heading[1]) + " " + heading[2]
        elif piece.strip():
            yield _raw(piece)


def _typeset(path: Path) -> str:
    """Return a notebook as it was executed, the formulas in its HTML as MathML."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            if "text/html" in output.get("data", {}):
                html = "".join(output["data"]["text/html"])
                output["data"]["text/html"] = re.sub(r"\$\$?([^$]+)\$\$?", _formula, html)
    return json.dumps(notebook)


def _formula(found: re.Match[str]) -> str:
    try:
        return to_mathml(unescape(found[1]))
    except InvalidInputError:
        return found[0]


def _toctree(names: Iterable[str], *, hidden: bool = True) -> str:
    return "\n".join(["```{toctree}", ":hidden:" if hidden else ":maxdepth: 1", "", *names, "```"])


def _figures(printed: Path) -> Iterable[str]:
    """Yield what ``make benchmark`` printed, a row for each line of the form ``work: figures``."""
    yield "Printed by `make benchmark`: ratios to a peer in the same run; seconds where they are named."
    text = printed.read_text(encoding="utf-8") if printed.exists() else ""
    rows = re.findall(r"^(\w[^:\n|=]*): (.*\d.*)$", text, flags=re.MULTILINE)
    yield "\n".join(["| work | figures |", "|---|---|", *(f"| {work} | {found} |" for work, found in rows)])


def _glossary() -> Iterable[str]:
    """Yield every symbol with its meaning, domain and role, and the entries whose bounds contain it."""
    users: dict[str, list[str]] = {}
    for key, entry in REGISTRY.items():
        for name in dict.fromkeys(symbol for form in entry.forms for symbol in entry.bound(form).symbols):
            users.setdefault(name, []).append(key)
    for name, info in VOCABULARY.items():
        links = ", ".join(f"[{key}](theorems/{key}.md)" for key in users.get(name, ())) or "steps of proofs only"
        anchor = tag("a", id=f"symbol-{name}")
        yield f"{anchor}**`{name}`**, ${info.latex}$: {info.meaning}; {describe(info.domain)}\n: {links}"


def _commands() -> Iterable[str]:
    """Yield what each command's help says."""
    for name, line in COMMANDS.items():
        done = subprocess.run(
            [sys.executable, "-m", "boundcalc", name, "--help"],
            check=True, capture_output=True, text=True, env={**os.environ, "COLUMNS": "88"},
        )  # fmt: skip
        yield f"## `boundcalc {name}`\n\n{line.capitalize()}.\n\n```text\n{done.stdout.strip()}\n```"


if __name__ == "__main__":
    generate(Path(__file__).resolve().parent)
    print(f"boundcalc {bc.__version__}: pages written")
