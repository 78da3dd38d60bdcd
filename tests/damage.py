"""Ways to damage a safetensors file, for the tests of what reads them."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

Header = dict[str, Any]


def rewrite(path: Path, change: Callable[[Header, bytearray], None]) -> None:
    """Read a file, let ``change`` alter its header and its data in place, and write it back."""
    content = path.read_bytes()
    (n_header,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8 : 8 + n_header]), bytearray(content[8 + n_header :])
    change(header, data)
    write(path, json.dumps(header).encode(), data)


def write(path: Path, header: bytes, data: bytes | bytearray, announced: int | None = None) -> None:
    """Write a file whose first eight bytes announce a header of its length, or of another."""
    path.write_bytes(struct.pack("<Q", len(header) if announced is None else announced) + header + data)


def rename(old: str, new: str) -> Callable[[Header, bytearray], None]:
    def change(header: Header, _data: bytearray) -> None:
        header[new] = header.pop(old)

    return change


def edit(name: str, **entry: object) -> Callable[[Header, bytearray], None]:
    def change(header: Header, _data: bytearray) -> None:
        header[name].update(entry)

    return change


def overwrite(name: str, value: bytes) -> Callable[[Header, bytearray], None]:
    """Replace the first bytes of a tensor."""

    def change(header: Header, data: bytearray) -> None:
        begin = header[name]["data_offsets"][0]
        data[begin : begin + len(value)] = value

    return change


def add(name: str) -> Callable[[Header, bytearray], None]:
    """Append a tensor of one number."""

    def change(header: Header, data: bytearray) -> None:
        header[name] = {"dtype": "F32", "shape": [1], "data_offsets": [len(data), len(data) + 4]}
        data.extend(bytes(4))

    return change


def remove_last(header: Header, data: bytearray) -> None:
    """Drop the tensor that lies last, with its bytes."""
    last = max((name for name in header if name != "__metadata__"), key=lambda name: header[name]["data_offsets"][1])
    del data[header.pop(last)["data_offsets"][0] :]


def lay_over(first: str, second: str) -> Callable[[Header, bytearray], None]:
    """Let ``second`` share the place of ``first``; they are of one size."""

    def change(header: Header, _data: bytearray) -> None:
        header[second]["data_offsets"] = header[first]["data_offsets"]

    return change
