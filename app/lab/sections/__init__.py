"""Sections of the page Lab."""
