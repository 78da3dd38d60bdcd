"""ICT-MMMO: 340 online video reviews of films and products, each rated 1 to 5 (Wöllmer et al., 2013).

* A sample is a whole video, a step is a **sentence**: the mean of its words' vectors. At most 20 sentences.
* ``language`` GloVe (300), ``acoustic`` COVAREP (74), ``visual`` Facet (36); label: the rating, in halves.
* Split as the file: 220 training, 40 validation, 80 test videos. **The training videos have no language**, for the file
  of their text was not published: 120 videos have all three modalities. Figures on these therefore come from repeated
  folds (:func:`folds`), not from the split of the file.
* What is missing: the words themselves and their times; the text of 220 videos.
* Source: ``new_data/mmmo`` of github.com/pliang279/MFN (MIT licence), preprocessed by an author of the MFM paper.
"""

from __future__ import annotations

from collections.abc import Iterator

from mfm_core.data.dataset import Dataset
from mfm_core.data.folds import repeated_folds
from mfm_core.data.modalities import SPOKEN
from mfm_core.data.registry import DatasetInfo, Fold, register
from mfm_core.data.sequence_files import read_dataset
from mfm_core.data.sequences import standardised

STREAMS = SPOKEN
SOURCE = (
    "download new_data/mmmo of github.com/pliang279/MFN and run: python -m mfm_core data import mmmo/*.h5 --as ict_mmmo"
)


def read() -> Dataset:
    """The videos with their raw features.

    Raises:
        FileNotFoundError: If ``ict_mmmo.npz`` is not in the data folder.
        ValueError: If it is damaged.
    """
    return read_dataset("ict_mmmo", tuple(one.name for one in STREAMS), "sentence", SOURCE)


def folds(*, n_folds: int = 5, n_repeats: int = 4, seed: int = 0) -> Iterator[Fold]:
    """Repeated folds over the 120 complete videos; the 220 without language are in the training split of each."""
    return repeated_folds(read(), n_folds=n_folds, n_repeats=n_repeats, seed=seed)


@register(
    DatasetInfo(
        "ict_mmmo",
        title="ICT-MMMO, real reviews",
        short="MMMO",
        description="Trained on ICT-MMMO (Wöllmer et al., 2013): 340 online reviews, a rating of 1 to 5 each. A step "
        "is a sentence, not a word: the mean of its words' vectors. 220 of the videos lack language: the surrogates "
        "stand in for it. Features preprocessed by an author of the paper (github.com/pliang279/MFN, MIT licence); no "
        "video, word or feature of theirs is shipped.",
        files=("ict_mmmo.npz",),
        unit="sentence",
        source=SOURCE,
        neutral=3.0,
        metrics=("a2", "f1"),
        about_clips="A step of ICT-MMMO is a whole **sentence**: the published features are averages over sentences. "
        "The videos may not be passed on.",
        folds=folds,
        importable=True,
        streams=STREAMS,
    )
)
def load() -> Dataset:
    """The videos, standardised, all but language, which no training video has: its features are as published."""
    return standardised(read())
