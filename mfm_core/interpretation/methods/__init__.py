"""The interpretations that the project knows, one file each."""
