"""The element ``own_tab``."""
