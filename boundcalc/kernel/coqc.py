"""Coq's compiler: a file is accepted, or refused with the reason; what was accepted is kept by its content."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from boundcalc.checker.store import folder as verdicts
from boundcalc.errors import InvalidInputError
from boundcalc.language.files import write_text

__all__ = [
    "ALLOWED",
    "HINT",
    "LIBRARY",
    "Outcome",
    "available",
    "compile_file",
    "folder",
    "recall",
    "remembered",
    "source",
]

HINT = "Coq and its libraries are missing; on Debian and Ubuntu: sudo apt-get install coq libcoq-interval libcoq-coquelicot"
#: The axioms of Coq's own real numbers; a proof that rests on any other is refused.
ALLOWED = frozenset(
    {
        "ClassicalDedekindReals.sig_not_dec",
        "ClassicalDedekindReals.sig_forall_dec",
        "FunctionalExtensionality.functional_extensionality_dep",
        "Classical_Prop.classic",
    }
)
#: The files that everything else may use, each after those that it uses.
LIBRARY = ("Boundcalc.v", "Convexity.v", "Constraints.v", "Finite.v", "Samples.v", "Hoeffding.v", "Decoupling.v")
_DECLARES = re.compile(r"\b(Module|Declare)\b")
_MEMORY = 3 * 2**30
_BUSY = 4.0  # seconds by the clock for one of processor time, on a machine that does other work as well
_OPTIONS = ("-q", "-w", "none")


@dataclass(frozen=True)
class Outcome:
    """What the kernel said of a file.

    Attributes
    ----------
    accepted : bool
        Every theorem has a proof that rests on no axiom but those of the real numbers.
    reason : str
        Why not, as Coq says it.
    axioms : tuple of str
        What the proofs rest on.
    seconds : float
    """

    accepted: bool
    reason: str
    axioms: tuple[str, ...] = ()
    seconds: float = 0.0


def available() -> bool:
    """Return whether Coq's compiler is installed with the libraries that the files use."""
    return shutil.which("coqc") is not None and _version() != ""


@lru_cache(maxsize=1)
def _version() -> str:
    """Return the compiler's version and where its libraries are, or nothing if one of them is missing."""
    if shutil.which("coqc") is None:
        return ""
    where = subprocess.run(["coqc", "-where"], capture_output=True, text=True, timeout=60).stdout.strip()
    roots = [Path(where) / "user-contrib", *map(Path, filter(None, os.environ.get("COQPATH", "").split(":")))]
    if not all(any((root / name).is_dir() for root in roots) for name in ("Interval", "Coquelicot")):
        return ""
    return subprocess.run(["coqc", "--version"], capture_output=True, text=True, timeout=60).stdout.strip()


def source(name: str) -> str:
    """Return the text of a file of the library."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _library_text(parts: Iterable[str] = LIBRARY) -> str:
    return "\0".join(map(source, parts))


def _used(text: str) -> list[str]:
    """Return the library's files that a text names outside its comments, and those that these name."""
    words = set(re.findall(r"\w+", _plain(text)))
    for part in reversed(LIBRARY):
        if part.removesuffix(".v") in words:
            words |= set(re.findall(r"\w+", _plain(source(part))))
    return [part for part in LIBRARY if part.removesuffix(".v") in words]


def folder() -> Path:
    """Return the folder of what was accepted, beside the checker's verdicts; it need not exist."""
    return verdicts().with_name("kernel")


def compile_file(text: str, theorems: tuple[str, ...], *, seconds: float = 60.0, fresh: bool = False) -> Outcome:
    """Return whether the kernel accepts a file, and on which axioms its theorems rest.

    Parameters
    ----------
    text : str
        The whole file.
    theorems : tuple of str
        The theorems whose axioms are asked for.
    seconds : float
        After that much processor time it is refused, and after four times as much by the clock.
    fresh : bool
        Whether to compile what was accepted before once more.

    Raises
    ------
    InvalidInputError
        If Coq is not installed.
    """
    if not available():
        raise InvalidInputError(HINT, context="kernel")
    if found := _DECLARES.search(_plain(text)):  # in a module of its own an axiom may bear the name of an allowed one
        return Outcome(False, f"it says {found.group()}, which no exported file does")
    if not fresh and (known := recall(text, theorems)) is not None:
        return known
    outcome = _compile(_asking(text, theorems), len(theorems), seconds)
    if outcome.accepted:
        kept = _place(text, theorems)
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_text(kept, json.dumps(asdict(outcome)))
    return outcome


