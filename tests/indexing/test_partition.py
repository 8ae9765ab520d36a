"""A partitioned table is kept as current, as whole and as safe as the rest of a catalog."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from trees import Told, Tree, contents_of, put, stamps_of

from catalog import Catalog, OutputError, index
from catalog.reading.check import check
from catalog.store.integrity import damaged_files, write_checksums
from catalog.store.report import read_report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WINTER = "items/season=winter/part-0.parquet"
AGAIN = "run `sen12ms index` again, which rebuilds it"


@pytest.fixture
def out(tree: Tree) -> Path:
    """The catalog of the tree, partitioned by season."""
    tree.index(partition="season")
    return tree.out


def partitions(out: Path) -> set[str]:
    return {path.relative_to(out).as_posix() for path in (out / "items").rglob("*.*")}


def test_partitions_are_beside_the_table_and_all_else_is_the_same(
    out: Path, expected: dict[str, Any]
) -> None:
    found = contents_of(out)
    assert found.keys() - expected.keys() == {WINTER, WINTER.replace("winter", "spring")}
    differing = {name for name in expected if found[name] != expected[name]}
    assert differing == {"report.json", "checksums.sha256"}
    assert read_report(out).partition == "season"
    whole = pq.read_table(out / "items.parquet").sort_by("id")
    parts = ds.dataset(out / "items", partitioning="hive").to_table().sort_by("id")
    assert parts.select(whole.column_names).equals(whole)
    assert check(out).findings == ()


@pytest.mark.parametrize("key", ["continent", "scene"])
def test_there_are_other_keys(tree: Tree, key: str) -> None:
    tree.index(partition=key)
    values = {
        "continent": {"Africa", "Europe"},
        "scene": {"ROIs1158_spring_1", "ROIs2017_winter_112"},
    }
    assert partitions(tree.out) == {f"items/{key}={value}/part-0.parquet" for value in values[key]}
    assert check(tree.out).findings == ()


def test_the_next_run_writes_nothing(tree: Tree, out: Path) -> None:
    before, told = stamps_of(out), Told()
    tree.index(partition="season", progress=told)
    assert told.all == []
    assert stamps_of(out) == before


def test_another_choice_is_written_and_no_file_is_read(
    tree: Tree, out: Path, expected: dict[str, Any]
) -> None:
    told = Told()
    tree.index(partition="scene", progress=told)
    assert {name.partition("=")[0] for name in partitions(out)} == {"items/scene"}
    tree.index(progress=told)
    assert told.files_read() == 0
    assert contents_of(out) == expected
    assert not (out / "items").exists()


def test_what_is_added_keeps_to_the_choice(tree: Tree) -> None:
    index(tree.root / "ROIs1158_spring", into=tree.out, partition="season")
    report = index(tree.root / "ROIs2017_winter", into=tree.out, add=True)
    assert report.partition == "season"
    assert len(partitions(tree.out)) == 2
    index(tree.root / "ROIs2017_winter", into=tree.out, add=True, partition="scene")
    assert {name.partition("=")[0] for name in partitions(tree.out)} == {"items/scene"}


@pytest.mark.parametrize("choice", ["split", "", "season=winter", "Season"])
def test_a_key_that_is_none_is_refused(tree: Tree, choice: str) -> None:
    before = stamps_of(tree.out)
    with pytest.raises(OutputError, match=f"'{choice}': name one of season, continent, scene"):
        tree.index(partition=choice)
    assert stamps_of(tree.out) == before


HARMS: dict[str, Callable[[Path], object]] = {
    "gone": lambda out: (out / WINTER).unlink(),
    "cut": lambda out: put(out / WINTER, (out / WINTER).read_bytes()[:-9]),
    "flipped": lambda out: put(out / WINTER, bytes([80 ^ 1]) + (out / WINTER).read_bytes()[1:]),
    "of spring": lambda out: put(
        out / WINTER, (out / WINTER.replace("winter", "spring")).read_bytes()
    ),
    "one more": lambda out: put(
        out / WINTER.replace("winter", "fall"), (out / WINTER).read_bytes()
    ),
    "one more beside it": lambda out: put(
        out / WINTER.replace("0", "1"), (out / WINTER).read_bytes()
    ),
    "all gone": lambda out: shutil.rmtree(out / "items"),
}


@pytest.mark.parametrize("harm", HARMS)
def test_damage_is_found_and_made_good(tree: Tree, out: Path, harm: str) -> None:
    expected = contents_of(out)
    HARMS[harm](out)
    found = check(out).findings
    assert found
    assert {entry.subject for entry in found} == {str(out / name) for name in damaged_files(out)}
    assert all(entry.problem.endswith(AGAIN) for entry in found)
    told = Told()
    tree.index(partition="season", progress=told)
    assert told.files_read() == 0
    assert contents_of(out) == expected
    assert check(out).findings == ()


def test_files_that_are_wrong_and_have_right_checksums_are_found(out: Path) -> None:
    put(out / WINTER, (out / WINTER.replace("winter", "spring")).read_bytes())
    write_checksums(out)
    (found,) = check(out).findings
    assert found.subject == str(out / WINTER)
    assert found.problem == f"says something else than the table: {AGAIN}"


def test_partitions_of_a_catalog_that_has_none_are_found(tree: Tree, expected: Any) -> None:
    put(tree.out / WINTER, (tree.out / "items.parquet").read_bytes())
    (found,) = check(tree.out).findings
    assert found.subject == str(tree.out / WINTER)
    tree.index()
    assert contents_of(tree.out) == expected


def test_damage_to_the_checksums_alone_blames_no_partition(out: Path) -> None:
    (out / "checksums.sha256").unlink()
    (found,) = check(out).findings
    assert found.subject == str(out / "checksums.sha256")


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="there is no sha256sum")
def test_checksums_are_those_of_sha256sum(tree: Tree) -> None:
    tree.index(partition="continent")
    command = ["sha256sum", "--check", "--strict", "checksums.sha256"]
    done = subprocess.run(command, cwd=tree.out, check=True, capture_output=True, text=True)
    told = {line.removesuffix(": OK") for line in done.stdout.splitlines()}
    always = {"items.parquet", "catalog.duckdb", "report.json", "map/checksums.sha256"}
    assert told == {*always, *partitions(tree.out)}


@pytest.mark.parametrize("name", ["items", "items/season", "items/notes.txt", "items/a=b/c.csv"])
def test_what_others_call_items_is_not_replaced(tree: Tree, name: str) -> None:
    path = tree.folder / "mine" / name
    path.parent.mkdir(parents=True)
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match=r"holds 'items\S*', which is no part of a catalog"):
        index(tree.root, into=tree.folder / "mine")
    assert path.read_text(encoding="utf-8") == "mine"


def test_it_goes_with_items_that_have_no_files(tree: Tree) -> None:
    tree.index(items="none", partition="scene")
    files = [path for path in tree.out.rglob("*") if path.is_file()]
    assert len(files) < 60
    assert check(tree.out).findings == ()
    with Catalog.open(tree.out) as cat:
        assert len(list(cat.select().items())) == 18
