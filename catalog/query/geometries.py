"""Regions that are drawn: WKT, GeoJSON, vector files, objects of geopandas and shapely."""

from __future__ import annotations

import json
import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from catalog.errors import RegionError
from catalog.query.regions import Region
from catalog.regions.subdivide import polygons, subdivide

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


MOST_VERTICES: Final = 200_000
"""Of a drawn region; it becomes part of the text of a question."""
MOST_VERTICES_TO_REPAIR, MOST_CROSSINGS = 20_000, 10_000
"""Of an invalid geometry that is repaired, which takes a second then."""
_MOST_DEPTH: Final = 32
"""Of collections in collections; GEOS has no bound, and ends the process."""
_SEGMENTS: Final = 16
_DEGREES: Final = "OGC:CRS84"
_NAMED_CRS: Final = re.compile(rb'"crs"\s*:\s*\{.{0,200}?"name"\s*:\s*"([^"]+)"', re.DOTALL)
_MOST_BEFORE_CRS: Final = 64 << 10
"""Bytes of a GeoJSON file among which its CRS is named: GeoJSON of 2008, section 3."""
_MALFORMED: Final = (
    shapely.errors.ShapelyError,
    *(AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError),
)
"""Errors that invalid GeoJSON raises."""


def from_wkt(text: str) -> Region:
    """A region from WKT in degrees."""
    srid, _, body = text.rpartition(";")
    if srid.strip().upper().replace(" ", "") not in {"", "SRID=4326"}:
        raise RegionError(
            f"{text[:60]!r} is in another CRS: give longitude and latitude in degrees"
        )
    depth = _depth(body, "(", ")")
    if depth > _MOST_DEPTH:
        raise RegionError(f"{text[:60]!r} is nested {depth} deep: give polygons")
    try:
        with np.errstate(invalid="ignore"):
            geometry = shapely.from_wkt(body)
    except (shapely.errors.ShapelyError, NotImplementedError, ValueError) as error:
        raise RegionError(f"{text[:60]!r} is not valid WKT: {error}") from error
    return region_from_geometry(geometry, f"{text[:60]!r}")


def from_geojson(text: str) -> Region:
    """A region from GeoJSON text: a geometry, a Feature or a FeatureCollection, in degrees."""
    depth = _depth(text, "[{", "]}")
    if depth > _MOST_DEPTH:
        raise RegionError(f"{text[:60]!r} is nested {depth} deep: give polygons")
    try:
        value = json.loads(text)
    except ValueError as error:
        raise RegionError(f"{text[:60]!r} is not valid GeoJSON: {error}") from error
    return from_object(value)


def from_object(value: Any) -> Region:
    """A region from a shapely geometry, a GeoJSON mapping, or what has `__geo_interface__`.

    A GeoSeries or GeoDataFrame is transformed from its CRS; all others are in degrees.
    """
    what = f"the {type(value).__name__}"
    if isinstance(value, BaseGeometry):
        return region_from_geometry(value, what)
    if hasattr(value, "to_crs"):
        return _from_frame(value, what)
    mapping = getattr(value, "__geo_interface__", value)
    try:
        with np.errstate(invalid="ignore"):
            geometries = [shape(each) for each in _geometries(mapping)]
    except _MALFORMED as error:
        raise RegionError(f"{str(mapping)[:60]!r} is not valid GeoJSON: {error}") from error
    return _from_geometries(geometries, what)


def exact_region(value: Mapping[str, Any]) -> Region:
    """A region from a GeoJSON geometry that must be valid: it is neither repaired nor divided."""
    try:
        with np.errstate(invalid="ignore"):
            geometry = shapely.force_2d(shape(dict(value)))
    except _MALFORMED as error:
        raise RegionError(f"{str(value)[:60]!r} is not valid GeoJSON: {error}") from error
    what = f"the {geometry.geom_type}"
    _check_bounds(geometry, what)
    if not shapely.is_valid(geometry):
        raise RegionError(f"{what} is not valid: {shapely.is_valid_reason(geometry)}; repair it")
    west, south, east, north = geometry.bounds
    text = _wkt(geometry)
    return Region((west, south, east, north), None, text, (text,))


