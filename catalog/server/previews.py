"""Previews, drawn when somebody asks, and kept for a while."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from catalog.datasets.legacy import PREVIEWS
from catalog.source.preview import Preview, draw_preview

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_KEPT: Final = 1_000
"""Pictures in memory: some 200 MB at most, and all that one looks at in an hour."""


def cached_preview(name: str, members: Mapping[str, Path]) -> Preview:
    """One of `PREVIEWS` of a patch; drawn anew if a file has changed since.

    Parameters
    ----------
    name : str
        Key of its asset.
    members : mapping
        The file of each sensor that is there.
    """
    used = {sensor: path for sensor, path in members.items() if sensor in PREVIEWS[name].sensors}
    stamps = ((sensor, path, path.stat()) for sensor, path in used.items())
    return _draw(name, tuple((s, str(path), at.st_mtime_ns, at.st_size) for s, path, at in stamps))


@lru_cache(_KEPT)
def _draw(name: str, stamped: tuple[tuple[str, str, int, int], ...]) -> Preview:
    return draw_preview(name, {sensor: path for sensor, path, *_ in stamped})
