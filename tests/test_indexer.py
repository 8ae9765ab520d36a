"""A catalog says what is in the files, is made the same way twice, and survives any death."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio
import rasterio.warp
import shapely

from catalog import Catalog, CatalogNotFoundError, OutputError, Report, index
from catalog.dataset import SCHEMES, classes_of
from catalog.source.synthetic import format_header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Small

Row = dict[str, Any]

REAL_PATCHES = {
    "ROIs1158_spring_1_p30": {"s1", "lc"},
    "ROIs1970_fall_139_p839": {"s1", "s2"},
    "ROIs2017_winter_112_p797": {"s1", "s2"},
}
SCRIPT = """
import sys
from catalog import index
print(index(sys.argv[1], into=sys.argv[2], workers=2).patches)
"""

RUN = """
import sys
from catalog import index
print("ready", flush=True)
index(sys.argv[1], into=sys.argv[2])
"""

WAIT = """
import sys
import time
from catalog import index

def wait(phase, done, total, rejected):
    if phase == sys.argv[3]:
        print(phase, flush=True)
        time.sleep(60)

index(sys.argv[1], into=sys.argv[2], progress=wait)
"""

SPRING = "ROIs1158_spring"
PATCHES = (30, 31, 32, 59, 60, 61, 88, 89, 90)
"""Of the scene in spring."""


def rows_of(out: Path) -> dict[str, Row]:
    """Rows of the footprint table, by id."""
    return {row["id"]: row for row in pq.read_table(out / "items.parquet").to_pylist()}


def database_of(out: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that `catalog.duckdb` answers, in its order.

    Its bytes differ from run to run, whatever the settings: DuckDB leaves the gaps between the
    segments of a block as it finds them in memory.
    """
    with duckdb.connect() as connection:
        database = out / "catalog.duckdb"
        connection.execute(f"ATTACH '{database}' AS made (READ_ONLY)")
        names = connection.execute(
            "SELECT 'table ' || table_name, sql FROM duckdb_tables() WHERE database_name = 'made' "
            "UNION ALL SELECT 'macro ' || function_name, macro_definition FROM duckdb_functions() "
            "WHERE database_name = 'made' AND NOT internal ORDER BY ALL"
        ).fetchall()
        tables = ("patches", "scenes", "landcover_classes")
        rows = {name: connection.execute(f"FROM made.{name}").fetchall() for name in tables}
        regions = connection.execute("SELECT hash(regions) FROM made.regions").fetchall()
        paths = connection.execute("SELECT s1, s2, lc FROM made.patches").fetchall()
    return rows | {"regions": regions, "paths": paths, "names": names}


def contents_of(out: Path) -> dict[str, Any]:
    """All files of a catalog: their bytes; of the database, what it holds."""
    files: dict[str, Any] = {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }
    return files | {"catalog.duckdb": database_of(out)}


def stamps_of(folder: Path) -> dict[Path, tuple[int, int]]:
    """When each file was written, and which file it is."""
    stats = {path: path.stat() for path in sorted(folder.rglob("*"))}
    return {path: (stat.st_mtime_ns, stat.st_ino) for path, stat in stats.items()}


class Told:
    """What `index` says of its progress."""

    def __init__(self) -> None:
        self.all: list[tuple[str, int, int, int]] = []

    def __call__(self, phase: str, done: int, total: int, rejected: int) -> None:
        self.all.append((phase, done, total, rejected))

    def files_read(self) -> int:
        """How many files were read."""
        return max((done for phase, done, *_ in self.all if phase == "read"), default=0)


class Tree:
    """A dataset of one's own, and its catalog: to change, to damage, to index again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "SEN12MS"
        self.out = folder / "catalog"
        self.journal = folder / "catalog.journal"

    def file(self, sensor: str, patch: int) -> Path:
        """A file of the scene in spring."""
        return self.root / SPRING / f"{sensor}_1" / f"{SPRING}_{sensor}_1_p{patch}.tif"

    def index(self, **choices: Any) -> Report:
        return index(self.root, into=self.out, **choices)

    def indexed_anew(self) -> dict[str, Any]:
        """What the catalog would hold if there never had been another."""
        fresh = self.folder / "fresh"
        index(self.root, into=fresh)
        return contents_of(fresh)

    def scenes(self) -> dict[str, tuple[int, int]]:
        """When the journal was told of each scene."""
        return {path.stem: stamp for path, stamp in stamps_of(self.journal).items()}

    def scenes_since(self, before: dict[str, tuple[int, int]]) -> set[str]:
        """Scenes of which the journal was told since."""
        return {scene for scene, stamp in self.scenes().items() if before.get(scene) != stamp}


def put(path: Path, content: bytes) -> None:
    """Replace a file, not its bytes: it may be shared with the small dataset."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content)


