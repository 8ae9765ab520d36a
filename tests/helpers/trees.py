"""A dataset that a test may change, and what its catalog holds."""

from __future__ import annotations

import json
import os
import shutil
import signal
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet as pq

from catalog import Report, index

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conftest import Small

Row = dict[str, Any]

SPRING = "ROIs1158_spring"
PATCHES = (30, 31, 32, 59, 60, 61, 88, 89, 90)
"""Of the scene in spring."""


def rows_of(out: Path) -> dict[str, Row]:
    """Rows of the footprint table, by id."""
    return {row["id"]: row for row in pq.read_table(out / "items.parquet").to_pylist()}


def database_of(out: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that `catalog.duckdb` answers, in its order.

    Its bytes differ from run to run, whatever the settings: DuckDB leaves the gaps between the
    segments of a block as it finds them in memory.
    """
    with duckdb.connect() as connection:
        database = out / "catalog.duckdb"
        connection.execute(f"ATTACH '{database}' AS made (READ_ONLY)")
        names = connection.execute(
            "SELECT 'table ' || table_name, sql FROM duckdb_tables() WHERE database_name = 'made' "
            "UNION ALL SELECT 'macro ' || function_name, macro_definition FROM duckdb_functions() "
            "WHERE database_name = 'made' AND NOT internal ORDER BY ALL"
        ).fetchall()
        tables = ("patches", "scenes", "landcover_classes")
        rows = {name: connection.execute(f"FROM made.{name}").fetchall() for name in tables}
        regions = connection.execute("SELECT hash(regions) FROM made.regions").fetchall()
        paths = connection.execute("SELECT s1, s2, lc FROM made.patches").fetchall()
    return rows | {"regions": regions, "paths": paths, "names": names}


def contents_of(out: Path) -> dict[str, Any]:
    """All files of a catalog: their bytes; of the database, what it holds instead of its bytes."""
    files: dict[str, Any] = {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }
    checksums = files["checksums.sha256"].splitlines()
    others = [line for line in checksums if not line.endswith(b"  catalog.duckdb")]
    return files | {"catalog.duckdb": database_of(out), "checksums.sha256": others}


def stamps_of(folder: Path) -> dict[Path, tuple[int, int]]:
    """When each file was written, and which file it is."""
    stats = {path: path.stat() for path in sorted(folder.rglob("*"))}
    return {path: (stat.st_mtime_ns, stat.st_ino) for path, stat in stats.items()}


class Told:
    """What `index` says of its progress."""

    def __init__(self) -> None:
        self.all: list[tuple[str, int, int, int]] = []

    def __call__(self, phase: str, done: int, total: int, rejected: int) -> None:
        self.all.append((phase, done, total, rejected))

    def files_read(self) -> int:
        """How many files were read."""
        return max((done for phase, done, *_ in self.all if phase == "read"), default=0)


class Tree:
    """A dataset of one's own, and its catalog: to change, to damage, to index again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "SEN12MS"
        self.out = folder / "catalog"
        self.journal = folder / "catalog.journal"

    def file(self, sensor: str, patch: int) -> Path:
        """A file of the scene in spring."""
        return self.root / SPRING / f"{sensor}_1" / f"{SPRING}_{sensor}_1_p{patch}.tif"

    def index(self, **choices: Any) -> Report:
        return index(self.root, into=self.out, **choices)

    def indexed_anew(self, **choices: Any) -> dict[str, Any]:
        """What the catalog would hold if there never had been another."""
        fresh = self.folder / "fresh"
        index(self.root, into=fresh, **choices)
        return contents_of(fresh)

    def scenes(self) -> dict[str, tuple[int, int]]:
        """When the journal was told of each scene."""
        return {path.stem: stamp for path, stamp in stamps_of(self.journal).items()}

    def scenes_since(self, before: dict[str, tuple[int, int]]) -> set[str]:
        """Scenes of which the journal was told since."""
        return {scene for scene, stamp in self.scenes().items() if before.get(scene) != stamp}


def put(path: Path, content: bytes) -> None:
    """Replace a file, not its bytes: it may be shared with the small dataset."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def files_of(out: Path, patch: str) -> dict[str, str]:
    """Paths of a patch, from its item."""
    (path,) = out.rglob(f"{patch}.json")
    assets = json.loads(path.read_bytes())["assets"]
    return {sensor: assets[sensor]["href"] for sensor in ("s1", "s2", "lc") if sensor in assets}


def write_spring(small: Small, root: Path, patches: Sequence[int]) -> None:
    """Write patches of the spring to a tree of their own, and which season that truly was."""
    for sensor in ("s1", "s2", "lc"):
        for patch in patches:
            path = f"{SPRING}/{sensor}_1/{SPRING}_{sensor}_1_p{patch}.tif"
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(small.root / path, root / path)
    (root / "seasons.csv").write_text(f"scene,true_season\n{SPRING}_1,summer\n")


def copied(small: Small, folder: Path) -> Path:
    """The small dataset, at another place."""
    return shutil.copytree(small.root, folder / "moved", copy_function=os.link)


class Killing:
    """Kills a process as soon as a part of the scenes is read."""

    def __init__(self, process: int) -> None:
        self.process = process
        self.done = False

    def __call__(self, phase: str, done: int, total: int, _: int) -> None:
        if not self.done:
            assert (phase, done < total) == ("read", True)
            os.kill(self.process, signal.SIGKILL)
            self.done = True
