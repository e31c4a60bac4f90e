"""How rich a class of metrics is on given pairs, and in expectation."""
