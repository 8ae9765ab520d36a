"""Statements that follow from the definition of a dataset: its sensors, legends and size.

For SEN12MS they are also files below `sql/`, for readers and for `sql/duckdbrc`; a test holds those
equal to these.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from catalog.datasets.quality import measures
from catalog.query.literals import literal
from catalog.query.statements import statement, statement_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from catalog.datasets import Dataset

_WIDTH: Final = 99
"""Of a line, the comma after it included."""
_BEFORE_PATHS: Final = ("id", "season", "local_season", "scene", "patch", "scene_id")
_AFTER_PATHS: Final = (
    *("geometry", "xmin", "ymin", "xmax", "ymax", "lon", "lat", "crs", "country", "continent"),
    *("split", "complete", "issues"),
)
_DOMINANT: Final = ("dominant_igbp", "dominant_cover")
_OF_COVERS: Final = "macros/class_counts"
"""Makes no sense for a dataset without simplified classes."""


@lru_cache(maxsize=8)
def generated(dataset: Dataset) -> dict[str, str]:
    """Statements by their path below `sql/`, without the ending."""
    return {
        "build/moved_patches": _moved_patches(dataset),
        "functions/patch_area_km2": _patch_area(dataset),
        "macros/tile_index": _tile_index(dataset),
        "queries/info_total": _info_total(dataset),
        "views/20_patches": _patches(dataset),
        "views/80_file_sizes": _file_sizes(dataset),
    }


def flat_columns(dataset: Dataset) -> dict[str, str]:
    """Columns of `patches` as expressions by name, with each field of a struct in one of its own.

    It is called `STRUCT_FIELD`: `cover.forest` becomes `cover_forest`.
    """
    structs = {"quality": [measure.name for measure in measures(dataset)], **dataset.shares}
    fields = {
        f"{struct}_{name}": f"{struct}.{name} AS {struct}_{name}"
        for struct, names in structs.items()
        for name in names
    }
    before = (*_BEFORE_PATHS, *dataset.sensors, *_AFTER_PATHS, *_clouds(dataset))
    return {**{name: name for name in before}, **fields, **{name: name for name in _DOMINANT}}


def columns_at_a_glance(dataset: Dataset) -> tuple[str, ...]:
    """Columns of `patches` that a short table for people has."""
    return ("id", "local_season", "country", "dominant_cover", *_clouds(dataset), "split")


def definitions(dataset: Dataset, *folders: str) -> Iterator[str]:
    """All statements that define functions, views and macros, of some folders in order."""
    for folder in folders:
        for name in statement_names(folder):
            if dataset.covers or name != _OF_COVERS:
                yield definition(dataset, name)


def definition(dataset: Dataset, name: str) -> str:
    """One statement by its path below `sql/`, for a dataset."""
    return generated(dataset).get(name) or statement(name)


def _clouds(dataset: Dataset) -> tuple[str, ...]:
    return ("cloud_cover",) if dataset.cloudy else ()


def _moved_patches(dataset: Dataset) -> str:
    paths = ",\n".join(f"        rebase({name}, $old, $new) AS {name}" for name in dataset.sensors)
    return f"""\
-- Patches with the paths of a dataset that was moved.
-- $old, $new: what paths started with, and start with now.
-- One row per patch, as in `patches` of the catalog.
CREATE VIEW memory.patches AS
SELECT
    * REPLACE (
{paths}
    )
FROM catalog.patches
"""


def _patch_area(dataset: Dataset) -> str:
    rows, columns = dataset.shape
    area = rows * columns * (dataset.resolution_m / 1000) ** 2
    return f"""\
-- Area of a patch.
-- No parameters.
-- Square kilometres.
CREATE OR REPLACE MACRO patch_area_km2() AS
{area!r}::DOUBLE
"""


def _tile_index(dataset: Dataset) -> str:
    whens = "".join(
        f"                WHEN {literal(name)} THEN {name}\n" for name in dataset.sensors
    )
    sensors = ", ".join(map(literal, dataset.sensors))
    return f"""\
-- Files of one sensor, as a tile index for GDAL's GTI driver.
-- sensor_name: {_listed(dataset.sensors)}.
-- One row per file: id, location, crs, and the footprint in degrees (OGC:CRS84).
CREATE OR REPLACE MACRO tile_index(sensor_name) AS TABLE
    SELECT
        id,
        location,
        crs,
        geometry
    FROM (
        SELECT
            *,
            CASE sensor_name
{whens}                ELSE error(
                    'there is no sensor ' || coalesce(sensor_name, 'NULL')
                    || did_you_mean(sensor_name, [{sensors}])
                )
            END AS location
        FROM patches
    ) AS files
    WHERE location IS NOT NULL
    ORDER BY season, scene, patch
