"""Latents Z, factors F and what is generated from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor

from mfm_core.arguments import kind_of, tensor
from mfm_core.printing import short_repr


@dataclass(frozen=True)
class _Blocks:
    """One block shared by all modalities and one block a modality, over the same N samples.

    Attributes:
        y: The shared block, shape ``(N, d_y)``.
        a: The block of each modality, shape ``(N, d_a)``; the order of the keys is the order of the modalities.
        mask: For sequences, which steps are real, boolean of shape ``(N, T)``; None for still data.

    NumPy arrays are taken too, and become tensors.

    Raises:
        ValueError: If a block is not a matrix, or the blocks do not hold the same number of samples.
    """

    y: Tensor
    a: Mapping[str, Tensor] = field(default_factory=dict)
    mask: Tensor | None = None

    __repr__ = short_repr

    def __post_init__(self) -> None:
        if not isinstance(self.a, Mapping):
            raise ValueError(f"a: expected a dict of blocks by modality, got {kind_of(self.a)}")  # noqa: TRY004
        object.__setattr__(self, "y", tensor("y", self.y))
        object.__setattr__(self, "a", {name: tensor(name, block) for name, block in self.a.items()})
        object.__setattr__(self, "mask", None if self.mask is None else tensor("mask", self.mask))
        for name, block in self.blocks().items():
            if block.ndim != 2:
                raise ValueError(f"{name}: expected shape (N, d), got {tuple(block.shape)}")
            if len(block) != len(self.y):
                raise ValueError(f"{name}: expected {len(self.y)} samples, as in y, got {len(block)}")
        if self.mask is not None and (self.mask.ndim != 2 or len(self.mask) != len(self.y)):
            raise ValueError(f"mask: expected shape ({len(self.y)}, T), got {tuple(self.mask.shape)}")

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, index: slice | Tensor | list[int]) -> Self:
        return self.map(lambda block: block[index])

    def blocks(self) -> dict[str, Tensor]:
        """All blocks by name: ``"y"`` first, then the modalities."""
        return {"y": self.y, **self.a}

    def map(self, function: Callable[[Tensor], Tensor]) -> Self:
        """The same blocks, and the mask, with ``function`` applied to each."""
        mask = None if self.mask is None else function(self.mask)
        return type(self)(function(self.y), {name: function(block) for name, block in self.a.items()}, mask)

    def replace(self, **blocks: Tensor) -> Self:
        """The same with the named blocks (``y`` or a modality) replaced.

        Raises:
            ValueError: If a name is neither ``y`` nor a modality.
        """
        self.check_names(blocks)
        a = {name: blocks.get(name, block) for name, block in self.a.items()}
        return type(self)(blocks.get("y", self.y), a, self.mask)

    def check_names(self, names: Mapping[str, object] | tuple[str, ...] | list[str]) -> None:
        """Raise ValueError unless every name is ``y`` or a modality."""
        for name in names:
            if not isinstance(name, str) or name not in self.blocks():
                raise ValueError(f"factor: expected one of {', '.join(self.blocks())}, got {name!r}")

    def joint(self) -> Tensor:
        """All blocks side by side, shape ``(N, d_y + sum of d_a)``: the joint Z of Eq. 4."""
        return torch.cat(list(self.blocks().values()), dim=1)


@dataclass(frozen=True, repr=False)
class Latents(_Blocks):
    """Latent variables Z = [Z_y, Z_a1, ..., Z_aM] (section 2.1); under the prior each is N(0, I)."""


def factor_names(factor: str | Sequence[str]) -> tuple[str, ...]:
    """Names of the blocks that an argument ``factor`` asks for.

    Args:
        factor: ``"y"``, a modality's name (its Z_a), or several of them; of an empty tuple none.

    Raises:
        ValueError: If it is neither a name nor a list or tuple.
    """
    if isinstance(factor, str):
        return (factor,)
    if not isinstance(factor, list | tuple):
        raise ValueError(  # noqa: TRY004
            f"factor: expected 'y', the name of a modality, or a tuple of such names, got {kind_of(factor)}"
        )
    return tuple(factor)


def concatenate(parts: Sequence[Latents]) -> Latents:
    """Latents one after the other, with their masks where they have any.

    Args:
        parts: At least one, all of the same modalities and, if of sequences, of one length.
    """
    a = {name: torch.cat([part.a[name] for part in parts]) for name in parts[0].a}
    masks = [part.mask for part in parts if part.mask is not None]
    return Latents(torch.cat([part.y for part in parts]), a, torch.cat(masks) if masks else None)


@dataclass(frozen=True, repr=False)
class Factors(_Blocks):
    """Factors F_y = G_y(Z_y) and F_a = G_a(Z_a) (section 2.1)."""


@dataclass(frozen=True)
class Generated:
    """Output of the generative network (Figure 1a).

    Attributes:
        modalities: Each modality; an image is ``(N, channels, height, width)`` in [0, 1], a sequence ``(N, T, d)``,
            0 at the steps that are not real.
        label: For classes the logits of P(Y | F_y), ``(N, n_labels)``; for scores the scores, ``(N, size)``.
    """

    modalities: Mapping[str, Tensor]
    label: Tensor

    __repr__ = short_repr
