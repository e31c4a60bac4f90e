"""Rows of several modalities: read, split, prepared."""
