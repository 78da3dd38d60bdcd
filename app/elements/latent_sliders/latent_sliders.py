"""Sliders of every latent factor: MFM's generative half runs in the visitor's browser, and the server only serves it.

The weights are a static file of the app, named by its content; the browser fetches it once and decodes in workers. What
the visitor does changes the link in the browser, and the server hears of it with the next thing it is asked for.

The map of codes is plotly's. A component's script cannot reach the plotly that Streamlit bundles, so the app serves
the script that the package plotly brings, and a browser loads it when a map is opened.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from plotly.offline import get_plotlyjs, get_plotlyjs_version

from app.elements.element import FOLDER, define, on_trigger
from app.shared import names
from app.shared.made_once import made_once
from app.shared.pictures import Sprite
from mfm_core import Latents
from mfm_core.files.writing import write_packed_once
from mfm_core.storage.browser_bundle import BrowserBundle
from mfm_core.storage.browser_map import BrowserMap

STATIC = FOLDER.parent / "static"
"""Folder that Streamlit serves under ``app/static``, see ``server.enableStaticServing``."""
STATIC_PATH = "app/static/"
"""Where that is, below the address of the app."""

KEY = "latent_sliders"
CHART = ("plotly", "chosen", "plane", "map")
"""Scripts of the map."""


@dataclass(frozen=True)
class SliderModel:
    """A model that the sliders can show.

    Attributes:
        name: What ``mfm_core.load_pretrained`` takes.
        title: Of its button, where there are several.
        note: A sentence about it.
        label: What its label is, a noun.
        bundle: Its generative half, judges and directions.
        pairs: Z of held-out real pairs; the first is what is shown first.
        tiles: The pictures of the first, by modality, which are shown until the browser has decoded its own.
    """

    name: str
    title: str
    note: str
    label: str
    bundle: BrowserBundle
    pairs: Latents
    tiles: Mapping[str, Sprite]


@dataclass(frozen=True)
class SliderLink:
    """State of the sliders in a link; empty where it has none.

    Attributes:
        z: All blocks of Z, as the element writes them.
        model: Name of the model.
        locks: Which sliders are locked.
        names: What the visitor calls directions.
    """

    z: str = ""
    model: str = ""
    locks: str = ""
    names: str = ""


mount = define(
    KEY,
    *("tensors", "state", "decoder", "wheel", "groups", "stage", "files", "tools", *CHART, "kept_address", "address"),
    worker=("tensors", "arena", "layers", "worker"),
)


def show(
    models: Sequence[SliderModel],
    link: SliderLink,
    maps: Mapping[str, BrowserMap],
    own: Latents | None = None,
    *,
    on_map: Callable[[str], None],
    on_unable: Callable[[str], None],
) -> None:
    """Show the sliders.

    Args:
        models: At least one, all of the same modalities.
        link: What they show first.
        maps: Maps of their latent spaces by name of the model, those that were asked for.
        own: Z of a picture of the visitor's, by the first model.
        on_map: Called with the name of a model whose map is asked for.
        on_unable: Called with a reason where the browser cannot decode.
    """
    data = described(models)
    data["link"] = vars(link)
    data["own"] = own and {name: [round(x, 4) for x in block[0].tolist()] for name, block in own.blocks().items()}
    data["maps"] = {name: one.model_dump(mode="json") for name, one in maps.items()}
    data["plotly"] = plotly_file(STATIC) if maps else ""
    data["version"] = _hash(data)
    mount(
        data=data,
        key=KEY,
        on_unable_change=on_trigger(KEY, "unable", lambda reason: on_unable(str(reason)[:200])),
        on_map_change=on_trigger(KEY, "map", lambda name: on_map(str(name)[:80])),
    )


@cache
def plotly_file(folder: Path) -> str:
    """Write the script of the installed plotly into a folder, packed, unless it is there.

    Returns:
        The file's name, which holds the version of plotly.js.

    Raises:
        OSError: If the folder cannot be written.
    """
    name = f"plotly-{get_plotlyjs_version()}.min.js.gz"
    write_packed_once(folder / name, get_plotlyjs().encode())
    return name


def described(models: Sequence[SliderModel]) -> dict[str, Any]:
    """Models of the same modalities as scripts of the browser take them, and the words of their latents."""
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    content = [
        (
            one.bundle.key,
            one.name,
            one.title,
            one.note,
            one.label,
            tuple(tile.source for tile in one.tiles.values()),
            *(block.numpy() for block in one.pairs.blocks().values()),
        )
        for one in models
    ]
    return dict(made_once(lambda: _describe(models, base), "sliders", content, base))


def _describe(models: Sequence[SliderModel], base: str) -> dict[str, Any]:
    modalities = list(models[0].bundle.model.shapes)
    data: dict[str, Any] = {
        "models": [_model(model) for model in models],
        "place": f"/{base}/{STATIC_PATH}" if base else f"/{STATIC_PATH}",
        "titles": {name: names.title(name) for name in modalities},
        "words": {
            factor: {"meaning": names.meaning(factor, models[0].label), "plain": names.plain(factor)}
            for factor in ("y", *modalities)
        },
    }
    data["words"]["y"]["noun"] = models[0].label
    data["content"] = _hash(data)
    return data


def _model(model: SliderModel) -> dict[str, Any]:
    blocks: Mapping[str, Any] = {name: block.tolist() for name, block in model.pairs.blocks().items()}
    pairs = [{name: [round(x, 4) for x in rows[i]] for name, rows in blocks.items()} for i in range(len(model.pairs))]
    tiles = {name: tile.as_data() for name, tile in model.tiles.items()}
    named = {"name": model.name, "title": model.title, "note": model.note, "pairs": pairs, "tiles": tiles}
    return model.bundle.model_dump(mode="json") | named


def _hash(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]
