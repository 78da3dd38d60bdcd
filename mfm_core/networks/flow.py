"""A conditional normalizing flow.

Affine couplings (Dinh et al., 2017, "Density estimation using Real NVP"), and between them learned linear maps (Kingma
and Dhariwal, 2018, "Glow", section 3.2), without which numbers that depend on each other closely are hard to part.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mfm_core.networks.fully_connected import fully_connected

MAX_LOG_SCALE = 1.5


def identity_matrix(d: int) -> Tensor:
    """The identity, (d, d), where a model may be built without memory.

    ``torch.eye`` then imports PyTorch's compiler, which takes seconds at the first model that a process loads.
    """
    return torch.zeros(d, d).fill_diagonal_(1.0)


class Coupling(nn.Module):
    """Scales and shifts every second number by what the others and the context say; at first by nothing.

    Args:
        d: Numbers.
        d_context: Size of the context.
        hidden: Width of the network that says how much.
        odd: Whether the odd ones are moved.
    """

    def __init__(self, d: int, d_context: int, hidden: int, *, odd: bool) -> None:
        super().__init__()
        self.odd = odd
        self.say = fully_connected(d + d_context, hidden, hidden, 2 * d)
        with torch.no_grad():
            for parameter in self.say[-1].parameters():
                parameter.zero_()

    def forward(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """(N, d) and (N, d_context) -> (N, d), and the logarithm of its Jacobian's determinant (N,)."""
        numbers = torch.arange(x.shape[1], device=x.device)
        moved = (numbers % 2 == int(self.odd)).to(x.dtype) if len(numbers) > 1 else torch.ones_like(x[0])
        said = self.say(torch.cat([x * (1 - moved), context], dim=1)).to(x.dtype)
        log_scale, shift = said.chunk(2, dim=1)
        log_scale = MAX_LOG_SCALE * torch.tanh(log_scale / MAX_LOG_SCALE) * moved
        return x * log_scale.exp() + shift * moved, log_scale.sum(1)


class Mixing(nn.Module):
    """A learned linear map; at first the identity.

    Args:
        d: Numbers.
    """

    def __init__(self, d: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(identity_matrix(d))

    def forward(self, x: Tensor, _context: Tensor) -> tuple[Tensor, Tensor]:
        """(N, d) -> (N, d), and the logarithm of the determinant's size, a scalar."""
        with torch.autocast(x.device.type, enabled=False):
            return x @ self.weight.T, torch.linalg.slogdet(self.weight).logabsdet


class ConditionalFlow(nn.Module):
    """An invertible map that, given a context, turns codes into N(0, I): they then tell nothing of the context.

    Args:
        d: Size of a code.
        d_context: Size of the context.
        depth: Couplings.
        hidden: Width of their networks.
        mixed: Couplings after those, each behind a linear map.
    """

    def __init__(self, d: int, d_context: int, depth: int, hidden: int, mixed: int = 0) -> None:
        super().__init__()
        self.couplings = nn.ModuleList(Coupling(d, d_context, hidden, odd=n % 2 == 1) for n in range(depth))
        self.mixed = nn.ModuleList()
        for n in range(mixed):
            self.mixed += [Mixing(d), Coupling(d, d_context, hidden, odd=n % 2 == 1)]

    def forward(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Codes (N, d) and contexts (N, d_context) -> (N, d), and the logarithm of the Jacobian's determinant (N,)."""
        begun, log_determinant = _through(self.couplings, x, context)
        z, more = _through(self.mixed, begun, context)
        return z, log_determinant + more

    def costs(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Negative log-likelihood, averaged over the batch and over numbers.

        Returns:
            The surprise -log p(x | context) under N(0, I) after the map, in nats; and the squared distance that the
            mixed couplings move what the others made of x.
        """
        begun, log_determinant = _through(self.couplings, x, context)
        z, more = _through(self.mixed, begun, context)
        surprise = 0.5 * (z.square() + math.log(2 * math.pi)).sum(1) - log_determinant - more
        return surprise.mean() / x.shape[1], (z - begun).square().mean()


def _through(layers: nn.ModuleList, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
    """Apply all layers to x, and sum their logarithms of the Jacobian's determinant."""
    log_determinant = x.new_zeros(len(x))
    for layer in layers:
        x, more = layer(x, context)
        log_determinant = log_determinant + more
    return x, log_determinant
