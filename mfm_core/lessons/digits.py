"""Measures of models of digits: what follows a factor, what a factor keeps, and where the model errs."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from mfm_core.data.registry import modality_info
from mfm_core.evaluation.crossed_bootstrap import crossed_mean, picture_clusters
from mfm_core.generation import swap
from mfm_core.latents import Latents
from mfm_core.lessons.measure import Answer, Measure, Models, Name, Seed, counted
from mfm_core.model import MFM
from mfm_core.storage.codes import Codes

Pictures = Annotated[int, Field(ge=10, le=400)]
LABEL_HEAD = "label"
TRAINED_ON = 3
"""Of four codes, three train a probe and one tests it."""


class OfDigits(Measure):
    """A measure of a model of digits.

    Attributes:
        model: A stored MFM of images whose label is one of several classes.
        seed: Of everything that is drawn.
    """

    model: Name = "svhn_mnist"
    seed: Seed = 1

    def load(self, models: Models) -> tuple[MFM, Codes]:
        """The model and its codes.

        Raises:
            ValueError: If the model is not one of digits, or has no codes of pairs.
        """
        model, codes = models.model(self.model), models.codes(self.model)
        if not model.config.images or model.config.label.kind != "classes" or codes.labels.ndim != 1:
            raise ValueError(f"model: expected a model of images and classes, got {self.model!r}")
        return model, codes

    def source(self, n: int) -> str:
        """Model, samples and seed of an answer."""
        return f"model {self.model}, n = {n}, seed {self.seed}"


def split_codes(cluster: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Rows to train a probe on, three of four, and the rows to test it on; all of one cluster are on one side.

    Args:
        cluster: Of each code, ``(N,)``, from 0 without gaps.
        seed: Of the order.
    """
    place = torch.randperm(int(cluster.max()) + 1, generator=torch.Generator().manual_seed(seed))[cluster]
    first = place <= place.sort().values[TRAINED_ON * len(cluster) // (TRAINED_ON + 1) - 1]
    return first.nonzero().flatten(), (~first).nonzero().flatten()


class SwapCount(OfDigits):
    """Number of swapped pictures in which a reader sees the digit of the pair that gave the factor.

    Attributes:
        factor: The block that is exchanged: ``y``, or a modality for its Z_a.
        reader: A modality, for the judge of its pictures; ``label`` for the label head.
        n: Swaps, each between two held-out pairs of different digits.
    """

    measure: Literal["swap_count"] = "swap_count"
    factor: Name = "y"
    reader: Name = "svhn"
    n: Pictures = 100

    def answer(self, models: Models) -> Answer:
        """See ``Measure.answer``."""
        model, codes = self.load(models)
        own, other = _unlike_pairs(codes, self.n, self.seed)
        cluster = picture_clusters(codes)
        swapped = swap(codes.latents[own], with_=codes.latents[other], factor=self.factor)
        read = _read(model, models, swapped, self.reader)
        follows, keeps = read == codes.labels[other], read == codes.labels[own]
        n_follows, n_keeps = int(follows.sum()), int(keeps.sum())
        counts = {
            "the digit of the other pair": n_follows,
            "its own digit": n_keeps,
            "another digit": self.n - n_follows - n_keeps,
        }
        found = counted(follows, "swaps", [cluster[own], cluster[other]])
        sentence = f"{_who(self.reader)} reads the digit of the pair that gave the factor in {found}."
        return Answer(n_follows, sentence, counts, f"of {self.n} swaps", self.source(self.n))


class HoldCount(OfDigits):
    """Number of pictures that keep the digit of a pair of which one factor is held while all others are drawn.

    Attributes:
        factor: The block that is held: ``y``, or a modality for its Z_a.
        reader: As for ``SwapCount``.
        n: Pictures, each of a held-out pair drawn at random; a pair may come again.
    """

    measure: Literal["hold_count"] = "hold_count"
    factor: Name = "y"
    reader: Name = "svhn"
    n: Pictures = 100

    def answer(self, models: Models) -> Answer:
        """See ``Measure.answer``."""
        model, codes = self.load(models)
        generator = torch.Generator().manual_seed(self.seed)
        pairs = torch.randint(len(codes), (self.n,), generator=generator)
        drawn = model.sample(self.n, generator=generator)
        held = swap(drawn, with_=codes.latents[pairs], factor=self.factor)
        kept = _read(model, models, held, self.reader) == codes.labels[pairs]
        n_kept = int(kept.sum())
        told = counted(kept, "pictures", [picture_clusters(codes)[pairs]])
        sentence = f"{_who(self.reader)} reads the digit of the pair in {told}."
        counts = {"the digit of the pair": n_kept, "another digit": self.n - n_kept}
        return Answer(n_kept, sentence, counts, f"of {self.n} pictures", self.source(self.n))


class PriorAgreement(OfDigits):
    """Number of draws of all of Z from the prior in which the judges of both modalities read the same digit.

    Attributes:
        n: Draws.
    """

    measure: Literal["prior_agreement"] = "prior_agreement"
    n: Pictures = 400

    def answer(self, models: Models) -> Answer:
        """See ``Measure.answer``."""
        model, _ = self.load(models)
        drawn = model.sample(self.n, generator=torch.Generator().manual_seed(self.seed))
        read = torch.stack([_read(model, models, drawn, name) for name in model.modalities])
        agree = (read == read[0]).all(dim=0)
        n_agree = int(agree.sum())
        sentence = f"The judges read the same digit in {counted(agree, 'draws')}."
        counts = {"the judges agree": n_agree, "they do not": self.n - n_agree}
        return Answer(n_agree, sentence, counts, f"of {self.n} draws", self.source(self.n))


class ProbeAccuracy(OfDigits):
    """Percentage of digits that a probe, a network with one hidden layer, reads from a block of held-out codes.

    Three quarters of the codes train the probe, the rest tests it. Pairs of one picture are on one side; pictures that
    are cut from one photograph need not be, for codes do not tell. It is one probe: another may read more.

    Attributes:
        block: ``y``, or a modality for its Z_a.
    """

    measure: Literal["probe_accuracy"] = "probe_accuracy"
    block: Name = "mnist"

    def answer(self, models: Models) -> Answer:
        """See ``Measure.answer``."""
        from mfm_core.evaluation.statistics import probe_hits  # SciPy takes a second

        _, codes = self.load(models)
        codes.latents.check_names((self.block,))
        cluster = picture_clusters(codes)
        train, test = split_codes(cluster, self.seed)
        block = codes.latents.blocks()[self.block]
        hits = probe_hits(block[train], codes.labels[train], block[test], codes.labels[test], seed=self.seed)
        found = crossed_mean(hits, [cluster[test]])
        most = 100 * float((codes.labels[test] == codes.labels[train].mode().values).float().mean())
        sentence = (
            f"The probe reads {100 * found.value:.0f} % of the digits (95 % interval {100 * found.low:.0f} to "
            f"{100 * found.high:.0f}); the most frequent digit alone would be right in {most:.0f} %."
        )
        counts = {"the probe": 100 * found.value, "the most frequent digit": most}
        return Answer(100 * found.value, sentence, counts, "% of held-out digits", self.source(len(hits)))


class LabelErrors(OfDigits):
    """Number of held-out pairs of which the label head says another digit than the true one."""

    measure: Literal["label_errors"] = "label_errors"

    def answer(self, models: Models) -> Answer:
        """See ``Measure.answer``."""
        model, codes = self.load(models)
        wrong = _misread(model, codes)
        by_digit = torch.bincount(codes.labels[wrong], minlength=model.config.label.size)
        counts = {str(digit): int(n) for digit, n in enumerate(by_digit)}
        told = counted(wrong, "held-out pairs", [picture_clusters(codes)])
        sentence = f"The label head misreads {told}."
        return Answer(int(wrong.sum()), sentence, counts, "misread pairs of each digit", self.source(len(codes)))


class WorstDigit(OfDigits):
    """The digit that the label head misreads most often among held-out pairs; of equals the smallest."""

    measure: Literal["worst_digit"] = "worst_digit"
    numeric: ClassVar[bool] = False

    def answer(self, models: Models) -> Answer:
        """See ``Measure.answer``."""
        model, codes = self.load(models)
        wrong = _misread(model, codes)
        by_digit = torch.bincount(codes.labels[wrong], minlength=model.config.label.size)
        worst = int(by_digit.argmax())
        counts = {str(digit): int(n) for digit, n in enumerate(by_digit)}
        sentence = f"Of {int(wrong.sum())} misread pairs {int(by_digit[worst])} are truly a {worst}."
        return Answer(str(worst), sentence, counts, "misread pairs of each digit", self.source(len(codes)))


def _misread(model: MFM, codes: Codes) -> Tensor:
    """Where the label head errs, ``(N,)``."""
    with torch.inference_mode():
        wrong: Tensor = model.decide(codes.latents.y).argmax(dim=1) != codes.labels
    return wrong


def _unlike_pairs(codes: Codes, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """``n`` held-out pairs, and as many others of other digits."""
    generator = torch.Generator().manual_seed(seed)
    draws = torch.randint(len(codes), (2, 20 * n), generator=generator)
    unlike = draws[:, codes.labels[draws[0]] != codes.labels[draws[1]]][:, :n]
    if unlike.shape[1] < n:
        raise ValueError(f"codes: expected pairs of different digits, got {unlike.shape[1]} of {n} among 20 draws each")
    return unlike[0], unlike[1]


def _read(model: MFM, models: Models, latents: Latents, reader: str) -> Tensor:
    """The digit that a reader sees in what is generated, ``(N,)``."""
    if reader != LABEL_HEAD and reader not in model.modalities:
        expected = ", ".join((LABEL_HEAD, *model.modalities))
        raise ValueError(f"reader: expected one of {expected}, got {reader!r}")
    with torch.inference_mode():
        generated = model.decode(latents)
        if reader == LABEL_HEAD:
            return generated.label.argmax(dim=1)
        judged: Tensor = models.judge(reader)({reader: generated.modalities[reader]})
        return judged.argmax(dim=1)


def _who(reader: str) -> str:
    if reader == LABEL_HEAD:
        return "The label head"
    return f"The judge of {modality_info(reader).title}"
