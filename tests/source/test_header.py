"""A header says what rasterio says, and the pixels are where it says: at first sight, and again."""

from __future__ import annotations

import struct
from itertools import count
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.control import GroundControlPoint
from rasterio.shutil import copy

from catalog.source.header import HeaderReader, header_from_rasterio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from catalog.model import RasterHeader

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

DTYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]
DTYPES += ["float32", "float64", "complex64", "complex128"]
PLAIN_DTYPES = DTYPES[:-2]
UTM = [f"EPSG:{base + zone}" for base in (32600, 32700) for zone in (1, 9, 10, 31, 60)]
OTHER_CRS = [
    None,
    "EPSG:4326",
    "EPSG:3857",
    "EPSG:32661",
    "EPSG:23031",
    "EPSG:26917",
    "EPSG:32631+5773",
    "+proj=utm +zone=31 +datum=WGS84 +units=us-ft",
    "+proj=laea +lat_0=52.5 +lon_0=10.25 +datum=WGS84",
]
NORTH_UP = rasterio.Affine(10, 0, 374_132.3389928384, 0, -10, 8_118_022.836060452)
NUMBERS = count()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("headers")


def write_tiff(folder: Path, options: dict[str, Any]) -> Path:
    """A small GeoTIFF of random pixels, by GDAL.

    Beside rasterio's options, `gcps`, `point`, `names` and `sparse` say what else is in it.
    """
    path = folder / f"{next(NUMBERS)}.tif"
    profile = {"width": 20, "height": 18, "count": 1, "dtype": "uint8"} | options
    extras = {name: profile.pop(name, None) for name in ("gcps", "point", "names", "sparse")}
    with rasterio.open(path, "w", "GTiff", **profile) as dataset:
        if extras["point"]:
            dataset.update_tags(AREA_OR_POINT="Point")
        if extras["gcps"]:
            dataset.gcps = extras["gcps"], rasterio.CRS.from_epsg(32631)
        if extras["names"]:
            dataset.descriptions = [f"band {number}" for number in dataset.indexes]
        if not extras["sparse"]:
            high = 2 ** profile.get("NBITS", 7)
            shape = (profile["count"], profile["height"], profile["width"])
            pixels = np.random.default_rng(0).integers(0, high, shape)
            dataset.write(pixels.astype(profile["dtype"]))
    return path


def said(header: RasterHeader) -> tuple[Any, ...]:
    grid = header.grid
    return grid.crs, grid.shape, grid.transform, header.bands, header.dtype


def said_by_rasterio(path: Path) -> tuple[Any, ...]:
    """The oracle: CRS, shape, transform, bands, data type."""
    with rasterio.open(path) as source:
        authority = source.crs.to_authority(confidence_threshold=100) if source.crs else None
        crs = ":".join(authority) if authority else None
        (dtype,) = set(source.dtypes)
        return crs, source.shape, tuple(source.transform)[:6], source.count, dtype


def pixels_at(content: bytes, header: RasterHeader) -> NDArray[Any]:
    """The pixels where our reader says that they are: bands, rows, columns."""
    kind = np.dtype(header.dtype).newbyteorder("<")
    pixels = np.frombuffer(content, kind, offset=header.data_offset)
    return np.moveaxis(pixels.reshape(*header.grid.shape, header.bands), -1, 0)


def check(path: Path, reader: HeaderReader | None = None) -> RasterHeader:
    """What our reader says is what rasterio says, and the pixels are where it says."""
    content = path.read_bytes()
    header = (reader or HeaderReader()).read(content)
    assert said(header) == said_by_rasterio(path)
    if header.data_offset is not None:
        with rasterio.open(path) as dataset:
            np.testing.assert_array_equal(pixels_at(content, header), dataset.read())
    return header


def check_moved(path: Path, reader: HeaderReader, x: float, y: float) -> None:
    """The same file with another corner and other pixels is recognised, and read as it is."""
    content = bytearray(path.read_bytes())
    offset = reader.read(bytes(content)).data_offset
    with rasterio.open(path) as dataset:
        corner = struct.pack("<2d", dataset.transform.c, dataset.transform.f)
    start = content.index(corner)
    content[start : start + 16] = struct.pack("<2d", x, y)
    content[offset:] = content[offset:][::-1]
    moved = path.with_name("moved.tif")
    moved.write_bytes(content)
    assert reader.known(content[:offset], len(content)) is not None
    assert check(moved, reader).grid.transform[2::3] == (x, y)


