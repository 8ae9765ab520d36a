"""What the map page asks, as JSON: filters to scenes, patches, paths and SQL."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import orjson

from catalog.errors import FilterError, RegionError
from catalog.query.conditions import SPLITS
from catalog.query.literals import filled
from catalog.query.regions import is_path
from catalog.query.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from duckdb import DuckDBPyRelation

    from catalog.reading.catalog import Catalog
    from catalog.reading.selection import Selection

    Filters = Mapping[str, Sequence[str]]
    """Texts by argument of `Catalog.select`: `region`, `not_region`, `season`, …"""
    Box = tuple[float, float, float, float]
    """West, south, east, north, degrees."""

MOST_PATCHES: Final = 4_000
"""As many footprints as a browser draws smoothly."""
_COUNTRY_DEGREES: Final = 0.01
"""How far the outlines of the basemap may be off."""


class MapData:
    """Answers about one catalog, as JSON.

    Parameters
    ----------
    catalog : Catalog
        Threads may ask at the same time.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    @property
    def name(self) -> str:
        """Of the dataset."""
        return self._catalog.dataset.id

    @cached_property
    def options(self) -> bytes:
        """What the filters can be, and the colours of the covers."""
        dataset = self._catalog.dataset
        regions = self._catalog.session.records(statement("queries/region_names"))
        return orjson.dumps(
            {
                "seasons": list(dataset.seasons),
                "splits": SPLITS,
                "sensors": list(dataset.sensors),
                "covers": dict(dataset.cover_colors),
                "regions": [(row["kind"], row["called"]) for row in regions],
                "most": MOST_PATCHES,
            }
        )

    @cached_property
    def countries(self) -> bytes:
        """Outlines of the countries, as GeoJSON: the basemap."""
        query = filled(statement("queries/countries"), degrees=_COUNTRY_DEGREES)
        outlines = self._catalog.session.records(query)
        return orjson.dumps(_collection(map(_feature, outlines)))

    def scenes(self, filters: Filters) -> bytes:
        """How many patches pass the filters, in which scenes, and the SQL of the question."""
        selection = self._select(filters)
        scenes = _records(selection.scenes())
        answer = {
            "patches": sum(scene["patches"] for scene in scenes),
            "sql": selection.to_sql(),
            "scenes": _collection(_outlined(scene) for scene in scenes),
        }
        return orjson.dumps(answer)

    def patches(self, filters: Filters, box: Box) -> bytes:
        """Footprints, as GeoJSON, of at most `MOST_PATCHES` in a box that pass the filters."""
        patches = self._select(filters).in_box(*box, most=MOST_PATCHES)
        return orjson.dumps(_collection(map(_feature, _records(patches))))

    def paths(self, filters: Filters, sensors: Sequence[str]) -> list[str]:
        """Paths of the files of the patches that pass the filters.

        Raises
        ------
        FilterError
            If a path holds a line break: it would be two in a list of lines.
        """
        paths = self._select(filters).paths(*sensors)
        broken = next((path for path in paths if "\n" in path or "\r" in path), None)
        if broken is not None:
            raise FilterError(f"{broken!r} holds a line break: rename its folder, and index again")
        return paths

    def _select(self, filters: Filters) -> Selection:
        given: dict[str, Any] = {name: values for name, values in filters.items() if any(values)}
        for region in (*given.get("region", ()), *given.get("not_region", ())):
            if is_path(region):
                raise RegionError(f"{region!r} is a file: the map takes a name, W,S,E,N or WKT")
        return self._catalog.select(**given)


def _records(answer: DuckDBPyRelation) -> list[dict[str, Any]]:
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]


def _collection(features: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def _feature(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose `geometry` is GeoJSON already."""
    geometry = orjson.Fragment(row.pop("geometry"))
    return {"type": "Feature", "geometry": geometry, "properties": row}


def _outlined(scene: dict[str, Any]) -> dict[str, Any]:
    """A scene as the rectangle of its bounds."""
    west, south, east, north = (scene.pop(name) for name in ("west", "south", "east", "north"))
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "geometry": geometry, "properties": scene}
