"""The element ``share``."""
