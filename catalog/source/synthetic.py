"""Writes an invented SEN12MS in the byte layout of the real one: for demo, tests, benchmarks."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from catalog.datasets import SEN12MS
from catalog.model import PatchKey
from catalog.source.planet import IMAGED, SOUTH, Ground

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from catalog.datasets import Dataset

_TILE_M: Final = SEN12MS.stride_pixels * SEN12MS.resolution_m


@dataclass(frozen=True, slots=True)
class SyntheticScene:
    """A scene to invent."""

    season: str
    """Season in the file names."""
    scene: int
    """Scene number in the file names."""
    epsg: int
    """UTM zone: 326xx north, 327xx south."""
    origin: tuple[float, float]
    """Easting, northing of the upper-left corner of patch 0, metres."""
    columns: int
    """Width of the grid in patches: 29 or 31."""
    patches: tuple[int, ...]
    """Patch numbers to write; ascending is fastest, since neighbours share pixels."""

    def upper_left(self, patch: int) -> tuple[float, float]:
        """Easting, northing of the upper-left corner of a patch, metres."""
        row, column = divmod(patch, self.columns)
        return self.origin[0] + _TILE_M * column, self.origin[1] - _TILE_M * row


def write_scene(
    root: Path,
    scene: SyntheticScene,
    dataset: Dataset = SEN12MS,
    *,
    seed: int = 0,
    sensors: Collection[str] | None = None,
    sparse: Collection[str] = (),
) -> Iterator[Path]:
    """Write the files of a scene below the dataset's root, patch by patch.

    Parameters
    ----------
    root : Path
        Folders in it are made as needed, files replaced.
    scene : SyntheticScene
        What to write.
    dataset : Dataset
        SEN12MS, or another definition of it.
    seed : int
        Another seed is another planet.
    sensors : Collection[str], optional
        Which sensors to write; by default all.
    sparse : Collection[str]
        Sensors whose pixels are a hole of zeros: right in header and size, but no room on disk. So
        are those of all sensors but `s1`, `s2` and `lc`.

    Yields
    ------
    Path
        Each file, once it is written.
    """
    ground = Ground(seed, scene.season, scene.epsg, scene.origin, scene.columns)
    for patch in scene.patches:
        for sensor in dataset.sensors if sensors is None else sensors:
            key = PatchKey(scene.season, scene.scene, patch)
            path = root / dataset.file_path(key, sensor)
            if patch == scene.patches[0]:
                path.parent.mkdir(parents=True, exist_ok=True)
            header = format_header(sensor, scene.epsg, scene.upper_left(patch), dataset)
            with path.open("wb", buffering=0) as file:
                file.write(header)
                if sensor in sparse or sensor not in IMAGED:
                    file.truncate(len(header) + _layout(dataset, sensor).bytes)
                else:
                    file.write(ground.pixels(sensor, patch).data)
            yield path


def format_header(
    sensor: str, epsg: int, upper_left: tuple[float, float], dataset: Dataset = SEN12MS
) -> bytes:
    """Bytes before the pixels, as the GDAL of 2019 wrote them.

    Today's would make a shorter header: its libtiff stores the sizes of the strips in 16 bits.
    """
    before, after = _split_header(dataset, sensor, epsg)
    return before + struct.pack("<6d", 0, 0, 0, *upper_left, 0) + after


_STRIP_BYTES: Final = 8192  # what GDAL fills at most, but for a row that is longer
_SAMPLE_FORMATS: Final = {"u": 1, "i": 2, "f": 3}
_STRIP_OFFSETS, _STRIP_SIZES, _TIE_POINT = 273, 279, 33922
_INLINE_BYTES: Final = 4


class _Layout(NamedTuple):
    """How the pixels of a sensor lie in its files."""

    tags: dict[int, tuple[int, ...]]
    """TIFF tags that differ between sensors."""
    strips: int
    """Runs of whole rows."""
    bytes: int
    """Of all pixels."""


@cache
def _layout(dataset: Dataset, sensor: str) -> _Layout:
    """The layout that GDAL chooses by default."""
    kind, bands = np.dtype(dataset.sensors[sensor].dtype), len(dataset.sensors[sensor].bands)
    rows, columns = dataset.shape
    row_bytes = columns * bands * kind.itemsize
    strip_rows = max(1, _STRIP_BYTES // row_bytes)
    # Three or four bands of one byte are taken for red, green, blue and alpha.
    colored = kind == np.uint8 and bands in {3, 4}
    tags: dict[int, tuple[int, ...]] = {
        258: (8 * kind.itemsize,) * bands,
        262: (2 if colored else 1,),
        277: (bands,),
        278: (strip_rows,),
        339: (_SAMPLE_FORMATS[kind.kind],) * bands,
    }
    extra = (2,) * (bands - 3) if colored else (0,) * (bands - 1)
    return _Layout(tags | ({338: extra} if extra else {}), rows // strip_rows, rows * row_bytes)


@cache
def _split_header(dataset: Dataset, sensor: str, epsg: int) -> tuple[bytes, bytes]:
    """The header before and after the tie point, all that differs between patches."""
    (rows, columns), (tags, strips, size) = dataset.shape, _layout(dataset, sensor)
    strip_bytes = size // strips
    crs = f"WGS 84 / UTM zone {epsg % 100}{'S' if epsg // 100 == SOUTH else 'N'}|"
    names = f"{crs}WGS 84|\0".encode()
    keys = [1, 1, 0, 7, 1024, 0, 1, 1, 1025, 0, 1, 1, 1026, 34737, len(crs), 0]
    keys += [2049, 34737, 7, len(crs), 2054, 0, 1, 9102, 3072, 0, 1, epsg, 3076, 0, 1, 9001]
    shorts = {256: (columns,), 257: (rows,), 259: (1,), 284: (1,), 34735: keys, **tags}
    fields = {tag: (3, len(v), struct.pack(f"<{len(v)}H", *v)) for tag, v in shorts.items()}
    fields[_STRIP_SIZES] = (4, strips, struct.pack("<I", strip_bytes) * strips)
    fields[_STRIP_OFFSETS] = (4, strips, bytes(4 * strips))
    fields[33550] = (12, 3, struct.pack("<3d", dataset.resolution_m, dataset.resolution_m, 0))
    fields[_TIE_POINT] = (12, 6, bytes(48))
    fields[34737] = (2, len(names), names)
    # libtiff writes the sizes of the strips before their offsets, all else in order of the tag.
    order = sorted(fields, key=lambda tag: _STRIP_OFFSETS - 1 if tag == _STRIP_SIZES else tag)
    outside = [tag for tag in order if len(fields[tag][2]) > _INLINE_BYTES]
    sizes = [14 + 12 * len(fields), *(len(fields[tag][2]) for tag in outside)]
    *starts, end = accumulate(sizes)
    offsets = dict(zip(outside, starts, strict=True))
    strip_offsets = range(end, end + size, strip_bytes)
    fields[_STRIP_OFFSETS] = (4, strips, struct.pack(f"<{strips}I", *strip_offsets))
    header = struct.pack("<2sHIH", b"II", 42, 8, len(fields))
    for tag, (kind, count, value) in sorted(fields.items()):
        inline = struct.pack("<I", offsets[tag]) if tag in offsets else value
        header += struct.pack("<HHI4s", tag, kind, count, inline)
    header += bytes(4) + b"".join(fields[tag][2] for tag in outside)
    tie_point = offsets[_TIE_POINT]
    return header[:tie_point], header[tie_point + 48 :]
