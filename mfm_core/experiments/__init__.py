"""Experiments: runs from configuration files, and tables of systems."""
