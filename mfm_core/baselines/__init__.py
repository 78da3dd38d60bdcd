"""The paper's other systems."""
