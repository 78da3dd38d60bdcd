"""The element ``lanes``."""
