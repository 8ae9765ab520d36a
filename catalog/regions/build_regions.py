"""Build `regions.parquet`: countries and states of Natural Earth, cut into small pieces.

Source: Natural Earth 1:50m, countries and states (https://www.naturalearthdata.com), public domain.

    python -m catalog.regions.build_regions COUNTRIES STATES [OUTPUT]

`tests/data/regions/` has both files, GeoJSON compressed by xz. A spatial join asks rectangles
first and vertices afterwards: of a whole country the rectangle says little and the vertices are
thousands. One row per piece, GeoParquet 1.1; the same input gives the same bytes.

    features ─► repair ─► parts ─► halves, until they are small ─► check ─► sort ─► write
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import math
import re
import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from shapely.geometry import shape

from catalog.regions.subdivide import polygons, subdivide

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shapely import MultiPolygon, Polygon

AREA_TOLERANCE: Final = 1e-9
"""Share of its area that a region may gain or lose by the cutting."""
ATTRIBUTION: Final = "Made with Natural Earth 1:50m (naturalearthdata.com), public domain"
OUTPUT: Final = Path(__file__).with_name("regions.parquet")
COUNTRIES_SHA256: Final = "d7ff6a29a2662273e648942b24adb44097ff7b9b7b5390a0ee1edde1d4e8e8c5"
STATES_SHA256: Final = "dd641b58fc15700c55b1b65a55a61a09cebc52f8c2d53c04b07d9b6e95e2bab3"
"""Of the GeoJSON, decompressed, that the table was made from."""

_SIDES: Final = ("xmin", "ymin", "xmax", "ymax")
_ALPHA_2: Final = re.compile(r"[A-Z]{2}")
_ALPHA_3: Final = re.compile(r"[A-Z]{3}")
_SHORT: Final = ("Korea", "Lao PDR")
"""Names without a full stop that are short for another: South Korea, Laos."""
_SUBDIVISION: Final = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")


@dataclass(frozen=True, slots=True)
class Region:
    """A country or a state: the text columns, in their order."""

    kind: str
    """`country` or `state`."""
    code: str | None
    """ISO 3166-1 alpha-3 of a country, ISO 3166-2 of a state; None where Natural Earth has none."""
    name: str
    """In common English: `South Korea`."""
    name_long: str
    """Natural Earth's long name: `Republic of Korea`; a state has only the one name."""
    iso_a2: str | None
    """ISO 3166-1 alpha-2 of a country. None for a state, or `BR` would be 28 regions."""
    country: str | None
    """ISO 3166-1 alpha-3 of the country that this is or lies in."""
    country_name: str
    """Short name of that country."""
    continent: str
    """Of the country, also for its states: Hawaii lies in North America."""
    subregion: str
    """Of the country, by the United Nations."""


def build(countries: Path, states: Path, output: Path = OUTPUT) -> int:
    """Write the table of pieces, sorted by kind, name and position; return how many there are.

    Parameters
    ----------
    countries, states : Path
        GeoJSON, or GeoJSON compressed by xz.
    output : Path
        The GeoParquet file; replaced if it exists.

    Raises
    ------
    ValueError
        If the country of a state is missing, or the pieces of a region are not the region.
    """
    rows = [
        (region, piece)
        for region, outline in read_regions(countries, states)
        for piece in region_pieces(region, outline)
    ]
    rows.sort(key=lambda row: (row[0].kind, row[0].name, row[1].bounds))
    table = table_from_pieces(rows)
    text = [field.name for field in fields(Region)]
    pq.write_table(table, output, compression="zstd", compression_level=19, use_dictionary=text)
    return len(rows)


def read_regions(countries: Path, states: Path) -> Iterator[tuple[Region, MultiPolygon]]:
    """Every country, then every state, with its repaired outline in longitude and latitude."""
    known: dict[str, Region] = {}
    for properties, outline in _features(countries):
        country = known[properties["admin"]] = _country(properties)
        yield country, outline
    for properties, outline in _features(states):
        if properties["admin"] not in known:
            msg = f"{properties['name']} lies in {properties['admin']}, which is not in the source"
            raise ValueError(msg)
        yield _state(properties, known[properties["admin"]]), outline


def check_source(path: Path, sha256: str) -> None:
    """Refuse a file that is not the one which the table was made from.

    Raises
    ------
    ValueError
        If the SHA-256 of the GeoJSON, decompressed, is another one, or there is no such file.
    """
    advice = (
        "the table is made from the files in tests/data/regions, "
        "which are Natural Earth's 1:50m countries and states (https://www.naturalearthdata.com, "
        "https://github.com/nvkelso/natural-earth-vector), reduced to what is needed"
    )
    try:
        found = hashlib.sha256(_content(path)).hexdigest()
    except (OSError, lzma.LZMAError) as error:
        raise ValueError(f"{path} cannot be read ({error}): {advice}") from error
    if found != sha256:
        raise ValueError(f"{path} has the SHA-256 {found}, not {sha256}: {advice}")


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    return lzma.decompress(content) if path.suffix == ".xz" else content


