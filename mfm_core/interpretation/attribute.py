"""One call for every attribution: how much each step of each modality of a sample counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from mfm_core.arguments import expect, whole_number
from mfm_core.interpretation.attributions import integrated_gradients, leave_one_out, saliency
from mfm_core.interpretation.gradient_flow import gradient_flow
from mfm_core.model import MFM

Method = Callable[[MFM, Mapping[str, Tensor], Tensor | None, int | None], dict[str, Tensor]]


def _flow(model: MFM, inputs: Mapping[str, Tensor], mask: Tensor | None, target: int | None) -> dict[str, Tensor]:
    if target is not None:
        raise ValueError(f"target: expected None, for a gradient flow is of what is generated, not of D, got {target}")
    flows = gradient_flow(model, model.encode(inputs, mask))
    return {name: flows[name] for name in inputs}


METHODS: dict[str, Method] = {
    "integrated_gradients": lambda model, inputs, mask, target: integrated_gradients(
        model, inputs, mask, target=target
    ),
    "saliency": lambda model, inputs, mask, target: saliency(model, inputs, mask, target=target),
    "gradient_flow": _flow,
    "leave_one_out": lambda model, inputs, mask, target: leave_one_out(model, inputs, mask, target=target),
}


def attribute(
    model: MFM,
    inputs: Mapping[str, Tensor],
    method: str = "integrated_gradients",
    *,
    mask: Tensor | None = None,
    target: int | None = None,
) -> dict[str, Tensor]:
    """Attribute the label, or what is generated, to the steps of a sequence.

    Args:
        model: A model of sequences.
        inputs: Modalities ``(N, T, d)`` by name, standardised as the model's training data; any non-empty subset.
        method: ``"integrated_gradients"`` (Sundararajan et al., 2017), ``"saliency"`` (Simonyan et al., 2014) or
            ``"leave_one_out"`` (Zeiler and Fergus, 2014) of the label; or ``"gradient_flow"`` of F_y (Eq. 7), which
            asks how much each generated step moves with F_y.
        mask: Which steps are real, boolean ``(N, T)``; None for all.
        target: Which score, or logit of a class; None for the first score, or the class that the model takes each
            sample for. Of a gradient flow there is none.

    Returns:
        By modality given, ``(N, T)``, 0 at steps that are not real.

    Raises:
        ValueError: If the method is unknown, the model is one of images, or an argument does not fit the model.
    """
    if method not in METHODS:
        raise ValueError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")
    given, steps = expect("model", model, MFM).checked_inputs(inputs, mask)
    return METHODS[method](model, given, steps, None if target is None else whole_number("target", target, 0))
