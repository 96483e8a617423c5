"""The common parts of all trainings: recipes, devices, optimisers and the sequences of a text."""
