"""The page About this model: its card."""
