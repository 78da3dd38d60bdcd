"""Multimodal Factorization Model: what a multimodal model keeps for the label and what it keeps for the style."""

from mfm_core.checkpoints import (
    Codes,
    find_originals,
    fingerprint,
    load_card,
    load_codes,
    load_discriminative,
    load_judge,
    load_metrics,
    load_pretrained,
    pretrained_names,
    save_card,
    save_codes,
    save_metrics,
    save_model,
)
from mfm_core.clips import Clips, load_clips
from mfm_core.config import ModelConfig
from mfm_core.data import Dataset, load_dataset
from mfm_core.generation import combine, fix, interpolate, swap, translate, traverse
from mfm_core.interpretation.dependency import DependencyRatio, dependency_ratios
from mfm_core.interpretation.gradient_flow import gradient_flow
from mfm_core.interpretation.hsic import normalized_hsic
from mfm_core.latent_directions import Directions, directions
from mfm_core.model import MFM
from mfm_core.posterior import AggregatePosterior
from mfm_core.representations import Factors, Generated, Latents
from mfm_core.takes import Take

__all__ = [
    "MFM",
    "AggregatePosterior",
    "Clips",
    "Codes",
    "Dataset",
    "DependencyRatio",
    "Directions",
    "Factors",
    "Generated",
    "Latents",
    "ModelConfig",
    "Take",
    "combine",
    "dependency_ratios",
    "directions",
    "find_originals",
    "fingerprint",
    "fix",
    "gradient_flow",
    "interpolate",
    "load_card",
    "load_clips",
    "load_codes",
    "load_dataset",
    "load_discriminative",
    "load_judge",
    "load_metrics",
    "load_pretrained",
    "normalized_hsic",
    "pretrained_names",
    "save_card",
    "save_codes",
    "save_metrics",
    "save_model",
    "swap",
    "translate",
    "traverse",
]
