"""Manifests: a subset in one file, so that others can have the same."""

from __future__ import annotations

import hashlib
import pickle
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from io import StringIO
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.datasets import SEN12MS
from catalog.errors import ManifestError
from catalog.model import counted
from catalog.store.csv_rows import csv_writer
from catalog.store.outputs import whole_file

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from catalog.datasets import Dataset

VERSION: Final = 1
"""Of the format: a reader of another one refuses it."""
FORMATS: Final = (".parquet", ".csv", ".json", ".txt", ".pkl")
"""The last two are the official lists: names of files, and nothing else."""
LISTS: Final = frozenset({".txt", ".pkl"})

PARQUET_KEY: Final = b"sen12ms-manifest"
"""Of the header in the metadata of a Parquet file."""
_NUMPY: Final = orjson.OPT_SERIALIZE_NUMPY  # a seed, for one, may come from numpy
_PICKLE_PROTOCOL: Final = 2  # that of the official lists
_MOST_BYTES: Final = 2**36
"""Larger files are refused, so that all sizes together stay below 64 bits."""


class File(NamedTuple):
    """One file of a patch."""

    path: str
    """A path, URL or GDAL `/vsi` name."""
    bytes: int
    """Its size."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One patch of a manifest."""

    id: str
    """`ROIs1158_spring_1_p30`."""
    split: str | None = None
    """The part that it is in: of a split that was made, else the official one; None for neither."""
    files: Mapping[str, File] = field(default_factory=dict)
    """By sensor; empty where only the id is known, as in a list of names."""

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of the files, by sensor."""
        return {sensor: file.bytes for sensor, file in self.files.items()}


@dataclass(frozen=True, repr=False)
class Manifest:
    """A subset: which patches and files, and how they were chosen."""

    entries: tuple[Entry, ...]
    """The patches, in order."""
    made: Mapping[str, Any] = field(default_factory=dict)
    """`package`, `catalog`, `filter`, `steps`, `sql`: what made it; empty for a list of names."""
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Patches by `season` and `dominant_cover`."""
    dataset: Dataset = SEN12MS
    """What the patches are of."""

    def __repr__(self) -> str:
        return f"<Manifest {counted(len(self.entries), 'patch')}, {self.bytes:,} bytes>"

    def _repr_html_(self) -> str:
        header = orjson.dumps(self.header(), option=orjson.OPT_INDENT_2 | _NUMPY).decode()
        return f"<b>{escape(repr(self))}</b><pre>{escape(header)}</pre>"

    @property
    def ids(self) -> list[str]:
        """Ids of the patches, in order."""
        return [entry.id for entry in self.entries]

    @property
    def bytes(self) -> int:
        """Size of all files together."""
        return sum(file.bytes for entry in self.entries for file in entry.files.values())

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of a line per patch: id and bytes of the file of each sensor, `-` for no file."""
        digest = hashlib.sha256()
        for entry in self.entries:
            files = map(entry.files.get, self.dataset.sensors)
            sizes = " ".join(str(file.bytes) if file else "-" for file in files)
            digest.update(f"{entry.id} {sizes}\n".encode())
        return digest.hexdigest()

    def header(self) -> dict[str, Any]:
        """All but the entries."""
        return {
            "manifest": VERSION,
            **self.made,
            "patches": len(self.entries),
            "bytes": self.bytes,
            "sha256": self.sha256,
            "counts": self.counts,
        }

    def official_names(self) -> list[str]:
        """What the official lists call the patches: by the file of one sensor.

        Raises
        ------
        ManifestError
            If an id is not one of the dataset.
        """
        return [_official_name(self.dataset, entry.id) for entry in self.entries]


def _official_name(dataset: Dataset, patch: str) -> str:
    key = dataset.parse_id(patch)
    if key is None:
        raise ManifestError(f"{patch!r} is not the id of a patch of {dataset.about.title}")
    return dataset.file_name(key, dataset.listed_sensor)


def columns_of(dataset: Dataset) -> tuple[str, ...]:
    """Columns of a manifest: `id`, `split`, the path of each sensor, and its bytes."""
    sizes = (f"{sensor}_bytes" for sensor in dataset.sensors)
    return ("id", "split", *dataset.sensors, *sizes)


def _rows(manifest: Manifest) -> Iterator[list[str | int | None]]:
    sensors = tuple(manifest.dataset.sensors)
    for entry in manifest.entries:
        files = [entry.files.get(sensor) for sensor in sensors]
        paths = [file and file.path for file in files]
        yield [entry.id, entry.split, *paths, *(file and file.bytes for file in files)]


def entry_from_row(row: Sequence[Any], sensors: tuple[str, ...]) -> Entry:
    """One patch from a row of a manifest, which may hold anything.

    Parameters
    ----------
    row : sequence
        Values of `columns_of` the dataset.
    sensors : tuple of str
        Those of the dataset.

    Raises
    ------
    ManifestError
        If a cell is missing or of another type; the message goes on after the number of the row.
    """
    if len(row) != 2 + 2 * len(sensors):
        raise ManifestError(f"has {len(row)} cells where there are {2 + 2 * len(sensors)}")
    patch, split, *cells = row
    if not (patch and isinstance(patch, str) and (split is None or isinstance(split, str))):
        raise ManifestError(f"has the id {patch!r} and the split {split!r}, which must be texts")
    files = {}
    for sensor, path, size in zip(sensors, cells, cells[len(sensors) :], strict=False):
        if path is None and size is None:
            continue
        if not (isinstance(path, str) and type(size) is int and 0 <= size <= _MOST_BYTES):
            raise ManifestError(f"has {path!r} of {size!r} bytes as its {sensor}")
        files[sensor] = File(path, size)
    return Entry(patch, split, files)


def manifest_from_rows(
    dataset: Dataset, rows: Iterable[Mapping[str, Any]], made: Mapping[str, Any], part: str | None
) -> Manifest:
    """The manifest of rows of `sql/queries/chosen_files.sql`.

    Parameters
    ----------
    dataset : Dataset
        What the rows are of.
    rows : iterable of mapping
        A row a patch: `columns_of(dataset)`, and what the patches are counted by.
    made : mapping
        What made the subset.
    part : str, optional
        The part of a split that the subset is; else each patch is in its official one.
    """
    rows = list(rows)
    sensors, cells = tuple(dataset.sensors), itemgetter(*columns_of(dataset))
    entries = [entry_from_row(cells(row), sensors) for row in rows]
    if part is not None:
        entries = [Entry(entry.id, part, entry.files) for entry in entries]
    return Manifest(tuple(entries), made, _counts(rows), dataset)


def _counts(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    rows = list(rows)
    counts = {
        name: Counter(str(row[name] or "unknown") for row in rows)
        for name in ("season", "dominant_cover")
    }
    return {name: dict(sorted(found.items())) for name, found in counts.items()}


def merged(manifests: Sequence[Manifest]) -> Manifest:
    """Several manifests of one origin as one, their entries in order of the parts."""
    counts: dict[str, Counter[str]] = {}
    for manifest in manifests:
        for name, found in manifest.counts.items():
            counts.setdefault(name, Counter()).update(found)
    entries = tuple(entry for manifest in manifests for entry in manifest.entries)
    ordered = {name: dict(sorted(found.items())) for name, found in counts.items()}
    return Manifest(entries, manifests[0].made, ordered, manifests[0].dataset)


def write_manifest(manifest: Manifest, path: str | os.PathLike[str]) -> None:
    """Write a manifest in the format that its ending names: the same bytes for the same subset.

    Raises
    ------
    ManifestError
        If the ending is none of `FORMATS`.
    OutputError
        If the file cannot be written.
    """
    target = Path(path)
    encode = _ENCODERS[checked_format(target)]
    with whole_file(target) as partial:
        partial.write_bytes(encode(manifest))


def checked_format(path: Path) -> str:
    """The ending of a manifest's path.

    Raises
    ------
    ManifestError
        If it is none of `FORMATS`.
    """
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise ManifestError(
            f"{path} has no ending of a manifest: use {', '.join(FORMATS[:-1])} or .pkl"
        )
    return ending


def _parquet(manifest: Manifest) -> bytes:
    names = columns_of(manifest.dataset)
    kinds = [pa.int64() if name.endswith("_bytes") else pa.string() for name in names]
    columns = list(zip(*_rows(manifest), strict=True)) or [()] * len(names)
    arrays = [pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    header = orjson.dumps(manifest.header(), option=_NUMPY)
    schema = pa.schema(zip(names, kinds, strict=True), metadata={PARQUET_KEY: header})
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), sink, compression="zstd")
    return bytes(sink.getvalue())


def _csv(manifest: Manifest) -> bytes:
    text = StringIO()
    text.write(f"# {orjson.dumps(manifest.header(), option=_NUMPY).decode()}\n")
    writer = csv_writer(text)
    writer.writerow(columns_of(manifest.dataset))
    writer.writerows(_rows(manifest))
    return text.getvalue().encode()


def _json(manifest: Manifest) -> bytes:
    header = orjson.dumps(manifest.header(), option=_NUMPY | orjson.OPT_INDENT_2)
    head = header.removesuffix(b"\n}")
    names = columns_of(manifest.dataset)
    objects = (orjson.dumps(dict(zip(names, row, strict=True))) for row in _rows(manifest))
    lines = b",\n".join(b"    " + line for line in objects)
    return head + b',\n  "entries": [\n' + lines + b"\n  ]\n}\n"


def _txt(manifest: Manifest) -> bytes:
    return "".join(f"{name}\n" for name in manifest.official_names()).encode()


def _pkl(manifest: Manifest) -> bytes:
    return pickle.dumps(manifest.official_names(), _PICKLE_PROTOCOL)


_ENCODERS: Final[Mapping[str, Callable[[Manifest], bytes]]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".json": _json,
    ".txt": _txt,
    ".pkl": _pkl,
}
