"""What a user calls a region: a name, a box, a geometry in any of its forms, a vector file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from catalog.errors import RegionError
from catalog.query.literals import filled, flaw_of
from catalog.query.statements import statement
from catalog.query.suggest import near_matches

if TYPE_CHECKING:
    from collections.abc import Callable

    Fetch = Callable[[str], list[tuple[Any, ...]]]
    """Gives the rows of a query, to look names up."""

Area = str | os.PathLike[str] | Sequence[float] | Mapping[str, Any] | Any
"""A name, `W,S,E,N`, WKT or GeoJSON; a vector file; a box; a GeoJSON mapping; a shapely geometry,
GeoSeries, GeoDataFrame, or anything else with `__geo_interface__`."""

KINDS: Final = ("continent", "group", "subregion", "country", "state")
_WKT: Final = re.compile(
    r"(?i)\s*(SRID\s*=|(MULTI)?(POINT|LINESTRING|POLYGON|CURVE|SURFACE)|GEOMETRYCOLLECTION"
    r"|CIRCULARSTRING|COMPOUNDCURVE|CURVEPOLYGON|POLYHEDRALSURFACE|TIN|TRIANGLE)[\sZM\d;]*(\(|EMPTY|;)"
)
_NUMBER: Final = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
# No two neighbours of it match the same text, or refusing a long one would take minutes.
_BOX: Final = re.compile(
    rf"\s*(?:[\[(]\s*)?{_NUMBER}(?:\s*[,;]\s*|\s+)(?={_NUMBER})[\s\d.,;eE+-]+(?:[\])]\s*)?"
)
_FILE: Final = re.compile(r"[/\\]|\.[a-z]{2,10}(\|layername=.*)?$", re.IGNORECASE)
_SURE: Final = 0.78
"""How near a name must be to be suggested: `Brasil` is, `Bulgaria` for Bavaria is not."""
_HINT: Final = (
    "known are continents, UN subregions, countries, the EU, and states of the US, Canada, Brazil "
    "and Australia; give any other place as W,S,E,N, WKT or a vector file"
)


@dataclass(frozen=True, slots=True)
class Region:
    """A region, ready to be asked for."""

    bounds: tuple[float, float, float, float]
    """West, south, east, north, degrees."""
    named: tuple[str, str] | None = None
    """Kind and name in the view `regions`; None for a drawn one."""
    wkt: str = ""
    """A drawn one as a whole, degrees (OGC:CRS84), exact to the last digit."""
    pieces: tuple[str, ...] = ()
    """The same, subdivided, as WKT."""

    @property
    def text(self) -> str:
        """Its kind and name, or else its WKT: this is the same region again."""
        return ":".join(self.named) if self.named else self.wkt


Regions = tuple[Region, ...]
"""One or several, which together are one region."""


def bounds_of(regions: Iterable[Region]) -> tuple[float, float, float, float]:
    """West, south, east, north of all of them."""
    west, south, east, north = zip(*(region.bounds for region in regions), strict=True)
    return min(west), min(south), max(east), max(north)


def resolve_regions(given: Area | Iterable[Area], fetch: Fetch) -> Regions:
    """Find out where one region is, or several; equal ones count once.

    Parameters
    ----------
    given : region or several
        See `resolve_region`; four numbers are one box.
    fetch : callable
        Gives the rows of a query, to look names up.

    Raises
    ------
    RegionError
        If there is none, or one of them is not a region.
    """
    if _is_one(given):
        return (resolve_region(given, fetch),)
    several: Sequence[Any] = list(given) if isinstance(given, Iterable) else [given]
    if not several:
        raise RegionError("the list of regions is empty: leave it out to take all")
    if _are_numbers(several):
        return (resolve_region(several, fetch),)
    return tuple(dict.fromkeys(resolve_region(one, fetch) for one in several))


def resolve_region(region: Area, fetch: Fetch) -> Region:
    """Find out where a region is.

    Parameters
    ----------
    region : str, path, four numbers, mapping or geometry
        A name or code in the view `region_names` (letter case, accents and punctuation do not
        matter; `state:Georgia` says which kind is meant); `W,S,E,N` in degrees with west > east
        across the antimeridian; WKT or GeoJSON in degrees; any vector file that GDAL reads, in any
        CRS; a shapely geometry in degrees; a GeoSeries or GeoDataFrame in its CRS.
    fetch : callable
        Gives the rows of a query, to look names up.

    Raises
    ------
    RegionError
        If the name is unknown or means several places, the box is not one, or the geometry is
        invalid.
    """
    if isinstance(region, str):
        return _from_text(region, fetch)
    if isinstance(region, os.PathLike):
        return _drawn("from_file", os.fspath(region))
    if isinstance(region, Mapping) or hasattr(region, "__geo_interface__"):
        return _drawn("from_object", region)
    if isinstance(region, Iterable) and _are_numbers(numbers := list(region)):
        return _from_box(numbers, str(numbers))
    raise RegionError(f"{region!r} is not a region: give a name, four numbers or a geometry")


def drawn_box(numbers: Sequence[Any]) -> Region:
    """West, south, east, north in degrees as a region; across the antimeridian if west > east.

    Raises
    ------
    RegionError
        If it is not a box on Earth.
    """
    if not _are_numbers(numbers):
        raise RegionError(f"{str(numbers)[:80]} is not a box: write west,south,east,north")
    return _from_box(numbers, str(numbers))


def drawn_exactly(geometry: Mapping[str, Any]) -> Region:
    """A GeoJSON geometry in degrees as it is, in one piece.

    Raises
    ------
    RegionError
        If it is not valid GeoJSON, empty, not on Earth, too large, or crosses itself.
    """
    return _drawn("exact_region", geometry)


def is_path(region: str) -> bool:
    """Whether a text is taken for the path of a vector file, or the URL of one."""
    other = _BOX.fullmatch(region) or _WKT.match(region) or region.lstrip().startswith("{")
    return not other and _FILE.search(region) is not None


def _is_one(given: object) -> bool:
    kinds = (str, os.PathLike, Mapping)
    return isinstance(given, kinds) or hasattr(given, "__geo_interface__")


def _are_numbers(values: Sequence[Any]) -> bool:
    try:
        return [float(value) for value in values] != []
    except (TypeError, ValueError):
        return False
    except OverflowError:
        return True


def _from_text(region: str, fetch: Fetch) -> Region:
    if not region.strip():
        raise RegionError("the region is empty: name a country, W,S,E,N, WKT or a vector file")
    if flaw := flaw_of(region):
        raise RegionError(f"{region[:60]!r} {flaw}")
    if _BOX.fullmatch(region):
        return _from_box(re.findall(_NUMBER, region), region)
    if _WKT.match(region):
        return _drawn("from_wkt", region)
    if region.lstrip().startswith("{"):
        return _drawn("from_geojson", region)
    if is_path(region):
        return _drawn("from_file", region)
    return _from_name(region, fetch)


def _drawn(how: str, region: Any) -> Region:
    """A region that is a geometry; what reads these is imported for them alone."""
    drawn: Region = getattr(import_module("catalog.query.geometries"), how)(region)
    return drawn


def _from_box(numbers: Sequence[Any], text: str) -> Region:
    if len(numbers) != 4:
        raise RegionError(f"{text!r} has {len(numbers)} numbers: a box is west,south,east,north")
    try:
        west, south, east, north = map(float, numbers)
    except OverflowError:
        west = south = east = north = float("inf")
    if not (
        -180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= 90 and -90 <= north <= 90
    ):
        raise RegionError(
            f"{text[:80]!r} is not a box on Earth: write west,south,east,north in degrees, up to "
            "180 and 90"
        )
    if south > north:
        raise RegionError(f"{text!r} has its south above its north: write west,south,east,north")
    boxes = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    bounds = (boxes[-1][0], south, boxes[0][1], north)
    return Region(bounds, **_rectangles(boxes, south, north))


def _rectangles(boxes: Sequence[tuple[float, float]], south: float, north: float) -> dict[str, Any]:
    """WKT of one box, or of both parts of one across the antimeridian."""
    rings = []
    for box in boxes:
        w, e, s, n = (repr(edge).removesuffix(".0") for edge in (*box, south, north))
        rings.append(f"(({e} {s}, {e} {n}, {w} {n}, {w} {s}, {e} {s}))")
    pieces = tuple(f"POLYGON {ring}" for ring in rings)
    whole = pieces[0] if len(pieces) == 1 else f"MULTIPOLYGON ({', '.join(rings)})"
    return {"wkt": whole, "pieces": pieces}


def _from_name(text: str, fetch: Fetch) -> Region:
    kind, name = _find(text, fetch)
    (row,) = fetch(filled(statement("queries/region_bounds"), kind=kind, name=name))
    return Region((row[0], row[1], row[2], row[3]), (kind, name))


def _find(name: str, fetch: Fetch) -> tuple[str, str]:
    """Kind and name of the one region that a name or code stands for."""
    kind, _, rest = name.rpartition(":")
    kinds = (kind.strip().lower(),) if kind else KINDS
    if not set(kinds) <= set(KINDS):
        raise RegionError(
            f"there is no kind of region {kind[:60]!r}: it is one of {', '.join(KINDS)}"
        )
    found = fetch(filled(statement("queries/named_regions"), name=name))
    if not found:
        raise RegionError(f"there is no region {name[:80]!r}: {_hint(rest, kinds, fetch)}")
    if len(found) > 1:
        options = " or ".join(":".join(region) for region in found)
        raise RegionError(f"{name!r} means more than one region: write {options}")
    return found[0][0], found[0][1]


def _hint(name: str, kinds: Sequence[str], fetch: Fetch) -> str:
    names = [called for kind, called in fetch(statement("queries/region_names")) if kind in kinds]
    parts = [part for part in re.split(r"\s*[,;]\s*", name.strip()) if part]
    if len(parts) > 1 and all(near_matches(part, names, _SURE) for part in parts):
        return "name each in a --region of its own, or as a list in Python"
    near = near_matches(name, names, _SURE)
    return f"did you mean {' or '.join(near)}?" if near else _HINT
