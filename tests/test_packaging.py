"""What is shipped: the wheel's contents, the installed core without extras, and one version everywhere."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import boundcalc
from boundcalc.errors import MissingExtraError

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ASSETS = ("explorer.html", "explorer.css", "explorer.js", "uPlot.iife.min.js", "uPlot.min.css", "LICENSE-uPlot")


def test_one_version():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert PROJECT["project"]["version"] == boundcalc.__version__
    assert re.search(r"^version: (.+)$", citation, flags=re.MULTILINE)[1] == boundcalc.__version__


def test_what_the_demo_installs_runs_what_readme_shows_next():
    (extras,) = re.findall(r"demo\.stamp:.*\n.*-e '\.\[(.+)\]'", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert {"train", "data", "plot", "rigor", "prove"} <= set(extras.split(","))


def test_a_report_without_what_checks_proofs_is_refused_before_any_work(monkeypatch):
    monkeypatch.setitem(sys.modules, "flint", None)
    with pytest.raises(MissingExtraError, match=r"--no-check.*boundcalc\[rigor\]"):
        boundcalc.make_report(None)


def test_the_plotting_library_comes_with_its_licence():
    folder = ROOT / "boundcalc" / "report" / "explorer_assets"
    assert sorted(path.name for path in folder.iterdir()) == sorted(ASSETS)
    assert (folder / "LICENSE-uPlot").read_text().startswith("The MIT License (MIT)")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build wheel and sdist with the build backend that is installed here."""
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list(out.glob("*.tar.gz"))) == 1
    (found,) = out.glob("*.whl")
    return found


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    shipped = {name for name in names if name.startswith("boundcalc/")}
    sources = {
        str(path.relative_to(ROOT)) for path in (ROOT / "boundcalc").rglob("*.py") if "__pycache__" not in path.parts
    }
    assert sources <= shipped
    assert {"boundcalc/py.typed", "boundcalc/catalogue/stored/index.json"} <= shipped
    assert {f"boundcalc/report/explorer_assets/{name}" for name in ASSETS} <= shipped
    assert {name.split("/")[0] for name in names} == {"boundcalc", wheel.name.rsplit("-py3", 1)[0] + ".dist-info"}


CORE = """
import boundcalc as bc
bound = bc.theorem("Theorem 3.13").bound().substitute(R_M=bc.theorem("zhou2026.metric_complexity").bound())
point = dict(L=1, C=1, delta=0.05, gamma=0, eps_opt=0, lam_min=0, lam_max=1, t_min=0, t_max=1, B=1, g_M=3)
print(float(bound.evaluate(n=1000, sound=True, **point)) >= float(bound.evaluate(n=1000, **point)))
print(int(bc.minimal_n(bound, target=0.5, **point)) > 2, bound.rate("n") is not None)
for what in (lambda: bound.enclose(n=1000, **point), lambda: bc.report.plot(bound, **point),
             lambda: bc.datasets.load("htad"), lambda: bc.trainer.PairwiseMetricLearner):
    try:
        what()
    except ImportError as error:
        print(error)
"""


@pytest.mark.slow
def test_the_core_works_without_extras(wheel, tmp_path):
    """Install the wheel alone into a fresh environment."""
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(wheel)], check=True, capture_output=True)
    done = subprocess.run([python, "-c", CORE], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    first, second, *refusals = done.stdout.splitlines()
    assert (first, second) == ("True", "True True")
    assert len(refusals) == 4
    for refusal, extra in zip(refusals, ("rigor", "plot", "data", "train"), strict=True):
        assert f"pip install 'boundcalc[{extra}]'" in refusal
    for command in (
        ["list"],
        ["explore", "zhou2026.risk_gap"],
        ["eval", "lemmas.contraction", "--set", "L=1", "--set", "R_M=1"],
    ):
        subprocess.run([python, "-m", "boundcalc", *command], check=True, capture_output=True, cwd=tmp_path)
    assert (tmp_path / "boundcalc-explorer.html").stat().st_size > 50_000
