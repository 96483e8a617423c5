"""The judge: the truth about recommendations, from a table or by training, with every look recorded."""
