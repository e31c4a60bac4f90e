"""Small worlds in which every quantity of a proof can be computed exactly."""
