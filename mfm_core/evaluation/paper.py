"""The numbers that the paper prints: Tables 1 and 2, Tables 1 to 3 of its supplement, and what it says of Figure 5(b).

Facts and figures of Tsai et al., "Learning Factorized Multimodal Representations", ICLR 2019 (arXiv:1806.06176),
for comparison and nothing else. Table 1 holds rows of the supplement's tables, and no number of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mfm_core.evaluation.figures import Unit

SOURCE = "Tsai et al., Learning Factorized Multimodal Representations, ICLR 2019"
TRAITS = (
    *("confident", "passionate", "voice", "dominant", "credible", "vivid", "expertise", "entertaining"),
    *("reserved", "trusting", "relaxed", "outgoing", "thorough", "nervous", "persuasive", "humorous"),
)
EMOTIONS = ("happy", "sad", "angry", "frustrated", "excited", "neutral")

_POM = """
majority -0.041 -0.029 -0.104 -0.031 -0.122 -0.044 -0.065 -0.105 0.006 -0.077 -0.024 -0.085 -0.130 0.097 -0.127 -0.069
svm_md 0.063 0.086 -0.004 0.141 0.113 0.076 0.134 0.141 0.166 0.168 0.104 0.066 0.134 0.068 0.064 0.147
df 0.240 0.273 0.017 0.139 0.112 0.173 0.118 0.217 0.148 0.143 0.019 0.093 0.041 0.136 0.168 0.259
ef_lstm 0.200 0.302 0.031 0.079 0.170 0.244 0.265 0.240 0.142 0.062 0.083 0.152 0.260 0.105 0.217 0.227
ef_slstm 0.221 0.327 0.042 0.151 0.177 0.239 0.268 0.248 0.204 0.069 0.092 0.215 0.252 0.159 0.218 0.196
ef_blstm 0.162 0.289 -0.034 0.135 0.191 0.279 0.274 0.231 0.184 0.154 0.093 0.147 0.245 0.166 0.243 0.272
ef_sblstm 0.174 0.310 0.021 0.088 0.170 0.224 0.261 0.241 0.155 0.163 0.097 0.120 0.215 0.121 0.216 0.171
mv_lstm 0.358 0.416 0.131 0.146 0.280 0.347 0.323 0.326 0.295 0.237 0.119 0.238 0.284 0.258 0.239 0.317
bc_lstm 0.359 0.425 0.081 0.234 0.358 0.417 0.450 0.361 0.293 0.109 0.075 0.078 0.363 0.184 0.344 0.319
tfn 0.089 0.201 0.030 0.020 0.124 0.204 0.171 0.223 -0.051 -0.064 0.114 0.060 0.048 -0.002 0.106 0.213
mfn 0.395 0.428 0.193 0.313 0.367 0.431 0.452 0.395 0.333 0.296 0.255 0.259 0.381 0.318 0.377 0.386
mfm 0.431 0.450 0.197 0.411 0.380 0.448 0.467 0.452 0.368 0.212 0.309 0.333 0.404 0.333 0.334 0.408
"""
_SENTIMENT = """
majority 50.2 50.1 17.5 1.864 0.057 40.0 22.9 42.4 25.2
rf 56.4 56.3 21.3 - - 70.0 69.8 33.3 32.3
svm_md 71.6 72.3 26.5 1.100 0.559 68.8 68.7 42.4 37.9
thmm 53.8 53.0 17.8 - - 50.7 45.4 42.4 27.9
sal_cnn 73.0 - - - - - - - -
c_mkl 72.3 72.0 30.2 - - - - - -
ef_hcrf 65.3 65.4 24.6 - - 50.0 50.3 44.1 43.8
ef_ldhcrf 64.0 64.0 24.6 - - 73.8 73.1 45.8 45.0
mv_hcrf 44.8 27.7 22.6 - - 36.3 19.3 27.1 19.7
mv_ldhcrf 64.0 64.0 24.6 - - 68.8 67.1 44.1 44.0
cmv_hcrf 44.8 27.7 22.3 - - 36.3 19.3 30.5 14.3
cmv_ldhcrf 63.6 63.6 24.6 - - 51.3 51.4 42.4 42.0
ef_hsshcrf 63.3 63.4 24.6 - - 50.0 51.3 37.3 35.6
mv_hsshcrf 65.6 65.7 24.6 - - 62.5 63.1 44.1 44.0
df 72.3 72.1 26.8 1.143 0.518 65.0 58.7 45.8 32.0
ef_lstm 74.3 74.3 32.4 1.023 0.622 66.3 65.0 44.1 43.6
ef_slstm 72.7 72.8 29.3 1.081 0.600 72.5 70.9 40.7 41.2
ef_blstm 72.0 72.0 28.9 1.080 0.577 63.8 49.6 42.4 38.1
ef_sblstm 73.3 73.2 26.8 1.037 0.619 62.5 49.0 37.3 33.2
mv_lstm 73.9 74.0 33.2 1.019 0.601 72.5 72.3 45.8 43.3
bc_lstm 73.9 73.9 28.7 1.079 0.581 70.0 70.1 45.0 45.1
tfn 74.6 74.5 28.7 1.040 0.587 72.5 72.6 45.0 41.0
marn 77.1 77.0 34.7 0.968 0.625 71.3 70.2 48.3 44.9
mfn 77.4 77.3 34.1 0.965 0.632 73.8 73.1 51.7 51.6
mfm 77.3 77.2 35.4 0.961 0.661 76.3 76.2 53.3 52.4
"""
_IEMOCAP = """
majority 85.6 79.0 79.4 70.3 75.8 65.4 79.5 70.4 89.6 84.7 59.1 44.0
svm_md 86.1 81.5 81.1 78.8 82.5 82.4 77.3 71.1 86.4 86.0 65.2 64.9
rf 85.5 80.7 80.1 76.5 81.9 82.0 78.6 75.3 88.9 85.1 63.2 57.3
thmm 85.6 79.2 79.5 79.8 79.3 73.0 71.6 69.6 86.0 84.6 58.6 46.4
ef_hcrf 85.7 79.2 79.4 70.3 75.8 65.4 79.5 70.4 89.6 84.7 59.1 44.0
ef_ldhcrf 85.8 79.5 79.4 70.3 75.8 65.4 79.5 70.4 89.6 84.7 59.1 44.0
mv_hcrf 15.0 4.9 79.4 70.3 24.2 9.4 79.5 70.4 89.6 84.7 59.1 44.0
mv_ldhcrf 85.7 79.2 79.4 70.3 75.8 65.4 79.5 70.4 89.6 84.7 59.1 44.0
cmv_hcrf 14.4 3.6 79.4 70.3 24.2 9.4 79.5 70.4 89.6 84.7 59.1 44.0
cmv_ldhcrf 85.8 79.5 79.4 70.3 75.8 65.4 79.5 70.4 89.6 84.7 59.1 44.0
ef_hsshcrf 85.8 79.5 79.4 70.3 75.8 65.4 79.5 70.4 89.6 84.7 59.1 44.0
mv_hsshcrf 85.8 79.5 79.4 70.3 75.8 65.4 79.5 70.4 89.6 84.7 59.1 44.0
df 86.0 81.0 81.8 81.2 75.8 65.4 78.4 76.8 89.6 84.7 59.1 44.0
ef_lstm 85.2 83.3 82.1 81.1 84.5 84.3 79.5 70.4 89.6 84.7 68.2 67.1
ef_slstm 85.6 79.0 80.7 80.2 82.8 82.2 77.5 69.7 89.3 86.2 68.8 68.5
ef_blstm 85.0 83.7 81.8 81.6 84.2 83.3 79.5 70.4 89.6 84.7 67.1 66.6
ef_sblstm 86.0 84.2 80.2 80.5 85.2 84.5 79.5 70.4 89.6 84.7 67.8 67.1
mv_lstm 85.9 81.3 80.4 74.0 85.1 84.3 79.5 73.8 88.9 85.8 67.0 66.7
bc_lstm 84.9 81.7 83.2 81.7 83.5 84.2 80.0 76.1 86.9 85.4 67.5 64.1
tfn 84.8 83.6 83.4 82.8 83.4 84.2 74.1 74.3 75.6 78.0 67.5 65.4
marn 86.7 83.6 82.0 81.2 84.6 84.2 79.5 76.6 89.6 87.1 66.8 65.9
mfn 90.1 85.3 85.8 79.2 87.0 86.0 80.3 76.9 89.8 86.3 71.8 61.7
mfm 90.2 85.8 88.4 86.1 87.5 86.7 80.4 74.5 90.0 87.1 72.1 68.1
"""
_ABLATIONS = """
m_e 76.1 76.0 28.7 1.043 0.634
m_d 74.6 74.7 28.7 1.024 0.626
m_c 76.5 76.5 31.9 1.071 0.647
m_b 74.9 75.0 33.1 1.023 0.627
m_a 75.1 75.1 32.4 1.039 0.645
mfm 77.3 77.2 35.4 0.961 0.661
"""

_UNITS: dict[str, Unit] = {"r": "correlation", "mae": "score"}
_SENTIMENT_COLUMNS = (
    *(("cmu_mosi", "", key) for key in ("a2", "f1", "a7", "mae", "r")),
    *(("ict_mmmo", "", key) for key in ("a2", "f1")),
    *(("youtube", "", key) for key in ("accuracy", "f1")),
)


@dataclass(frozen=True)
class PaperValue:
    """A number of the paper.

    Attributes:
        table: Where it stands.
        dataset: Name of the data set in the registry.
        subject: Trait or emotion; empty for sentiment.
        system: Name of the system in the registry.
        key: Of the figure that it is to be compared with.
        unit: What the value is read in; shares are 0 to 1, where the paper prints percentages.
        higher_is_better: Whether a greater value is better.
        value: The number.
    """

    table: str
    dataset: str
    subject: str
    system: str
    key: str
    unit: Unit
    higher_is_better: bool
    value: float


def paper_values() -> Iterator[PaperValue]:
    """Every number of the supplement's Tables 1 to 3 and of Table 2, row by row."""
    emotions = [("iemocap", emotion, key) for emotion in EMOTIONS for key in ("a2", "f1")]
    yield from _table("Supplement, Table 1", _POM, [("pom", trait, "r") for trait in TRAITS])
    yield from _table("Supplement, Table 2", _SENTIMENT, _SENTIMENT_COLUMNS)
    yield from _table("Supplement, Table 3", _IEMOCAP, emotions)
    yield from _table("Table 2", _ABLATIONS, _SENTIMENT_COLUMNS[:5])


def _table(name: str, rows: str, columns: Sequence[tuple[str, str, str]]) -> Iterator[PaperValue]:
    for line in rows.strip().splitlines():
        system, *cells = line.split()
        for (dataset, subject, key), cell in zip(columns, cells, strict=True):
            if cell != "-":
                unit = _UNITS.get(key, "share")
                value = round(float(cell) / 100, 3) if unit == "share" else float(cell)
                yield PaperValue(name, dataset, subject, system, key, unit, key != "mae", value)
