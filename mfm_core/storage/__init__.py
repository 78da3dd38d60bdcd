"""What is written to disk of a model, and read from it."""
