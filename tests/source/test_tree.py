"""Whatever the folders look like, every file of the dataset is found once; none is opened."""

from __future__ import annotations

import os
import tempfile
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from catalog.datasets import SEN12MS
from catalog.model import PatchKey, Rejected, SceneKey
from catalog.source.tree import FoundFile, Listing, SceneFiles, list_trees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEYS = [
    PatchKey("spring", 1, 30),
    PatchKey("spring", 1, 100),
    PatchKey("spring", 11, 30),
    PatchKey("summer", 1, 30),
    PatchKey("winter", 8, 0),
]
FILES = sorted((key, sensor) for key in KEYS for sensor in ("lc", "s1", "s2"))


def as_unpacked(key: PatchKey, sensor: str) -> str:
    return SEN12MS.file_path(key, sensor)


def by_archive(key: PatchKey, sensor: str) -> str:
    roi_season = f"{SEN12MS.seasons[key.season].roi}_{key.season}"
    return f"{roi_season}_{sensor}/{sensor}_{key.scene}/{SEN12MS.file_name(key, sensor)}"


def archive_in_archive(key: PatchKey, sensor: str) -> str:
    roi_season = f"{SEN12MS.seasons[key.season].roi}_{key.season}"
    return f"{roi_season}_{sensor}/{SEN12MS.file_path(key, sensor)}"


def in_one_folder(key: PatchKey, sensor: str) -> str:
    return SEN12MS.file_name(key, sensor)


def under_wrong_names(key: PatchKey, sensor: str) -> str:
    return f"ROIs1970_fall/s2_77/{SEN12MS.file_name(key, sensor)}"


def by_patch(key: PatchKey, sensor: str) -> str:
    return f"é è/{key.season}/{key.scene}/{key.patch}/a/b/c/{SEN12MS.file_name(key, sensor)}"


NESTINGS = [
    as_unpacked,
    by_archive,
    archive_in_archive,
    in_one_folder,
    under_wrong_names,
    by_patch,
]


def put(path: Path, content: bytes = b"pixels") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def put_all(root: Path, nest: Callable[[PatchKey, str], str] = as_unpacked) -> list[Path]:
    return [put(root / nest(key, sensor)) for key, sensor in FILES]


def files_of(scene: SceneFiles) -> list[FoundFile]:
    by_sensor = [scene.of_sensor(SEN12MS, sensor) for sensor in SEN12MS.sensors]
    found = [[files.one(at) for at in range(len(files.paths))] for files in by_sensor]
    assert [sorted(files) for files in found] == found
    return sorted(chain(*found))


def found(listing: Listing) -> list[FoundFile]:
    return [file for scene in listing.scenes.values() for file in files_of(scene)]


def found_paths(*roots: Path) -> list[str]:
    return sorted(file.path for file in found(list_trees(roots, SEN12MS)))


@pytest.mark.parametrize("nest", NESTINGS, ids=lambda nest: nest.__name__)
def test_all_files_are_found_however_they_are_nested(
    tmp_path: Path, nest: Callable[[PatchKey, str], str]
) -> None:
    paths = put_all(tmp_path, nest)
    listing = list_trees([tmp_path], SEN12MS)
    assert [(file.key, file.sensor) for file in found(listing)] == FILES
    assert {file.path for file in found(listing)} == {str(path) for path in paths}
    assert listing.rejected == []
    assert listing.files == len(FILES)


def test_files_are_grouped_by_scene_and_in_order(tmp_path: Path) -> None:
    put_all(tmp_path, in_one_folder)
    scenes = list_trees([tmp_path], SEN12MS).scenes
    assert list(scenes) == sorted({key.of_scene for key in KEYS})
    for key, files in scenes.items():
        assert {file.key.of_scene for file in files_of(files)} == {key}
        assert files.count == len(files_of(files))
    first = [(file.key.patch, file.sensor) for file in files_of(scenes[SceneKey("spring", 1)])]
    assert first == [(patch, sensor) for patch in (30, 100) for sensor in ("lc", "s1", "s2")]