def from_file(name: str) -> Region:
    """A region from a vector file that GDAL reads, in any CRS; `FILE|layername=NAME` for one layer.

    All geometries of a layer together are the region.
    """
    import geopandas

    text, _, layer = name.partition("|layername=")
    path = Path(text)
    if not os.path.exists(path):  # a name may be longer than any file system takes
        raise RegionError(f"there is no file {path}: give the path of a vector file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if path.suffix.lower() in {".parquet", ".geoparquet"}:
                frame = geopandas.read_parquet(path)
            else:
                layers = [layer] if layer else geopandas.list_layers(path)["name"].tolist()
                if len(layers) > 1:
                    raise RegionError(
                        f"{path} has {len(layers)} layers: write {path}|layername={layers[0]}, or "
                        f"another of {', '.join(layers)}"
                    )
                frame = geopandas.read_file(path, layer=layer or None)
        _check_named_crs(path)
    except (ValueError, OSError, RuntimeError, KeyError) as error:
        if isinstance(error, RegionError):
            raise
        reason = str(error).partition(".; ")[0]  # without advice for those who call GDAL
        raise RegionError(f"{path} is not a vector file that can be read: {reason}") from error
    if not isinstance(frame, geopandas.GeoDataFrame) or frame.empty:
        raise RegionError(f"{path} holds no geometry: give a file with at least one polygon")
    return _from_frame(frame, str(path))


def _check_named_crs(path: Path) -> None:
    """Refuse a GeoJSON file in a CRS that PROJ does not know: GDAL would read degrees."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    if path.suffix.lower() not in {".geojson", ".json"}:
        return
    with path.open("rb") as file:
        named = _NAMED_CRS.search(file.read(_MOST_BEFORE_CRS))
    try:
        CRS.from_user_input(named[1].decode() if named else _DEGREES)
    except CRSError as error:
        raise RegionError(f"{path} is in a CRS that cannot be transformed: {error}") from error


def _from_frame(frame: Any, what: str) -> Region:
    if frame.crs is None:
        raise RegionError(f"{what} names no CRS: add one, since degrees and metres look alike")
    try:
        geometries = frame.geometry.to_crs(_DEGREES)
    except (ValueError, RuntimeError) as error:
        raise RegionError(f"{what} is in a CRS that cannot be transformed: {error}") from error
    return _from_geometries([each for each in geometries if each is not None], what)


def _from_geometries(geometries: Sequence[BaseGeometry], what: str) -> Region:
    if not geometries:
        raise RegionError(f"{what} holds no geometry: give at least one polygon")
    if len(geometries) == 1:
        return region_from_geometry(geometries[0], what)
    _check_bounds(shapely.GeometryCollection(list(geometries)), what)
    valid = [_repaired(geometry, what) for geometry in geometries]
    return region_from_geometry(shapely.union_all(valid), what)


def region_from_geometry(geometry: BaseGeometry, what: str) -> Region:
    """A region from a geometry in degrees; points and lines are regions without an area.

    Raises
    ------
    RegionError
        If it is empty, not on Earth, too large, or invalid beyond repair.
    """
    _check_bounds(geometry, what)
    valid = shapely.force_2d(_repaired(geometry, what))
    if valid.is_empty:
        raise RegionError(f"{what} is a polygon without an area: give one whose corners differ")
    if valid.geom_type == "GeometryCollection":
        parts: list[BaseGeometry] = [part for part in polygons(valid) if not part.is_empty]
        valid = shapely.union_all(parts or [valid])
    pieces: list[BaseGeometry] = [piece for part in polygons(valid) for piece in subdivide(part)]
    west, south, east, north = valid.bounds
    return Region(
        (west, south, east, north), None, _wkt(valid), tuple(map(_wkt, pieces or [valid]))
    )


def _check_bounds(geometry: BaseGeometry, what: str) -> None:
    if geometry.is_empty:
        raise RegionError(f"{what} is empty: give a geometry with at least one point")
    vertices = int(shapely.get_num_coordinates(geometry))
    if vertices > MOST_VERTICES:
        raise RegionError(
            f"{what} has {vertices:,} vertices, more than {MOST_VERTICES:,}: simplify it"
        )
    points = shapely.get_coordinates(geometry)
    if not np.isfinite(points).all():
        raise RegionError(f"{what} has coordinates that are nan or infinite: give degrees")
    with np.errstate(invalid="ignore"):
        west, south, east, north = geometry.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise RegionError(
            f"{what} reaches from {west:g},{south:g} to {east:g},{north:g}: "
            "give longitude and latitude in degrees"
        )


def _repaired(geometry: BaseGeometry, what: str) -> BaseGeometry:
    """The geometry if it is valid, else with its rings made valid."""
    if shapely.is_valid(geometry):
        return geometry
    if _crossings(geometry) > MOST_CROSSINGS:
        reason = shapely.is_valid_reason(geometry)
        raise RegionError(f"{what} is not valid, and too tangled to repair: {reason}")
    return shapely.make_valid(geometry, method="structure", keep_collapsed=False)


def _crossings(geometry: BaseGeometry) -> int:
    """How often segments of it cross, counted until they are too many."""
    if shapely.get_num_coordinates(geometry) > MOST_VERTICES_TO_REPAIR:
        return MOST_CROSSINGS + 1
    points, rings = shapely.get_coordinates(
        shapely.get_rings(shapely.get_parts(shapely.get_parts(geometry))), return_index=True
    )
    joined = rings[:-1] == rings[1:]
    segments = shapely.linestrings(np.stack([points[:-1], points[1:]], axis=1)[joined])
    tree, count = shapely.STRtree(segments), 0
    for start in range(0, len(segments), _SEGMENTS):
        pairs = tree.query(segments[start : start + _SEGMENTS], predicate="crosses")
        count += pairs.shape[1] // 2
        if count > MOST_CROSSINGS:
            break
    return count


def _geometries(mapping: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The geometries of a GeoJSON object."""
    if mapping["type"] == "FeatureCollection":
        features = [feature["geometry"] for feature in mapping["features"]]
        return [geometry for geometry in features if geometry is not None]
    return [mapping["geometry"] if mapping["type"] == "Feature" else dict(mapping)]


def _depth(text: str, opening: str, closing: str) -> int:
    """How deep brackets nest; those in texts count too, so that it is a bound."""
    depth = deepest = 0
    for character in text:
        if character in opening:
            depth += 1
            deepest = max(deepest, depth)
        elif character in closing:
            depth -= 1
    return deepest


def _wkt(geometry: BaseGeometry) -> str:
    return str(shapely.to_wkt(geometry, rounding_precision=-1))
