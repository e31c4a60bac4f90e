"""Weinberger et al. 2005: large margin nearest neighbours."""
