"""The flow that takes the label out of Z_a: its determinant, its surprise, and what it leaves to read."""

from __future__ import annotations

import pytest
import torch

from mfm_core.config import ImageModality, LabelConfig
from mfm_core.evaluation.statistics import probe_hits
from mfm_core.networks.flow import ConditionalFlow
from mfm_core.networks.style import StyleEncoder


def moved(flow: ConditionalFlow, generator: torch.Generator) -> ConditionalFlow:
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
    return flow


@pytest.mark.parametrize("mixed", [0, 2])
@pytest.mark.parametrize("d", [1, 2, 5, 6])
def test_the_determinant_is_that_of_the_jacobian(d, mixed, generator):
    flow = moved(ConditionalFlow(d, 3, 4, 8, mixed), generator).double()
    x = torch.randn(7, d, generator=generator, dtype=torch.float64)
    context = torch.rand(7, 3, generator=generator, dtype=torch.float64)
    _, found = flow(x, context)
    for n in range(7):
        jacobian = torch.autograd.functional.jacobian(lambda row, n=n: flow(row[None], context[[n]])[0][0], x[n])
        assert found[n].item() == pytest.approx(torch.linalg.slogdet(jacobian).logabsdet.item(), rel=1e-5, abs=1e-5)


def test_mixed_couplings_without_a_flow_are_refused():
    with pytest.raises(ValueError, match="flow_mixed: expected 0 where flow is 0, got 3"):
        ImageModality(shape=(1, 28, 28), d_z=2, d_f=2, flow_mixed=3)


def test_a_new_flow_changes_nothing(generator):
    x = torch.randn(9, 4, generator=generator)
    z, log_determinant = ConditionalFlow(4, 2, 3, 8, 2)(x, torch.rand(9, 2, generator=generator))
    assert torch.equal(z, x)
    assert torch.equal(log_determinant, torch.zeros(9))


@pytest.mark.parametrize("mixed", [0, 2])
def test_the_costs_are_the_negative_log_density_and_the_way_of_the_mixed_couplings_a_number(mixed, generator):
    x, context = torch.randn(11, 4, generator=generator), torch.rand(11, 2, generator=generator)
    flow = moved(ConditionalFlow(4, 2, 3, 8, mixed), generator)
    z, log_determinant = flow(x, context)
    density = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(1) + log_determinant
    begun = x
    for coupling in flow.couplings:
        begun = coupling(begun, context)[0]
    expected = [-density.mean().item() / 4, torch.nn.functional.mse_loss(z, begun).item()]
    assert [cost.item() for cost in flow.costs(x, context)] == pytest.approx(expected, rel=1e-5)
    assert (expected[1] > 0) == (mixed > 0)


def test_a_trained_flow_leaves_the_normal_distribution_of_which_no_label_can_be_read(generator):
    """Three classes of codes that differ in place, size and shape: nearly all of them can be told apart before."""
    labels = torch.randint(3, (6000,), generator=generator)
    x = torch.randn(6000, 2, generator=generator)
    x[:, 1] += torch.tensor([0.0, 0.5, -0.5])[labels] * x[:, 0] ** 2
    x = torch.tensor([0.5, 1.0, 2.0])[labels, None] * x + torch.tensor([[0.0, 4.0], [3.0, 0.0], [-3.0, 0.0]])[labels]
    context = torch.nn.functional.one_hot(labels).float()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        flow = ConditionalFlow(2, 3, 4, 32)
    optimizer = torch.optim.Adam(flow.parameters(), lr=0.02)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 250)
    for _ in range(250):
        batch = torch.randint(4000, (256,), generator=generator)
        optimizer.zero_grad()
        torch.autograd.backward(flow.costs(x[batch], context[batch])[0])
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        z, _ = flow(x, context)
    before, after = (
        float(probe_hits(codes[:4000], labels[:4000], codes[4000:], labels[4000:]).float().mean()) for codes in (x, z)
    )
    assert before > 0.9
    assert after < 0.42  # chance is a third
    assert z.mean(0).tolist() == pytest.approx([0, 0], abs=0.1)
    assert z.T.cov().flatten().tolist() == pytest.approx([1, 0, 0, 1], abs=0.15)


def test_of_the_maps_that_leave_the_normal_distribution_a_near_flow_finds_the_nearest(generator):
    """From N(m, S) to N(0, I) it is S^(-1/2) (x - m), the map of optimal transport; many others turn its outcome."""
    labels = torch.randint(2, (4000,), generator=generator)
    roots = torch.tensor([[[2.0, 0.8], [0.8, 1.0]], [[1.0, -0.6], [-0.6, 2.0]]])  # symmetric
    nearest = torch.randn(4000, 2, generator=generator)
    x = torch.einsum("nij,nj->ni", roots[labels], nearest) + torch.tensor([[2.0, 0.0], [-2.0, 1.0]])[labels]
    context = torch.nn.functional.one_hot(labels).float()
    left = {}
    for weight in (0.0, 0.05):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            flow = ConditionalFlow(2, 2, 0, 32, 4)
        optimizer = torch.optim.Adam(flow.parameters(), lr=0.02)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 150)
        for _ in range(150):
            batch = torch.randint(4000, (256,), generator=generator)
            surprise, way = flow.costs(x[batch], context[batch])
            optimizer.zero_grad()
            torch.autograd.backward(surprise + weight * way)
            optimizer.step()
            schedule.step()
        with torch.no_grad():
            left[weight] = (flow(x, context)[0] - nearest).square().mean().item()
    assert left[0.05] < 0.05
    assert left[0.0] > 2 * left[0.05]


@pytest.mark.parametrize("kind", ["classes", "scores"])
def test_the_encoder_of_style_is_the_flow_after_the_code_and_does_not_train_it(kind, generator):
    modality = ImageModality(shape=(1, 8, 8), d_z=3, d_f=2, channels=(4,), fusion_channels=(4,), hidden=6, flow=2)
    encoder = StyleEncoder(modality, LabelConfig(kind=kind, size=4), 5)
    moved(encoder.flow, generator)
    image, features = torch.rand(6, 1, 8, 8, generator=generator), torch.randn(6, 5, generator=generator)
    context = encoder.context(features)
    told = encoder.recognize(features)
    assert torch.equal(context, told.softmax(1) if kind == "classes" else told)
    code = encoder.code(image, features)
    z = encoder(image, features)
    torch.testing.assert_close(z, encoder.flow(code, context)[0])
    torch.autograd.backward(z.square().sum())
    assert all(parameter.grad is None for parameter in encoder.flow.parameters())
    ours = [parameter.grad.clone() for parameter in encoder.encoder.parameters()]
    wanted = torch.autograd.grad(
        encoder.flow(encoder.code(image, features), context.detach())[0].square().sum(),
        list(encoder.encoder.parameters()),
    )
    for found, expected in zip(ours, wanted, strict=True):
        torch.testing.assert_close(found, expected)
