"""The page Start: what MFM is, a model to play with, and the words and equations of the paper."""