def _asking(text: str, theorems: tuple[str, ...]) -> str:
    return text + "".join(f"\nPrint Assumptions {name}." for name in theorems) + "\n"


def _plain(text: str) -> str:
    """Return a text without its comments."""
    return re.sub(r"\(\*.*?\*\)\s*", "", text, flags=re.DOTALL)


def _place(text: str, theorems: tuple[str, ...]) -> Path:
    """Return where an acceptance is stored: by the content without comments, what it uses of the library, Coq's version."""
    asked = _plain(_asking(text, theorems))
    content = hashlib.sha256("\0".join((_version(), _library_text(_used(text)), asked)).encode()).hexdigest()
    return folder() / f"kernel-{content[:40]}.json"


def recall(text: str, theorems: tuple[str, ...]) -> Outcome | None:
    """Return that a file was accepted before, if it was."""
    try:
        known = json.loads(_place(text, theorems).read_text())
        found = Outcome(known["accepted"] is True, "", tuple(map(str, known["axioms"])), float(known["seconds"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if found.accepted and set(found.axioms) <= ALLOWED else None


@lru_cache(maxsize=1)
def _code() -> str:
    """Return the text of this package, on which what it finds depends."""
    return "\0".join(path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.py")))


def remembered(content: str, compute: Callable[[], Any]) -> Any:
    """Return what this code found of some content before, or find it and keep it; nothing is kept of None and of errors."""
    name = hashlib.sha256("\0".join((_code(), content)).encode()).hexdigest()
    place = folder() / f"found-{name[:40]}.json"
    try:
        return json.loads(place.read_text())
    except (OSError, ValueError):
        found = compute()
    if found is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_text(place, json.dumps(found))
    return found


def library() -> Path:
    """Return the folder of the compiled library, compiling it when it is new."""
    name = hashlib.sha256((_version() + _library_text()).encode()).hexdigest()[:16]
    target = folder() / f"kernel-library-{name}"
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=target.parent))
    for part in LIBRARY:
        (work / part).write_text(source(part), encoding="utf-8")
        code, said = _run(["coqc", *_OPTIONS, "-Q", ".", "Boundcalc", part], work, 300)
        if code != 0:
            shutil.rmtree(work)
            raise InvalidInputError(f"{part} does not compile: {said[-500:]}", context="kernel")
    try:
        os.rename(work, target)
    except OSError:  # another process was first
        shutil.rmtree(work)
    return target


def _compile(text: str, asked: int, seconds: float) -> Outcome:
    built = library()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as work:
        Path(work, "step.v").write_text(text)
        command = ["coqc", *_OPTIONS, "-Q", str(built), "Boundcalc", "step.v"]
        code, said = _run(command, Path(work), seconds)
    spent = round(time.monotonic() - start, 2)
    if code is None:
        return Outcome(False, f"no answer within {seconds:g} s", seconds=spent)
    if code != 0:
        return Outcome(False, " ".join(said.split())[-400:], seconds=spent)
    return _judged(said, asked, spent)


def _judged(said: str, asked: int, spent: float) -> Outcome:
    """Read what ``Print Assumptions`` lists; anything but allowed axioms, or fewer answers than questions, refuses."""
    axioms: dict[str, None] = {}
    answers = 0
    for line in said.splitlines():
        if line in ("Axioms:", "Closed under the global context"):
            answers += 1
        elif line.strip() and not line[0].isspace():
            axioms[line.split()[0]] = None
    foreign = [name for name in axioms if name not in ALLOWED]
    if foreign or answers != asked:
        return Outcome(False, f"it rests on {', '.join(foreign) or 'what Coq did not say'}", tuple(axioms), spent)
    return Outcome(True, "", tuple(axioms), spent)


def _run(command: list[str], work: Path, seconds: float) -> tuple[int | None, str]:
    """Return a command's exit status and what it said; None when its time is over."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds),) * 2)

    process = subprocess.Popen(
        command,
        cwd=work,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=limited,
    )
    try:
        said, _ = process.communicate(timeout=_BUSY * seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None, ""
    return (None if process.returncode in (-signal.SIGKILL, -signal.SIGXCPU) else process.returncode), said
