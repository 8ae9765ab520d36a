"""Which archives of the dataset a selection needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.model import archive_of, gdal_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from catalog.datasets import Dataset
    from catalog.model import Rebase


@dataclass(frozen=True, slots=True)
class NeededArchive:
    """An archive that holds files of a selection."""

    name: str
    """Its path, where the catalog was made from it; else what the dataset's authors call it."""
    season: str
    """Of its files, as in their names."""
    sensor: str
    """Of its files."""
    files: int
    """How many of its files the selection needs, if each patch has one."""
    bytes: int
    """Their bytes, unpacked; those that the catalog does not have count as pixels alone."""
    indexed: bool
    """Whether the catalog has these files, on disk or in an archive."""


def needed_archives(
    rows: Iterable[Mapping[str, Any]], dataset: Dataset, moved: Rebase
) -> list[NeededArchive]:
    """Archives from the answer of `queries/chosen_archives`."""
    found = []
    for row in rows:
        season, sensor = row["season"], row["sensor"]
        if row["archive"]:
            name = archive_of(moved.of(gdal_root(row["archive"])))
        else:
            name = dataset.archive_name(season, sensor)
        missing = row["files"] - row["known"]
        size = row["bytes"] + missing * _pixel_bytes(dataset, sensor)
        found.append(NeededArchive(name, season, sensor, row["files"], size, missing == 0))
    return found


def _pixel_bytes(dataset: Dataset, sensor: str) -> int:
    """Bytes of the pixels of one file, without its header."""
    file = dataset.sensors[sensor]
    return dataset.patch_pixels * len(file.bands) * np.dtype(file.dtype).itemsize
