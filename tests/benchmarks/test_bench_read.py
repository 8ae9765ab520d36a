"""Reading headers, counting land cover, writing items, beside the tools used for that."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pystac
import pytest
import rasterio
import tifffile
from replica import TABLES, some_scenes, write_replica

from catalog.indexer import _gazetteer
from catalog.source.header import read_header
from catalog.source.hrefs import Hrefs
from catalog.source.landcover import counts_from_buffer
from catalog.source.scene import SceneReader
from catalog.source.tree import list_trees
from catalog.stac.item import Context, columns_from_scene, items_from_rows
from catalog.store.columns import table_from_columns
from catalog.store.static import write_item_files

if TYPE_CHECKING:
    from conftest import Bench

    from catalog.source.tree import SceneFiles

pytestmark = [
    pytest.mark.bench,
    pytest.mark.skipif(not TABLES.is_dir(), reason="the true tables are not in ../shared"),
]


@pytest.fixture(scope="module")
def headers(tmp_path_factory: pytest.TempPathFactory) -> SceneFiles:
    """One scene, s1 and s2: header and hole."""
    root = tmp_path_factory.mktemp("headers")
    scene = some_scenes(0.004)
    assert sum(write_replica(root, scene))
    shutil.rmtree(next(root.glob("*/lc_*")))
    return next(iter(list_trees([root]).scenes.values()))


@pytest.fixture(scope="module")
def landcover(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The land-cover files of one scene, with pixels."""
    root = tmp_path_factory.mktemp("landcover")
    assert sum(write_replica(root, some_scenes(0.004), sparse=("s1", "s2")))
    return sorted(str(path) for path in root.glob("*/lc_*/*.tif"))


def test_headers_to_rows(headers: SceneFiles, bench: Bench) -> None:  # noqa: C901 - contestants
    files = list(headers)
    paths = [file.path for file in files]
    context = Context(_gazetteer(), {})

    def ours() -> None:
        scene = SceneReader().read(headers.key, headers, Hrefs(()))
        table_from_columns(columns_from_scene(scene, context))

    def raw() -> None:
        for path in paths:
            descriptor = os.open(path, os.O_RDONLY)
            os.pread(descriptor, 4096, 0)
            os.close(descriptor)

    def open_with_rasterio() -> None:
        for path in paths:
            with rasterio.open(path) as source:
                _ = source.crs, source.transform, source.shape

    def open_with_tifffile() -> None:
        for path in paths:
            with tifffile.TiffFile(path) as source:
                _ = source.pages[0].tags

    contestants = {
        "sen12ms-catalog: headers to rows": ours,
        "open, read 4 KiB, close": raw,
        "rasterio.open": open_with_rasterio,
        "tifffile": open_with_tifffile,
    }
    if shutil.which("gdaltindex"):
        target = Path(paths[0]).parents[2] / "index.gpkg"

        def index_with_gdal() -> None:
            target.unlink(missing_ok=True)
            subprocess.run(
                ["gdaltindex", "-q", str(target), *paths], check=True, capture_output=True
            )

        contestants["gdaltindex"] = index_with_gdal
    medians = bench.compare("Headers to rows", contestants, units=len(paths), unit="file")
    ours_, raw_, rasterio_ = list(medians.values())[:3]
    bench.bar("rasterio.open loop", rasterio_ / ours_, "at least 25", held=rasterio_ / ours_ >= 25)
    bench.bar("raw reads", ours_ / raw_, "at most 4", held=ours_ / raw_ <= 4)


def test_landcover_counts(landcover: list[str], bench: Bench) -> None:  # noqa: C901 - contestants
    header = read_header(landcover[0])

    def read(path: str) -> bytes:
        descriptor = os.open(path, os.O_RDONLY)
        data = os.read(descriptor, 1 << 20)
        os.close(descriptor)
        return data

    def ours() -> None:
        for path in landcover:
            counts_from_buffer(read(path), header)

    def raw() -> None:
        for path in landcover:
            read(path)

    def with_bincount() -> None:
        for path in landcover:
            pixels = np.frombuffer(read(path), np.uint8, offset=header.data_offset or 0)
            for band in pixels.reshape(-1, 4).T:
                np.bincount(band, minlength=256)

    medians = bench.compare(
        "Land-cover counts",
        {
            "sen12ms-catalog: read and count": ours,
            "read the same bytes": raw,
            "read and np.bincount": with_bincount,
        },
        units=len(landcover),
        unit="file",
    )
    ours_, raw_, _ = medians.values()
    bench.bar("reading the same bytes", ours_ / raw_, "at most 1.6", held=ours_ / raw_ <= 1.6)


def test_static_items(headers: SceneFiles, tmp_path: Path, bench: Bench) -> None:
    scene = SceneReader().read(headers.key, headers, Hrefs(()))
    table = table_from_columns(columns_from_scene(scene, Context(_gazetteer(), {})))
    items = [
        pystac.Item.from_dict(item | {"properties": _plain(item["properties"])})
        for item in items_from_rows(table.to_pylist(), headers.key)
    ]
    for item in items:
        item.clear_links()

    def ours() -> None:
        write_item_files(tmp_path / "ours", items_from_rows(table.to_pylist(), headers.key))

    def with_pystac() -> None:
        catalog = pystac.Catalog("scene", "A scene")
        catalog.add_items(items)
        catalog.normalize_and_save(str(tmp_path / "pystac"), pystac.CatalogType.SELF_CONTAINED)

    medians = bench.compare(
        "Static items",
        {"sen12ms-catalog: rows to files": ours, "pystac: items to files": with_pystac},
        units=len(items),
        unit="item",
    )
    ours_, pystac_ = medians.values()
    bench.bar("pystac's save", pystac_ / ours_, "at least 10", held=pystac_ / ours_ >= 10)


def _plain(properties: dict[str, object]) -> dict[str, object]:
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in properties.items()
    }