def test_size_and_time_are_those_of_the_file(tmp_path: Path) -> None:
    path = put(tmp_path / SEN12MS.file_name(KEYS[0], "s1"), b"x" * 1234)
    os.utime(path, ns=(1, 1_500_000_000_123_456_789))
    listing = list_trees([tmp_path], SEN12MS)
    assert found(listing) == [(KEYS[0], "s1", str(path), 1234)]
    files = listing.scenes[KEYS[0].of_scene].of_sensor(SEN12MS, "s1")
    assert files.stamps == [path.stat().st_mtime_ns]


def test_sidecars_and_other_files_are_passed_over(tmp_path: Path) -> None:
    path = put(tmp_path / SEN12MS.file_path(KEYS[0], "s1"))
    put(path.with_name(f"{path.name}.aux.xml"))
    put(path.with_name(f"{path.name}.ovr"))
    put(tmp_path / "checksums.sha512")
    put(tmp_path / "ROIs1158_spring_s1.tar.gz")
    listing = list_trees([tmp_path], SEN12MS)
    assert [file.path for file in found(listing)] == [str(path)]
    assert listing.rejected == []


@pytest.mark.parametrize(
    "name", ["ROIs1868_spring_s1_1_p30.tif", "scene.TIF", "a.tiff", "ROIs1158_spring_s1_1_p30.TIFF"]
)
def test_a_tiff_with_another_name_is_reported(tmp_path: Path, name: str) -> None:
    put_all(tmp_path)
    wrong = put(tmp_path / "deep" / "er" / name)
    listing = list_trees([tmp_path], SEN12MS)
    (rejected,) = listing.rejected
    assert rejected.path == str(wrong)
    assert "ROIs1158_spring_s1_1_p30.tif" in rejected.reason
    assert listing.files == len(FILES)


def test_reports_are_in_order_of_the_path(tmp_path: Path) -> None:
    for name in ("b/x.tif", "a/z.tif", "a/y.tif", "c.tif"):
        put(tmp_path / name)
    paths = [rejected.path for rejected in list_trees([tmp_path], SEN12MS).rejected]
    assert paths == sorted(paths)
    assert len(paths) == 4


def test_a_folder_named_like_a_file_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / SEN12MS.file_name(KEYS[0], "s1")
    folder.mkdir()
    listing = list_trees([tmp_path], SEN12MS)
    assert listing.rejected == [Rejected(str(folder), "is not a regular file")]
    assert found(listing) == []


def test_a_link_to_nothing_is_reported(tmp_path: Path) -> None:
    (tmp_path / SEN12MS.file_name(KEYS[0], "s1")).symlink_to("gone")
    listing = list_trees([tmp_path], SEN12MS)
    (rejected,) = listing.rejected
    assert (rejected.path, found(listing)) == (str(tmp_path / SEN12MS.file_name(KEYS[0], "s1")), [])


def test_tables_of_seasons_are_noted(tmp_path: Path) -> None:
    tables = [put(tmp_path / "seasons.csv"), put(tmp_path / "a" / "seasons.csv")]
    assert sorted(list_trees([tmp_path], SEN12MS).seasons_csv) == sorted(map(str, tables))


def test_nothing_is_found_in_an_empty_folder(tmp_path: Path) -> None:
    listing = list_trees([tmp_path], SEN12MS)
    assert (listing.scenes, listing.rejected, listing.files) == ({}, [], 0)


def test_several_roots_are_one_dataset(tmp_path: Path) -> None:
    first = put(tmp_path / "disk1" / SEN12MS.file_path(KEYS[0], "s1"))
    second = put(tmp_path / "disk2" / SEN12MS.file_path(KEYS[0], "s2"))
    listing = list_trees([tmp_path / "disk2", tmp_path / "disk1"], SEN12MS)
    assert [file.path for file in found(listing)] == [str(first), str(second)]


