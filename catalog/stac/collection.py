"""Root, collection, season and scene catalogs: what holds the items together.

Every function returns the JSON object of one file, built by pystac; links are relative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pystac

from catalog.datasets.legacy import (
    PREVIEWS,
    RESOLUTION_M,
    SEASONS,
    SENSORS,
    SHAPE,
    classes_of,
    scene_id,
)
from catalog.model import counted
from catalog.stac.item import COLLECTION, GEOTIFF, PNG

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from catalog.datasets.definition import Band
    from catalog.model import SceneKey

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

TITLE: Final = "SEN12MS"
DESCRIPTION: Final = (
    "SEN12MS is a curated dataset of georeferenced multi-spectral Sentinel-1/2 imagery for deep "
    "learning and data fusion: 180,662 triplets of dual-polarised Sentinel-1 backscatter, "
    "multi-spectral Sentinel-2 reflectance and MODIS land cover, 256 × 256 pixels of 10 m each, "
    "from 252 scenes on all inhabited continents and in four meteorological seasons. An item is "
    "one patch: a triplet, or what is there of it. Patches have no date, only the window of their "
    "season. Neighbouring patches of a scene overlap by half."
)
KEYWORDS: Final = ("Sentinel-1", "Sentinel-2", "MODIS", "land cover", "SAR", "deep learning")
DOI: Final = "10.5194/isprs-annals-IV-2-W7-153-2019"
CITATION: Final = (
    "Schmitt, M., Hughes, L. H., Qiu, C., and Zhu, X. X.: SEN12MS – A Curated Dataset of "
    "Georeferenced Multi-Spectral Sentinel-1/2 Imagery for Deep Learning and Data Fusion, ISPRS "
    "Ann. Photogramm. Remote Sens. Spatial Inf. Sci., IV-2/W7, 153–160, 2019."
)
GEOJSON: Final = "application/geo+json"
PARQUET: Final = "application/vnd.apache.parquet"
_EXTENSIONS: Final = (
    "https://stac-extensions.github.io/scientific/v1.0.0/schema.json",
    "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
    "https://stac-extensions.github.io/eo/v2.0.0/schema.json",
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "https://stac-extensions.github.io/sar/v1.2.0/schema.json",
    "https://stac-extensions.github.io/table/v1.2.0/schema.json",
)


@dataclass(frozen=True, slots=True)
class SceneSummary:
    """What the catalogs above a scene say of it."""

    key: SceneKey
    """Season, scene."""
    patches: int
    """How many items it has."""
    bbox: Box | None
    """Bounds of its footprints; None if it has none."""
    country: str | None
    """English name of the country with most patches."""
    cover: str | None
    """The simplified class that is dominant in most patches."""
    countries: tuple[str, ...]
    """ISO 3166-1 alpha-3 codes."""
    continents: tuple[str, ...]
    """Continents."""
    crs: tuple[str, ...]
    """CRSs of the pixels."""

    @property
    def title(self) -> str:
        """For people: `Spring 1 · Mozambique · savanna · 784 patches`."""
        name = f"{self.key.season.capitalize()} {self.key.scene}"
        patches = counted(self.patches, "patch")
        return " · ".join(part for part in (name, self.country, self.cover, patches) if part)

    @property
    def description(self) -> str:
        """For people: `784 patches of 2.56 × 2.56 km in Mozambique, most of them savanna. …`."""
        side_km = SHAPE[0] * RESOLUTION_M / 1000
        place = f" in {self.country}" if self.country else ""
        cover = f", most of them {self.cover}" if self.cover else ""
        patches = counted(self.patches, "patch")
        sentences = (
            f"{patches} of {side_km:g} × {side_km:g} km{place}{cover}.",
            f"{', '.join(self.crs)}." if self.crs else "",
        )
        return " ".join(filter(None, sentences))


def upper_catalogs(
    scenes: Sequence[SceneSummary], table_columns: Sequence[dict[str, str]], *, previews: bool
) -> dict[str, dict[str, Any]]:
    """Root, collection and seasons, by path below the catalog's folder; see `collection`."""
    seasons = {
        season: season_catalog(season, [scene for scene in scenes if scene.key.season == season])
        for season in _seasons(scenes)
    }
    return {
        "catalog.json": root_catalog(),
        f"{COLLECTION}/collection.json": collection(scenes, table_columns, previews=previews),
        **{f"{COLLECTION}/{season}/catalog.json": value for season, value in seasons.items()},
    }


