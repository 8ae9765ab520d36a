"""Flat tables of patches as frames and files that other tools read."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from catalog.errors import MissingExtraError, OutputError
from catalog.store.outputs import checked_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from geopandas import GeoDataFrame

DRIVERS: Final = {".gpkg": "GPKG", ".fgb": "FlatGeobuf"}
"""GDAL's drivers by the ending of a file."""


def geodataframe(table: pa.Table) -> GeoDataFrame:
    """A table with WKB in the column `geometry`, as a GeoDataFrame in OGC:CRS84."""
    from geopandas import GeoDataFrame, GeoSeries

    position = table.column_names.index("geometry")
    wkb = table.column("geometry").to_pylist()
    frame = table.remove_column(position).to_pandas()
    geometry = GeoSeries.from_wkb(wkb, index=frame.index, crs="OGC:CRS84")
    frame.insert(position, "geometry", geometry)
    return GeoDataFrame(frame, geometry="geometry", crs="OGC:CRS84")


def write_layer(frame: GeoDataFrame, path: str | os.PathLike[str]) -> None:
    """Write a GeoPackage or FlatGeobuf; lists become JSON, since these formats have none.

    Raises
    ------
    OutputError
        If the path ends otherwise, or the file cannot be written.
    """
    target = checked_target(path)
    driver = DRIVERS.get(target.suffix.lower())
    if driver is None:
        raise OutputError(f"{path} has no known ending: end it in {', '.join(DRIVERS)}")
    plain = frame.assign(issues=[json.dumps(list(issues)) for issues in frame["issues"]])
    try:
        # GDAL writes journals beside a GeoPackage, and wants the right ending.
        with tempfile.TemporaryDirectory(dir=target.absolute().parent) as folder:
            partial = Path(folder, target.name)
            plain.to_file(partial, driver=driver, engine="pyogrio", layer="patches")
            os.replace(partial, target)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error


def explore(frame: GeoDataFrame, colors: Mapping[str, str], options: Mapping[str, Any]) -> Any:
    """An interactive map, each patch in the colour of its dominant cover.

    Raises
    ------
    MissingExtraError
        If what draws it is not installed.
    """
    shown = frame[["id", "geometry", "season", "country", "split", "dominant_cover"]]
    present = sorted(set(shown["dominant_cover"].dropna()))
    defaults: dict[str, Any] = {}
    if present:
        defaults = {
            "column": "dominant_cover",
            "categories": present,
            "cmap": [colors[name] for name in present],
        }
    try:
        return shown.explore(**{**defaults, **options})
    except ImportError as error:
        raise MissingExtraError(
            "explore() needs folium: pip install 'sen12ms-catalog[explore]'"
        ) from error
