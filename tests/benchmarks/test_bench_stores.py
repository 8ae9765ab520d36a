"""Headers in an object store whose requests take 30 ms each, beside GDAL's `/vsis3`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import pytest
import rasterio
from replica import some_scenes, write_replica

from catalog.datasets import SEN12MS
from catalog.model import gdal_name
from catalog.source.hrefs import Hrefs
from catalog.source.scene import SceneReader
from catalog.source.tree import list_trees

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conftest import Bench

pytestmark = pytest.mark.bench

ROOT = "s3://bucket/SEN12MS"
THREADS = 32
RUNS = 3
FEW = 200
"""Files that GDAL opens, which takes it long."""


@pytest.fixture
def slow_store(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Images of two scenes, header and hole, behind 30 ms per request."""
    folder = tmp_path_factory.mktemp("store")
    assert sum(write_replica(folder / "SEN12MS", some_scenes(0.006)))
    for landcover in (folder / "SEN12MS").glob("*/lc_*"):
        shutil.rmtree(landcover)
    program = [sys.executable, str(Path(__file__).with_name("slow_store.py")), str(folder), "30"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        port = server.stdout.readline().strip()
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_S3_ENDPOINT": f"127.0.0.1:{port}",
            "AWS_HTTPS": "NO",
            "AWS_VIRTUAL_HOSTING": "FALSE",
            "AWS_SKIP_SIGNATURE": "true",
            "AWS_NO_SIGN_REQUEST": "YES",
            "AWS_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        yield
        server.kill()


@pytest.mark.usefixtures("slow_store")
def test_headers_at_30_ms_a_request(bench: Bench) -> None:
    listing = list_trees([ROOT], SEN12MS)
    paths = [
        path
        for files in listing.scenes.values()
        for sensor in SEN12MS.sensors
        for path in files.of_sensor(SEN12MS, sensor).paths
    ]

    def ours() -> float:
        reader, start = SceneReader(SEN12MS), perf_counter()
        found = [reader.read(files, Hrefs((ROOT,))) for files in listing.scenes.values()]
        assert sum(scene.numbers.size for scene in found) * 2 == len(paths)
        return (perf_counter() - start) / len(paths)

    def gdal(number: int, **settings: str) -> float:
        some = paths[number * FEW : (number + 1) * FEW]
        start = perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            assert all(pool.map(partial(_crs_by_gdal, settings), some))
        return (perf_counter() - start) / len(some)

    times = [
        (ours(), gdal(2 * number), gdal(2 * number + 1, GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"))
        for number in range(RUNS)
    ]
    own, theirs, tuned = (min(column) for column in zip(*times, strict=True))
    bench.table(
        "Headers in an object store, 30 ms per request",
        ["what", "files a second", "ratio to ours"],
        [
            ["sen12ms-catalog: obstore, 128 in flight", f"{1 / own:,.0f}", "1.00"],
            [f"GDAL's /vsis3, {THREADS} threads", f"{1 / theirs:,.0f}", f"{theirs / own:.1f}"],
            ["the same, without a look beside the file", f"{1 / tuned:,.0f}", f"{tuned / own:.1f}"],
        ],
    )
    ratio = theirs / own
    bench.bar(f"GDAL's /vsis3 with {THREADS} threads", ratio, "at least 5", held=ratio >= 5)


def _crs_by_gdal(settings: Mapping[str, str], path: str) -> str:
    with rasterio.Env(**settings), rasterio.open(gdal_name(path)) as file:
        return str(file.crs)
