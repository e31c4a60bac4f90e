"""The command ``boundcalc``: parse, call, show. Each command is one module of this package."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from boundcalc.cli.commands import COMMANDS, load

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0 on success, 2 on bad input, 130 when interrupted."""
    parser = _parser()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments:
        parser.print_help()
        return 0
    args = parser.parse_args(arguments)
    from boundcalc.cli.arguments import read
    from boundcalc.cli.output import show

    try:
        read(args)
        return show(args.run(args), args)
    except KeyboardInterrupt:
        return _say("interrupted", status=130)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has seen enough
        return 0
    except MemoryError as error:
        return _say(f"not enough memory: {error}; ask for a smaller grid")
    except (ValueError, ImportError, OSError) as error:
        return _say(str(error) or type(error).__name__)


def _say(message: str, *, status: int = 2) -> int:
    print(f"boundcalc: {' '.join(message.split())}", file=sys.stderr)
    return status


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(2, f"boundcalc: {message} (see `{self.prog} --help`)\n")


def _parser() -> argparse.ArgumentParser:
    from boundcalc import __version__
    from boundcalc.cli.arguments import add

    parser = _OneLineParser(
        prog="boundcalc",
        description="Generalization bounds for multimodal pairwise metric learning: derive, plan, check.",
        epilog="Try: boundcalc demo | boundcalc list | boundcalc show 'Theorem 3.13'",
    )
    parser.add_argument("--version", action="version", version=f"boundcalc {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, help_text in COMMANDS.items():
        module = load(name)
        child = commands.add_parser(
            name, help=help_text, description=help_text, epilog=getattr(module, "EPILOG", None), allow_abbrev=False
        )
        add(child, module.ARGUMENTS, endings=module.ENDINGS, out=getattr(module, "PAGE", None))
        child.set_defaults(run=module.run)
    return parser
