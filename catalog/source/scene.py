"""The files of one scene to its patches. A bad file is rejected alone: its neighbours stay."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from catalog.dataset import SENSORS, SHAPE
from catalog.model import Asset, Patch, Rejected, Scene
from catalog.source.header import HEAD_BYTES, HeaderReader, UnreadableError
from catalog.source.landcover import counts_from_buffer, counts_from_rasterio

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from catalog.model import Grid, PatchKey, RasterHeader, SceneKey
    from catalog.source.hrefs import Hrefs
    from catalog.source.tree import FoundFile


@dataclass(frozen=True, slots=True)
class _Read:
    """One file that could be read."""

    path: str
    size: int
    grid: Grid
    counts: NDArray[np.int32] | None


class SceneReader:
    """Reads scenes, one after the other."""

    def __init__(self) -> None:
        self._headers = HeaderReader()

    def read(self, key: SceneKey, files: Iterable[FoundFile], hrefs: Hrefs) -> Scene:
        """Read the files of one scene.

        Parameters
        ----------
        key : SceneKey
            The scene.
        files : iterable of FoundFile
            All of its files, by patch.
        hrefs : Hrefs
            What the catalog says where they are.

        Returns
        -------
        Scene
            Patches with at least one good file, and the rejected files.
        """
        patches: list[Patch] = []
        rejected: list[Rejected] = []
        for patch, members in groupby(files, key=lambda file: file.key):
            reads = self._read_members(members, rejected)
            agreed = _agreeing(reads, rejected)
            if agreed:
                patches.append(_patch(patch, agreed, hrefs))
        rejected.sort(key=lambda entry: entry.path)
        return Scene(key, tuple(patches), tuple(rejected))

    def _read_members(
        self, members: Iterable[FoundFile], rejected: list[Rejected]
    ) -> dict[str, _Read]:
        reads: dict[str, _Read] = {}
        for file in members:
            if file.sensor in reads:
                first = reads[file.sensor].path
                rejected.append(
                    Rejected(file.path, f"is a second file of one patch, beside {first}")
                )
                continue
            try:
                reads[file.sensor] = self._read_file(file)
            except UnreadableError as error:
                rejected.append(Rejected(file.path, str(error)))
            except OSError as error:
                rejected.append(Rejected(file.path, f"cannot be read: {error.strerror}"))
        return reads

    def _read_file(self, file: FoundFile) -> _Read:
        counted = file.sensor == "lc"
        descriptor = os.open(file.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            data = os.read(descriptor, file.size if counted else HEAD_BYTES)
            size = os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
        header = self._headers.read(file.path, data[:HEAD_BYTES], size)
        _check(header, file.sensor)
        counts = _counts(file.path, data, header) if counted else None
        return _Read(file.path, size, header.grid, counts)


def _counts(path: str, data: bytes, header: RasterHeader) -> NDArray[np.int32]:
    counts = counts_from_buffer(data, header) if header.data_end <= len(data) else None
    return counts_from_rasterio(path) if counts is None else counts


def _check(header: RasterHeader, sensor: str) -> None:
    expected = (*SHAPE, len(SENSORS[sensor].bands))
    found = (*header.grid.shape, header.bands)
    if found != expected:
        sizes = ["{} × {} pixels with {} bands".format(*numbers) for numbers in (found, expected)]
        raise UnreadableError(f"has {sizes[0]} where {sizes[1]} are expected")


def _agreeing(reads: dict[str, _Read], rejected: list[Rejected]) -> dict[str, _Read]:
    """The files on the grid that most of them have; none of them where no grid has most."""
    votes: Counter[Grid] = Counter(read.grid for read in reads.values())
    if len(votes) <= 1:
        return reads
    (grid, most), (_, next_most) = votes.most_common(2)
    agreed = {name: read for name, read in reads.items() if read.grid == grid and most > next_most}
    for name, read in reads.items():
        if name not in agreed:
            others = ", ".join(other for other in reads if other != name)
            rejected.append(
                Rejected(read.path, f"lies on another grid than the {others} of its patch")
            )
    return agreed


def _patch(key: PatchKey, reads: dict[str, _Read], hrefs: Hrefs) -> Patch:
    assets = {
        name: Asset(hrefs.of(reads[name].path), reads[name].size)
        for name in SENSORS
        if name in reads
    }
    counts = reads["lc"].counts if "lc" in reads else None
    return Patch(key, next(iter(reads.values())).grid, assets, counts)
