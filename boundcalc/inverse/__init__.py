"""From a target back to a parameter: the answer meets the target, its neighbour does not."""
