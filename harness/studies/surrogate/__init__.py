"""How good is a surrogate on cells that it did not learn from?"""
