"""The element ``pad``."""
