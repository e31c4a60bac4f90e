"""Zhou, Zhang, Liu 2026 (arXiv 2605.01424), theorem by theorem."""
