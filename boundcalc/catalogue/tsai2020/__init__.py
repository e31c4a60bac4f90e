"""Tsai et al. 2020: what a self-supervised view keeps of a task, in nats and in error."""
