"""Items, from the rows of the table; their names and links."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import pystac
import shapely

from catalog.errors import CatalogNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from catalog.datasets import Dataset
    from catalog.model import SceneKey

STAC_VERSION: Final = "1.1.0"
EXTENSIONS: Final = (
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json",
)
"""Extensions of STAC that every item uses."""
_CLOUD_COVER: Final = "https://stac-extensions.github.io/eo/v2.0.0/schema.json"
"""Extension of STAC that items use where a table told their cloud cover."""
ALTERNATE: Final = "https://stac-extensions.github.io/alternate-assets/v1.2.0/schema.json"
"""Extension of STAC that items use whose files are on a web server, too."""
GEOTIFF: Final = "image/tiff; application=geotiff"
PNG: Final = "image/png"


def extensions(schema_url: str | None, *, clouds: bool = False) -> list[str]:
    """Schemas of all fields of an item; that of the dataset's own fields, if any, comes last."""
    eo = [_CLOUD_COVER] if clouds else []
    return [*EXTENSIONS, *eo, *([schema_url] if schema_url else [])]


def item_path(dataset: Dataset, key: SceneKey, item: str) -> str:
    """Where an item lies below the root: `sen12ms/spring/ROIs1158_spring_1/…_p30.json`."""
    return f"{scene_path(dataset, key)}/{item}.json"


def scene_path(dataset: Dataset, key: SceneKey) -> str:
    """Where the catalog and items of a scene lie below the catalog's root."""
    return f"{dataset.id}/{key.season}/{dataset.scene_id(key)}"


def preview_name(item: str, preview: str) -> str:
    """File name of a picture, which lies beside its item: `ROIs1158_spring_1_p30_overview.png`."""
    return f"{item}_{preview}.png"


def items_from_rows(
    dataset: Dataset,
    key: SceneKey,
    rows: Sequence[Mapping[str, Any]],
    alternate: Callable[[str], str | None],
) -> Iterator[dict[str, Any]]:
    """The STAC items of the rows of one scene: the table's columns, put where STAC has them.

    A scalar that is not known is left out, as stac-geoparquet readers do; `datetime` stays.

    Parameters
    ----------
    dataset : Dataset
        What the scene is of.
    key : SceneKey
        The scene: links are relative to its folder.
    rows : sequence of mapping
        Values by column name, with the geometry as WKB.
    alternate : callable
        Given an href, tells at which URL of a web server the file is, too; None if at none.

    Yields
    ------
    dict
        Ready for JSON, but for the `datetime` objects.
    """
    folder = scene_path(dataset, key)
    kept = {"datetime", *(f"sen12ms:{scheme}" for scheme in dataset.legends)}
    links = [
        link | {"href": relative_href(link["href"], folder)} for link in item_links(dataset, key)
    ]
    outlines = shapely.from_wkb([row["geometry"] for row in rows])
    properties = [name for name in rows[0] if name not in _TOP_LEVEL] if rows else []
    for row, geometry in zip(rows, _geojson(outlines), strict=True):
        item = {name: row[name] for name in _TOP_LEVEL if row[name] is not None}
        item["geometry"] = geometry
        if "bbox" in item:
            item["bbox"] = list(row["bbox"].values())
        item["properties"] = {
            name: row[name] for name in properties if row[name] is not None or name in kept
        }
        item["links"] = links
        item["assets"] = {name: asset for name, asset in row["assets"].items() if asset is not None}
        for name in dataset.previews.keys() & item["assets"].keys():
            asset = item["assets"][name]
            item["assets"][name] = asset | {"href": relative_href(asset["href"], folder)}
        _add_alternates(item, dataset, alternate)
        yield item


def alternate_assets(url: str, known: Mapping[str, str]) -> dict[str, dict[str, dict[str, str]]]:
    """The field of an asset that names it once more, by the protocol of the URL."""
    return {"alternate": {urlsplit(url).scheme: dict(known)}}


def _add_alternates(
    item: dict[str, Any], dataset: Dataset, alternate: Callable[[str], str | None]
) -> None:
    """Name the files of an item where they are once more; they need not be in the table for that.

    See https://github.com/stac-extensions/alternate-assets, version 1.2.0.
    """
    found = {
        name: url
        for name in dataset.sensors
        if name in item["assets"] and (url := alternate(item["assets"][name]["href"]))
    }
    for name, url in found.items():
        item["assets"][name] = item["assets"][name] | alternate_assets(url, {"href": url})
    if found:
        item["stac_extensions"] = [ALTERNATE, *item["stac_extensions"]]


def scene_of(dataset: Dataset, item: str) -> SceneKey:
    """The scene of an item, by its id.

    Raises
    ------
    CatalogNotFoundError
        If it is not an id.
    """
    key = dataset.parse_id(item)
    if key is None:
        raise CatalogNotFoundError(f"{item!r} is not an id of {dataset.about.title}")
    return key.of_scene


def stac_item(encoded: bytes, path: Path) -> pystac.Item:
    """An item from the bytes of its file, which need not be there: links start at its path."""
    value = json.loads(encoded)
    stac = pystac.Item.from_dict(value, href=str(path.absolute()))
    for name, asset in value["assets"].items():
        stac.assets[name].href = asset["href"]  # pystac makes slashes of backslashes
    return stac


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


def item_links(dataset: Dataset, key: SceneKey) -> list[dict[str, str]]:
    """Links of an item as the table has them: relative to the folder of the table."""
    targets = {
        "root": "./catalog.json",
        "collection": f"./{dataset.id}/collection.json",
        "parent": f"./{scene_path(dataset, key)}/catalog.json",
    }
    return [{"rel": rel, "href": href, "type": "application/json"} for rel, href in targets.items()]
