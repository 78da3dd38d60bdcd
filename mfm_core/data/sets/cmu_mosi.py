"""CMU-MOSI: 2,199 spoken opinions of 93 videos, each with a sentiment of -3 to 3 (Zadeh et al., 2016).

* A sample is an utterance, a step is a word: the last 20 words, each with its real start and end.
* ``language``: GloVe of the word (50). A word that GloVe lacks is zeros, 293 of 27,540 (:func:`unknown_words`).
* ``timing`` (5): of each word its length, the pause before it, its place in the utterance, letters a second, and the
  utterance's words a second. It is computed from the times, not published.
* ``acoustic``: COVAREP (73), **the mean of the whole utterance, repeated at each step**: it cannot tell one word's tone
  from another's.
* Label: the sentiment, as a score. Split: the official folds, 52, 10 and 31 videos (1,284, 229, 686 utterances).
* What is missing: the face, and acoustic features a word (both are in CMU-MultimodalSDK's ``.csd`` files, which
  ``data import`` reads). 47 words have no time, among them all words of three utterances, which therefore have no
  timing. 29 times are estimates. Inside utterances all times are in order; if a word began before the one said before
  it, its times would be taken as unknown. Utterances come in the order of the file, by id as text: _1, _10, _11, _2.
* Sources: words and times, Justin1904/CMU-MultimodalSDK-Tutorials; COVAREP, declare-lab/multimodal-deep-learning (MIT);
  sentiment, pliang279/MFN (MIT); GloVe 6B, public domain. Transcripts and videos are their authors': not to be shipped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field, TypeAdapter, ValidationError
from torch import Tensor

from mfm_core.config import Config
from mfm_core.data.dataset import Dataset, Steps
from mfm_core.data.modalities import ACOUSTIC, LANGUAGE, ModalityInfo
from mfm_core.data.notes import Notes, known_labels, observed
from mfm_core.data.registry import DatasetInfo, data_folder, register
from mfm_core.data.sequences import observed_samples, of_length, standardised
from mfm_core.files.npz import LOCAL_LIMITS, Array, as_float32, numbers, read_archive
from mfm_core.problems import expectation

LENGTH = 20
_SEGMENT = re.compile(r"^(.+)_(\d+)$")
TIMING = ("log seconds", "log1p seconds of pause before", "place", "log letters a second", "log words a second")
_MAX_JSON_BYTES = 20_000_000
_Seconds = Annotated[float, Field(ge=0, le=100_000)] | None
_Word = tuple[Annotated[str, Field(min_length=1, max_length=100)], _Seconds, _Seconds, int]


class Utterance(Config):
    """Utterance of a video.

    Attributes:
        id: Video and number of the utterance, ``video_3``.
        text: Its transcript.
        words: Each word, its start and end in seconds if known, and 1 if the times are measured, 0 if estimated.
    """

    id: str
    text: str
    words: Annotated[list[_Word], Field(min_length=1, max_length=1000)]


_UTTERANCES = TypeAdapter(dict[str, list[Utterance]])


def read() -> Dataset:
    """The utterances with their raw features.

    Raises:
        FileNotFoundError: If ``cmu_mosi_utterances.npz``, ``cmu_mosi_words.json`` or ``glove50_top30k.npz`` is not in
            the data folder.
        ValueError: If one is damaged, or they do not belong together.
    """
    table, utterances = _read_table(), _read_words()
    if table["ids"].tolist() != [utterance.id for utterance in utterances]:
        raise ValueError(f"{data_folder()}: cmu_mosi_words.json and cmu_mosi_utterances.npz are of other utterances")
    vectors = _read_vectors()
    n, d = len(utterances), len(next(iter(vectors.values())))
    language, timing = torch.zeros(n, LENGTH, d), torch.zeros(n, LENGTH, len(TIMING))
    times, words = torch.full((n, LENGTH, 2), torch.nan), []
    mask = torch.zeros(n, LENGTH, dtype=torch.bool)
    for i, utterance in enumerate(utterances):
        said = [word for word, *_ in utterance.words]
        spans = spans_in_order([(start, end) for _, start, end, _ in utterance.words])
        words.append(tuple(said[-LENGTH:]))
        mask[i, -len(words[-1]) :] = True
        embedded = np.stack([vectors.get(word, np.zeros(d, np.float32)) for word in said])
        language[i] = of_length(torch.from_numpy(embedded), LENGTH)
        timing[i] = of_length(timing_features(said, spans), LENGTH)
        times[i, mask[i]] = spans[-LENGTH:]
    notes, where = Notes(), "cmu_mosi_utterances.npz"
    ids = tuple(_SEGMENT.sub(r"\1[\2]", one.id) for one in utterances)
    acoustic = torch.from_numpy(observed(table["audio"][:, None], f"{where}: audio", notes, ids))
    modalities = {"language": language, "timing": timing, "acoustic": acoustic * mask.unsqueeze(2)}
    sentiment = as_float32(table["sentiment"], f"{where}: sentiment")
    known = known_labels(sentiment, f"{where}: sentiment", notes, ids)
    whole = Dataset(
        "cmu_mosi",
        modalities,
        torch.from_numpy(np.where(known, sentiment, np.float32("nan"))).unsqueeze(1),
        np.where(table["split"] == "valid", "validation", table["split"]),
        mask,
        present=observed_samples(modalities),
        steps=Steps("word", tuple(words), times),
        ids=ids,
        notes=tuple(notes.lines()),
    )
    return whole if known.all() else whole.take(torch.from_numpy(np.flatnonzero(known)))


@register(
    DatasetInfo(
        "cmu_mosi",
        title="CMU-MOSI, real opinions",
        short="MOSI",
        description="Trained on CMU-MOSI (Zadeh et al., 2016): 2,199 utterances of 93 videos, sentiment -3 to 3, with "
        "the official videos of each split. Words are real and at real times; the acoustic features are the mean of "
        "the utterance, the same at every word. There is no visual stream. No transcript or feature is shipped.",
        files=("cmu_mosi_utterances.npz", "cmu_mosi_words.json", "glove50_top30k.npz"),
        unit="word",
        source="the files named in shared data folders, see the head of mfm_core/data/sets/cmu_mosi.py",
        clips="data",
        metrics=("a2", "f1", "a7", "mae", "r"),
        about_clips="Words and times are those of your copy of CMU-MOSI; there is no sound in it. Its COVAREP features "
        "are a **mean of the whole utterance**, repeated at each word: a lane of the voice that differs from word to "
        "word differs because the model treats the places differently, not because it heard anything else there.",
        streams=(LANGUAGE, ModalityInfo("timing", content="when the words are said"), ACOUSTIC),
    )
)
def load() -> Dataset:
    """The utterances, standardised."""
    return standardised(read())


def spans_in_order(spans: Sequence[tuple[float | None, float | None]]) -> Tensor:
    """Start and end of each word, ``(T, 2)``; NaN where not known, not in order, or ending before they start."""
    kept, last = torch.full((len(spans), 2), torch.nan), -1.0
    for t, (start, end) in enumerate(spans):
        if start is not None and end is not None and last <= start <= end:
            kept[t], last = torch.tensor([start, end]), start
    return kept


def timing_features(words: Sequence[str], spans: Tensor) -> Tensor:
    """Timing features of an utterance's words, ``(T, 5)`` as ``TIMING``; zeros for a word of unknown times.

    Args:
        words: All words of the utterance.
        spans: Their starts and ends in seconds, ``(T, 2)``, NaN where not known.
    """
    features = torch.zeros(len(words), len(TIMING))
    known = (~spans.isnan().any(1)).nonzero().flatten()
    if len(known) == 0:
        return features
    start, end = spans[known].double().T
    seconds = (end - start).clamp(min=0.01)
    pause = torch.cat([start.new_zeros(1), (start[1:] - end[:-1]).clamp(min=0)])
    whole = (end[-1] - start[0]).clamp(min=0.01)
    letters = torch.tensor([len(words[int(t)]) for t in known], dtype=torch.float64)
    rate = (len(known) / whole).log().expand(len(known))
    columns = [seconds.log(), pause.log1p(), (start - start[0]) / whole, (letters / seconds).log(), rate]
    features[known] = torch.stack(columns, dim=1).float()
    return features


def unknown_words() -> Counter[str]:
    """Words of CMU-MOSI that have no vector, with how often each is said.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If a file is damaged.
    """
    vectors = _read_vectors()
    return Counter(word for said in _read_words() for word, *_ in said.words if word not in vectors)


def _path(name: str) -> Path:
    path = data_folder() / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file; set MFM_DATA to the folder that holds the tables of CMU-MOSI, or import the .csd "
            "files of CMU-MultimodalSDK under another name: python -m mfm_core data import *.csd --as my_mosi"
        )
    return path


def _read_words() -> list[Utterance]:
    path = _path("cmu_mosi_words.json")
    if (size := path.stat().st_size) > _MAX_JSON_BYTES:
        raise ValueError(f"{path}: expected at most {_MAX_JSON_BYTES} bytes, got {size}")
    try:
        return _UTTERANCES.validate_json(path.read_bytes())["utterances"]
    except ValidationError as error:
        problem = error.errors()[0]
        raise ValueError(f"{path}: {'.'.join(str(part) for part in problem['loc'])}: {expectation(problem)}") from None
    except KeyError:
        raise ValueError(f"{path}: expected the key utterances, which is missing") from None


def _read_table() -> dict[str, Array]:
    path = _path("cmu_mosi_utterances.npz")
    table, expected = read_archive(path, LOCAL_LIMITS), ("ids", "audio", "sentiment", "split")
    if missing := [key for key in expected if key not in table]:
        raise ValueError(f"{path}: expected arrays {', '.join(expected)}, missing {', '.join(missing)}")
    n = len(table["ids"])
    if table["audio"].ndim != 2 or any(len(table[key]) != n for key in expected):
        shapes = ", ".join(f"{key} {table[key].shape}" for key in expected)
        raise ValueError(f"{path}: expected audio (N, d) and N of each other array, got {shapes}")
    if strange := sorted(set(table["split"].tolist()) - {"train", "valid", "test"}):
        raise ValueError(f"{path}: expected split to be train, valid or test, got {str(strange[0])!r}")
    return table


def _read_vectors() -> dict[str, npt.NDArray[np.float32]]:
    """The vector of each word, ``(50,)``."""
    path = _path("glove50_top30k.npz")
    table = read_archive(path, LOCAL_LIMITS)
    words, vectors = table.get("words", np.empty(0)), table.get("vectors", np.empty((0, 0)))
    if words.dtype.kind != "U" or vectors.ndim != 2 or words.shape != vectors.shape[:1] or len(words) == 0:
        raise ValueError(f"{path}: expected words (N,) and vectors (N, d), got {words.shape} and {vectors.shape}")
    return dict(zip(words.tolist(), numbers(vectors, f"{path}: vectors"), strict=True))
