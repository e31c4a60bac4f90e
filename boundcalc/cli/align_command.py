"""``boundcalc align DATA``: compare ways to align encoders on partly aligned data, each with its control, or plan the pairs."""

from __future__ import annotations

from argparse import Namespace

from boundcalc.cli.arguments import READING
from boundcalc.cli.output import DRAWN
from boundcalc.show.answer import Answer

ARGUMENTS = (
    "DATA", *READING, "unlabelled", "aligned", "regulariser", "fitted", "unseen", "seeds", "seed", "steps", "latent", "weight",
    "eps", "temperature", "score", "normalise", "device", "aligned_rows", "test_rows", "k", "match_target", "delta",
    "pairs_planned",
)  # fmt: skip
ENDINGS = DRAWN


def run(args: Namespace) -> Answer:
    """Compare, and return means with intervals over seeds; an interruption keeps what is done."""
    from boundcalc.aligner import Comparison, compare_regularisers
    from boundcalc.cli.progress import reporter
    from boundcalc.cli.training import reading_options
    from boundcalc.datasets import load
    from boundcalc.guarantees.of_match import pairs_needed
    from boundcalc.report.alignment import Alignment

    trained = ("none", "loop", "barycenter") if args.regulariser == "all" else ("none", args.regulariser)
    methods = {"all": (*trained, "cca_ot"), "contrastive": trained, "cca_ot": ("cca_ot",), "auto": ("cca_ot", "auto")}
    reading = reading_options(args) | ({"label": None} if args.unlabelled else {})
    data, comparison, status = load(args.data, **reading), Comparison(), 0
    if args.pairs_planned:
        from boundcalc.planner.matching import plan_alignment

        return plan_alignment(
            data,
            share=max(args.aligned),
            aligned_rows=args.aligned_rows,
            target=args.match_target,
            k=args.k,
            delta=args.delta,
            rng=args.seed,
            progress=reporter("planning"),
            method="cca_ot" if args.fitted == "all" else args.fitted,
            q=args.latent,
            steps=args.steps,
            eps=args.eps,
            score=args.score,
            normalise=args.normalise,
            device=args.device,
        )
    try:
        compare_regularisers(
            data,
            aligned=args.aligned,
            regularisers=methods[args.fitted],
            seeds=args.seeds,
            unseen=args.unseen or (),
            k=args.k,
            rng=args.seed,
            progress=reporter("aligning"),
            comparison=comparison,
            q=args.latent,
            steps=args.steps,
            weight=args.weight,
            aligned_rows=args.aligned_rows,
            test_rows=args.test_rows,
            eps=args.eps,
            temperature=args.temperature,
            score=args.score,
            normalise=args.normalise,
            device=args.device,
        )
    except KeyboardInterrupt:
        if not comparison.records:
            raise
        status = 130
    needed = pairs_needed(data.dims, q=args.latent or 8, target=args.match_target, delta=args.delta)
    return Alignment(comparison, needed, status)
