"""The element ``scrubber``."""
