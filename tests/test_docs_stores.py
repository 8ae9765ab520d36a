"""The pages on object stores and clusters run as they stand, on moto's server and a local cluster.

Names that stand for machines are replaced: the scheduler's host, and the folder `/data`. A cluster
has fewer workers here. All that is not run is `pip install`.
"""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sysconfig
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from pages import blocks, run_in_python, run_in_shell

from catalog.cli.demo import SCENES
from catalog.source.synthetic import write_scene

distributed = pytest.importorskip("distributed", reason="pip install 'sen12ms-catalog[cluster]'")
pytest.importorskip("obstore", reason="pip install 'sen12ms-catalog[cloud]'")
pytest.importorskip("moto", reason="it is the store of these tests")
pytest.importorskip("duckdb_extension_httpfs", reason="pip install 'sen12ms-catalog[remote]'")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stores import S3

pytestmark = pytest.mark.slow

BUCKET = "my-bucket"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three patches of each scene of the demo, with Sentinel files that hold no pixels."""
    root = tmp_path_factory.mktemp("pages") / "SEN12MS"
    for scene in SCENES:
        assert [*write_scene(root, replace(scene, patches=scene.patches[:3]), sparse=("s1", "s2"))]
    return root


@pytest.fixture
def place(s3: S3, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in, and the dataset in the bucket that the pages name."""
    s3.client.create_bucket(Bucket=BUCKET)
    s3.upload(dataset, "SEN12MS", BUCKET)
    monkeypatch.chdir(tmp_path)
    scripts = sysconfig.get_path("scripts")
    monkeypatch.setenv("PATH", f"{scripts}{os.pathsep}{os.environ['PATH']}")
    for _ in s3.reached(monkeypatch):
        yield tmp_path


@contextmanager
def started(commands: list[str], address: str, workers: int) -> Iterator[None]:
    """A cluster that these commands start, while the block runs."""
    running = [subprocess.Popen(shlex.split(command)) for command in commands]
    try:
        with distributed.Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
        yield
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.wait(30)


def test_the_page_on_object_stores_runs(place: Path) -> None:
    (place / "a.tif").write_bytes(b"six of")
    names: dict[str, object] = {"__name__": "page"}
    for language, block in blocks("docs/how-to/object-stores.md"):
        if language == "python":
            run_in_python(block, names)
        else:
            printed = run_in_shell(block)
            assert printed or "sen12ms select" not in block
    assert len([*(place / "italy").rglob("*.tif")]) == 9
    assert (place / "files.txt").read_text() == "a.tif\t6\n"


def test_the_page_on_clusters_runs(place: Path, dataset: Path) -> None:
    (place / "data").mkdir()
    (place / "data" / "SEN12MS").symlink_to(dataset)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    text = "".join(block for _, block in blocks("docs/how-to/cluster.md"))
    for name, here in {
        "tcp://scheduler:8786": address,
        "dask scheduler": f"dask scheduler --host 127.0.0.1 --port {port} --no-dashboard",
        "--nworkers 8": "--nworkers 2 --no-dashboard",
        "/data/": f"{place}/data/",
    }.items():
        assert name in text
        text = text.replace(name, here)
    lines = text.splitlines()
    cluster = [line for line in lines if line.startswith("dask ")]
    with started(cluster, address, 2):
        run_in_shell("\n".join(line for line in lines if line not in cluster))
    for folder in ("data/catalog", "sen12ms-catalog"):
        assert len(pq.read_table(place / folder / "items.parquet", columns=["id"])) == 36
