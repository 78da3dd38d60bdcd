"""Interpretations of a sequence: one number a step of each modality, as a reading of the flow or an attribution."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from torch import Tensor

from mfm_core.arguments import kind_of
from mfm_core.latents import Latents
from mfm_core.model import MFM

Kind = Literal["flow", "attribution"]
# Jacobian of a factor along directions, with features of x^ scaled -> |.|^2 a step, by modality.
Measure = Callable[[Tensor | None, Mapping[str, Tensor] | None], dict[str, Tensor]]


@dataclass(frozen=True)
class Question:
    """Question to a reading of the flow.

    Attributes:
        model: A model of sequences.
        latents: ``N`` samples with their mask.
        factor: ``"y"``, or a modality for its F_a; ``"y"`` alone for a reading that needs the label.
        reference: The clips that give scales and means, with their mask.
        flow: Measures the Jacobian at ``latents``.
        flow_of_reference: The same at ``reference``.
    """

    model: MFM
    latents: Latents
    factor: str
    reference: Latents
    flow: Measure
    flow_of_reference: Measure

    @property
    def mask(self) -> Tensor:
        """Which steps of the samples are real, boolean ``(N, T)``."""
        return _mask_of(self.latents)

    @property
    def reference_mask(self) -> Tensor:
        """Which steps of the reference clips are real."""
        return _mask_of(self.reference)


def _mask_of(latents: Latents) -> Tensor:
    if latents.mask is None:
        raise ValueError("mask: expected which steps are real, boolean (N, T), got none")
    return latents.mask


class FlowFunction(Protocol):
    """Function of a reading of the flow: how the Jacobian of Eq. 7 becomes one number a step."""

    def __call__(self, asked: Question, /) -> dict[str, Tensor]:
        """By modality of the model, ``(N, T)``, 0 at steps that are not real."""


class AttributionFunction(Protocol):
    """Function of an attribution: what each step that was given adds to the label's score."""

    def __call__(
        self, model: MFM, inputs: Mapping[str, Tensor], mask: Tensor | None = None, /, *, target: int | None = None
    ) -> dict[str, Tensor]:
        """By modality given, ``(N, T)``, 0 at steps that are not real."""


@dataclass(frozen=True, kw_only=True)
class Description:
    """Description of an interpretation of either kind.

    Attributes:
        key: Name in calls, in links and in subjects of figures: at most 40 lower-case letters, digits and ``_``.
        title: What a page calls it in a list.
        way: What a figure calls it, in running text.
        meaning: What a bar says, a sentence without its full stop, which follows a colon.
        unit: What a bar is read in.
        signed: Whether a bar may point downwards.
    """

    key: str
    title: str
    way: str
    meaning: str
    unit: str
    signed: bool = False


@dataclass(frozen=True, kw_only=True)
class FlowReading(Description):
    """Reading of the gradient flow of a factor (Eq. 7, section 3.4).

    Attributes:
        kind: That of all readings of the flow.
        noun: What a bar is, in running text.
        needs_factor: Whether it is of a factor.
        needs_features: Whether it asks for the features that were given, and not only for Z.
        measure: Its function.
        needs_label: Whether it asks for the label's score, which is a function of F_y alone.
        needs_reference: Whether it refers to other clips, 2 or more.
    """

    kind: ClassVar[Kind] = "flow"
    noun: ClassVar[str] = "Flow"
    needs_factor: ClassVar[bool] = True
    needs_features: ClassVar[bool] = False
    measure: FlowFunction
    needs_label: bool = False
    needs_reference: bool = False


@dataclass(frozen=True, kw_only=True)
class Attribution(Description):
    """Attribution of the label's score to the steps that were given.

    Attributes:
        kind: That of all attributions; for the others see :class:`FlowReading`.
        measure: Its function.
    """

    kind: ClassVar[Kind] = "attribution"
    noun: ClassVar[str] = "Attribution"
    needs_factor: ClassVar[bool] = False
    needs_features: ClassVar[bool] = True
    needs_label: ClassVar[bool] = True
    needs_reference: ClassVar[bool] = False
    measure: AttributionFunction


Interpretation = FlowReading | Attribution
"""One number a step of each modality, by its ``kind``."""


def checked_steps(key: str, found: object, modalities: Iterable[str], shape: Sequence[int]) -> dict[str, Tensor]:
    """Result of an interpretation, if it is one number a step of each modality.

    Args:
        key: Of the interpretation.
        found: What its function returned.
        modalities: Those that it was asked for.
        shape: ``(N, T)``.

    Returns:
        By modality, ``(N, T)``.

    Raises:
        ValueError: If it is anything else.
    """
    names, size = tuple(modalities), tuple(shape)
    wanted = f"{key}: expected a tensor of shape {size} for each of {', '.join(names)}"
    if not isinstance(found, Mapping):
        raise ValueError(f"{wanted}, got {kind_of(found)}")  # noqa: TRY004
    if set(found) != set(names):
        raise ValueError(f"{wanted}, got {', '.join(map(str, found)) or 'none'}")
    for name, x in found.items():
        if not isinstance(x, Tensor):
            raise ValueError(f"{wanted}, got {kind_of(x)} for {name}")  # noqa: TRY004
        if tuple(x.shape) != size or not x.is_floating_point():
            raise ValueError(f"{wanted}, got shape {tuple(x.shape)} and {x.dtype} for {name}")
    return {name: found[name] for name in names}
