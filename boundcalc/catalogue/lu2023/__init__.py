"""Lu 2023: one modality at test time, two in training."""
