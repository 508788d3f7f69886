"""How good the matcher is and what it costs: the choice of keys by budget, rivals, equity, figures.

What lives here: measurements on published and synthetic data. What must not: anything that the
product runs.
"""
