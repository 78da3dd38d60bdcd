"""IEMOCAP: acted dialogues of two, segments labelled with emotions (Busso et al., 2008).

* A sample is a segment, a step is a word, as the multimodal-transformer files (``iemocap_data.pkl``) have it:
  ``language`` GloVe (300), ``acoustic`` COVAREP (74), ``visual`` Facet (35), 20 steps.
* Labels: of 4 emotions (neutral, happy, sad, angry) or 6 (frustrated and excited too), as the file has. Classes where
  each segment has exactly one, else a score of 0 or 1 for each.
* Split as the file. The paper's own 7,318 segments of 302 videos with 6 emotions are not published as tensors.
* Licence: the recordings are released by the University of Southern California on request, for research only.
* **Tested only on files that the tests write in the same format**, since we do not have the real one.
* Source: the data links of github.com/yaohungt/Multimodal-Transformer; import ``iemocap_data.pkl``.
"""

from __future__ import annotations

from dataclasses import replace

from mfm_core.data.dataset import Dataset
from mfm_core.data.modalities import SPOKEN
from mfm_core.data.registry import DatasetInfo, register
from mfm_core.data.sequence_files import read_dataset
from mfm_core.data.sequences import standardised

EMOTIONS = {
    4: ("neutral", "happy", "sad", "angry"),
    6: ("neutral", "happy", "sad", "angry", "frustrated", "excited"),
}
STREAMS = SPOKEN
SOURCE = (
    "get iemocap_data.pkl from the data links of github.com/yaohungt/Multimodal-Transformer and run: "
    "python -m mfm_core data import iemocap_data.pkl --as iemocap"
)


def read() -> Dataset:
    """The segments with their raw features.

    Raises:
        FileNotFoundError: If ``iemocap.npz`` is not in the data folder.
        ValueError: If it is damaged, or its labels are not of 4 or 6 emotions.
    """
    dataset = read_dataset("iemocap", tuple(one.name for one in STREAMS), "word", SOURCE)
    labels = dataset.labels
    if labels.ndim != 2 or labels.shape[1] not in EMOTIONS or not ((labels == 0) | (labels == 1)).all():
        raise ValueError(f"iemocap.npz: expected labels 0 or 1 of 4 or 6 emotions, got {tuple(labels.shape)}")
    if (labels.sum(1) == 1).all():
        return replace(dataset, labels=labels.argmax(1))
    return dataset


@register(
    DatasetInfo(
        "iemocap",
        title="IEMOCAP, acted emotions",
        short="IEMOCAP",
        description="Trained on IEMOCAP (Busso et al., 2008): segments of acted dialogues, labelled with emotions.",
        files=("iemocap.npz",),
        unit="word",
        source=SOURCE,
        about_clips="The videos may not be passed on.",
        importable=True,
        streams=STREAMS,
    )
)
def load() -> Dataset:
    """The segments, standardised."""
    return standardised(read())
