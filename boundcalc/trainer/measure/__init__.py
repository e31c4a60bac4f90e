"""Train on subsets of modalities and measure what bounds ask for."""
