"""Mutated files of each kind and extreme texts: a correct result or one library error, soon and in little memory."""

import contextlib
import importlib.util
import io
import json
import random
import resource
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.catalogue.files import theorem_to_json
from boundcalc.certification.files import certify_file
from boundcalc.cli import main
from boundcalc.cli.values import parse
from boundcalc.datasets import load
from boundcalc.errors import InvalidInputError
from boundcalc.planner import Costs
from boundcalc.trainer import Estimates, Measurements, ModalityData, measure_subsets

INPUTS = 30_000
SECONDS, BYTES = 5.0, 2**30
POINT = dict(n="100", delta="0.05", R_M="0.1", C="3", gamma="0", L="1", eps_opt="0")
BYTES_IN = b"0123456789eE+-._,;\t\n\"'[]{}()=#\x00\xff$^\\<>&@ naif"
WORDS = ["1e1000000000", "nan", "-inf", "１", "1_0", "true", "null", "[" * 300, "9" * 5000, "0x10", "__import__('os')", "", "-1", "1e-400",
         "{}", "=1+1", "1/0", "2**9**9", "\ud800", "é", "Infinity"]  # fmt: skip


def mutated(text: bytes, rng: random.Random) -> bytes:
    """Return a text with some bytes changed, removed, repeated or replaced by words."""
    data = bytearray(text)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(6):
            case 0:
                data[at : at + 1] = bytes([rng.choice(BYTES_IN)])
            case 1:
                del data[at : at + rng.choice((1, 3, 40))]
            case 2:
                data[at:at] = data[max(0, at - rng.choice((1, 10, 200))) : at]
            case 3:
                data[at:at] = rng.choice(WORDS).encode(errors="surrogatepass")
            case 4:
                del data[at:]
            case 5:
                data[at:at] = bytes(rng.choice(BYTES_IN) for _ in range(5))
    return bytes(data)


def changed(record, rng: random.Random):
    """Return a record with one entry changed, removed or added."""
    record = json.loads(record)
    place = record
    while True:
        key = rng.choice(list(place)) if isinstance(place, dict) else rng.randrange(len(place))
        if not (isinstance(place[key], dict | list) and place[key]) or rng.random() < 0.1:
            break
        place = place[key]
    values = [None, True, -1, 0, 1e-9, 1e308, 10**30, "nan", "x", [], {}, [[]], rng.choice(WORDS)]
    if rng.random() < 0.15:
        del place[key]
    else:
        place[key] = rng.choice(values)
    return json.dumps(record)


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """Return for each kind a file that is right and what reads it, beside where it is written."""
    rng, y = np.random.default_rng(0), np.arange(40) % 2
    data = ModalityData({"a": rng.normal(size=(40, 2)), "b": rng.normal(size=(40, 1))}, y)
    measured = measure_subsets(data, rng=0, subsets="a,a+b")
    list(bc.catalogue.values())  # read once, whatever a text names
    folder = tmp_path_factory.mktemp("fuzz")
    np.savez(folder / "x.npz", a=data.arrays["a"], y=y)
    np.save(folder / "a.npy", data.arrays["a"])
    lines = ["a__x,a__site,b__x,groups,y", *(f"{k / 7:.3f},{'ns'[k % 2]},{k % 5},{k // 2},{k % 2}" for k in range(40))]
    costs = "version = 1\nper_sample = 1.0\n[modalities.a]\nsetup = 500.0\nmax_samples = 50000\nrequired = true\n"
    bound = bc.theorem("zhou2026.risk_gap").bound().to_json()
    study = json.dumps({"study": bc.plan(data, target=0.4).plan.study.to_dict()})
    chain = bc.Derivation(bc.symbols.dev_f, (bc.by("lemmas.hoeffding_u", bc.symbols.dev_f, because="a citation"),))
    theorem = bc.Theorem("mine.own", "-", "Own", "r <= b", "risk", bc.Source("A"), {"sharp": bc.Form(chain)})

    measure_subsets(data, rng=0, subsets="a", resume=folder / "resume.json")
    resume = (folder / "resume.json").read_text()
    (folder / "good.csv").write_text("\n".join(lines))
    z = np.eye(2)[y] + 0.1 * rng.normal(size=(40, 2))
    np.savez(folder / "e.npz", embeddings=z, y=y)
    np.savez(folder / "good.npz", embeddings=z, y=y)
    np.savez(folder / "d.npz", distance=np.square(z[:, None] - z).sum(-1), y=y)

    def from_file(name, read):
        def reading(content):
            (folder / name).write_bytes(content)
            return read(folder / name)

        return reading

    def from_folder(content):
        place = folder / "arrays"
        place.mkdir(exist_ok=True)
        np.save(place / "y.npy", y)
        (place / "a.npy").write_bytes(content)
        return load(place)

    def from_text(reader):
        return lambda content: reader(content.decode("utf-8", errors="replace"))

    return {
        "bound": (bound, from_text(bc.Bound.from_json)),
        "measurements": (measured.to_json(), from_text(Measurements.from_json)),
        "estimates": (measured["a"].estimates.to_json(), from_text(Estimates.from_json)),
        "study": (study, from_file("study.json", lambda path: bc.plan(data, measured=path, target=0.4))),
        "theorem": (theorem_to_json(theorem), from_file("mine.json", bc.load)),
        "costs": (costs, from_file("costs.toml", lambda path: Costs.read(path, ["a", "b"]))),
        "csv": ("\n".join(lines), from_file("x.csv", load)),
        "tsv": ("\n".join(lines).replace(",", "\t"), from_file("x.tsv", load)),
        **_tables(folder, lines, from_file),
        "embeddings": ((folder / "e.npz").read_bytes(), from_file("e.npz", _certified)),
        "distances": ((folder / "d.npz").read_bytes(), from_file("d.npz", _certified)),
        "coordinates": (_coordinates(z, y), from_file("e.csv", _certified)),
        "resume": (
            resume,
            from_file("resume.json", lambda path: measure_subsets(data, rng=0, subsets="a", resume=path)),
        ),
        "doors": ("0.05", from_text(_door(str(folder / "good.npz"), str(folder / "good.csv")))),
        "points": ("7", _extreme_point),
        "pairs": ("7", _extreme_pairs),
        "npz": ((folder / "x.npz").read_bytes(), from_file("x.npz", load)),
        "npy": ((folder / "a.npy").read_bytes(), from_folder),
        "text": ("100", from_text(_evaluated)),
        "values": ("10:1000:log:5", from_text(lambda text: parse("n", text))),
    }


