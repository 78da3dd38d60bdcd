"""Stored models that are damaged: each is refused in one sentence that names the file."""

from __future__ import annotations

import json
import pickle
import re
import resource
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mfm_core import MFM, ModelConfig
from mfm_core.files.tensors import read_header, read_tensors, write_tensors
from mfm_core.storage import models
from tests import damage

NAN, INFINITY = bytes.fromhex("0000c07f"), bytes.fromhex("0000807f")
LABEL = "label_head.bias"
COUNT = "encoder_y.extractors.{}.num_batches_tracked"


def refusal(folder: Path, message: str, **facts: object) -> str:
    """The pattern of exactly this message: braces are filled in, and … stands for the words of a library."""
    for name, fact in {"folder": folder, **facts}.items():
        message = message.replace(f"{{{name}}}", str(fact))
    return "^" + re.escape(message).replace("…", ".+") + "$"


def facts_of(path: Path) -> dict[str, object]:
    """Facts that messages about a safetensors file may quote: sizes, and the tensor that lies last."""
    header = read_header(path)
    size, start = path.stat().st_size, min(begin for begin, _ in header.offsets.values())
    last = max(header.offsets, key=lambda name: header.offsets[name])
    return {
        "n": len(header.specs),
        "last": last,
        "header": start - 8,
        "size": size,
        "size + 12": size + 12,
        "data": size - start,
        "data - 1": size - start - 1,
    }


def text(content: str) -> Callable[[Path], None]:
    return lambda path: path.write_text(content) and None


def config(*keys: str, value: object) -> Callable[[Path], None]:
    """Set a value of the configuration."""

    def change(path: Path) -> None:
        whole = json.loads(path.read_text())
        part = whole
        for key in keys[:-1]:
            part = part[key]
        part[keys[-1]] = value
        path.write_text(json.dumps(whole))

    return change


def tensors(change: Callable[[damage.Header, bytearray], None]) -> Callable[[Path], None]:
    return lambda path: damage.rewrite(path, change)


def cut(n_bytes: int) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(path.read_bytes()[:n_bytes]) and None


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def grown(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(300_000_000)  # a sparse file: no disk is used


CONFIG_DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "not JSON": (text("weights"), "the file: expected JSON (…), got b'weights'"),
    "empty": (text(""), "the file: expected JSON (…), got b''"),
    "not UTF-8": (
        lambda path: path.write_bytes(b'"\xff"') and None,
        "the file: expected JSON (…), got b'\"\\xff\"'",
    ),
    "a list": (text("[]"), "the file: expected an object, got []"),
    "unknown key": (config("model", "dy", value=3), "model.dy: expected no such key (did you mean d_y?), got 3"),
    "unknown kind": (
        config("kind", value="vae"),
        "kind: expected 'mfm' or 'discriminative', got 'vae'",
    ),
    "another kind": (config("kind", value="discriminative"), "kind: expected 'mfm', got 'discriminative'"),
    "another version": (config("format_version", value=2), "format_version: expected 1, got 2"),
    "negative size": (config("model", "d_y", value=-1), "model.d_y: expected a number above 0, got -1"),
    "too large a size": (
        config("model", "hidden", value=65_537),
        "model.hidden: expected a number of at most 65536, got 65537",
    ),
    "too many parameters": (
        config("model", "hidden", value=65_536),
        "model: expected at most 50000000 parameters, got {parameters}",
    ),
    "more levels than pixels": (
        config("model", "modalities", "svhn", "channels", value=[8] * 9),
        "model.modalities.svhn.channels: expected at most 8 of them, got [8, 8, 8, 8, 8, 8, 8, 8, 8]",
    ),
    "no levels": (
        config("model", "modalities", "svhn", "fusion_channels", value=[]),
        "model.modalities.svhn.fusion_channels: expected at least 1 of them, got []",
    ),
    "no modalities": (
        config("model", "modalities", value={}),
        "model.modalities: expected at least one, got none",
    ),
    "too many modalities": (
        config("model", "modalities", value={f"m{i}": {"shape": [1, 8, 8], "d_z": 1, "d_f": 1} for i in range(60)}),
        "model.modalities: expected at most 6, got 60",
    ),
    "a modality named like a method": (
        config("model", "modalities", value={"keys": {"shape": [1, 8, 8], "d_z": 1, "d_f": 1}}),
        "model.modalities: expected identifiers of at most 40 letters, other than 'y' and the attributes of "
        "torch.nn.ModuleDict, got 'keys'",
    ),
    "too long": (text(" " * 1_000_001), "expected at most 1000000 bytes, got 1000001"),
}


