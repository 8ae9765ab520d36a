"""Root, collection, season and scene catalogs: what holds the items together.

Every function returns the JSON object of one file, built by pystac; links are relative.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pystac

from catalog.model import counted
from catalog.stac.item import ALTERNATE, GEOTIFF, PNG, alternate_assets
from catalog.stac.storage import STORAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from catalog.datasets import Dataset
    from catalog.datasets.definition import Band
    from catalog.model import SceneKey

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

GEOJSON: Final = "application/geo+json"
PARQUET: Final = "application/vnd.apache.parquet"
_TABLE_TITLE: Final = "All items in one table"
_EXTENSIONS: Final = {
    "sci": "https://stac-extensions.github.io/scientific/v1.0.0/schema.json",
    "classification": "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
    "eo": "https://stac-extensions.github.io/eo/v2.0.0/schema.json",
    "storage": STORAGE,
    "proj": "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "sar": "https://stac-extensions.github.io/sar/v1.2.0/schema.json",
    "table": "https://stac-extensions.github.io/table/v1.2.0/schema.json",
}
"""By the prefix of their fields."""


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
    cloud_cover: tuple[float, float] | None = None
    """Least and most percent of clouds in its cloudy images; None where nothing is known."""

    @property
    def title(self) -> str:
        """For people: `Spring 1 · Mozambique · savanna · 784 patches`."""
        name = f"{self.key.season.capitalize()} {self.key.scene}"
        patches = counted(self.patches, "patch")
        return " · ".join(part for part in (name, self.country, self.cover, patches) if part)


def _scene_description(dataset: Dataset, scene: SceneSummary) -> str:
    """For people: `784 patches of 2.56 × 2.56 km in Mozambique, most of them savanna. …`."""
    height_km, width_km = (pixels * dataset.resolution_m / 1000 for pixels in dataset.shape)
    country = f" in {scene.country}" if scene.country else ""
    cover = f", most of them {scene.cover}" if scene.cover else ""
    patches = counted(scene.patches, "patch")
    sentences = (
        f"{patches} of {width_km:g} × {height_km:g} km{country}{cover}.",
        f"{', '.join(scene.crs)}." if scene.crs else "",
    )
    return " ".join(filter(None, sentences))


def collection_path(dataset: Dataset) -> str:
    """Where the collection lies below the catalog's root: `sen12ms/collection.json`."""
    return f"{dataset.id}/collection.json"


def upper_catalogs(
    dataset: Dataset,
    scenes: Sequence[SceneSummary],
    table_columns: Sequence[dict[str, str]],
    *,
    previews: bool,
    storage: Mapping[str, Any] | None = None,
    alternate: str | None = None,
) -> dict[str, dict[str, Any]]:
    """Root, collection and seasons, by path below the catalog's folder; see `collection`."""
    seasons = {
        season: [scene for scene in scenes if scene.key.season == season]
        for season in _seasons(dataset, scenes)
    }
    return {
        "catalog.json": root_catalog(dataset),
        collection_path(dataset): collection(
            dataset,
            scenes,
            table_columns,
            previews=previews,
            storage=storage,
            alternate=alternate,
        ),
        **{
            f"{dataset.id}/{season}/catalog.json": season_catalog(dataset, season, found)
            for season, found in seasons.items()
        },
    }


def scene_catalog(
    dataset: Dataset, scene: SceneSummary, items: Iterable[tuple[str, str]] | None
) -> dict[str, Any]:
    """Catalog of one scene.

    `items` are the ids and titles of its patches, in order; None if they have no files: then the
    table is linked, which has them.
    """
    table = _link("alternate", "../../../items.parquet", _TABLE_TITLE, PARQUET)
    catalog = pystac.Catalog(
        id=dataset.scene_id(scene.key),
        title=scene.title,
        description=_scene_description(dataset, scene),
    )
    links = [
        _link("root", "../../../catalog.json", dataset.about.title),
        _link("parent", "../catalog.json", _season_title(dataset, scene.key.season)),
        *([table] if items is None else item_links(items)),
    ]
    return _json(catalog, links)


