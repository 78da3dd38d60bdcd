"""Acoustic features of each word, measured from the waveform with librosa."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mfm_core.studio.making.voice import SAMPLE_RATE, Waveform

N_MFCC = 13
FEATURES = (
    "pitch",
    "pitch_above_speaker",
    "pitch_range",
    "pitch_slope",
    "energy",
    "energy_above_speaker",
    "energy_range",
    "voicing",
    "zero_crossings",
    "spectral_centroid",
    "spectral_bandwidth",
    "spectral_rolloff",
    "spectral_flatness",
    "duration",
    "duration_a_letter",
    *(f"mfcc_{i}" for i in range(1, N_MFCC + 1)),
)
_FRAME, _HOP = 1024, 220  # 46 ms, every 10 ms
_LOWEST, _HIGHEST = 60.0, 500.0  # of the pitch, Hz
_PERIODIC = 0.5  # correlation with the signal one period later above which a frame is voiced

Array = npt.NDArray[np.float32]


def word_features(waveform: Waveform, times: Array, words: tuple[str, ...]) -> Array:
    """Expected values of the frames of each word: pitch in semitones, energy in dB, spectrum, voicing, duration.

    Args:
        waveform: At 22,050 Hz.
        times: Start and end of each word in seconds, ``(T, 2)``.
        words: The words.

    Returns:
        ``(T, len(FEATURES))`` float32.
    """
    frames = _frame_features(waveform)
    centre = np.arange(len(frames["energy"])) * _HOP / SAMPLE_RATE
    speech = np.zeros(len(centre), bool)
    inside = []
    for start, end in times:
        chosen = (centre >= start) & (centre < end)
        if not chosen.any():
            chosen[np.abs(centre - (start + end) / 2).argmin()] = True
        inside.append(chosen)
        speech |= chosen
    voiced = frames["voicing"] > _PERIODIC
    usual_pitch = np.median(frames["pitch"][speech & voiced]) if (speech & voiced).any() else 0.0
    usual_energy = np.median(frames["energy"][speech])
    rows = [
        _word(frames, chosen, voiced & chosen, (float(usual_pitch), float(usual_energy)), end - start, len(word))
        for chosen, (start, end), word in zip(inside, times, words, strict=True)
    ]
    return np.array(rows, np.float32)


def _word(
    frames: dict[str, npt.NDArray[np.float64]],
    chosen: npt.NDArray[np.bool_],
    voiced: npt.NDArray[np.bool_],
    usual: tuple[float, float],
    seconds: float,
    n_letters: int,
) -> list[float]:
    """The features of one word, in the order of ``FEATURES``."""
    pitch = frames["pitch"][voiced]
    if len(pitch) == 0:  # nothing voiced: as the speaker usually is
        pitch = np.array([usual[0]])
    energy = frames["energy"][chosen]
    third = max(len(pitch) // 3, 1)
    spectrum = [float(frames[name][chosen].mean()) for name in ("zero", "centroid", "bandwidth", "rolloff", "flatness")]
    return [
        float(pitch.mean()),
        float(pitch.mean()) - usual[0],
        float(np.ptp(pitch)),
        float(pitch[-third:].mean() - pitch[:third].mean()),
        float(energy.mean()),
        float(energy.mean()) - usual[1],
        float(np.ptp(energy)),
        float((frames["voicing"][chosen] > _PERIODIC).mean()),
        *spectrum,
        seconds,
        seconds / n_letters,
        *frames["mfcc"][:, chosen].mean(1).tolist(),
    ]


def _frame_features(waveform: Waveform) -> dict[str, npt.NDArray[np.float64]]:
    """Everything measured, a frame each 10 ms: ``(frames,)``, of the MFCC ``(13, frames)``."""
    import librosa

    magnitude = np.abs(librosa.stft(waveform, n_fft=_FRAME, hop_length=_HOP))
    power = magnitude**2
    mel = librosa.feature.melspectrogram(S=power, sr=SAMPLE_RATE, n_mels=40)
    period = librosa.yin(waveform, fmin=_LOWEST, fmax=_HIGHEST, sr=SAMPLE_RATE, frame_length=_FRAME, hop_length=_HOP)
    features = {
        "pitch": 12 * np.log2(period / _LOWEST),
        "voicing": _periodicity(waveform, SAMPLE_RATE / period),
        "energy": 10 * np.log10(power.mean(0) + 1e-8),
        "zero": librosa.feature.zero_crossing_rate(waveform, frame_length=_FRAME, hop_length=_HOP)[0],
        "centroid": librosa.feature.spectral_centroid(S=magnitude, sr=SAMPLE_RATE)[0],
        "bandwidth": librosa.feature.spectral_bandwidth(S=magnitude, sr=SAMPLE_RATE)[0],
        "rolloff": librosa.feature.spectral_rolloff(S=magnitude, sr=SAMPLE_RATE)[0],
        "flatness": np.log(librosa.feature.spectral_flatness(S=magnitude)[0]),
        "mfcc": librosa.feature.mfcc(S=librosa.power_to_db(mel), n_mfcc=N_MFCC),
    }
    n_frames = min(value.shape[-1] for value in features.values())
    return {name: value[..., :n_frames].astype(np.float64) for name, value in features.items()}


def _periodicity(waveform: Waveform, period: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How alike each frame is to the signal one period later, -1 to 1: ``(frames,)``."""
    lag = np.round(period).astype(np.int64)
    half = _FRAME // 2
    padded = np.pad(waveform.astype(np.float64), (half, half + int(SAMPLE_RATE / _LOWEST) + 1))
    index = np.arange(len(lag))[:, None] * _HOP + np.arange(half)[None] + half // 2
    now, later = padded[index], padded[index + lag[:, None]]
    norm = np.sqrt((now**2).sum(1) * (later**2).sum(1))
    likeness: npt.NDArray[np.float64] = (now * later).sum(1) / np.maximum(norm, 1e-9)
    return likeness
