"""Sections of the page Dependency."""
