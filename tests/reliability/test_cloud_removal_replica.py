"""3,136 patches of SEN12MS-CR go through every command, equal from folders and archives."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import duckdb
import httpx
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import rasterio
from click.testing import CliRunner
from datasets import pack_published
from hosts import serve
from replica import read_scene, true_scenes
from trees import rows_of

from catalog import Catalog, index
from catalog.cli import demo, sen12ms
from catalog.cli.formats import FORMATS
from catalog.datasets import SEN12MS, SEN12MS_CR
from catalog.indexing.scenes import gazetteer
from catalog.model import SceneKey
from catalog.source.synthetic import write_scene
from catalog.stac.scene_columns import Context, columns_from_scene
from catalog.store.columns import schema, table_from_columns
from catalog.store.geoparquet import write_items

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow
PATCHES: Final = 3136
PLACES: Final = {("spring", 1), ("summer", 17), ("fall", 139), ("winter", 63)}
SCENES: Final = [scene for scene in true_scenes() if (scene.season, scene.scene) in PLACES]
"""True scenes, of the authors' train, val, test and test."""
BEFORE: Final = re.compile(r'(/vsitar/\{[^}]*\}/|/[^\s",]*/CR/)(?=ROIs)')
"""What stands before the folder of a season and sensor in a path."""
ENDINGS: Final = {
    "parquet": ".parquet",
    "gpkg": ".gpkg",
    "flatgeobuf": ".fgb",
    "stac-geoparquet": ".parquet",
}
FALL: Final = ("--season", "fall", "--where", "patch < 60")
BORROWED: Final = ("--cover", "forest>=0.3", "--cloud-cover", "<=40", "--season", "spring")


class Outs(NamedTuple):
    """Catalogs of the same files, from folders and from archives."""

    folder: Path
    both: tuple[Path, Path]
    clouds: pd.Series[float]
    """Percent by id, where the table has one."""


RAN: set[str] = set()
"""Commands that were run."""


def run(command: str, *arguments: object, code: int = 0) -> str:
    RAN.add(command)
    done = CliRunner().invoke(sen12ms, [command, *map(str, arguments)])
    assert done.exit_code == code, (command, arguments, done.output, done.exception)
    return done.stdout


def equal(outs: Outs, command: str, *arguments: object, code: int = 0) -> str:
    """What a command prints of both catalogs, but for where the files are."""
    answers = []
    for out in outs.both:
        words = [out if word == "OUT" else word for word in arguments]
        said = run(command, *words, code=code)
        answers.append(BEFORE.sub("", said).replace(str(out), "OUT"))
    assert answers[0] == answers[1], (command, arguments)
    return answers[0]