TRANSFORMS = st.one_of(
    st.builds(
        rasterio.Affine,
        st.sampled_from([10.0, 0.3, 1e-4, -10.0]),
        st.just(0.0),
        st.floats(-4.9e5, 1.4e6),
        st.just(0.0),
        st.sampled_from([-10.0, -0.7, -1e-4, 10.0]),
        st.floats(1e3, 9.9e6),
    ),
    st.just(rasterio.Affine(8.66, -5, 5e5, -5, -8.66, 4e6)),
)
GCPS = [
    GroundControlPoint(row, column, 5e5 + column, 4e6 - row) for row in (0, 9) for column in (0, 9)
]


def either(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


OPTIONS = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(DTYPES),
        "count": st.integers(1, 13),
        "width": st.integers(1, 40),
        "height": st.integers(1, 40),
        "crs": st.sampled_from(UTM + OTHER_CRS),
        "interleave": either("pixel", "band"),
        "ENDIANNESS": either("LITTLE", "BIG"),
        "BIGTIFF": either("NO", "YES"),
        "GEOTIFF_VERSION": either("1.0", "1.1"),
        "compress": either("none", "lzw", "deflate", "packbits", "zstd"),
    },
    optional={
        "transform": TRANSFORMS,
        "gcps": st.just(GCPS),
        "tiled": st.just(True),
        "blockysize": st.integers(1, 40),
        "predictor": either(1, 2, 3),
        "nodata": either(0, 17),
        "NBITS": either(1, 12),
        "photometric": either("MINISBLACK", "MINISWHITE", "RGB"),
        "alpha": either("YES", "NO"),
        "point": st.just(True),
        "names": st.just(True),
        "sparse": st.just(True),
    },
)


def possible(options: dict[str, Any]) -> dict[str, Any]:
    """The options without those that GDAL would refuse beside the others."""
    dtype, kind = options["dtype"], np.dtype(options["dtype"]).kind
    small = {"uint8": 1, "uint16": 12}.get(dtype)
    predictors = {"f": {1, 3}, "c": set()}.get(kind, {1, 2})
    refused = {
        "gcps": "transform" in options,
        "predictor": options["compress"] in {"none", "packbits"}
        or options.get("predictor") not in predictors
        or "NBITS" in options,
        "NBITS": options.get("NBITS") != small,
        "photometric": options["count"] < 3 or small is None,
        "alpha": "photometric" not in options,
    }
    kept = {name: value for name, value in options.items() if not refused.get(name)}
    if "tiled" in kept:
        kept |= {"blockxsize": 16, "blockysize": 32}
    return kept | ({"crs": None} if "gcps" in kept else {})


@settings(max_examples=200, deadline=None)
@given(OPTIONS.map(possible))
def test_whatever_gdal_writes_is_read_as_rasterio_reads_it(
    folder: Path, options: dict[str, Any]
) -> None:
    check(write_tiff(folder, options))


@pytest.mark.parametrize("dtype", PLAIN_DTYPES)
@pytest.mark.parametrize("bands", [1, 3, 13])
@pytest.mark.parametrize("big", ["NO", "YES"], ids=["classic", "BigTIFF"])
def test_pixels_of_the_plain_layout_are_found(
    folder: Path, dtype: str, bands: int, big: str
) -> None:
    options = {"dtype": dtype, "count": bands, "BIGTIFF": big, "interleave": "pixel"}
    path = write_tiff(folder, options | {"crs": UTM[0], "transform": NORTH_UP})
    assert check(path).data_offset is not None


@pytest.mark.parametrize("crs", UTM)
def test_a_file_of_any_zone_is_recognised_in_another_place(folder: Path, crs: str) -> None:
    path = write_tiff(folder, {"crs": crs, "transform": NORTH_UP, "count": 3, "dtype": "uint16"})
    reader = HeaderReader()
    check(path, reader)
    check_moved(path, reader, 500_000.25, 4_000_000.75)


