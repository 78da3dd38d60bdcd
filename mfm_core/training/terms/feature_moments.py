"""Readers' features of generated pictures spread as those of real ones do: a real digit is not always a plain one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from mfm_core.networks.classifier import Discriminative
from mfm_core.training.imagined import RESTYLED, SWAPPED, Imagined
from mfm_core.training.objective import mmd
from mfm_core.training.terms.inputs import TermInputs
from mfm_core.training.terms.registry import register_term


@register_term(
    "feature_moments",
    "mean and covariance of readers' features are alike of pictures of swapped and restyled codes and of real ones",
    reads=("image",),
    label="classes",
    readers=True,
    by_modality=True,
    order=125,
)
def feature_moments(seen: TermInputs) -> dict[str, Tensor]:
    """See :func:`feature_moment_costs`."""
    pictures = seen.drawn.modalities
    readers = {m: (one, *seen.further_readers.get(m, ())) for m, one in seen.readers.items() if m in pictures}
    return feature_moment_costs(readers, pictures, seen.inputs, seen.imagined)


def feature_moment_costs(
    readers: Mapping[str, Sequence[Discriminative]],
    pictures: Mapping[str, Tensor],
    real: Mapping[str, Tensor],
    imagined: Imagined,
) -> dict[str, Tensor]:
    """Squared distance of mean and covariance between readers' features of imagined pictures and of real ones.

    The unbiased MMD of a quadratic kernel, so that it is 0 on average of batches of real pictures, however small: the
    Fréchet distance compares the same moments, but is far from 0 of a batch with fewer pictures than features.

    Args:
        readers: Frozen classifiers by modality.
        pictures: Of imagined codes.
        real: Real pictures of the batch.
        imagined: The codes.

    Returns:
        Of each modality that of its swapped and restyled pictures together, the mean over readers; 0 where there are
        fewer than two such pictures.
    """
    shown = (imagined.kind == SWAPPED) | (imagined.kind == RESTYLED)
    costs = {}
    for name, several in readers.items():
        drawn = pictures[name][shown]
        if len(drawn) < 2:
            costs[name] = drawn.new_zeros(())
            continue
        costs[name] = torch.stack([_distance(reader, name, drawn, real[name]) for reader in several]).mean()
    return costs


def _distance(reader: Discriminative, name: str, pictures: Tensor, real: Tensor) -> Tensor:
    """MMD between one reader's features of pictures and of real ones, of a kernel linear and quadratic in them."""
    with torch.no_grad():
        wanted = reader.penultimate({name: real})
        centre, size = wanted.mean(0), wanted.var(0).sum().sqrt()
        wanted = (wanted - centre) / size
        inner = (wanted @ wanted.T).square()
        scale = (inner.sum() - inner.diagonal().sum()) / (len(inner) * (len(inner) - 1))
    found = (reader.penultimate({name: pictures}) - centre) / size

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        products = x @ y.T
        return products + products.square() / scale

    return mmd(found, wanted, kernel)
