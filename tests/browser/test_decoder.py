"""The layers that run in a visitor's browser against PyTorch's, in a real browser."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Error, Page

import mfm_core as mfm
from app.generate.digit_model import MODEL
from mfm_core import MFM, Latents
from mfm_core.config import ImageModality, ModelConfig
from mfm_core.storage.browser import Exported, export_judge, export_model
from tests.browser.conftest import ROOT
from tests.conftest import with_large_weights
from tests.storage.test_browser import judge_of

SCRIPTS = [ROOT / "app" / "elements" / "latent_sliders" / f"{name}.js" for name in ("tensors", "arena", "layers")]
CHUNK = 100
RUN = """([description, weights, z, n, simd, made]) => {
  const floats = (text) => new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  const text = (array) => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    let letters = "";
    for (let i = 0; i < bytes.length; i += 8192) letters += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(letters);
  };
  if (weights) window.bytes = Uint8Array.from(atob(weights), (letter) => letter.charCodeAt(0)).buffer;
  if (weights) window.half = new (eval(made))(description, window.bytes, simd);
  if (made === "Networks") {
    return { simd: half.arena.simd, out: text(half.run("judge", { n, ...z, data: floats(z.data) }).data) };
  }
  const a = Object.fromEntries(Object.entries(z.a).map(([name, block]) => [name, floats(block)]));
  const { label, pictures } = half.decode(n, { y: floats(z.y), a });
  const names = Object.keys(pictures);
  return {
    simd: half.networks.arena.simd,
    label: text(label),
    pictures: Object.fromEntries(names.map((name) => [name, text(pictures[name])])),
  };
}"""


# The first module that is tried is refused, as by browsers with SIMD that have not its newer instructions.
REFUSE_FIRST = """() => {
  const validate = WebAssembly.validate;
  WebAssembly.validate = () => { WebAssembly.validate = validate; return false; };
}"""


def letters(values: torch.Tensor) -> str:
    return base64.b64encode(values.numpy().astype("<f4").tobytes()).decode()


def numbers(text: str, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), "<f4").reshape(shape).copy())


@pytest.fixture
def blank(chromium: Browser) -> Any:
    page = chromium.new_page()
    page.add_script_tag(content="".join(script.read_text() for script in SCRIPTS))
    yield page
    page.close()


def in_browser(page: Page, exported: Exported[Any], latents: Latents, *, simd: bool) -> tuple[mfm.Generated, bool]:
    """Pictures that the browser decodes, and whether it used SIMD."""
    description = exported.description.model_dump(mode="json")
    weights: str | None = base64.b64encode(exported.weights).decode()
    labels, pictures = [], {name: [] for name in latents.a}
    used = False
    for start in range(0, len(latents), CHUNK):
        part = latents[start : start + CHUNK]
        z = {"y": letters(part.y), "a": {name: letters(block) for name, block in part.a.items()}}
        answer = page.evaluate(RUN, [description, weights, z, len(part), simd, "GenerativeHalf"])
        weights = None  # they stay on the page
        used = answer["simd"]
        labels.append(numbers(answer["label"], len(part), -1))
        for name, text in answer["pictures"].items():
            pictures[name].append(numbers(text, len(part), *exported.description.shapes[name]))
    return mfm.Generated({name: torch.cat(parts) for name, parts in pictures.items()}, torch.cat(labels)), used


def assert_agree(model: MFM, found: mfm.Generated, latents: Latents) -> None:
    with torch.inference_mode():
        wanted = model.decode(latents)
    for name, pictures in wanted.modalities.items():
        worst = float((pictures - found.modalities[name]).abs().max()) * 255
        assert worst <= 2, f"{name}: {worst:.3f} of 255"
    assert torch.equal(wanted.label.argmax(1), found.label.argmax(1))
    torch.testing.assert_close(found.label, wanted.label, atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize(("simd", "n"), [(True, 1000), (False, 60)])
def test_the_shipped_model_decodes_as_pytorch_does(simd: bool, n: int, blank: Page) -> None:
    if not (ROOT / "pretrained" / MODEL / "weights.safetensors").exists():
        pytest.skip(f"{MODEL} is not stored")
    model = mfm.load_pretrained(MODEL)
    latents = model.sample(n, generator=torch.Generator().manual_seed(0))
    found, used = in_browser(blank, export_model(model), latents, simd=simd)
    assert used == simd
    assert_agree(model, found, latents)


@pytest.mark.parametrize(("simd", "fused"), [(True, True), (True, False), (False, False)])
def test_any_model_of_images_decodes_as_pytorch_does(
    simd: bool, fused: bool, blank: Page, tiny_config: ModelConfig
) -> None:
    """Odd sizes, another number of levels, channels no multiple of 4, scores, a single modality."""
    odd = ImageModality(shape=(3, 27, 21), d_z=3, d_f=5, channels=(6, 7, 9), fusion_channels=(8,), hidden=18)
    for modalities in (tiny_config.modalities, {"odd": odd}):
        model = with_large_weights(MFM(tiny_config.model_copy(update={"modalities": modalities, "d_y": 5})))
        for parameter in (*model.g_a.parameters(), *model.decoders.parameters()):
            parameter.copy_(parameter.half())  # such weights make of float16 more than of any trained model
        latents = model.sample(7, generator=torch.Generator().manual_seed(1))
        if simd and not fused:
            blank.evaluate(REFUSE_FIRST)
        found, used = in_browser(blank, export_model(model), latents, simd=simd)
        assert (used, blank.evaluate("half.networks.arena.fused")) == (simd, fused)
        assert_agree(model, found, latents)


@pytest.mark.parametrize("simd", [True, False])
def test_a_judge_reads_as_pytorch_does(simd: bool, blank: Page, generator: torch.Generator) -> None:
    judge = judge_of(ImageModality(shape=(3, 21, 18), d_z=1, d_f=1, fusion_channels=(6, 10), fusion_depth=2), "odd")
    for module in judge.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(generator=generator)
            module.running_var.uniform_(0.5, 2, generator=generator)
            module.weight.data.uniform_(0.5, 2, generator=generator)
    pictures = torch.rand(5, 3, 21, 18, generator=generator)
    exported = export_judge(judge)
    z = {"shape": [3, 21, 18], "data": letters(pictures)}
    weights = base64.b64encode(exported.weights).decode()
    answer = blank.evaluate(RUN, [exported.description.model_dump(mode="json"), weights, z, 5, simd, "Networks"])
    assert answer["simd"] == simd
    with torch.inference_mode():
        wanted = judge({"odd": pictures})
    torch.testing.assert_close(numbers(answer["out"], 5, 10), wanted, atol=5e-3, rtol=5e-3)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda raw: raw[:6], "weights: expected a safetensors header"),
        (lambda raw: b"\xff" * 8 + raw[8:], "weights: expected a safetensors header"),
        (lambda raw: raw[:-40], "expected .* bytes within the file"),
        (lambda raw: raw.replace(b'"F16"', b'"I64"', 1), "expected F16 or F32, got I64"),
    ],
)
def test_damaged_weights_are_refused_in_the_browser(damage: Any, message: str, blank: Page, tiny_model: MFM) -> None:
    exported = export_model(tiny_model)
    broken = Exported(exported.description, damage(exported.weights))
    with pytest.raises(Error, match=message):
        in_browser(blank, broken, tiny_model.sample(1, generator=torch.Generator().manual_seed(0)), simd=True)
