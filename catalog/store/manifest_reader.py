"""Reading manifests, which come from outside: whole and unchanged, or refused."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.errors import ManifestError
from catalog.store.manifest_file import (
    PARQUET_KEY,
    VERSION,
    Manifest,
    columns_of,
    entry_from_row,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from catalog.datasets import Dataset

    Decoded = tuple[dict[str, Any], Dataset, Iterable[Sequence[Any]]]
    """Header, what the patches are of, and rows."""

_CSV_START: Final = "# {"
_RECORDED: Final = '"sha256":'
"""What no comment above a list of names has: there, the start is damaged."""
_MOST_ROWS: Final = 10_000_000


def read_manifest(path: Path, datasets: Sequence[Dataset]) -> Manifest | None:
    """Read a manifest that `write_manifest` wrote, and verify its count of patches and its SHA-256.

    Parameters
    ----------
    path : Path
        A `.parquet`, `.csv` or `.json` file.
    datasets : sequence of Dataset
        What the patches may be of: the columns tell.

    Returns
    -------
    Manifest or None
        None if the file is something else; it may be a list of names.

    Raises
    ------
    ManifestError
        If the manifest is of another version or dataset, was cut off or changed.
    OSError
        If the file cannot be read.
    """
    try:
        decoded = _DECODERS[path.suffix.lower()](path, datasets)
        return None if decoded is None else _checked(*decoded)
    except ManifestError as error:
        raise ManifestError(f"{path} {error}") from error
    except (ValueError, csv.Error, pa.ArrowException) as error:
        raise ManifestError(f"{path} is not a valid manifest: {error}") from error


def _checked(header: dict[str, Any], dataset: Dataset, rows: Iterable[Sequence[Any]]) -> Manifest:
    if header.get("manifest") != VERSION:
        raise ManifestError("is a manifest of another version: read it with a newer release")
    recorded = {name: header.pop(name, None) for name in ("patches", "bytes", "sha256", "counts")}
    entries, sensors = [], tuple(dataset.sensors)
    for number, row in enumerate(rows, 1):
        try:
            entries.append(entry_from_row(row, sensors))
        except ManifestError as error:
            raise ManifestError(f"is not a valid manifest: row {number} {error}") from error
    if recorded["patches"] != len(entries):
        raise ManifestError(
            f"was cut off or changed: it records {recorded['patches']} patches and holds "
            f"{len(entries)}; get it again"
        )
    made = {name: value for name, value in header.items() if name != "manifest"}
    manifest = Manifest(tuple(entries), made, _checked_counts(recorded["counts"]), dataset)
    if recorded["sha256"] != manifest.sha256:
        raise ManifestError("was changed: its SHA-256 is not the recorded one; get it again")
    return manifest


def _checked_counts(counts: object) -> dict[str, dict[str, int]]:
    if not isinstance(counts, dict) or not all(
        isinstance(found, dict) and all(type(count) is int for count in found.values())
        for found in counts.values()
    ):
        raise ManifestError(f"is not a valid manifest: its counts are {str(counts)[:80]}")
    return counts


def _from_parquet(path: Path, datasets: Sequence[Dataset]) -> Decoded | None:
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        header = (file.schema_arrow.metadata or {}).get(PARQUET_KEY)
        if header is None:
            if tuple(names) in map(columns_of, datasets):
                raise ManifestError("was changed: it has no header; get it again")
            return None
        dataset = _dataset_of(names, datasets)
        if file.metadata.num_rows > _MOST_ROWS:
            raise ManifestError(f"has {file.metadata.num_rows:,} rows: no manifest has so many")
        table = file.read()
    values = [table.column(name).to_pylist() for name in names]
    return _header(header), dataset, zip(*values, strict=True)


def _from_csv(path: Path, datasets: Sequence[Dataset]) -> Decoded | None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        if not (first.startswith(_CSV_START) or _RECORDED in first):
            return None
        names, *rows = [row for row in csv.reader(file) if row] or [[]]
    dataset = _dataset_of(names, datasets)
    return _header(first.removeprefix("#")), dataset, (_typed(row, names) for row in rows)


def _typed(row: list[str], columns: list[str]) -> Sequence[str | int | None]:
    """Cells of CSV as values; a row of another length stays as it is, to be refused."""
    if len(row) != len(columns):
        return row
    return [_cell(*cell) for cell in zip(columns, row, strict=True)]


def _cell(name: str, text: str) -> str | int | None:
    is_size = name.endswith("_bytes") and text.isascii() and text.isdecimal()
    return int(text) if is_size else text or None


def _from_json(path: Path, datasets: Sequence[Dataset]) -> Decoded | None:
    content = orjson.loads(path.read_bytes())
    if not isinstance(content, dict) or "manifest" not in content:
        return None
    entries = content.pop("entries", None)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ManifestError("is not a valid manifest: it has no list of entries")
    dataset = _dataset_of(entries[0], datasets) if entries else datasets[0]
    for entry in entries:
        _dataset_of(entry, [dataset])
    return content, dataset, (list(entry.values()) for entry in entries)


def _header(text: str | bytes) -> dict[str, Any]:
    header = orjson.loads(text)
    if not isinstance(header, dict):
        raise ManifestError("is not a valid manifest: its header is not a JSON object")
    return header


def _dataset_of(columns: Iterable[str], datasets: Sequence[Dataset]) -> Dataset:
    """The dataset whose manifests have these columns."""
    for dataset in datasets:
        if tuple(columns) == columns_of(dataset):
            return dataset
    expected = " or ".join(", ".join(columns_of(dataset)) for dataset in datasets)
    raise ManifestError(
        f"is not a valid manifest: it has the columns {', '.join(columns)[:200]}, "
        f"and not {expected}"
    )


_DECODERS: Final = {".parquet": _from_parquet, ".csv": _from_csv, ".json": _from_json}