def region_pieces(region: Region, outline: MultiPolygon) -> list[Polygon]:
    """Valid pieces of at most `MAX_VERTICES` that together are the outline.

    Raises
    ------
    ValueError
        If a piece is invalid, or the area of all is not that of the outline.
    """
    pieces = [piece for part in outline.geoms for piece in subdivide(part)]
    area = math.fsum(piece.area for piece in pieces)
    if not math.isclose(area, outline.area, rel_tol=AREA_TOLERANCE):
        msg = f"{region.name} has {outline.area} square degrees, its pieces have {area}"
        raise ValueError(msg)
    if not all(piece.is_valid for piece in pieces):
        msg = f"{region.name} has an invalid piece"
        raise ValueError(msg)
    return pieces


def table_from_pieces(rows: Sequence[tuple[Region, Polygon]]) -> pa.Table:
    """Arrow table with the metadata of GeoParquet 1.1, in the order of `rows`."""
    columns = {
        field.name: pa.array([getattr(region, field.name) for region, _ in rows], pa.string())
        for field in fields(Region)
    }
    polygons = shapely.orient_polygons([polygon for _, polygon in rows])
    sides = [pa.array(side) for side in shapely.bounds(polygons).T]
    columns["geometry"] = pa.array(shapely.to_wkb(polygons), pa.binary())
    columns["bbox"] = pa.StructArray.from_arrays(sides, names=list(_SIDES))
    geo = _geo_metadata(shapely.total_bounds(polygons).tolist())
    return pa.table(columns, metadata={"geo": json.dumps(geo), "attribution": ATTRIBUTION})


def _geo_metadata(bounds: list[float]) -> dict[str, Any]:
    """What GeoParquet 1.1 keeps under the key `geo`; no `crs` means OGC:CRS84."""
    column = {
        "encoding": "WKB",
        "geometry_types": ["Polygon"],
        "orientation": "counterclockwise",
        "bbox": bounds,
        "covering": {"bbox": {side: ["bbox", side] for side in _SIDES}},
    }
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}


def _features(path: Path) -> Iterator[tuple[dict[str, Any], MultiPolygon]]:
    """Properties and outline of every feature; a ring that crosses itself is repaired."""
    for feature in json.loads(_content(path))["features"]:
        outline = shapely.make_valid(shape(feature["geometry"]))
        yield feature["properties"], shapely.MultiPolygon(polygons(outline))


def _country(properties: dict[str, Any]) -> Region:
    code = _matching(_ALPHA_3, properties["iso_a3"])
    return Region(
        kind="country",
        code=code,
        name=_common_name(properties),
        name_long=properties["name_long"],
        iso_a2=_matching(_ALPHA_2, properties["iso_a2"]),
        country=code,
        country_name=_common_name(properties),
        continent=properties["continent"],
        subregion=properties["subregion"],
    )


def _common_name(properties: dict[str, Any]) -> str:
    """A country's name in Natural Earth, written out where it is short for its place on a map."""
    name: str = properties["name"]
    admin: str = properties["admin"]
    return admin if "." in name or name in _SHORT else name


def _state(properties: dict[str, Any], country: Region) -> Region:
    return replace(
        country,
        kind="state",
        code=_matching(_SUBDIVISION, properties["iso_3166_2"]),
        name=properties["name"],
        name_long=properties["name"],
        iso_a2=None,
    )


def _matching(pattern: re.Pattern[str], value: object) -> str | None:
    """The code, or None for what Natural Earth writes in its place: null, `-99`, `AU-`."""
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def main() -> None:
    """Build the table from the command line."""
    parser = argparse.ArgumentParser(description="Cut countries and states into small pieces.")
    parser.add_argument("countries", type=Path, help="GeoJSON, may be compressed by xz")
    parser.add_argument("states", type=Path, help="the same")
    parser.add_argument("output", type=Path, nargs="?", default=OUTPUT)
    arguments = parser.parse_args()
    try:
        check_source(arguments.countries, COUNTRIES_SHA256)
        check_source(arguments.states, STATES_SHA256)
    except ValueError as error:
        parser.error(str(error))
    count = build(arguments.countries, arguments.states, arguments.output)
    sys.stderr.write(f"{count} pieces in {arguments.output}\n")


if __name__ == "__main__":
    main()
