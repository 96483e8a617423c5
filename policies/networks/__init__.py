"""The networks that policies train for their own search: controllers, autoencoders, predictors; no candidates."""
