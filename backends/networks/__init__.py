"""Candidate networks: from a description of an architecture to a torch module."""
