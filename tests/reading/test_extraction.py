"""What is extracted is what was selected, byte by byte, or it is not there at all."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import random
import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from catalog import Catalog, CatalogNotFoundError, FilterError, OutputError, index
from catalog.model import GDAL_PREFIX
from catalog.source.synthetic import SyntheticScene, write_scene
from catalog.store.integrity import write_checksums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Packed, Small

    from catalog.reading.extraction import Extraction

    Pack = Callable[..., list[Path]]

SPRING = "ROIs1158_spring"
FILE = f"{SPRING}/lc_1/{SPRING}_lc_1_p30.tif"


@pytest.fixture
def packed_cat(packed: Packed) -> Iterator[Catalog]:
    with Catalog.open(packed.out) as catalog:
        yield catalog


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "items.parquet"
    }


def ways(done: Extraction) -> set[str]:
    return {source.how for source in done.sources}


def same(folder: Path, root: Path) -> bool:
    return all((root / name).read_bytes() == data for name, data in files_below(folder).items())


@pytest.mark.parametrize("sensors", [(), ("lc",), ("s1", "s2")])
def test_files_are_those_of_the_selection_in_the_layout_of_the_dataset(
    packed_cat: Catalog, small: Small, cat: Catalog, tmp_path: Path, sensors: tuple[str, ...]
) -> None:
    done = packed_cat.select(region="Italy").extract(*sensors, to=tmp_path)
    expected = cat.select(region="Italy").paths(*sensors)
    assert {str(small.root / name) for name in files_below(tmp_path)} == set(expected)
    assert same(tmp_path, small.root)
    assert (done.files, done.present, done.rejected) == (len(expected), 0, ())
    assert done.bytes == sum(os.path.getsize(path) for path in expected)


def write_noise(root: Path) -> None:
    """30 Sentinel-2 files whose pixels cannot be compressed: their archive has checkpoints."""
    scene = SyntheticScene("spring", 1, 32737, (374_132.25, 8_118_022.75), 29, tuple(range(30)))
    draw = random.Random(0)
    for path in write_scene(root, scene, sensors=("s2",), sparse=("s2",)):
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(draw.randbytes(size - 4096))


def test_seeking_and_passing_give_the_same_files(pack: Pack, tmp_path: Path) -> None:
    """One file is sought, all are passed, whichever is sooner done."""
    pytest.importorskip("rapidgzip")
    root, out = tmp_path / "SEN12MS", tmp_path / "catalog"
    write_noise(root)
    archives = pack(root, tmp_path / "archives")
    index(*archives, into=out)
    with Catalog.open(out) as cat:
        assert ways(cat.select(where="patch = 17").extract(to=tmp_path / "seek")) == {"seek"}
        assert ways(cat.select().extract(to=tmp_path / "pass")) == {"pass"}
    (name,) = files_below(tmp_path / "seek")
    assert name.endswith("_p17.tif")
    assert len(files_below(tmp_path / "pass")) == 30
    assert same(tmp_path / "seek", root)
    assert same(tmp_path / "pass", root)


def test_plain_archive_is_read_by_seeking(small: Small, pack: Pack, tmp_path: Path) -> None:
    index(*pack(small.root, tmp_path / "a", ending="tar"), into=tmp_path / "catalog")
    with Catalog.open(tmp_path / "catalog") as cat:
        done = cat.select(where="patch = 30").extract(to=tmp_path / "to")
    assert ways(done) == {"seek"}
    assert same(tmp_path / "to", small.root)
    assert done.files == 6


@pytest.mark.parametrize("how", ["copy", "hardlink", "symlink"])
def test_files_on_disk_are_copied_or_linked(
    cat: Catalog, small: Small, tmp_path: Path, how: str
) -> None:
    done = cat.select(where="patch = 30").extract("lc", to=tmp_path, how=how)
    assert (done.files, done.rejected, ways(done)) == (2, (), {how})
    target = tmp_path / FILE
    assert target.is_symlink() == (how == "symlink")
    assert target.samefile(small.root / FILE) == (how != "copy")
    assert same(tmp_path, small.root)


def test_files_in_archives_cannot_be_linked(packed_cat: Catalog, tmp_path: Path) -> None:
    with pytest.raises(FilterError, match="needs files on disk"):
        packed_cat.select().extract(to=tmp_path, how="symlink")


def test_unknown_way_or_sensor_is_named(cat: Catalog, tmp_path: Path) -> None:
    with pytest.raises(FilterError, match="hardlink"):
        cat.select().extract(to=tmp_path, how="hardlnk")
    with pytest.raises(FilterError, match="s2"):
        cat.select().extract("s3", to=tmp_path)


# Again, and not at all


def test_second_run_writes_only_what_is_missing(packed_cat: Catalog, tmp_path: Path) -> None:
    chosen = packed_cat.select(where="patch = 30")
    chosen.extract(to=tmp_path)
    before = {name: (tmp_path / name).stat().st_mtime_ns for name in files_below(tmp_path)}
    (tmp_path / FILE).unlink()
    os.truncate(tmp_path / FILE.replace("lc", "s1"), 1000)
    done = chosen.extract(to=tmp_path)
    assert (done.files, done.present) == (2, 4)
    after = {name: (tmp_path / name).stat().st_mtime_ns for name in files_below(tmp_path)}
    assert {name for name in before if after[name] != before[name]} == {
        FILE,
        FILE.replace("lc", "s1"),
    }


def test_link_is_replaced_and_what_it_leads_to_stays(packed_cat: Catalog, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    (tmp_path / "to" / FILE).parent.mkdir(parents=True)
    (tmp_path / "to" / FILE).symlink_to(precious)
    packed_cat.select(where="patch = 30").extract("lc", to=tmp_path / "to")
    assert precious.read_bytes() == b"precious"
    assert not (tmp_path / "to" / FILE).is_symlink()


def test_dry_run_writes_nothing(packed_cat: Catalog, tmp_path: Path) -> None:
    done = packed_cat.select(where="patch = 30").extract("lc", to=tmp_path / "to", dry_run=True)
    assert (done.files, done.bytes) == (2, 525_576)
    assert list(tmp_path.iterdir()) == []


def test_full_disk_is_refused_at_once(
    packed_cat: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OutputError, match="has room for 1,000,000 bytes, not for"):
        packed_cat.select().extract(to=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_progress_ends_at_all_bytes(packed_cat: Catalog, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    done = packed_cat.select(where="patch = 30").extract(
        to=tmp_path, progress=lambda *numbers: told.append(numbers)
    )
    assert told == sorted(told)
    assert told[-1] == (done.bytes, done.bytes)


# What changed since


@pytest.fixture
def own(small: Small, pack: Pack, tmp_path: Path) -> list[Path]:
    """Archives of the scene in spring, and their catalog beside them."""
    shutil.copytree(small.root / SPRING, tmp_path / "SEN12MS" / SPRING)
    archives = pack(tmp_path / "SEN12MS", tmp_path / "data")
    index(*archives, into=tmp_path / "catalog")
    return archives


def test_changed_archive_is_passed_through_by_name(
    own: list[Path], small: Small, tmp_path: Path
) -> None:
    """Other members before the files: every offset in the seek index would be wrong."""
    plain = gzip.decompress(own[0].read_bytes())
    own[0].write_bytes(gzip.compress(plain[:1024] + plain, 1))
    with Catalog.open(tmp_path / "catalog") as cat:
        done = cat.select(where="patch IN (30, 60)").extract("lc", to=tmp_path / "to")
    assert (ways(done), done.rejected, done.files) == ({"pass"}, (), 2)
    assert same(tmp_path / "to", small.root)


def test_touched_archive_has_no_valid_seek_index(own: list[Path], tmp_path: Path) -> None:
    os.utime(own[0], ns=(0, 0))
    with Catalog.open(tmp_path / "catalog") as cat:
        (source,) = (
            cat.select(where="patch = 30").extract("lc", to=tmp_path / "to", dry_run=True).sources
        )
    assert source.cost is not None
    assert source.cost.seeking is None


def test_file_that_is_gone_from_its_archive_is_named(
    own: list[Path], pack: Pack, tmp_path: Path
) -> None:
    (tmp_path / "SEN12MS" / FILE).unlink()
    pack(tmp_path / "SEN12MS", tmp_path / "data")
    with Catalog.open(tmp_path / "catalog") as cat:
        done = cat.select(where="patch IN (30, 31)").extract("lc", to=tmp_path / "to")
    (rejected,) = done.rejected
    assert rejected.path == f"{GDAL_PREFIX}{own[0]}}}/{FILE}"
    assert len(files_below(tmp_path / "to")) == 1


def test_archive_that_is_gone_or_cut_off_does_not_stop_the_others(
    own: list[Path], tmp_path: Path
) -> None:
    own[0].unlink()
    os.truncate(own[1], 2000)
    with Catalog.open(tmp_path / "catalog") as cat:
        done = cat.select().extract(to=tmp_path / "to")
    assert [entry.path for entry in done.rejected] == [str(own[0]), str(own[1])]
    assert "9 files" in done.rejected[0].reason
    assert len(list((tmp_path / "to").rglob("*_s2_*.tif"))) == 9


def test_moved_archives_are_found(own: list[Path], small: Small, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "data", tmp_path / "moved")
    shutil.rmtree(tmp_path / "data")
    with Catalog.open(tmp_path / "catalog", root=tmp_path / "moved") as cat:
        chosen = cat.select(where="patch = 30")
        assert chosen.paths("lc") == [f"{GDAL_PREFIX}{tmp_path}/moved/{own[0].name}}}/{FILE}"]
        done = chosen.extract(to=tmp_path / "to")
    assert (done.rejected, done.files) == ((), 3)
    assert all(source.cost and source.cost.seeking for source in done.sources)
    assert same(tmp_path / "to", small.root)


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda content: content[: len(content) // 2],
        lambda _: b"[]",
        lambda _: b'{"archives": 5}',
        lambda _: b'{"archives": [5]}',
        lambda content: content.replace(b'"size"', b'"bytes"'),
        lambda content: content.replace(b'"unpacked": ', b'"unpacked": "a", "x": '),
        lambda content: content.replace(b'"head": "', b'"head": 5, "x": "'),
    ],
    ids=["empty", "cut", "list", "number", "numbers", "no size", "text", "no text"],
)
def test_damaged_list_of_archives_is_one_sentence(
    own: list[Path], tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    listed = tmp_path / "catalog" / "archives" / "archives.json"
    content = listed.read_bytes()
    listed.write_bytes(damage(content))
    assert listed.read_bytes() != content
    with pytest.raises(CatalogNotFoundError, match=r"archives.json does not belong to the other"):
        Catalog.open(tmp_path / "catalog")
    write_checksums(tmp_path / "catalog")
    with (
        Catalog.open(tmp_path / "catalog") as cat,
        pytest.raises(CatalogNotFoundError, match=r"archives.json cannot be understood: run `sen"),
    ):
        cat.select().extract(to=tmp_path / "to")


@pytest.mark.parametrize("ending", ["tar", "tar.gz"])
def test_a_file_of_an_archive_that_is_no_geotiff_any_more_is_not_written(
    small: Small, pack: Pack, tmp_path: Path, ending: str
) -> None:
    """The size, the time and the first bytes of the archive are as they were."""
    shutil.copytree(small.root / SPRING / "lc_1", tmp_path / "SEN12MS" / SPRING / "lc_1")
    archive = pack(tmp_path / "SEN12MS", tmp_path / "data", ending=ending)[0]
    index(archive, into=tmp_path / "catalog")
    plain = archive.read_bytes() if ending == "tar" else gzip.decompress(archive.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(plain)) as opened:
        member = opened.getmember(FILE.replace("p30", "p90"))
    changed = bytearray(plain)
    changed[member.offset_data : member.offset_data + 8] = b"no TIFF!"
    stat = archive.stat()
    archive.write_bytes(changed if ending == "tar" else gzip.compress(changed, 1))
    os.utime(archive, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with Catalog.open(tmp_path / "catalog") as cat:
        done = cat.select().extract("lc", to=tmp_path / "to")
    (rejected,) = done.rejected
    assert rejected.path.endswith(member.name)
    assert rejected.reason.startswith("is not a GeoTIFF that GDAL can read")
    assert len(files_below(tmp_path / "to")) == 8
    assert same(tmp_path / "to", small.root)


def test_broken_seek_index_is_made_good_by_a_pass(
    own: list[Path], small: Small, tmp_path: Path
) -> None:
    known = json.loads((tmp_path / "catalog" / "archives" / "archives.json").read_bytes())
    indexes = [tmp_path / "catalog" / "archives" / row["seek_index"] for row in known["archives"]]
    indexes[0].write_bytes(b"no seek index")
    shutil.copyfile(indexes[2], indexes[1])
    with Catalog.open(tmp_path / "catalog") as cat:
        done = cat.select(where="patch IN (30, 90)").extract(to=tmp_path / "to")
    assert (done.files, done.rejected) == (6, ())
    assert len(files_below(tmp_path / "to")) == 6
    assert same(tmp_path / "to", small.root)


def test_file_on_disk_that_changed_is_not_taken(own: list[Path], tmp_path: Path) -> None:
    index(tmp_path / "SEN12MS", into=tmp_path / "other")
    os.truncate(tmp_path / "SEN12MS" / FILE, 1000)
    with Catalog.open(tmp_path / "other") as cat:
        done = cat.select(where="patch = 30").extract(to=tmp_path / "to")
    assert [entry.path for entry in done.rejected] == [str(tmp_path / "SEN12MS" / FILE)]
    assert "has 1,000 bytes where 262,788 are recorded" in done.rejected[0].reason
    assert len(files_below(tmp_path / "to")) == 2


# Checksums


@pytest.mark.parametrize("packed_", [True, False], ids=["archive", "folder"])
def test_files_are_compared_with_their_checksums(
    own: list[Path], small: Small, tmp_path: Path, packed_: bool
) -> None:
    if not packed_:
        index(tmp_path / "SEN12MS", into=tmp_path / "catalog")
    other = FILE.replace("p30", "p31")
    lines = [
        f"{hashlib.sha512((small.root / FILE).read_bytes()).hexdigest()}  {FILE}",
        f"{'0' * 128} *{Path(other).name}",
        "nonsense",
    ]
    beside = tmp_path / ("data" if packed_ else "SEN12MS") / "checksums.sha512"
    beside.write_text("\n".join(lines), encoding="utf-8")
    with Catalog.open(tmp_path / "catalog") as cat:
        done = cat.select(where="patch IN (30, 31)").extract("lc", to=tmp_path / "to")
    (rejected,) = done.rejected
    assert rejected.path.endswith(other)
    assert "SHA-512" in rejected.reason
    assert list(files_below(tmp_path / "to")) == [FILE]
