"""Words of generated language: the nearest vector of the vocabulary at each step."""

from __future__ import annotations

import torch
from torch import Tensor

from mfm_core.studio.clips import Clips


def closest_words(clips: Clips, vectors: Tensor, n: int = 1) -> tuple[tuple[str, ...], ...]:
    """The words of the vocabulary closest to each vector, by angle, features standardised; the closest first.

    Args:
        clips: Whose vocabulary and scaling count.
        vectors: Standardised, ``(M, 50)``.
        n: Words of each vector.

    Returns:
        Of each vector ``n`` words.

    Raises:
        ValueError: If the shape is not as said.
    """
    if vectors.ndim != 2 or vectors.shape[1] != clips.vectors.shape[1]:
        raise ValueError(f"vectors: expected (M, {clips.vectors.shape[1]}), got {tuple(vectors.shape)}")
    scaling = clips.scaling["language"]
    table = scaling.apply(clips.vectors, torch.ones(len(clips.vectors), dtype=torch.bool))
    table = torch.nn.functional.normalize(table, dim=1)  # (V, 50)
    chosen = (vectors @ table.T).topk(n, dim=1).indices  # the length of a vector changes no angle's order
    words = clips.vocabulary
    return tuple(tuple(words[i] for i in row) for row in chosen.tolist())


def nearest_words(clips: Clips, language: Tensor, mask: Tensor) -> tuple[tuple[str, ...], ...]:
    """The word of the vocabulary nearest to each generated vector, by angle, features standardised.

    Args:
        clips: Whose vocabulary and scaling count.
        language: Generated language, standardised, ``(N, T, 50)``.
        mask: Which steps are real, ``(N, T)``.

    Returns:
        Of each sample a word a real step.

    Raises:
        ValueError: If the shapes are not as said.
    """
    if language.ndim != 3 or language.shape[:2] != mask.shape or language.shape[2] != clips.vectors.shape[1]:
        wanted = f"(N, T, {clips.vectors.shape[1]}) and (N, T)"
        raise ValueError(f"language, mask: expected {wanted}, got {tuple(language.shape)} and {tuple(mask.shape)}")
    samples = zip(language, mask, strict=True)
    return tuple(tuple(word for (word,) in closest_words(clips, sample[real])) for sample, real in samples)
