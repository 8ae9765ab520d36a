"""`items.parquet`: GeoParquet 1.1 and stac-geoparquet 1.0.0 in one file."""

from __future__ import annotations

import json
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalog.errors import CatalogNotFoundError
from catalog.model import EDGES, UNMOVED, SceneKey
from catalog.store.outputs import whole_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from catalog.model import Rebase

ROWS_PER_GROUP: Final = 20_000
"""Rows in a row group: so small that a box reads few of them, so large that a scan stays fast."""

_POLYGON, _MULTIPOLYGON = 3, 6
_TYPE_NAMES: Final = {_POLYGON: "Polygon", _MULTIPOLYGON: "MultiPolygon"}
_PLAIN_COLUMNS: Final = ("id", "geometry")
"""Columns of distinct values: a dictionary would only take room."""


def write_items(
    path: Path,
    schema: pa.Schema,
    tables: Iterable[pa.Table],
    collection: Mapping[str, Any],
    *,
    part: bool = False,
) -> int:
    """Write the footprint table.

    Parameters
    ----------
    path : Path
        The file to write.
    schema : pyarrow.Schema
        Of the column contract.
    tables : iterable of pyarrow.Table
        With this schema; near rows should be near in place.
    collection : mapping
        The STAC collection, which stac-geoparquet keeps in the metadata.
    part : bool
        Whether it is one of several files of a table. Then Arrow's own copy of the schema is left
        out, beside which Arrow would not tell who reads a folder of the other metadata.

    Returns
    -------
    int
        Rows written.
    """
    dictionary = [name for name in _leaf_names(schema) if name not in _PLAIN_COLUMNS]
    bounds = _Bounds()
    pending: list[pa.Table] = []
    rows = waiting = 0
    with pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        compression_level=9,
        use_dictionary=dictionary,
        store_schema=not part,
    ) as writer:
        for table in tables:
            bounds.add(table)
            pending.append(table)
            waiting += table.num_rows
            rows += table.num_rows
            if waiting >= ROWS_PER_GROUP:
                _write_group(writer, pending)
                waiting = 0
        if waiting:
            _write_group(writer, pending)
        writer.add_key_value_metadata(
            {
                "geo": json.dumps(bounds.geo_metadata()),
                "stac-geoparquet": json.dumps(
                    {"version": "1.0.0", "collections": {collection["id"]: collection}}
                ),
            }
        )
    # What Arrow keeps for its next table is wanted for DuckDB's, which comes after.
    pa.default_memory_pool().release_unused()
    return rows


def column_names(path: Path) -> list[str]:
    """Names of the columns of a table; none if it cannot be read."""
    try:
        return list(pq.read_schema(path).names)
    except (OSError, pa.ArrowException):
        return []


