"""Sound rounding: programs whose results are never on the wrong side of the exact value."""