def test_a_root_given_twice_or_within_another_is_read_once(tmp_path: Path) -> None:
    paths = put_all(tmp_path)
    inner = tmp_path / "ROIs1158_spring"
    for roots in ((tmp_path, inner, tmp_path), (inner, tmp_path)):
        assert found_paths(*roots) == sorted(map(str, paths))


def test_paths_are_absolute_where_the_root_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / "data" / SEN12MS.file_path(KEYS[0], "s1"))
    monkeypatch.chdir(tmp_path)
    assert found_paths(Path("data")) == [str(path)]
    assert found_paths(Path("data/../data/.")) == [str(path)]


def test_links_to_folders_and_files_are_followed(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere" / SEN12MS.file_name(KEYS[0], "s1"))
    file = put(tmp_path / "files" / "anything.bin", b"x" * 99)
    root = tmp_path / "root"
    root.mkdir()
    (root / "s1_1").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (root / SEN12MS.file_name(KEYS[0], "s2")).symlink_to(file)
    s1, s2 = found(list_trees([root], SEN12MS))
    assert s1.path == str(root / "s1_1" / SEN12MS.file_name(KEYS[0], "s1"))
    assert (s2.path, s2.size) == (str(root / SEN12MS.file_name(KEYS[0], "s2")), 99)


def test_a_loop_of_links_is_walked_once(tmp_path: Path) -> None:
    paths = put_all(tmp_path)
    (tmp_path / "ROIs1158_spring" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "here").symlink_to(".", target_is_directory=True)
    listing = list_trees([tmp_path], SEN12MS)
    assert len(found(listing)) == len(paths)
    assert listing.rejected == []


def test_two_links_to_one_folder_are_read_once(tmp_path: Path) -> None:
    put(tmp_path / "data" / SEN12MS.file_name(KEYS[0], "s1"))
    for name in ("a", "b"):
        (tmp_path / name).symlink_to(tmp_path / "data", target_is_directory=True)
    assert len(found_paths(tmp_path)) == 1


@pytest.mark.parametrize("name", ["0", "self", "zzz"])
def test_a_link_to_itself_does_not_hide_its_neighbours(tmp_path: Path, name: str) -> None:
    paths = put_all(tmp_path)
    (tmp_path / name).symlink_to(name)
    assert found_paths(tmp_path) == sorted(map(str, paths))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="permissions are those of POSIX")
def test_a_folder_that_may_not_be_read_is_reported_and_the_rest_is_found(
    open_folder: Path,
) -> None:
    paths = put_all(open_folder)
    locked = open_folder / "locked"
    put(locked / SEN12MS.file_name(KEYS[0], "s1"))
    locked.chmod(0)
    user = os.geteuid()
    try:
        if user == 0:  # to whom permissions mean nothing
            os.seteuid(65_534)
        listing = list_trees([open_folder], SEN12MS)
    finally:
        os.seteuid(user)
        locked.chmod(0o755)
    assert [(entry.path, entry.reason) for entry in listing.rejected] == [
        (str(locked), "cannot be listed: Permission denied")
    ]
    assert {file.path for file in found(listing)} == {str(path) for path in paths}


def test_a_root_that_is_gone_is_reported(tmp_path: Path) -> None:
    paths = put_all(tmp_path / "here")
    listing = list_trees([tmp_path / "gone", tmp_path / "here"], SEN12MS)
    assert [entry.path for entry in listing.rejected] == [str(tmp_path / "gone")]
    assert listing.files == len(paths)


UNDECODABLE = b"d\xfft"


def undecodable(root: Path) -> Path:
    """A folder whose name is no UTF-8; not every file system has such."""
    folder = Path(os.fsdecode(os.path.join(os.fsencode(root), UNDECODABLE)))
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no such folder can be made here: {error.strerror}")
    return folder


