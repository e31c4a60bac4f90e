"""Values to text: rounding, tables, pages and formulas; knows no bound."""