@settings(max_examples=50, deadline=None)
@given(st.floats(-490_000, 1_490_000).filter(bool), st.floats(1_000, 9_990_000))
def test_a_corner_is_read_to_the_last_bit(folder: Path, x: float, y: float) -> None:
    path = write_tiff(folder, GEO | {"count": 2, "dtype": "float32", "interleave": "pixel"})
    reader = HeaderReader()
    check(path, reader)
    check_moved(path, reader, x, y)


GEO = {"crs": UTM[0], "transform": NORTH_UP}
UNUSUAL: dict[str, dict[str, Any]] = {
    "nothing but pixels": {},
    "a transform and no CRS": {"transform": NORTH_UP},
    "a CRS and no transform": {"crs": UTM[0]},
    "control points": {"gcps": GCPS},
    "CIELAB colours": GEO | {"photometric": "CIELAB", "count": 3},
    "CMYK colours": GEO | {"photometric": "CMYK", "count": 4},
    "a palette": GEO | {"photometric": "PALETTE"},
    "JPEG colours": GEO | {"photometric": "YCBCR", "compress": "jpeg", "count": 3},
    "keys of ESRI": GEO | {"GEOTIFF_KEYS_FLAVOR": "ESRI_PE"},
    "half floats": GEO | {"dtype": "float32", "NBITS": 16},
}


@pytest.mark.parametrize("options", UNUSUAL.values(), ids=UNUSUAL)
def test_an_unusual_file_is_read_as_rasterio_reads_it(
    folder: Path, options: dict[str, Any]
) -> None:
    check(write_tiff(folder, options | {"interleave": "pixel"}))


def test_a_cloud_optimised_file_is_read_as_rasterio_reads_it(folder: Path) -> None:
    path = write_tiff(folder, GEO | {"width": 600, "height": 600})
    copied = folder / "cog.tif"
    copy(path, copied, driver="COG", BLOCKSIZE=128)
    assert check(copied).grid == check(path).grid


def test_overviews_and_masks_behind_change_nothing(folder: Path) -> None:
    path = write_tiff(folder, GEO | {"width": 64, "height": 64})
    before = check(path)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2, 4])
        dataset.write_mask(np.eye(64, dtype=bool))
    assert said(check(path)) == said(before)


PAM = "<PAMDataset>{}</PAMDataset>"
BESIDE = {
    "another place": (
        ".tif.aux.xml",
        PAM.format("<SRS>EPSG:32633</SRS><GeoTransform>1, 2, 0, 3, 0, -2</GeoTransform>"),
    ),
    "a name of a band": (
        ".tif.aux.xml",
        PAM.format('<PAMRasterBand band="1"><Description>VV</Description></PAMRasterBand>'),
    ),
    "a world file": (".tfw", "2\n0\n0\n-2\n500000\n4000000\n"),
    "an overview": (".tif.ovr", "no TIFF"),
    "a mask": (".tif.msk", "no TIFF"),
}


@pytest.mark.parametrize(("ending", "text"), BESIDE.values(), ids=BESIDE)
@pytest.mark.parametrize("options", [GEO, {}, {"crs": UTM[0]}], ids=["placed", "bare", "CRS alone"])
def test_files_beside_it_change_nothing(
    tmp_path: Path, options: dict[str, Any], ending: str, text: str
) -> None:
    path = write_tiff(tmp_path, options | {"tiled": True, "blockxsize": 16, "blockysize": 16})
    before = said_by_rasterio(path)
    path.with_name(path.stem + ending).write_text(text, encoding="utf-8")
    assert said(HeaderReader().read(path.read_bytes())) == before
    assert said(header_from_rasterio(str(path))) == before


def test_a_directory_that_comes_again_is_read_once(folder: Path) -> None:
    content = bytearray(write_tiff(folder, GEO).read_bytes())
    (entries,) = struct.unpack_from("<H", content, 8)
    struct.pack_into("<I", content, 10 + 12 * entries, 8)
    path = folder / "loop.tif"
    path.write_bytes(content)
    check(path)


def test_a_real_file_is_read_as_rasterio_reads_it(real: Path, tmp_path: Path) -> None:
    paths = sorted(real.rglob("*.tif"))
    assert {path.name.split("_")[2] for path in paths} == {"s1", "s2", "lc"}
    for path in paths:
        reader = HeaderReader()
        assert check(path, reader).data_offset is not None
        check_moved(Path(copyfile(path, tmp_path / path.name)), reader, 500_000.25, 4_000_000.75)
