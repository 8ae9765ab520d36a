"""The column contract of `items.parquet`: the one place that defines it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from catalog.datasets.legacy import PREVIEWS, SCHEMES, SENSORS, classes_of
from catalog.model import EDGES

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT: Final = pa.string()
_TEXTS: Final = pa.list_(_TEXT)
_TIME: Final = pa.timestamp("us", tz="UTC")
_BBOX: Final = pa.struct([(name, pa.float64()) for name in EDGES])
_LINKS: Final = pa.list_(pa.struct([("rel", _TEXT), ("href", _TEXT), ("type", _TEXT)]))
_PICTURE: Final = pa.struct([("href", _TEXT), ("type", _TEXT), ("title", _TEXT), ("roles", _TEXTS)])
_FILE: Final = pa.struct([*_PICTURE, ("file:size", pa.int64())])
_ASSETS: Final = pa.struct(
    [(sensor, _FILE) for sensor in SENSORS] + [(preview, _PICTURE) for preview in PREVIEWS]
)


class Column(NamedTuple):
    """One column of the table."""

    name: str
    """As in the STAC item; properties are columns of their own."""
    type: pa.DataType
    """Arrow type."""
    meaning: str
    """For the documentation."""


def _counts(scheme: str) -> pa.StructType:
    names = [*(entry.name for entry in classes_of(scheme)), "unknown"]
    return pa.struct([(name, pa.int32()) for name in names])


_LAND_COVER: Final = {
    "igbp": "IGBP land cover",
    "lccs_lc": "LCCS land cover",
    "lccs_lu": "LCCS land use",
    "lccs_sh": "LCCS surface hydrology",
}

COLUMNS: Final = (
    Column("type", _TEXT, "`Feature`."),
    Column("stac_version", _TEXT, "`1.1.0`."),
    Column("stac_extensions", _TEXTS, "Schemas of the extensions in use."),
    Column("id", _TEXT, "`ROIs1158_spring_1_p30`: season, scene and patch; unique."),
    Column(
        "geometry",
        pa.binary(),
        "WKB polygon through the four corners, degrees (OGC:CRS84), counter-clockwise; split at "
        "the antimeridian; null if the file names no usable CRS.",
    ),
    Column("bbox", _BBOX, "Bounds of `geometry`, degrees: the covering of GeoParquet 1.1."),
    Column("collection", _TEXT, "`sen12ms`."),
    Column("links", _LINKS, "STAC links, relative to the folder of this file."),
    Column(
        "assets",
        _ASSETS,
        "The files `s1`, `s2`, `lc`; null where one is missing. The pictures `thumbnail`, "
        "`overview`, `overview_s1`, `overview_lc`, relative to the folder of this file; null "
        "unless `index` drew them.",
    ),
    Column("title", _TEXT, "For people: scene, patch, country, dominant cover."),
    Column("datetime", _TIME, "Always null: SEN12MS has no date of a patch."),
    Column("start_datetime", _TIME, "First moment of the season's window."),
    Column("end_datetime", _TIME, "Last second of the season's window."),
    Column("proj:code", _TEXT, "CRS of the pixels, `EPSG:32737`."),
    Column("proj:shape", pa.list_(pa.int32()), "Rows, columns."),
    Column(
        "proj:transform",
        pa.list_(pa.float64()),
        "Affine coefficients a to f, exact: x = a·column + b·row + c, y = d·column + e·row + f, "
        "metres.",
    ),
    Column("sen12ms:season", _TEXT, "Season in the file name (northern hemisphere)."),
    Column(
        "sen12ms:local_season",
        _TEXT,
        "Actual season: from `seasons.csv` where there is one, else by the hemisphere.",
    ),
    Column("sen12ms:scene", pa.int32(), "Scene number; unique within a season only."),
    Column("sen12ms:patch", pa.int32(), "Patch number; unique within a scene only."),
    Column("sen12ms:split", _TEXT, "Official `train` or `test`; null for the excluded patch."),
    Column(
        "sen12ms:country",
        _TEXT,
        "ISO 3166-1 alpha-3 of the country that covers most of the footprint, else of the nearest "
        "within 20 km, else null; null also for a territory without a code.",
    ),
    Column("sen12ms:continent", _TEXT, "Continent of that country."),
    *(
        Column(
            f"sen12ms:{scheme}",
            _counts(scheme),
            f"{_LAND_COVER[scheme]}: pixels per class, of 65,536; `unknown` counts codes outside "
            "the legend; null without a land-cover file.",
        )
        for scheme in SCHEMES
    ),
    Column("sen12ms:issues", _TEXTS, "Findings of the audit; empty if there are none."),
)

SCHEMA: Final = pa.schema([(column.name, column.type) for column in COLUMNS])

MEMBER_COLUMNS: Final = (
    Column("id", _TEXT, "`ROIs1158_spring_1_p30`: the patch."),
    Column("sensor", _TEXT, "`s1`, `s2` or `lc`."),
    Column("archive", _TEXT, "Absolute path of the archive."),
    Column("member", _TEXT, "Name of the file in the archive."),
    Column("offset", pa.int64(), "Byte of the unpacked archive where the file starts."),
    Column("size", pa.int64(), "Bytes."),
)

MEMBER_SCHEMA: Final = pa.schema([(column.name, column.type) for column in MEMBER_COLUMNS])


def table_columns() -> list[dict[str, str]]:
    """The contract as `table:columns` of the STAC table extension."""
    return [
        {"name": column.name, "type": type_name(column.type), "description": column.meaning}
        for column in COLUMNS
    ]


def type_name(kind: pa.DataType) -> str:
    """Name of an Arrow type, short for nested ones."""
    if pa.types.is_struct(kind):
        return "struct"
    if pa.types.is_list(kind):
        return f"list<{type_name(kind.value_type)}>"
    return str(kind)


def table_from_columns(columns: Mapping[str, Any]) -> pa.Table:
    """The Arrow table of the columns of one scene.

    Parameters
    ----------
    columns : mapping
        By column name a list or array, of two dimensions for a column of lists; a mapping again for
        a struct, whose column `""` is true where the struct as a whole is null; anything else
        stands for all rows.

    Returns
    -------
    pyarrow.Table
        With `SCHEMA`.
    """
    rows = len(columns["id"])
    return pa.Table.from_arrays(
        [_array(columns[field.name], field.type, rows) for field in SCHEMA], schema=SCHEMA
    )


def _array(values: Any, kind: pa.DataType, rows: int) -> pa.Array:
    if isinstance(values, dict):
        children = [_array(values[field.name], field.type, rows) for field in kind.fields]
        missing = values.get("")
        mask = None if missing is None else pa.array(missing)
        return pa.StructArray.from_arrays(children, fields=kind.fields, mask=mask)
    if isinstance(values, np.ndarray) and values.ndim == 2:
        starts = np.arange(rows + 1, dtype=np.int32) * values.shape[1]
        return pa.ListArray.from_arrays(starts, pa.array(values.ravel()).cast(kind.value_type))
    if isinstance(values, np.ndarray) and values.dtype != object:
        return pa.array(values).cast(kind)
    if isinstance(values, (list, np.ndarray)):
        return pa.array(values, kind)
    return pa.array([values], kind).take(pa.array(np.zeros(rows, np.int32)))
