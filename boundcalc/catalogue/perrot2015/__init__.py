"""Perrot, Habrard 2015: metric learning biased towards a source metric."""
