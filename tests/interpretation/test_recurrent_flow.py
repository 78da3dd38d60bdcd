"""The Jacobian of a recurrent decoder, against torch.func in forward mode and in reverse mode."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mfm_core.interpretation.gradient_flow import forward_flow
from mfm_core.interpretation.recurrent_flow import recurrent_flow
from mfm_core.networks.recurrent import RecurrentDecoder


@settings(max_examples=25)
@given(
    n=st.integers(1, 11),
    hidden=st.integers(1, 6),
    d_x=st.integers(1, 8),
    length=st.integers(1, 5),
    known=st.integers(1, 6),
    width=st.none() | st.integers(1, 3),
    output=st.booleans(),
    each=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_by_hand_and_in_forward_mode_agree(n, hidden, d_x, length, known, width, output, each, seed) -> None:
    generator = torch.Generator().manual_seed(seed)
    maps = None if width is None else (known, width)
    decoder = RecurrentDecoder(5, d_x, "output" if output else "hidden", hidden=hidden, length=known, maps=maps)
    decoder.requires_grad_(requires_grad=False).double().eval()
    for parameter in decoder.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator))
    code = torch.randn(n, 5, generator=generator).double()
    directions = torch.randn(*([n] if each else []), 3, 2, generator=generator).double() if seed % 3 else None
    scale = torch.rand(d_x, generator=generator).double() if seed % 2 else None
    mask = torch.rand(n, length, generator=generator) < 0.7
    expected = forward_flow(decoder, code, mask, slice(2, None), directions, scale=scale)
    found = recurrent_flow(decoder, code, mask, slice(2, None), directions, scale=scale)
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-14)


@pytest.mark.parametrize("width", [None, 12])
def test_it_is_the_norm_of_jacrevs_jacobian_at_full_size(width: int | None, generator: torch.Generator) -> None:
    decoder = RecurrentDecoder(64, 100, hidden=80, length=20, maps=None if width is None else (20, width))
    decoder.requires_grad_(requires_grad=False).eval()
    for parameter in decoder.parameters():
        parameter.copy_(0.2 * torch.randn(parameter.shape, generator=generator))
    code = torch.randn(1, 64, generator=generator)
    mask = torch.ones(1, 20, dtype=torch.bool)
    jacobian = torch.func.jacrev(lambda f: decoder(torch.cat([code[:, :40], f], dim=1), mask)[0])(code[:, 40:])
    found = recurrent_flow(decoder, code, mask, slice(40, None))[0]
    torch.testing.assert_close(
        found, jacobian.square().sum(dim=(1, 2, 3)), rtol=1e-5 if width is None else 1e-4, atol=0
    )
