"""Previews, drawn on request, and cached."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from catalog.source.preview import PreviewImage, draw_preview

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from catalog.datasets import Dataset

_KEPT: Final = 1_000
"""Pictures in memory: some 200 MB at most."""


def cached_preview(dataset: Dataset, name: str, members: Mapping[str, Path]) -> PreviewImage:
    """One of the previews of a patch; drawn anew if a file has changed since.

    Parameters
    ----------
    dataset : Dataset
        What the patch is of.
    name : str
        Key of its asset.
    members : mapping
        The file of each sensor that is there.
    """
    used = [sensor for sensor in dataset.previews[name].sensors if sensor in members]
    stamps = ((sensor, members[sensor], members[sensor].stat()) for sensor in used)
    stamped = ((s, str(path), at.st_mtime_ns, at.st_size) for s, path, at in stamps)
    return _draw(dataset, name, tuple(stamped))


@lru_cache(_KEPT)
def _draw(
    dataset: Dataset, name: str, stamped: tuple[tuple[str, str, int, int], ...]
) -> PreviewImage:
    return draw_preview(dataset, name, {sensor: path for sensor, path, *_ in stamped})
