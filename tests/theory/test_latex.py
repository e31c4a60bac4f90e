"""Proofs in LaTeX: environments and braces are balanced, text is escaped, every citation has its entry."""

import re
import shutil
import subprocess

import pytest

import boundcalc as bc
from boundcalc.errors import InvalidInputError
from boundcalc.statements.proofs_latex import citation_key, escaped


def balanced(text):
    """Return whether braces and environments are closed in order."""
    bare = re.sub(r"\\[{}\\]", "", text)
    depth = 0
    for character in bare:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            return False
    opened = []
    for kind, name in re.findall(r"\\(begin|end)\{([^}]*)\}", text):
        if kind == "begin":
            opened.append(name)
        elif not opened or opened.pop() != name:
            return False
    return depth == 0 and not opened


@pytest.mark.parametrize("key", list(bc.catalogue))
def test_every_theorem_of_the_catalogue(key):
    entry = bc.theorem(key)
    for form in entry.forms:
        text = entry.to_latex(form)
        assert balanced(text)
        assert text.count(r"\left") == text.count(r"\right") + text.count(r"\leftrightarrow")
        assert set(re.findall(r"\\cite\{([^}]*)\}", text)) == set(re.findall(r"\\bibitem\{([^}]*)\}", text))
        lines = text[text.index(r"\begin{align}") : text.index(r"\end{align}")]
        assert lines.count("&&") == len(entry.derivation(form).steps)
        for said in re.findall(r"&& \\text\{(.*)\}(?: \\\\)?$", lines, flags=re.M):
            assert not re.search(r"(?<!\\)[_&#%$^]", re.sub(r"\\cite\{[^}]*\}|\\text\w+\{\}", "", said))


def test_chains():
    chain = bc.theorem("lemmas.massart").derivation()
    assert chain.to_latex("align*").startswith(r"\begin{align*}")
    assert chain.to_latex() == chain.to_latex("align")
    with pytest.raises(InvalidInputError, match="must be 'align'"):
        chain.to_latex("tikz")


def test_texts_and_keys():
    assert escaped("{5 % of R_M & more} ~ x^2 \\ $") == (
        r"\{5 \% of R\_M \& more\} \textasciitilde{} x\textasciicircum{}2 \textbackslash{} \$"
    )
    assert escaped("one\n\nline\x1b[") == r"one line\textbackslash{}u001b["
    assert citation_key("zhou2026.risk_gap") == "zhou2026-risk-gap"
    assert citation_key("Clémençon, Lugosi 2008, Ranking") == "clemencon-lugosi-2008"
    assert citation_key("???") == "work"


def test_what_is_applied_is_cited_with_its_work():
    step = bc.by("lemmas.massart", bc.theorem("lemmas.massart").bound().quantity, because="finite")
    chain = bc.Derivation(step.left, (step,))
    mine = bc.Theorem("mine.finite", "-", "t", "c", "q", bc.Source("A. Theorist"), {"sharp": bc.Form(chain)})
    assert re.search(r"\\bibitem\{lemmas-massart\} Massart 2000.*lemmas\.massart in boundcalc", mine.to_latex())


PREAMBLE = r"""\documentclass{article}
\usepackage{amsmath, amssymb, amsthm}
\usepackage[T1]{fontenc}
\newtheorem{theorem}{Theorem}
\begin{document}
"""


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_it_compiles_and_every_citation_is_found(tmp_path):
    gap = bc.theorem("zhou2026.risk_gap").bound().substitute(R_M=bc.theorem("zhou2026.metric_complexity").bound("data"))
    step = bc.by(gap, gap.quantity, because="50 % of $ & _ # ~ ^ \\ {these}")
    composed = bc.Theorem("mine.composed", "Theorem 1", "Composed_x & more", "claim", "q", bc.Source("A. Müller 2026"),
                          {"sharp": bc.Form(bc.Derivation(gap.quantity, (step,)))})  # fmt: skip
    parts = [
        composed.to_latex(),
        bc.theorem("lemmas.dudley").to_latex(),
        bc.theorem("certificates.transport").to_latex(),
    ]
    (tmp_path / "all.tex").write_text(
        PREAMBLE + "\n\\clearpage\n".join(parts) + "\n\\end{document}\n", encoding="utf-8"
    )
    for _ in range(2):
        done = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "all.tex"], cwd=tmp_path, capture_output=True, check=False
        )
        assert not re.findall(rb"^! .*", done.stdout, flags=re.M)
    assert done.returncode == 0
    assert b"undefined" not in (tmp_path / "all.log").read_bytes()
