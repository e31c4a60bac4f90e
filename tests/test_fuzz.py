"""Mutated files of each kind and extreme texts: a correct result or one library error, soon and in little memory."""

import json
import random
import resource
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import boundcalc as bc
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
    folder = tmp_path_factory.mktemp("fuzz")
    np.savez(folder / "x.npz", a=data.arrays["a"], y=y)
    np.save(folder / "a.npy", data.arrays["a"])
    lines = ["a__x,a__site,b__x,groups,y", *(f"{k / 7:.3f},{'ns'[k % 2]},{k % 5},{k // 2},{k % 2}" for k in range(40))]
    costs = "version = 1\nper_sample = 1.0\n[modalities.a]\nsetup = 500.0\nmax_samples = 50000\nrequired = true\n"
    bound = bc.theorem("zhou2026.risk_gap").bound().to_json()

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
        "costs": (costs, from_file("costs.toml", lambda path: Costs.read(path, ["a", "b"]))),
        "csv": ("\n".join(lines), from_file("x.csv", load)),
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


def attack(kind, good, read, rng):
    content = good.encode() if isinstance(good, str) else good
    if kind in ("text", "values") and rng.random() < 0.3:
        content = rng.choice(WORDS).encode(errors="surrogatepass")
    elif kind in ("bound", "measurements", "estimates") and rng.random() < 0.7:
        content = changed(good, rng).encode(errors="surrogatepass")
    else:
        content = mutated(content, rng)
    began, said = time.perf_counter(), ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read(content)
    except InvalidInputError as error:
        said = str(error)
    except Exception as error:
        raise AssertionError(f"{kind}: {type(error).__name__}: {error} of {content!r}") from error
    assert time.perf_counter() - began < SECONDS, content
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
        read(good.encode() if isinstance(good, str) else good)
        rng = random.Random(f"{seed} {kind}")
        for _ in range(count):
            attack(kind, good, read, rng)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < BYTES
    assert not Path("executed").exists()
