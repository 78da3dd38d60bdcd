"""POM, Persuasive Opinion Multimedia: 903 film reviews on video, rated on 17 traits of the speaker (Park et al., 2014).

* A sample is a whole video; a step is a part of it: the file does not say which, but a review of a minute and a half
  in 14 steps on average is not cut into words, so we call a step a sentence. At most 20 steps.
* ``acoustic`` COVAREP (43 features kept), ``visual`` Facet (41); labels: mean ratings of 17 traits, about 1 to 7, of
  which the paper names 16; the file does not name them.
* Split as the file: 600 training, 100 validation, 203 test videos.
* What is missing: **language altogether**; 486 videos have no visual number (``present`` tells which); times.
* Source: ``new_data/pom`` of github.com/pliang279/MFN (MIT licence), preprocessed by an author of the MFM paper.
"""

from __future__ import annotations

from mfm_core.data.dataset import Dataset
from mfm_core.data.modalities import ACOUSTIC, VISUAL
from mfm_core.data.registry import DatasetInfo, register
from mfm_core.data.sequence_files import read_dataset
from mfm_core.data.sequences import standardised

N_TRAITS = 17
STREAMS = (ACOUSTIC, VISUAL)
SOURCE = "download new_data/pom of github.com/pliang279/MFN and run: python -m mfm_core data import pom/*.h5 --as pom"


def read() -> Dataset:
    """The videos with their raw features.

    Raises:
        FileNotFoundError: If ``pom.npz`` is not in the data folder.
        ValueError: If it is damaged, or does not rate 17 traits.
    """
    dataset = read_dataset("pom", tuple(one.name for one in STREAMS), "sentence", SOURCE)
    if dataset.labels.shape[1:] != (N_TRAITS,):
        raise ValueError(f"pom.npz: expected ratings of {N_TRAITS} traits, got {tuple(dataset.labels.shape)}")
    return dataset


@register(
    DatasetInfo(
        "pom",
        title="POM, traits of reviewers",
        short="POM",
        description="Trained on POM (Park et al., 2014): 903 film reviews, 17 traits of the speaker rated by others. "
        "The published tensors have no language, and no visual features in 486 videos.",
        files=("pom.npz",),
        unit="sentence",
        source=SOURCE,
        neutral=4.0,
        metrics=("r",),
        in_tables=False,
        about_clips="A step of POM is a part of a video that its file does not name, called a **sentence** here. The "
        "videos may not be passed on.",
        importable=True,
        streams=STREAMS,
    )
)
def load() -> Dataset:
    """The videos, standardised."""
    return standardised(read())
