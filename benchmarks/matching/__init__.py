"""How good the matcher is and what it costs: the choice of keys by budget, other programs, equity,
figures. These are measurements on published and made data; the product runs nothing of them.
"""
