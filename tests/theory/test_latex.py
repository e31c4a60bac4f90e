"""Proofs in LaTeX: environments and braces are balanced, text is escaped, every citation has its entry."""

import re
import shutil
import subprocess

import pytest
import sympy

import boundcalc as bc
from boundcalc import symbols as S
from boundcalc.errors import InvalidInputError
from boundcalc.language.prose import escaped, typeset
from boundcalc.statements.proofs_latex import citation_key


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
        lines, below = text[text.index(r"\begin{align}") :].split(r"\end{align}")
        reasons = re.findall(r"&& \\text\{(.*)\}(?: \\\\)?$", lines, flags=re.M) or re.findall(
            r"^\([a-z]+\) (.*)\.$", below, flags=re.M
        )
        assert len(reasons) == len(entry.derivation(form).steps)
        said = [*reasons, *re.findall(r"\\item(?!\[) (.*)", text), *re.findall(r"^Here (.*)", text, flags=re.M)]
        for one in said:
            plain = re.sub(r"\$[^$]*\$|\\cite\{[^}]*\}|\\text\w+\{\}", "", one)
            assert not re.search(r"(?<!\\)[_&#%$^]", plain), one
            assert one.count("$") % 2 == 0


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


def test_sentences_are_typeset_and_words_stay_words():
    names = {"R_M": r"\mathfrak R", "risk": "R(h)", "rho": r"\rho"}
    for said, shown in [
        ("the U-statistic of Z_1..Z_n is a mean over a class of dimension d", "the $U$-statistic of $Z_{1}\\dots Z_{n}$ is a mean over a class of dimension $d$"),
        ("Hoeffding's lemma for N's class (Assumption 3.2), i.i.d.", "Hoeffding's lemma for $N$'s class (Assumption 3.2), i.i.d."),
        ("||W||_op <= s and E||sum sigma_i u_i||^2", r"$\|W\|_{\mathrm{op}} \le s$ and $E\|\sum \sigma_{i}\,u_{i}\|^{2}$"),
        ("at most risk, at risk/2 or 2 risk", r"at most risk, at $R(h)/2$ or 2 risk"),
        ("f*_M and eta*_N are above r*, 2 3^(k-2) <= k!", r"$f^{*}_{M}$ and $\eta^{*}_{N}$ are above $r^{*}$, $2\,3^{k-2} \le k!$"),
        ("<w, phi_K(x, x')> is small, -x is not", r"$\langle w, \phi_{K}(x, x')\rangle$ is small, $-x$ is not"),
        ("sqrt a + sqrt b by lemmas.finite_class", r"$\sqrt{a} + \sqrt{b}$ by lemmas.finite\_class"),
        ("with c = B**2*sqrt(2*m)/R_M, > 0", r"with $c = B^{2}\,\sqrt{2\,m}/\mathfrak R$, $>$ 0"),
        ("5 % of $ & \\ {these}", r"5 \% of \$ \& \textbackslash{} \{these\}"),
    ]:  # fmt: skip
        assert typeset(said, names) == shown


def test_a_theorem_says_what_its_names_stand_for_and_what_it_asks():
    depth = bc.symbol("depth", r"\ell", "number of layers", sympy.Range(1, 9), role="fixed")
    gap = bc.symbol("gap", r"\Delta_h", "what the sample lost", sympy.Reals, role="population")
    steps = (
        bc.equal(S.r_0, S.rhat_0 + gap, definitions={gap: S.r_0 - S.rhat_0}, because="definition"),
        bc.by("lemmas.hoeffding_u", gap, C=depth, union=S.J, because="one of J candidates with depth <= 8"),
    )
    form = bc.Form(bc.Derivation(S.r_0, steps))
    mine = bc.Theorem(
        "mine.depth", "-", "Depth", "c", "q", bc.Source("A"), {"sharp": form}, constraints=(bc.Constraint(depth, S.n),)
    )
    text = mine.to_latex()
    for said in (r"$\ell$ is number of layers (an integer from 1 to 8)", r"\item $\ell \le n$", r"$\Delta_h$ is what the sample lost",
                 r"each of the $J$ instances", r"one of $J$ candidates with $\ell \le 8$"):  # fmt: skip
        assert said in text, said


def test_two_places_in_one_work_are_both_named():
    steps = [
        bc.at_most(S.C + k, S.C + k + 1, because="-", kind="expectation", cites=f"Smith 1999, Lemma {k + 1}")
        for k in range(2)
    ]
    form = bc.Form(bc.Derivation(S.C, (bc.at_most(S.C, S.C + 0, because="-"), *steps)))
    text = bc.Theorem("mine.two", "-", "t", "c", "q", bc.Source("A"), {"sharp": form}).to_latex()
    assert r"\bibitem{smith-1999} Smith 1999, Lemma 1; Smith 1999, Lemma 2" in text


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
    parts = [composed.to_latex(), *(entry.to_latex() for entry in bc.catalogue.values())]
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
