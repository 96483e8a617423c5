"""The contracts: spaces, messages, oracles, policies, costs and errors (NumPy and the standard library only)."""
