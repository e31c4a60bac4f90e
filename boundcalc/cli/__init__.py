"""The command ``boundcalc``: parse, call, show. Each command is one module of this package."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from boundcalc.cli.commands import COMMANDS, load
from boundcalc.errors import suggestion, visible

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0 on success, 2 on bad input, 130 when interrupted, 143 when ended."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if "_ARGCOMPLETE" in os.environ:  # the shell asks what could follow
        from boundcalc.cli.completing import complete

        complete(_parser())
    parser = _parser(arguments[0] if arguments and arguments[0] in COMMANDS else None)
    if not arguments:
        parser.print_help()
        return 0
    if not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
        parser.error(
            f"no command {arguments[0]!r}{suggestion(arguments[0], COMMANDS)}: expected one of {', '.join(COMMANDS)}"
        )
    args, unknown = parser.parse_known_args(arguments)
    if unknown:
        args.parser.error(
            f"unrecognized: {' '.join(unknown)}{suggestion(unknown[0], args.parser._option_string_actions)}"
        )
    from boundcalc.cli.arguments import read
    from boundcalc.cli.output import show
    from boundcalc.cli.progress import heard

    try:
        with _ending_on_request(), heard():
            read(args)
            with _on_workers(args):
                status = show(args.run(args), args)
            return _say("interrupted; what was done is above", status=status) if status == 130 else status
    except KeyboardInterrupt:
        return _say("interrupted", status=130)
    except _EndedError:
        return _say("ended", status=143)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has seen enough
        return 0
    except MemoryError as error:
        return _say(f"not enough memory: {error}; ask for a smaller grid")
    except (ValueError, ImportError, OSError) as error:
        return _say(str(error) or type(error).__name__)


@contextmanager
def _on_workers(args: argparse.Namespace) -> Iterator[None]:
    """Let the command's work run on the workers of the dask scheduler that was named, if one was."""
    if getattr(args, "scheduler", None) is None:
        yield
        return
    from boundcalc.trainer.measure.parallel import on_scheduler

    args.jobs = args.processes = -1  # all that there are
    with on_scheduler(args.scheduler):
        yield


class _EndedError(BaseException):
    """Somebody has asked the process to end (SIGTERM): files are put away and workers end on its way out."""


@contextmanager
def _ending_on_request() -> Iterator[None]:
    """Let SIGTERM end what runs as an interruption does; signals are heard in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise _EndedError

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _say(message: str, *, status: int = 2) -> int:
    line = visible(" ".join(message.split()))
    print(f"boundcalc: {line if len(line) <= _MOST else f'{line[:_MOST]}...'}", file=sys.stderr)
    return status


#: Characters of what is said: a name that was typed may be of any length.
_MOST = 2500


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(_say(f"{message} (see `{self.prog} --help`)"))


class _Versions(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from boundcalc.environment import versions

        found = versions()
        print(f"boundcalc {found.pop('boundcalc')}")
        print(", ".join(f"{name} {version}" for name, version in found.items()))
        parser.exit()


def _parser(only: str | None = None) -> argparse.ArgumentParser:
    """Return the parser; of the commands with the arguments of all, or of the one that was asked for."""
    from boundcalc.cli.arguments import add

    parser = _OneLineParser(
        prog="boundcalc",
        description="Generalization bounds for multimodal pairwise metric learning: derive, plan, check.",
        epilog="Try: boundcalc demo | boundcalc list | boundcalc show 'Theorem 3.13'",
    )
    parser.add_argument(
        "--version", action=_Versions, nargs=0, help="show the versions of boundcalc and of what it computes with"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, help_text in COMMANDS.items():
        if only not in (None, name):
            commands.add_parser(name, help=help_text)
            continue
        module = load(name)
        child = commands.add_parser(
            name, help=help_text, description=help_text, epilog=getattr(module, "EPILOG", None), allow_abbrev=False
        )
        add(child, module.ARGUMENTS, endings=module.ENDINGS, out=getattr(module, "PAGE", None))
        child.set_defaults(run=module.run, parser=child)
    return parser
