"""Files are whole or not there, interruptions leave nothing behind, and long work says how far it is."""

import csv
import errno
import os
import signal
import stat
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.cli import main, progress
from boundcalc.language.files import replacing, write_text
from boundcalc.show.tables import Table
from boundcalc.trainer import ModalityData, measure_subsets
from boundcalc.trainer.data.prepare import prepare
from boundcalc.trainer.measure.parallel import in_parallel
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.measure.subset import measure_subset


def small(n=60, **options):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    return ModalityData({"a": rng.normal(size=(n, 2)) + y[:, None], "b": rng.normal(size=(n, 2))}, y, **options)


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "answer.json"
    path.write_text("old")

    def fill():
        with replacing(path) as beside:
            beside.write_text("half of the n")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        fill()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["answer.json"]


def test_the_mode_is_as_usual_and_kept(tmp_path):
    path, plain = tmp_path / "answer.json", tmp_path / "plain"
    write_text(path, "new")
    plain.write_text("")
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o640)
    write_text(path, "newer")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("newer", 0o640)


def test_a_link_stays_a_link(tmp_path):
    path, link = tmp_path / "there.json", tmp_path / "link.json"
    path.write_text("old")
    link.symlink_to(path)
    write_text(link, "new")
    assert link.is_symlink()
    assert path.read_text() == "new"


def test_what_is_no_plain_file_is_written_directly():
    write_text("/dev/null", "nothing")


def test_a_full_disk_breaks_no_answer(tmp_path, monkeypatch):
    answer = bc.train(small(), subsets="a")
    path = tmp_path / "answer.json"
    answer.write(path)
    before = path.read_bytes()

    def full(*_args, **_options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for name in ("answer.json", "other.html", "other.csv"):
        with pytest.raises(OSError, match="No space"):
            answer.write(tmp_path / name)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["answer.json"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_an_answer_that_cannot_be_written_is_printed_all_the_same(tmp_path, capsys):
    path = tmp_path / "answer.json"
    path.symlink_to("/dev/full")
    point = ["n_h=100", "C=1", "delta=0.1", "rhat_holdout=0.2"]
    given = [word for one in point for word in ("--set", one)]
    assert main(["eval", "zhou2026.fixed_model", *given, "--out", str(path)]) == 2
    said = capsys.readouterr()
    assert "r_0 <= 0.35" in said.out
    assert "written" not in said.out
    assert said.err == f"boundcalc: [Errno 28] No space left on device: '{path}'\n"
    assert os.listdir(tmp_path) == ["answer.json"]


def test_a_theorem_is_saved_whole_and_with_the_usual_mode(tmp_path, monkeypatch):
    chain = bc.Derivation(bc.symbols.dev_f, (bc.by("lemmas.hoeffding_u", bc.symbols.dev_f, because="a citation"),))
    mine = bc.Theorem("mine.own", "-", "Own", "r <= b", "risk", bc.Source("A"), {"sharp": bc.Form(chain)})
    path, plain = tmp_path / "mine.json", tmp_path / "plain"
    plain.write_text("")
    bc.save(mine, path)
    assert path.stat().st_mode == plain.stat().st_mode
    before = path.read_bytes()

    def full(*_args, **_options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(bc.InvalidInputError, match="No space"):
        bc.save(mine, path)
    assert path.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["mine.json", "plain"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_request_to_end_ends_the_workers_and_keeps_what_is_done(tmp_path, jobs):
    rng = np.random.default_rng(0)
    y = np.arange(1200) % 4
    blocks = {name: rng.normal(size=(1200, 60)) + 0.2 * y[:, None] for name in "abc"}
    np.savez(tmp_path / "data.npz", y=y, **blocks)
    resume = tmp_path / "resume.json"
    command = [sys.executable, "-m", "boundcalc", "train", "data.npz", "--jobs", jobs, "--resume", "resume.json"]
    with subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
    ) as process:
        deadline = time.monotonic() + 100
        while not resume.exists() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.05)
        children = _children(process.pid)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("it was done before it was asked to end")
    assert process.returncode == 143
    assert said.decode().splitlines()[-1] == "boundcalc: ended"
    assert sorted(os.listdir(tmp_path)) == ["data.npz", "resume.json"]
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [child for child in children if Path(f"/proc/{child}").exists()]


@pytest.mark.filterwarnings("ignore:.*tasks which were still being processed")
@pytest.mark.parametrize("reason", ["a failure", "whoever waits ends"])
def test_workers_end_with_whoever_waits(reason):
    loky = pytest.importorskip("joblib.externals.loky")
    later = -1.0 if reason == "a failure" else 60.0
    results = in_parallel(time.sleep, [(0.0,), (60.0,), (2.0,), (later,)], n_jobs=2)
    next(results)
    workers = list(loky.get_reusable_executor(reuse=True)._processes)
    assert len(workers) == 2
    if reason == "a failure":
        with pytest.raises(ValueError, match="non-negative"):
            next(results)
    else:
        results.close()
    deadline = time.monotonic() + 20
    while any(_runs(one) for one in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_runs, workers))


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _children(pid):
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(status.parent.name))
    return found + [inner for child in found for inner in _children(child)]


