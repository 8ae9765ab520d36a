"""The files of one scene to its patches. A bad file is rejected alone: its neighbours stay."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from catalog.dataset import SENSORS
from catalog.model import Asset, Patch, Rejected, Scene
from catalog.source.record import FileReader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from catalog.model import FileRecord, Grid, PatchKey, SceneKey
    from catalog.source.hrefs import Hrefs
    from catalog.source.tree import FoundFile


class SceneReader:
    """Reads scenes, one after the other."""

    def __init__(self) -> None:
        self._files = FileReader()

    def read(
        self,
        key: SceneKey,
        files: Iterable[FoundFile],
        hrefs: Hrefs,
        members: Iterable[FileRecord] = (),
    ) -> Scene:
        """Read the files of one scene.

        Parameters
        ----------
        key : SceneKey
            The scene.
        files : iterable of FoundFile
            All of its files on disk.
        hrefs : Hrefs
            What the catalog says where they are.
        members : iterable of FileRecord
            What was read of its files in archives.

        Returns
        -------
        Scene
            Patches with at least one good file, and the rejected files.
        """
        records = [*map(self._files.read, files), *members]
        records.sort(key=lambda record: (record.key, record.sensor, record.path))
        patches: list[Patch] = []
        rejected: list[Rejected] = []
        for patch, group in groupby(records, key=lambda record: record.key):
            agreed = _agreeing(_good_ones(group, rejected), rejected)
            if agreed:
                patches.append(_patch(patch, *agreed, hrefs))
        rejected.sort(key=lambda entry: entry.path)
        return Scene(key, tuple(patches), tuple(rejected))


def _good_ones(records: Iterable[FileRecord], rejected: list[Rejected]) -> dict[str, FileRecord]:
    """By sensor, the first file of a patch that could be read."""
    good: dict[str, FileRecord] = {}
    for record in records:
        if record.sensor in good:
            first = good[record.sensor].path
            reason = f"is a second file of one patch, beside {first}"
            rejected.append(Rejected(record.path, reason))
        elif record.reason is not None:
            rejected.append(Rejected(record.path, record.reason))
        else:
            good[record.sensor] = record
    return good


def _agreeing(
    reads: dict[str, FileRecord], rejected: list[Rejected]
) -> tuple[Grid, dict[str, FileRecord]] | None:
    """The grid that most of the files have, and these; None where no grid has most."""
    votes = Counter(read.grid for read in reads.values() if read.grid is not None)
    if not votes:
        return None
    (grid, most), (_, next_most) = [*votes.most_common(2), (None, 0)][:2]
    agreed = {name: read for name, read in reads.items() if read.grid == grid and most > next_most}
    for name, read in reads.items():
        if name not in agreed:
            others = ", ".join(other for other in reads if other != name)
            rejected.append(
                Rejected(read.path, f"lies on another grid than the {others} of its patch")
            )
    return (grid, agreed) if grid and agreed else None


def _patch(key: PatchKey, grid: Grid, reads: dict[str, FileRecord], hrefs: Hrefs) -> Patch:
    assets = {
        name: Asset(hrefs.of(reads[name].path), reads[name].size)
        for name in SENSORS
        if name in reads
    }
    counts = reads["lc"].counts if "lc" in reads else None
    return Patch(key, grid, assets, counts)
