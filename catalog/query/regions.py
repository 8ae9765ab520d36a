"""What a user calls a region, as polygons: a name, a box, WKT, a vector file, a geometry."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import shapely
from shapely.geometry.base import BaseGeometry

from catalog.errors import RegionError
from catalog.query.statements import statement
from catalog.query.suggest import near_matches
from catalog.regions.subdivide import cut, polygons

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Place = str | os.PathLike[str] | Sequence[float] | BaseGeometry
"""A name, `W,S,E,N` or WKT; a vector file; a box; a geometry."""

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
    def text(self) -> str:
        """Its kind and name, or else its WKT: this is the same region again."""
        return ":".join(self.named) if self.named else wkt_of([self])


Regions = tuple[Region, ...]
"""One or several, which together are one place."""


def pieces_of(regions: Iterable[Region]) -> list[bytes]:
    """Polygons (WKB) of all of them."""
    return [piece for region in regions for piece in region.pieces]


def bounds_of(regions: Iterable[Region]) -> tuple[float, float, float, float]:
    """West, south, east, north of all of them."""
    west, south, east, north = zip(*(region.bounds for region in regions), strict=True)
    return min(west), min(south), max(east), max(north)


def wkt_of(regions: Iterable[Region]) -> str:
    """All of them together as WKT, exact to the last digit."""
    whole = shapely.union_all(shapely.from_wkb(pieces_of(regions)))
    return str(shapely.to_wkt(whole, rounding_precision=-1))


def resolve_regions(given: Place | Iterable[Place], connection: DuckDBPyConnection) -> Regions:
    """Find out where one region is, or several.

    Parameters
    ----------
    given : region or several
        See `resolve_region`; four numbers are one box.
    connection : duckdb.DuckDBPyConnection
        To look names up in `named_regions`.

    Raises
    ------
    RegionError
        If there is none, or one of them is no region.
    """
    if isinstance(given, (str, os.PathLike, BaseGeometry)):
        return (resolve_region(given, connection),)
    several: Sequence[Any] = list(given) if isinstance(given, Iterable) else [given]
    if not several:
        raise RegionError("the list of regions is empty: leave it out to take all")
    if _are_numbers(several):
        return (resolve_region(several, connection),)
    return tuple(resolve_region(one, connection) for one in several)


def resolve_region(region: Place, connection: DuckDBPyConnection) -> Region:
    """Find out where a region is.

    Parameters
    ----------
    region : str, path, four numbers or geometry
        A name or code in the view `region_names` (letter case, accents and punctuation do not
        matter; `state:Georgia` says which kind is meant), `W,S,E,N` in degrees with west > east
        across the antimeridian, WKT in degrees, any vector file that GDAL reads, in any CRS, or a
        shapely geometry in degrees.
    connection : duckdb.DuckDBPyConnection
        To look names up in `named_regions`.

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
    if isinstance(region, Iterable) and _are_numbers(numbers := list(region)):
        return _from_box([float(number) for number in numbers], str(numbers))
    raise RegionError(f"{region!r} is no region: give a name, four numbers or a geometry")


def _are_numbers(values: Sequence[Any]) -> bool:
    try:
        return [float(value) for value in values] != []
    except (TypeError, ValueError):
        return False


def is_path(region: str) -> bool:
    """Whether a text is taken for the path of a vector file, or the URL of one."""
    other = _BOX.fullmatch(region) or _WKT.match(region)
    return other is None and _FILE.search(region) is not None


def _from_text(region: str, connection: DuckDBPyConnection) -> Region:
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
    import geopandas

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


def _from_name(text: str, connection: DuckDBPyConnection) -> Region:
    kind, name = _find(text, connection)
    rows = connection.execute(
        statement("queries/region_pieces"), {"kind": kind, "name": name}
    ).fetchall()
    whole = _from_parts([shapely.from_wkb(piece) for (piece,) in rows])
    return replace(whole, named=(kind, name))


def _find(name: str, connection: DuckDBPyConnection) -> tuple[str, str]:
    """Kind and name of the one region that a name or code stands for."""
    kind, _, rest = name.rpartition(":")
    kinds = (kind.strip().lower(),) if kind else _KINDS
    if not set(kinds) <= set(_KINDS):
        raise RegionError(f"there is no kind of region {kind!r}: it is one of {', '.join(_KINDS)}")
    found = connection.execute(statement("queries/named_regions"), {"name": name}).fetchall()
    if not found:
        rows = connection.execute(statement("queries/region_names")).fetchall()
        near = near_matches(rest, [called for kind, called in rows if kind in kinds])
        hint = f"did you mean {' or '.join(near)}?" if near else "`region_names` lists them all"
        raise RegionError(f"there is no region {name!r}: {hint}")
    if len(found) > 1:
        options = " or ".join(":".join(region) for region in found)
        raise RegionError(f"{name!r} means more than one region: write {options}")
    return found[0][0], found[0][1]
