"""Items: as columns of a whole scene, and from a row of those columns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pystac
import shapely

from catalog.datasets.legacy import (
    COVERS,
    EXCLUDED,
    PREVIEWS,
    SCHEMES,
    SEASONS,
    SENSORS,
    classes_of,
    patch_ids,
    scene_id,
    scene_split,
)
from catalog.errors import CatalogNotFoundError
from catalog.model import EDGES
from catalog.stac.footprint import footprints
from catalog.stac.grid import off_grid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from catalog.datasets import Dataset
    from catalog.model import Assets, Scene, SceneKey
    from catalog.stac.gazetteer import Gazetteer, Place

STAC_VERSION: Final = "1.1.0"
COLLECTION: Final = "sen12ms"
EXTENSIONS: Final = (
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json",
)
"""Extensions that every item uses."""
GEOTIFF: Final = "image/tiff; application=geotiff"
PNG: Final = "image/png"
ISSUES: Final = ("no_footprint", "off_grid", "unknown_class", "excluded")
"""Findings of the audit: the file names no usable CRS; the patch is not where its number says;
there are land-cover codes outside the legend; the official split leaves the patch out."""

Columns = dict[str, Any]
"""Values by column name: a list or array over the patches, Columns again for a struct, anything
else for a value that all patches share."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the meaning of a scene depends on, beside its files."""

    gazetteer: Gazetteer
    """Finds countries."""
    true_seasons: Mapping[SceneKey, str]
    """From `seasons.csv`; scenes that it does not name follow their hemisphere."""
    previews: bool = False
    """Whether pictures lie beside the items."""


def item_path(key: SceneKey, item: str) -> str:
    """Where an item lies below the root: `sen12ms/spring/ROIs1158_spring_1/…_p30.json`."""
    return f"{scene_path(key)}/{item}.json"


def scene_path(key: SceneKey) -> str:
    """Where the catalog and items of a scene lie below the catalog's root."""
    return f"{COLLECTION}/{key.season}/{scene_id(key)}"


def preview_name(item: str, preview: str) -> str:
    """File name of a picture, which lies beside its item: `ROIs1158_spring_1_p30_overview.png`."""
    return f"{item}_{preview}.png"


def columns_from_scene(scene: Scene, context: Context) -> Columns:
    """The items of a scene, a column at a time, by the column contract.

    Parameters
    ----------
    scene : Scene
        At least one patch.
    context : Context
        Countries and true seasons.

    Returns
    -------
    Columns
        Geometries as WKB in degrees (OGC:CRS84); times in UTC; None for what is not known. Where a
        struct as a whole is unknown, its column `""` is true.
    """
    outlines = footprints(scene.grids)
    bounds = shapely.bounds(outlines)
    places = context.gazetteer.locate(outlines)
    counts = _counts(scene)
    ids = patch_ids(scene.key, scene.numbers.tolist())
    excluded = np.isin(scene.numbers, [key.patch for key in EXCLUDED if key.of_scene == scene.key])
    season, split = SEASONS[scene.key.season], scene_split(scene.key)
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": EXTENSIONS,
        "id": ids,
        "geometry": shapely.to_wkb(outlines, byte_order=1),
        "bbox": _bbox(bounds),
        "collection": COLLECTION,
        "links": tuple(_links(scene.key)),
        "assets": {sensor: _assets(sensor, scene.assets[sensor]) for sensor in SENSORS}
        | {preview: _pictures(preview, scene.key, ids, context) for preview in PREVIEWS},
        "title": _titles(scene, places, counts["igbp"]),
        "datetime": None,
        "start_datetime": season.start,
        "end_datetime": season.end,
        "proj:code": scene.grids.crs,
        "proj:shape": scene.grids.shape,
        "proj:transform": scene.grids.transform,
        "sen12ms:season": scene.key.season,
        "sen12ms:local_season": _local_seasons(scene.key, bounds, context),
        "sen12ms:scene": scene.key.scene,
        "sen12ms:patch": scene.numbers,
        "sen12ms:split": [None if left_out else split for left_out in excluded.tolist()],
        "sen12ms:country": [place and place.country for place in places],
        "sen12ms:continent": [place and place.continent for place in places],
        **{f"sen12ms:{scheme}": counts[scheme] for scheme in SCHEMES},
        "sen12ms:issues": _issues(scene, outlines, counts, excluded),
    }


