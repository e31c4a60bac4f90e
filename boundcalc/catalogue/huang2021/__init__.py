"""Huang et al. 2021 (arXiv 2106.04538): the pointwise theorems that the pairwise ones extend."""
