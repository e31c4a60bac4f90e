"""Saunshi et al. 2019: what a contrastive loss says of a downstream classifier."""