def _evaluated(text):
    bound = bc.theorem("zhou2026.risk_gap").bound()
    name = ("n", "delta", "C", "R_M")[len(text) % 4]
    value = float(bound.evaluate(**{**POINT, name: text}))
    assert value == value
    return value


def _tables(folder, lines, from_file):
    """Return tables of the kinds whose package is installed."""
    if not importlib.util.find_spec("pandas"):
        return {}
    import pandas

    frame = pandas.read_csv(io.StringIO("\n".join(lines)))
    found = {}
    if importlib.util.find_spec("pyarrow"):
        frame.to_parquet(folder / "x.parquet")
        frame.to_feather(folder / "x.feather", compression="uncompressed")
        found |= {
            kind: ((folder / f"x.{kind}").read_bytes(), from_file(f"x.{kind}", load)) for kind in ("parquet", "feather")
        }
    if importlib.util.find_spec("openpyxl"):
        frame.to_excel(folder / "x.xlsx", index=False)
        found["xlsx"] = ((folder / "x.xlsx").read_bytes(), from_file("x.xlsx", load))
    return found


def _coordinates(z, y):
    return "\n".join(["a,b,y", *(f"{p:.4f},{q:.4f},{label}" for (p, q), label in zip(z, y, strict=True))])


def _certified(path):
    found = certify_file(path, splits=2)
    assert 0 <= found.error <= found.value <= found.recipe["scale"]


DOORS = (
    "eval zhou2026.risk_gap --set n=100 --set delta={} --set R_M=0.1 --set C=3 --set gamma=0 --set L=1 --set eps_opt=0",
    "eval zhou2026.risk_gap --set n={} --set delta=0.1 --set R_M=0.1 --set C=3 --set gamma=0 --set L=1 --set eps_opt=0",
    "eval {} --set n=100", "show {}", "sensitivity zhou2026.fixed_model --set rhat={} --set C=1 --set delta=0.1 --set n_h=9",
    "certify e.npz --delta {}", "certify e.npz --threshold {}", "certify e.npz --threshold fmr={}", "certify e.npz --weights {}",
    "certify e.npz --weights 1,{}", "certify e.npz --kappa {}", "certify e.npz --calibration {}", "certify e.npz --share {}",
    "certify e.npz --splits {}", "certify e.npz --target {}", "certify e.npz --seed {}", "certify e.npz --metric {}",
    "certify e.npz --label {}", "certify e.npz --drop {}", "certify e.npz --groups {}", "certify e.csv --modality {}",
    "certify e.csv --out {}.json", "train x.csv --subsets {}", "train x.csv --lam-max {}", "train x.csv --holdout {}",
    "train x.csv --calibration {}", "train x.csv --delta {}", "train x.csv --seed {}", "train x.csv --subsets a --jobs {}",
    "plan x.csv --budget {} --no-curve", "plan x.csv --target {} --no-curve", "plan x.csv --power {} --no-curve",
    "compare --set n={}", "align x.csv --aligned {}", "align x.csv --latent {}",
    "explore zhou2026.fixed_model --set n_h={} --out page.html",
)  # fmt: skip


