"""The element ``wall``."""
