"""Files read together as columns are what the same files are when each is read alone."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio

from catalog.datasets import SEN12MS
from catalog.model import SceneKey
from catalog.source.read_file import FileReader
from catalog.source.sensor import SensorReader
from catalog.source.synthetic import SyntheticScene, format_header, write_scene
from catalog.source.tree import list_trees

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = SceneKey("spring", 1)
PATCHES = tuple(range(12))
INVENTED = SyntheticScene("spring", 1, 32737, (374_132.25, 8_118_022.75), 29, PATCHES)


def other_zone(path: Path, sensor: str) -> None:
    with path.open("r+b") as file:
        file.write(format_header(sensor, 32736, (500_000.0, 8_000_000.0)))


def tie(path: Path, start: int, *numbers: float) -> None:
    """Change some of the six numbers of the tie point."""
    with rasterio.open(path) as source:
        corner = struct.pack("<2d", source.transform.c, source.transform.f)
    content = bytearray(path.read_bytes())
    struct.pack_into(f"<{len(numbers)}d", content, content.index(corner) - 24 + 8 * start, *numbers)
    path.write_bytes(content)


def nowhere(path: Path, sensor: str) -> None:
    tie(path, 3, float("nan"), float("inf"))


def far_away(path: Path, sensor: str) -> None:
    tie(path, 4, 1e30)


def tied_elsewhere(path: Path, sensor: str) -> None:
    tie(path, 0, 3.0, 4.0)


def compressed(path: Path, sensor: str) -> None:
    with rasterio.open(path) as source:
        pixels, profile = source.read(), source.profile
    path.unlink()
    with rasterio.open(path, "w", **profile | {"compress": "deflate"}) as target:
        target.write(pixels)


def cut(path: Path, sensor: str) -> None:
    os.truncate(path, path.stat().st_size - 1)


def longer(path: Path, sensor: str) -> None:
    with path.open("ab") as file:
        file.write(b"\0")


def a_file_of_another_sensor(path: Path, sensor: str) -> None:
    other = {"s1": "s2", "s2": "lc", "lc": "s1"}[sensor]
    folder = path.parent.with_name(path.parent.name.replace(sensor, other))
    path.write_bytes((folder / path.name.replace(f"_{sensor}_", f"_{other}_")).read_bytes())


CHANGES = [
    other_zone,
    nowhere,
    far_away,
    tied_elsewhere,
    compressed,
    cut,
    longer,
    a_file_of_another_sensor,
]


@pytest.mark.parametrize("sensor", SEN12MS.sensors)
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("places", [(0,), (5, 6, 9), (11,)], ids=["first", "between", "last"])
def test_files_read_together_are_what_they_are_alone(
    tmp_path: Path,
    sensor: str,
    change: Callable[[Path, str], None],
    places: tuple[int, ...],
) -> None:
    list(write_scene(tmp_path, INVENTED, sparse=("s1", "s2")))
    files = list_trees([tmp_path], SEN12MS).scenes[KEY].of_sensor(SEN12MS, sensor)
    for place in places:
        change(tmp_path / files.paths[place], sensor)
    files = list_trees([tmp_path], SEN12MS).scenes[KEY].of_sensor(SEN12MS, sensor)
    read, rejected = SensorReader(SEN12MS).read(files, [])

    alone = [FileReader(SEN12MS).read(files.one(position)) for position in range(len(files.paths))]
    good = [record for record in alone if record.grid is not None]
    assert [(entry.path, entry.reason) for entry in rejected] == [
        (record.path, record.reason) for record in alone if record.reason
    ]
    assert read.paths == [record.path for record in good]
    assert read.numbers.tolist() == [record.key.patch for record in good]
    assert read.sizes.tolist() == [record.size for record in good]
    assert read.grids.crs.tolist() == [record.grid.crs for record in good if record.grid]
    assert read.grids.transform.tolist() == [
        list(record.grid.transform) for record in good if record.grid
    ]
    if sensor == "lc":
        np.testing.assert_array_equal(read.counts, [record.counts for record in good])
    else:
        assert read.counts.size == 0
