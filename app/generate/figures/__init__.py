"""Figures of the page Generate: pure functions from a model and a view to pictures, and the script of each."""
