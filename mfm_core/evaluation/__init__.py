"""Evaluation: figures with intervals of digits and videos, and comparisons of models."""
