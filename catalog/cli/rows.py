"""Rows as tables for people, and as CSV, JSON and Parquet for programs."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import chain, count, islice
from typing import IO, TYPE_CHECKING, Any, Final

import orjson
import shapely
from rich.console import Console
from rich.table import Table
from rich.text import Text

from catalog.model import counted
from catalog.query.database import answering
from catalog.query.generated import columns_at_a_glance
from catalog.store.csv_rows import csv_writer
from catalog.store.geoparquet import write_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from duckdb import DuckDBPyRelation

    from catalog.reading.selection import Selection

_SHOWN: Final = 20
_ANSWER_SHOWN: Final = 40
_BATCH: Final = 2_000
_WIDE: Final = 10_000
_NUMBER: Final = re.compile(r"-?[\d,]+(\.\d+)?(e[-+]\d+)?%?")


def write_first(answer: DuckDBPyRelation, file: IO[str]) -> None:
    """The first rows as a table, and how many more there are."""
    rows = _rows(answer, shapely.to_wkt)
    write_rows(answer.columns, islice(rows, _ANSWER_SHOWN), file)
    if more := sum(1 for _ in rows):
        counted_rows = counted(more + _ANSWER_SHOWN, "row")
        file.write(
            f"{counted_rows}, the first {_ANSWER_SHOWN} of them above: "
            "--format csv, json or parquet gives all\n"
        )


def write_parquet(answer: DuckDBPyRelation, output: str) -> None:
    """GeoParquet where there are geometries, plain Parquet elsewhere."""
    shapes = [
        name
        for name, kind in zip(answer.columns, answer.types, strict=True)
        if str(kind).startswith("GEOMETRY")
    ]
    with answering():
        write_batches(answer.to_arrow_reader(_BATCH), shapes, output)


def write_csv(answer: DuckDBPyRelation, file: IO[str]) -> None:
    """Write all rows, geometries as WKT, structs and lists as JSON."""
    rows = _rows(answer, shapely.to_wkt)
    writer = csv_writer(file)
    writer.writerow(answer.columns)
    for row in rows:
        writer.writerow([_csv_value(value) for value in row])


def _csv_value(value: object) -> object:
    """Structs and lists as JSON, truth values as SQL writes them."""
    if isinstance(value, (dict, list, bool)):
        return _json(value)
    return value


def write_table(selection: Selection, file: IO[str]) -> None:
    """Write the first patches of a selection, and how many there are."""
    patches = len(selection)
    if patches:
        columns = (*columns_at_a_glance(selection.dataset), "lon", "lat")
        with answering():
            first = selection.relation().select(*columns).fetchmany(_SHOWN)
        placed = [(*row, round(lon, 3), round(lat, 3)) for *row, lon, lat in first]
        write_rows(columns, placed, file)
    more = f", the first {_SHOWN} of them above" if patches > _SHOWN else ""
    file.write(f"{counted(patches, 'patch')}{more}\n")


def write_rows(columns: Sequence[str], rows: Iterable[Sequence[object]], file: IO[str]) -> None:
    """A table that fits the terminal; elsewhere it is as wide as it needs to be."""
    table = Table(box=None, pad_edge=False)
    shown = [[_cell(value) for value in row] for row in rows]
    for position, name in enumerate(columns):
        # Where it is narrow, long names are broken into lines, and nothing is cut off.
        heading = name.replace("_", "\n") if file.isatty() else name
        table.add_column(
            Text(heading),
            justify="right" if _are_numbers(row[position] for row in shown) else "left",
            overflow="fold",
            no_wrap=name == "id",
        )
    for row in shown:
        table.add_row(*map(Text, row))
    Console(file=file, width=None if file.isatty() else _WIDE).print(table)


def _are_numbers(cells: Iterable[str]) -> bool:
    """Whether a column has numbers and nothing else; gaps aside."""
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(map(_NUMBER.fullmatch, filled))


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def write_json(answer: DuckDBPyRelation, file: IO[str], *, geojson: bool) -> None:
    """Write all rows as one JSON array, or as a GeoJSON FeatureCollection."""
    opening, closing = ("[", "]")
    if geojson:
        opening, closing = '{"type": "FeatureCollection", "features": [', "]}"
    rows = _rows(answer, lambda shape: orjson.loads(shapely.to_geojson(shape)))
    names = _distinct(answer.columns)
    file.write(f"{opening}\n")
    separator = ""
    for values in rows:
        value = dict(zip(names, values, strict=True))
        if geojson:
            geometry = value.pop("geometry", None)
            value = {
                "type": "Feature",
                "id": value.get("id"),
                "geometry": geometry,
                "properties": value,
            }
        file.write(separator + _json(value))
        separator = ",\n"
    file.write(f"\n{closing}\n")


def _json(value: object) -> str:
    return orjson.dumps(value, default=_plain).decode()


def _plain(value: object) -> object:
    """What JSON has no word for: whole numbers beyond 64 bits as numbers, all else as text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.hex() if isinstance(value, bytes) else str(value)


def _distinct(names: Iterable[str]) -> list[str]:
    """Names of columns as keys of one object: the second `a` becomes `a_1`."""
    keys: list[str] = []
    for name in names:
        others = (f"{name}_{number}" for number in count(1))
        keys.append(next(key for key in chain([name], others) if key not in keys))
    return keys


def _rows(answer: DuckDBPyRelation, encode: Callable[[Any], object]) -> Iterator[list[Any]]:
    """All rows, the first of them fetched already: most errors show before anything is printed."""
    rows = _encoded(answer, encode)
    return chain(list(islice(rows, 1)), rows)


def _encoded(answer: DuckDBPyRelation, encode: Callable[[Any], object]) -> Iterator[list[Any]]:
    """All rows, with their geometries, which come as WKB, in another form."""
    shapes = [str(kind).startswith("GEOMETRY") for kind in answer.types]
    with answering():
        for batch in answer.to_arrow_reader(_BATCH):
            columns = [column.to_pylist() for column in batch.columns]
            for row in zip(*columns, strict=True):
                yield [
                    encode(shapely.from_wkb(value)) if is_shape and value is not None else value
                    for value, is_shape in zip(row, shapes, strict=True)
                ]
