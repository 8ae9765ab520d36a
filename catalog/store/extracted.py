"""The table of a folder of extracted files: what the catalog knows of them, and where they are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalog.errors import OutputError
from catalog.model import PatchKey
from catalog.store import staging
from catalog.store.geoparquet import collection_of, write_items
from catalog.store.outputs import whole_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from catalog.datasets import Dataset


def refuse_catalog(folder: Path) -> None:
    """Refuse a folder that `index` wrote: its table is not to be replaced.

    Raises
    ------
    OutputError
        If it is one.
    """
    if (folder / staging.REPORT).exists() or (folder / staging.DATABASE).exists():
        raise OutputError(f"{folder} is a catalog: name another folder for the files")


def write_extracted(source: Path, folder: Path, dataset: Dataset, ids: Collection[str]) -> None:
    """Write the rows of some patches, with the paths of their files that are in a folder.

    Rows of other patches, from earlier runs, stay. A file that is not there has no path.

    Parameters
    ----------
    source : Path
        An `items.parquet`.
    folder : Path
        Where files lie as the dataset nests them; the table is written into it.
    dataset : Dataset
        What they are of.
    ids : collection of str
        Ids of the patches.

    Raises
    ------
    OutputError
        If the table cannot be written, or one is there that is not of this kind.
    """
    target = folder / staging.ITEMS
    wanted = pa.array(list(ids), pa.string())
    with pq.ParquetFile(source) as table:
        schema = table.schema_arrow.remove_metadata()
        groups = (table.read_row_group(group) for group in range(table.num_row_groups))
        chosen = (rows.filter(pc.is_in(rows["id"], wanted)) for rows in groups)
        found = [_placed(rows, folder, dataset) for rows in chosen if rows.num_rows]
        before = list(_others(target, schema, wanted))
        with whole_file(target) as partial:
            write_items(partial, schema, [*before, *found], collection_of(table))


def _others(target: Path, schema: pa.Schema, ids: pa.Array) -> Iterator[pa.Table]:
    """The rows that are there, of other patches."""
    if not target.exists():
        return
    try:
        rows = pq.read_table(target)
        others = rows.filter(pc.invert(pc.is_in(rows["id"], ids)))
        yield others.replace_schema_metadata(None).select(schema.names).cast(schema)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise OutputError(
            f"{target} is not a table that `extract` wrote: name another folder"
        ) from error


def _placed(rows: pa.Table, folder: Path, dataset: Dataset) -> pa.Table:
    """The rows with the paths of the files that are there, and no others."""
    keys = zip(*(rows[f"sen12ms:{name}"].to_pylist() for name in PatchKey._fields), strict=True)
    assets = rows["assets"].to_pylist()
    placed: list[dict[str, Any]] = [
        {
            name: _asset(asset, folder, dataset.file_path(PatchKey(*key), name))
            for name, asset in row.items()
            if name in dataset.sensors
        }
        for key, row in zip(keys, assets, strict=True)
    ]
    position = rows.schema.get_field_index("assets")
    field = rows.schema.field(position)
    return rows.set_column(position, field, pa.array(placed, field.type))


def _asset(asset: dict[str, Any] | None, folder: Path, below: str) -> dict[str, Any] | None:
    path = os.path.abspath(folder / below)
    try:
        size = os.stat(path).st_size
    except OSError:
        return None
    return None if asset is None or asset["file:size"] != size else {**asset, "href": path}
