"""YouTube: 269 segments of spoken opinions, negative, neutral or positive (Morency et al., 2011).

* A sample is a segment, a step is a word; at most 20 words. Labels: 0 negative, 1 neutral, 2 positive.
* ``language`` GloVe (300), ``acoustic`` COVAREP (74), ``visual`` Facet (36).
* Split as the file: 173 training, 36 validation, 60 test segments.
* What is missing: **no training segment has language**, for the file of their text was not published; only 78 of the
  269 have any acoustic and 70 any visual number, and 126 have nothing at all (``present`` tells which; their mask has
  no real step). Neither words nor times are known.
* Source: ``new_data/youtube`` of github.com/pliang279/MFN (MIT licence), preprocessed by an author of the MFM paper.
"""

from __future__ import annotations

from dataclasses import replace

from mfm_core.data.dataset import Dataset
from mfm_core.data.modalities import SPOKEN
from mfm_core.data.registry import DatasetInfo, register
from mfm_core.data.sequence_files import read_dataset
from mfm_core.data.sequences import standardised

CLASSES = ("negative", "neutral", "positive")
STREAMS = SPOKEN
SOURCE = (
    "download new_data/youtube of github.com/pliang279/MFN and run: "
    "python -m mfm_core data import youtube/*.h5 --as youtube"
)


def read() -> Dataset:
    """The segments with their raw features.

    Raises:
        FileNotFoundError: If ``youtube.npz`` is not in the data folder.
        ValueError: If it is damaged, or its labels are not one of three.
    """
    dataset = read_dataset("youtube", tuple(one.name for one in STREAMS), "word", SOURCE)
    one_hot = dataset.labels
    if one_hot.ndim != 2 or one_hot.shape[1] != len(CLASSES) or not ((one_hot == 1).sum(1) == 1).all():
        raise ValueError(f"youtube.npz: expected labels one-hot in {', '.join(CLASSES)}, got {tuple(one_hot.shape)}")
    return replace(dataset, labels=one_hot.argmax(1))


@register(
    DatasetInfo(
        "youtube",
        title="YouTube, opinions",
        short="YouTube",
        description="Trained on YouTube (Morency et al., 2011): 269 opinion segments of three classes, sparse in all "
        "streams.",
        files=("youtube.npz",),
        unit="word",
        metrics=("accuracy", "f1"),
        source=SOURCE,
        about_clips="The videos may not be passed on.",
        importable=True,
        streams=STREAMS,
    )
)
def load() -> Dataset:
    """The segments, standardised; language by the validation segments, since no training segment has any."""
    return standardised(read())
