"""Programs on arrays: what an instruction does, in which order and on which blocks, within memory."""
