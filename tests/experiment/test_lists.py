"""Lists of patches, ours and others'; a pickle runs no code."""

from __future__ import annotations

import os
import pickle
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.cli.formats import write_selection
from catalog.datasets import SEN12MS
from catalog.errors import ManifestError
from catalog.experiment import load, patch_ids, read_list
from catalog.model import PatchKey
from catalog.store.manifest_file import Entry, Manifest, write_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from catalog import Catalog

keys = st.builds(
    PatchKey, st.sampled_from(list(SEN12MS.seasons)), st.integers(0, 999), st.integers(0, 9999)
)


@given(keys, st.sampled_from(list(SEN12MS.sensors)))
def test_id_file_name_and_path_are_one_patch(key: PatchKey, sensor: str) -> None:
    names = [
        SEN12MS.patch_id(key),
        SEN12MS.file_name(key, sensor),
        SEN12MS.file_path(key, sensor),
        f"/data/SEN12MS/{SEN12MS.file_path(key, sensor)}",
        f"C:\\data\\{SEN12MS.file_name(key, sensor)}",
        f"  {SEN12MS.file_name(key, sensor)}\n",
    ]
    assert patch_ids(names) == [SEN12MS.patch_id(key)]


@given(st.lists(keys, unique=True, max_size=20), st.sampled_from([".txt", ".pkl"]))
def test_official_lists_come_back(
    tmp_path_factory: pytest.TempPathFactory, found: list[PatchKey], ending: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"list{ending}"
    write_manifest(Manifest(tuple(Entry(SEN12MS.patch_id(key)) for key in found)), path)
    assert read_list(path).ids == [SEN12MS.patch_id(key) for key in found]


def test_text_list_is_the_official_one(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    write_manifest(Manifest((Entry("ROIs1158_spring_124_p100"),)), path)
    assert path.read_text() == "ROIs1158_spring_s2_124_p100.tif\n"


def test_pickled_list_is_the_official_one(tmp_path: Path) -> None:
    path = tmp_path / "list.pkl"
    write_manifest(Manifest((Entry("ROIs1158_spring_124_p100"),)), path)
    assert pickle.loads(path.read_bytes()) == ["ROIs1158_spring_s2_124_p100.tif"]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickled_list_of_any_protocol_is_read(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "list.pkl"
    names = ["ROIs1158_spring_s2_124_p100.tif", "ROIs1158_spring_s2_124_p101.tif"]
    path.write_bytes(pickle.dumps(names, protocol))
    assert read_list(path).ids == ["ROIs1158_spring_124_p100", "ROIs1158_spring_124_p101"]


class Hostile:
    """Runs a command when it is unpickled by a trusting reader."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_hostile_pickle_runs_nothing(tmp_path: Path, protocol: int) -> None:
    path, trace = tmp_path / "list.pkl", tmp_path / "trace"
    path.write_bytes(pickle.dumps(["a", Hostile(f"touch {trace}")], protocol))
    with pytest.raises(ManifestError, match="is not a pickled list of names: it has a"):
        read_list(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps({"a": "b"}), "is not a pickled list of names: it has a EMPTY_DICT"),
        (pickle.dumps([1, 2]), "is not a pickled list of names: it has a BININT1"),
        (pickle.dumps("ROIs1158_spring_1_p30"), "it holds no list"),
        (pickle.dumps({"ROIs1158_spring_1_p30"}), "is not a pickled list of names: it has a"),
        (pickle.dumps([["a"]]), "it has a second list"),
        (b"no pickle", "is not a list of patches"),
        (b"", "is not a list of patches"),
        (b"\x80\x04", "is not a list of patches"),
        (b"\x80\x02X\x01\0\0\0aX\x01\0\0\0ba.", "its APPEND is damaged"),
        (b"]r\xff\xff\xff\x7fh\x01.", "its BINGET is damaged"),
        (b"]\x8a\xff" + b"\xff" * 300, "it has a LONG1"),
        (b"\x80\x42](X\x01\0\0\0ae.", "its PROTO is damaged"),
        (b"\x80\x04\x95\xff\0\0\0\0\0\0\0](X\x01\0\0\0ae.", "its FRAME is damaged"),
        (b"\x80\x02](X\x01\0\0\0aa.", "its APPEND is damaged"),
        (b"\x80\x02]X\x01\0\0\0ae.", "its APPENDS is damaged"),
        (b"\x80\x02](X\x01\0\0\0a.", "it is damaged"),
        (b"\x80\x02]q\0h\0a.", "it is damaged"),
        (b"\x80\x02](q\0.", "its BINPUT is damaged"),
    ],
    ids=[
        *("dict", "numbers", "text", "set", "nested", "noise", "empty", "cut", "flipped"),
        *("memory", "large", "protocol", "frame", "below a mark", "no mark", "never appended"),
        *("itself", "a mark kept"),
    ],
)
def test_pickle_of_anything_else_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "list.pkl"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match=message):
        read_list(path)


@given(st.integers(0, 2**32), st.integers(1, 3))
def test_damaged_pickle_is_a_list_of_patches_or_refused(
    tmp_path_factory: pytest.TempPathFactory, seed: int, flips: int
) -> None:
    random = np.random.default_rng(seed)
    names = [f"ROIs1158_spring_s2_1_p{number}.tif" for number in range(20)]
    content = bytearray(pickle.dumps(names, int(random.integers(0, 6))))
    for _ in range(flips):
        content[random.integers(len(content))] ^= 1 << random.integers(8)
    path = tmp_path_factory.getbasetemp() / "damaged.pkl"
    path.write_bytes(content)
    ids: list[str] = []
    with suppress(ManifestError):
        ids = read_list(path).ids
    assert all(SEN12MS.parse_id(name) for name in ids)


NAMES = ["ROIs1158_spring_1_p30", "ROIs1868_summer_142_p180"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("names.csv", "ROIs1158_spring_s1_1_p30.tif\nROIs1868_summer_142_p180\n"),
        ("names.csv", "\ufeff# two\nROIs1158_spring_1_p30,0.5\n\nROIs1868_summer_142_p180,1\n"),
        ("column.csv", "number,id\n1,ROIs1158_spring_1_p30\n2,ROIs1868_summer_142_p180\n"),
        ("names.json", '["ROIs1158_spring_1_p30", "ROIs1868_summer_lc_142_p180.tif"]'),
        ("rows.json", '[{"id": "ROIs1158_spring_1_p30"}, {"id": "ROIs1868_summer_142_p180"}]'),
    ],
)
def test_names_in_csv_and_json_are_a_list(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert read_list(tmp_path / name).ids == NAMES


@pytest.mark.parametrize("format_", ["csv", "json", "geojson", "parquet", "paths"])
def test_what_select_writes_is_a_list(cat: Catalog, tmp_path: Path, format_: str) -> None:
    path = tmp_path / f"subset.{'txt' if format_ == 'paths' else format_}"
    subset = cat.select(season=["fall", "winter"], split="train")
    write_selection(subset, format_, str(path), ())
    found = read_list(path)
    assert found.ids == subset.ids if format_ != "parquet" else set(found.ids) == set(subset.ids)
    assert load(path, cat).ids == subset.ids


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "name,size\nROIs1158_spring_1_p30,5\n", "line 1: 'name' is not a patch"),
        ("a.csv", "id,size\nROIs1158_spring_1_p30,5\nx,5\n", "line 3: 'x' is not a patch"),
        ("a.json", '{"ids": ["ROIs1158_spring_1_p30"]}', "neither a manifest nor a list"),
        ("a.json", '["ROIs1158_spring_1_p30", 5]', "line 2: '5' is not a patch"),
        ("a.json", '[{"name": "ROIs1158_spring_1_p30"}]', "line 1: 'None' is not a patch"),
        ("a.json", "5", "neither a manifest nor a list"),
        ("a.geojson", '{"features": 3}', "neither a manifest nor a list"),
        ("a.geojson", "[" * 5000, "is not a list of patches"),
        ("a.csv", "x" * 200_000, "field larger than field limit"),
    ],
)
def test_what_is_no_list_is_refused_in_one_sentence(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ManifestError, match=message) as caught:
        read_list(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


def test_table_without_ids_is_no_list(tmp_path: Path) -> None:
    pq.write_table(pa.table({"name": NAMES}), tmp_path / "a.parquet")
    with pytest.raises(ManifestError, match="it has no column `id`"):
        read_list(tmp_path / "a.parquet")


def test_huge_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.txt").open("wb") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(ManifestError, match="is larger than 1 GiB"):
        read_list(tmp_path / "a.txt")


@pytest.mark.parametrize("names", [[None], [5], [["ROIs1158_spring_1_p30"]], None, 7])
def test_what_is_not_a_text_is_no_patch(names: Any) -> None:
    with pytest.raises(ManifestError, match=r"is not a (patch|list of patches)"):
        patch_ids(names)


def test_empty_lines_and_comments_are_passed_over() -> None:
    assert patch_ids(["", "# test", "ROIs1158_spring_1_p30", "ROIs1158_spring_s1_1_p30.tif"]) == [
        "ROIs1158_spring_1_p30"
    ]


@pytest.mark.parametrize(
    "name",
    [
        "ROIs1158_spring_1",
        "ROIs1158_spring_s3_1_p30.tif",
        "ROIs1868_spring_1_p30",
        "ROIs1158_spring_01_p30",
        "spring_1_p30",
        "x" * 500,
    ],
)
def test_name_that_is_no_patch_is_named_with_its_line(name: str) -> None:
    with pytest.raises(ManifestError, match=r"line 2: '.{1,80}' is not a patch; write ids"):
        patch_ids(["ROIs1158_spring_1_p30", name])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("list.doc", b"", "has no ending of a list of patches: use .parquet, .csv, .json, "),
        ("list.txt", b"\xff\xfe\x00", "is not a list of patches: 'utf-8' codec"),
        ("gone.txt", None, "gone.txt cannot be read: No such file"),
        ("gone.parquet", None, "gone.parquet"),
    ],
)
def test_file_that_is_no_list_is_refused(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ManifestError, match=message):
        read_list(tmp_path / name)
