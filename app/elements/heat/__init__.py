"""The element ``heat``."""
