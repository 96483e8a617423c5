"""Are the best cells of one table also the best of another?"""
