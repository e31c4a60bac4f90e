"""What a bound is made of and how bounds are put together, stored, typeset and compared in the limit."""