@pytest.mark.parametrize("kind", CONFIG_DAMAGE)
def test_a_damaged_configuration_is_refused(folder: Path, tiny_config: ModelConfig, kind: str) -> None:
    inflict, message = CONFIG_DAMAGE[kind]
    inflict(folder / "config.json")
    with torch.device("meta"):
        huge = MFM(tiny_config.model_copy(update={"hidden": 65_536}))
    facts = {"parameters": sum(tensor.numel() for tensor in huge.state_dict().values())}
    with pytest.raises(ValueError, match=refusal(folder, "{folder}/config.json: " + message, **facts)):
        models.load_pretrained(folder)


NO_HEADER = "expected a safetensors file with a header of 2 to 1000000 bytes, "
WEIGHTS_DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "empty": (cut(0), NO_HEADER + "got 0 bytes that announce a header of 0"),
    "cut in the length": (cut(5), NO_HEADER + "got 5 bytes that announce a header of {header}"),
    "cut in the header": (cut(1000), NO_HEADER + "got 1000 bytes that announce a header of {header}"),
    "cut in the data": (
        cut(-1),
        "{last}: expected to end within {data - 1} bytes of data, got {data}",
    ),
    "a long header announced": (
        lambda path: damage.write(path, b"{}", b"", announced=2**40),
        NO_HEADER + "got 10 bytes that announce a header of 1099511627776",
    ),
    "a bloated header": (
        lambda path: damage.write(path, b"{" + b" " * 1_000_000 + b"}", b""),
        NO_HEADER + "got 1000010 bytes that announce a header of 1000002",
    ),
    "a pickle": (
        lambda path: path.write_bytes(pickle.dumps({"weights": [0.0] * 100})) and None,
        NO_HEADER + "got 929 bytes that announce a header of 15411250304",
    ),
    "header not JSON": (
        lambda path: damage.write(path, b"{weights}", b""),
        "header: expected JSON (…)",
    ),
    "header a list": (lambda path: damage.write(path, b"[]", b""), "header: expected an object"),
    "header nested without end": (
        lambda path: damage.write(path, b"[" * 10_000, b""),
        "header: expected JSON (…)",
    ),
    "renamed tensor": (
        tensors(damage.rename(LABEL, "label_head.offset")),
        "expected {n} tensors, missing label_head.bias, surplus label_head.offset",
    ),
    "missing tensor": (
        tensors(damage.remove_last),
        "expected {n} tensors, missing {last}, surplus none",
    ),
    "surplus tensor": (tensors(damage.add("virus")), "expected {n} tensors, missing none, surplus virus"),
    "a name of two lines": (
        tensors(damage.rename(LABEL, "label\nhead")),
        r"header: expected names of up to 400 printable letters, got 'label\nhead'",
    ),
    "other shape": (
        tensors(damage.edit(LABEL, shape=[2, 5])),
        "label_head.bias: expected shape (10,) of torch.float32, got (2, 5) of torch.float32",
    ),
    "shape larger than its place": (
        tensors(damage.edit(LABEL, shape=[10_000_000_000])),
        "label_head.bias: expected 40000000000 bytes for shape (10000000000,) of torch.float32, got 40",
    ),
    "negative shape": (
        tensors(damage.edit(LABEL, shape=[-10])),
        "header.label_head.bias.shape.0: expected a number of at least 0",
    ),
    "other type": (
        tensors(damage.edit(LABEL, dtype="I32")),
        "label_head.bias: expected shape (10,) of torch.float32, got (10,) of torch.int32",
    ),
    "unknown type": (
        tensors(damage.edit(LABEL, dtype="OBJECT")),
        "header.label_head.bias.dtype: expected 'F64', 'F32', 'F16', 'BF16', 'I64', 'I32', 'U8' or 'BOOL'",
    ),
    "NaN": (
        tensors(damage.overwrite(LABEL, NAN)),
        "label_head.bias: expected finite numbers, got NaN or infinity",
    ),
    "infinity": (
        tensors(damage.overwrite(LABEL, INFINITY)),
        "label_head.bias: expected finite numbers, got NaN or infinity",
    ),
    "overlap": (
        tensors(damage.lay_over(COUNT.format("mnist.levels.1"), COUNT.format("mnist.levels.4"))),
        "expected tensors that do not overlap, got "
        f"{COUNT.format('mnist.levels.1')} and {COUNT.format('mnist.levels.4')} on common bytes",
    ),
    "beyond the end": (
        tensors(damage.edit(LABEL, data_offsets=[10**9, 10**9 + 40])),
        "label_head.bias: expected to end within {data} bytes of data, got 1000000040",
    ),
    "offsets turned round": (
        tensors(damage.edit(LABEL, data_offsets=[80, 40])),
        "label_head.bias: expected 40 bytes for shape (10,) of torch.float32, got -40",
    ),
    "bytes that belong to no tensor": (
        lambda path: path.write_bytes(path.read_bytes() + bytes(12)) and None,
        "expected {size} bytes in all, got {size + 12}",
    ),
    "larger than any model of ours": (grown, "expected at most 256000000 bytes, got 300000000"),
}


