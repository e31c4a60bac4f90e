"""From nodes to a straight-line program: rewritten for given axes, lowered to instructions, planned."""
