"""Nakada et al. 2023: common features of two modalities from pairs, some of them mismatched."""
