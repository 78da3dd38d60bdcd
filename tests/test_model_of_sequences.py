"""MFM on sequences: padding that changes nothing, any subset of modalities, and all that can be refused."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from mfm_core import (
    MFM,
    Factors,
    Latents,
    ModelConfig,
)
from mfm_core.config import ImageModality, SequenceModality
from tests.sequences import SUBSETS, Inputs, equal, everything, fill, only


def test_latents_and_sequences_have_the_sizes_of_the_configuration(
    sequence_model: MFM, sequences: Inputs, real: Tensor
) -> None:
    latents = sequence_model.encode(sequences, real)
    assert {name: tuple(z.shape) for name, z in latents.blocks().items()} == {
        "y": (6, 3),
        "language": (6, 5),
        "acoustic": (6, 3),
        "visual": (6, 4),
    }
    assert latents.mask is real
    generated = sequence_model.decode(latents)
    assert {name: tuple(x.shape) for name, x in generated.modalities.items()} == {
        "language": (6, 7, 9),
        "acoustic": (6, 7, 4),
        "visual": (6, 7, 5),
    }
    assert generated.label.shape == (6, 2)


@pytest.mark.parametrize("present", SUBSETS)
@pytest.mark.parametrize("content", [0.0, 1e30, float("inf"), float("nan")])
def test_what_lies_in_padded_steps_changes_no_bit(
    sequence_model: MFM, sequences: Inputs, real: Tensor, present: tuple[str, ...], content: float
) -> None:
    given = only(sequences, present)
    wanted = everything(sequence_model, given, real)
    assert all(torch.isfinite(x).all() for x in wanted.values())
    assert equal(everything(sequence_model, fill(given, real, content), real), wanted)


def test_padded_steps_get_no_gradient_and_give_none(sequence_config: ModelConfig, sequences: Inputs, real: Tensor):
    torch.manual_seed(0)
    model = MFM(sequence_config).train()
    found = []
    for content in (0.0, float("nan")):
        inputs = {name: x.requires_grad_() for name, x in fill(sequences, real, content).items()}
        total = torch.stack([x.square().sum() for x in everything(model, inputs, real).values()]).sum()
        parameters = [p for name, p in model.named_parameters() if not name.startswith("surrogates")]
        gradients = torch.autograd.grad(total, [*inputs.values(), *parameters])
        for gradient in gradients[: len(inputs)]:
            assert (gradient[~real] == 0).all()
            assert (gradient[real] != 0).any(dim=1).all()
        found.append(gradients)
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(*found, strict=True))


def test_generated_padding_is_exactly_0(sequence_model: MFM, sequences: Inputs, real: Tensor) -> None:
    for x in sequence_model.decode(sequence_model.encode(sequences, real)).modalities.values():
        assert (x[~real] == 0).all()
        assert (x[real] != 0).any(dim=1).all()


def test_padding_on_the_left_is_padding_on_the_right_and_holes_are_neither(
    sequence_model: MFM, sequences: Inputs
) -> None:
    n_real, right = 4, torch.arange(7).expand(6, 7) < 4
    wanted = everything(sequence_model, sequences, right)
    holes = torch.tensor([1, 0, 1, 1, 0, 1, 0], dtype=torch.bool).expand(6, 7)
    for mask in (right.flip(1), holes):
        moved = {name: torch.full_like(x, torch.nan) for name, x in sequences.items()}
        for name, x in sequences.items():
            moved[name][mask] = x[:, :n_real].flatten(0, 1)
        found = everything(sequence_model, moved, mask)
        for name, x in wanted.items():
            if name.startswith("x."):
                assert torch.equal(found[name][mask], x[right])
            else:
                assert torch.equal(found[name], x)


def test_padding_can_be_cut_off(sequence_model: MFM, sequences: Inputs, real: Tensor) -> None:
    for sample, row in enumerate(real):
        alone = {name: x[[sample]][:, row] for name, x in sequences.items()}
        found, wanted = everything(sequence_model, alone, None), everything(sequence_model, sequences, real)
        for name, x in wanted.items():
            ours = x[sample, row] if name.startswith("x.") else x[sample]
            torch.testing.assert_close(found[name][0], ours)


def test_without_a_mask_all_steps_are_real(sequence_model: MFM, sequences: Inputs) -> None:
    mask = torch.ones(6, 7, dtype=torch.bool)
    assert equal(everything(sequence_model, sequences, None), everything(sequence_model, sequences, mask))
    assert torch.equal(sequence_model.encode(sequences).mask, mask)


@pytest.mark.parametrize("present", SUBSETS)
def test_any_subset_of_modalities_gives_all_blocks(
    sequence_model: MFM, sequences: Inputs, real: Tensor, present: tuple[str, ...]
) -> None:
    latents = sequence_model.encode(only(sequences, present), real)
    full = sequence_model.encode(sequences, real)
    assert list(latents.blocks()) == ["y", "language", "acoustic", "visual"]
    for name in present:
        assert torch.equal(latents.a[name], full.a[name])


def test_what_surrogates_infer_while_training_is_what_encode_makes_of_every_subset(
    sequence_model: MFM, sequences: Inputs, real: Tensor
) -> None:
    features = sequence_model.encoder_y.features(sequences, real)
    latents = sequence_model.encode_features(sequences, features, real)
    assert torch.equal(latents.joint(), sequence_model.encode(sequences, real).joint())
    inferred = sequence_model.infer_missing(features, latents)
    for present, (guess, logits) in zip(SUBSETS[:-1], inferred, strict=True):
        assert logits is None
        assert torch.equal(guess.joint(), sequence_model.encode(only(sequences, present), real).joint())
        assert guess.mask is real


def test_a_surrogate_reads_the_last_hidden_states_of_its_modalities(
    sequence_model: MFM, sequences: Inputs, real: Tensor
) -> None:
    present = ("language", "visual")
    last = []
    for name in present:
        view = sequence_model.encoder_y.views[name]
        last.append(
            torch.stack([view(x[row].unsqueeze(1))[0][-1, 0] for x, row in zip(sequences[name], real, strict=True)])
        )
    y, acoustic = sequence_model.surrogates["language+visual"].infer(torch.cat(last, dim=1)).split([3, 3], dim=1)
    latents = sequence_model.encode(only(sequences, present), real)
    torch.testing.assert_close(latents.y, y)
    torch.testing.assert_close(latents.a["acoustic"], acoustic)


def test_z_a_depends_on_its_modality_alone_and_z_y_on_all(sequence_model: MFM, sequences: Inputs, real: Tensor) -> None:
    before = sequence_model.encode(sequences, real).blocks()
    for name, x in sequences.items():
        after = sequence_model.encode(sequences | {name: -x}, real).blocks()
        assert {block for block, z in before.items() if not torch.equal(z, after[block])} == {"y", name}


def test_each_modality_depends_on_f_y_and_its_own_f_a_and_the_label_on_f_y(
    sequence_model: MFM, sequences: Inputs, real: Tensor
) -> None:
    factors = sequence_model.factors(sequence_model.encode(sequences, real))
    assert factors.mask is real
    before = sequence_model.decode_factors(factors)
    for block, f in factors.blocks().items():
        after = sequence_model.decode_factors(factors.replace(**{block: f + 1}))
        changed = {name for name, x in before.modalities.items() if not torch.equal(x, after.modalities[name])}
        assert changed == (set(sequences) if block == "y" else {block})
        assert torch.equal(before.label, after.label) == (block != "y")


def test_samples_of_the_prior_are_as_long_as_the_configuration_says(
    sequence_model: MFM, generator: torch.Generator
) -> None:
    drawn = sequence_model.sample(3, generator=generator)
    assert drawn.mask is not None
    assert drawn.mask.shape == (3, 8)
    assert drawn.mask.all()
    assert sequence_model.decode(drawn).modalities["visual"].shape == (3, 8, 5)
    none = sequence_model.decode(sequence_model.sample(0, generator=generator))
    assert none.modalities["visual"].shape == (0, 8, 5)


def test_training_and_evaluation_make_the_same(sequence_config: ModelConfig, sequences: Inputs, real: Tensor) -> None:
    torch.manual_seed(0)
    model = MFM(sequence_config)
    ours, theirs = everything(model.train(), sequences, real), everything(model.eval(), sequences, real)
    for name, x in ours.items():
        torch.testing.assert_close(x, theirs[name])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"inputs": {"language": torch.zeros(2, 7, 8)}},
            "language: expected shape (2, 7, 9), got (2, 7, 8)",
        ),
        (
            {"inputs": {"language": torch.zeros(2, 7, 9), "visual": torch.zeros(2, 6, 5)}},
            "visual: expected shape (2, 7, 5), got (2, 6, 5)",
        ),
        (
            {"inputs": {"language": torch.zeros(2, 7, 9, dtype=torch.int64)}},
            "language: expected floating-point values, got torch.int64",
        ),
        ({"inputs": {}}, "inputs: expected at least one of language, acoustic, visual, got none"),
        (
            {"inputs": {"svhn": torch.zeros(2, 7, 9)}},
            "inputs: expected names among language, acoustic, visual, got 'svhn'",
        ),
        ({"inputs": {"visual": torch.zeros(2, 0, 5)}}, "inputs: expected sequences of at least 1 step, got 0"),
        ({"mask": torch.ones(2, 6) > 0}, "mask: expected shape (2, 7) of torch.bool, got (2, 6) of torch.bool"),
        ({"mask": torch.ones(2, 7)}, "mask: expected shape (2, 7) of torch.bool, got (2, 7) of torch.float32"),
        (
            {"mask": torch.tensor([[True] * 7, [False] * 7])},
            "mask: expected at least one real step of each sample, got none of sample 1",
        ),
    ],
)
def test_inputs_that_do_not_fit_are_refused_in_one_sentence(
    sequence_model: MFM, change: dict[str, object], message: str
) -> None:
    given = {"inputs": {"language": torch.zeros(2, 7, 9)}, "mask": None} | change
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        sequence_model.encode(**given)  # type: ignore[arg-type]


def test_sequences_are_generated_where_a_mask_says_and_images_without_one(
    sequence_model: MFM, tiny_model: MFM, pictures: Inputs, generator: torch.Generator
) -> None:
    def refused(call: Callable[[], object], message: str) -> None:
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            call()

    drawn = sequence_model.sample(2, generator=generator)
    bare = Latents(drawn.y, drawn.a)
    missing = "mask: expected which steps to generate, boolean (N, T), for the model generates sequences, got none"
    refused(lambda: sequence_model.decode(bare), missing)
    refused(lambda: sequence_model.decode_factors(Factors(torch.zeros(2, 6), sequence_model.factors(bare).a)), missing)
    counted = Latents(drawn.y, drawn.a, torch.ones(2, 8))
    refused(lambda: sequence_model.decode(counted), "mask: expected torch.bool, got torch.float32")
    seen = tiny_model.encode(pictures)
    mask = torch.ones(6, 7, dtype=torch.bool)
    refused(
        lambda: tiny_model.encode(pictures, mask),
        "mask: expected none, for the model reads images, got one of shape (6, 7)",
    )
    refused(
        lambda: tiny_model.decode(Latents(seen.y, seen.a, mask)),
        "mask: expected none, for the model generates images, got one of shape (6, 7)",
    )


def test_images_beside_sequences_are_refused_and_so_is_what_is_neither() -> None:
    image, sequence = {"shape": [1, 8, 8], "d_z": 2, "d_f": 2}, {"kind": "sequence", "d_x": 3, "d_z": 2, "d_f": 2}

    def parse(**modalities: object) -> ModelConfig:
        whole = {"modalities": modalities}
        return ModelConfig.parse(str(whole).replace("'", '"'), "config.json")

    assert isinstance(parse(one=image).modalities["one"], ImageModality)  # as all configurations were
    assert isinstance(parse(one=sequence).modalities["one"], SequenceModality)
    for modalities, message in [
        (
            {"one": image, "two": sequence},
            "modalities: expected all images or all sequences, got one as images and two as sequences",
        ),
        (
            {"one": image | {"kind": "sound"}},
            "modalities.one: expected a modality of kind 'image' or 'sequence'",
        ),
        ({"one": 5}, "modalities.one: expected a modality of kind 'image' or 'sequence', got 5"),
        (
            {"one": sequence | {"hiddne": 3}},
            "modalities.one.hiddne: expected no such key (did you mean hidden?), got 3",
        ),
        ({"one": image | {"d_x": 3}}, "modalities.one.d_x: expected no such key (did you mean d_z?), got 3"),
        (
            {"one": sequence | {"feedback": "teacher"}},
            "modalities.one.feedback: expected 'hidden' or 'output', got 'teacher'",
        ),
    ]:
        with pytest.raises(ValueError, match=f"^{re.escape('config.json: ' + message)}$"):
            parse(**modalities)