@pytest.fixture(scope="module")
def pristine(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of the small dataset and their catalog, kept; they were made in `now`."""
    folder = tmp_path_factory.mktemp("tree")
    tree = Tree(folder / "now")
    for scene in ("ROIs1158_spring/*_1", "ROIs2017_winter/*_112"):
        for path in small.root.glob(scene):
            target = tree.root / path.relative_to(small.root)
            shutil.copytree(path, target, copy_function=os.link)
    tree.index()
    return tree.folder.rename(folder / "pristine")


@pytest.fixture
def tree(pristine: Path) -> Tree:
    """Two scenes of the small dataset and their catalog, as if just made."""
    folder = pristine.with_name("now")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(pristine, folder, copy_function=os.link)
    return Tree(folder)


@pytest.fixture(scope="module")
def expected(pristine: Path) -> dict[str, Any]:
    """What the catalog of the tree holds as long as nobody changes the tree."""
    return contents_of(pristine / "catalog")


@pytest.fixture(scope="module")
def real_out(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalog of the real files."""
    out = tmp_path_factory.mktemp("real") / "catalog"
    report = index(real, into=out)
    assert report.rejected == ()
    return out


@pytest.fixture(scope="module")
def real_rows(real_out: Path) -> dict[str, Row]:
    return rows_of(real_out)


def test_three_patches_have_the_files_that_are_there(real_rows: dict[str, Row]) -> None:
    sensors = {
        patch: {name for name, asset in row["assets"].items() if asset}
        for patch, row in real_rows.items()
    }
    assert sensors == REAL_PATCHES


@pytest.mark.parametrize("patch", REAL_PATCHES)
def test_corners_are_those_of_rasterio_and_proj(real_rows: dict[str, Row], patch: str) -> None:
    ring = shapely.get_coordinates(shapely.from_wkb(real_rows[patch]["geometry"]))
    assert ring.shape == (5, 2)
    assert shapely.LinearRing(ring).is_ccw
    for asset in filter(None, real_rows[patch]["assets"].values()):
        with rasterio.open(asset["href"]) as source:
            rows, columns = [0, source.height] * 2, [0, 0, source.width, source.width]
            x, y = source.xy(rows, columns, offset="ul")
            corners = np.transpose(rasterio.warp.transform(source.crs, "OGC:CRS84", x, y))
        distances = np.abs(ring[:4, None] - corners).max(axis=2)
        assert distances.min(axis=0).max() < 1e-7
        assert distances.min(axis=1).max() < 1e-7


@pytest.mark.parametrize("patch", REAL_PATCHES)
def test_sizes_are_those_on_disk(real_rows: dict[str, Row], patch: str) -> None:
    for asset in filter(None, real_rows[patch]["assets"].values()):
        assert asset["file:size"] == Path(asset["href"]).stat().st_size


def test_counts_of_land_cover_are_those_of_numpy(real_rows: dict[str, Row]) -> None:
    row = real_rows["ROIs1158_spring_1_p30"]
    with rasterio.open(row["assets"]["lc"]["href"]) as source:
        bands = source.read()
    for scheme, band in zip(SCHEMES, bands, strict=True):
        codes = {entry.code: entry.name for entry in classes_of(scheme)}
        expected = dict.fromkeys([*codes.values(), "unknown"], 0)
        for code, count in zip(*np.unique(band, return_counts=True), strict=True):
            expected[codes.get(int(code), "unknown")] += int(count)
        assert row[f"sen12ms:{scheme}"] == expected
        assert sum(expected.values()) == 65_536


def test_a_patch_without_land_cover_has_no_counts(real_rows: dict[str, Row]) -> None:
    for patch in ("ROIs1970_fall_139_p839", "ROIs2017_winter_112_p797"):
        assert {real_rows[patch][f"sen12ms:{scheme}"] for scheme in SCHEMES} == {None}


def test_the_scene_in_mozambique_is_found_there(real_rows: dict[str, Row]) -> None:
    row = real_rows["ROIs1158_spring_1_p30"]
    assert (row["sen12ms:country"], row["sen12ms:continent"]) == ("MOZ", "Africa")
    assert row["sen12ms:local_season"] == "fall"


def tiff(path: Path, **profile: Any) -> None:
    """Write a GeoTIFF in place of another, on its grid."""
    with rasterio.open(path) as source:
        shape = {"driver": "GTiff", "width": 256, "height": 256, "count": source.count}
        grid = {"crs": source.crs, "transform": source.transform, "dtype": source.dtypes[0]}
        pixels = source.read()
    path.unlink()
    with rasterio.open(path, "w", **shape | grid | profile) as target:
        shown = pixels[: target.count, : target.height, : target.width]
        target.write(shown.astype(target.dtypes[0]))


def move_grid(path: Path, sensor: str) -> None:
    """Move a file of the scene in spring by a pixel."""
    with rasterio.open(path) as source:
        x, y = source.transform.c + 10, source.transform.f
    header = format_header(sensor, 32737, (x, y))
    put(path, header + path.read_bytes()[len(header) :])


def damage_pixels(path: Path) -> None:
    """Compress a file, and lose a piece in the midst."""
    tiff(path, compress="deflate", interleave="band")
    content = path.read_bytes()
    middle = len(content) // 2
    put(path, content[:middle] + bytes(200) + content[middle + 200 :])


class Damage(NamedTuple):
    """One way in which a file can be bad."""

    sensor: str
    patch: int
    harm: Callable[[Path], object]
    reason: str


DAMAGES = {
    "empty": Damage("s1", 30, lambda path: put(path, b""), r"is empty \(0 bytes\)"),
    "truncated": Damage(
        "s2",
        31,
        lambda path: put(path, path.read_bytes()[:-1]),
        r"is truncated: 1,706,431 of at least 1,706,432 bytes",
    ),
    "truncated in the header": Damage(
        "s1",
        32,
        lambda path: put(path, path.read_bytes()[:100]),
        r"is no raster that GDAL can read",
    ),
    "no raster": Damage(
        "lc", 59, lambda path: put(path, b"<html>404</html>"), r"is no raster that GDAL can read"
    ),
    "other bands": Damage(
        "s1",
        60,
        lambda path: tiff(path, count=1),
        r"has 256 × 256 pixels with 1 bands where 256 × 256 pixels with 2 bands are expected",
    ),
    "other size": Damage(
        "s2", 61, lambda path: tiff(path, width=255), r"has 256 × 255 pixels with 13 bands where"
    ),
    "classes as decimals": Damage(
        "lc", 88, lambda path: tiff(path, dtype="float32"), r"holds float32 pixels where"
    ),
    "pixels lost": Damage("lc", 89, damage_pixels, r"has pixels that GDAL cannot read"),
    "another grid": Damage(
        "s1",
        90,
        lambda path: move_grid(path, "s1"),
        r"lies on another grid than the .* of its patch",
    ),
}


@pytest.fixture(scope="module")
def damaged(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A dataset where every patch of a scene has another damage, and its catalog."""
    damaged = Tree(tmp_path_factory.mktemp("damaged"))
    shutil.copytree(small.root, damaged.root, copy_function=os.link)
    for damage in DAMAGES.values():
        damage.harm(damaged.file(damage.sensor, damage.patch))
    folder = damaged.root / "ROIs1158_spring"
    put(folder / "copies" / "ROIs1158_spring_s2_1_p30.tif", damaged.file("s2", 30).read_bytes())
    put(folder / "ROIs1158_winter_s2_1_p30.tif", b"")
    (folder / "ROIs1158_spring_s2_1_p99.tif").mkdir()
    (folder / "s2_1" / "ROIs1158_spring_s2_1_p98.tif").symlink_to("nowhere")
    put(folder / "s2_1" / "ROIs1158_spring_s2_1_p30.tif.aux.xml", b"<PAMDataset/>")
    put(damaged.root / "seasons.csv", b"scene;true_season\n")
    other = damaged.root / "ROIs2017_winter"
    put(other / "lc_112" / "ROIs2017_winter_lc_112_p381.tif", b"")
    moved = other / "s1_112" / "ROIs2017_winter_s1_112_p381.tif"
    header = format_header("s1", 32631, (600_000, 5_600_000))
    put(moved, header + moved.read_bytes()[len(header) :])
    return damaged


@pytest.fixture(scope="module")
def report(damaged: Tree) -> Report:
    return damaged.index()


@pytest.fixture(scope="module")
def reasons(damaged: Tree, report: Report) -> dict[str, str]:
    return {
        Path(entry.path).relative_to(damaged.root).as_posix(): entry.reason
        for entry in report.rejected
    }


@pytest.fixture(scope="module")
def rows(damaged: Tree, report: Report) -> dict[str, Row]:
    rows = rows_of(damaged.out)
    assert len(rows) == report.patches
    return rows


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_bad_file_is_named_with_its_reason(
    damaged: Tree, reasons: dict[str, str], damage: Damage
) -> None:
    path = damaged.file(damage.sensor, damage.patch).relative_to(damaged.root).as_posix()
    assert re.match(damage.reason, reasons[path])


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_the_other_files_of_its_patch_stay(rows: dict[str, Row], damage: Damage) -> None:
    assets = rows[f"{SPRING}_1_p{damage.patch}"]["assets"]
    there = {name for name in ("s1", "s2", "lc") if assets[name]}
    assert there == {"s1", "s2", "lc"} - {damage.sensor}


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        pytest.param(
            "ROIs1158_spring/s2_1/ROIs1158_spring_s2_1_p30.tif",
            r"is a second file of one patch, beside .*/copies/ROIs1158_spring_s2_1_p30\.tif",
            id="second file",
        ),
        pytest.param(
            "ROIs1158_spring/ROIs1158_winter_s2_1_p30.tif",
            r"has no name of SEN12MS, such as ROIs1158_spring_s1_1_p30\.tif",
            id="strange name",
        ),
        pytest.param(
            "ROIs1158_spring/ROIs1158_spring_s2_1_p99.tif", r"is no regular file", id="folder"
        ),
        pytest.param(
            "ROIs1158_spring/s2_1/ROIs1158_spring_s2_1_p98.tif",
            r"is no regular file",
            id="link to nowhere",
        ),
        pytest.param(
            "seasons.csv",
            r"is no table of seasons: .*has no column scene or true_season",
            id="seasons",
        ),
        pytest.param(
            "ROIs2017_winter/s1_112/ROIs2017_winter_s1_112_p381.tif",
            r"lies on another grid than the s2 of its patch",
            id="one of two grids",
        ),
        pytest.param(
            "ROIs2017_winter/s2_112/ROIs2017_winter_s2_112_p381.tif",
            r"lies on another grid than the s1 of its patch",
            id="the other of two grids",
        ),
    ],
)
def test_what_else_is_wrong_is_named_too(reasons: dict[str, str], path: str, reason: str) -> None:
    assert re.match(reason, reasons[path])


def test_nothing_else_is_rejected(report: Report, reasons: dict[str, str]) -> None:
    assert len(reasons) == len(DAMAGES) + 7 + 1  # and the empty file beside two grids
    assert [entry.path for entry in report.rejected] == sorted(
        entry.path for entry in report.rejected
    )


def test_a_patch_without_one_good_file_is_left_out(small: Small, rows: dict[str, Row]) -> None:
    assert rows_of(small.out).keys() - rows.keys() == {"ROIs2017_winter_112_p381"}
    assert rows.keys() <= rows_of(small.out).keys()


def test_patches_without_damage_are_as_ever(
    damaged: Tree, small: Small, rows: dict[str, Row]
) -> None:
    for patch, row in rows_of(small.out).items():
        if patch.startswith((SPRING, "ROIs2017_winter_112")):
            continue
        text = json.dumps(rows[patch]["assets"]).replace(str(damaged.root), str(small.root))
        assert json.loads(text) == row["assets"]
        assert rows[patch] | {"assets": None} == row | {"assets": None}


def test_the_report_counts_what_is_in_the_catalog(report: Report, rows: dict[str, Row]) -> None:
    missing = {
        sensor: sum(row["assets"][sensor] is None for row in rows.values())
        for sensor in ("s1", "s2", "lc")
    }
    assert (report.patches, report.scenes) == (len(rows), 6)
    assert dict(report.missing) == missing
    assert report.files == 162 + 1  # and the second file


def test_the_report_on_disk_says_the_same(damaged: Tree, report: Report) -> None:
    assert json.loads((damaged.out / "report.json").read_bytes()) == json.loads(
        json.dumps(asdict(report))
    )


def test_a_catalog_names_its_rejected_files(damaged: Tree, report: Report) -> None:
    with Catalog.open(damaged.out) as cat:
        assert tuple(cat.rejected()) == report.rejected


def test_a_later_run_over_the_same_files_reports_the_same(damaged: Tree, report: Report) -> None:
    assert damaged.index() == report


def test_a_clean_dataset_is_reported(small: Small) -> None:
    report = small.report
    assert report.package == version("sen12ms-catalog")
    assert re.fullmatch("[0-9a-f]{64}", report.inputs)
    assert (report.roots, report.href_base) == ((str(small.root),), None)
    assert (report.files, report.scenes, report.patches) == (162, 6, 54)
    assert dict(report.missing) == {"s1": 0, "s2": 0, "lc": 0}
    assert report.rejected == ()


def test_a_dataset_of_nothing_but_bad_files_is_reported(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    put(tree.file("s1", 30), b"")
    report = tree.index()
    assert (report.files, report.scenes, report.patches) == (1, 0, 0)
    assert [entry.reason for entry in report.rejected] == ["is empty (0 bytes)"]
    with Catalog.open(tree.out) as cat:
        assert len(cat.select()) == 0


def test_a_table_of_seasons_that_no_reader_takes_is_rejected(tree: Tree) -> None:
    put(tree.root / "seasons.csv", b'scene,true_season\n"' + b"x" * 200_000)
    report = tree.index()
    assert [entry.path for entry in report.rejected] == [str(tree.root / "seasons.csv")]
    assert report.patches == 18


@pytest.mark.parametrize("length", [300, 883])
def test_a_file_that_ends_in_its_header_is_rejected_even_alone(tree: Tree, length: int) -> None:
    path = tree.file("s1", 30)
    put(path, path.read_bytes()[:length])
    tree.file("s2", 30).unlink()
    tree.file("lc", 30).unlink()
    report = tree.index()
    assert [entry.path for entry in report.rejected] == [str(path)]
    assert report.patches == 17


def test_another_run_elsewhere_writes_the_same_bytes(small: Small, tmp_path: Path) -> None:
    index(small.root, into=tmp_path / "catalog")
    assert contents_of(tmp_path / "catalog") == contents_of(small.out)


def test_the_order_in_which_files_are_found_is_of_no_matter(
    tree: Tree, expected: dict[str, Any]
) -> None:
    folders = sorted(tree.root.glob("*/*"), reverse=True)
    assert len(folders) == 6
    out = tree.folder / "fresh"
    index(*folders, into=out)
    assert contents_of(out) | {"report.json": None} == expected | {"report.json": None}


def test_two_workers_write_the_same_bytes_for_a_script_without_a_guard(
    small: Small, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    out = tmp_path / "catalog"
    done = subprocess.run(
        [sys.executable, "-W", "error", script, small.root, out],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "54\n", "")
    assert contents_of(out) == contents_of(small.out)


def test_nothing_is_read_and_nothing_written_where_nothing_changed(tree: Tree) -> None:
    out, journal = stamps_of(tree.out), tree.scenes()
    told = Told()
    report = tree.index(progress=told)
    assert told.all == []
    assert json.loads(json.dumps(asdict(report))) == json.loads(
        (tree.out / "report.json").read_bytes()
    )
    assert stamps_of(tree.out) == out
    assert tree.scenes() == journal


def test_progress_tells_of_all_files_and_then_of_all_scenes(tree: Tree) -> None:
    told = Told()
    index(tree.root, into=tree.folder / "fresh", progress=told)
    assert told.all == [
        ("read", 27, 54, 0), ("read", 54, 54, 0), ("write", 1, 2, 0), ("write", 2, 2, 0)
    ]  # fmt: skip


def test_files_that_come_and_go_are_read_with_their_scene_alone(
    tree: Tree, expected: dict[str, Any]
) -> None:
    aside = tree.file("s2", 60).rename(tree.folder / "aside.tif")
    for missing in (1, 0):
        journal, told = tree.scenes(), Told()
        report = tree.index(progress=told)
        assert told.files_read() == 27 - missing
        assert tree.scenes_since(journal) == {"ROIs1158_spring_1"}
        assert dict(report.missing) == {"s1": 0, "s2": missing, "lc": 0}
        if missing:
            assert contents_of(tree.out) == tree.indexed_anew()
            aside.rename(tree.file("s2", 60))
    assert contents_of(tree.out) == expected


def test_a_file_that_changed_is_read_with_its_scene_alone(tree: Tree) -> None:
    before, journal = rows_of(tree.out), tree.scenes()
    content = tree.file("lc", 60).read_bytes()
    put(tree.file("lc", 60), content[:-65_536] + bytes([1, 11, 10, 10]) * 16_384)
    told = Told()
    tree.index(progress=told)
    assert told.files_read() == 27
    assert tree.scenes_since(journal) == {"ROIs1158_spring_1"}
    after = rows_of(tree.out)
    changed = {patch for patch in after if after[patch] != before[patch]}
    assert changed == {"ROIs1158_spring_1_p60"}
    assert contents_of(tree.out) == tree.indexed_anew()


def test_a_scene_that_is_removed_is_forgotten(tree: Tree) -> None:
    shutil.rmtree(tree.root / "ROIs1158_spring")
    told = Told()
    report = tree.index(progress=told)
    assert told.files_read() == 0
    assert (report.scenes, report.patches) == (1, 9)
    assert tree.scenes().keys() == {"ROIs2017_winter_112"}
    assert contents_of(tree.out) == tree.indexed_anew()


def test_other_roots_over_the_same_files_are_reported(tree: Tree) -> None:
    roots = sorted(tree.root.iterdir())
    report = index(*roots, into=tree.out)
    assert report.roots == tuple(map(str, roots))
    assert json.loads((tree.out / "report.json").read_bytes())["roots"] == list(report.roots)


@pytest.mark.parametrize("name", ["items.parquet", "catalog.duckdb", "report.json", "sen12ms"])
def test_a_part_of_the_catalog_that_is_gone_is_made_again(
    tree: Tree, expected: dict[str, Any], name: str
) -> None:
    (tree.out / name).rename(tree.folder / "aside")
    told = Told()
    tree.index(progress=told)
    assert told.files_read() == 0
    assert contents_of(tree.out) == expected


@pytest.mark.parametrize("name", ["catalog.duckdb", "report.json"])
def test_a_part_of_the_catalog_that_is_garbage_is_made_again(
    tree: Tree, expected: dict[str, Any], name: str
) -> None:
    put(tree.out / name, b'{"inputs": "')
    tree.index()
    assert contents_of(tree.out) == expected


def test_a_scene_that_is_torn_in_the_journal_is_read_anew(
    tree: Tree, expected: dict[str, Any]
) -> None:
    put(tree.journal / "ROIs1158_spring_1.arrow", b"ARROW1\0\0" + bytes(100) + b"ARROW1")
    put(tree.journal / "ROIs2017_winter_112.partial", b"ARROW1")
    (tree.out / "report.json").unlink()
    told = Told()
    tree.index(progress=told)
    assert told.files_read() == 27
    assert contents_of(tree.out) == expected
    assert {path.name for path in tree.journal.iterdir()} == {
        "ROIs1158_spring_1.arrow",
        "ROIs2017_winter_112.arrow",
    }


def test_a_journal_that_was_deleted_is_written_anew(tree: Tree) -> None:
    scenes = tree.scenes().keys()
    shutil.rmtree(tree.journal)
    told = Told()
    tree.index(progress=told)
    assert told.files_read() == 54
    assert tree.scenes().keys() == scenes


def seasons_of(out: Path) -> dict[tuple[str, int], set[str]]:
    seasons: dict[tuple[str, int], set[str]] = {}
    for row in rows_of(out).values():
        key = (row["sen12ms:season"], row["sen12ms:scene"])
        seasons.setdefault(key, set()).add(row["sen12ms:local_season"])
    return seasons


def test_the_table_of_seasons_is_honoured_and_its_change_noticed(
    tree: Tree, expected: dict[str, Any]
) -> None:
    by_hemisphere = {("spring", 1): {"fall"}, ("winter", 112): {"winter"}}
    assert seasons_of(tree.out) == by_hemisphere
    table = tree.root / "seasons.csv"
    for season in ("summer", "spring"):
        journal = tree.scenes()
        put(table, f"scene,true_season\nROIs1158_spring_1,{season}\n".encode())
        report = tree.index()
        assert report.rejected == ()
        assert tree.scenes_since(journal) == {"ROIs1158_spring_1"}
        assert seasons_of(tree.out) == by_hemisphere | {("spring", 1): {season}}
    table.unlink()
    tree.index()
    assert contents_of(tree.out) == expected


def hrefs_of(out: Path) -> set[str]:
    """Where the files are, as table, items and database all say."""
    assets = [row["assets"] for row in rows_of(out).values()]
    hrefs = {row[sensor]["href"] for row in assets for sensor in ("s1", "s2", "lc")}
    items = [json.loads(path.read_bytes())["assets"] for path in out.rglob("*_p*.json")]
    assert {item[sensor]["href"] for item in items for sensor in ("s1", "s2", "lc")} == hrefs
    patches = database_of(out)["paths"]
    assert {path for paths in patches for path in paths} == hrefs
    return hrefs


def names_below(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*.tif")}


def test_hrefs_are_absolute_paths(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree.root)
    index(Path(), into=Path("..") / "fresh")
    paths = {str(tree.root / name) for name in names_below(tree.root)}
    assert hrefs_of(tree.folder / "fresh") == paths


@pytest.mark.parametrize("base", ["s3://bucket/SEN12MS/", "/mnt/data"])
def test_hrefs_start_with_the_base_once_there_is_one(tree: Tree, base: str) -> None:
    report = tree.index(href_base=base)
    assert report.href_base == base
    assert hrefs_of(tree.out) == {f"{base.rstrip('/')}/{name}" for name in names_below(tree.root)}


def test_several_roots_are_one_dataset(tree: Tree) -> None:
    before = rows_of(tree.out)
    other = tree.folder / "more"
    other.mkdir()
    (tree.root / "ROIs1158_spring" / "lc_1").rename(other / "lc_1")
    report = index(tree.root, other, into=tree.out)
    assert report.roots == (str(tree.root), str(other))
    assert (report.scenes, report.patches, report.rejected) == (2, 18, ())
    assert dict(report.missing) == {"s1": 0, "s2": 0, "lc": 0}
    after = rows_of(tree.out)
    moved = {row["assets"]["lc"]["href"] for row in after.values()}
    assert {str(other / "lc_1" / tree.file("lc", patch).name) for patch in PATCHES} <= moved
    for patch, row in after.items():
        assert row | {"assets": None} == before[patch] | {"assets": None}


def test_a_folder_below_two_roots_is_read_once(tree: Tree) -> None:
    report = index(tree.root, tree.root / "ROIs1158_spring", into=tree.out)
    assert (report.files, report.rejected) == (54, ())


@pytest.mark.parametrize("below", ["", "data/SEN12MS"])
def test_a_dataset_inside_the_catalog_is_refused(tree: Tree, tmp_path: Path, below: str) -> None:
    out = tmp_path / "catalog"
    shutil.copytree(tree.root, out / below, copy_function=os.link)
    with pytest.raises(OutputError, match="holds the dataset itself"):
        index(out / below, into=out)
    assert names_below(out / below) == names_below(tree.root)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_dataset_inside_the_catalog_is_refused_behind_a_link(tree: Tree, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tree.root)
    with pytest.raises(OutputError, match="holds the dataset itself"):
        index(link, into=tree.root)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_catalog_behind_a_link_is_replaced_where_it_lies(
    tree: Tree, expected: dict[str, Any]
) -> None:
    link = tree.folder / "link"
    link.symlink_to(tree.out)
    put(tree.file("s1", 30), b"")
    index(tree.root, into=link)
    assert link.is_symlink()
    assert contents_of(tree.out) != expected
    assert not any(path.name.startswith("link.") for path in tree.folder.iterdir())


def test_a_catalog_inside_the_dataset_is_fine(tree: Tree, expected: dict[str, Any]) -> None:
    out = tree.root / "catalog"
    first = index(tree.root, into=out)
    assert contents_of(out) == expected
    told = Told()
    assert index(tree.root, into=out, progress=told) == first
    assert told.all == []


def test_a_root_that_is_missing_is_named(tree: Tree, tmp_path: Path) -> None:
    for roots in ([tmp_path / "nowhere"], [tree.root, tmp_path / "nowhere"]):
        with pytest.raises(CatalogNotFoundError, match=r"there is no folder .*/nowhere"):
            index(*roots, into=tmp_path / "catalog")
    assert list(tmp_path.iterdir()) == []


def test_a_file_as_a_root_is_no_folder(tree: Tree) -> None:
    with pytest.raises(CatalogNotFoundError, match="there is no folder"):
        index(tree.file("s1", 30), into=tree.out)


def test_a_folder_without_a_file_of_the_dataset_is_named(tmp_path: Path) -> None:
    put(tmp_path / "data" / "holiday.tif", b"")
    with pytest.raises(CatalogNotFoundError, match=r"no file of SEN12MS in .*/data"):
        index(tmp_path / "data", into=tmp_path / "catalog")
    assert not (tmp_path / "catalog").exists()


def test_no_root_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogNotFoundError, match="no file of SEN12MS in nothing"):
        index(into=tmp_path / "catalog")


def test_an_error_leaves_the_old_catalog(tree: Tree) -> None:
    before = stamps_of(tree.out)
    with pytest.raises(CatalogNotFoundError):
        index(tree.folder / "nowhere", into=tree.out)
    shutil.rmtree(tree.root)
    tree.root.mkdir()
    with pytest.raises(CatalogNotFoundError):
        tree.index()
    assert stamps_of(tree.out) == before


@pytest.fixture
def started(tree: Tree) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a script over the tree; waits for its first line."""
    processes = []

    def start(script: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", script, str(tree.root), str(tree.out), *arguments]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline()
        return process

    yield start
    for process in processes:
        with process:
            process.kill()


def test_a_run_that_is_killed_at_any_moment_is_made_good_by_the_next(
    tree: Tree, expected: dict[str, Any], started: Callable[..., subprocess.Popen[str]]
) -> None:
    shutil.rmtree(tree.out)
    shutil.rmtree(tree.journal)
    moments = random.Random(2017)
    for _ in range(3):
        process = started(RUN)
        time.sleep(moments.uniform(0, 0.5))
        process.kill()
        process.communicate()
    tree.index()
    assert contents_of(tree.out) == expected
    names = {"SEN12MS", "catalog", "catalog.journal", "catalog.lock"}
    assert {path.name for path in tree.folder.iterdir()} == names


@pytest.mark.parametrize(
    ("death", "phase"),
    [
        pytest.param(signal.SIGINT, "read", id="Ctrl-C while reading"),
        pytest.param(signal.SIGINT, "write", id="Ctrl-C while writing"),
        pytest.param(signal.SIGKILL, "write", id="kill while writing"),
    ],
)
def test_a_run_that_dies_leaves_the_old_catalog_and_what_it_read(
    tree: Tree, started: Callable[..., subprocess.Popen[str]], death: signal.Signals, phase: str
) -> None:
    before = stamps_of(tree.out)
    put(tree.file("s1", 30), b"")
    process = started(WAIT, phase)
    process.send_signal(death)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert errors.endswith("KeyboardInterrupt\n") == (death == signal.SIGINT)
    assert stamps_of(tree.out) == before
    told = Told()
    report = tree.index(progress=told)
    assert told.files_read() == 0
    assert [entry.path for entry in report.rejected] == [str(tree.file("s1", 30))]
    names = {"SEN12MS", "catalog", "catalog.journal", "catalog.lock"}
    assert {path.name for path in tree.folder.iterdir()} == names
