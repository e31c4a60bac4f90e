"""Claims about closed forms: proved, refuted by a point, or left open with the reason."""
