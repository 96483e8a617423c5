"""What all trainings share: recipes, devices, optimisers and the sequences of a text."""
