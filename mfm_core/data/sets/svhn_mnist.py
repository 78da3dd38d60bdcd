"""SVHN-MNIST: pairs of an SVHN and an MNIST digit of the same label (section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mfm_core.data.batches import shuffled_batches
from mfm_core.data.dataset import SPLITS, Dataset, Split
from mfm_core.data.registry import DatasetInfo, register
from mfm_core.data.sets import mnist, svhn
from mfm_core.printing import short_repr

NAME = "svhn_mnist"
PAIRING_SEED = 0


@register(
    DatasetInfo(
        NAME,
        title="SVHN-MNIST, digits",
        source="python -m mfm_core data fetch mnist svhn",
        label="digit",
        parts=("svhn", "mnist"),
        lab="4,434 training pairs of 32 x 32 and 28 x 28 pixels.",
        in_tables=False,
    )
)
def load() -> Dataset:
    """One fixed pair for every SVHN digit, its MNIST partner drawn inside the same split.

    Raises:
        FileNotFoundError: If ``svhn.npz`` or ``mnist.npz`` is not in the data folder.
    """
    generator = torch.Generator().manual_seed(PAIRING_SEED)
    pools = DigitPools.load_each(*SPLITS)
    parts = [pool.pairs(torch.arange(len(pool.svhn_labels)), generator) for pool in pools]
    modalities = {name: torch.cat([part.modalities[name] for part in parts]) for name in ("svhn", "mnist")}
    split = [name for name, part in zip(SPLITS, parts, strict=True) for _ in range(len(part))]
    ids = tuple(one for pool in pools for one in pool.svhn_ids)
    return Dataset(NAME, modalities, torch.cat([part.labels for part in parts]), np.array(split), ids=ids)


@dataclass(frozen=True)
class DigitPools:
    """The digits of one split, from which pairs are drawn anew as often as wanted.

    Attributes:
        split: The split all digits belong to.
        svhn: ``(n, 3, 32, 32)``; svhn_labels: ``(n,)``.
        mnist: ``(m, 1, 28, 28)``; mnist_labels: ``(m,)``.
        svhn_ids: Names of the SVHN digits, which tell those of one photograph, see
            :func:`mfm_core.data.sets.svhn.load`.
    """

    split: Split
    svhn: Tensor
    svhn_labels: Tensor
    mnist: Tensor
    mnist_labels: Tensor
    svhn_ids: tuple[str, ...]

    __repr__ = short_repr

    @classmethod
    def load(cls, split: Split) -> DigitPools:
        """Load both data sets and keep one split."""
        (pool,) = cls.load_each(split)
        return pool

    @classmethod
    def load_each(cls, *splits: Split) -> tuple[DigitPools, ...]:
        """Load both data sets once and keep some splits, each by itself."""
        both = svhn.load(), mnist.load()
        pools = []
        for split in splits:
            svhn_digits, mnist_digits = (digits.part(split) for digits in both)
            pools.append(
                cls(
                    split,
                    svhn_digits.modalities["svhn"],
                    svhn_digits.labels,
                    mnist_digits.modalities["mnist"],
                    mnist_digits.labels,
                    svhn_digits.ids or (),
                )
            )
        return tuple(pools)

    def pairs(self, svhn_index: Tensor, generator: torch.Generator) -> Dataset:
        """Pair the SVHN digits at ``svhn_index`` with random MNIST digits of the same label, and name pairs by them."""
        labels = self.svhn_labels[svhn_index]
        mnist_index = torch.empty_like(svhn_index)
        for label in torch.unique(labels):
            wanted = torch.nonzero(labels == label).squeeze(1)
            candidates = torch.nonzero(self.mnist_labels == label).squeeze(1)
            mnist_index[wanted] = candidates[torch.randint(len(candidates), (len(wanted),), generator=generator)]
        modalities = {"svhn": self.svhn[svhn_index], "mnist": self.mnist[mnist_index]}
        ids = tuple(self.svhn_ids[n] for n in svhn_index.tolist())
        return Dataset(NAME, modalities, labels, self.names(self.split, len(labels)), ids=ids)

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """A new order of the SVHN digits, cut into full batches of indices."""
        return shuffled_batches(len(self.svhn_labels), batch_size, generator, least=batch_size)

    @staticmethod
    def names(split: Split, n: int) -> npt.NDArray[np.str_]:
        """The split of ``n`` samples, as :class:`Dataset` has it."""
        return np.full(n, split)