"""


def _info_total(dataset: Dataset) -> str:
    missing = "".join(
        f"    count(*) - count({name}) AS without_{name},\n" for name in dataset.sensors
    )
    clouds = """\
    count(cloud_cover) AS with_cloud_cover,
    min(cloud_cover) AS least_cloud_cover,
    median(cloud_cover) AS median_cloud_cover,
    max(cloud_cover) AS most_cloud_cover,
"""
    return f"""\
-- Totals of a catalog.
-- No parameters.
-- One row: counts, missing files by sensor, and the extent in degrees (OGC:CRS84).
SELECT
    count(*) AS patches,
    count(DISTINCT scene_id) AS scenes,
    count(DISTINCT country) AS countries,
    count(*) FILTER (complete) AS complete,
{missing}    count(*) FILTER (len(issues) > 0) AS with_issues,
{clouds if dataset.cloudy else ""}    min(xmin) AS west,
    min(ymin) AS south,
    max(xmax) AS east,
    max(ymax) AS north
FROM patches
"""


def _file_sizes(dataset: Dataset) -> str:
    sizes = ",\n".join(f'    assets.{name}."file:size" AS {name}_bytes' for name in dataset.sensors)
    return f"""\
-- Sizes of the files of the patches.
-- One row per patch: id, and the bytes of each file; null where it is missing.
CREATE OR REPLACE VIEW file_sizes AS
SELECT
    id,
{sizes}
FROM items
"""


def _patches(dataset: Dataset) -> str:
    covers = _covers(dataset)
    measured = {scheme: _shares(scheme, dataset) for scheme in dataset.legends}
    if covers:
        measured["cover"] = covers
    structs = "".join(
        f",\n        {{\n{body}\n        }} AS {name}" for name, body in measured.items()
    )
    paths = "".join(f"    assets.{sensor}.href AS {sensor},\n" for sensor in dataset.sensors)
    complete = " AND ".join(f"assets.{sensor} IS NOT NULL" for sensor in dataset.sensors)
    shares = "".join(f"    {name},\n" for name in measured)
    legend = f"dominant({dataset.simplified})" if dataset.simplified else "NULL::VARCHAR"
    cover = "dominant(cover)" if covers else "NULL::VARCHAR"
    clouds = '    "eo:cloud_cover" AS cloud_cover,\n' if dataset.cloudy else ""
    return f"""\
-- Patches, with everything to select them by.
-- One row per patch. Shares of land cover are of its {dataset.patch_pixels:,} pixels, 0 to 1,
-- exact; null without a land-cover file. Coordinates are degrees (OGC:CRS84). `quality` is null
-- unless `index` read the pixels.
CREATE OR REPLACE VIEW patches AS
WITH measured AS (
    SELECT
        *{structs}
    FROM items
)

SELECT
    id,
    "sen12ms:season" AS season,
    "sen12ms:local_season" AS local_season,
    "sen12ms:scene" AS scene,
    "sen12ms:patch" AS patch,
    regexp_replace(id, '_p[0-9]+$', '') AS scene_id,
{paths}    geometry,
    bbox.xmin AS xmin,
    bbox.ymin AS ymin,
    bbox.xmax AS xmax,
    bbox.ymax AS ymax,
    if(
        bbox.xmax - bbox.xmin > 180,
        ST_X(centre(geometry)),
        (bbox.xmin + bbox.xmax) / 2
    ) AS lon,
    (bbox.ymin + bbox.ymax) / 2 AS lat,
    "proj:code" AS crs,
    "sen12ms:country" AS country,
    "sen12ms:continent" AS continent,
    "sen12ms:split" AS split,
    {complete} AS complete,
    "sen12ms:issues" AS issues,
{clouds}    "sen12ms:quality" AS quality,
{shares}    {legend} AS dominant_igbp,
    {cover} AS dominant_cover
FROM measured
"""


def _shares(scheme: str, dataset: Dataset) -> str:
    entries = []
    for name in dataset.legends[scheme].names:
        entry = f"            {literal(name)}: {_pixels(scheme, name)}"
        share = f"/ {dataset.patch_pixels}"
        fits = len(entry) + len(share) < _WIDTH
        entries.append(f"{entry} {share}" if fits else f"{entry}\n            {share}")
    return ",\n".join(entries)


def _covers(dataset: Dataset) -> str:
    entries = []
    for cover, names in dataset.cover_members.items():
        pixels = [_pixels(dataset.simplified or "", name) for name in names]
        whole = pixels[0]
        if len(pixels) > 1:
            terms = "\n                + ".join(pixels)
            whole = f"(\n                {terms}\n            )"
        entries.append(f"            {literal(cover)}: {whole} / {dataset.patch_pixels}")
    return ",\n".join(entries)


def _pixels(scheme: str, name: str) -> str:
    return f'"sen12ms:{scheme}".{name}'


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last
