"""How time and memory grow with the dataset: `index` up to all of it, questions beyond."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from replica import some_scenes, write_replica, write_tables

from catalog.datasets import SEN12MS
from catalog.query.database import build_database
from catalog.store.columns import schema

if TYPE_CHECKING:
    from conftest import Bench

    from catalog.source.synthetic import SyntheticScene

pytestmark = pytest.mark.bench

SHARES = (0.01, 0.1, 0.5, 1.0)
"""Of the scenes."""
COPIES = (1, 10, 100)
"""Of the table's rows: 180,662, 1.8 million, 18 million."""
KEPT_UP_TO = 10
"""Copies of which a `catalog.duckdb` is made, too."""
MEMORY_MIB = 1024
INDEX = "import sys; from catalog import index; print(index(sys.argv[1], into=sys.argv[2]).files)"
ASK = """
import json, re, statistics, sys, time
from pathlib import Path
from catalog import Catalog
box = "FROM patches_in_box(5, 45, 15, 55) SELECT s2 WHERE season = 'summer' AND cover.forest > 0.3"
times = []
with Catalog.open(sys.argv[1]) as cat:
    for _ in range(6):
        start = time.perf_counter()
        found = len(cat.sql(box).fetchall())
        times.append((time.perf_counter() - start) * 1e3)
status = Path("/proc/self/status")
peak = int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) / 1024 if status.exists() else 0
print(json.dumps([found, statistics.median(times[1:]), peak]))
"""


def resident_mib(group: int) -> float:
    """Memory of all processes of a group, MiB; shared pages are counted for each."""
    kib = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):  # it may just have ended
            if os.getpgid(int(status.parent.name)) == group:
                lines = status.read_text().splitlines()
                kib += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return kib / 1024


def run_index(root: Path, out: Path) -> tuple[int, float, float]:
    """Files, seconds, and peak memory of all processes in MiB."""
    start, peak = time.perf_counter(), 0.0
    command = [sys.executable, "-c", INDEX, str(root), str(out)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while process.poll() is None:
            peak = max(peak, resident_mib(process.pid))
            time.sleep(0.2)
        seconds = time.perf_counter() - start
        assert process.stdout
        assert process.returncode == 0
        return int(process.stdout.read()), seconds, peak


def test_index_of_more_and_more_scenes(tmp_path: Path, bench: Bench) -> None:
    rows, peaks = [], []
    written: set[SyntheticScene] = set()
    root, out = tmp_path / "SEN12MS", tmp_path / "catalog"
    first = again = 0.0
    for share in SHARES:
        scenes = [scene for scene in some_scenes(share) if scene not in written]
        written.update(scenes)
        assert sum(1 for _ in write_replica(root, scenes))
        shutil.rmtree(tmp_path / "catalog.journal", ignore_errors=True)
        files, first, peak = run_index(root, out)
        _, again, _ = run_index(root, out)
        peaks.append(peak)
        rows.append(
            [f"{files:,}", f"{first:.1f}", f"{files / first:,.0f}", f"{peak:,.0f}", f"{again:.1f}"]
        )
    header = ["files", "seconds", "files a second", "peak MiB", "seconds, unchanged"]
    bench.table("Index, two processes, from nothing", header, rows)
    bench.bar("MiB of the whole index", peaks[-1], "at most 1,024", held=peaks[-1] <= MEMORY_MIB)
    growth = peaks[-1] / peaks[1]
    bench.bar("memory at 100 % to that at 10 %", growth, "at most 1.2", held=growth <= 1.2)
    held = again / first <= 0.15
    bench.bar("unchanged run to the first", again / first, "at most 0.15", held=held)


def multiply(source: Path, target: Path, copies: int) -> None:
    """A table of so many copies of each row, in place of each row."""
    with (
        pq.ParquetFile(source) as table,
        pq.ParquetWriter(target, schema(SEN12MS), compression="zstd") as writer,
    ):
        for number in range(table.num_row_groups):
            group = table.read_row_group(number)
            for copy in range(copies):
                ids = pa.array([f"{name}_{copy}" for name in group["id"].to_pylist()])
                writer.write_table(group.set_column(group.schema.get_field_index("id"), "id", ids))
        writer.add_key_value_metadata(
            {key: value for key, value in table.metadata.metadata.items() if key != b"ARROW:schema"}
        )


def asked(catalog: Path) -> tuple[int, float, float]:
    """Rows of the answer, median milliseconds of five questions, peak memory in MiB."""
    command = [sys.executable, "-c", ASK, str(catalog)]
    found, milliseconds, peak = json.loads(subprocess.check_output(command))
    return found, milliseconds, peak


def test_questions_of_more_and_more_rows(tmp_path: Path, bench: Bench) -> None:
    write_tables(tmp_path)
    (tmp_path / "catalog.duckdb").unlink()
    rows = []
    for copies in COPIES:
        folder = tmp_path / str(copies)
        folder.mkdir()
        items = folder / "items.parquet"
        multiply(tmp_path / "items.parquet", items, copies)
        found, milliseconds, peak = asked(items)
        kept = ["–", "–"]
        if copies <= KEPT_UP_TO:
            build_database(items, folder / "catalog.duckdb")
            kept = [f"{value:,.1f}" for value in asked(folder)[1:]]
        size = items.stat().st_size / 1e6
        rows.append(
            [
                f"{pq.read_metadata(items).num_rows:,}",
                f"{size:,.0f}",
                f"{found:,}",
                f"{milliseconds:,.1f}",
                f"{peak:,.1f}",
                *kept,
            ]
        )
        shutil.rmtree(folder)
    header = ["rows", "MB", "paths found"]
    header += [
        f"{what}, {file}" for file in ("items.parquet", "catalog.duckdb") for what in ("ms", "MiB")
    ]
    bench.table("Box, season and cover to paths, of more rows", header, rows)
