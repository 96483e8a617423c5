"""The small networks that policies own (never the candidates')."""
