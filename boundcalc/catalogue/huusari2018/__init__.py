"""Huusari, Kadri, Capponi 2018: pointwise classifiers over several views."""
