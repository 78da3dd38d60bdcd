"""The element ``figure_one``."""
