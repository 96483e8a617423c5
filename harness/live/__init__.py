"""What is seen of runs while they go on."""
