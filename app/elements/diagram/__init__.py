"""The element ``diagram``."""
