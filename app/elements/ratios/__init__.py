"""The element ``ratios``."""
