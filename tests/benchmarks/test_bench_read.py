"""Reading headers, counting land cover, writing items, beside the tools used for that."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pystac
import pytest
import rasterio
import rio_stac
import stac_geoparquet.arrow
import tifffile
from replica import some_scenes, write_replica

from catalog.datasets import SEN12MS
from catalog.indexing.scenes import gazetteer
from catalog.source.header import HeaderReader
from catalog.source.hrefs import Hrefs
from catalog.source.landcover import CodeCounter
from catalog.source.scene import SceneReader
from catalog.source.tree import list_trees
from catalog.stac.item import items_from_rows
from catalog.stac.scene_columns import Context, columns_from_scene
from catalog.store.columns import rows_from_table, schema, table_from_columns
from catalog.store.geoparquet import write_items
from catalog.store.static import encoded_item, write_item_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa
    from conftest import Bench

    from catalog.model import SceneKey
    from catalog.source.tree import SceneFiles

MEMORY = Path("/dev/shm")

pytestmark = pytest.mark.bench


@pytest.fixture(scope="module")
def headers(tmp_path_factory: pytest.TempPathFactory) -> list[SceneFiles]:
    """Five scenes all over the world, s1 and s2: header and hole."""
    root = tmp_path_factory.mktemp("headers")
    assert sum(write_replica(root, some_scenes(0.02)))
    for folder in root.glob("*/lc_*"):
        shutil.rmtree(folder)
    return list(list_trees([root], SEN12MS).scenes.values())


@pytest.fixture(scope="module")
def landcover(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The land-cover files of one scene, with pixels."""
    root = tmp_path_factory.mktemp("landcover")
    assert sum(write_replica(root, some_scenes(0.004), sparse=("s1", "s2")))
    return sorted(str(path) for path in root.glob("*/lc_*/*.tif"))


def test_headers_to_rows(  # noqa: C901 - contestants
    headers: list[SceneFiles], bench: Bench
) -> None:
    paths = [
        path
        for files in headers
        for sensor in SEN12MS.sensors
        for path in files.of_sensor(SEN12MS, sensor).paths
    ]
    context = Context(SEN12MS, gazetteer(), {})

    def ours() -> None:
        reader = SceneReader(SEN12MS)
        for files in headers:
            table_from_columns(SEN12MS, columns_from_scene(reader.read(files, Hrefs(())), context))

    def raw() -> None:
        for path in paths:
            descriptor = os.open(path, os.O_RDONLY)
            os.pread(descriptor, 4096, 0)
            os.close(descriptor)

    few = paths[::20]

    def open_with_rasterio() -> None:
        for path in few:
            with rasterio.open(path) as source:
                _ = source.crs, source.transform, source.shape

    def open_with_tifffile() -> None:
        for path in few:
            with tifffile.TiffFile(path) as source:
                _ = source.pages[0].tags

    def items_with_rio_stac() -> None:
        for path in few:
            rio_stac.create_stac_item(path)

    def index_with_gdal() -> None:
        index = Path(paths[0]).parents[2] / "index.gpkg"
        index.unlink(missing_ok=True)
        command = ["gdaltindex", "-f", "GPKG", "-t_srs", "EPSG:4326", str(index), *few]
        subprocess.run(command, check=True, capture_output=True)

    slow = {
        "rasterio.open": open_with_rasterio,
        "tifffile": open_with_tifffile,
        "rio-stac": items_with_rio_stac,
    }
    if shutil.which("gdaltindex"):
        slow["gdaltindex"] = index_with_gdal
    medians = bench.compare(
        "Headers to rows",
        {"sen12ms-catalog: headers to rows": ours, "open, read 4 KiB, close": raw} | slow,
        units=len(paths),
        unit="file",
        fewer=dict.fromkeys(slow, len(few)),
    )
    ours_, raw_, rasterio_ = list(medians.values())[:3]
    bench.bar("rasterio.open loop", rasterio_ / ours_, "at least 25", held=rasterio_ / ours_ >= 25)
    bench.bar("raw reads", ours_ / raw_, "at most 5.5", held=ours_ / raw_ <= 5.5)