def scene_catalog(scene: SceneSummary, items: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Catalog of one scene; `items` are the ids and titles of its patches, in order."""
    catalog = pystac.Catalog(
        id=scene_id(scene.key),
        title=scene.title,
        description=scene.description,
    )
    links = [
        _link("root", "../../../catalog.json", TITLE),
        _link("parent", "../catalog.json", _season_title(scene.key.season)),
        *(_link("item", f"./{item}.json", title, GEOJSON) for item, title in items),
    ]
    return _json(catalog, links)


def season_catalog(season: str, scenes: Sequence[SceneSummary]) -> dict[str, Any]:
    """Catalog of one season: its scenes, in order of the number."""
    window = SEASONS[season]
    patches = sum(scene.patches for scene in scenes)
    countries = len({code for scene in scenes for code in scene.countries})
    catalog = pystac.Catalog(
        id=f"{window.roi}_{season}",
        title=_season_title(season),
        description=f"{counted(len(scenes), 'scene')} with {counted(patches, 'patch')} in "
        f"{counted(countries, 'country')}. The season is that of the northern hemisphere.",
    )
    links = [
        _link("root", "../../catalog.json", TITLE),
        _link("parent", "../collection.json", TITLE),
        *(_link("child", f"./{scene_id(scene.key)}/catalog.json", scene.title) for scene in scenes),
    ]
    return _json(catalog, links)


def collection(
    scenes: Sequence[SceneSummary],
    table_columns: Sequence[dict[str, str]],
    *,
    previews: bool = False,
) -> dict[str, Any]:
    """The collection.

    Parameters
    ----------
    scenes : sequence of SceneSummary
        All scenes.
    table_columns : sequence of dict
        `table:columns` of the footprint table.
    previews : bool
        Whether items have pictures.
    """
    seasons = _seasons(scenes)
    result = pystac.Collection(
        id=COLLECTION,
        title=TITLE,
        description=DESCRIPTION,
        keywords=list(KEYWORDS),
        license="CC-BY-4.0",
        providers=_providers(),
        extent=_extent(scenes, seasons),
        summaries=_summaries(scenes, seasons),
        stac_extensions=list(_EXTENSIONS),
        extra_fields={
            "item_assets": item_assets() | (preview_assets() if previews else {}),
            "sci:doi": DOI,
            "sci:citation": CITATION,
        },
        assets={
            "items": pystac.Asset(
                "../items.parquet",
                title="All items in one table",
                description="GeoParquet 1.1 and stac-geoparquet 1.0.0, one row a patch",
                media_type=PARQUET,
                roles=["collection-mirror"],
                extra_fields={
                    "table:columns": list(table_columns),
                    "table:primary_geometry": "geometry",
                    "table:row_count": sum(scene.patches for scene in scenes),
                },
            )
        },
    )
    links = [
        _link("root", "../catalog.json", TITLE),
        _link("parent", "../catalog.json", TITLE),
        _link("license", "https://creativecommons.org/licenses/by/4.0/", "CC BY 4.0", "text/html"),
        _link("cite-as", f"https://doi.org/{DOI}", "The paper", "text/html"),
        _link("about", "https://mediatum.ub.tum.de/1474000", "The dataset", "text/html"),
        *(_link("child", f"./{season}/catalog.json", _season_title(season)) for season in seasons),
    ]
    return _json(result, links)


def root_catalog() -> dict[str, Any]:
    """The entry to the catalog."""
    catalog = pystac.Catalog(
        id="sen12ms-catalog",
        title=TITLE,
        description="The SEN12MS dataset, patch by patch. The same items in one table: "
        "`items.parquet`.",
    )
    links = [
        _link("root", "./catalog.json", TITLE),
        _link("child", f"./{COLLECTION}/collection.json", TITLE),
    ]
    return _json(catalog, links)


def item_assets() -> dict[str, dict[str, Any]]:
    """`item_assets`: what the files of an item hold, said once for all items."""
    assets = {}
    for name, sensor in SENSORS.items():
        assets[name] = {
            "title": sensor.title,
            "type": GEOTIFF,
            "roles": list(sensor.roles),
            "data_type": sensor.dtype,
            "gsd": RESOLUTION_M,
            "proj:shape": list(SHAPE),
            "bands": [_band(band) for band in sensor.bands],
        }
    assets["s1"] |= {
        "constellation": "sentinel-1",
        "sar:instrument_mode": "IW",
        "sar:frequency_band": "C",
        "sar:center_frequency": 5.405,
        "sar:polarizations": ["VV", "VH"],
        "sar:product_type": "GRD",
    }
    assets["s2"] |= {"constellation": "sentinel-2", "instruments": ["msi"]}
    return assets


def preview_assets() -> dict[str, dict[str, Any]]:
    """`item_assets` of the pictures; that of the land cover has the legend of its colours."""
    assets: dict[str, dict[str, Any]] = {
        name: {"title": preview.title, "type": PNG, "roles": list(preview.roles)}
        for name, preview in PREVIEWS.items()
    }
    assets["overview_lc"]["classification:classes"] = _classes("igbp")
    return assets


def _band(band: Band) -> dict[str, Any]:
    values: dict[str, Any] = {"name": band.name, "description": band.description}
    if band.common_name:
        values["eo:common_name"] = band.common_name
    if band.center_um:
        values["eo:center_wavelength"] = band.center_um
        values["eo:full_width_half_max"] = band.width_um
    classes = _classes(band.name)
    return values | ({"classification:classes": classes} if classes else {})


def _classes(scheme: str) -> list[dict[str, Any]]:
    """The legend of a land-cover band; empty for any other."""
    return [
        {
            "value": entry.code,
            "name": entry.name,
            "title": entry.title,
            "color_hint": entry.color.removeprefix("#").upper(),
        }
        for entry in classes_of(scheme)
    ]


def _link(rel: str, href: str, title: str, media_type: str = "application/json") -> dict[str, str]:
    return {"rel": rel, "href": href, "type": media_type, "title": title}


def _json(catalog: pystac.Catalog, links: list[dict[str, str]]) -> dict[str, Any]:
    catalog.clear_links()
    return {**catalog.to_dict(include_self_link=False), "links": links}


def _season_title(season: str) -> str:
    window = SEASONS[season]
    return f"{season.capitalize()} ({window.start:%Y-%m-%d} to {window.end:%Y-%m-%d})"


def _seasons(scenes: Sequence[SceneSummary]) -> list[str]:
    present = {scene.key.season for scene in scenes}
    return [season for season in SEASONS if season in present]


def _extent(scenes: Sequence[SceneSummary], seasons: Sequence[str]) -> pystac.Extent:
    """Overall extent first, then that of each season; STAC wants no box alone beside the whole."""
    windows = [(SEASONS[season].start, SEASONS[season].end) for season in seasons or SEASONS]
    whole = (min(start for start, _ in windows), max(end for _, end in windows))
    boxes = [
        _union([scene for scene in scenes if scene.key.season == season]) for season in seasons
    ]
    known = [box for box in boxes if box]
    world = _union(scenes) or (-180.0, -90.0, 180.0, 90.0)
    spatial = [world, *known] if len(known) > 1 else [world]
    temporal = [whole, *windows] if seasons else [whole]
    return pystac.Extent(
        pystac.SpatialExtent([list(box) for box in spatial]),
        pystac.TemporalExtent([list(window) for window in temporal]),
    )


def _union(scenes: Sequence[SceneSummary]) -> Box | None:
    boxes = [scene.bbox for scene in scenes if scene.bbox]
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def _summaries(scenes: Sequence[SceneSummary], seasons: Sequence[str]) -> pystac.Summaries:
    values: dict[str, list[Any]] = {
        "sen12ms:season": list(seasons),
        "sen12ms:continent": sorted({name for scene in scenes for name in scene.continents}),
        "sen12ms:country": sorted({code for scene in scenes for code in scene.countries}),
        "proj:code": sorted({code for scene in scenes for code in scene.crs}),
        "gsd": [RESOLUTION_M],
    }
    return pystac.Summaries({name: known for name, known in values.items() if known})


def _providers() -> list[pystac.Provider]:
    roles = pystac.ProviderRole
    return [
        pystac.Provider(
            "Technical University of Munich, Signal Processing in Earth Observation",
            roles=[roles.PRODUCER, roles.LICENSOR, roles.HOST],
            url="https://mediatum.ub.tum.de/1474000",
        ),
        pystac.Provider(
            "European Space Agency",
            description="Contains modified Copernicus Sentinel data 2016–2017",
            roles=[roles.PRODUCER],
            url="https://www.copernicus.eu",
        ),
        pystac.Provider(
            "NASA LP DAAC",
            description="MCD12Q1 version 6, land cover of 2016",
            roles=[roles.PRODUCER],
            url="https://lpdaac.usgs.gov/products/mcd12q1v006/",
        ),
    ]
