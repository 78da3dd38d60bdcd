"""A swapped picture differs from the mean of its label as its donor of Z_a does from the mean of its own."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mfm_core.training.imagined import SWAPPED
from mfm_core.training.terms.inputs import TermInputs
from mfm_core.training.terms.kept import LEAST_PICTURE_VARIANCE, STYLE_MOMENTS, swapped_pictures
from mfm_core.training.terms.registry import register_term


@register_term(
    "style_beyond_label",
    "colour, contrast and ink of a swapped picture, beyond the mean of its label, are those of the donor of Z_a",
    reads=("image",),
    label="classes",
    by_modality=True,
    order=120,
)
def style_beyond_label(seen: TermInputs) -> dict[str, Tensor]:
    """See :func:`style_beyond_label_costs`."""
    swapped = seen.imagined.kind == SWAPPED
    pictures, _ = seen.once(swapped_pictures)
    return style_beyond_label_costs(pictures, seen.imagined.labels[swapped], seen.inputs, seen.labels, swapped)


def style_beyond_label_costs(
    pictures: Mapping[str, Tensor], shown: Tensor, real: Mapping[str, Tensor], labels: Tensor, donor: Tensor
) -> dict[str, Tensor]:
    """Squared difference of what swapped pictures and their donors have beyond their labels' means.

    Compared are the mean and the mean square of each channel, in units of their variance within labels. Where Z_a tells
    nothing of the label it cannot give a one the ink of an eight, and a cost that asks for that, as ``style_kept``
    does, makes reconstructions worse; that a one has much ink *for a one* it can tell.

    Args:
        pictures: Swapped pictures ``(n, C, H, W)`` by modality.
        shown: The labels that they must show, ``(n,)``, each of which some real picture has.
        real: Real pictures ``(N, C, H, W)`` by modality; the means are of these.
        labels: Their labels, ``(N,)``.
        donor: Which of them gave their Z_a, boolean ``(N,)`` with ``n`` True.

    Returns:
        The mean over channels and over the two moments, of each modality.
    """
    of_class = torch.nn.functional.one_hot(labels, int(torch.cat([labels, shown]).max()) + 1).float()
    counts = of_class.sum(0).clamp_min(1).unsqueeze(1)
    costs = {}
    for name, x in pictures.items():
        each = []
        for moment in STYLE_MOMENTS:
            found, seen = (moment(one).mean(dim=(2, 3)) for one in (x, real[name]))
            means = of_class.T @ seen / counts
            beyond = seen - means[labels]
            variance = beyond.square().mean(0).clamp_min(LEAST_PICTURE_VARIANCE)
            each.append(((found - means[shown] - beyond[donor]).square().mean(0) / variance).mean())
        costs[name] = torch.stack(each).mean()
    return costs
