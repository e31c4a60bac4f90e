"""Kar, Jain 2011: landmarks of a good similarity."""