def write_land_cover(table: Path) -> None:
    """SEN12MS with invented land cover: one scene whole, one half, one 10 m to the east."""
    first, second, third = SCENES[:3]
    half = replace(second, patches=second.patches[: len(second.patches) // 2])
    moved = replace(third, origin=(third.origin[0] + 10, third.origin[1]))
    random, context = np.random.default_rng(2020), Context(SEN12MS, gazetteer(), {})
    rows = [
        table_from_columns(SEN12MS, columns_from_scene(read_scene(scene, random), context))
        for scene in (first, half, moved)
    ]
    write_items(table, schema(SEN12MS), rows, {"id": SEN12MS.id, "type": "Collection"})


def write_clouds(table: Path) -> pd.Series[float]:
    """The clouds of every other patch, one without a value, and one that is not in the catalog."""
    ids = [
        name
        for scene in SCENES
        for name in SEN12MS_CR.patch_ids(SceneKey(scene.season, scene.scene), scene.patches)
    ]
    percents = np.random.default_rng(1).uniform(0, 100, len(ids[::2]))
    known = pd.Series(percents, pd.Index(ids[::2], name="id"), name="cloud_cover")
    others = pd.Series({ids[1]: None, "ROIs1158_spring_9_p30": 7.0}, name="cloud_cover")
    pd.concat([known, others]).rename_axis("id").to_csv(table)
    return known


def index_both(folder: Path) -> Outs:
    """Two patches of each scene have pixels."""
    for scene in SCENES:
        few = replace(scene, patches=scene.patches[:2])
        list(write_scene(folder / "CR", scene, SEN12MS_CR, sparse=tuple(SEN12MS_CR.sensors)))
        list(write_scene(folder / "CR", few, SEN12MS_CR))
    parts = sorted((folder / "CR").iterdir())
    archives = [pack_published(part, folder / f"{part.name}.tar.gz") for part in parts]
    write_land_cover(folder / "items.parquet")
    clouds = write_clouds(folder / "clouds.csv")
    extras = ("--cloud-cover", folder / "clouds.csv", "--land-cover-from", folder / "items.parquet")
    run("index", folder / "CR", "-o", folder / "folders", *extras)
    run("index", *archives, "-o", folder / "packed", *extras)
    return Outs(folder, (folder / "folders", folder / "packed"), clouds)


def tables_differ_in_paths_alone(outs: Outs) -> None:
    tables = [rows_of(out) for out in outs.both]
    for rows in tables:
        assert len(rows) == PATCHES
        for row in rows.values():
            for sensor in SEN12MS_CR.sensors:
                row["assets"][sensor]["href"] = BEFORE.sub("", row["assets"][sensor]["href"])
    assert tables[0] == tables[1]
    known = {name: row["eo:cloud_cover"] for name, row in tables[0].items()}
    assert {name: value for name, value in known.items() if value is not None} == dict(outs.clouds)
    for out in outs.both:
        report = json.loads((out / "report.json").read_bytes())
        told = {name: report["cloud_cover"][name] for name in ("taken", "without_value")}
        assert told == {"taken": len(outs.clouds), "without_value": 1}
        assert report["cloud_cover"]["not_in_catalog"] == 1
        lacking = [len(report["land_cover"][name]) for name in ("missing", "other_grid")]
        assert [report["land_cover"]["taken"], *lacking] == [784 + 392, 784 + 392, 784]


def info_and_check(outs: Outs) -> None:
    assert "3,136 patches of 4 scenes" in equal(outs, "info", "OUT")
    assert json.loads(equal(outs, "info", "OUT", "--json"))["total"]["patches"] == PATCHES
    for out in outs.both:
        found = json.loads(run("check", out, "--json"))
        assert (found["patches"], found["findings"]) == (PATCHES, [])
        assert found["files"] + found["unreachable"] == 3 * PATCHES


def select_prints_every_format(outs: Outs) -> None:
    with duckdb.connect(str(outs.both[0] / "catalog.duckdb"), read_only=True) as plain:
        rows = plain.execute(
            "SELECT id FROM patches WHERE season = 'spring' AND cover.forest >= 0.3 "
            "AND cloud_cover <= 40 ORDER BY patch"
        ).fetchall()
    expected = [name for (name,) in rows]
    assert len(expected) > 10
    for name in FORMATS:
        if name in {"table", "paths", "ids", "csv", "json", "geojson"}:
            said = equal(
                outs, "select", "OUT", *BORROWED, "--format", name, "--sensor", "s2_cloudy"
            )
            lines = len(said.splitlines())
            assert lines >= min(len(expected), 10), name
        else:
            found = [out.with_name(f"{out.name}-{name}{ENDINGS[name]}") for out in outs.both]
            for out, path in zip(outs.both, found, strict=True):
                run("select", out, *BORROWED, "--format", name, "-o", path)
                assert path.stat().st_size > 1000
    ids = equal(outs, "select", "OUT", *BORROWED, "--format", "ids")
    assert ids.split() == expected
    tables = [pq.read_table(f"{out}-stac-geoparquet.parquet") for out in outs.both]
    assert [table["id"].to_pylist() for table in tables] == [expected] * 2
    assert tables[0]["eo:cloud_cover"].to_pylist() == list(outs.clouds[expected])


def sql_and_macros(outs: Outs) -> None:
    for query in (
        "SELECT scene_id, patches, country FROM scenes",
        "SELECT id FROM patches_in_box(118.8, 33.4, 119.1, 33.6)",
        "SELECT split, count(*), avg(cloud_cover), avg(cover.forest) FROM patches GROUP BY ALL",
    ):
        assert len(equal(outs, "sql", "OUT", query, "--format", "csv").splitlines()) > 2


def plots_are_drawn(outs: Outs) -> None:
    for out in outs.both:
        picture = out.with_suffix(".png")
        run("plot", out, "--where", "patch < 32", "--tiles", 1, "-o", picture)
        assert picture.read_bytes().startswith(b"\x89PNG")


def splits_leak_nothing_and_lists_of_two_datasets_are_compared(outs: Outs) -> None:
    parts = []
    for out in outs.both:
        manifest = out.with_suffix(".csv")
        options = ("--fractions", "train=0.5,val=0.5", "--buffer-km", "5", "-o", manifest)
        run("split", out, *options)
        run("leakage", out, f"{manifest}:train", f"{manifest}:val")
        rows = csv.DictReader(manifest.read_text("utf-8").splitlines()[1:])
        parts.append([(row["id"], row["split"]) for row in rows])
    assert parts[0] == parts[1]
    assert len(parts[0]) == PATCHES
    # Official parts of SEN12MS against those of SEN12MS-CR: the same ground.
    table = outs.folder / "items.parquet"
    for out in outs.both:
        words = (table, "train", "train", "--b-from", out, "--format", "json")
        found = json.loads(run("leakage", *words, code=1))
        with Catalog.open(table) as one, Catalog.open(out) as other:
            same = {*one.select(split="train").ids} & {*other.select(split="train").ids}
        assert found["same"] == len(same) > 0


def samples_and_manifests(outs: Outs) -> None:
    options = ("-n", 100, "--stratify", "dominant_cover", "--seed", 3, "--format", "ids")
    assert len(equal(outs, "sample", "OUT", *options).split()) == 100
    for out in outs.both:
        for ending in ("parquet", "json", "txt"):
            path = out.with_name(f"{out.name}-manifest.{ending}")
            run("manifest", "save", out, *FALL, "-o", path)
            run("manifest", "verify", path, out)
            run("manifest", "verify", path, outs.folder / "CR")
            loaded = run("manifest", "load", path, out, "--format", "ids").split()
            assert loaded == run("select", out, *FALL, "--format", "ids").split()
        header = json.loads(run("manifest", "show", out.with_name(f"{out.name}-manifest.json")))
        assert header["counts"]["dominant_cover"] == {"unknown": len(loaded)}
    paths = [out.with_name(f"{out.name}-manifest.txt") for out in outs.both]
    run("manifest", "diff", *paths)


def archives_are_named_and_files_extracted(outs: Outs) -> None:
    for out in outs.both:
        rows = json.loads(run("archives", out, *FALL, "--json"))
        names = [SEN12MS_CR.archive_name("fall", sensor) for sensor in SEN12MS_CR.sensors]
        assert [row["name"].rpartition("/")[2] for row in rows] == names
    folders, packed = outs.both
    for out in outs.both:
        run("extract", out, *FALL, "--to", outs.folder / f"some-{out.name}")
    with Catalog.open(folders) as cat:
        for sensor in SEN12MS_CR.sensors:
            for path in cat.select(season="fall", where="patch < 60").paths(sensor):
                for out in outs.both:
                    copy = outs.folder / f"some-{out.name}" / path.partition("/CR/")[2]
                    with open(path, "rb") as file:
                        assert copy.read_bytes() == file.read()
    extracted = outs.folder / f"some-{packed.name}" / "items.parquet"
    assert "s2_cloudy" in run("select", extracted, "--format", "csv").splitlines()[0]


def served_from_both(outs: Outs) -> None:
    search = "api/search?limit=50&filter=season='spring' AND cloud_cover <= 40"
    pictures = [f"previews/fall/139/30/{name}.png" for name in SEN12MS_CR.previews]
    pages = ["catalog/index.html", "catalog/map/about.json", "catalog/map/igbp.columns.gz"]
    answers = []
    for out in outs.both:
        with serve(out) as url:
            found = httpx.get(f"{url}{search}").json()["features"]
            contents = [httpx.get(f"{url}{path}") for path in (*pictures, *pages)]
        assert {answer.status_code for answer in contents} == {200}
        answers.append([[item["id"] for item in found], [x.content for x in contents[:-3]]])
        assert len({answer.content for answer in contents}) == len(contents)
        assert len(found) == 50
        assert max(item["properties"]["eo:cloud_cover"] for item in found) <= 40
    assert answers[0] == answers[1]


def samples_for_pytorch_are_the_files(outs: Outs) -> None:
    PatchDataset = pytest.importorskip("catalog.experiment.torch_dataset").PatchDataset  # noqa: N806
    Target = pytest.importorskip("catalog.experiment.labels").Target  # noqa: N806
    few = replace(SCENES[0], patches=SCENES[0].patches[:2])
    list(write_scene(outs.folder / "MS", few, sparse=("s1", "s2")))
    index(outs.folder / "MS", into=outs.folder / "ms-catalog")
    with Catalog.open(outs.folder / "ms-catalog") as cover:
        (land_cover,) = cover.select(where="patch = 30").paths("lc")
        for out in outs.both:
            with Catalog.open(out) as cat:
                chosen = cat.select(season="spring", where="patch = 30")
                sample = PatchDataset(chosen, target=Target("igbp", land_cover=cover))[0]
                paths = [chosen.paths(sensor)[0] for sensor in SEN12MS_CR.sensors]
            radar, clear, cloudy = (rasterio.open(path).read() for path in paths)
            assert np.array_equal(sample["image"].numpy(), np.concatenate([radar, clear]))
            assert np.array_equal(sample["cloudy"].numpy(), cloudy)
            with rasterio.open(land_cover) as file:
                assert np.array_equal(sample["mask"].numpy(), file.read(1))


STEPS: Final[tuple[Callable[[Outs], None], ...]] = (
    tables_differ_in_paths_alone,
    info_and_check,
    select_prints_every_format,
    sql_and_macros,
    plots_are_drawn,
    splits_leak_nothing_and_lists_of_two_datasets_are_compared,
    samples_and_manifests,
    archives_are_named_and_files_extracted,
    served_from_both,
    samples_for_pytorch_are_the_files,
)


def test_every_command_works_on_a_replica(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One test, so that several processes do not make the replica several times."""
    outs = index_both(tmp_path)
    for step in STEPS:
        step(outs)
    italy = next(scene for scene in demo.SCENES if (scene.season, scene.scene) == ("summer", 142))
    monkeypatch.setattr(demo, "SCENES", (italy,))
    folder = outs.folder / "demo"
    run("demo", folder, "--dataset", SEN12MS_CR.id)
    assert "49 patches of 1 scene" in run("info", folder / "catalog")
    # A server of this process answers; and what is published is files, of whatever dataset.
    assert sen12ms.commands.keys() - RAN == {"publish", "serve"}
