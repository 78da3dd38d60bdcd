"""The page Lab: train a small model, and look at what it learns while it does."""
