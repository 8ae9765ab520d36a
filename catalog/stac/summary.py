"""What the catalogs above a scene say of it, from its columns."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from catalog.model import EDGES, SceneKey
from catalog.stac.collection import SceneSummary
from catalog.stac.scene_columns import dominant_covers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.datasets import Dataset
    from catalog.stac.collection import Box


def summary_of(
    key: SceneKey, columns: Mapping[str, pa.Array], names: Mapping[str, str]
) -> SceneSummary:
    """Sum up a scene.

    Parameters
    ----------
    key : SceneKey
        Season, scene.
    columns : mapping
        Its items, as `columns_from_scene` gives them.
    names : mapping
        English names of countries by ISO 3166-1 alpha-3 code.
    """
    countries, continents, crs, covers = (
        Counter(filter(None, columns[name].to_pylist()))
        for name in ("sen12ms:country", "sen12ms:continent", "proj:code", "cover")
    )
    return SceneSummary(
        key=key,
        patches=len(columns["id"]),
        bbox=_bounds(columns["bbox"]),
        country=names.get(countries.most_common(1)[0][0]) if countries else None,
        cover=covers.most_common(1)[0][0] if covers else None,
        countries=tuple(sorted(countries)),
        continents=tuple(sorted(continents)),
        crs=tuple(sorted(crs)),
        cloud_cover=_range(columns.get("eo:cloud_cover")),
    )


def summary_from_json(values: Mapping[str, Any]) -> SceneSummary:
    """The inverse of `asdict`, whatever JSON made of it."""
    lists = ("bbox", "countries", "continents", "crs", "cloud_cover")
    tuples = {name: tuple(values[name]) for name in lists if values.get(name) is not None}
    return SceneSummary(**{**values, **tuples, "key": SceneKey(*values["key"])})


def columns_from_table(dataset: Dataset, table: pa.Table) -> dict[str, pa.ChunkedArray]:
    """Columns as `columns_from_scene` gives them, from the rows of a scene by the contract."""
    columns = dict(zip(table.column_names, table.columns, strict=True))
    pixels = {}
    if dataset.simplified is not None:
        counts = columns[f"sen12ms:{dataset.simplified}"]
        pixels = {
            name: pc.struct_field(counts, name).fill_null(0).to_numpy()
            for name in dataset.legends[dataset.simplified].names
        }
    covers = dominant_covers(dataset, pixels, table.num_rows)
    return columns | {"cover": pa.chunked_array([covers], pa.string())}


def _range(percents: pa.Array | None) -> tuple[float, float] | None:
    """The least and the most of what is known; None if nothing is."""
    if percents is None or percents.null_count == len(percents):
        return None
    return pc.min(percents).as_py(), pc.max(percents).as_py()


def _bounds(boxes: pa.Array) -> Box | None:
    """What all boxes are in; None if none is known."""
    west, south, east, north = (
        (pc.min if edge.endswith("min") else pc.max)(pc.struct_field(boxes, edge)).as_py()
        for edge in EDGES
    )
    return None if west is None else (west, south, east, north)
