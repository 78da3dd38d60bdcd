"""Small models of sequences, stored as the large ones are."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

import mfm_core as mfm
from mfm_core.config import LabelConfig, SequenceModality
from mfm_core.data.scaling import Scaling
from mfm_core.evaluation.quantities import figure
from mfm_core.evaluation.statistics import Estimate
from mfm_core.storage.folder import PRETRAINED
from mfm_core.storage.scaling import save_scaling
from mfm_core.studio.clips import load_clips
from tests.conftest import with_large_weights

SIZES = {"language": 6, "acoustic": 4, "visual": 3}
CLIPS = 30
LENGTH = 8
FIGURES = [
    figure("evidence_hits", f"{modality}:{way}", Estimate(value, value - 0.1, 0.99, 500)).stored()
    for modality in SIZES
    for way, value in {"norm": 0.71, "saliency": 0.62, "integrated_gradients": 0.66, "chance": 0.3}.items()
]


def model(sizes: dict[str, int] = SIZES, length: int = LENGTH) -> mfm.MFM:
    modalities = {name: SequenceModality(d_x=d, d_z=3, d_f=4, hidden=5) for name, d in sizes.items()}
    config = mfm.ModelConfig(
        modalities=modalities,
        label=LabelConfig(kind="scores", size=1),
        d_y=4,
        d_f=5,
        features=6,
        hidden=7,
        length=length,
    )
    return with_large_weights(mfm.MFM(config))


def codes(of: mfm.MFM, n: int = CLIPS, length: int = LENGTH) -> mfm.Codes:
    """Clips of 3 to ``length`` steps, padded on the left."""
    generator = torch.Generator().manual_seed(2)
    drawn = of.sample(n, generator=generator)
    lengths = 3 + torch.arange(n) % (length - 2)
    mask = torch.arange(length) >= length - lengths[:, None]
    latents = mfm.Latents(drawn.y, drawn.a, mask)
    return mfm.Codes(latents, 1 + 4 * torch.rand(n, 1, generator=generator))


def save(name: str, folder: Path, sizes: dict[str, int] = SIZES, n: int = CLIPS) -> mfm.MFM:
    """Store a small model with codes, scaling and figures of made-up measurements."""
    made = model(sizes)
    mfm.save_model(made, folder / name, run={"data": name}, card=f"# A small {name}\n")
    mfm.save_codes(codes(made, n), folder / name)
    mfm.save_metrics({"figures": FIGURES}, folder / name)
    save_scaling(
        {key: Scaling(torch.full((d,), 0.5), torch.full((d,), 2.0)) for key, d in sizes.items()}, folder / name
    )
    return made


SHIPPED = PRETRAINED / "studio_clips"
WORLDS = ("language_led", "balanced", "face_led")
STUDIO_SIZES = {"language": 50, "acoustic": 28, "visual": 12}


def save_studio(folder: Path) -> None:
    """Store small models of the three worlds, with the shipped clips and their codes."""
    shutil.copytree(SHIPPED, folder / "studio_clips")
    clips = load_clips(folder / "studio_clips")
    for world in WORLDS:
        made, data = model(STUDIO_SIZES, length=20), clips.dataset(world)
        place = folder / f"studio_{world}"
        mfm.save_model(made, place, run={"data": place.name}, card=f"# A small model of the {world} world\n")
        mfm.save_codes(mfm.Codes(made.encode(dict(data.modalities), data.mask), data.labels), place)
        mfm.save_metrics({"figures": FIGURES}, place)
        save_scaling(clips.scaling, place)
