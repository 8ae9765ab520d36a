"""A replica of the dataset's tree: true names, zones, origins and grids, in the real byte layout.

It is made from the true lists of scenes and patches. Bodies are sparse where only headers matter.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
from real_files import DATA

from catalog.datasets import SEN12MS
from catalog.indexing.layout import Layout
from catalog.indexing.mapper import Processes
from catalog.indexing.run import Choices, Run
from catalog.indexing.scenes import Extras, gazetteer
from catalog.model import Assets, Grid, Grids, PatchKey, Scene, SceneKey
from catalog.query.database import build_database
from catalog.source.hrefs import Hrefs
from catalog.source.synthetic import SyntheticScene, write_scene
from catalog.source.tree import Listing
from catalog.stac.collection import upper_catalogs
from catalog.stac.scene_columns import Context, columns_from_scene
from catalog.stac.summary import summary_of
from catalog.store.columns import schema, table_columns, table_from_columns
from catalog.store.geoparquet import write_items
from catalog.store.journal import Journal, SceneRecord
from catalog.store.report import Report

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from numpy.typing import NDArray


def true_scenes() -> list[SyntheticScene]:
    """All 252 scenes with their 180,662 patches, in the order of the table."""
    patches = defaultdict(list)
    with gzip.open(DATA / "patches.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            patches[row["roi_season"], row["scene"]].append(int(row["patch"]))
    with (DATA / "scenes.csv").open(encoding="utf-8") as file:
        return [
            SyntheticScene(
                season=row["roi_season"].partition("_")[2],
                scene=int(row["scene"]),
                epsg=int(row["epsg"]),
                origin=(float(row["origin_x"]), float(row["origin_y"])),
                columns=int(row["ncols"]),
                patches=tuple(sorted(patches[row["roi_season"], row["scene"]])),
            )
            for row in csv.DictReader(file)
        ]


def some_scenes(share: float) -> list[SyntheticScene]:
    """A share of the scenes, evenly over the list; at least one."""
    scenes = true_scenes()
    count = max(1, round(len(scenes) * share))
    return [scenes[index * len(scenes) // count] for index in range(count)]


def write_replica(
    root: Path,
    scenes: Collection[SyntheticScene],
    *,
    sparse: Collection[str] = ("s1", "s2", "lc"),
) -> Iterator[int]:
    """Write the files of some scenes; yields their count, scene by scene.

    Sensors in `sparse` get a header and a hole of the right size: 541,986 such files take some
    2 GB of disk.
    """
    count = 0
    for scene in scenes:
        count += sum(1 for _ in write_scene(root, scene, sparse=sparse))
        yield count


def write_tables(folder: Path, most: int | None = None) -> None:
    """`items.parquet` and `catalog.duckdb` of the whole dataset, from the tables alone.

    `most` is how many patches of each scene, spread over it; None for all. Land cover is invented:
    the known majority class, or a random one, and a second one.
    """
    random = np.random.default_rng(2019)
    context = Context(SEN12MS, gazetteer(), {})
    tables = [
        table_from_columns(SEN12MS, columns_from_scene(read_scene(scene, random), context))
        for scene in (_some_patches(scene, most) for scene in true_scenes())
    ]
    collection = {"id": "sen12ms", "type": "Collection"}
    write_items(folder / "items.parquet", schema(SEN12MS), tables, collection)
    build_database(folder / "items.parquet", folder / "catalog.duckdb")


def write_catalog(folder: Path) -> None:
    """The whole catalog, 180,662 items, as `index` writes it, of files that are not there."""
    journal = Journal(folder.with_name("journal"), SEN12MS)
    random, context = np.random.default_rng(2019), Context(SEN12MS, gazetteer(), {})
    summaries = []
    for synthetic in true_scenes():
        scene = read_scene(synthetic, random)
        columns = columns_from_scene(scene, context)
        summaries.append(summary_of(scene.key, columns, gazetteer().names))
        record = SceneRecord(scene.key, {}, (), asdict(summaries[-1]))
        journal.save("", record, table_from_columns(SEN12MS, columns))
    summaries.sort(key=lambda summary: summary.key)
    upper = upper_catalogs(SEN12MS, summaries, table_columns(SEN12MS), previews=False)
    report = Report("", "sen12ms", "", ("/data/SEN12MS",), None, None, 0, 0, 0, {}, ())
    choices = Choices(Extras(), Layout(), Processes(1), progress=lambda *_: None)
    Run(folder, journal, Hrefs(()), choices, Listing(), ())._write(report, summaries, upper)


def _some_patches(scene: SyntheticScene, most: int | None) -> SyntheticScene:
    step = 1 if most is None else max(1, len(scene.patches) // most)
    return replace(scene, patches=scene.patches[::step][:most])


def read_scene(scene: SyntheticScene, random: np.random.Generator) -> Scene:
    """What reading the files of a scene would give."""
    key = SceneKey(scene.season, scene.scene)
    corners = [scene.upper_left(number) for number in scene.patches]
    shape = (256, 256)
    grids = [Grid(f"EPSG:{scene.epsg}", shape, (10.0, 0.0, x, 0.0, -10.0, y)) for x, y in corners]
    patches = [PatchKey(*key, number) for number in scene.patches]
    sizes = np.full(len(patches), 525_172)
    assets = {
        sensor: Assets(
            [f"/data/SEN12MS/{SEN12MS.file_path(patch, sensor)}" for patch in patches], sizes
        )
        for sensor in ("s1", "s2", "lc")
    }
    counts = np.stack([_counts(random) for _ in patches])
    return Scene(key, np.array(scene.patches), Grids.of(grids), assets, counts, ())


def _counts(random: np.random.Generator) -> NDArray[np.int32]:
    counts = np.zeros((4, 256), np.int32)
    first, second = random.choice(np.arange(1, 18), 2, replace=False)
    share = int(random.integers(20_000, 65_536))
    counts[0, [first, second]] = share, 65_536 - share
    counts[1:, 1] = 65_536
    return counts
