"""The files of one scene to its patches. A bad file is rejected alone: its neighbours stay."""

from __future__ import annotations

from functools import reduce
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from catalog.model import Assets, Grids, Rejected, Scene
from catalog.source.sensor import SensorReader, no_counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from catalog.datasets import Dataset
    from catalog.model import FileRecord, SceneKey
    from catalog.source.hrefs import Hrefs
    from catalog.source.sensor import SensorFiles
    from catalog.source.tree import SceneFiles


class SceneReader:
    """Reads scenes of a dataset, one after the other."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._sensors = SensorReader(dataset)

    def read(self, files: SceneFiles, hrefs: Hrefs, members: Iterable[FileRecord] = ()) -> Scene:
        """Read the files of one scene.

        Parameters
        ----------
        files : SceneFiles
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
        records = [*members]
        rejected: list[Rejected] = []
        read = {}
        for sensor in self._dataset.sensors:
            packed = [record for record in records if record.sensor == sensor]
            found = files.of_sensor(self._dataset, sensor)
            read[sensor], bad = self._sensors.read(found, packed)
            rejected += bad
        agreed = _agreeing(read)
        rejected += _disagreeing(read, agreed)
        rejected.sort(key=lambda entry: entry.path)
        kept = {
            sensor: good if agreed[sensor].all() else good.take(np.flatnonzero(agreed[sensor]))
            for sensor, good in read.items()
        }
        return self._scene(files.key, kept, hrefs, rejected)

    def _scene(
        self,
        key: SceneKey,
        kept: Mapping[str, SensorFiles],
        hrefs: Hrefs,
        rejected: Sequence[Rejected],
    ) -> Scene:
        numbers = _patches(kept)
        rows = {sensor: np.searchsorted(numbers, files.numbers) for sensor, files in kept.items()}
        _, first = np.unique(np.concatenate(list(rows.values())), return_index=True)
        grids = reduce(Grids.followed_by, [files.grids for files in kept.values()]).take(first)
        assets = {
            sensor: _assets(files, rows[sensor], numbers.size, hrefs)
            for sensor, files in kept.items()
        }
        classified = self._dataset.classified
        counts = kept[classified].counts if classified else no_counts(self._dataset)
        return Scene(key, numbers, grids, assets, counts, tuple(rejected))


def _patches(read: Mapping[str, SensorFiles]) -> NDArray[np.int64]:
    """Numbers of all patches, in order."""
    return reduce(np.union1d, [files.numbers for files in read.values()])


def _agreeing(read: Mapping[str, SensorFiles]) -> dict[str, NDArray[np.bool_]]:
    """By sensor, which files lie on the grid that most of the files of their patch have.

    Where no grid has most, none does.
    """
    votes = {sensor: np.ones(len(files.numbers), int) for sensor, files in read.items()}
    for one, other in combinations(read, 2):
        _, left, right = np.intersect1d(
            read[one].numbers, read[other].numbers, assume_unique=True, return_indices=True
        )
        same = read[one].grids.take(left).equal(read[other].grids.take(right))
        votes[one][left[same]] += 1
        votes[other][right[same]] += 1
    patches = _patches(read)
    rows = {sensor: np.searchsorted(patches, files.numbers) for sensor, files in read.items()}
    most, having_most = np.zeros((2, patches.size), int)
    for sensor, found in votes.items():
        most[rows[sensor]] = np.maximum(most[rows[sensor]], found)
    for sensor, found in votes.items():
        having_most[rows[sensor]] += found == most[rows[sensor]]
    alone = most == having_most
    return {
        sensor: (found == most[rows[sensor]]) & alone[rows[sensor]]
        for sensor, found in votes.items()
    }


def _disagreeing(
    read: Mapping[str, SensorFiles], agreed: Mapping[str, NDArray[np.bool_]]
) -> Iterator[Rejected]:
    for sensor, files in read.items():
        for position in np.flatnonzero(~agreed[sensor]).tolist():
            patch = files.numbers[position]
            others = sorted(name for name in read if name != sensor and patch in read[name].numbers)
            reason = f"lies on another grid than the {', '.join(others)} of its patch"
            yield Rejected(files.paths[position], reason)


def _assets(files: SensorFiles, rows: NDArray[np.intp], patches: int, hrefs: Hrefs) -> Assets:
    """The files of one sensor, with gaps where a patch has none."""
    known: list[str | None] = [None] * patches
    for row, path in zip(rows.tolist(), files.paths, strict=True):
        known[row] = hrefs.of_file(path)
    sizes = np.zeros(patches, np.int64)
    sizes[rows] = files.sizes
    return Assets(known, sizes)
