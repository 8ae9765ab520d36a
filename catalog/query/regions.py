"""What a user calls a region, as polygons: a name, a box, WKT, a vector file, a geometry."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import geopandas
import shapely
from shapely.geometry.base import BaseGeometry

from catalog.errors import RegionError
from catalog.pieces import cut, polygons
from catalog.query.statements import statement
from catalog.suggest import folded, near_matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

_WKT: Final = re.compile(r"(?i)\s*(SRID|POINT|LINESTRING|POLYGON|MULTI|GEOMETRYCOLLECTION)")
_NUMBER: Final = r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*"
_BOX: Final = re.compile(rf"{_NUMBER}(?:,{_NUMBER})+")
_FILE: Final = re.compile(r"[/\\]|\.[a-z]{2,10}$", re.IGNORECASE)
_KINDS: Final = ("continent", "subregion", "country", "state")


@dataclass(frozen=True, slots=True)
class Region:
    """A region, ready to be asked for."""

    pieces: tuple[bytes, ...]
    """Polygons (WKB) in degrees (OGC:CRS84) that together are the region."""
    bounds: tuple[float, float, float, float]
    """West, south, east, north."""
    named: tuple[str, str] | None = None
    """Kind and name in the view `regions`; None for any other geometry."""

    @property
    def wkt(self) -> str:
        """All of it as WKT, exact to the last digit."""
        whole = shapely.union_all(shapely.from_wkb(self.pieces))
        return str(shapely.to_wkt(whole, rounding_precision=-1))


class _Named(NamedTuple):
    kind: str
    name: str
    name_long: str
    code: str | None
    iso_a2: str | None
    country_name: str | None


def resolve_region(
    region: str | os.PathLike[str] | Sequence[float] | BaseGeometry,
    connection: duckdb.DuckDBPyConnection,
) -> Region:
    """Find out where a region is.

    Parameters
    ----------
    region : str, path, four numbers or geometry
        A name or code in the view `regions` (letter case and accents do not matter;
        `state:Georgia` says which kind is meant), `W,S,E,N` in degrees with west > east across the
        antimeridian, WKT in degrees, any vector file that GDAL reads, in any CRS, or a shapely
        geometry in degrees.
    connection : duckdb.DuckDBPyConnection
        To look names up in `regions`.

    Raises
    ------
    RegionError
        If the name is unknown or means several places, the box is none, or the geometry is invalid.
    """
    if isinstance(region, BaseGeometry):
        return _from_geometry(region, "the geometry")
    if isinstance(region, os.PathLike):
        return _from_file(Path(region))
    if isinstance(region, str):
        return _from_text(region, connection)
    try:
        numbers = [float(number) for number in region]
    except (TypeError, ValueError) as error:
        raise RegionError(
            f"{region!r} is no region: give one name, four numbers or a geometry"
        ) from error
    return _from_box(numbers, str(list(region)))


def is_path(region: str) -> bool:
    """Whether a text is taken for the path of a vector file, or the URL of one."""
    other = _BOX.fullmatch(region) or _WKT.match(region)
    return other is None and _FILE.search(region) is not None


def _from_text(region: str, connection: duckdb.DuckDBPyConnection) -> Region:
    if not region.strip():
        raise RegionError("the region is empty: name a country, W,S,E,N, WKT or a vector file")
    if _BOX.fullmatch(region):
        return _from_box([float(number) for number in region.split(",")], region)
    if _WKT.match(region):
        return _from_wkt(region)
    if is_path(region):
        return _from_file(Path(region))
    return _from_name(region, connection)


def _from_box(numbers: Sequence[float], text: str) -> Region:
    if len(numbers) != 4:
        raise RegionError(f"{text!r} has {len(numbers)} numbers: a box is west,south,east,north")
    west, south, east, north = numbers
    if not (
        -180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= 90 and -90 <= north <= 90
    ):
        raise RegionError(
            f"{text!r} is no box on Earth: write west,south,east,north in degrees, up to 180 and 90"
        )
    if south > north:
        raise RegionError(f"{text!r} has its south above its north: write west,south,east,north")
    boxes = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    return _from_parts([shapely.box(left, south, right, north) for left, right in boxes])


def _from_wkt(text: str) -> Region:
    srid, _, body = text.rpartition(";")
    if srid.strip().upper() not in {"", "SRID=4326"}:
        raise RegionError(
            f"{text[:60]!r} is in another CRS: give longitude and latitude in degrees"
        )
    try:
        geometry = shapely.from_wkt(body)
    except shapely.errors.ShapelyError as error:
        raise RegionError(f"{text[:60]!r} is no valid WKT: {error}") from error
    return _from_geometry(geometry, f"{text[:60]!r}")


def _from_file(path: Path) -> Region:
    if not path.exists():
        raise RegionError(f"there is no file {path}: give the path of a vector file")
    try:
        if path.suffix.lower() in {".parquet", ".geoparquet"}:
            frame = geopandas.read_parquet(path)
        else:
            frame = geopandas.read_file(path)
    except (ValueError, OSError, RuntimeError) as error:
        raise RegionError(f"{path} is no vector file that can be read: {error}") from error
    if not isinstance(frame, geopandas.GeoDataFrame) or frame.empty:
        raise RegionError(f"{path} holds no geometry: give a file with at least one polygon")
    if frame.crs is None:
        raise RegionError(f"{path} names no CRS: add one, since degrees and metres look alike")
    geometry = frame.geometry.to_crs("OGC:CRS84").union_all()
    return _from_geometry(geometry, str(path))


def _from_geometry(geometry: BaseGeometry, what: str) -> Region:
    """Repair what can be repaired; points and lines are regions without an area."""
    if geometry.is_empty:
        raise RegionError(f"{what} is empty: give a geometry with at least one point")
    west, south, east, north = geometry.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise RegionError(
            f"{what} reaches from {west:g},{south:g} to {east:g},{north:g}: "
            "give longitude and latitude in degrees"
        )
    valid = shapely.make_valid(geometry)
    parts = [piece for part in polygons(valid) for piece in cut(part)]
    return _from_parts(parts or [valid])


def _from_parts(parts: Sequence[BaseGeometry]) -> Region:
    west, south, east, north = shapely.total_bounds(parts).tolist()
    return Region(tuple(shapely.to_wkb(part) for part in parts), (west, south, east, north))


def _from_name(name: str, connection: duckdb.DuckDBPyConnection) -> Region:
    found = _find(name, connection)
    rows = connection.execute(
        statement("queries/region_pieces"), {"kind": found.kind, "name": found.name}
    ).fetchall()
    whole = _from_parts([shapely.from_wkb(piece) for (piece,) in rows])
    return replace(whole, named=(found.kind, found.name))


def _find(name: str, connection: duckdb.DuckDBPyConnection) -> _Named:
    """The one region that a name or code stands for."""
    rows = connection.execute(statement("queries/region_names")).fetchall()
    known = [_Named(*row) for row in rows]
    kind, _, rest = name.rpartition(":")
    kinds = (kind.strip().lower(),) if kind else _KINDS
    if not set(kinds) <= set(_KINDS):
        raise RegionError(f"there is no kind of region {kind!r}: it is one of {', '.join(_KINDS)}")
    wanted = folded(rest)
    matches = [
        entry
        for entry in known
        if entry.kind in kinds and wanted in {folded(text) for text in _names(entry)}
    ]
    if not matches:
        names = [text for entry in known if entry.kind in kinds for text in entry[1:3]]
        near = near_matches(rest, names)
        hint = f"did you mean {' or '.join(near)}?" if near else "the view `regions` lists them all"
        raise RegionError(f"there is no region {name!r}: {hint}")
    places = {entry.country_name for entry in matches if entry.country_name}
    if len(matches) > 1 and len(places) > 1:
        options = " or ".join(f"{entry.kind}:{entry.name}" for entry in matches)
        raise RegionError(f"{name!r} means more than one region: write {options}")
    return min(matches, key=lambda entry: _KINDS.index(entry.kind))


def _names(entry: _Named) -> list[str]:
    names = (entry.name, entry.name_long, entry.code, entry.iso_a2)
    return [text for text in names if text]