def write_subset(
    source: Path, target: Path, ids: Collection[str], rebase: Rebase = UNMOVED
) -> None:
    """Write the rows with these ids, in the order of the table, with the table's metadata.

    Parameters
    ----------
    source, target : Path
        An `items.parquet`, and the file to write.
    ids : collection of str
        Ids of the patches.
    rebase : Rebase, optional
        Where the files are now.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    wanted = pa.array(list(ids), pa.string())
    with whole_file(target) as partial, pq.ParquetFile(source) as table:
        groups = (table.read_row_group(group) for group in range(table.num_row_groups))
        chosen = (rows.filter(pc.is_in(rows["id"], wanted)) for rows in groups)
        tables = (rows if rebase == UNMOVED else _rebased(rows, rebase) for rows in chosen)
        write_items(partial, table.schema_arrow.remove_metadata(), tables, collection_of(table))


def collection_of(table: pq.ParquetFile) -> dict[str, Any]:
    """The STAC collection in the metadata."""
    collections = json.loads(table.metadata.metadata[b"stac-geoparquet"])["collections"]
    return dict(next(iter(collections.values())))


def _rebased(rows: pa.Table, rebase: Rebase) -> pa.Table:
    """The rows with other hrefs."""
    assets = rows.column("assets").to_pylist()
    for row in assets:
        for asset in filter(None, row.values()):
            asset["href"] = rebase.of(asset["href"])
    position = rows.schema.get_field_index("assets")
    field = rows.schema.field(position)
    return rows.set_column(position, field, pa.array(assets, field.type))


def write_batches(reader: pa.RecordBatchReader, geometries: Sequence[str], path: str) -> None:
    """Write batches as they come, as GeoParquet 1.1 if there are columns of WKB geometries.

    Parameters
    ----------
    reader : pyarrow.RecordBatchReader
        The batches.
    geometries : sequence of str
        Names of the columns of WKB, degrees (OGC:CRS84); the first is the primary one.
    path : str
        The file to write.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    fields = [
        pa.field(field.name, pa.binary()) if field.name in geometries else field
        for field in reader.schema
    ]
    metadata = None
    if geometries:
        columns = {name: {"encoding": "WKB", "geometry_types": []} for name in geometries}
        geo = {"version": "1.1.0", "primary_column": geometries[0], "columns": columns}
        metadata = {"geo": json.dumps(geo)}
    schema = pa.schema(fields, metadata)
    with (
        whole_file(path) as partial,
        pq.ParquetWriter(partial, schema, compression="zstd") as writer,
    ):
        for batch in reader:
            arrays = [
                (column.storage if isinstance(column, pa.ExtensionArray) else column).cast(kind)
                for column, kind in zip(batch.columns, schema.types, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def read_items(path: Path) -> Iterator[tuple[SceneKey, pa.Table]]:
    """The rows of an `items.parquet`, scene by scene, in the order of the table.

    Raises
    ------
    CatalogNotFoundError
        If it cannot be read.
    """
    try:
        with pq.ParquetFile(path) as table:
            rows = table.schema_arrow.empty_table()
            for group in range(table.num_row_groups):
                *whole, rows = _by_scene(pa.concat_tables([rows, table.read_row_group(group)]))
                yield from ((_scene_key(scene), scene) for scene in whole)
            if rows.num_rows:
                yield _scene_key(rows), rows
    except (pa.ArrowException, OSError, KeyError) as error:
        raise CatalogNotFoundError(
            f"{path} cannot be read ({error}): run `sen12ms index` again, which rebuilds it"
        ) from error


def _by_scene(rows: pa.Table) -> Iterator[pa.Table]:
    """Runs of rows of one scene; one empty table if there are no rows."""
    seasons, scenes = (rows[f"sen12ms:{name}"].to_numpy() for name in SceneKey._fields)
    changes = np.flatnonzero((seasons[1:] != seasons[:-1]) | (scenes[1:] != scenes[:-1])) + 1
    edges = [0, *changes.tolist(), rows.num_rows]
    return (rows.slice(start, end - start) for start, end in pairwise(edges))


def _scene_key(rows: pa.Table) -> SceneKey:
    return SceneKey(*(rows[f"sen12ms:{name}"][0].as_py() for name in SceneKey._fields))


def read_countries() -> list[dict[str, Any]]:
    """The pieces of all countries: rows with `geometry` (WKB), `code`, `name`, `continent`."""
    table = _read_regions("kind", "geometry", "code", "name", "continent")
    return table.filter(pc.equal(table["kind"], "country")).to_pylist()  # type: ignore[no-any-return]


def read_region_names() -> list[str]:
    """Names of all regions, each once: countries, continents, states …, and codes of countries."""
    table = _read_regions("name", "code")
    return sorted({name for column in table.columns for name in column.to_pylist() if name})


def _read_regions(*columns: str) -> pa.Table:
    """In this thread: a process that ends soon after Arrow's threads read a file aborts."""
    with (files("catalog.regions") / "regions.parquet").open("rb") as file:
        return pq.read_table(file, columns=list(columns), use_threads=False)


def _write_group(writer: pq.ParquetWriter, pending: list[pa.Table]) -> None:
    group = pa.concat_tables(pending).combine_chunks()
    writer.write_table(group, row_group_size=group.num_rows)
    pending.clear()


def _leaf_names(schema: pa.Schema) -> list[str]:
    names = []
    for field in schema:
        stack = [(field.name, field.type)]
        while stack:
            name, kind = stack.pop()
            if pa.types.is_struct(kind):
                stack += [(f"{name}.{child.name}", child.type) for child in kind.fields]
            elif pa.types.is_list(kind):
                stack.append((f"{name}.list.element", kind.value_type))
            else:
                names.append(name)
    return names


class _Bounds:
    """The bounding box and the geometry types of what passes by."""

    def __init__(self) -> None:
        self._low: dict[str, float] = {}
        self._high: dict[str, float] = {}
        self._types: set[int] = set()

    def add(self, table: pa.Table) -> None:
        bbox = table.column("bbox").combine_chunks()
        for edge, column in zip(EDGES, bbox.flatten(), strict=True):
            extremes = pc.min_max(column).as_py()
            if extremes["min"] is not None:
                self._low[edge] = min(self._low.get(edge, extremes["min"]), extremes["min"])
                self._high[edge] = max(self._high.get(edge, extremes["max"]), extremes["max"])
        for wkb in table.column("geometry"):
            if wkb.is_valid:
                self._types.add(int.from_bytes(wkb.as_py()[1:5], "little"))

    def geo_metadata(self) -> dict[str, Any]:
        """The `geo` key of GeoParquet 1.1; no `crs` means OGC:CRS84."""
        column: dict[str, Any] = {
            "encoding": "WKB",
            "geometry_types": [_TYPE_NAMES[code] for code in sorted(self._types)],
            "orientation": "counterclockwise",
            "edges": "planar",
            "covering": {"bbox": {edge: ["bbox", edge] for edge in EDGES}},
        }
        if self._low:
            low, high = self._low, self._high
            column["bbox"] = [low["xmin"], low["ymin"], high["xmax"], high["ymax"]]
        return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
