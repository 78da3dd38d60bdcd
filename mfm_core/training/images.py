"""Training task of images: MFM with the terms that make it factorize, on any images whose labels are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self, cast

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from mfm_core.config import Share, weighed
from mfm_core.data.sets.svhn_mnist import NAME as PAIRS
from mfm_core.model import MFM
from mfm_core.networks.classifier import Discriminative
from mfm_core.networks.flow import ConditionalFlow
from mfm_core.networks.style import StyleEncoder
from mfm_core.storage.models import load_discriminative, load_pretrained
from mfm_core.training.augmentation import Augmentation, augment
from mfm_core.training.common import (
    add_noise,
    check_each,
    check_weights,
    classes_of,
    seeded,
    spread_of,
    surrogate_cost,
    with_noise,
)
from mfm_core.training.digits import DigitPairs
from mfm_core.training.factorization import FactorizationConfig, same_label_partner
from mfm_core.training.flow_fit import FlowFit, fit_flows
from mfm_core.training.image_source import ImageSource
from mfm_core.training.loop import Report, Task
from mfm_core.training.objective import ObjectiveConfig, label_cost, prior_cost, reconstruction_costs
from mfm_core.training.runs import OnReport, TrainingRun, register_run
from mfm_core.training.terms.inputs import FlowCosts, TermInputs
from mfm_core.training.terms.registry import added_costs


@register_run("mfm")
class FactorizeRun(TrainingRun):
    """A run that trains an MFM: one file holds all of it.

    Attributes:
        objective: Eq. 4.
        factorization: What is added to Eq. 4.
        augmentation: Of each modality's training pictures.
        seen: Further augmentation of what the encoder of Z_y reads, by modality: Z_y learns to overlook it. Where there
            is none it reads the picture that is reconstructed.
        readers: Stored classifiers, by modality, that read pictures back while training.
        further_readers: More of them, by modality, in whose features pictures are compared too: what one reader
            overlooks, another may see.
        start: A stored MFM whose weights training starts from, of the same architecture, but for mixed couplings of its
            flows, which may be added; None for random weights.
        start_share: Share of ``start`` in the weights of the result, which lie on the line between those and the
            trained ones (Wortsman et al., 2022, "Robust fine-tuning of zero-shot models"): between two aims that pull
            apart it ends better than a weaker pull does.
        settle: Fix what encodes, and go on with the flows, G, D and the decoders: a flow that follows codes which move
            is always late.
        flow_pairs: Further pairs a step that the flows alone learn from, in a run that settles: with what encodes
            fixed, their codes cost little.
        fit_flows: Modalities whose flow, in a run that settles, is fitted to all training codes before the steps, in
            one fit after the other, and fixed in them; of no fit, fixed as it is.
        only: Modalities whose G, flow and decoder, and the surrogates, are all that a run that settles trains; empty to
            train every modality's, G of Z_y and D. What is generated of the others then stays as it is.
    """

    system: Literal["mfm"]
    objective: ObjectiveConfig
    factorization: FactorizationConfig
    augmentation: dict[str, Augmentation]
    seen: dict[str, Augmentation] = Field(default_factory=dict)
    readers: dict[str, str]
    further_readers: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    start: str | None = None
    start_share: Share = 0.0
    settle: bool = False
    flow_pairs: Annotated[int, Field(ge=0, le=65536)] = 0
    fit_flows: dict[str, tuple[FlowFit, ...]] = Field(default_factory=dict)
    only: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _modalities(self) -> Self:
        check_each("augmentation", self.augmentation, self.model)
        check_weights("objective.reconstruction", self.objective.reconstruction, self.model)
        self.factorization.check("factorization", self.model)
        if self.settle and self.start is None:
            raise ValueError("settle: expected a run that starts from a stored model, got one without start")
        if self.start_share and not self.settle:
            raise ValueError(f"start_share: expected 0 for a run that does not settle, got {self.start_share}")
        if self.flow_pairs and not self.settle:
            raise ValueError(f"flow_pairs: expected 0 for a run that does not settle, got {self.flow_pairs}")
        if self.fit_flows and not self.settle:
            raise ValueError(
                f"fit_flows: expected none for a run that does not settle, got {', '.join(self.fit_flows)}"
            )
        with_flow = [name for name, modality in self.model.images.items() if modality.flow]
        for name in self.fit_flows:
            if name not in with_flow:
                of = ", ".join(with_flow) or "none"
                raise ValueError(f"fit_flows: expected modalities that have a flow, which are {of}, got {name}")
        if self.only and not self.settle:
            raise ValueError(f"only: expected none for a run that does not settle, got {', '.join(self.only)}")
        if not set(self.only) <= set(self.model.modalities):
            of, given = ", ".join(self.model.modalities), ", ".join(self.only)
            raise ValueError(f"only: expected modalities of the model, which are {of}, got {given}")
        if any(term.readers for term in self.factorization.active()):
            check_each("readers", self.readers, self.model)
        if not set(self.further_readers) <= set(self.readers):
            of, given = ", ".join(self.readers) or "none", ", ".join(self.further_readers)
            raise ValueError(f"further_readers: expected modalities that have a reader, which are {of}, got {given}")
        return self

    @property
    def trains_on(self) -> str:
        """The pairs of digits."""
        return PAIRS

    @property
    def begins_from(self) -> str | None:
        """``start``."""
        return self.start

    @property
    def steps_before(self) -> int:
        """Steps that fit flows."""
        return sum(fit.training.steps for fits in self.fit_flows.values() for fit in fits)

    def task(self, where: torch.device) -> FactorizeTask:
        """Eq. 4 and the added terms on pairs of digits, with the stored readers."""
        readers = {modality: load_discriminative(name) for modality, name in self.readers.items()}
        further = {m: tuple(map(load_discriminative, names)) for m, names in self.further_readers.items()}
        return FactorizeTask(self, readers, DigitPairs(self.model, self.augmentation), where, further)

    def prepare(self, task: Task, folder: Path, on_report: OnReport) -> None:
        """Fit the flows of ``fit_flows``, or go on with them, each in a folder of its own."""
        fit_flows(cast(MFM, task.model), self.fit_flows, folder, on_report)

    def finish(self, model: nn.Module) -> None:
        """Move the weights towards those of ``start``, by ``start_share``."""
        if self.start is None or not self.start_share:
            return
        begun = load_pretrained(self.start).state_dict()
        for name, value in model.state_dict().items():
            if name in begun and value.is_floating_point():
                value.lerp_(begun[name], self.start_share)


class FactorizeTask:
    """Eq. 4 and the terms added to it.

    Args:
        run: The configuration.
        readers: Frozen classifiers by modality.
        source: The images.
        device: Where to train.
        further: More frozen classifiers by modality, see ``further_readers`` of the run.

    Raises:
        ValueError: If a reader reads something else than its modality's images.
    """

    def __init__(
        self,
        run: FactorizeRun,
        readers: Mapping[str, Discriminative],
        source: ImageSource,
        device: torch.device,
        further: Mapping[str, Sequence[Discriminative]] | None = None,
    ) -> None:
        self.further = {name: [reader.to(device) for reader in more] for name, more in (further or {}).items()}
        for name, reader in (*readers.items(), *((m, one) for m, more in self.further.items() for one in more)):
            if (reader.modalities, reader.config.label) != ((name,), run.model.label):
                got = f"{reader.config.label.size} {reader.config.label.kind} from {', '.join(reader.modalities)}"
                wanted = f"{run.model.label.size} {run.model.label.kind}"
                raise ValueError(f"readers.{name}: expected one of {wanted} from {name}, got one of {got}")
        self.source, self.device = source, device
        self.run, self.readers = run, {name: reader.to(device) for name, reader in readers.items()}
        self.model = seeded(lambda: MFM(run.model), run.training.seed).to(device)
        self.helpers = run.factorization.build_helpers(run.model, run.training.seed, device)
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
            for name in set(self.model.modalities) - set(self.run.only):
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
        return name not in self.run.fit_flows and name in (self.run.only or self.model.modalities)

    def drawn(self, pictures: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The pictures of the modalities that are generated."""
        return {name: x for name, x in pictures.items() if name in (self.run.only or self.model.modalities)}

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """The batches of one epoch, as indices into the source."""
        return self.source.epoch(batch_size, generator)

    def draw(self, batch: Tensor, generator: torch.Generator) -> tuple[dict[str, Tensor], Tensor]:
        """Images of a batch on the device, and their labels."""
        pictures, labels = self.source.draw(batch, generator)
        return {name: pictures[name].to(self.device) for name in self.model.modalities}, labels.to(self.device)

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
        styles, flows = self.infer_styles(pictures, features, labels, generator)
        latents = model.complete(styles, features)
        prior = model.sample(len(labels), generator=generator)
        noisy = add_noise(latents, added.noise, added.noise_y, generator)
        factors = model.factors(noisy)
        decided = model.label_head(factors.y).float()
        content = factors.y[same_label_partner(labels, generator)] if added.same_label else factors.y
        generated = model.decode_factors(factors.replace(y=content), only=self.run.only).modalities

        costs = reconstruction_costs(self.drawn(pictures), generated)
        terms = {f"error_{name}": cost for name, cost in weighed(costs, objective.reconstruction).items()}
        terms["label"] = objective.label * label_cost(decided, labels, self.run.model.label, objective.label_cost)
        terms["mmd"] = objective.mmd * prior_cost(noisy, prior, objective)
        classes = classes_of(labels, self.run.model.label)
        inferred = model.infer_missing(features, latents, classes)
        if inferred:
            terms["surrogate"] = surrogate_cost(model, inferred, latents, labels, objective)
        # The added terms are large and unsteady: let through to the features, they drown what the label says of them.
        found = {name: feature.detach() for name, feature in features.items()}
        apart = latents.replace(y=model.encoder_y(found).float())
        terms |= added_costs(
            TermInputs(
                model=model,
                weights=added,
                objective=objective,
                inputs=pictures,
                mask=None,
                labels=labels,
                latents=apart,
                inferred=[guess for guess, _ in model.infer_missing(found, apart, classes)],
                noisy=add_noise(apart, added.noise, added.noise_y, generator),
                prior=prior,
                generated=generated,
                generator=generator,
                flows=flows,
                readers=self.readers,
                further_readers=self.further,
                only=self.run.only,
                helpers=self.helpers,
            )
        )
        return torch.stack(list(terms.values())).sum(), terms

    def infer_styles(
        self, pictures: Mapping[str, Tensor], features: Mapping[str, Tensor], labels: Tensor, generator: torch.Generator
    ) -> tuple[dict[str, Tensor], FlowCosts]:
        """Z_a of each modality, and what the flows that take the label out of it cost."""
        styles, surprise, moved, recognition, noise = {}, {}, {}, {}, self.run.factorization.noise
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
            seen_code = code.detach() if self.run.settle else with_noise(code.detach(), noise, generator)
            codes, contexts = (torch.cat(parts) for parts in zip((seen_code, context), *more[name], strict=True))
            surprise[name], moved[name] = encoder.flow.costs(codes, contexts)
            if not self.run.settle:  # there what recognizes is fixed, and its cost a constant
                told = encoder.recognize(features[name]).float()
                recognition[name] = label_cost(told, labels, self.run.model.label)
        return styles, FlowCosts(surprise, moved, recognition)

    def further_codes(self, generator: torch.Generator) -> dict[str, list[tuple[Tensor, Tensor]]]:
        """Codes and contexts of ``flow_pairs`` further pairs, of each modality that has a flow."""
        n = self.run.flow_pairs
        if n == 0:
            return {name: [] for name in self.model.modalities}
        pictures, _ = self.draw(torch.randint(len(self.source), (n,), generator=generator), generator)
        found = {}
        with torch.no_grad():
            for name, feature in self.model.encoder_y.features(pictures).items():
                encoder = self.model.encoders_a[name]
                if isinstance(encoder, StyleEncoder) and self.learns_flow(name):
                    found[name] = [(encoder.code(pictures[name], feature), encoder.context(feature))]
        return found

    def validate(self, model: nn.Module) -> tuple[float, Report]:
        """Accuracy less the errors a pixel on held-out images; a run that settles is kept as it ends.

        Of scores it is the negated mean absolute error, in their standard deviations.
        """
        pictures, labels = self.source.held_out()
        pictures, labels = {name: pictures[name].to(self.device) for name in pictures}, labels.to(self.device)
        mfm = cast(MFM, model)
        generated = mfm.decode(mfm.encode(pictures))
        errors = {name: float((generated.modalities[name] - x).square().mean()) for name, x in pictures.items()}
        if self.run.model.label.kind == "classes":
            report = {"accuracy": float((generated.label.argmax(1) == labels).float().mean())}
            score = report["accuracy"]
        else:
            report = {"absolute_error": float((generated.label - labels).abs().mean())}
            score = -report["absolute_error"] / spread_of(labels)
        # of equal scores the last is kept
        score = 0.0 if self.run.settle else score - sum(errors.values())
        return score, report | {f"error_pixel_{name}": error for name, error in errors.items()}
