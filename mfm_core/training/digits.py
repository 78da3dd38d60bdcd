"""Training tasks of SVHN-MNIST: MFM, and the discriminative systems beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal, Self, TypeVar, cast

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from mfm_core.config import Config, ImageModality, ModelConfig, Share, weighed
from mfm_core.data.sets.svhn_mnist import DigitPools
from mfm_core.latents import Latents
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.networks.flow import ConditionalFlow
from mfm_core.networks.style import StyleEncoder
from mfm_core.training.augmentation import Augmentation, augment
from mfm_core.training.factorization import (
    SWAPPED,
    FactorizationConfig,
    certainty_cost,
    grey_kept_costs,
    imagine,
    label_balance_cost,
    label_independence_cost,
    readback_costs,
    same_label_partner,
    style_kept_costs,
)
from mfm_core.training.flow_fit import FlowFit
from mfm_core.training.loop import Report, TrainingConfig
from mfm_core.training.objective import (
    ObjectiveConfig,
    inference_cost,
    label_cost,
    mmd,
    prior_cost,
    reconstruction_costs,
)


def check_each(key: str, given: Mapping[str, object], model: ModelConfig) -> None:
    """Raise ValueError unless ``given`` has one value for each modality of the model."""
    if set(given) != set(model.modalities):
        wanted, got = ", ".join(model.modalities), ", ".join(given) or "none"
        raise ValueError(f"{key}: expected one for each of {wanted}, got {got}")


def check_weights(key: str, weights: object, model: ModelConfig) -> None:
    """Raise ValueError if ``weights`` are by modality, and not one for each of the model."""
    if isinstance(weights, Mapping):
        check_each(key, weights, model)


class FactorizeRun(Config):
    """A run that trains an MFM: one file holds all of it.

    Attributes:
        model: The architecture.
        objective: Eq. 4.
        factorization: What is added to Eq. 4.
        augmentation: Of each modality's training pictures.
        seen: Further augmentation of what the encoder of Z_y reads, by modality: Z_y learns to overlook it. Where there
            is none it reads the picture that is reconstructed.
        readers: Stored classifiers, by modality, that read pictures back while training.
        start: A stored MFM whose weights training starts from, of the same architecture, but for mixed couplings of its
            flows, which may be added; None for random weights.
        settle: Fix what encodes, and go on with the flows, G, D and the decoders: a flow that follows codes which move
            is always late.
        flow_pairs: Further pairs a step that the flows alone learn from, in a run that settles: with what encodes
            fixed, their codes cost little.
        fit_flows: Modalities whose flow, in a run that settles, is fitted to all training codes before the steps, and
            fixed in them.
        only: Modalities whose G, flow and decoder, and the surrogates, are all that a run that settles trains; empty to
            train every modality's, G of Z_y and D. What is generated of the others then stays as it is.
        training: How long and how fast.
    """

    system: Literal["mfm"]
    model: ModelConfig
    objective: ObjectiveConfig
    factorization: FactorizationConfig
    augmentation: dict[str, Augmentation]
    seen: dict[str, Augmentation] = Field(default_factory=dict)
    readers: dict[str, str]
    start: str | None = None
    settle: bool = False
    flow_pairs: Annotated[int, Field(ge=0, le=65536)] = 0
    fit_flows: dict[str, FlowFit] = Field(default_factory=dict)
    only: tuple[str, ...] = ()
    training: TrainingConfig

    @model_validator(mode="after")
    def _modalities(self) -> Self:
        check_each("augmentation", self.augmentation, self.model)
        check_weights("objective.reconstruction", self.objective.reconstruction, self.model)
        for name, weights in self.factorization:
            check_weights(f"factorization.{name}", weights, self.model)
        if self.settle and self.start is None:
            raise ValueError("settle: expected a run that starts from a stored model, got one without start")
        if self.flow_pairs and not self.settle:
            raise ValueError(f"flow_pairs: expected 0 for a run that does not settle, got {self.flow_pairs}")
        if self.fit_flows and not self.settle:
            raise ValueError(
                f"fit_flows: expected none for a run that does not settle, got {', '.join(self.fit_flows)}"
            )
        with_flow = [name for name, modality in self.model.images.items() if modality.flow + modality.flow_mixed]
        for name in self.fit_flows:
            if name not in with_flow:
                of = ", ".join(with_flow) or "none"
                raise ValueError(f"fit_flows: expected modalities that have a flow, which are {of}, got {name}")
        if self.only and not self.settle:
            raise ValueError(f"only: expected none for a run that does not settle, got {', '.join(self.only)}")
        if not set(self.only) <= set(self.model.modalities):
            of, given = ", ".join(self.model.modalities), ", ".join(self.only)
            raise ValueError(f"only: expected modalities of the model, which are {of}, got {given}")
        if self.factorization.label_readback or self.factorization.feature_match:
            check_each("readers", self.readers, self.model)
        return self


class DiscriminativeRun(Config):
    """A run that trains UM, MM or a judge.

    Attributes:
        model: Modalities and label.
        augmentation: Of each modality's training pictures.
        label_smoothing: Share of the label spread over all classes.
        worst_case: Largest change of a pixel in the direction that raises the cost most (one step of the gradient's
            sign, from a random start): a reader trained so has gradients that draw digits rather than noise.
        training: How long and how fast.
    """

    system: Literal["discriminative"]
    model: ModelConfig
    augmentation: dict[str, Augmentation]
    label_smoothing: Share = 0.0
    worst_case: Share = 0.0
    training: TrainingConfig

    @model_validator(mode="after")
    def _modalities(self) -> Self:
        check_each("augmentation", self.augmentation, self.model)
        return self


N_DIGITS = 10
PRIOR_DRAWS = 4  # a sample of the batch, to compare Z_a with: the more, the steadier
Module = TypeVar("Module", bound=nn.Module)


class _DigitTask:
    """Pairs drawn anew, inside their split, at every step.

    Raises:
        ValueError: If the model is not one of these digits.
    """

    def __init__(self, model: ModelConfig, augmentation: Mapping[str, Augmentation], device: torch.device) -> None:
        self.pools = DigitPools.load("train")
        held_out = DigitPools.load("validation")
        generator = torch.Generator().manual_seed(0)
        index = torch.arange(len(held_out.svhn_labels)).repeat(4)
        self.validation = held_out.pairs(index, generator)
        shapes = {name: tuple(x.shape[1:]) for name, x in self.validation.modalities.items()}
        for name, modality in model.modalities.items():
            shape = modality.shape if isinstance(modality, ImageModality) else None
            if shape is None or shapes.get(name) != shape:
                raise ValueError(f"model.modalities: expected some of {shapes}, got {name} of shape {shape}")
        if model.label.kind != "classes" or model.label.size != N_DIGITS:
            raise ValueError(f"model.label: expected {N_DIGITS} classes, got {model.label.size} {model.label.kind}")
        self.augmentation, self.modalities, self.device = augmentation, tuple(model.modalities), device

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """Each SVHN digit once, in a new order."""
        return self.pools.epoch(batch_size, generator)

    def draw(self, batch: Tensor, generator: torch.Generator) -> tuple[dict[str, Tensor], Tensor]:
        """Augmented pictures of new pairs, and their labels."""
        pairs = self.pools.pairs(batch, generator)
        pictures = {
            name: augment(pairs.modalities[name], self.augmentation[name], generator).to(self.device)
            for name in self.modalities
        }
        return pictures, pairs.labels.to(self.device)

    def held_out(self) -> tuple[dict[str, Tensor], Tensor]:
        """The validation pairs."""
        pictures = {name: self.validation.modalities[name].to(self.device) for name in self.modalities}
        return pictures, self.validation.labels.to(self.device)


class DiscriminativeTask(_DigitTask):
    """Label cost only.

    Args:
        run: The configuration.
        device: Where to train.
    """

    def __init__(self, run: DiscriminativeRun, device: torch.device) -> None:
        super().__init__(run.model, run.augmentation, device)
        self.run = run
        self.model = seeded(lambda: Discriminative(run.model), run.training.seed).to(device)
        self.helpers: dict[str, tuple[nn.Module, torch.optim.Optimizer]] = {}

    def loss(self, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Cross-entropy."""
        pictures, labels = self.draw(batch, generator)
        if self.run.worst_case:
            pictures = self.harden(pictures, labels, generator)
        return self.cost(pictures, labels), {}

    def cost(self, pictures: Mapping[str, Tensor], labels: Tensor) -> Tensor:
        """Cross-entropy with label smoothing."""
        return nn.functional.cross_entropy(self.model(pictures), labels, label_smoothing=self.run.label_smoothing)

    def harden(self, pictures: Mapping[str, Tensor], labels: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """Move every pixel, by up to a random share of ``worst_case`` for each picture, so that the cost rises."""
        start, size = {}, {}
        for name, x in pictures.items():
            size[name] = self.run.worst_case * torch.rand(len(x), 1, 1, 1, generator=generator).to(x.device)
            noise = 2 * torch.rand(x.shape, generator=generator).to(x.device) - 1
            start[name] = (x + size[name] * noise).requires_grad_(True)
        gradients = torch.autograd.grad(self.cost(start, labels), list(start.values()))
        moved = {}
        for (name, x), gradient in zip(start.items(), gradients, strict=True):
            change = x.detach() + 1.25 * size[name] * gradient.sign() - pictures[name]
            moved[name] = (pictures[name] + torch.clamp(change, -size[name], size[name])).clamp(0, 1)
        return moved

    def validate(self, model: nn.Module) -> tuple[float, Report]:
        """Accuracy, less a little cross-entropy to tell equals apart."""
        pictures, labels = self.held_out()
        logits = model(pictures)
        accuracy = float((logits.argmax(1) == labels).float().mean())
        return accuracy - 0.01 * float(nn.functional.cross_entropy(logits, labels)), {"accuracy": accuracy}


class FactorizeTask(_DigitTask):
    """Eq. 4 and the terms added to it.

    Args:
        run: The configuration.
        readers: Frozen classifiers by modality.
        device: Where to train.

    Raises:
        ValueError: If a reader reads something else than its modality's digits.
    """

    def __init__(self, run: FactorizeRun, readers: Mapping[str, Discriminative], device: torch.device) -> None:
        super().__init__(run.model, run.augmentation, device)
        for name, reader in readers.items():
            if (reader.modalities, reader.config.label) != ((name,), run.model.label):
                got = f"{reader.config.label.size} {reader.config.label.kind} from {', '.join(reader.modalities)}"
                raise ValueError(f"readers.{name}: expected one of {N_DIGITS} classes from {name}, got one of {got}")
        self.run, self.readers = run, {name: reader.to(device) for name, reader in readers.items()}
        self.model = seeded(lambda: MFM(run.model), run.training.seed).to(device)
        self.helpers: dict[str, tuple[nn.Module, torch.optim.Optimizer]] = {}
        for module in self.fixed():
            module.requires_grad_(requires_grad=False)

    def fixed(self) -> list[nn.Module]:
        """Modules that a run that settles does not train: those that encode, but for the flows and the surrogates.

        Of a flow with mixed couplings it trains these alone: the others have made the codes that the decoders know. Of
        one that was fitted before, nothing.
        """
        if not self.run.settle:
            return []
        model, fixed = self.model, list[nn.Module]()
        if self.run.only:
            fixed += [model.g_y, model.label_head]
            for name in set(self.modalities) - set(self.run.only):
                fixed += [model.g_a[name], model.decoders[name]]
        for name, encoder in model.encoders_a.items():
            if not self.learns_flow(name):
                fixed.append(encoder)
                continue
            parts = encoder.children() if isinstance(encoder, StyleEncoder) else [encoder]
            fixed += [part for part in parts if not isinstance(part, ConditionalFlow)]
            if isinstance(encoder, StyleEncoder) and len(encoder.flow.mixed):
                fixed.append(encoder.flow.couplings)
        return [model.encoder_y, *fixed]

    def learns_flow(self, name: str) -> bool:
        """Whether the steps train a modality's flow."""
        return name not in self.run.fit_flows and name in (self.run.only or self.modalities)

    def drawn(self, pictures: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The pictures of the modalities that are generated."""
        return {name: x for name, x in pictures.items() if name in (self.run.only or self.modalities)}

    def loss(self, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Eq. 4 on pairs, then the added terms on the same pairs and on imagined ones."""
        model, objective, added = self.model, self.run.objective, self.run.factorization
        for module in self.fixed():
            module.eval()  # neither dropout nor moments of the batch
        pictures, labels = self.draw(batch, generator)
        seen = {
            name: augment(x, self.run.seen[name], generator) if name in self.run.seen else x
            for name, x in pictures.items()
        }
        features = model.encoder_y.features(seen)
        styles, separated = self.infer_styles(pictures, features, labels, generator)
        latents = model.complete(styles, features)
        prior = model.sample(len(labels), generator=generator)
        noisy = self.add_noise(latents, generator)
        factors = model.factors(noisy)
        decided = model.label_head(factors.y).float()
        content = factors.y[same_label_partner(labels, generator)] if added.same_label else factors.y
        generated = model.decode_factors(factors.replace(y=content), only=self.run.only).modalities

        costs = reconstruction_costs(self.drawn(pictures), generated)
        terms = {f"error_{name}": cost for name, cost in weighed(costs, objective.reconstruction).items()}
        terms["label"] = objective.label * label_cost(decided, labels, self.run.model.label, objective.label_cost)
        terms["mmd"] = objective.mmd * prior_cost(noisy, prior, objective)
        inferred = model.infer_missing(features, latents, labels)
        if inferred:
            distance, label = self.surrogate_costs(inferred, latents, labels)
            terms["surrogate"] = objective.surrogate * distance + objective.surrogate_label * label
        terms |= separated
        # The added terms are large and unsteady: let through to the features, they drown what the label says of them.
        found = {name: feature.detach() for name, feature in features.items()}
        apart = latents.replace(y=model.encoder_y(found).float())
        inferred = model.infer_missing(found, apart, labels)
        terms |= self.added_terms(pictures, apart, [guess for guess, _ in inferred], prior, labels, generator)
        return torch.stack(list(terms.values())).sum(), terms

    def infer_styles(
        self, pictures: Mapping[str, Tensor], features: Mapping[str, Tensor], labels: Tensor, generator: torch.Generator
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Z_a of each modality, and what the flows that take the label out of it cost."""
        added, styles, surprise, moved, label = self.run.factorization, {}, {}, {}, []
        more = self.further_codes(generator)
        for name, encoder in self.model.encoders_a.items():
            feature = features[name].detach()
            if not isinstance(encoder, StyleEncoder):
                styles[name] = encoder(pictures[name], feature).float()
                continue
            code, context = encoder.code(pictures[name], feature), encoder.context(feature).detach()
            styles[name] = encoder.separate(code, context)
            if not self.learns_flow(name):
                continue
            # Codes that settle are taken as they are: noise would hide their least directions, which a probe can read.
            told = code.detach() if self.run.settle else with_noise(code.detach(), added.noise, generator)
            codes, contexts = (torch.cat(parts) for parts in zip((told, context), *more[name], strict=True))
            surprise[name], moved[name] = encoder.flow.costs(codes, contexts)
            if not self.run.settle:  # there what recognizes is fixed, and its cost a constant
                label.append(label_cost(encoder.recognize(features[name]).float(), labels, self.run.model.label))
        terms = {}
        if surprise and added.flow:
            terms["flow"] = added.flow * summed(surprise)
        if moved and added.flow_near:
            terms["flow_near"] = summed(weighed(moved, added.flow_near))
        if label and added.recognition:
            terms["recognition"] = added.recognition * torch.stack(label).sum()
        return styles, terms

    def further_codes(self, generator: torch.Generator) -> dict[str, list[tuple[Tensor, Tensor]]]:
        """Codes and contexts of ``flow_pairs`` further pairs, of each modality that has a flow."""
        n = self.run.flow_pairs
        if n == 0:
            return {name: [] for name in self.modalities}
        pictures, _ = self.draw(torch.randint(len(self.pools.svhn_labels), (n,), generator=generator), generator)
        found = {}
        with torch.no_grad():
            for name, feature in self.model.encoder_y.features(pictures).items():
                encoder = self.model.encoders_a[name]
                if isinstance(encoder, StyleEncoder) and self.learns_flow(name):
                    found[name] = [(encoder.code(pictures[name], feature), encoder.context(feature))]
        return found

    def add_noise(self, latents: Latents, generator: torch.Generator) -> Latents:
        """Z as the decoders see it while training."""
        added = self.run.factorization
        y = with_noise(latents.y, added.noise_y, generator)
        return Latents(y, {name: with_noise(z, added.noise, generator) for name, z in latents.a.items()})

    def surrogate_costs(
        self, inferred: Sequence[tuple[Latents, Tensor | None]], latents: Latents, labels: Tensor
    ) -> tuple[Tensor, Tensor]:
        """How far what the surrogates infer is from the Z of all modalities, and the label cost of their choice."""
        distances = [inference_cost(guess, latents) for guess, _ in inferred]
        label = [label_cost(cast(Tensor, logits), labels, self.run.model.label) for _, logits in inferred]
        return torch.stack(distances).sum(), torch.stack(label).sum()

    def added_terms(
        self,
        pictures: Mapping[str, Tensor],
        latents: Latents,
        inferred: Sequence[Latents],
        prior: Latents,
        labels: Tensor,
        generator: torch.Generator,
    ) -> dict[str, Tensor]:
        """The terms of :class:`FactorizationConfig` whose weight is not 0."""
        model, added, terms = self.model, self.run.factorization, {}
        noisy = self.add_noise(latents, generator)
        if added.mmd_y:
            terms["mmd_y"] = added.mmd_y * mmd(noisy.y, prior.y)
        if added.label_balance:
            terms["label_balance"] = added.label_balance * label_balance_cost(model.decide(prior.y), labels)
        if added.certainty:
            terms["certainty"] = added.certainty * certainty_cost(model.decide(prior.y))
        if added.conditional_mmd:
            many = model.sample(PRIOR_DRAWS * len(labels), generator=generator)
            cost = label_independence_cost(latents, many, labels)
            terms["conditional_mmd"] = added.conditional_mmd * cost
        if added.label_readback or added.feature_match or added.style_kept or added.grey_kept:
            imagined = imagine(model, noisy, inferred, labels, generator)
            drawn = model.decode_factors(model.factors(imagined.latents), only=self.run.only)
            if added.label_readback or added.feature_match:
                readers = {name: reader for name, reader in self.readers.items() if name in drawn.modalities}
                label, features = readback_costs(readers, drawn.modalities, pictures, imagined)
                terms["feature_match"] = added.feature_match * features
                terms["label_readback"] = summed(weighed(label, added.label_readback))
            if added.label_readback:
                own = label_cost(drawn.label, imagined.labels, self.run.model.label)
                terms["label_readback"] = terms["label_readback"] + self.run.objective.label * own
            kept = imagined.kind == SWAPPED
            swapped = {name: x[kept] for name, x in drawn.modalities.items()}
            donors = {name: x[kept] for name, x in self.drawn(pictures).items()}
            if added.style_kept:
                terms["style_kept"] = summed(weighed(style_kept_costs(swapped, donors), added.style_kept))
            if added.grey_kept:
                terms["grey_kept"] = summed(weighed(grey_kept_costs(swapped, donors), added.grey_kept))
        return terms

    def validate(self, model: nn.Module) -> tuple[float, Report]:
        """Accuracy less the errors a pixel on held-out pairs; a run that settles is kept as it ends."""
        pictures, labels = self.held_out()
        mfm = cast(MFM, model)
        generated = mfm.decode(mfm.encode(pictures))
        errors = {name: float((generated.modalities[name] - x).square().mean()) for name, x in pictures.items()}
        accuracy = float((generated.label.argmax(1) == labels).float().mean())
        score = 0.0 if self.run.settle else accuracy - sum(errors.values())  # of equal scores the last is kept
        return score, {"accuracy": accuracy} | {f"error_pixel_{name}": error for name, error in errors.items()}


def summed(costs: Mapping[str, Tensor]) -> Tensor:
    """The sum over modalities."""
    return torch.stack(list(costs.values())).sum()


def with_noise(z: Tensor, size: float, generator: torch.Generator) -> Tensor:
    """``z`` with normal noise of standard deviation ``size``."""
    return z + size * torch.randn(z.shape, generator=generator).to(z.device)


def seeded(build: Callable[[], Module], seed: int) -> Module:
    """Build a network whose initial weights depend on ``seed`` alone; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()
