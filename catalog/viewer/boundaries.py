"""Build what the map page knows of the world, from the tables of `catalog.regions`.

    python -m catalog.viewer.boundaries [FOLDER]

Written are `regions.columns.gz` (rings of the pieces of all named regions, in degrees),
`regions.json.gz` (names, and the pieces of each region) and `countries.json.gz` (GeoJSON, the
basemap). They are the same for every catalog.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson
import shapely

from catalog.datasets import SEN12MS
from catalog.query.database import open_items
from catalog.query.literals import filled
from catalog.query.session import Session
from catalog.query.statements import statement
from catalog.store.columns import schema
from catalog.store.geoparquet import write_items
from catalog.viewer.columns import packed

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER: Final = Path(__file__).with_name("page") / "map"
COUNTRIES: Final = FOLDER / "countries.json.gz"
"""Outlines of the countries, as GeoJSON."""
_COUNTRY_DEGREES: Final = 0.01
"""How far the outlines of the basemap may be off."""


def build(folder: Path = FOLDER) -> None:
    """Write the three files; the same tables give the same bytes."""
    with tempfile.TemporaryDirectory() as scratch:
        items = Path(scratch) / "items.parquet"
        write_items(items, schema(SEN12MS), [], {"id": SEN12MS.id})
        session = Session(open_items(str(items), SEN12MS))
        pieces = _pieces(session)
        names = session.fetch(statement("queries/region_spellings"))
        outlines = session.records(filled(statement("queries/countries"), degrees=_COUNTRY_DEGREES))
        session.close()
    shapes = list(pieces)
    regions: dict[str, list[int]] = {}
    for number, owners in enumerate(pieces.values()):
        for owner in owners:
            regions.setdefault(owner, []).append(number)
    _write(folder / "regions.columns.gz", packed(_rings(shapely.from_wkb(shapes))), compress=False)
    _write(folder / "regions.json.gz", orjson.dumps({"names": names, "pieces": regions}))
    _write(folder / COUNTRIES.name, orjson.dumps(_collection(outlines)))


def _pieces(session: Session) -> dict[bytes, list[str]]:
    """The regions that each piece belongs to, as `kind:name`."""
    rows = session.fetch(statement("queries/region_pieces"))
    return {bytes(wkb): owners for wkb, owners in rows}


def _rings(polygons: NDArray[np.object_]) -> dict[str, NDArray[np.generic]]:
    """Polygons as flat arrays: where each ring starts in the points, each polygon in the rings."""
    rings, owners = shapely.get_rings(polygons, return_index=True)
    points, of_ring = shapely.get_coordinates(rings, return_index=True)
    return {
        "x": np.ascontiguousarray(points[:, 0]),
        "y": np.ascontiguousarray(points[:, 1]),
        "corners": np.searchsorted(of_ring, np.arange(len(rings) + 1)).astype(np.uint32),
        "rings": np.searchsorted(owners, np.arange(len(polygons) + 1)).astype(np.uint32),
    }


def _collection(outlines: list[dict[str, Any]]) -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "geometry": orjson.Fragment(row["geometry"]),
            "properties": {"name": row["name"]},
        }
        for row in outlines
    ]
    return {"type": "FeatureCollection", "features": features}


def _write(path: Path, content: bytes, *, compress: bool = True) -> None:
    path.write_bytes(gzip.compress(content, 9, mtime=0) if compress else content)


if __name__ == "__main__":
    build(*map(Path, sys.argv[1:]))
