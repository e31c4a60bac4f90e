"""``boundcalc compare [KEYS]``: rival bounds on one risk, on a pilot sample or at given values, and against n."""

from __future__ import annotations

from argparse import Namespace

from boundcalc.cli.arguments import MODEL, READING, changed
from boundcalc.cli.output import DRAWN
from boundcalc.cli.training import data_of, model_settings
from boundcalc.errors import InvalidInputError
from boundcalc.show.answer import Answer

ARGUMENTS = ("KEYS", "all", "pilot", "set one", "subset", *READING, *MODEL, "structure", "radii")
ENDINGS = DRAWN

#: Options that speak of a pilot sample.
_OF_PILOT = (*READING, "subset", "seed", "loss", "lam_max", "structure", "weights", "holdout", "prepared", "radii")


def run(args: Namespace) -> Answer:
    """Compare, and return sentence, table, data and picture."""
    from boundcalc.guarantees.comparison import check_keys
    from boundcalc.report.compare_view import compare

    if bool(args.pilot) == bool(args.settings):
        said = "not both" if args.pilot else "one of them is needed"
        raise InvalidInputError(f"give either --pilot DATA or --set NAME=VALUE (repeated): {said}", context="compare")
    if args.all and args.keys:
        raise InvalidInputError(f"give either --all or keys ({', '.join(args.keys)}), not both", context="compare")
    if args.pilot:
        check_keys(args.keys)  # before anything is read
        settings = {"subset": args.subset, "structure": args.structure, "radii": args.radii, **model_settings(args)}
        return compare(data_of(args, args.pilot), keys=args.keys, **settings)
    problems = [f"{option} needs --pilot: with --set nothing is trained" for option in changed(args, _OF_PILOT)]
    if "delta" in args.settings and changed(args, ["delta"]):
        problems.append("give delta once, by --delta or by --set")
    if problems:
        raise InvalidInputError(problems, context="compare")
    return compare(values={"delta": args.delta, **args.settings}, keys=args.keys)
