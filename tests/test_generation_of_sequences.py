"""Operations on latents work on those of sequences, and keep their length."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mfm_core import (
    MFM,
    AggregatePosterior,
    ModelConfig,
    combine,
    directions,
    fix,
    interpolate,
    swap,
    translate,
    traverse,
)
from mfm_core.networks.classifier import Discriminative
from tests.sequences import Inputs, everything, fill


def test_operations_keep_the_length_of_what_they_keep(
    sequence_model: MFM, sequences: Inputs, real: Tensor, generator: torch.Generator
) -> None:
    latents, drawn = sequence_model.encode(sequences, real), sequence_model.sample(6, generator=generator)
    swapped = swap(latents, with_=drawn, factor="y")
    assert torch.equal(swapped.mask, real)
    assert torch.equal(swapped.y, drawn.y)
    assert torch.equal(fix(latents[[1]], drawn, "y").mask, drawn.mask)
    assert torch.equal(combine(drawn[:2], latents).mask, real.repeat(2, 1))
    assert torch.equal(interpolate(latents[[1]], drawn[[0]], 4).mask, real[[1]].expand(4, 7))
    moved = traverse(latents[[2]], factor="visual", direction=torch.ones(4), amounts=torch.arange(3.0))
    assert torch.equal(moved.mask, real[[2]].expand(3, 7))
    for operated in (swapped, moved):
        assert all(torch.isfinite(x).all() for x in sequence_model.decode(operated).modalities.values())
    given = {"language": sequences["language"]}
    inferred = translate(sequence_model, given, mask=real)
    assert torch.equal(inferred.modalities["visual"], everything(sequence_model, given, real)["x.visual"])
    styled = translate(sequence_model, given, mask=real, generator=generator)
    assert not torch.equal(styled.modalities["visual"], inferred.modalities["visual"])
    assert (styled.modalities["visual"][~real] == 0).all()


@pytest.mark.parametrize("factor", ["y", "acoustic"])
def test_directions_are_ranked_by_the_change_of_a_feature_at_a_real_step(
    sequence_model: MFM, sequences: Inputs, real: Tensor, factor: str
) -> None:
    latents = sequence_model.encode(sequences, real)
    vectors, effects = directions(sequence_model, latents, factor=factor, n_directions=2)
    step = 1e-2
    for vector, effect in zip(vectors, effects, strict=True):
        ends = [
            sequence_model.decode(latents.replace(**{factor: latents.blocks()[factor] + sign * step * vector}))
            for sign in (-1, 1)
        ]
        shown = list(sequences) if factor == "y" else [factor]
        changes = [(ends[1].modalities[name] - ends[0].modalities[name])[real] / (2 * step) for name in shown]
        measured = torch.cat([change.flatten() for change in changes]).square().mean().sqrt()
        assert float(effect) == pytest.approx(float(measured), rel=0.02)


def test_samples_of_the_aggregate_posterior_have_lengths_of_real_sequences(
    sequence_model: MFM, sequences: Inputs, real: Tensor, generator: torch.Generator
) -> None:
    posterior = AggregatePosterior.fit(sequence_model.encode(sequences, real), n_components=2)
    drawn = posterior.sample(200, generator=generator)
    assert drawn.mask is not None
    assert {tuple(row) for row in drawn.mask.tolist()} == {tuple(row) for row in real.tolist()}
    assert sequence_model.decode(drawn).label.shape == (200, 2)


def test_a_discriminative_system_of_sequences_is_the_same_network(
    sequence_config: ModelConfig, sequences: Inputs, real: Tensor
) -> None:
    system = Discriminative(sequence_config).eval()
    scores = system(fill(sequences, real, torch.nan), real)
    assert scores.shape == (6, 2)
    torch.testing.assert_close(system.fusion.read_out(system.penultimate(sequences, real)), scores)
