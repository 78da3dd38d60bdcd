"""Sections of the page Lessons."""
