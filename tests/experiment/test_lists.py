"""Lists of patches, ours and others'; a pickle runs no code."""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.datasets.legacy import SEASONS, SENSORS, format_name, format_path, patch_id
from catalog.errors import ManifestError
from catalog.experiment import patch_ids, read_list
from catalog.model import PatchKey
from catalog.store.manifest_file import Entry, Manifest, write_manifest

if TYPE_CHECKING:
    from pathlib import Path

keys = st.builds(
    PatchKey, st.sampled_from(list(SEASONS)), st.integers(0, 999), st.integers(0, 9999)
)


@given(keys, st.sampled_from(list(SENSORS)))
def test_id_file_name_and_path_are_one_patch(key: PatchKey, sensor: str) -> None:
    names = [
        patch_id(key),
        format_name(key, sensor),
        format_path(key, sensor),
        f"/data/SEN12MS/{format_path(key, sensor)}",
        f"C:\\data\\{format_name(key, sensor)}",
        f"  {format_name(key, sensor)}\n",
    ]
    assert patch_ids(names) == [patch_id(key)]


@given(st.lists(keys, unique=True, max_size=20), st.sampled_from([".txt", ".pkl"]))
def test_official_lists_come_back(
    tmp_path_factory: pytest.TempPathFactory, found: list[PatchKey], ending: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"list{ending}"
    write_manifest(Manifest(tuple(Entry(patch_id(key)) for key in found)), path)
    assert read_list(path).ids == [patch_id(key) for key in found]


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
    with pytest.raises(ManifestError, match=r"it asks for \w+\.system"):
        read_list(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps({"a": "b"}), "holds a dict, not a list of names"),
        (pickle.dumps([1, 2]), "holds a list, not a list of names"),
        (pickle.dumps("ROIs1158_spring_1_p30"), "holds a str"),
        (pickle.dumps({"ROIs1158_spring_1_p30"}), "holds a set|it asks for"),
        (b"no pickle", "is no pickled list"),
        (b"", "is no pickled list"),
        (b"\x80\x04", "is no pickled list"),
    ],
    ids=["dict", "numbers", "text", "set", "noise", "empty", "cut"],
)
def test_pickle_of_anything_else_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "list.pkl"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match=message):
        read_list(path)


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
    with pytest.raises(ManifestError, match=r"line 2: '.{1,80}' is no patch; write ids"):
        patch_ids(["ROIs1158_spring_1_p30", name])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("list.doc", b"", "no manifest by its name: end it in .parquet, .csv, .json, .txt or .pkl"),
        ("list.txt", b"\xff\xfe\x00", "is no text"),
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
