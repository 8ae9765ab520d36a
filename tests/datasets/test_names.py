"""A file name carries the key of its patch, and only a name that the dataset would give does."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.datasets import SEN12MS
from catalog.model import PatchKey

NUMBERS = st.integers(0, 999_999)
KEYS = st.builds(PatchKey, st.sampled_from(sorted(SEN12MS.seasons)), NUMBERS, NUMBERS)
SENSOR_NAMES = st.sampled_from(sorted(SEN12MS.sensors))

DIGITS = st.text("0123٣３²", min_size=1, max_size=7)
"""Numbers, right ones and such as `int` or a regular expression may take for one."""
STARTS = [f"{season.roi}_{name}" for name, season in SEN12MS.seasons.items()]
LOOKALIKES = st.builds(
    "{}_{}_{}_p{}{}".format,
    st.sampled_from([*STARTS, "ROIs1868_spring", "ROIs1970_autumn"]),
    st.sampled_from([*SEN12MS.sensors, "s3"]),
    DIGITS,
    DIGITS,
    st.sampled_from([".tif", ".tif", ".tif", ".tiff", ".tif\n", ""]),
)

NAMES = {
    "ROIs1158_spring_s1_1_p30.tif": (PatchKey("spring", 1, 30), "s1"),
    "ROIs1158_spring_s1_11_p30.tif": (PatchKey("spring", 11, 30), "s1"),
    "ROIs1868_summer_s2_146_p202.tif": (PatchKey("summer", 146, 202), "s2"),
    "ROIs1970_fall_lc_0_p0.tif": (PatchKey("fall", 0, 0), "lc"),
    "ROIs2017_winter_lc_999999_p999999.tif": (PatchKey("winter", 999_999, 999_999), "lc"),
}
REFUSED = {
    "the prefix of another season": "ROIs1868_spring_s1_1_p30.tif",
    "an unknown prefix": "ROIs1159_spring_s1_1_p30.tif",
    "no prefix": "spring_s1_1_p30.tif",
    "a season that is none": "ROIs1970_autumn_s1_1_p30.tif",
    "a sensor that is none": "ROIs1158_spring_s3_1_p30.tif",
    "no sensor": "ROIs1158_spring_1_p30.tif",
    "a leading zero in the scene": "ROIs1158_spring_s1_01_p30.tif",
    "a leading zero in the patch": "ROIs1158_spring_s1_1_p030.tif",
    "two zeros": "ROIs1158_spring_s1_1_p00.tif",
    "a negative number": "ROIs1158_spring_s1_-1_p30.tif",
    "a sign": "ROIs1158_spring_s1_+1_p30.tif",
    "seven digits": "ROIs1158_spring_s1_1000000_p30.tif",
    "digits of another script": "ROIs1158_spring_s1_1٣_p30.tif",
    "capitals in the season": "ROIs1158_Spring_s1_1_p30.tif",
    "capitals in the sensor": "ROIs1158_spring_S1_1_p30.tif",
    "capitals in the prefix": "ROIS1158_spring_s1_1_p30.tif",
    "capitals in the suffix": "ROIs1158_spring_s1_1_p30.TIF",
    "a longer suffix": "ROIs1158_spring_s1_1_p30.tiff",
    "no suffix": "ROIs1158_spring_s1_1_p30",
    "a sidecar": "ROIs1158_spring_s1_1_p30.tif.aux.xml",
    "a second copy": "ROIs1158_spring_s1_1_p30 (1).tif",
    "a line break": "ROIs1158_spring_s1_1_p30.tif\n",
    "something before": "._ROIs1158_spring_s1_1_p30.tif",
    "a folder before": "s1_1/ROIs1158_spring_s1_1_p30.tif",
    "an id": "ROIs1158_spring_1_p30",
    "nothing": "",
}


@pytest.mark.parametrize(("name", "expected"), NAMES.items(), ids=NAMES)
def test_a_name_is_read(name: str, expected: tuple[PatchKey, str]) -> None:
    assert SEN12MS.parse_name(name) == expected


@pytest.mark.parametrize("name", REFUSED.values(), ids=REFUSED)
def test_a_name_that_merely_resembles_one_is_refused(name: str) -> None:
    assert SEN12MS.parse_name(name) is None


@settings(deadline=None)
@given(KEYS, SENSOR_NAMES)
def test_a_formatted_name_is_read_as_what_it_was_made_from(key: PatchKey, sensor: str) -> None:
    assert SEN12MS.parse_name(SEN12MS.file_name(key, sensor)) == (key, sensor)


@settings(deadline=None)
@given(LOOKALIKES)
def test_a_name_that_is_read_is_the_one_that_would_be_formatted(name: str) -> None:
    parsed = SEN12MS.parse_name(name)
    assert parsed is None or SEN12MS.file_name(*parsed) == name


@settings(deadline=None)
@given(KEYS, SENSOR_NAMES, KEYS, SENSOR_NAMES)
def test_different_files_have_different_names(
    key: PatchKey, sensor: str, other_key: PatchKey, other_sensor: str
) -> None:
    same = (key, sensor) == (other_key, other_sensor)
    assert (SEN12MS.file_name(key, sensor) == SEN12MS.file_name(other_key, other_sensor)) == same


def test_a_path_is_the_one_of_the_dataset() -> None:
    path = SEN12MS.file_path(PatchKey("spring", 1, 30), "s2")
    assert path == "ROIs1158_spring/s2_1/ROIs1158_spring_s2_1_p30.tif"


@settings(deadline=None)
@given(KEYS, SENSOR_NAMES)
def test_the_last_part_of_a_path_is_the_name(key: PatchKey, sensor: str) -> None:
    assert posixpath.basename(SEN12MS.file_path(key, sensor)) == SEN12MS.file_name(key, sensor)
