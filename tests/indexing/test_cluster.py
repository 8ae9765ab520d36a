"""A Dask cluster makes the same catalog as processes, and what is wrong with it is told."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from trees import Killing, contents_of

from catalog import index
from catalog.errors import MissingExtraError, OutputError

distributed = pytest.importorskip("distributed", reason="distributed is an optional extra")

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Packed, Small


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two workers, each a process with one thread."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    ) as cluster:
        yield cluster


def test_catalog_is_the_same_as_from_processes(cluster: Any, small: Small, tmp_path: Path) -> None:
    index(small.root, into=tmp_path / "catalog", cluster=cluster.scheduler_address)
    assert contents_of(tmp_path / "catalog") == contents_of(small.out)


def test_catalog_of_archives_is_the_same(cluster: Any, packed: Packed, tmp_path: Path) -> None:
    index(*packed.archives, into=tmp_path / "catalog", cluster=cluster.scheduler_address)
    assert contents_of(tmp_path / "catalog") == contents_of(packed.out)


def test_worker_that_is_killed_changes_nothing(cluster: Any, small: Small, tmp_path: Path) -> None:
    with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
        processes = list(client.run(os.getpid).values())
    kill = Killing(processes[0])
    index(small.root, into=tmp_path / "catalog", cluster=cluster.scheduler_address, progress=kill)
    assert kill.done
    assert contents_of(tmp_path / "catalog") == contents_of(small.out)


@pytest.mark.parametrize("when", ["read", "write"])
def test_an_interrupted_run_leaves_nothing_that_runs_on(
    cluster: Any, small: Small, tmp_path: Path, when: str
) -> None:
    def interrupt(phase: str, done: int, total: int, rejected: int) -> None:
        if phase == when:
            raise KeyboardInterrupt

    address = cluster.scheduler_address
    with pytest.raises(KeyboardInterrupt):
        index(small.root, into=tmp_path / "catalog", cluster=address, progress=interrupt)
    with distributed.Client(address, set_as_default=False) as client:
        running = client.run(lambda dask_worker: len(dask_worker.state.executing))
        assert not any(running.values())
    index(small.root, into=tmp_path / "catalog", cluster=address)
    assert contents_of(tmp_path / "catalog") == contents_of(small.out)


def test_other_version_is_told(cluster: Any, small: Small, tmp_path: Path) -> None:
    metadata = tmp_path / "site" / "duckdb-0.0.1.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: duckdb\nVersion: 0.0.1\n")
    with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=10)
        # A lambda travels whole; a method of sys.path would take a copy of the list along.
        client.run(lambda folder: __import__("sys").path.insert(0, folder), str(tmp_path / "site"))
        with pytest.raises(OutputError, match=r"has duckdb 0\.0\.1, and this machine .* install"):
            index(small.root, into=tmp_path / "catalog", cluster=cluster.scheduler_address)
        client.run(lambda folder: __import__("sys").path.remove(folder), str(tmp_path / "site"))  # noqa: PLW0108 - travels whole
    assert not (tmp_path / "catalog").exists()


def test_cluster_without_workers_is_told(small: Small, tmp_path: Path) -> None:
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0") as empty,
        pytest.raises(OutputError, match="has no workers: start some"),
    ):
        index(small.root, into=tmp_path / "catalog", cluster=empty.scheduler_address)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "tls://127.0.0.1:1", ""])
def test_scheduler_that_does_not_answer_is_told(small: Small, tmp_path: Path, address: str) -> None:
    with pytest.raises(OutputError, match=r"no Dask scheduler answers at .* start one"):
        index(small.root, into=tmp_path / "catalog", cluster=address)


def test_workers_and_cluster_exclude_each_other(small: Small, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="name workers or a cluster, not both"):
        index(small.root, into=tmp_path / "catalog", cluster="tcp://x:1", workers=2)


def test_dask_that_is_not_installed_is_told(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'sen12ms-catalog\[cluster\]'"):
        index(small.root, into=tmp_path / "catalog", cluster="tcp://127.0.0.1:1")


def test_nothing_of_dask_is_imported_without_a_cluster(small: Small, tmp_path: Path) -> None:
    script = (
        "import sys; from catalog import index; index(sys.argv[1], into=sys.argv[2]); "
        "print({'dask', 'distributed'} & sys.modules.keys())"
    )
    command = [sys.executable, "-c", script, str(small.root), str(tmp_path / "catalog")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
