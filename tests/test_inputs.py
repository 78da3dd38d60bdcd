"""Inputs of the public functions: converted where the meaning is plain, else refused in one sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

import mfm_core as mfm
from mfm_core import MFM, Latents

Tensors = dict[str, torch.Tensor]
CPU = torch.device("cpu")


def refused(message: str) -> pytest.RaisesExc[ValueError]:
    return pytest.raises(ValueError, match=f"^{re.escape(message)}$")


@pytest.fixture
def float64_by_default() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def equal(ours: Latents, theirs: Latents) -> None:
    for name, block in theirs.blocks().items():
        assert ours.blocks()[name].dtype == torch.float32
        assert torch.equal(ours.blocks()[name], block), name


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x.numpy(),
        lambda x: x.double(),
        lambda x: x.double().numpy(),
        lambda x: x.numpy().astype(">f4"),
        lambda x: np.broadcast_to(x.numpy(), x.shape),  # read-only
    ],
)
def test_other_arrays_of_the_same_numbers_are_read_alike(
    tiny_model: MFM, pictures: Tensors, convert: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    equal(tiny_model.encode({name: convert(x) for name, x in pictures.items()}), tiny_model.encode(pictures))


def test_half_precision_is_read_as_the_numbers_that_it_holds(tiny_model: MFM, pictures: Tensors) -> None:
    half = {name: x.half() for name, x in pictures.items()}
    equal(tiny_model.encode(half), tiny_model.encode({name: x.float() for name, x in half.items()}))


def test_sequences_and_their_mask_may_be_numpy(sequence_model: MFM, sequences: Tensors, real: torch.Tensor) -> None:
    given = {name: x.double().numpy() for name, x in sequences.items()}
    equal(sequence_model.encode(given, real.numpy()), sequence_model.encode(sequences, real))  # type: ignore[arg-type]
    for method in ("saliency", "leave_one_out", "gradient_flow"):
        ours = mfm.attribute(sequence_model, given, method, mask=real.numpy())  # type: ignore[arg-type]
        theirs = mfm.attribute(sequence_model, sequences, method, mask=real)
        assert all(torch.equal(ours[name], flow) for name, flow in theirs.items())


def test_latents_of_numpy_and_of_other_types_are_decoded_alike(tiny_model: MFM, latents: Latents) -> None:
    wanted = tiny_model.decode(latents)
    for other in (
        Latents(latents.y.numpy(), {name: z.numpy() for name, z in latents.a.items()}),  # type: ignore[arg-type,attr-defined]
        latents.map(lambda z: z.double()),
    ):
        generated = tiny_model.decode(other)
        assert torch.equal(generated.label, wanted.label)
        assert all(torch.equal(x, wanted.modalities[name]) for name, x in generated.modalities.items())


def test_a_global_default_of_float64_changes_nothing(
    tiny_model: MFM,
    sequence_model: MFM,
    pictures: Tensors,
    sequences: Tensors,
    real: torch.Tensor,
    request: pytest.FixtureRequest,
) -> None:
    def everything() -> list[torch.Tensor]:
        z = tiny_model.encode(pictures)
        generated = tiny_model.decode(z)
        found = [z.joint(), generated.label, *generated.modalities.values()]
        found += [tiny_model.sample(3, generator=torch.Generator().manual_seed(1)).joint()]
        found += list(mfm.directions(tiny_model, z, factor="svhn", n_directions=2))
        posterior = mfm.AggregatePosterior.fit(z, n_components=1, seed=0)
        found += [posterior.sample(4, generator=torch.Generator().manual_seed(1)).joint()]
        found += [mfm.interpolate(z[:1], z[1:2], 5).joint()]
        found += list(mfm.translate(tiny_model, {"svhn": pictures["svhn"]}).modalities.values())
        clips = sequence_model.encode(sequences, real)
        found += [clips.joint(), *sequence_model.decode(clips).modalities.values()]
        for reading in ("norm", "score", "relative"):
            found += list(mfm.gradient_flow(sequence_model, clips, reading=reading).values())  # type: ignore[arg-type]
        for method in ("integrated_gradients", "saliency", "leave_one_out"):
            found += list(mfm.attribute(sequence_model, sequences, method, mask=real).values())
        found += [
            torch.tensor(ratio.ratio, dtype=torch.float64) for ratio in mfm.dependency_ratios(tiny_model, z).values()
        ]
        return found

    wanted = everything()
    request.getfixturevalue("float64_by_default")
    found = everything()
    assert [x.dtype for x in found] == [x.dtype for x in wanted]
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, wanted, strict=True))


@pytest.mark.usefixtures("float64_by_default")
def test_models_are_of_float32_and_read_back_whatever_the_default_is(
    tiny_config: mfm.ModelConfig, stored: object
) -> None:
    assert {x.dtype for x in MFM(tiny_config).parameters()} == {torch.float32}
    assert mfm.load_pretrained(str(stored)).label_head.weight.dtype == torch.float32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x * 255, "mnist: expected pixels in [0, 1], got 0 to 255 in sample 0"),
        (lambda x: 2 * x - 1, "mnist: expected pixels in [0, 1], got -1 to 1 in sample 0"),
        (lambda x: torch.where(torch.arange(6)[:, None, None, None] == 4, x * torch.nan, x), "got nan in sample 4"),
        (lambda x: torch.where(torch.arange(6)[:, None, None, None] == 2, x - torch.inf, x), "got -inf in sample 2"),
    ],
)
def test_pictures_outside_0_to_1_are_refused_with_their_range(
    tiny_model: MFM, pictures: Tensors, change: Callable[[torch.Tensor], torch.Tensor], message: str
) -> None:
    x = pictures["mnist"].clone()
    x[0, 0, 0, :2] = torch.tensor([0.0, 1.0])
    with pytest.raises(ValueError, match=re.escape(message) + "$"):
        tiny_model.encode({"mnist": change(x)})
    with pytest.raises(ValueError, match=re.escape(message) + "$"):
        mfm.translate(tiny_model, {"mnist": change(x)})


def test_numbers_that_are_not_finite_are_refused_at_real_steps_alone(
    sequence_model: MFM, sequences: Tensors, real: torch.Tensor
) -> None:
    whole = sequence_model.encode(sequences, real)
    spoilt = {name: torch.where(real.unsqueeze(2), x, torch.nan) for name, x in sequences.items()}
    equal(sequence_model.encode(spoilt, real), whole)
    spoilt["acoustic"][2, 5, 1] = -torch.inf
    with refused("acoustic: expected finite numbers, got -inf at sample 2, step 5, feature 1"):
        sequence_model.encode(spoilt, real)
    large = {"acoustic": torch.full((6, 7, 4), 3e38)}  # of which the sum overflows
    assert sequence_model.encode(large, real).y.shape == (6, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, z: m.encode(None), "inputs: expected a dict of arrays by modality, got None"),
        (lambda m, z: m.encode([1]), "inputs: expected a dict of arrays by modality, got a list"),
        (lambda m, z: m.encode({"mnist": None}), "mnist: expected a tensor or a NumPy array, got None"),
        (lambda m, z: m.encode({"mnist": [[0.0]]}), "mnist: expected a tensor or a NumPy array, got a list"),
        (lambda m, z: m.encode({"mnist": np.array(["a"])}), "mnist: expected an array of numbers, got <U1"),
        (lambda m, z: m.encode({"mnist": torch.tensor(0.5)}), "mnist: expected shape (0, 1, 28, 28), got ()"),
        (
            lambda m, z: m.encode({"mnist": torch.zeros(1, 1, 28, 28, device="meta")}),
            "mnist: expected a tensor on cpu, where the model is, got one on meta",
        ),
        (
            lambda m, z: m.encode({"mnist": torch.zeros(1, 1, 28, 28)}, [True]),
            "mask: expected a tensor or a NumPy array, got a list",
        ),
        (lambda m, z: m.decode(None), "latents: expected Latents, got None"),
        (lambda m, z: m.decode([z]), "latents: expected Latents, got a list"),
        (lambda m, z: m.decode_factors(z), "factors: expected Factors, got Latents"),
        (
            lambda m, z: m.decode(z.replace(mnist=z.a["mnist"] * torch.nan)),
            "latents: mnist: expected finite numbers, got nan at sample 0, dimension 0",
        ),
        (
            lambda m, z: m.decode(z.map(lambda block: block.to("meta"))),
            "latents: y: expected a tensor on cpu, where the model is, got one on meta",
        ),
        (
            lambda m, z: m.decode(z.map(lambda block: block.int())),
            "latents: y: expected floating-point values, got torch.int32",
        ),
        (lambda m, z: Latents(None), "y: expected a tensor or a NumPy array, got None"),
        (lambda m, z: Latents(z.y, [1]), "a: expected a dict of blocks by modality, got a list"),
        (lambda m, z: m.sample(2.5, generator=torch.Generator()), "n: expected a whole number, got 2.5"),
        (lambda m, z: m.sample(None, generator=torch.Generator()), "n: expected a whole number, got None"),
        (lambda m, z: m.sample(2, generator=None), "generator: expected a Generator, got None"),
        (lambda m, z: mfm.swap(z, with_=None, factor="y"), "with_: expected Latents, got None"),
        (lambda m, z: mfm.swap([z], with_=z, factor="y"), "latents: expected Latents, got a list"),
        (lambda m, z: mfm.interpolate(z[:1], z[1:2], 2.5), "n_steps: expected a whole number, got 2.5"),
        (lambda m, z: mfm.interpolate(None, z[:1], 2), "start: expected Latents, got None"),
        (
            lambda m, z: mfm.traverse(z[:1], factor="y", direction=[1, 0, 0], amounts=torch.zeros(1)),
            "direction: expected a tensor or a NumPy array, got a list",
        ),
        (
            lambda m, z: mfm.traverse(z[:1], factor="y", direction=torch.zeros(3), amounts=torch.tensor([torch.inf])),
            "amounts: expected finite numbers, got inf at place 0",
        ),
        (lambda m, z: mfm.translate(None, {}), "model: expected an MFM, got None"),
        (lambda m, z: mfm.gradient_flow(None, z), "model: expected an MFM, got None"),
        (lambda m, z: mfm.gradient_flow(m, None), "latents: expected Latents, got None"),
        (lambda m, z: mfm.directions(m, None, factor="y", n_directions=1), "latents: expected Latents, got None"),
        (
            lambda m, z: mfm.directions(m, z, factor="y", n_directions=2.5),
            "n_directions: expected a whole number, got 2.5",
        ),
        (lambda m, z: mfm.attribute(m, None), "inputs: expected a dict of arrays by modality, got None"),
        (lambda m, z: mfm.attribute([], {}), "model: expected an MFM, got a list"),
        (
            lambda m, z: mfm.attribute(m, {"mnist": torch.zeros(1, 1, 28, 28)}, target=0.5),
            "target: expected a whole number, got 0.5",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_sentence(
    tiny_model: MFM, latents: Latents, call: Callable[[MFM, Latents], object], message: str
) -> None:
    with refused(message):
        call(tiny_model, latents)


def test_whole_numbers_of_numpy_count(tiny_model: MFM) -> None:
    drawn = tiny_model.sample(np.int64(2), generator=torch.Generator().manual_seed(0))  # type: ignore[arg-type]
    assert torch.equal(drawn.y, tiny_model.sample(2, generator=torch.Generator().manual_seed(0)).y)
