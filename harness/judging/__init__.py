"""The judge: evaluates recommendations by a table or by training them, and records every lookup of the truth."""
