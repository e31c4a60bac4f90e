"""Fresh matplotlib axes, their colours, and writing them. Needs the ``plot`` extra."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

from boundcalc.errors import require, visible

__all__ = ["PALETTE", "new_axes", "save"]

#: Colours that stay apart for colour-blind readers (Okabe and Ito; the last three by Tol).
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#882255", "#999933", "#7F7F7F")


def new_axes(*, width: float = 7.0, height: float = 4.5, columns: int = 1) -> Any:
    """Return fresh matplotlib axes (an array of them for several columns), independent of any global figure."""
    require("matplotlib", extra="plot", purpose="drawing")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    _show_in_notebooks()
    return figure.subplots(1, columns)


def _show_in_notebooks() -> None:
    """Let a running IPython display figures as PNG; it does so by itself only for those that pyplot keeps."""
    if "IPython" in sys.modules:
        from IPython.core.getipython import get_ipython
        from IPython.core.pylabtools import select_figure_formats

        shell = get_ipython()
        if shell is not None:
            select_figure_formats(shell, {"png"})


def _as_text(figure: Any) -> None:
    """Show words as they are: what cannot be seen is written out, what stands between dollar signs may be no mathematics."""
    from matplotlib.mathtext import MathTextParser
    from matplotlib.text import Text

    parser = MathTextParser("path")
    for words in figure.findobj(lambda one: isinstance(one, Text) and one.get_text()):
        if (shown := visible(words.get_text())) != words.get_text():
            words.set_text(shown)
        try:
            for line in filter(None, shown.split("\n")):
                parser.parse(line)
        except ValueError:
            words.set_parse_math(False)


def save(axes: Any, path: Path | str) -> None:
    """Write the picture that the axes, or several of them, belong to."""
    import numpy as np

    figure = np.ravel(axes)[0].figure
    _as_text(figure)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # names in scripts that the font lacks show as boxes
        figure.savefig(str(path), dpi=150)
