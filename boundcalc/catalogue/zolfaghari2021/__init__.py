"""Zolfaghari et al. 2021: contrastive learning with negatives of both modalities."""
