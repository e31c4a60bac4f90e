"""Lemmas that the theorems' steps apply."""
