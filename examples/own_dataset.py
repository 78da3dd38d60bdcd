"""A data set of your own, registered from outside the package: ``python examples/own_dataset.py``.

From then on this process loads it by its name, and its pages call its streams and its label by the words given here; as
a file of ``mfm_core/data/sets`` it is found by every process. Without code, `mfm.save_dataset` writes a file that
`python -m mfm_core data import FILE` takes in.
"""

from __future__ import annotations

import numpy as np

import mfm_core as mfm

SIZES = {"gaze": 2, "posture": 6, "speech": 9}

DESK = mfm.DatasetInfo(
    name="desk",
    title="Desk work",
    unit="step",
    label="attention",  # a noun, for Z_y on pages
    streams=(
        mfm.ModalityInfo("gaze", content="where one looks"),
        mfm.ModalityInfo("posture", content="how one sits"),
        mfm.ModalityInfo("speech", content="what one says"),
    ),
)


@mfm.register_dataset(DESK)
def load() -> mfm.Dataset:
    """Sixty made-up recordings of eight seconds, scored by where one looked; yours would be read from a file."""
    rng = np.random.default_rng(0)
    streams = {name: rng.normal(size=(60, 8, size)) for name, size in SIZES.items()}
    score = streams["gaze"][:, :, 0].mean(axis=1)
    return mfm.Dataset.from_arrays(streams, score, unit="step", name="desk")


def main():
    """Load the data set by its name, print it, and return what a system predicts of its test samples."""
    data = mfm.load_dataset("desk")
    print(data)
    system = mfm.fit("svm_md", data.part("train"), data.part("validation"))
    return system.predict(data.part("test"))


if __name__ == "__main__":
    main()
