"""Frozen readers look at pictures of imagined codes: their label, and how like real ones they are."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mfm_core.networks.classifier import Discriminative
from mfm_core.training.imagined import RESTYLED, SAMPLED, Imagined
from mfm_core.training.objective import label_cost, mmd
from mfm_core.training.terms.inputs import TermInputs
from mfm_core.training.terms.registry import Parts, register_term

PLAIN = 0.1  # nats: what a reader finds in a digit it has no doubt of; its median on real ones is half of that


@register_term(
    "feature_match",
    "MMD between pictures of restyled and sampled codes and real ones, in readers' features and in the coarse picture",
    reads=("image",),
    label="classes",
    readers=True,
    order=80,
)
def feature_match(seen: TermInputs) -> Tensor:
    """MMD between restyled and sampled pictures and real ones, see :func:`readback_costs`."""
    return seen.once(_read_back)[1]


@register_term(
    "label_readback",
    "frozen readers find the label of Z_y in pictures of swapped, sampled and translated codes",
    reads=("image",),
    label="classes",
    readers=True,
    by_modality=True,
    order=90,
)
def label_readback(seen: TermInputs) -> Parts:
    """Label cost of imagined pictures by frozen readers, and, with the weight of Eq. 4, that of D on their Z_y.

    A reader's cost counts above what plain digits cost, so that nothing is gained by drawing a digit plainer still.
    """
    own = label_cost(seen.drawn.label, seen.imagined.labels, seen.model.config.label)
    return Parts(seen.once(_read_back)[0], seen.objective.label * own)


def _read_back(seen: TermInputs) -> tuple[dict[str, Tensor], Tensor]:
    pictures = seen.drawn.modalities
    readers = {name: reader for name, reader in seen.readers.items() if name in pictures}
    return readback_costs(readers, pictures, seen.inputs, seen.imagined)


def readback_costs(
    readers: Mapping[str, Discriminative],
    pictures: Mapping[str, Tensor],
    real: Mapping[str, Tensor],
    imagined: Imagined,
) -> tuple[dict[str, Tensor], Tensor]:
    """Costs of imagined pictures by frozen readers: of each modality's label, and the MMD to real pictures.

    Restyled and sampled pictures are each compared with real ones: were all kinds compared as one crowd, the sampled
    ones would grow wild to make up for the calm of the translated ones, whose style is an average.
    """
    label, distances = {}, []
    for name, reader in readers.items():
        found = reader.penultimate({name: pictures[name]})
        cost = nn.functional.cross_entropy(reader.fusion.read_out(found).float(), imagined.labels, reduction="none")
        label[name] = (cost - PLAIN).clamp_min(0).mean()
        with torch.no_grad():
            wanted = reader.penultimate({name: real[name]})
        pairs = [(found, wanted), (_coarse(pictures[name]), _coarse(real[name]))]
        for kind in (RESTYLED, SAMPLED):
            distances += [mmd(x[imagined.kind == kind] / r.std(), r / r.std()) / 2 for x, r in pairs]
    return label, torch.stack(distances).sum()


def _coarse(pictures: Tensor) -> Tensor:
    """Means over 8 x 8 pixels, ``(N, d)``."""
    return nn.functional.avg_pool2d(pictures, 8, ceil_mode=True).flatten(1)