@pytest.mark.parametrize("kind", WEIGHTS_DAMAGE)
def test_damaged_weights_are_refused(folder: Path, kind: str) -> None:
    inflict, message = WEIGHTS_DAMAGE[kind]
    path = folder / "weights.safetensors"
    facts = facts_of(path)
    inflict(path)
    with pytest.raises(ValueError, match=refusal(folder, f"{path}: {message}", **facts)):
        models.load_pretrained(folder)


def uneven(path: Path) -> None:
    """One label fewer than there are codes."""
    columns = read_tensors(path, read_header(path).specs)
    write_tensors(columns | {"labels": columns["labels"][:4]}, path)


CODES_DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "columns of different lengths": (
        uneven,
        "y: expected shape (4, 3) of torch.float32, got (5, 3) of torch.float32",
    ),
    "labels missing": (
        tensors(damage.rename("labels", "classes")),
        "expected 6 tensors, missing labels, surplus classes",
    ),
    "label out of range": (
        tensors(damage.overwrite("labels", (10).to_bytes(8, "little"))),
        "labels: expected 0 to 9, got 10",
    ),
    "negative label": (
        tensors(damage.overwrite("labels", (-1).to_bytes(8, "little", signed=True))),
        "labels: expected 0 to 9, got -1",
    ),
    "NaN": (tensors(damage.overwrite("y", NAN)), "y: expected finite numbers, got NaN or infinity"),
    "codes of another model": (
        tensors(damage.edit("y", shape=[3, 5])),
        "y: expected shape (5, 3) of torch.float32, got (3, 5) of torch.float32",
    ),
    "more than there can be": (
        lambda path: damage.write(
            path, b'{"labels":{"dtype":"I64","shape":[100001],"data_offsets":[0,800008]}}', bytes(800_008)
        ),
        "labels: expected at most 100000 samples, got 100001",
    ),
}


@pytest.mark.parametrize("kind", CODES_DAMAGE)
def test_damaged_codes_are_refused(folder: Path, kind: str) -> None:
    inflict, message = CODES_DAMAGE[kind]
    inflict(folder / "codes.safetensors")
    with pytest.raises(ValueError, match=refusal(folder, "{folder}/codes.safetensors: " + message)):
        models.load_codes(folder)


@pytest.mark.parametrize("missing", [Path.unlink, directory])
@pytest.mark.parametrize(
    ("name", "load"),
    [
        ("config.json", models.load_pretrained),
        ("config.json", models.load_codes),
        ("weights.safetensors", models.load_pretrained),
        ("card.md", models.load_card),
        ("metrics.json", models.load_metrics),
        ("codes.safetensors", models.load_codes),
    ],
)
def test_a_missing_file_is_named(
    folder: Path, name: str, load: Callable[[Path], object], missing: Callable[[Path], None]
) -> None:
    missing(folder / name)
    with pytest.raises(FileNotFoundError, match=refusal(folder, f"{{folder}}/{name}: no such file")):
        load(folder)


@pytest.mark.parametrize(
    ("name", "content", "load", "message"),
    [
        ("card.md", b"caf\xe9", models.load_card, "expected UTF-8 text, got byte 0xe9"),
        ("card.md", b" " * 1_000_001, models.load_card, "expected at most 1000000 bytes, got 1000001"),
        (
            "metrics.json",
            b"{",
            models.load_metrics,
            "expected JSON (…)",
        ),
        ("metrics.json", b"[]", models.load_metrics, "expected an object"),
    ],
)
def test_a_damaged_card_or_table_is_refused(
    folder: Path, name: str, content: bytes, load: Callable[[Path], object], message: str
) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=refusal(folder, f"{{folder}}/{name}: {message}")):
        load(folder)


def test_nothing_is_allocated_for_a_model_that_is_refused(folder: Path) -> None:
    config("model", "hidden", value=65_536)(folder / "config.json")
    before = peak_memory()
    with pytest.raises(ValueError, match="expected at most 50000000 parameters"):
        models.load_pretrained(folder)
    assert peak_memory() - before < 50_000_000


def peak_memory() -> int:
    """The largest resident size of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(change=st.data())
def test_any_flipped_bytes_and_any_cut_are_refused_or_harmless(
    folder: Path, stored: Path, change: st.DataObject
) -> None:
    content = bytearray((stored / "codes.safetensors").read_bytes())
    for place, value in change.draw(st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)))):
        content[place] = value
    path = folder / "codes.safetensors"
    path.write_bytes(content[: change.draw(st.integers(0, len(content)))] if change.draw(st.booleans()) else content)
    try:
        codes = models.load_codes(folder)
    except ValueError as error:
        refused = str(error)
    else:
        refused = f"{path}: not refused"
        assert torch.isfinite(codes.latents.joint()).all()
    assert refused.startswith(f"{path}: ")
    assert "\n" not in refused
