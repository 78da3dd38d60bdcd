"""Which networks a configuration asks for."""

from __future__ import annotations

from torch import nn

from mfm_core.config import ImageModality, ModelConfig, SequenceModality
from mfm_core.networks.convolutional import ConvolutionalDecoder, ConvolutionalEncoder
from mfm_core.networks.fully_connected import UNTANGLING, ResidualLayers, fully_connected
from mfm_core.networks.fusion import LateFusion
from mfm_core.networks.memory_fusion import MemoryFusion
from mfm_core.networks.recurrent import RecurrentDecoder, RecurrentEncoder
from mfm_core.networks.style import StyleEncoder


def fusion(config: ModelConfig, d_out: int) -> LateFusion | MemoryFusion:
    """The network that reads all modalities: late fusion of images, a Memory Fusion Network of sequences."""
    return MemoryFusion(config, d_out) if config.sequences else LateFusion(config, d_out)


def encoder(modality: ImageModality | SequenceModality, config: ModelConfig) -> nn.Module:
    """The encoder Q(Z_a | X) of one modality; that of an image also reads the features the fusion finds in it."""
    if isinstance(modality, SequenceModality):
        return RecurrentEncoder(
            modality.d_x,
            modality.d_z,
            hidden=modality.encoder_hidden,
            both_ways=modality.both_ways,
            maps=step_maps(modality, config.length),
        )
    if modality.flow:
        return StyleEncoder(modality, config.label, config.features)
    return ConvolutionalEncoder(
        modality.shape, modality.channels, modality.d_z, hidden=modality.hidden, d_context=config.features
    )


def step_maps(modality: SequenceModality, length: int) -> tuple[int, int] | None:
    """How many steps have a map of their own, and how many numbers pass by it; None where there are no maps."""
    return None if modality.step_width is None else (length, modality.step_width)


def g_a(modality: ImageModality | SequenceModality, hidden: int) -> nn.Sequential:
    """The network G_a of one modality; to undo what a flow makes of an image's code takes depth, and no bottleneck."""
    if isinstance(modality, SequenceModality) and not modality.residual:
        return fully_connected(modality.d_z, hidden, modality.d_f)
    return nn.Sequential(nn.Linear(modality.d_z, modality.d_f), ResidualLayers(modality.d_f, UNTANGLING))


def decoder(modality: ImageModality | SequenceModality, d_y: int, length: int) -> nn.Module:
    """The decoder of one modality, from its F_a and the ``d_y`` numbers of F_y; of sequences of ``length`` steps."""
    d_in = modality.d_f + d_y
    if isinstance(modality, SequenceModality):
        return RecurrentDecoder(
            d_in,
            modality.d_x,
            modality.feedback,
            hidden=modality.decoder_hidden,
            length=length if modality.factors_at == "every" else None,
            maps=step_maps(modality, length),
        )
    return ConvolutionalDecoder(d_in, modality.shape, modality.channels, modality.hidden)
