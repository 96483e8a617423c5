"""Is what is best by one table best by another?"""
