"""The column contract of `items.parquet`: the one place that defines it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa

from catalog.datasets.quality import measures
from catalog.model import EDGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from catalog.datasets import Dataset
    from catalog.datasets.definition import Legend

_TEXT: Final = pa.string()
_TEXTS: Final = pa.list_(_TEXT)
_TIME: Final = pa.timestamp("us", tz="UTC")
_BBOX: Final = pa.struct([(name, pa.float64()) for name in EDGES])
_LINKS: Final = pa.list_(pa.struct([("rel", _TEXT), ("href", _TEXT), ("type", _TEXT)]))
_PICTURE: Final = pa.struct([("href", _TEXT), ("type", _TEXT), ("title", _TEXT), ("roles", _TEXTS)])
_FILE: Final = pa.struct([*_PICTURE, ("file:size", pa.int64())])


class Column(NamedTuple):
    """One column of the table."""

    name: str
    """As in the STAC item; properties are columns of their own."""
    type: pa.DataType
    """Arrow type."""
    meaning: str
    """For the documentation."""


@cache
def columns(dataset: Dataset) -> tuple[Column, ...]:
    """The columns of a dataset's table, in order."""
    about = dataset.about
    return (
        Column("type", _TEXT, "`Feature`."),
        Column("stac_version", _TEXT, "`1.1.0`."),
        Column("stac_extensions", _TEXTS, "Schemas of the extensions in use."),
        Column(
            "id", _TEXT, f"`{dataset.patch_id(dataset.example)}`: season, scene and patch; unique."
        ),
        Column(
            "geometry",
            pa.binary(),
            "WKB polygon through the four corners, degrees (OGC:CRS84), counter-clockwise; split "
            "at the antimeridian; null if the file names no usable CRS.",
        ),
        Column("bbox", _BBOX, "Bounds of `geometry`, degrees: the covering of GeoParquet 1.1."),
        Column("collection", _TEXT, f"`{dataset.id}`."),
        Column("links", _LINKS, "STAC links, relative to the folder of this file."),
        Column(
            "assets",
            _assets(dataset),
            f"The files {_names(dataset.sensors)}; null where one is missing."
            + (
                f" The pictures {_names(dataset.previews)}, relative to the folder of this file; "
                "null unless `index` drew them."
                if dataset.previews
                else ""
            ),
        ),
        Column("title", _TEXT, "For people: scene, patch, country, dominant cover."),
        Column("datetime", _TIME, f"Always null: {about.title} has no date of a patch."),
        Column("start_datetime", _TIME, "First moment of the season's window."),
        Column("end_datetime", _TIME, "Last second of the season's window."),
        Column("proj:code", _TEXT, "CRS of the pixels, `EPSG:32737`."),
        Column("proj:shape", pa.list_(pa.int32()), "Rows, columns."),
        Column(
            "proj:transform",
            pa.list_(pa.float64()),
            "Affine coefficients a to f, exact: x = a·column + b·row + c, y = d·column + e·row + "
            "f, metres.",
        ),
        Column("sen12ms:season", _TEXT, "Season in the file name (northern hemisphere)."),
        Column(
            "sen12ms:local_season",
            _TEXT,
            "Actual season: from `seasons.csv` where there is one, else by the hemisphere.",
        ),
        Column("sen12ms:scene", pa.int32(), "Scene number; unique within a season only."),
        Column("sen12ms:patch", pa.int32(), "Patch number; unique within a scene only."),
        Column("sen12ms:split", _TEXT, f"Official split: {_split(dataset)}"),
        Column(
            "sen12ms:country",
            _TEXT,
            "ISO 3166-1 alpha-3 of the country that covers most of the footprint, else of the "
            "nearest within 20 km, else null; null also for a territory without a code.",
        ),
        Column("sen12ms:continent", _TEXT, "Continent of that country."),
        *(
            Column(
                f"sen12ms:{scheme}",
                _counts(legend),
                f"{legend.title}: pixels per class, of {dataset.patch_pixels:,}; `unknown` counts "
                "codes outside the legend; null without a land-cover file.",
            )
            for scheme, legend in dataset.legends.items()
        ),
        *_clouds(dataset),
        Column(
            "sen12ms:quality",
            _quality(dataset),
            "Numbers that `index --statistics` measures on the pixels of the images: "
            + "; ".join(f"`{measure.name}`, {measure.meaning}" for measure in measures(dataset))
            + "; null without it, and for a file that is missing.",
        ),
        Column("sen12ms:issues", _TEXTS, "Findings of the audit; empty if there are none."),
    )