def test_progress_within_a_subset(monkeypatch):
    from boundcalc.trainer.measure import subsets

    seen, clock = [], iter(np.arange(0, 10**6, 2.0))
    monkeypatch.setattr(subsets.time, "monotonic", lambda: float(next(clock)))
    measure_subsets(small(), subsets="a,b", rng=0, progress=lambda *step: seen.append(step))
    shares = [done for done, _, _ in seen]
    assert any(0 < done < 1 for done in shares)
    assert any(1 < done < 2 for done in shares)
    assert shares[-1] == 2
    assert all(0 <= done <= 2 for done in shares)


@pytest.mark.parametrize("width", [40, 60, 200])
def test_progress_says_the_time_left_and_fits_the_screen(monkeypatch, capsys, width):
    clock = iter([0.0, 0.0, 30.0, 60.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    monkeypatch.setenv("COLUMNS", str(width))
    show = progress.reporter("training")
    show(1, 4, "taken over")
    show(1.5, 4, "a+b")
    show(4, 4, "a+b+c")
    lines = capsys.readouterr().err.splitlines()
    assert all(len(line) < width for line in lines)
    if width == 200:
        assert "1/4  30.0s, about 2 min left a+b" in lines[1]
        assert "left" not in lines[2]


def test_a_long_step_is_no_silence(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_BEAT", 0.02)
    with progress.heard():
        show = progress.reporter("training", patient=True)
        show(0, 1, "a+b")
        time.sleep(0.2)
        show(1, 1, "a+b")
    time.sleep(0.05)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 2
    assert all("training" in line and "0/1" in line and line.endswith("a+b") for line in lines)
    time.sleep(0.1)
    assert not capsys.readouterr().err


def test_all_stages_of_a_subset_are_told():
    seen = []
    prepared = prepare(small(160), settings=Settings(structure="auto", holdout=0.3), rng=np.random.default_rng(0))
    measure_subset(prepared, ("a", "b"), rng=np.random.default_rng(0), progress=seen.append)
    assert seen == sorted(seen)
    assert 0 <= seen[0]
    assert seen[-1] < 1
    for low, high in ((0.0, 0.4), (0.4, 0.8), (0.8, 1.0)):  # the metric, the model of the classes, what is measured
        assert sum(low <= share < high for share in seen) > 2


def test_cells_of_a_csv_are_no_formulas():
    cells = ["=1+1", "+a", "-b", "@c", " =d", "-1.5", "<= 3", "-", "plain", "＝e"]
    rows = list(csv.reader(Table(["=name"], [[cell] for cell in cells]).csv().splitlines()))
    assert [row[0] for row in rows] == [
        "'=name",
        "'=1+1",
        "'+a",
        "'-b",
        "'@c",
        "' =d",
        "-1.5",
        "<= 3",
        "-",
        "plain",
        "'＝e",
    ]


ODD = "x$y_^{a}\\<b>&'\"\x1b[31m\u202e\x00 "


UNSEEN = {chr(k) for k in range(0x110000) if unicodedata.category(chr(k)) in ("Cc", "Cs", "Zl", "Zp")} - {
    "\n",
    "\t",
} | {"\u202e"}


def test_names_with_marks_of_other_languages_end_nothing(tmp_path):
    data = small()
    odd = ModalityData({ODD: data.arrays["a"], "=cmd": data.arrays["b"]}, data.y, name="$_^\\")
    compared = bc.compare(odd, keys=["comparators.l1_ball", "zhou2026.metric_complexity"])
    for answer in (bc.train(odd), bc.plan(odd, budgets=[1e3, 1e5], curve=False), compared):
        for ending in ("json", "csv", "html", *(["png"] if answer.draws else [])):
            answer.write(tmp_path / f"answer.{ending}")
        page = (tmp_path / "answer.html").read_text()
        assert "<b>&'" not in page
        assert not UNSEEN & set(page)


def test_what_is_printed_steers_no_terminal(tmp_path, capsys):
    data = small()
    cells = np.column_stack([data.arrays["a"], data.arrays["b"]]).round(3).tolist()
    names = ["red\x1b[31m__x", "red\x1b[31m__y", "\u202eleft__x", "b__\x9b0m"]
    rows = [
        ",".join(map(str, [*row, f"{'no' * label}\x1b]0;title\x07"])) for row, label in zip(cells, data.y, strict=True)
    ]
    path = tmp_path / "data\x1b[2J.csv"
    path.write_text("\n".join([",".join([*names, "y"]), *rows]))
    assert main(["train", str(path), "--subsets", "red\x1b[31m,b"]) == 0
    assert main(["train", str(path), "--subsets", "b", "--json"]) == 0
    assert main(["train", str(path), "--drop", "\x1b[1A"]) == 2
    assert main(["show", "\x1b[1A\u2028"]) == 2
    said = "".join(capsys.readouterr())
    assert "red\\u001b[31m" in said
    assert not UNSEEN & set(said)


@pytest.mark.skipif(sys.platform != "linux", reason="file names of any bytes")
def test_a_file_name_that_is_no_text_loses_no_work(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff.npz"
    with open(path, "wb") as stream:
        np.savez(stream, y=small().y, **small().arrays)
    answer = bc.train(os.fsdecode(path), subsets="a")
    answer.write(tmp_path / "answer.json")
    assert "\\udcff" in (tmp_path / "answer.json").read_text()
