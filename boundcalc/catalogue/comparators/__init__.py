"""Other works' ways to bound the risk of a learnt metric, with constants derived here."""
