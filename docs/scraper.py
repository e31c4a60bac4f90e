"""Pictures of the gallery: pyplot's figures, and the figure of the axes that a script's last line returns."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from sphinx_gallery.scrapers import figure_rst, matplotlib_scraper


def scrape(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save what a block has drawn, and return how the page shows it."""
    if plt.get_fignums():
        return str(matplotlib_scraper(block, block_vars, gallery_conf))
    last = block_vars["example_globals"].get("___")
    axes = np.ravel(np.asarray(last, dtype=object))[0] if last is not None else None
    figure = getattr(axes, "figure", None)
    if figure is None or not hasattr(figure, "savefig"):
        return ""
    path = next(block_vars["image_path_iterator"])
    figure.savefig(path, dpi=120)
    return str(figure_rst([path], gallery_conf["src_dir"]))
