"""The same work by local processes and by the workers of a Dask cluster on the same machine."""

from __future__ import annotations

import shutil
from functools import partial
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest
from replica import some_scenes, write_replica

from catalog import index

distributed = pytest.importorskip("distributed", reason="distributed is an optional extra")

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Bench

pytestmark = pytest.mark.bench

WORKERS = 2
RUNS = 3


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of Dask's workers
def test_cluster_beside_processes(bench: Bench, tmp_path: Path) -> None:
    root, out = tmp_path / "SEN12MS", tmp_path / "catalog"
    *_, files = write_replica(root, some_scenes(0.03))
    with distributed.LocalCluster(
        n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=":0"
    ) as cluster:
        contestants: dict[str, Callable[..., Any]] = {
            f"{WORKERS} local processes": partial(index, root, workers=WORKERS),
            f"a Dask cluster of {WORKERS} workers": partial(
                index, root, cluster=cluster.scheduler_address
            ),
        }
        times: dict[str, list[float]] = {name: [] for name in contestants}
        for number in range(RUNS + 1):
            for name, contestant in contestants.items():
                start = perf_counter()
                assert contestant(into=out).files == files
                if number:  # the first run warms up: workers import the package
                    times[name].append(perf_counter() - start)
                for made in tmp_path.glob("catalog*"):
                    shutil.rmtree(made) if made.is_dir() else made.unlink()
    seconds = {name: median(taken) for name, taken in times.items()}
    ours = next(iter(seconds.values()))
    bench.table(
        f"An index of {files:,} files, by processes and by a cluster on one machine",
        ["what", "seconds", "ratio"],
        [[name, f"{taken:.1f}", f"{taken / ours:.2f}"] for name, taken in seconds.items()],
    )
