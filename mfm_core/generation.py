"""Operations on latents that a class asks for: swap, fix and sample, traverse, interpolate, translate."""

from __future__ import annotations

from mfm_core.representations import Latents


def swap(latents: Latents, *, with_: Latents, factor: str | tuple[str, ...]) -> Latents:
    """Replace a block of ``latents`` by that of ``with_``: other's Z_y, our Z_a.

    Args:
        latents: What is kept.
        with_: Where the named block comes from; as many samples.
        factor: ``"y"``, a modality's name (its Z_a), or several of them.

    Raises:
        ValueError: If the factor is unknown or the numbers of samples differ.
    """
    names = (factor,) if isinstance(factor, str) else factor
    latents.check_names(names)
    with_.check_names(names)
    if len(with_) != len(latents):
        raise ValueError(f"with_: expected {len(latents)} samples, as in latents, got {len(with_)}")
    return latents.replace(**{name: with_.blocks()[name] for name in names})
