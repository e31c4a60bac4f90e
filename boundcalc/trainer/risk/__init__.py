"""Pair losses, risks over all pairs and their minimisers."""
