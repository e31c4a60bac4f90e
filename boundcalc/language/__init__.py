"""What symbols mean and where they lie: domains, directions, expressions as data, what a caller may give."""
