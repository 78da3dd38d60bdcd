"""Guided lessons: their files, and the measures that answer their questions on stored models."""
