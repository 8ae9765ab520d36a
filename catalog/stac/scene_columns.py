"""The items of a scene, a column at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import shapely

from catalog.datasets.quality import measures
from catalog.model import EDGES, Grids
from catalog.stac.footprint import footprints
from catalog.stac.grid import off_grid
from catalog.stac.item import (
    GEOTIFF,
    PNG,
    STAC_VERSION,
    extensions,
    item_links,
    preview_name,
    scene_path,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from catalog.datasets import Dataset
    from catalog.datasets.definition import Preview, Sensor
    from catalog.model import Scene, SceneKey
    from catalog.stac.gazetteer import Country, Gazetteer

ISSUES: Final = (
    *("no_footprint", "off_grid", "unknown_class", "excluded"),
    *("not_finite", "empty", "saturated"),
)
"""Findings of the audit: the file names no usable CRS; the patch is not where its number says;
there are land-cover codes outside the legend; the official split leaves the patch out; and, if
pixels were read, images with NaN or infinite values; with at least a hundredth of the pixels empty;
or with as many of them saturated."""
_LEAST_SHARE: Final = 0.01


class LandCover(NamedTuple):
    """Class counts of n patches, from a catalog of another dataset."""

    counts: Mapping[str, Mapping[str, NDArray[np.int32]]]
    """By legend and class, with `unknown`; 0 where they are not known."""
    missing: NDArray[np.bool_]
    """Where they are not known."""


Columns = dict[str, pa.Array]
"""Arrow arrays by column name, each with a value a patch."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the meaning of a scene depends on, beside its files."""

    dataset: Dataset
    """What the scene is of."""
    gazetteer: Gazetteer
    """Finds countries."""
    true_seasons: Mapping[SceneKey, str]
    """From `seasons.csv`; scenes that it does not name follow their hemisphere."""
    previews: bool = False
    """Whether pictures lie beside the items."""
    quality: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    """What was measured on the pixels, by measure and patch; empty if they were not read."""
    cloud_cover: Mapping[str, float | None] | None = None
    """Percent of the cloudy image that is clouds, by id; None where it is not known."""
    land_cover: LandCover | None = None
    """Class counts of another catalog, where the dataset has no land cover of its own."""


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
        Geometries as WKB in degrees (OGC:CRS84); times in UTC; null for what is not known. Beyond
        the contract, `cover`: the dominant simplified class.
    """
    dataset, key = context.dataset, scene.key
    outlines = footprints(scene.grids)
    bounds: NDArray[np.float64] = shapely.bounds(outlines)
    nowhere = np.asarray(np.isnan(bounds).any(axis=1))
    countries = context.gazetteer.locate(outlines)
    ids = dataset.patch_ids(key, scene.numbers.tolist())
    borrowed = context.land_cover
    counts = borrowed.counts if borrowed else _counts(dataset, scene)
    uncounted = borrowed.missing if borrowed else _missing(scene, dataset.classified)
    covers = dominant_covers(dataset, counts.get(dataset.simplified or "", {}), len(ids))
    found = {
        "no_footprint": shapely.is_missing(outlines),
        "off_grid": off_grid(dataset, scene.numbers, scene.grids.transform[:, [2, 5]]),
        "unknown_class": _unknown(counts, len(ids)),
        "excluded": np.isin(
            scene.numbers, [out.patch for out in dataset.excluded if out.of_scene == key]
        ),
        **_pixel_issues(dataset, context.quality),
    }
    season = dataset.seasons[key.season]
    constants = {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "collection": dataset.id,
        "links": item_links(dataset, key),
        "datetime": None,
        "start_datetime": season.start,
        "end_datetime": season.end,
        "sen12ms:season": key.season,
        "sen12ms:scene": key.scene,
    }
    split = dataset.scene_split(key)
    return {
        **{name: pa.repeat(pa.scalar(value), len(ids)) for name, value in constants.items()},
        "id": pa.array(ids),
        "stac_extensions": _extensions(context, ids),
        "geometry": pa.array(shapely.to_wkb(outlines, byte_order=1), pa.binary()),
        "bbox": _struct(dict(zip(EDGES, bounds.T, strict=True)), nowhere),
        "assets": _struct(_assets(dataset, scene) | _pictures(context, key, ids)),
        "title": pa.array(_titles(scene, countries, covers)),
        "proj:code": _texts(scene.grids.crs),
        "proj:shape": _lists(scene.grids.shape),
        "proj:transform": _lists(scene.grids.transform),
        "sen12ms:local_season": _texts(_local_seasons(key, bounds, context)),
        "sen12ms:patch": pa.array(scene.numbers),
        "sen12ms:split": _texts([None if out else split for out in found["excluded"].tolist()]),
        "sen12ms:country": _texts([country.code if country else None for country in countries]),
        "sen12ms:continent": _texts(
            [country.continent if country else None for country in countries]
        ),
        **{f"sen12ms:{scheme}": _struct(pixels, uncounted) for scheme, pixels in counts.items()},
        **_clouds(context, ids),
        "sen12ms:quality": _quality(context.quality, len(ids)),
        "sen12ms:issues": pa.array(_issues(found), pa.list_(pa.string())),
        "cover": _texts(covers),
    }


def grids_from_columns(columns: Mapping[str, pa.ChunkedArray]) -> Grids:
    """The grids that `columns_from_scene` put into columns."""
    shape, transform = (
        columns[f"proj:{name}"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        for name in ("shape", "transform")
    )
    crs = columns["proj:code"].to_numpy(zero_copy_only=False)
    return Grids(crs, shape.reshape(-1, 2), transform.reshape(-1, 6))


def _texts(values: Sequence[str | None] | NDArray[np.object_]) -> pa.Array:
    return pa.array(values, pa.string())


def _lists(values: NDArray[Any]) -> pa.Array:
    """The rows of a matrix as lists."""
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])


def _struct(fields: Mapping[str, Any], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """Arrays as the fields of structs, which are null where they are missing."""
    arrays = [pa.array(values) for values in fields.values()]
    mask = None if missing is None else pa.array(missing)
    return pa.StructArray.from_arrays(arrays, list(fields), mask=mask)


def _assets(dataset: Dataset, scene: Scene) -> dict[str, pa.Array]:
    """The files of each sensor."""
    return {
        sensor: _struct(
            {
                "href": _texts(scene.assets[sensor].hrefs),
                **_described(GEOTIFF, described, len(scene.numbers)),
                "file:size": scene.assets[sensor].sizes,
            },
            _missing(scene, sensor),
        )
        for sensor, described in dataset.sensors.items()
    }


def _pictures(context: Context, key: SceneKey, ids: Sequence[str]) -> dict[str, pa.Array]:
    """The previews, or nulls if there are none."""
    folder = scene_path(context.dataset, key)
    return {
        preview: _struct(
            {
                "href": [f"./{folder}/{preview_name(item, preview)}" for item in ids],
                **_described(PNG, described, len(ids)),
            }
        )
        if context.previews
        else pa.nulls(len(ids))
        for preview, described in context.dataset.previews.items()
    }


def _described(media_type: str, described: Sensor | Preview, rows: int) -> dict[str, pa.Array]:
    """What all assets of one key have in common."""
    values = {"type": media_type, "title": described.title, "roles": list(described.roles)}
    return {name: pa.repeat(pa.scalar(value), rows) for name, value in values.items()}


def _missing(scene: Scene, sensor: str | None) -> NDArray[np.bool_]:
    if sensor is None:
        return np.ones(len(scene.numbers), bool)
    return np.array([href is None for href in scene.assets[sensor].hrefs], bool)


def _counts(dataset: Dataset, scene: Scene) -> dict[str, dict[str, NDArray[np.int32]]]:
    """By legend, pixels per class, and `unknown` for codes outside it; 0 where there is no file."""
    there = ~_missing(scene, dataset.classified)
    counts = {}
    for band, (scheme, legend) in enumerate(dataset.legends.items()):
        known = scene.counts[:, band, [entry.code for entry in legend.classes]]
        pixels = np.zeros((there.size, len(legend.classes) + 1), np.int32)
        pixels[there, :-1] = known
        pixels[there, -1] = scene.counts[:, band].sum(axis=1) - known.sum(axis=1)
        counts[scheme] = dict(zip([*legend.names, "unknown"], pixels.T, strict=True))
    return counts


def _local_seasons(
    key: SceneKey, bounds: NDArray[np.float64], context: Context
) -> NDArray[np.object_]:
    if key in context.true_seasons:
        return np.full(len(bounds), context.true_seasons[key], object)
    latitudes = (bounds[:, 1] + bounds[:, 3]) / 2
    opposite = context.dataset.seasons[key.season].opposite
    seasons = np.where(latitudes < 0, opposite, key.season).astype(object)
    seasons[np.isnan(latitudes)] = None
    return seasons


def _titles(
    scene: Scene, countries: Sequence[Country | None], covers: Sequence[str | None]
) -> list[str]:
    start = f"{scene.key.season.capitalize()} {scene.key.scene}, patch"
    titles = []
    for patch, country, cover in zip(scene.numbers.tolist(), countries, covers, strict=True):
        parts = (f"{start} {patch}", country and country.name, cover)
        titles.append(" · ".join([part for part in parts if part]))
    return titles


def dominant_covers(
    dataset: Dataset, pixels: Mapping[str, NDArray[np.int32]], patches: int
) -> list[str | None]:
    """The simplified class with most pixels, by patch; ties go to the first of the legend.

    Parameters
    ----------
    dataset : Dataset
        Which classes are simplified, and to what.
    pixels : mapping
        Pixels of each patch, by class of the simplified legend; empty if there is none.
    patches : int
        How many they are.
    """
    members = dataset.cover_members.values()
    totals = [np.sum([pixels[name] for name in names], axis=0) for names in members]
    covers = (None, *dataset.covers)
    return [covers[best] for best in np.stack([np.zeros(patches), *totals]).argmax(axis=0).tolist()]


def _unknown(
    counts: Mapping[str, Mapping[str, NDArray[np.int32]]], patches: int
) -> NDArray[np.bool_]:
    """Which patches have codes outside a legend."""
    unknown = np.zeros(patches, bool)
    for pixels in counts.values():
        unknown |= pixels["unknown"] > 0
    return unknown


def _quality(quality: Mapping[str, NDArray[np.float64]], patches: int) -> pa.Array:
    """Measures as structs, null where there is nothing to measure."""
    if not quality:
        return pa.nulls(patches)
    arrays = [pa.array(values, from_pandas=True) for values in quality.values()]
    return pa.StructArray.from_arrays(arrays, list(quality))


def _extensions(context: Context, ids: Sequence[str]) -> pa.Array:
    """Schemas by patch: that of cloud cover wants to see its field, so only where it is known."""
    known, url = context.cloud_cover or {}, context.dataset.schema_url
    schemas = [extensions(url, clouds=clouds) for clouds in (False, True)]
    named = [schemas[known.get(name) is not None] for name in ids]
    return pa.array(named, pa.list_(pa.string()))


def _clouds(context: Context, ids: Sequence[str]) -> Columns:
    """The column of cloud cover, if the dataset has one; null where it is not known."""
    if context.dataset.cloudy is None:
        return {}
    known = context.cloud_cover or {}
    return {"eo:cloud_cover": pa.array([known.get(name) for name in ids], pa.float64())}


def _pixel_issues(
    dataset: Dataset, quality: Mapping[str, NDArray[np.float64]]
) -> dict[str, NDArray[np.bool_]]:
    """By issue, the patches with an image that has it; empty if pixels were not read."""
    found: dict[str, NDArray[np.bool_]] = {}
    for measure in measures(dataset):
        if measure.name in quality and measure.kind != "mean":
            least = 1 if measure.kind == "not_finite" else _LEAST_SHARE
            bad = quality[measure.name] >= least
            found[measure.kind] = found.get(measure.kind, False) | bad
    return found


def _issues(found: Mapping[str, NDArray[np.bool_]]) -> list[list[str]]:
    issues: list[list[str]] = [[] for _ in next(iter(found.values()))]
    names = [name for name in ISSUES if name in found]
    for patch, issue in np.argwhere(np.stack([found[name] for name in names], axis=1)).tolist():
        issues[patch].append(names[issue])
    return issues
