"""A catalog of archives is that of the unpacked tree, whatever happened to the archives."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
import rasterio
import trees

from catalog import Catalog, CatalogNotFoundError, OutputError, index
from catalog.datasets import SEN12MS
from catalog.indexing import archives
from catalog.indexing.archives import read_archives
from catalog.indexing.mapper import Processes
from catalog.model import GDAL_PREFIX
from catalog.source import gzip_stream
from catalog.store.archive_journal import ArchiveJournal

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Packed, Small

    Pack = Callable[..., list[Path]]

pytestmark = pytest.mark.slow

SENSORS = ("s1", "s2", "lc")
SPRING = "ROIs1158_spring"


def rows_of(out: Path) -> dict[str, dict[str, Any]]:
    """Rows of the footprint table by id, hrefs by their file names."""
    rows = trees.rows_of(out)
    for row in rows.values():
        for asset in row["assets"].values():
            if asset is not None:
                asset["href"] = asset["href"].rpartition("/")[2]
    return rows


def test_rows_are_those_of_the_unpacked_tree(small: Small, packed: Packed) -> None:
    assert rows_of(packed.out) == rows_of(small.out)
    assert (packed.report.patches, packed.report.files, packed.report.rejected) == (54, 162, ())


@pytest.mark.parametrize("ending", ["tar", "tgz"])
def test_every_kind_of_archive_gives_the_same_rows(
    small: Small, pack: Pack, tmp_path: Path, ending: str
) -> None:
    index(*pack(small.root, tmp_path, ending=ending), into=tmp_path / "catalog")
    assert rows_of(tmp_path / "catalog") == rows_of(small.out)


def test_rows_are_the_same_without_rapidgzip(
    small: Small, packed: Packed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gzip_stream, "rapidgzip", None)
    index(*packed.archives, into=tmp_path / "catalog")
    assert rows_of(tmp_path / "catalog") == rows_of(small.out)
    with Catalog.open(tmp_path / "catalog") as cat:
        done = cat.select(where="patch = 30").extract(to=tmp_path / "to")
    assert {source.how for source in done.sources} == {"pass"}
    assert done.rejected == ()


def test_folders_and_archives_may_be_mixed(small: Small, packed: Packed, tmp_path: Path) -> None:
    shutil.copytree(small.root / SPRING, tmp_path / SPRING)
    others = [path for path in packed.archives if not path.name.startswith(SPRING)]
    report = index(tmp_path / SPRING, *others, into=tmp_path / "catalog")
    assert report.rejected == ()
    assert rows_of(tmp_path / "catalog") == rows_of(small.out)


def test_workers_and_the_order_of_archives_are_of_no_matter(packed: Packed, tmp_path: Path) -> None:
    index(*reversed(packed.archives), into=tmp_path / "catalog", workers=2)
    assert trees.contents_of(tmp_path / "catalog") == trees.contents_of(packed.out)


def test_real_files_are_the_same_in_an_archive(real: Path, pack: Pack, tmp_path: Path) -> None:
    report = index(real, into=tmp_path / "tree")
    assert index(*pack(real, tmp_path), into=tmp_path / "catalog").patches == report.patches
    assert rows_of(tmp_path / "catalog") == rows_of(tmp_path / "tree")


def test_hrefs_open_in_rasterio(small: Small, packed: Packed) -> None:
    with Catalog.open(packed.out) as cat:
        paths = cat.select(where="patch = 30").paths()
    assert len(paths) == 6
    for path in paths:
        assert path.startswith(f"{GDAL_PREFIX}{packed.archives[0].parent}")
        below = path.partition("}/")[2]
        with rasterio.open(path) as member, rasterio.open(small.root / below) as file:
            assert (member.crs, member.transform) == (file.crs, file.transform)
            assert (member.read() == file.read()).all()


def test_hrefs_start_with_the_base_once_there_is_one(packed: Packed, tmp_path: Path) -> None:
    index(packed.archives[0], into=tmp_path / "catalog", href_base="https://example.org/data")
    with Catalog.open(tmp_path / "catalog") as cat:
        (path,) = cat.select(where="patch = 30").paths()
    assert path == f"https://example.org/data/{SPRING}/lc_1/{SPRING}_lc_1_p30.tif"


# One sensor after the other


class Told:
    """What `index` unpacks, megabytes."""

    def __init__(self) -> None:
        self.unpacked: list[int] = []
        self.read: list[int] = []

    def __call__(self, phase: str, done: int, *_: int) -> None:
        {"unpack": self.unpacked, "read": self.read}.get(phase, []).append(done)


def of_sensor(packed: Packed, *sensors: str) -> list[Path]:
    return [path for path in packed.archives if path.name.endswith(sensors, 0, -7)]


def test_land_cover_alone_gives_footprints_and_cover(
    small: Small, packed: Packed, tmp_path: Path
) -> None:
    index(*of_sensor(packed, "lc"), into=tmp_path / "catalog")
    found, expected = rows_of(tmp_path / "catalog"), rows_of(small.out)
    for key, row in found.items():
        assert row["geometry"] == expected[key]["geometry"]
        assert row["sen12ms:igbp"] == expected[key]["sen12ms:igbp"]
        assert [row["assets"][sensor] is None for sensor in SENSORS] == [True, True, False]
    with Catalog.open(tmp_path / "catalog") as cat:
        assert len(cat.select(complete=False)) == 54


def test_another_sensor_is_added_without_reading_the_others_again(
    small: Small, packed: Packed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(*of_sensor(packed, "lc"), into=tmp_path / "catalog")
    for sensors in (("lc", "s1"), ("lc", "s1", "s2")):
        told = Told()
        index(*of_sensor(packed, *sensors), into=tmp_path / "catalog", progress=told)
        assert len(told.unpacked) == 4
    assert rows_of(tmp_path / "catalog") == rows_of(small.out)
    told = Told()
    index(*packed.archives, into=tmp_path / "catalog", progress=told)
    assert told.unpacked == told.read == []


def test_sensors_are_added_one_by_one(packed: Packed, tmp_path: Path) -> None:
    out = tmp_path / "catalog"
    with pytest.raises(CatalogNotFoundError, match="sen12ms index"):
        index(*of_sensor(packed, "lc"), into=out, add=True)
    index(*of_sensor(packed, "lc"), into=out, href_base="s3://bucket")
    for sensor in ("s1", "s2", "s2"):
        told = Told()
        report = index(*of_sensor(packed, sensor), into=out, add=True, progress=told)
        assert len(told.unpacked) in {0, 4}
    assert report.href_base == "s3://bucket"
    assert report.sources == tuple(sorted(map(str, packed.archives)))
    index(*packed.archives, into=tmp_path / "at once", href_base="s3://bucket")
    assert trees.rows_of(out) == trees.rows_of(tmp_path / "at once")


def test_archives_no_longer_named_are_forgotten(packed: Packed, tmp_path: Path) -> None:
    index(*packed.archives[:2], into=tmp_path / "catalog")
    index(packed.archives[1], into=tmp_path / "catalog")
    kept = {path.suffix for path in (tmp_path / "catalog.journal" / "archives").iterdir()}
    assert kept == {".arrow", ".gzi"}
    assert len(list((tmp_path / "catalog.journal" / "archives").iterdir())) == 2


# Members


def test_member_table_says_where_each_file_is(small: Small, packed: Packed) -> None:
    members = pq.read_table(packed.out / "members.parquet").to_pylist()
    assert len(members) == 162
    for row in members[::7]:
        content = gzip.decompress(Path(row["archive"]).read_bytes())
        below = content[row["offset"] : row["offset"] + row["size"]]
        assert below == (small.root / row["member"]).read_bytes()


def test_view_members_is_the_member_table(packed: Packed) -> None:
    members = pq.read_table(packed.out / "members.parquet").to_pylist()
    for path in (packed.out, packed.out / "items.parquet"):
        with Catalog.open(path) as cat:
            answer = cat.sql("FROM members")
            rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]
        assert rows == members


def test_catalog_without_archives_has_no_members(small: Small) -> None:
    with Catalog.open(small.out) as cat:
        assert cat.sql("FROM members").fetchall() == []
    assert not (small.out / "members.parquet").exists()


# Once and again


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_moves_while_an_archive_is_read(
    packed: Packed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(archives, "_TELL_SECONDS", 0)
    journal = ArchiveJournal(tmp_path / "journal", SEN12MS)
    names = of_sensor(packed, "s2", "lc")
    told: list[tuple[int, int]] = []
    read_archives(journal, list(map(str, names)), Processes(workers), lambda *now: told.append(now))
    total = sum(name.stat().st_size for name in names)
    assert (told, told[-1]) == (sorted(told), (total, total))
    if workers == 1:  # the other processes tell half a second later
        assert len({done for done, _ in told}) > 2 * len(names)
    assert {path.suffix for path in (tmp_path / "journal").iterdir()} == {".arrow", ".gzi"}


def test_changed_archive_is_read_again(spring: Path, packed: Packed) -> None:
    out = spring.parent / "catalog"
    first = index(spring, into=out)
    os.utime(spring)
    told = Told()
    assert index(spring, into=out, progress=told).patches == first.patches
    assert len(told.unpacked) == 1


def test_unusual_files_are_shown_to_gdal(small: Small, pack: Pack, tmp_path: Path) -> None:
    """Compressed and tiled ones; and those that are not GeoTIFFs."""
    folder = tmp_path / "odd" / SPRING / "lc_1"
    folder.mkdir(parents=True)
    for patch, options in (
        (30, {"compress": "deflate"}),
        (31, {"tiled": True, "blockxsize": 128, "blockysize": 128}),
        (32, {"interleave": "band", "BIGTIFF": "YES"}),
        (59, {"driver": "PNG"}),
    ):
        name = f"{SPRING}_lc_1_p{patch}.tif"
        with rasterio.open(small.root / SPRING / "lc_1" / name) as source:
            profile = {**source.profile, **options}
            with rasterio.open(folder / name, "w", **profile) as target:
                target.write(source.read())
    (folder / f"{SPRING}_lc_1_p60.tif").write_bytes(b"hello")
    for path in folder.glob("*.xml"):
        path.unlink()
    tree = index(tmp_path / "odd", into=tmp_path / "tree")
    archives = [path for path in pack(tmp_path / "odd", tmp_path / "packed") if "lc" in path.name]
    report = index(*archives, into=tmp_path / "catalog")
    assert rows_of(tmp_path / "catalog") == rows_of(tmp_path / "tree")
    assert len(report.rejected) == len(tree.rejected) == 2
    assert report.patches == 3


# Mistakes


def test_previews_need_files(packed: Packed, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="extract them from the archives"):
        index(packed.archives[0], into=tmp_path / "catalog", previews=True)


def test_path_that_is_not_utf8_is_refused(spring: Path) -> None:
    folder = spring.parent / os.fsdecode(b"s\xfcd")
    folder.mkdir()
    for root in (folder, spring.rename(folder / spring.name)):
        with pytest.raises(CatalogNotFoundError, match=r"s\\udcfc.* is not valid UTF-8: rename"):
            index(root, into=spring.parent / "catalog")


def test_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogNotFoundError, match=r"nothing\.tar\.gz' does not exist: name"):
        index(tmp_path / "nothing.tar.gz", into=tmp_path / "catalog")


def test_report_names_archives_as_gdal_does(packed: Packed) -> None:
    report = json.loads((packed.out / "report.json").read_bytes())
    assert report["roots"] == [f"{GDAL_PREFIX}{path}}}" for path in packed.archives]
