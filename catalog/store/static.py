"""JSON files: each written to a temporary name, then renamed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import orjson

from catalog.store.outputs import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
_OPTIONS: Final = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE


def encoded(value: Mapping[str, Any]) -> bytes:
    """A JSON object as the bytes of its file."""
    return orjson.dumps(value, option=_OPTIONS | orjson.OPT_INDENT_2)


def encoded_item(item: Mapping[str, Any]) -> bytes:
    """An item as the bytes of its file: on one line, so that it fits into one block of a disk."""
    return orjson.dumps(item, option=_OPTIONS)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write one JSON file whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial:
        partial.write_bytes(encoded(value))


def write_item_files(folder: Path, items: Iterable[Mapping[str, Any]]) -> None:
    """Write the items of one scene into a new folder that nobody reads yet: no temporary names."""
    folder.mkdir(parents=True, exist_ok=True)
    for item in items:
        descriptor = os.open(f"{folder}/{item['id']}.json", _WRITE, 0o666)
        try:
            left = memoryview(encoded_item(item))
            while left:
                left = left[os.write(descriptor, left) :]
        finally:
            os.close(descriptor)


def read_json(path: Path) -> Any:
    """Read one JSON file."""
    return orjson.loads(path.read_bytes())
