"""The files of one sensor of a scene: those that are written alike are read as columns."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from catalog.model import Grids, Rejected
from catalog.source.header import UnreadableError
from catalog.source.landcover import CODES, CodeCounter, is_countable
from catalog.source.read_file import FileReader, check_layout, read_starts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from catalog.datasets import Dataset
    from catalog.model import FileRecord, RasterHeader
    from catalog.source.header import Template
    from catalog.source.tree import FoundFiles


@dataclass(frozen=True, slots=True)
class SensorFiles:
    """What was read of n good files of one sensor of a scene, a column at a time."""

    numbers: NDArray[np.int64]
    """Number of the patch of each."""
    paths: list[str]
    """Where they are."""
    sizes: NDArray[np.int64]
    """Bytes."""
    grids: Grids
    """Where their pixels lie."""
    counts: NDArray[np.int32]
    """Pixels by band and code, shape (n, bands, 256); (0, bands, 256) of sensors whose pixels are
    not codes."""

    def take(self, order: NDArray[np.intp]) -> SensorFiles:
        """Some of them, by position."""
        return SensorFiles(
            self.numbers[order],
            [self.paths[position] for position in order.tolist()],
            self.sizes[order],
            self.grids.take(order),
            self.counts[order] if len(self.counts) else self.counts,
        )


class SensorReader:
    """Reads the files of a sensor, scene after scene; GDAL reads the first of each kind."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._files = FileReader(dataset)

    def read(
        self, files: FoundFiles, members: Iterable[FileRecord]
    ) -> tuple[SensorFiles, list[Rejected]]:
        """Read the files of one sensor of one scene.

        Parameters
        ----------
        files : FoundFiles
            All of its files on disk.
        members : iterable of FileRecord
            What was read of its files in archives.

        Returns
        -------
        SensorFiles
            The good files, one a patch, in order of the patch.
        list of Rejected
            The bad files, and all but the first of several files of one patch; not links to it.
        """
        alike, records = self._read_alike(files)
        records += members
        bad = [Rejected(record.path, record.reason) for record in records if record.reason]
        read = _joined(alike, [record for record in records if record.grid is not None])
        is_first = np.diff(read.numbers, prepend=-1) != 0
        bad += _second_files(read, is_first)
        return read if is_first.all() else read.take(np.flatnonzero(is_first)), bad

    def _read_alike(self, files: FoundFiles) -> tuple[SensorFiles, list[FileRecord]]:
        """The files whose header is known but for its place as columns, all others alone.

        The first file with a new header is among the others: from then on that header is known.
        """
        alike = _Alike(self._dataset, files.sensor)
        alone: list[FileRecord] = []
        headers = self._files.headers
        counted = alike.counter is not None
        starts = read_starts(files, lambda size: size if counted else headers.enough_bytes)
        for position, (data, size) in enumerate(starts):
            template = headers.known(data, size)
            if template is None or not alike.take(position, template, data):
                alone.append(self._files.read(files.one(position)))
        return alike.columns(files), alone


class _Alike:
    """Files that are whole, have the layout of a patch and a known header."""

    def __init__(self, dataset: Dataset, sensor: str) -> None:
        pixels, bands = dataset.patch_pixels, len(dataset.legends)
        self.counter = CodeCounter(pixels, bands) if sensor == dataset.classified else None
        self._dataset = dataset
        self._sensor = sensor
        self._templates: list[Template] = []
        self._run_starts: list[int] = []
        """Which file is the first of those with one of the headers."""
        self._positions: list[int] = []
        self._corners = bytearray()
        self._usual: Template | None = None

    def take(self, position: int, template: Template, data: bytes) -> bool:
        """Add a file, or say that it is none of these."""
        if self.counter is not None and len(data) < template.size:
            return False
        if template is not self._usual:
            if not self._has_layout(template.header):
                return False
            self._usual = template
            self._templates.append(template)
            self._run_starts.append(len(self._positions))
        if self.counter is not None:
            self.counter.add(data, template.header.data_offset or 0)
        self._positions.append(position)
        self._corners += data[template.start : template.end]
        return True

    def _has_layout(self, header: RasterHeader) -> bool:
        try:
            check_layout(header, self._dataset, self._sensor)
        except UnreadableError:
            return False
        return self.counter is None or is_countable(header)

    def columns(self, files: FoundFiles) -> SensorFiles:
        """What was read of them."""
        lengths = np.diff([*self._run_starts, len(self._positions)])
        runs = np.repeat(np.arange(lengths.size), lengths)
        grids = Grids.of([template.header.grid for template in self._templates]).take(runs)
        grids.transform[:, [2, 5]] = np.frombuffer(self._corners, "<f8").reshape(-1, 2)
        return SensorFiles(
            files.numbers[self._positions],
            [files.paths[position] for position in self._positions],
            np.array([template.size for template in self._templates], np.int64)[runs],
            grids,
            no_counts(self._dataset) if self.counter is None else self.counter.counts(),
        )


def no_counts(dataset: Dataset) -> NDArray[np.int32]:
    """Counts of no file, shape (0, bands, 256)."""
    return np.empty((0, len(dataset.legends), CODES), np.int32)


def _joined(files: SensorFiles, records: Sequence[FileRecord]) -> SensorFiles:
    """Files as columns and files alone, in order of patch and path."""
    if not records:
        return files
    numbers = np.append(files.numbers, [record.key.patch for record in records])
    paths = files.paths + [record.path for record in records]
    sizes = np.append(files.sizes, [record.size for record in records])
    grids = files.grids.followed_by(Grids.of([record.grid for record in records if record.grid]))
    counted = [record.counts for record in records if record.counts is not None]
    counts = np.concatenate([files.counts, *(counts[np.newaxis] for counts in counted)])
    order = np.argsort(numbers, kind="stable")
    if not np.diff(numbers[order]).all():
        order = np.array(sorted(order.tolist(), key=lambda at: (numbers[at], paths[at])))
    return SensorFiles(numbers, paths, sizes, grids, counts).take(order)


def _second_files(files: SensorFiles, is_first: NDArray[np.bool_]) -> Iterator[Rejected]:
    for position in np.flatnonzero(~is_first).tolist():
        first = files.paths[np.flatnonzero(is_first[:position])[-1]]
        if not _is_same(files.paths[position], first):
            yield Rejected.second(files.paths[position], first)


def _is_same(path: str, first: str) -> bool:
    """Whether two paths lead to one file on disk: a link is no second file."""
    try:
        return os.path.samefile(path, first)
    except OSError:  # at a URL, or in an archive
        return False
