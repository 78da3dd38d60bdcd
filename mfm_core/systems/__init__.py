"""The systems of the paper's tables: one file a system, found by the registry."""
