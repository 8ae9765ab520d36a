"""Indexing archives beside unpacking them; taking a share beside `tar xzf`."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow.parquet as pq
import pytest
from replica import some_scenes, write_replica

from catalog import Catalog, index
from catalog.datasets import SEN12MS
from catalog.source.synthetic import write_scene
from catalog.source.tar import ArchiveReader
from catalog.store.archive_journal import pack_members

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Bench

PATCHES = 300
"""Of one scene, with pixels."""
SENSORS = ("s1", "s2", "lc")
LEAST_RATIO = {"s1": 10, "s2": 10, "lc": 5}
"""Of `tar xzf` to `extract`: this archive of lc is unpacked in a third of a second."""
MEMORY = """
import re, sys
from pathlib import Path
from catalog.datasets import SEN12MS
from catalog.source.tar import ArchiveReader
from catalog.store.archive_journal import pack_members
import catalog.indexing.indexer
reader = ArchiveReader(sys.argv[1], SEN12MS)
pack_members(reader.read(Path(sys.argv[2])))
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(int(peak[1]) / 1024)
"""

pytestmark = pytest.mark.bench


class Shipped(NamedTuple):
    """Archives of one scene, by sensor, and their catalog."""

    archives: dict[str, Path]
    out: Path


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    folder = tmp_path_factory.mktemp("shipped")
    (scene,) = some_scenes(0.004)
    few = type(scene)(
        scene.season, scene.scene, scene.epsg, scene.origin, scene.columns, scene.patches[:PATCHES]
    )
    archives = {sensor: folder / f"{sensor}.tar.gz" for sensor in SENSORS}
    for sensor, path in archives.items():
        with tarfile.open(path, "w:gz", compresslevel=6, format=tarfile.GNU_FORMAT) as archive:
            for file in write_scene(folder / "tree", few, sensors=(sensor,)):
                archive.add(file, file.relative_to(folder / "tree"))
                file.unlink()
    index(*archives.values(), into=folder / "catalog")
    return Shipped(archives, folder / "catalog")


def unpack(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("sensor", SENSORS)
def test_index_an_archive(shipped: Shipped, tmp_path: Path, bench: Bench, sensor: str) -> None:
    archive = str(shipped.archives[sensor])

    def ours() -> None:
        pack_members(ArchiveReader(archive, SEN12MS).read(tmp_path / "index.gzi"))

    contestants = {
        "sen12ms-catalog: members, cover, seek index": ours,
        "gzip -dc": lambda: unpack(["gzip", "-dc", archive]),
    }
    if shutil.which("igzip"):
        contestants["igzip -dc"] = lambda: unpack(["igzip", "-dc", archive])
    title = f"Index an archive of {sensor}"
    medians = bench.compare(title, contestants, units=PATCHES, unit="file")
    rival, limit = ("gzip -dc", 0.5) if sensor == "lc" else ("igzip -dc", 1.3)
    if rival not in medians:
        bench.lines.append("\nBar not measured: igzip is not installed; Debian's `isal` has it.")
        return
    ratio = next(iter(medians.values())) / medians[rival]
    bench.bar(f"{sensor}, ratio to {rival}", ratio, f"at most {limit}", held=ratio <= limit)


@pytest.mark.parametrize("sensor", SENSORS)
def test_take_one_percent(shipped: Shipped, tmp_path: Path, bench: Bench, sensor: str) -> None:
    archive, step = str(shipped.archives[sensor]), PATCHES // 3

    def ours() -> None:
        shutil.rmtree(tmp_path / "ours", ignore_errors=True)
        done = chosen.extract(sensor, to=tmp_path / "ours")
        assert (done.files, done.rejected) == (3, ())

    def with_tar() -> None:
        shutil.rmtree(tmp_path / "tar", ignore_errors=True)
        (tmp_path / "tar").mkdir()
        unpack(["tar", "xzf", archive, "-C", str(tmp_path / "tar")])

    with Catalog.open(shipped.out) as cat:
        ids = cat.select().ids[step // 2 :: step]
        chosen = cat.pick(ids)
        medians = list(
            bench.compare(
                f"Take 1 % of an archive of {sensor}",
                {"sen12ms extract": ours, "tar xzf": with_tar},
            ).values()
        )
    ratio = medians[1] / medians[0]
    least = LEAST_RATIO[sensor]
    bench.bar(f"tar xzf of {sensor}", ratio, f"at least {least}", held=ratio >= least)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells a process's peak in /proc")
def test_memory_and_size(shipped: Shipped, tmp_path: Path, bench: Bench) -> None:
    """What a worker takes, and the seek indexes of the whole dataset by extrapolation."""
    shares = {"s1": 95.0, "s2": 308.3, "lc": 47.5}  # GB unpacked, of all seasons
    rows, total = [], 0.0
    for sensor, archive in shipped.archives.items():
        seek_index = tmp_path / f"{sensor}.gzi"
        command = [sys.executable, "-c", MEMORY, str(archive), str(seek_index)]
        peak = float(subprocess.run(command, check=True, capture_output=True).stdout)
        with gzip.open(archive) as file:
            unpacked = file.seek(0, os.SEEK_END)
        whole = seek_index.stat().st_size / unpacked * shares[sensor] * 1e9 / 2**20
        total += whole
        rows.append([sensor, f"{peak:,.0f}", f"{whole:,.1f}"])
        bench.bar(f"memory of a worker on {sensor}, MiB", peak, "at most 300", held=peak <= 300)
    header = ["archive", "peak memory, MiB", "seek indexes of all seasons, MiB"]
    bench.table("Memory of a worker, and seek indexes", header, rows)
    bench.bar("seek indexes of twelve archives, MiB", total, "at most 1,024", held=total <= 1024)


def test_replica_of_thousands_of_patches_gives_the_rows_of_its_tree(tmp_path: Path) -> None:
    root = tmp_path / "SEN12MS"
    for _ in write_replica(root, some_scenes(0.02), sparse=("s1", "s2")):
        pass
    report = index(root, into=tmp_path / "tree")
    assert report.patches >= 3_000
    archives = []
    for season in sorted(root.iterdir()):
        for sensor in SENSORS:
            archives.append(tmp_path / f"{season.name}_{sensor}.tar.gz")
            with tarfile.open(archives[-1], "w:gz", compresslevel=1) as archive:
                for scene in sorted(season.glob(f"{sensor}_*")):
                    archive.add(scene, f"{season.name}/{scene.name}")
    assert index(*archives, into=tmp_path / "catalog").rejected == ()
    assert rows_of(tmp_path / "catalog") == rows_of(tmp_path / "tree")


def rows_of(out: Path) -> list[dict[str, Any]]:
    """Rows of the footprint table, hrefs by their file names."""
    rows: list[dict[str, Any]] = pq.read_table(out / "items.parquet").to_pylist()
    for row in rows:
        for asset in row["assets"].values():
            if asset is not None:
                asset["href"] = asset["href"].rpartition("/")[2]
    return rows
