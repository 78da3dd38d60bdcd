"""Multimodal Factorization Model: what a multimodal model keeps for the label and what it keeps for the style."""

from mfm_core.config import ModelConfig
from mfm_core.data import Dataset, load_dataset
from mfm_core.generation import swap
from mfm_core.model import MFM
from mfm_core.representations import Factors, Generated, Latents

__all__ = ["MFM", "Dataset", "Factors", "Generated", "Latents", "ModelConfig", "load_dataset", "swap"]