def test_files_in_a_folder_that_is_no_utf8_are_reported_in_utf8(tmp_path: Path) -> None:
    put_all(tmp_path)
    folder = undecodable(tmp_path)
    put(folder / SEN12MS.file_name(KEYS[0], "s1"))
    put(folder / "wrong.tif")
    listing = list_trees([tmp_path], SEN12MS)
    assert len(listing.rejected) == 2
    assert all("d\\udcfft" in entry.path for entry in listing.rejected)
    assert all(entry.path.encode() for entry in listing.rejected)
    assert listing.files == len(FILES)


def test_a_folder_below_one_that_is_no_utf8_is_reported_in_utf8(tmp_path: Path) -> None:
    folder = undecodable(tmp_path)
    (folder / "self").symlink_to("self")
    listing = list_trees([folder / "gone", folder], SEN12MS)
    assert all(entry.path.encode() for entry in listing.rejected)


def fingerprints(root: Path) -> dict[SceneKey, str]:
    return {key: files.fingerprint() for key, files in list_trees([root], SEN12MS).scenes.items()}


def added(root: Path) -> None:
    put(root / SEN12MS.file_path(PatchKey("spring", 1, 31), "s1"))


def removed(root: Path) -> None:
    (root / SEN12MS.file_path(KEYS[0], "s1")).unlink()


def grown(root: Path) -> None:
    path = root / SEN12MS.file_path(KEYS[0], "s1")
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_bytes(b"more pixels")
    os.utime(path, ns=times)


def touched(root: Path) -> None:
    path = root / SEN12MS.file_path(KEYS[0], "s1")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1_000))


def moved(root: Path) -> None:
    path = root / SEN12MS.file_path(KEYS[0], "s1")
    (path.parent / "deeper").mkdir()
    path.rename(path.parent / "deeper" / path.name)


def renamed(root: Path) -> None:
    path = root / SEN12MS.file_path(KEYS[0], "s1")
    path.rename(path.with_name(SEN12MS.file_name(PatchKey("spring", 1, 31), "s1")))


@pytest.mark.parametrize(
    "change", [added, removed, grown, touched, moved, renamed], ids=lambda change: change.__name__
)
def test_the_fingerprint_of_a_scene_changes_when_a_file_is(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    put_all(tmp_path)
    before = fingerprints(tmp_path)
    change(tmp_path)
    after = fingerprints(tmp_path)
    assert {key for key in before if before[key] != after[key]} == {SceneKey("spring", 1)}


def nothing(root: Path) -> None:
    """Look again."""


def a_sidecar(root: Path) -> None:
    put(root / "ROIs1158_spring" / "s1_1" / f"{SEN12MS.file_name(KEYS[0], 's1')}.aux.xml")


def a_reading(root: Path) -> None:
    path = root / SEN12MS.file_path(KEYS[0], "s1")
    os.utime(path, ns=(1, path.stat().st_mtime_ns))


def other_files(root: Path) -> None:
    put(root / "notes" / "a.txt")
    put(root / "ROIs1158_spring" / "s1_1" / "wrong.tif")


def order(root: Path) -> None:
    """The same files, written anew the other way round."""
    times = {path: path.stat().st_mtime_ns for path in root.rglob("*.tif")}
    for path in times:
        path.unlink()
    for path in sorted(times, reverse=True):
        os.utime(put(path), ns=(times[path], times[path]))


@pytest.mark.parametrize(
    "change",
    [nothing, a_sidecar, a_reading, other_files, order],
    ids=lambda change: change.__name__,
)
def test_the_fingerprint_of_a_scene_is_not_changed_by(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    put_all(tmp_path)
    before = fingerprints(tmp_path)
    change(tmp_path)
    assert fingerprints(tmp_path) == before


def test_scenes_have_fingerprints_of_their_own(tmp_path: Path) -> None:
    put_all(tmp_path)
    values = fingerprints(tmp_path).values()
    assert len(set(values)) == len(values) == 4