def _door(npz, table):
    """Return what types a text at a door that the text itself chooses."""

    def typed(text):
        door = DOORS[sum(map(ord, text)) % len(DOORS)]
        words = [word.format(text).replace("\x00", "") for word in door.split()]
        words = [{"e.npz": npz, "x.csv": table}.get(word, word) for word in words]
        said, shown = io.StringIO(), io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(shown):
            try:
                status = main(words)
            except SystemExit as error:
                status = error.code
        lines = [line for line in said.getvalue().splitlines() if line.startswith("boundcalc: ")]
        assert status in (0, 2), words
        assert len(lines) == (status == 2), (words, lines)
        said.getvalue().encode()
        shown.getvalue().encode()
        if status:
            raise InvalidInputError(lines[0])

    return typed


def _numbers(rng, shape):
    """Return numbers some of which are extreme."""
    odd = [0.0, -0.0, 1e-320, -1e-300, 1e-30, 1e30, 1e150, -1e200, 1.7e308, np.inf, np.nan, 1 + 1e-16]
    found = rng.normal(size=shape)
    mask = rng.random(shape) < rng.choice([0.0, 0.02, 0.3])
    with np.errstate(over="ignore"):
        return np.where(mask, rng.choice(odd, size=shape), found) * rng.choice([1.0, 1e-160, 1e120])


def _extreme_point(content):
    rng = np.random.default_rng(list(content))
    forms = [(theorem, form) for theorem in bc.catalogue.values() for form in theorem.forms]
    theorem, form = forms[rng.integers(len(forms))]
    bound = theorem.bound(form)
    whole = [1, 2, 3, 7, 10**6, 10**15, 2**63, 10**300]
    real = [0, 1e-308, 1e-16, 0.5, 1 - 1e-16, 1.0, 3.0, 1e16, 1e300, "1/3", "1e-400"]
    point = {
        name: whole[rng.integers(len(whole))] if symbol.is_integer else real[rng.integers(len(real))]
        for name, symbol in bound.symbols.items()
    }
    plain, sound = float(bound.evaluate(**point)), float(bound.evaluate(**point, sound=True))
    assert plain == plain
    assert sound == sound
    upper = bound.relation in ("<=", "<")
    assert (sound >= plain * (1 - 1e-9) - 1e-300) if upper and plain >= 0 else True, (theorem.key, form, point)


def _extreme_pairs(content):
    rng = np.random.default_rng(list(content))
    n, d = int(rng.integers(0, 30)), int(rng.integers(1, 4))
    y = rng.choice([[0, 1], [1, 1], [0, 9]][rng.integers(3)], size=n)
    source = ["embeddings", "distance", "scores"][rng.integers(3)]
    value = _numbers(rng, (n, d) if source == "embeddings" else (n, n))
    options = [
        {},
        {"groups": rng.integers(0, 5, n)},
        {"calibration": 0.3},
        {"weights": (1.0, 1e-9)},
        {"weights": None},
        {"metric": "cosine"},
    ]
    found = bc.certify(
        **{source: value}, y=y, threshold=float(_numbers(rng, ())), splits=2, **options[rng.integers(len(options))]
    )
    assert 0 <= found.error <= found.value or found.value == 1.0, found


def attack(kind, good, read, rng):
    content = good.encode() if isinstance(good, str) else good
    if kind in ("points", "pairs"):
        content = rng.randbytes(6)
    elif kind in ("text", "values", "doors") and rng.random() < 0.3:
        content = rng.choice(WORDS).encode(errors="surrogatepass")
    elif kind in ("bound", "measurements", "estimates", "study", "theorem", "resume") and rng.random() < 0.7:
        content = changed(good, rng).encode(errors="surrogatepass")
    else:
        content = mutated(content, rng)
    began, said = time.process_time(), ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read(content)
    except InvalidInputError as error:
        said = str(error)
    except Exception as error:
        raise AssertionError(f"{kind}: {type(error).__name__}: {error} of {content!r}") from error
    assert time.process_time() - began < SECONDS, content
    assert "\n" not in said, content
    assert len(said) < 3000, content


@pytest.mark.parametrize("seed", [0])
def test_a_few_mutated_inputs(kinds, seed):
    _attack_all(kinds, seed, 40)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_many_mutated_inputs(kinds, seed):
    _attack_all(kinds, 1000 + seed, INPUTS // (10 * len(kinds)))


def _attack_all(kinds, seed, count):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for kind, (good, read) in kinds.items():
        if kind not in ("points", "pairs", "doors"):
            read(good.encode() if isinstance(good, str) else good)
        rng = random.Random(f"{seed} {kind}")
        for _ in range(count):
            attack(kind, good, read, rng)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < BYTES
    assert not Path("executed").exists()
