"""The element ``curves``."""
