"""The element ``latent_sliders``."""
