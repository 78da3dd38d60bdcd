"""Multimodal Factorization Model: what a multimodal model keeps for the label and what it keeps for the style."""

from mfm_core.config import ModelConfig
from mfm_core.data import Dataset, load_dataset
from mfm_core.data.modalities import ModalityInfo
from mfm_core.data.registry import DatasetInfo
from mfm_core.data.registry import register as register_dataset
from mfm_core.data.sequence_files import save_dataset
from mfm_core.directions import Directions, directions
from mfm_core.evaluation.figures import Figure
from mfm_core.evaluation.predictions import evaluate_predictions
from mfm_core.generation import combine, fix, interpolate, swap, translate, traverse
from mfm_core.interpretation.attribute import attribute
from mfm_core.interpretation.base import Attribution, FlowReading
from mfm_core.interpretation.dependency import DependencyRatio, dependency_ratios
from mfm_core.interpretation.gradient_flow import gradient_flow
from mfm_core.interpretation.hsic import normalized_hsic
from mfm_core.interpretation.registry import interpretations, register_interpretation
from mfm_core.latents import Factors, Generated, Latents
from mfm_core.model import MFM
from mfm_core.posterior import AggregatePosterior
from mfm_core.scores import with_score
from mfm_core.storage.models import (
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
from mfm_core.studio.clips import Clips, load_clips
from mfm_core.studio.edits import EditedClip
from mfm_core.systems.base import DataSpec, System, SystemConfig
from mfm_core.systems.mfm import MFMConfig, train
from mfm_core.systems.registry import fit, register_system, system_info, system_names
from mfm_core.systems.storage import load, save
from mfm_core.training.terms.inputs import TermInputs
from mfm_core.training.terms.registry import register_term

__all__ = [
    "MFM",
    "AggregatePosterior",
    "Attribution",
    "Clips",
    "Codes",
    "DataSpec",
    "Dataset",
    "DatasetInfo",
    "DependencyRatio",
    "Directions",
    "EditedClip",
    "Factors",
    "Figure",
    "FlowReading",
    "Generated",
    "Latents",
    "MFMConfig",
    "ModalityInfo",
    "ModelConfig",
    "System",
    "SystemConfig",
    "TermInputs",
    "attribute",
    "combine",
    "dependency_ratios",
    "directions",
    "evaluate_predictions",
    "find_originals",
    "fingerprint",
    "fit",
    "fix",
    "gradient_flow",
    "interpolate",
    "interpretations",
    "load",
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
    "register_dataset",
    "register_interpretation",
    "register_system",
    "register_term",
    "save",
    "save_card",
    "save_codes",
    "save_dataset",
    "save_metrics",
    "save_model",
    "swap",
    "system_info",
    "system_names",
    "train",
    "translate",
    "traverse",
    "with_score",
]

_RENAMED = {"Take": EditedClip}


def __getattr__(name: str) -> object:
    """Names that were changed in the last version, with a warning."""
    if name in _RENAMED:
        import warnings

        warnings.warn(f"mfm_core.{name} is now {_RENAMED[name].__name__}", DeprecationWarning, stacklevel=2)
        return _RENAMED[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
