"""Faults on purpose: does every command end with the same result, an intact store and no process left behind?"""