def item_links(items: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Links of a scene's catalog to its items, by their ids and titles."""
    return [_link("item", f"./{item}.json", title, GEOJSON) for item, title in items]


def season_catalog(dataset: Dataset, season: str, scenes: Sequence[SceneSummary]) -> dict[str, Any]:
    """Catalog of one season: its scenes, in order of the number."""
    patches = sum(scene.patches for scene in scenes)
    countries = len({code for scene in scenes for code in scene.countries})
    catalog = pystac.Catalog(
        id=f"{dataset.seasons[season].roi}_{season}",
        title=_season_title(dataset, season),
        description=f"{counted(len(scenes), 'scene')} with {counted(patches, 'patch')} in "
        f"{counted(countries, 'country')}. The season is that of the northern hemisphere.",
    )
    links = [
        _link("root", "../../catalog.json", dataset.about.title),
        _link("parent", "../collection.json", dataset.about.title),
        *(
            _link("child", f"./{dataset.scene_id(scene.key)}/catalog.json", scene.title)
            for scene in scenes
        ),
    ]
    return _json(catalog, links)


def collection(
    dataset: Dataset,
    scenes: Sequence[SceneSummary],
    table_columns: Sequence[dict[str, str]],
    *,
    previews: bool = False,
    storage: Mapping[str, Any] | None = None,
    alternate: str | None = None,
) -> dict[str, Any]:
    """The collection.

    Parameters
    ----------
    dataset : Dataset
        What the scenes are of.
    scenes : sequence of SceneSummary
        All scenes.
    table_columns : sequence of dict
        `table:columns` of the footprint table.
    previews : bool
        Whether items have pictures.
    storage : mapping, optional
        The object stores that hold the files, by bucket.
    alternate : str, optional
        The URL below which a web server has the files, too.
    """
    about, seasons = dataset.about, _seasons(dataset, scenes)
    result = pystac.Collection(
        id=dataset.id,
        title=about.title,
        description=about.description,
        keywords=list(about.keywords),
        license=about.license,
        providers=[
            pystac.Provider(
                provider.name,
                provider.description,
                [*map(pystac.ProviderRole, provider.roles)],
                provider.url,
            )
            for provider in about.providers
        ],
        extent=_extent(dataset, scenes, seasons),
        summaries=_summaries(dataset, scenes, seasons),
        extra_fields={
            "item_assets": item_assets(dataset, storage, alternate)
            | (preview_assets(dataset) if previews else {}),
            **({"storage:schemes": dict(storage)} if storage else {}),
            "sci:doi": about.doi,
            "sci:citation": about.citation,
        },
        assets={
            "items": pystac.Asset(
                "../items.parquet",
                title=_TABLE_TITLE,
                description="GeoParquet 1.1 and stac-geoparquet 1.0.0, one row per patch",
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
        _link("root", "../catalog.json", about.title),
        _link("parent", "../catalog.json", about.title),
        *(_link(page.rel, page.href, page.title, "text/html") for page in about.references),
        *(
            _link("child", f"./{season}/catalog.json", _season_title(dataset, season))
            for season in seasons
        ),
    ]
    own = [dataset.schema_url] if dataset.schema_url else []
    own = [ALTERNATE, *own] if alternate else own
    result.stac_extensions = [*_used_extensions(_json(result, links)), *own]
    return _json(result, links)


def _used_extensions(value: Mapping[str, Any]) -> list[str]:
    """Schemas of the extensions of STAC whose fields a collection has."""
    text = json.dumps(value)
    return [schema for prefix, schema in _EXTENSIONS.items() if f'"{prefix}:' in text]


def root_catalog(dataset: Dataset) -> dict[str, Any]:
    """The entry to the catalog."""
    title = dataset.about.title
    catalog = pystac.Catalog(
        id=f"{dataset.id}-catalog",
        title=title,
        description=f"The {title} dataset, patch by patch. The same items in one table: "
        "`items.parquet`.",
    )
    links = [
        _link("root", "./catalog.json", title),
        _link("child", f"./{collection_path(dataset)}", title),
    ]
    return _json(catalog, links)


def item_assets(
    dataset: Dataset,
    storage: Mapping[str, Any] | None = None,
    alternate: str | None = None,
    *,
    legends: bool = True,
) -> dict[str, dict[str, Any]]:
    """`item_assets`: what the files of an item hold and where, said once for all items."""
    classified = dataset.classified if legends else None
    refs: dict[str, Any] = {"storage:refs": sorted(storage)} if storage else {}
    refs |= alternate_assets(alternate, {"title": "On a web server"}) if alternate else {}
    return {
        name: {
            "title": sensor.title,
            "type": GEOTIFF,
            "roles": list(sensor.roles),
            "data_type": sensor.dtype,
            "gsd": dataset.resolution_m,
            "proj:shape": list(dataset.shape),
            "bands": [
                _band(band) | (_classes(dataset, band.name) if name == classified else {})
                for band in sensor.bands
            ],
            **sensor.properties,
            **refs,
        }
        for name, sensor in dataset.sensors.items()
    }


def preview_assets(dataset: Dataset, *, legends: bool = True) -> dict[str, dict[str, Any]]:
    """`item_assets` of the pictures; one of classes alone has the legend of its colours."""
    assets: dict[str, dict[str, Any]] = {}
    for name, preview in dataset.previews.items():
        assets[name] = {"title": preview.title, "type": PNG, "roles": list(preview.roles)}
        if preview.sensors == (dataset.classified,):
            (band,) = dataset.sensors[preview.sensors[0]].picture.bands
            legend = {"description": "The collection's `item_assets` say what its colours mean."}
            assets[name] |= _classes(dataset, band) if legends else legend
    return assets


def _band(band: Band) -> dict[str, Any]:
    values: dict[str, Any] = {"name": band.name, "description": band.description}
    if band.common_name:
        values["eo:common_name"] = band.common_name
    if band.center_um:
        values["eo:center_wavelength"] = band.center_um
        values["eo:full_width_half_max"] = band.width_um
    return values


def _classes(dataset: Dataset, scheme: str) -> dict[str, Any]:
    """The legend of a band of the classified sensor."""
    classes = [
        {
            "value": entry.code,
            "name": entry.name,
            "title": entry.title,
            "color_hint": entry.color.removeprefix("#").upper(),
        }
        for entry in dataset.legends[scheme].classes
    ]
    return {"classification:classes": classes}


def _link(rel: str, href: str, title: str, media_type: str = "application/json") -> dict[str, str]:
    return {"rel": rel, "href": href, "type": media_type, "title": title}


def _json(catalog: pystac.Catalog, links: list[dict[str, str]]) -> dict[str, Any]:
    catalog.clear_links()
    return {**catalog.to_dict(include_self_link=False), "links": links}


def _season_title(dataset: Dataset, season: str) -> str:
    window = dataset.seasons[season]
    return f"{season.capitalize()} ({window.start:%Y-%m-%d} to {window.end:%Y-%m-%d})"


def _seasons(dataset: Dataset, scenes: Sequence[SceneSummary]) -> list[str]:
    present = {scene.key.season for scene in scenes}
    return [season for season in dataset.seasons if season in present]


def _extent(
    dataset: Dataset, scenes: Sequence[SceneSummary], seasons: Sequence[str]
) -> pystac.Extent:
    """Overall extent first, then that of each season; STAC wants no box alone beside the whole."""
    known_seasons = [dataset.seasons[season] for season in seasons or dataset.seasons]
    windows = [(season.start, season.end) for season in known_seasons]
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


def _summaries(
    dataset: Dataset, scenes: Sequence[SceneSummary], seasons: Sequence[str]
) -> pystac.Summaries:
    values: dict[str, Any] = {
        "sen12ms:season": list(seasons),
        "sen12ms:continent": sorted({name for scene in scenes for name in scene.continents}),
        "sen12ms:country": sorted({code for scene in scenes for code in scene.countries}),
        "proj:code": sorted({code for scene in scenes for code in scene.crs}),
        "gsd": [dataset.resolution_m],
    }
    clouds = [share for scene in scenes for share in scene.cloud_cover or ()]
    if clouds:
        values["eo:cloud_cover"] = pystac.RangeSummary(min(clouds), max(clouds))
    return pystac.Summaries({name: known for name, known in values.items() if known})