@cache
def schema(dataset: Dataset) -> pa.Schema:
    """The columns as an Arrow schema."""
    return pa.schema([(column.name, column.type) for column in columns(dataset)])


def _clouds(dataset: Dataset) -> list[Column]:
    if dataset.cloudy is None:
        return []
    meaning = (
        f"Percent of {dataset.cloudy} that is clouds, 0 to 100, from the table of "
        "`index --cloud-cover`; null without it, and for patches that it does not name."
    )
    return [Column("eo:cloud_cover", pa.float64(), meaning)]


def _split(dataset: Dataset) -> str:
    left_out = "null for the excluded patch." if dataset.excluded else "null where it is not known."
    return f"{_names(dataset.splits)}; {left_out}"


def _assets(dataset: Dataset) -> pa.StructType:
    fields = dict.fromkeys(dataset.sensors, _FILE) | dict.fromkeys(dataset.previews, _PICTURE)
    return pa.struct(list(fields.items()))


def _counts(legend: Legend) -> pa.StructType:
    return pa.struct([(name, pa.int32()) for name in (*legend.names, "unknown")])


def _quality(dataset: Dataset) -> pa.StructType:
    return pa.struct(
        [
            (measure.name, pa.int32() if measure.kind == "not_finite" else pa.float64())
            for measure in measures(dataset)
        ]
    )


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def member_columns(dataset: Dataset) -> tuple[Column, ...]:
    """The columns of `members.parquet`, in order."""
    *others, last = dataset.sensors
    return (
        Column("id", _TEXT, f"`{dataset.patch_id(dataset.example)}`: the patch."),
        Column("sensor", _TEXT, f"{_names(others)} or {_names([last])}."),
        Column("archive", _TEXT, "Absolute path of the archive."),
        Column("member", _TEXT, "Name of the file in the archive."),
        Column("offset", pa.int64(), "Byte of the unpacked archive where the file starts."),
        Column("size", pa.int64(), "Bytes."),
    )


def table_columns(dataset: Dataset) -> list[dict[str, str]]:
    """The contract as `table:columns` of the STAC table extension."""
    return [
        {"name": column.name, "type": type_name(column.type), "description": column.meaning}
        for column in columns(dataset)
    ]


def type_name(kind: pa.DataType) -> str:
    """Name of an Arrow type, short for nested ones."""
    if pa.types.is_struct(kind):
        return "struct"
    if pa.types.is_list(kind):
        return f"list<{type_name(kind.value_type)}>"
    return str(kind)


def table_from_columns(dataset: Dataset, arrays: Mapping[str, pa.Array]) -> pa.Table:
    """The table of some patches.

    Parameters
    ----------
    dataset : Dataset
        What they are of.
    arrays : mapping
        By column name, of types that can be cast to those of the contract without loss; what is
        not in the contract is left out.
    """
    fields = schema(dataset)
    return pa.Table.from_arrays(
        [arrays[field.name].cast(field.type) for field in fields], schema=fields
    )


def rows_from_table(table: pa.Table) -> list[dict[str, Any]]:
    """All rows, as dicts."""
    values = map(_values, table.columns)
    names = table.column_names
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Python's values of a column; moments are few, and made once each: that takes long."""
    if not pa.types.is_timestamp(column.type):
        return column.to_pylist()  # type: ignore[no-any-return]
    encoded = column.combine_chunks().dictionary_encode()
    moments = encoded.dictionary.to_pylist()
    return [None if at is None else moments[at] for at in encoded.indices.to_pylist()]
