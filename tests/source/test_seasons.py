"""`seasons.csv` varies between copies: what can be understood is, the rest is passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.datasets import SEN12MS
from catalog.model import SceneKey
from catalog.source.seasons import read_seasons

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "scene,true_season\n"
SPRING_1 = {SceneKey("spring", 1): "fall"}

READ = {
    "plain": (HEAD + "ROIs1158_spring_1,fall\n", SPRING_1),
    "several rows": (
        HEAD + "ROIs1158_spring_1,fall\nROIs2017_winter_146,winter\n",
        SPRING_1 | {SceneKey("winter", 146): "winter"},
    ),
    "a byte-order mark": ("\ufeff" + HEAD + "ROIs1158_spring_1,fall\n", SPRING_1),
    "lines of Windows": ("scene,true_season\r\nROIs1158_spring_1,fall\r\n", SPRING_1),
    "no last line break": (HEAD + "ROIs1158_spring_1,fall", SPRING_1),
    "empty lines": (HEAD + "\nROIs1158_spring_1,fall\n\n", SPRING_1),
    "columns in another order": ("true_season,scene\nfall,ROIs1158_spring_1\n", SPRING_1),
    "more columns": (
        "id,scene,hemisphere,true_season\n1,ROIs1158_spring_1,south,fall\n",
        SPRING_1,
    ),
    "a quoted comma": ('scene,city,true_season\nROIs1158_spring_1,"a, b",fall\n', SPRING_1),
    "quotes": ('"scene","true_season"\n"ROIs1158_spring_1","fall"\n', SPRING_1),
    "spaces after commas": ("scene, true_season\nROIs1158_spring_1, fall\n", SPRING_1),
    "spaces before commas": (HEAD + "ROIs1158_spring_1 ,fall \n", SPRING_1),
    "capitals": (HEAD + "ROIs1158_spring_1,Fall\n", SPRING_1),
    "a row too short": (HEAD + "ROIs1868_summer_8\nROIs1158_spring_1,fall\n", SPRING_1),
    "a row too long": (HEAD + "ROIs1158_spring_1,fall,what,is,this\n", SPRING_1),
    "a season that is none": (HEAD + "ROIs1868_summer_8,rainy\nROIs1158_spring_1,fall\n", SPRING_1),
    "no season": (HEAD + "ROIs1868_summer_8,\nROIs1158_spring_1,fall\n", SPRING_1),
    "a scene that is none": (HEAD + "somewhere,fall\nROIs1158_spring_1,fall\n", SPRING_1),
    "a patch for a scene": (HEAD + "ROIs1158_spring_1_p30,winter\n", {}),
    "a scene whose name starts alike": (
        HEAD + "ROIs1158_spring_11,winter\nROIs1158_spring_1,fall\n",
        SPRING_1 | {SceneKey("spring", 11): "winter"},
    ),
    "no rows": (HEAD, {}),
}
REFUSED = {
    "nothing": b"",
    "another table": b"name,size\na,1\n",
    "no season column": b"scene,season\nROIs1158_spring_1,fall\n",
    "no scene column": b"roi,true_season\nROIs1158_spring_1,fall\n",
    "another encoding": (HEAD + "ROIs1158_spring_1,fall\n").encode("utf-16"),
    "another separator": b"scene;true_season\nROIs1158_spring_1;fall\n",
    "a quote that nobody closes": HEAD.encode() + b'"' + b"ROIs1158_spring_1,fall\n" * 9_000,
}


def written(folder: Path, content: bytes) -> Path:
    path = folder / "seasons.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("text", "expected"), READ.values(), ids=READ)
def test_the_true_seasons_are_read_with(
    tmp_path: Path, text: str, expected: dict[SceneKey, str]
) -> None:
    assert read_seasons(str(written(tmp_path, text.encode())), SEN12MS) == expected


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_a_file_that_is_no_table_of_seasons_is_a_value_error(
    tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_seasons(str(written(tmp_path, content)), SEN12MS)


def test_the_message_names_the_columns_that_are_missing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no column true_season"):
        read_seasons(str(written(tmp_path, b"scene,season\n")), SEN12MS)


KEYS = st.builds(SceneKey, st.sampled_from(sorted(SEN12MS.seasons)), st.integers(0, 999))


@settings(deadline=None)
@given(st.dictionaries(KEYS, st.sampled_from(sorted(SEN12MS.seasons))))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, seasons: dict[SceneKey, str]
) -> None:
    rows = "".join(f"{SEN12MS.scene_id(key)},{season}\n" for key, season in seasons.items())
    path = written(tmp_path_factory.getbasetemp(), (HEAD + rows).encode())
    assert read_seasons(str(path), SEN12MS) == seasons
