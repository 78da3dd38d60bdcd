"""The page Generate: sample, swap, slide, read and translate digits."""
