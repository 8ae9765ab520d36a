"""Questions through Python beside the same SQL typed by hand, their memory, the time to start."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from replica import write_tables

from catalog import Catalog, index
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from conftest import Bench

pytestmark = pytest.mark.bench

ORDER = "ORDER BY season, scene, patch"
BOX = (
    "xmin <= 11 AND xmax >= 10 AND ymin <= 45 AND ymax >= 44 "
    "AND ST_Intersects(geometry, ST_MakeEnvelope(10, 44, 11, 45))"
)
QUESTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "all": ({}, "true"),
    "season": ({"season": "spring"}, "season = 'spring'"),
    "season, cover": (
        {"season": "spring", "cover": {"forest": 0.3}},
        "season = 'spring' AND cover.forest >= 0.3",
    ),
    "box": ({"bbox": (10, 44, 11, 45)}, BOX),
    "box, season, cover": (
        {"bbox": (10, 44, 11, 45), "season": "summer", "cover": {"forest": 0.3}},
        f"{BOX} AND season = 'summer' AND cover.forest >= 0.3",
    ),
}
"""As filters, and as somebody would type them."""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`items.parquet` and `catalog.duckdb` of the whole dataset, without any other file."""
    folder = tmp_path_factory.mktemp("full")
    write_tables(folder)
    return folder


@pytest.mark.parametrize("name", QUESTIONS)
def test_question_beside_the_same_sql_typed_by_hand(full: Path, bench: Bench, name: str) -> None:
    filters, where = QUESTIONS[name]
    typed = f"SELECT s2 FROM patches WHERE {where} {ORDER}"
    with Catalog.open(full) as whole, Catalog.open(full / "items.parquet") as table:
        for source, cat in (("catalog.duckdb", whole), ("items.parquet", table)):
            cursor = cat.cursor()
            contestants = {
                "Catalog.select": lambda cat=cat: cat.select(**filters).paths("s2"),
                "typed": lambda cursor=cursor: [row[0] for row in cursor.execute(typed).fetchall()],
            }
            assert contestants["typed"]() == contestants["Catalog.select"]()
            medians = bench.compare(
                f"{name}, from {source}", contestants, unit="question", rounds=15
            )
            ratio = medians["Catalog.select"] / medians["typed"]
            bench.bar(f"{name}, {source}: ratio to typed", ratio, "at most 1.3", held=ratio <= 1.3)
            if name == "box, season, cover":
                most = 3 if cat is whole else 15
                milliseconds = medians["Catalog.select"] * 1e3
                held = milliseconds <= most
                bench.bar(f"ms from {source}", milliseconds, f"at most {most}", held=held)


def test_paths_beside_the_fetch_of_duckdb(full: Path, bench: Bench) -> None:
    with Catalog.open(full) as cat:
        cursor = cat.cursor()
        query = f"SELECT s1, s2, lc FROM patches {ORDER}"
        contestants = {
            "Catalog.select().paths()": lambda: cat.select().paths(),
            "DuckDB's fetch": lambda: cursor.execute(query).fetchall(),
        }
        medians = bench.compare("All 541,986 paths", contestants, rounds=7)
        ratio = medians["Catalog.select().paths()"] / medians["DuckDB's fetch"]
        bench.bar("ratio to DuckDB's fetch", ratio, "at most 2", held=ratio <= 2)


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def test_memory_of_questions(full: Path, bench: Bench) -> None:
    with Catalog.open(full) as cat:
        for number in range(50):
            _ = cat.select(where=f"patch > {number}").ids
        gc.collect()
        before = _resident_mb()
        for number in range(1_000):
            _ = cat.select(season="spring", where=f"patch > {number % 700}").ids
        gc.collect()
        more = _resident_mb() - before
    bench.bar("MB more after 1,000 questions", more, "at most 20", held=more <= 20)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog of three patches."""
    folder = tmp_path_factory.mktemp("indexed")
    scene = SyntheticScene("spring", 1, 32737, (374132.34, 8118022.84), 29, (30, 31, 32))
    for _ in write_scene(folder / "SEN12MS", scene):
        pass
    index(folder / "SEN12MS", into=folder / "catalog")
    return folder / "catalog"


def test_time_to_start(indexed: Path, bench: Bench) -> None:
    sen12ms = str(Path(sys.executable).with_name("sen12ms"))
    commands = {
        "python -c 'import click'": [sys.executable, "-c", "import click"],
        "python -c 'import duckdb'": [sys.executable, "-c", "import duckdb"],
        "python -c 'import catalog'": [sys.executable, "-c", "import catalog"],
        "sen12ms --help": [sen12ms, "--help"],
        "sen12ms select": [sen12ms, "select", str(indexed), "--format", "paths"],
    }
    contestants = {
        name: lambda command=command: subprocess.run(command, check=True, capture_output=True)
        for name, command in commands.items()
    }
    medians = bench.compare("Time to start", contestants, rounds=15)
    click, duckdb, *ours = medians.values()
    ratios = (ours[0] / duckdb, ours[1] / click, ours[2] / duckdb)
    names = ("import catalog, to duckdb's", "--help, to click's", "select, to duckdb's")
    for name, ratio, most in zip(names, ratios, (2, 6, 5), strict=True):
        bench.bar(f"{name} import", ratio, f"at most {most}", held=ratio <= most)