def items_from_rows(rows: Sequence[Mapping[str, Any]], key: SceneKey) -> Iterator[dict[str, Any]]:
    """The STAC items of the rows of one scene: the table's columns, put where STAC has them.

    A scalar that is not known is left out, as stac-geoparquet readers do; `datetime` stays.

    Parameters
    ----------
    rows : sequence of mappings
        Values by column name, with the geometry as WKB, of one scene.
    key : SceneKey
        That scene: links are relative to its folder.

    Yields
    ------
    dict
        Ready for JSON, but for the `datetime` objects.
    """
    folder = scene_path(key)
    links = [link | {"href": relative_href(link["href"], folder)} for link in _links(key)]
    outlines = shapely.from_wkb([row["geometry"] for row in rows])
    properties = [name for name in rows[0] if name not in _TOP_LEVEL] if rows else []
    for row, geometry in zip(rows, _geojson(outlines), strict=True):
        item = {name: row[name] for name in _TOP_LEVEL if row[name] is not None}
        item["geometry"] = geometry
        if "bbox" in item:
            item["bbox"] = list(row["bbox"].values())
        item["properties"] = {
            name: row[name] for name in properties if row[name] is not None or name in _KEPT
        }
        item["links"] = links
        item["assets"] = {name: asset for name, asset in row["assets"].items() if asset is not None}
        for name in PREVIEWS.keys() & item["assets"].keys():
            asset = item["assets"][name]
            item["assets"][name] = asset | {"href": relative_href(asset["href"], folder)}
        yield item


def read_item(folder: Path, dataset: Dataset, item: str) -> pystac.Item:
    """An item of the catalog in a folder, by its id; its links are resolved."""
    key = dataset.parse_id(item)
    if key is None:
        raise CatalogNotFoundError(f"{item!r} is not an id of {dataset.about.title}")
    return pystac.Item.from_file(str(folder / item_path(key.of_scene, item)))


def relative_href(href: str, folder: str) -> str:
    """A link from the root's folder, as a link from a folder below it."""
    target, here, ups = PurePosixPath(href), PurePosixPath(folder), 0
    while not target.is_relative_to(here):
        here, ups = here.parent, ups + 1
    return ("../" * ups or "./") + str(target.relative_to(here))


def _geojson(outlines: NDArray[np.object_]) -> Iterator[dict[str, Any] | None]:
    points = iter(shapely.get_coordinates(outlines).tolist())
    kinds = shapely.get_type_id(outlines).tolist()
    lengths = shapely.get_num_coordinates(outlines).tolist()
    for outline, kind, length in zip(outlines, kinds, lengths, strict=True):
        ring = list(islice(points, length))
        if outline is None:
            yield None
        elif kind == shapely.GeometryType.POLYGON:
            yield {"type": "Polygon", "coordinates": [ring]}
        else:
            yield json.loads(shapely.to_geojson(outline))


_TOP_LEVEL: Final = (
    "type",
    "stac_version",
    "stac_extensions",
    "id",
    "collection",
    "geometry",
    "bbox",
    "links",
    "assets",
)
_KEPT: Final = frozenset({"datetime", *(f"sen12ms:{scheme}" for scheme in SCHEMES)})


def _links(key: SceneKey) -> list[dict[str, str]]:
    """Links of an item as the table has them: relative to the folder of the table."""
    targets = {
        "root": "./catalog.json",
        "collection": f"./{COLLECTION}/collection.json",
        "parent": f"./{scene_path(key)}/catalog.json",
    }
    return [{"rel": rel, "href": href, "type": "application/json"} for rel, href in targets.items()]


