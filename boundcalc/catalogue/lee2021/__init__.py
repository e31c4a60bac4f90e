"""Lee, Lei, Saunshi, Zhuo 2021: predicting one view from the other helps a linear head."""
