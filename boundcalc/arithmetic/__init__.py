"""One arithmetic of expressions: nodes, exact numbers, and number types that take each other's place.

An expression is a graph of nodes. ``walk`` carries its operations out in any arithmetic: big floats (``precise``), Arb balls
(``balls``), and intervals (``intervals``) whose ends are floats rounded outwards or Arb numbers. Rational operations on
rational numbers are exact in each of the first two.
"""