def _bbox(bounds: NDArray[np.float64]) -> Columns:
    unknown = np.isnan(bounds).any(axis=1)
    return {"": unknown} | {name: bounds[:, k] for k, name in enumerate(EDGES)}


def _assets(sensor: str, assets: Assets) -> Columns:
    return {
        "": np.array([href is None for href in assets.hrefs]),
        "href": assets.hrefs,
        "type": GEOTIFF,
        "title": SENSORS[sensor].title,
        "roles": SENSORS[sensor].roles,
        "file:size": assets.sizes,
    }


def _pictures(preview: str, key: SceneKey, ids: list[str], context: Context) -> Columns | None:
    if not context.previews:
        return None
    folder = scene_path(key)
    return {
        "href": [f"./{folder}/{preview_name(item, preview)}" for item in ids],
        "type": PNG,
        "title": PREVIEWS[preview].title,
        "roles": PREVIEWS[preview].roles,
    }


def _counts(scene: Scene) -> dict[str, Columns]:
    """Pixels per class, by scheme; `unknown` for codes outside the legend."""
    missing = np.array([href is None for href in scene.assets["lc"].hrefs])
    by_scheme = {}
    for band, scheme in enumerate(SCHEMES):
        legend = classes_of(scheme)
        known = scene.counts[:, band, [entry.code for entry in legend]]
        pixels = np.zeros((missing.size, len(legend) + 1), np.int32)
        pixels[~missing, :-1] = known
        pixels[~missing, -1] = scene.counts[:, band].sum(axis=1) - known.sum(axis=1)
        names = [*(entry.name for entry in legend), "unknown"]
        by_scheme[scheme] = {"": missing, **dict(zip(names, pixels.T, strict=True))}
    return by_scheme


def _local_seasons(
    key: SceneKey, bounds: NDArray[np.float64], context: Context
) -> str | NDArray[np.object_]:
    if key in context.true_seasons:
        return context.true_seasons[key]
    latitudes = (bounds[:, 1] + bounds[:, 3]) / 2
    seasons = np.where(latitudes < 0, SEASONS[key.season].opposite, key.season).astype(object)
    seasons[np.isnan(latitudes)] = None
    return seasons


def _titles(scene: Scene, places: list[Place | None], igbp: Columns) -> list[str]:
    covers = dominant_covers(igbp)
    start = f"{scene.key.season.capitalize()} {scene.key.scene}, patch"
    titles = []
    for patch, place, cover in zip(scene.numbers.tolist(), places, covers, strict=True):
        parts = (f"{start} {patch}", place and place.name, cover)
        titles.append(" · ".join([part for part in parts if part]))
    return titles


def dominant_covers(igbp: Columns) -> list[str | None]:
    """The simplified class with most pixels, by patch; of equals, the first of the legend."""
    members = {
        cover: [entry.name for entry in classes_of("igbp") if entry.cover == cover]
        for cover in COVERS
    }
    totals = np.stack([sum(igbp[name] for name in members[cover]) for cover in COVERS])
    best = totals.argmax(axis=0)
    known = totals.max(axis=0) > 0
    return [COVERS[number] if ok else None for number, ok in zip(best, known, strict=True)]


def _issues(
    scene: Scene,
    outlines: NDArray[np.object_],
    counts: dict[str, Columns],
    excluded: NDArray[np.bool_],
) -> list[list[str]]:
    found = np.stack(
        [
            shapely.is_missing(outlines),
            off_grid(scene.numbers, scene.grids.transform[:, [2, 5]]),
            sum(counts[scheme]["unknown"] for scheme in SCHEMES) > 0,
            excluded,
        ]
    )
    issues: list[list[str]] = [[] for _ in outlines]
    for patch, issue in np.argwhere(found.T).tolist():
        issues[patch].append(ISSUES[issue])
    return issues
