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

    Decoded = tuple[dict[str, Any], Iterable[Sequence[Any]]]
    """Header and rows."""

_CSV_START: Final = "# {"
_RECORDED: Final = '"sha256":'
"""What no comment above a list of names has: there, the start is damaged."""
_MOST_ROWS: Final = 10_000_000


def read_manifest(path: Path, dataset: Dataset) -> Manifest | None:
    """Read a manifest that `write_manifest` wrote, and verify its count of patches and its SHA-256.

    Parameters
    ----------
    path : Path
        A `.parquet`, `.csv` or `.json` file.
    dataset : Dataset
        What the patches are of.

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
        decoded = _DECODERS[path.suffix.lower()](path, columns_of(dataset))
        return None if decoded is None else _checked(*decoded, dataset)
    except ManifestError as error:
        raise ManifestError(f"{path} {error}") from error
    except (ValueError, csv.Error, pa.ArrowException) as error:
        raise ManifestError(f"{path} is not a valid manifest: {error}") from error


def _checked(header: dict[str, Any], rows: Iterable[Sequence[Any]], dataset: Dataset) -> Manifest:
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


def _from_parquet(path: Path, columns: tuple[str, ...]) -> Decoded | None:
    with pq.ParquetFile(path) as file:
        header = (file.schema_arrow.metadata or {}).get(PARQUET_KEY)
        if header is None:
            if file.schema_arrow.names == list(columns):
                raise ManifestError("was changed: it has no header; get it again")
            return None
        _check_columns(file.schema_arrow.names, columns)
        if file.metadata.num_rows > _MOST_ROWS:
            raise ManifestError(f"has {file.metadata.num_rows:,} rows: no manifest has so many")
        table = file.read()
    values = [table.column(name).to_pylist() for name in columns]
    return _header(header), zip(*values, strict=True)


def _from_csv(path: Path, columns: tuple[str, ...]) -> Decoded | None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        if not (first.startswith(_CSV_START) or _RECORDED in first):
            return None
        names, *rows = [row for row in csv.reader(file) if row] or [[]]
    _check_columns(names, columns)
    return _header(first.removeprefix("#")), (_typed(row, columns) for row in rows)


def _typed(row: list[str], columns: tuple[str, ...]) -> Sequence[str | int | None]:
    """Cells of CSV as values; a row of another length stays as it is, to be refused."""
    if len(row) != len(columns):
        return row
    return [_cell(*cell) for cell in zip(columns, row, strict=True)]


def _cell(name: str, text: str) -> str | int | None:
    is_size = name.endswith("_bytes") and text.isascii() and text.isdecimal()
    return int(text) if is_size else text or None


def _from_json(path: Path, columns: tuple[str, ...]) -> Decoded | None:
    content = orjson.loads(path.read_bytes())
    if not isinstance(content, dict) or "manifest" not in content:
        return None
    entries = content.pop("entries", None)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ManifestError("is not a valid manifest: it has no list of entries")
    for entry in entries:
        _check_columns(entry, columns)
    return content, ([entry[name] for name in columns] for entry in entries)


def _header(text: str | bytes) -> dict[str, Any]:
    header = orjson.loads(text)
    if not isinstance(header, dict):
        raise ManifestError("is not a valid manifest: its header is not a JSON object")
    return header


def _check_columns(found: Iterable[str], columns: tuple[str, ...]) -> None:
    if tuple(found) != columns:
        raise ManifestError(
            f"is not a valid manifest: it has the columns {', '.join(found)[:200]}, and not "
            f"{', '.join(columns)}"
        )


_DECODERS: Final = {".parquet": _from_parquet, ".csv": _from_csv, ".json": _from_json}
