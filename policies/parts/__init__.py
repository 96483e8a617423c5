"""Parts that several policies share: search steps, mutation, relaxation, successive halving, one-shot training."""
