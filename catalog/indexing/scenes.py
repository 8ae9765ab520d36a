"""One scene: from its files into the journal, from the journal into the catalog."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import shapely

from catalog.indexing.cloud_cover import read_cloud_cover
from catalog.indexing.land_cover import LandCoverSource, borrowed_land_cover
from catalog.source.pixel_audit import audit_pixels
from catalog.source.preview import draw_preview
from catalog.source.scene import SceneReader
from catalog.stac.collection import scene_catalog
from catalog.stac.gazetteer import Country, Gazetteer
from catalog.stac.item import items_from_rows, preview_name, scene_path
from catalog.stac.scene_columns import Context, columns_from_scene
from catalog.stac.summary import summary_of
from catalog.store import staging
from catalog.store.columns import rows_from_table, schema, table_from_columns
from catalog.store.geoparquet import read_countries
from catalog.store.journal import SceneRecord
from catalog.store.static import write_item_files, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from catalog.datasets import Dataset
    from catalog.indexing.cloud_cover import CloudCoverTable
    from catalog.indexing.layout import Layout
    from catalog.source.hrefs import Hrefs
    from catalog.source.tree import SceneFiles
    from catalog.stac.collection import SceneSummary
    from catalog.store.journal import Journal


class Extras(NamedTuple):
    """What a run does beyond reading headers and land cover."""

    previews: bool = False
    """Whether pictures lie beside the items."""
    statistics: bool = False
    """Whether the pixels of all images are read, to measure their quality."""
    cloud_cover: CloudCoverTable | None = None
    """Which table tells the clouds of the cloudy images."""
    land_cover: LandCoverSource | None = None
    """Where class counts come from that the dataset has not."""


def read_scene(
    journal: Journal,
    files: SceneFiles,
    fingerprint: str,
    hrefs: Hrefs,
    season: str | None,
    extras: Extras,
) -> SceneRecord:
    """Read the files of a scene, and keep in the journal what they say.

    Parameters
    ----------
    journal : Journal
        Knows the dataset, and what was read of archives.
    files : SceneFiles
        All files of the scene.
    fingerprint : str
        What tells them from changed ones.
    hrefs : Hrefs
        What the catalog says where they are.
    season : str, optional
        The true season, if it is known.
    extras : Extras
        What is done beyond the headers.
    """
    dataset = journal.dataset
    members = (
        member.record
        for part in files.parts
        for member in journal.archives.members(part.archive, part.batch)
    )
    scene = _reader(dataset).read(files, hrefs, members)
    missing = {sensor: assets.hrefs.count(None) for sensor, assets in scene.assets.items()}
    rows, summary = schema(dataset).empty_table(), None
    lacking: dict[str, list[str]] = {}
    if scene.numbers.size:
        true_seasons = {scene.key: season} if season else {}
        quality = audit_pixels(files, dataset, scene.numbers) if extras.statistics else {}
        borrowed = None
        if extras.land_cover:
            borrowed, lacking = borrowed_land_cover(extras.land_cover, scene, dataset)
        context = Context(
            dataset,
            gazetteer(),
            true_seasons,
            previews=extras.previews,
            quality=quality,
            cloud_cover=read_cloud_cover(extras.cloud_cover) if extras.cloud_cover else None,
            land_cover=borrowed,
        )
        columns = columns_from_scene(scene, context)
        rows = table_from_columns(dataset, columns)
        summary = asdict(summary_of(scene.key, columns, gazetteer().names))
    record = SceneRecord(scene.key, missing, scene.rejected, summary, lacking)
    journal.save(fingerprint, record, rows)
    return record


def write_scene(
    journal: Journal,
    summary: SceneSummary,
    folder: Path,
    layout: Layout,
    hrefs: Hrefs,
    drawn_from: SceneFiles | None,
) -> int:
    """Write the catalog of a scene and its items below the folder of a catalog.

    Parameters
    ----------
    journal : Journal
        Has the rows of the scene.
    summary : SceneSummary
        The scene.
    folder : Path
        The catalog.
    layout : Layout
        Which files it has.
    hrefs : Hrefs
        What the catalog says where files are.
    drawn_from : SceneFiles, optional
        The files of the scene, if previews are to be drawn.

    Returns
    -------
    int
        How many items it has.
    """
    dataset, titles = journal.dataset, None
    scene_folder = folder / scene_path(dataset, summary.key)
    if layout.has_item_files:
        rows = rows_from_table(journal.rows(summary.key))
        items = items_from_rows(dataset, summary.key, rows, hrefs.of_alternate)
        write_item_files(scene_folder, items)
        if drawn_from is not None:
            _draw_previews(dataset, scene_folder, rows, drawn_from, hrefs)
        titles = [(row["id"], row["title"]) for row in rows]
    write_json(scene_folder / staging.CATALOG, scene_catalog(dataset, summary, titles))
    return summary.patches


def _draw_previews(
    dataset: Dataset,
    folder: Path,
    rows: Sequence[Mapping[str, Any]],
    files: SceneFiles,
    hrefs: Hrefs,
) -> None:
    found = [files.of_sensor(dataset, sensor) for sensor in dataset.sensors]
    paths = {hrefs.of_file(path): path for of_sensor in found for path in of_sensor.paths}
    for row in rows:
        assets = {sensor: row["assets"][sensor] for sensor in dataset.sensors}
        members = {sensor: paths[asset["href"]] for sensor, asset in assets.items() if asset}
        for name in dataset.previews:
            picture = draw_preview(dataset, name, members)
            (folder / preview_name(row["id"], name)).write_bytes(picture.png)


@cache
def _reader(dataset: Dataset) -> SceneReader:
    return SceneReader(dataset)


@cache
def gazetteer() -> Gazetteer:
    """The countries that the package has."""
    rows = read_countries()
    countries = [Country(row["code"], row["name"], row["continent"]) for row in rows]
    return Gazetteer(shapely.from_wkb([row["geometry"] for row in rows]), countries)
