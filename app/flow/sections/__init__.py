"""Sections of the page Flow."""
