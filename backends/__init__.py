"""Where answers come from: ground-truth tables, live training, closed forms."""
