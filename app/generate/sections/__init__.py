"""Sections of the page Generate, one file a question."""
