"""Candidate networks and supernets as torch modules, built from the description of an architecture."""
