"""One call for every attribution: how much each step of each modality of a sample counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from mfm_core.arguments import expect, kind_of, whole_number
from mfm_core.data.dataset import Dataset
from mfm_core.interpretation.base import AttributionFunction, checked_steps
from mfm_core.interpretation.gradient_flow import gradient_flow
from mfm_core.interpretation.registry import attributions
from mfm_core.model import MFM


def attribution_methods() -> dict[str, AttributionFunction]:
    """The methods of :func:`attribute` by name: every registered attribution of the label, and the gradient flow."""
    return {key: entry.measure for key, entry in attributions().items()} | {"gradient_flow": _flow}


def _flow(
    model: MFM, inputs: Mapping[str, Tensor], mask: Tensor | None = None, /, *, target: int | None = None
) -> dict[str, Tensor]:
    if target is not None:
        raise ValueError(f"target: expected None, for a gradient flow is of what is generated, not of D, got {target}")
    flows = gradient_flow(model, model.encode(inputs, mask))
    return {name: flows[name] for name in inputs}


@runtime_checkable
class FittedMFM(Protocol):
    """A fitted system whose network is an MFM, as :class:`mfm_core.systems.mfm.MFMSystem` is."""

    @property
    def model(self) -> MFM:
        """The model, which reads samples as :meth:`prepared` returns them."""

    def prepared(self, dataset: Dataset) -> Dataset:
        """The samples as the model reads them: its modalities, standardised."""


def attribute(
    model: MFM | FittedMFM,
    inputs: Mapping[str, Tensor] | Dataset,
    method: str = "integrated_gradients",
    *,
    mask: Tensor | None = None,
    target: int | None = None,
) -> dict[str, Tensor]:
    """Attribute the label, or what is generated, to the steps of a sequence.

    Args:
        model: A model of sequences; or a fitted system of MFM, with a data set in its own units.
        inputs: Modalities ``(N, T, d)`` by name, standardised as the model's training data; any non-empty subset. Of a
            system a data set, which it standardises as for its predictions.
        method: ``"integrated_gradients"`` (Sundararajan et al., 2017), ``"saliency"`` (Simonyan et al., 2014) or
            ``"leave_one_out"`` (Zeiler and Fergus, 2014) of the label; or ``"gradient_flow"`` of F_y (Eq. 7), which
            asks how much each generated step moves with F_y; or another that was registered, see
            :mod:`mfm_core.interpretation.registry`.
        mask: Which steps are real, boolean ``(N, T)``; None for all, and of a data set, which has its own.
        target: Which score, or logit of a class; None for the first score, or the class that the model takes each
            sample for. Of a gradient flow there is none.

    Returns:
        By modality given, ``(N, T)``, 0 at steps that are not real, and of a sample that lacks the modality.

    Raises:
        ValueError: If the method is unknown, the model is one of images, or an argument does not fit the model.
    """
    known = attribution_methods()
    if not isinstance(method, str) or method not in known:
        raise ValueError(f"method: expected one of {', '.join(known)}, got {method!r}")
    index = None if target is None else whole_number("target", target, 0)
    if isinstance(model, FittedMFM):
        return _of_dataset(model, inputs, method, mask, index)
    given, steps = expect("model", model, MFM).checked_inputs(inputs, mask)
    found = known[method](model, given, steps, target=index)
    return checked_steps(method, found, given, _shape(given))


def _shape(given: Mapping[str, Tensor]) -> tuple[int, ...]:
    """Samples and steps."""
    return tuple(next(iter(given.values())).shape[:2])


def _of_dataset(system: FittedMFM, dataset: object, method: str, mask: object, target: int | None) -> dict[str, Tensor]:
    if not isinstance(dataset, Dataset):
        raise ValueError(  # noqa: TRY004
            f"inputs: expected a Dataset, which a system standardises by itself, got {kind_of(dataset)}; "
            "the system's model takes what is standardised already"
        )
    if mask is not None:
        raise ValueError("mask: expected none beside a data set, which has its own, got one")
    data = system.prepared(dataset)
    found = {name: torch.zeros(x.shape[:2]) for name, x in data.modalities.items()}
    has = torch.stack([data.has(name) for name in found], dim=1)
    for pattern in torch.unique(has, dim=0):
        rows = (has == pattern).all(dim=1).nonzero().flatten()
        given = {name: data.modalities[name][rows] for name, there in zip(found, pattern, strict=True) if there}
        if given:
            inputs, steps = system.model.checked_inputs(given, None if data.mask is None else data.mask[rows])
            each = attribution_methods()[method](system.model, inputs, steps, target=target)
            for name, values in checked_steps(method, each, inputs, _shape(inputs)).items():
                found[name][rows] = values
    return found
