"""Certificates for pairs that say something at a few hundred rows: matchings, transport and their kin."""
