"""The Multimodal Factorization Model (Tsai et al., ICLR 2019, section 2 and Figure 1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import combinations
from typing import ClassVar, Literal

import torch
from torch import Generator, Tensor, nn

from mfm_core.arguments import expect, whole_number
from mfm_core.config import ModelConfig
from mfm_core.inputs import checked_blocks, checked_inputs
from mfm_core.latents import Factors, Generated, Latents
from mfm_core.networks import factory
from mfm_core.networks.fully_connected import fully_connected
from mfm_core.networks.fusion import Guess, Surrogate
from mfm_core.networks.steps import real_steps


class MFM(nn.Module):
    """Encoders -> Z -> G -> F -> decoders and label head, for any number of modalities.

    Inference (Eq. 3): Z_y from all modalities, each Z_a from its modality alone. Generation (Eq. 1): the label from
    F_y only, each modality from F_y and its own F_a. What is absent from an input is inferred by a surrogate
    trained for that subset of modalities.

    Args:
        config: The architecture.
    """

    kind: ClassVar[Literal["mfm"]] = "mfm"
    """Kind of its stored models."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder_y = factory.fusion(config, config.d_y)
        self.encoders_a = nn.ModuleDict()
        self.g_a = nn.ModuleDict()
        self.decoders = nn.ModuleDict()
        for name, modality in config.modalities.items():
            self.encoders_a[name] = factory.encoder(modality, config)
            self.g_a[name] = factory.g_a(modality, config.hidden)
            self.decoders[name] = factory.decoder(modality, config.d_f, config.length)
        self.g_y = fully_connected(config.d_y, config.hidden, config.hidden, config.d_f)
        self.label_head = nn.Linear(config.d_f, config.label.size)
        self.surrogates = nn.ModuleDict(
            {"+".join(present): Surrogate(present, config) for present in proper_subsets(self.modalities)}
        )
        self.float()  # whatever torch's default is

    def __repr__(self) -> str:
        shapes: dict[str, tuple[int | str, ...]] = {name: m.shape for name, m in self.config.images.items()}
        shapes |= {name: ("T", m.d_x) for name, m in self.config.sequences.items()}
        modalities = ", ".join(f"{name} ({', '.join(map(str, shape))})" for name, shape in shapes.items())
        sizes = ", ".join(f"{name} {size}" for name, size in self.sizes.items())
        label, n = self.config.label, sum(weight.numel() for weight in self.parameters())
        return f"MFM({modalities}; Z: {sizes}; {label.size} {label.kind}; {n:,} parameters on {self.device})"

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in order."""
        return tuple(self.config.modalities)

    @property
    def sizes(self) -> dict[str, int]:
        """Size of each block of Z: ``y`` first, then the modalities."""
        return {"y": self.config.d_y} | {name: m.d_z for name, m in self.config.modalities.items()}

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.label_head.weight.device

    def encode(self, inputs: Mapping[str, Tensor], mask: Tensor | None = None) -> Latents:
        """Infer Z (Eq. 3) from any non-empty subset of the modalities.

        Args:
            inputs: Modalities by name; an image is ``(N, channels, height, width)`` in [0, 1], a sequence
                ``(N, T, d)``. Tensors of the model's device, or NumPy arrays, of any floating-point type.
            mask: Of sequences, which steps are real, boolean ``(N, T)``; None for all. What the others hold, be it
                NaN, changes nothing.

        Returns:
            Z_y ``(N, d_y)`` and Z_a of *every* modality ``(N, d_a)``, the absent ones inferred, with the mask.

        Raises:
            ValueError: If no modality is given, a name is unknown, a shape, type or device is not the model's, a pixel
                is outside [0, 1], a real step is not finite, or a sequence has no real step.
        """
        inputs, mask = self.checked_inputs(inputs, mask)
        if self.config.sequences:
            mask = real_steps(next(iter(inputs.values())), mask)
        return self.encode_features(inputs, self.encoder_y.features(inputs, mask), mask)

    def encode_features(
        self, inputs: Mapping[str, Tensor], features: Mapping[str, Tensor], mask: Tensor | None = None
    ) -> Latents:
        """The same, for who has the features of ``inputs``, from ``encoder_y.features``, and uses them otherwise too.

        Nothing is checked, and sequences need their mask.
        """
        return self.complete(self.infer_styles(inputs, features, mask), features, mask)

    def complete(
        self, styles: Mapping[str, Tensor], features: Mapping[str, Tensor], mask: Tensor | None = None
    ) -> Latents:
        """Z from the Z_a of the modalities given: Z_y from their features, and what is absent from its surrogate."""
        blocks = dict(styles)
        if len(blocks) == len(self.modalities):
            blocks["y"] = self.encoder_y(features, mask)
        else:
            infer = self.surrogates["+".join(name for name in self.modalities if name in styles)]
            guess: Guess = infer(self.encoder_y.summaries(features))
            blocks |= {"y": guess.choose(), **guess.a}
        return Latents(blocks["y"].float(), {name: blocks[name].float() for name in self.modalities}, mask)

    def infer_styles(
        self, inputs: Mapping[str, Tensor], features: Mapping[str, Tensor], mask: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Z_a of each modality given, from that modality alone.

        The encoder of an image also reads its modality's own features, which tell the label: what it is to leave out,
        it must know. They are not trained by it.
        """
        beside = {name: (features[name].detach(),) if mask is None else (mask,) for name in inputs}
        return {name: self.encoders_a[name](x, *beside[name]).float() for name, x in inputs.items()}

    def infer_missing(
        self, features: Mapping[str, Tensor], latents: Latents, labels: Tensor | None = None
    ) -> list[tuple[Latents, Tensor | None]]:
        """Z as each surrogate infers it when only its modalities are given: what :meth:`encode` makes of every subset.

        Args:
            features: Of all modalities, from ``encoder_y.features``.
            latents: Z of all modalities; the Z_a of those given are these very tensors.
            labels: Of classes, for training: the Z_y to take of those a surrogate holds possible ``(N,)``, instead of
                the likeliest.

        Returns:
            For each surrogate Z, and how likely it holds each class: logits ``(N, label.size)``, None for scores.
        """
        guesses, summaries = [], self.encoder_y.summaries(features)
        for surrogate in self.surrogates.children():
            guess: Guess = surrogate(summaries)
            a = {name: guess.a.get(name, z) for name, z in latents.a.items()}
            guesses.append((Latents(guess.choose(labels), a, latents.mask), guess.logits))
        return guesses

    def factors(self, latents: Latents) -> Factors:
        """F_y = G_y(Z_y), shape ``(N, d_f)``, and F_a = G_a(Z_a) of each modality.

        Raises:
            ValueError: If the blocks are not of this model's sizes and device, or not finite.
        """
        return self._factors(self.checked_latents(latents))

    def _factors(self, latents: Latents) -> Factors:
        a = {name: self.g_a[name](z).float() for name, z in latents.a.items()}
        return Factors(self.g_y(latents.y).float(), a, latents.mask)

    def decode_factors(self, factors: Factors, *, only: Collection[str] = ()) -> Generated:
        """Generate every modality from F_y and its F_a, and the label from F_y alone (Eq. 1).

        Sequences are generated at the steps that ``factors.mask`` says are real, and are 0 elsewhere.

        Args:
            factors: F of all modalities.
            only: Modalities to generate; all of them if empty.

        Raises:
            ValueError: If the blocks are not of this model's sizes and device, or not finite, or the mask is missing or
                has no business here.
        """
        sizes = {"y": self.config.d_f} | {name: m.d_f for name, m in self.config.modalities.items()}
        return self._generate(checked_blocks(factors, Factors, sizes, self.label_head.weight), only)

    def _generate(self, factors: Factors, only: Collection[str] = ()) -> Generated:
        steps = self.steps_of(factors)
        modalities = {
            name: self.decoders[name](torch.cat([f_a, factors.y], dim=1), *steps)
            for name, f_a in factors.a.items()
            if not only or name in only
        }
        return Generated(modalities, self.label_head(factors.y).float())

    def decide(self, z_y: Tensor) -> Tensor:
        """D(G_y(Z_y)): logits of the label, ``(N, n_labels)``, or the score, from Z_y ``(N, d_y)`` alone."""
        decision: Tensor = self.label_head(self.g_y(z_y)).float()
        return decision

    def decode(self, latents: Latents) -> Generated:
        """Generate from Z: ``decode_factors(factors(latents))``."""
        return self._generate(self.factors(latents))

    def decode_unchecked(self, latents: Latents) -> Generated:
        """The same, for who transforms it with torch.func, where no number can be looked at."""
        return self._generate(self._factors(latents))

    def sample(self, n: int, *, generator: torch.Generator) -> Latents:
        """Draw ``n`` samples of Z from the prior N(0, I); sequences are ``config.length`` steps long.

        Raises:
            ValueError: If ``n`` is no whole number or negative, or ``generator`` is none.
        """
        n, source, device = whole_number("n", n, 0, "samples"), expect("generator", generator, Generator), self.device
        drawn = {
            name: torch.randn(n, d, generator=source, dtype=torch.float32, device=source.device).to(device)
            for name, d in self.sizes.items()
        }
        mask = torch.ones(n, self.config.length, dtype=torch.bool, device=device) if self.config.sequences else None
        return Latents(drawn.pop("y"), drawn, mask)

    def checked_inputs(self, inputs: object, mask: object = None) -> tuple[dict[str, Tensor], Tensor | None]:
        """Modalities and mask as :meth:`encode` reads them, see :func:`mfm_core.inputs.checked_inputs`."""
        return checked_inputs(self.config, inputs, mask, self.label_head.weight)

    def checked_latents(self, latents: Latents) -> Latents:
        """Z as :meth:`decode` reads it, see :func:`mfm_core.inputs.checked_blocks`."""
        return checked_blocks(latents, Latents, self.sizes, self.label_head.weight)

    def steps_of(self, factors: Factors) -> tuple[Tensor, ...]:
        """The mask that the decoders take: none for images."""
        if not self.config.sequences:
            if factors.mask is not None:
                given = f"one of shape {tuple(factors.mask.shape)}"
                raise ValueError(f"mask: expected none, for the model generates images, got {given}")
            return ()
        if factors.mask is None:
            raise ValueError(
                "mask: expected which steps to generate, boolean (N, T), for the model generates sequences, got none"
            )
        if factors.mask.dtype != torch.bool:
            raise ValueError(f"mask: expected torch.bool, got {factors.mask.dtype}")
        return (factors.mask,)


def proper_subsets(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """All non-empty subsets but the whole, each in the given order."""
    return [subset for size in range(1, len(names)) for subset in combinations(names, size)]
