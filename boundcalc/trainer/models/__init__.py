"""Pair models beyond the classes of the source: embeddings that are fitted to the classes, chosen by folds of the rows at hand."""
