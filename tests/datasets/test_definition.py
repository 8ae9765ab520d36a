"""What else follows from a definition agrees with its names, and changes with it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.datasets import SEN12MS, Dataset
from catalog.model import PatchKey, SceneKey

NUMBERS = st.integers(0, 999_999)
SCENES = st.builds(SceneKey, st.sampled_from(sorted(SEN12MS.seasons)), NUMBERS)
PATCH_FIRST = replace(SEN12MS, id="other", file="p{patch}_{roi}_{season}_{scene}_{sensor}.tif")
"""A dataset whose names have the patch elsewhere."""


@settings(deadline=None)
@given(SCENES, st.lists(NUMBERS, max_size=5), st.sampled_from([SEN12MS, PATCH_FIRST]))
def test_names_of_many_files_are_those_of_each(
    scene: SceneKey, numbers: list[int], dataset: Dataset
) -> None:
    for sensor in dataset.sensors:
        names = dataset.file_names(scene, sensor, numbers)
        keys = [PatchKey(*scene, number) for number in numbers]
        assert names == [dataset.file_name(key, sensor) for key in keys]
        assert [dataset.parse_name(name) for name in names] == [(key, sensor) for key in keys]


@settings(deadline=None)
@given(SCENES)
def test_a_scene_is_found_by_its_name(scene: SceneKey) -> None:
    assert SEN12MS.parse_scene_id(SEN12MS.scene_id(scene)) == scene


@pytest.mark.parametrize(
    "name",
    [
        "",
        "spring_1",
        "ROIs1158_spring",
        "ROIs1158_spring_1_p3",
        "ROIs1158_fall_1",
        "ROIs1158_spring_01",
    ],
)
def test_what_is_not_the_name_of_a_scene_is_refused(name: str) -> None:
    assert SEN12MS.parse_scene_id(name) is None


def test_the_example_is_a_file_of_the_dataset() -> None:
    assert SEN12MS.example_file == "ROIs1158_spring_s1_1_p30.tif"
    assert PATCH_FIRST.example_file == "p30_ROIs1158_spring_1_s1.tif"


OTHERS = {
    "stride": replace(SEN12MS, stride_pixels=64),
    "sensor": replace(SEN12MS, sensors={"s1": SEN12MS.sensors["s1"]}),
    "title": replace(SEN12MS, about=replace(SEN12MS.about, title="Other")),
    "holdout": replace(SEN12MS, scene_splits={}),
    "excluded": replace(SEN12MS, excluded=frozenset()),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_another_definition_has_another_digest(other: Dataset) -> None:
    assert other.digest != SEN12MS.digest


def test_a_definition_has_the_same_digest_in_every_process() -> None:
    code = "from catalog.datasets import SEN12MS; print(SEN12MS.digest)"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": str(seed), "PYTHONPATH": ":".join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in range(3)
    }
    assert found == {SEN12MS.digest}


def test_a_copy_has_the_same_digest() -> None:
    assert replace(SEN12MS).digest == SEN12MS.digest