def test_landcover_counts(landcover: list[str], bench: Bench) -> None:  # noqa: C901 - contestants
    header = HeaderReader().read(Path(landcover[0]).read_bytes())

    def read(path: str) -> bytes:
        descriptor = os.open(path, os.O_RDONLY)
        data = os.read(descriptor, 1 << 20)
        os.close(descriptor)
        return data

    def ours() -> None:
        counter = CodeCounter(SEN12MS.patch_pixels, 4)
        for path in landcover:
            counter.add(read(path), header.data_offset or 0)
        counter.counts()

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
    bench.bar("reading the same bytes", ours_ / raw_, "at most 3", held=ours_ / raw_ <= 3)


@pytest.fixture(params=["on disk", "in memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A folder on the disk, whose own time is the same for all, and one without a disk's time."""
    if request.param == "on disk":
        os.sync()  # what the disk has left to do of earlier benches would be counted
        yield request.param, tmp_path
    elif MEMORY.is_dir():
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
            yield request.param, Path(folder)
    else:
        pytest.skip(f"there is no {MEMORY}")


def items_of(scene: SceneKey, table: pa.Table) -> Iterator[dict[str, Any]]:
    """The items of the rows of a scene, which name no alternate assets."""
    return items_from_rows(SEN12MS, scene, rows_from_table(table), Hrefs(()).of_alternate)


def test_static_items(headers: list[SceneFiles], place: tuple[str, Path], bench: Bench) -> None:
    where, folder = place
    scene = SceneReader(SEN12MS).read(headers[0], Hrefs(()))
    table = table_from_columns(
        SEN12MS, columns_from_scene(scene, Context(SEN12MS, gazetteer(), {}))
    )
    items = list(items_of(scene.key, table))
    objects = _objects(items)
    folders = (folder / str(number) for number in count())

    def save_with_pystac(objects: list[pystac.Item]) -> None:
        catalog = pystac.Catalog("scene", "A scene")
        catalog.add_items(objects)
        catalog.normalize_and_save(str(next(folders)), pystac.CatalogType.SELF_CONTAINED)

    def rows_with_pystac() -> None:
        save_with_pystac(_objects(items_of(scene.key, table)))

    def rows_to_files() -> None:
        write_item_files(next(folders), items_of(scene.key, table))

    medians = bench.compare(
        f"Static items, {where}",
        {
            "sen12ms-catalog: save items": lambda: write_item_files(next(folders), items),
            "pystac: save items": lambda: save_with_pystac(objects),
            "sen12ms-catalog: table to items to files": rows_to_files,
            "pystac: table to items to files": rows_with_pystac,
        },
        units=len(items),
        unit="item",
        rounds=11,
    )
    ours, theirs, ours_from_table, theirs_from_table = medians.values()
    for what, ratio in (
        ("save", theirs / ours),
        ("table to files", theirs_from_table / ours_from_table),
    ):
        bench.bar(f"pystac, {what}, {where}", ratio, "at least 10", held=ratio >= 10)


def test_items_to_parquet(headers: list[SceneFiles], tmp_path: Path, bench: Bench) -> None:
    context = Context(SEN12MS, gazetteer(), {})
    scene = SceneReader(SEN12MS).read(headers[0], Hrefs(()))
    table = table_from_columns(SEN12MS, columns_from_scene(scene, context))
    items = [json.loads(encoded_item(item)) for item in items_of(scene.key, table)]

    def ours() -> None:
        table = table_from_columns(SEN12MS, columns_from_scene(scene, context))
        write_items(
            tmp_path / "ours.parquet",
            schema(SEN12MS),
            [table],
            {"id": "sen12ms", "type": "Collection"},
        )

    def with_stac_geoparquet() -> None:
        batches = stac_geoparquet.arrow.parse_stac_items_to_arrow(items)
        stac_geoparquet.arrow.to_parquet(batches, tmp_path / "theirs.parquet")

    bench.compare(
        "Items to GeoParquet",
        {
            "sen12ms-catalog: scene to items.parquet": ours,
            "stac-geoparquet: items to Parquet": with_stac_geoparquet,
        },
        units=len(items),
        unit="item",
    )


def _objects(items: Iterable[dict[str, Any]]) -> list[pystac.Item]:
    """The items as pystac likes them, without links."""
    objects = [
        pystac.Item.from_dict(item | {"properties": _plain(item["properties"])}) for item in items
    ]
    for item in objects:
        item.clear_links()
    return objects


def _plain(properties: dict[str, object]) -> dict[str, object]:
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in properties.items()
    }
