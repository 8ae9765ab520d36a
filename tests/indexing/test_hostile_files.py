"""Whatever one file holds, it is named with its reason, and the run goes on."""

from __future__ import annotations

import re
import struct
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pytest
import rasterio
from trees import Tree, put, rows_of

from catalog import index
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Pack = Callable[..., list[Path]]

SCENE = SyntheticScene("spring", 1, 32737, (374_132.25, 8_118_022.75), 29, tuple(range(12)))
SENSORS = ("s1", "s2", "lc")
PROJECTED = struct.pack("<4H", 3072, 0, 1, 32737)
"""The geographic key that holds the EPSG code."""


def change(path: Path, old: bytes, new: bytes) -> None:
    """Change bytes of the header, which are there once."""
    content = path.read_bytes()
    assert content.count(old, 0, 4096) == 1
    put(path, content.replace(old, new, 1))


def move(path: Path, y: float) -> None:
    """Move the upper edge."""
    with rasterio.open(path) as source:
        x, old = source.transform.c, source.transform.f
    change(path, struct.pack("<2d", x, old), struct.pack("<2d", x, y))


def name_in_latin1(path: Path) -> None:
    """Give it a CRS of its own, whose name is not UTF-8."""
    change(path, PROJECTED, struct.pack("<4H", 3072, 0, 1, 32767))
    change(path, b"WGS 84 / UTM zone 37S", "Südafrika".encode("latin-1").ljust(21))


def ascii_as_numbers(path: Path) -> None:
    """Flip the one bit that makes a text of numbers of 16 bits."""
    change(path, struct.pack("<2HI", 34737, 2, 30), struct.pack("<2HI", 34737, 3, 30))


class Hostile(NamedTuple):
    """What may be in a file, and why it is rejected; None if it is kept, but has no outline."""

    put: Callable[[Path], object]
    reason: str | None


HOSTILE = {
    "nothing": Hostile(lambda path: put(path, b""), r"is empty \(0 bytes\)"),
    "a virtual raster": Hostile(
        lambda path: put(path, b"<VRTDataset rasterXSize='256' rasterYSize='256'/>"),
        "is not a GeoTIFF that GDAL can read",
    ),
    "a name that is not UTF-8": Hostile(name_in_latin1, "is not a GeoTIFF .*utf-8"),
    "a text of numbers": Hostile(ascii_as_numbers, None),
    "no number": Hostile(
        partial(move, y=float("nan")), "has a corner at x = .*, y = nan, which is not a place"
    ),
    "no end": Hostile(partial(move, y=float("-inf")), "has a corner .* which is not a place"),
    "beyond the pole": Hostile(partial(move, y=1e30), "has a corner at .* outside of EPSG:32737"),
    "a CRS that PROJ cannot transform": Hostile(
        lambda path: change(path, PROJECTED, struct.pack("<4H", 3072, 0, 1, 2218)), None
    ),
    "an unknown CRS": Hostile(
        lambda path: change(path, PROJECTED, struct.pack("<4H", 3072, 0, 1, 2)), None
    ),
}


@pytest.mark.parametrize("ending", [None, "tar", "tar.gz"], ids=["folder", "tar", "tar.gz"])
def test_hostile_files_are_rejected_alone(
    tmp_path: Path, pack: Pack, ending: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each is all three files of a patch, so that no other says where the patch lies."""
    tree = Tree(tmp_path)
    list(write_scene(tree.root, SCENE, sparse=("s1", "s2")))
    numbered = list(enumerate(HOSTILE.values(), 1))
    for patch, hostile in numbered:
        for sensor in SENSORS:
            hostile.put(tree.file(sensor, patch))
    roots = [tree.root] if ending is None else pack(tree.root, tmp_path / "packed", ending=ending)
    report = index(*roots, into=tree.out)
    reasons = {entry.path.rpartition("/")[2]: entry.reason for entry in report.rejected}
    kept = set(range(12))
    for patch, hostile in numbered:
        if hostile.reason is not None:
            kept.remove(patch)
            for sensor in SENSORS:
                assert re.match(hostile.reason, reasons.pop(tree.file(sensor, patch).name))
    assert reasons == {}
    rows = rows_of(tree.out)
    assert set(rows) == {f"ROIs1158_spring_1_p{patch}" for patch in kept}
    without_outline = {patch for patch, hostile in numbered if hostile.reason is None}
    nowhere = {name for name, row in rows.items() if row["geometry"] is None}
    assert nowhere == {f"ROIs1158_spring_1_p{patch}" for patch in without_outline}
    assert capfd.readouterr().err == ""
