"""Headers of GeoTIFFs, damaged, one by one; the oracle is rasterio."""

from __future__ import annotations

import struct
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from internals import HeaderReader, read_header
from mutations import mutate
from outcome import Outcome
from real_files import write_real_files

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from numpy.typing import NDArray

    from catalog.model import RasterHeader

HEAD_BYTES = 2_600
_LARGE = 1_000_000
"""Bytes of a file that takes so long to write and read that it is drawn less often."""
_VARIANTS = (
    {"compress": "deflate"},
    {"tiled": True, "blockxsize": 64, "blockysize": 64},
    {"bigtiff": "yes"},
    {"endianness": "big"},
    {"interleave": "band"},
    {"compress": "lzw", "predictor": 2},
)


class Headers:
    """Accepted by us: rasterio opens it, and says the same."""

    name = "headers"
    what = "headers of GeoTIFFs; oracle: rasterio, pixels included"
    share = 4

    def __init__(self, folder: Path) -> None:
        write_real_files(folder / "real")
        real = sorted((folder / "real").rglob("*.tif"))
        seeds = [path.read_bytes() for path in real]
        for number, options in enumerate(_VARIANTS):
            seeds.append(_written(folder / f"{number}.tif", options, real[number % 2]))
        self.seeds = seeds
        self.weights = [1 if len(seed) > _LARGE else 3 for seed in seeds]
        self.path = folder / "mutant.tif"
        self.evidence = b""

    def run(self, draw: random.Random) -> Outcome:
        """Read a mutant with a reader that knows the good file, and with a fresh one."""
        (seed,) = draw.choices(self.seeds, self.weights)
        self.evidence = mutate(seed, draw, self.seeds, within=HEAD_BYTES).data
        headers = [
            read_header(reader, self.evidence) for reader in (_knowing(seed), HeaderReader())
        ]
        self.path.write_bytes(self.evidence)
        problems = (difference(self.path, header) for header in headers if header is not None)
        accepted = any(header is not None for header in headers)
        return Outcome(1, accepted, next(filter(None, problems), ""))


@cache
def _knowing(seed: bytes) -> HeaderReader:
    reader = HeaderReader()
    assert read_header(reader, seed) is not None, "a good file is refused"
    return reader


def _written(path: Path, options: dict[str, Any], like: Path) -> bytes:
    with rasterio.open(like) as source:
        pixels, profile = source.read(), source.profile
    profile.pop("interleave", None)
    with rasterio.open(path, "w", **{**profile, **options}) as target:
        target.write(pixels)
    return path.read_bytes()


def difference(path: Path, header: RasterHeader) -> str:
    """What rasterio says otherwise than we do; empty if nothing."""
    try:
        with warnings.catch_warnings(), rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"):
            warnings.simplefilter("ignore")
            with rasterio.open(path, driver="GTiff") as source:
                return _compared(source, header, path)
    except (rasterio.errors.RasterioError, ValueError) as error:
        return f"rasterio refuses it: {error}"


def _compared(source: rasterio.DatasetReader, header: RasterHeader, path: Path) -> str:
    pairs: dict[str, tuple[object, object]] = {
        "shape": (source.shape, header.grid.shape),
        "bands": (source.count, header.bands),
        "dtype": ({header.dtype}, set(source.dtypes)),
        "transform": (_bits(tuple(source.transform)[:6]), _bits(header.grid.transform)),
    }
    for name, (theirs, ours) in pairs.items():
        if theirs != ours:
            return f"{name}: rasterio has {theirs}, we have {ours}"
    if header.grid.crs is not None and rasterio.CRS.from_string(header.grid.crs) != source.crs:
        return f"CRS: rasterio has {source.crs}, we have {header.grid.crs}"
    pixels = source.read()
    if header.data_offset is not None and not _same_pixels(path, header, pixels):
        return "pixels: rasterio reads others"
    return ""


def _bits(numbers: tuple[float, ...]) -> bytes:
    return struct.pack("<6d", *(number + 0.0 for number in numbers))  # -0.0 is 0.0


def _same_pixels(path: Path, header: RasterHeader, pixels: NDArray[Any]) -> bool:
    plain = np.moveaxis(pixels, 0, -1).astype(f"<{pixels.dtype.str[1:]}").tobytes()
    assert header.data_offset is not None
    data = path.read_bytes()
    return data[header.data_offset : header.data_offset + len(plain)] == plain
