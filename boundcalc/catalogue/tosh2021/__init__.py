"""Tosh, Krishnamurthy, Hsu 2021: redundancy of two views, landmarks, and inexact contrastive training."""
