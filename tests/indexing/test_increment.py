"""The same dataset gives the same bytes, and only what changed is read again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from catalog import CatalogNotFoundError, OutputError, index
from catalog.store.integrity import damaged_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Small

from trees import Told, Tree, contents_of, put, rows_of, stamps_of

Row = dict[str, Any]

SCRIPT = """
import sys
from catalog import index
print(index(sys.argv[1], into=sys.argv[2], workers=2).patches)
"""


def test_another_run_elsewhere_writes_the_same_bytes(small: Small, tmp_path: Path) -> None:
    index(small.root, into=tmp_path / "catalog")
    assert contents_of(tmp_path / "catalog") == contents_of(small.out)


def test_the_order_in_which_files_are_found_is_of_no_matter(
    tree: Tree, expected: dict[str, Any]
) -> None:
    folders = sorted(tree.root.glob("*/*"), reverse=True)
    assert len(folders) == 6
    first, second = tree.folder / "first", tree.folder / "second"
    index(*folders, into=first)
    index(*reversed(folders), into=second)
    assert contents_of(first) == contents_of(second)
    other_roots = {"report.json": None, "checksums.sha256": None}
    assert contents_of(first) | other_roots == expected | other_roots


@pytest.mark.slow
def test_two_workers_write_the_same_bytes_for_a_script_without_a_guard(
    small: Small, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    out = tmp_path / "catalog"
    done = subprocess.run(
        [sys.executable, "-W", "error", script, small.root, out],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "54\n", "")
    assert contents_of(out) == contents_of(small.out)


def test_nothing_is_read_and_nothing_written_where_nothing_changed(tree: Tree) -> None:
    out, journal = stamps_of(tree.out), tree.scenes()
    told = Told()
    report = tree.index(progress=told)
    assert told.all == []
    assert json.loads(json.dumps(asdict(report))) == json.loads(
        (tree.out / "report.json").read_bytes()
    )
    assert stamps_of(tree.out) == out
    assert tree.scenes() == journal


def test_progress_tells_of_all_files_and_then_of_all_patches(tree: Tree) -> None:
    told = Told()
    index(tree.root, into=tree.folder / "fresh", progress=told)
    assert told.all == [
        ("read", 27, 54, 0), ("read", 54, 54, 0), ("write", 9, 18, 0), ("write", 18, 18, 0)
    ]  # fmt: skip


def test_files_that_come_and_go_are_read_with_their_scene_alone(
    tree: Tree, expected: dict[str, Any]
) -> None:
    aside = tree.file("s2", 60).rename(tree.folder / "aside.tif")
    for missing in (1, 0):
        journal, told = tree.scenes(), Told()
        report = tree.index(progress=told)
        assert told.files_read() == 27 - missing
        assert tree.scenes_since(journal) == {"ROIs1158_spring_1"}
        assert dict(report.missing) == {"s1": 0, "s2": missing, "lc": 0}
        if missing:
            assert contents_of(tree.out) == tree.indexed_anew()
            aside.rename(tree.file("s2", 60))
    assert contents_of(tree.out) == expected


def test_a_file_that_changed_is_read_with_its_scene_alone(tree: Tree) -> None:
    before, journal = rows_of(tree.out), tree.scenes()
    content = tree.file("lc", 60).read_bytes()
    put(tree.file("lc", 60), content[:-65_536] + bytes([1, 11, 10, 10]) * 16_384)
    told = Told()
    tree.index(progress=told)
    assert told.files_read() == 27
    assert tree.scenes_since(journal) == {"ROIs1158_spring_1"}
    after = rows_of(tree.out)
    changed = {patch for patch in after if after[patch] != before[patch]}
    assert changed == {"ROIs1158_spring_1_p60"}
    assert contents_of(tree.out) == tree.indexed_anew()


def test_a_scene_that_is_removed_is_forgotten(tree: Tree) -> None:
    shutil.rmtree(tree.root / "ROIs1158_spring")
    told = Told()
    report = tree.index(progress=told)
    assert told.files_read() == 0
    assert (report.scenes, report.patches) == (1, 9)
    assert tree.scenes().keys() == {"ROIs2017_winter_112"}
    assert contents_of(tree.out) == tree.indexed_anew()


def test_other_roots_over_the_same_files_are_reported(tree: Tree) -> None:
    roots = sorted(tree.root.iterdir())
    report = index(*roots, into=tree.out)
    assert report.roots == tuple(map(str, roots))
    assert json.loads((tree.out / "report.json").read_bytes())["roots"] == list(report.roots)


PARTS = ("items.parquet", "catalog.duckdb", "report.json", "checksums.sha256")
ITEM = "sen12ms/spring/ROIs1158_spring_1/ROIs1158_spring_1_p30.json"


def check_rebuilt(tree: Tree, expected: dict[str, Any]) -> None:
    """The next run makes the catalog as it was, without reading a file, the one after nothing."""
    told = Told()
    report = tree.index(progress=told)
    assert told.files_read() == 0
    assert report.patches == 18
    assert contents_of(tree.out) == expected
    stamps = stamps_of(tree.out)
    tree.index()
    assert stamps_of(tree.out) == stamps


@pytest.mark.parametrize("name", [*PARTS, "sen12ms", "catalog.json", ITEM])
def test_a_part_of_the_catalog_that_is_gone_is_made_again(
    tree: Tree, expected: dict[str, Any], name: str
) -> None:
    (tree.out / name).rename(tree.folder / "aside")
    check_rebuilt(tree, expected)


def cut_off(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flip_a_bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("name", [*PARTS, "catalog.json", "sen12ms/spring/catalog.json"])
@pytest.mark.parametrize(
    "harm", [cut_off, flip_a_bit, lambda _: b"", lambda _: b'{"inputs": "', lambda _: b"[1]"]
)
def test_a_part_of_the_catalog_that_is_damaged_is_made_again(
    tree: Tree, expected: dict[str, Any], name: str, harm: Callable[[bytes], bytes]
) -> None:
    put(tree.out / name, harm((tree.out / name).read_bytes()))
    check_rebuilt(tree, expected)


@pytest.mark.parametrize("name", PARTS)
def test_a_folder_in_place_of_a_part_is_replaced(
    tree: Tree, expected: dict[str, Any], name: str
) -> None:
    (tree.out / name).unlink()
    (tree.out / name).mkdir()
    check_rebuilt(tree, expected)


@pytest.mark.parametrize(
    "names", [[name] for name in PARTS] + [list(PARTS[:3]), list(PARTS[1:])], ids=" ".join
)
def test_parts_of_another_catalog_are_made_again(
    tree: Tree, expected: dict[str, Any], names: list[str]
) -> None:
    other = tree.folder / "other"
    index(tree.root / "ROIs1158_spring", into=other)
    for name in names:
        put(tree.out / name, (other / name).read_bytes())
    check_rebuilt(tree, expected)


def test_a_database_that_was_edited_is_made_again(tree: Tree, expected: dict[str, Any]) -> None:
    shutil.copy(tree.out / "catalog.duckdb", tree.folder / "copy")
    with duckdb.connect(tree.folder / "copy") as database:
        database.execute("DELETE FROM patches WHERE season = 'spring'")
    put(tree.out / "catalog.duckdb", (tree.folder / "copy").read_bytes())
    check_rebuilt(tree, expected)


def test_a_database_that_was_only_asked_stays(tree: Tree) -> None:
    copy = (tree.out / "catalog.duckdb").read_bytes()
    put(tree.out / "catalog.duckdb", copy)
    with duckdb.connect(tree.out / "catalog.duckdb") as database:
        assert database.execute("SELECT count(*) FROM patches").fetchall() == [(18,)]
    assert (tree.out / "catalog.duckdb").read_bytes() == copy
    stamps = stamps_of(tree.out)
    tree.index()
    assert stamps_of(tree.out) == stamps


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="there is no sha256sum")
def test_checksums_are_those_of_sha256sum(tree: Tree) -> None:
    command = ["sha256sum", "--check", "--strict", "checksums.sha256"]
    done = subprocess.run(command, cwd=tree.out, check=True, capture_output=True, text=True)
    names = (*PARTS[:3], "map/checksums.sha256")
    assert done.stdout.splitlines() == [f"{name}: OK" for name in names]


def test_checksums_of_the_page_are_those_of_sha256sum(tree: Tree) -> None:
    page = tree.out / "map"
    command = ["sha256sum", "--check", "--strict", "checksums.sha256"]
    done = subprocess.run(command, cwd=page, check=True, capture_output=True, text=True)
    told = {line.removesuffix(": OK") for line in done.stdout.splitlines()}
    files = {path.relative_to(page).as_posix() for path in page.rglob("*") if path.is_file()}
    assert told == files - {"checksums.sha256"} | {"../index.html"}


def test_an_item_that_was_edited_is_made_again(tree: Tree) -> None:
    path = next((tree.out / "sen12ms").rglob("*_p30.json"))
    before = path.read_bytes()
    put(path, before.replace(b"spring", b"summer"))
    tree.index()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "name", ["index.html", "map/app.js", "map/igbp.columns.gz", "map/checksums.sha256"]
)
def test_a_page_that_was_damaged_is_written_anew(tree: Tree, name: str) -> None:
    path = tree.out / name
    before = path.read_bytes()
    put(path, before[:-20])
    assert name in damaged_files(tree.out)
    tree.index()
    assert path.read_bytes() == before


def test_nothing_is_added_to_a_catalog_that_does_not_know_its_sources(tree: Tree) -> None:
    other = tree.folder / "other"
    index(tree.root / "ROIs1158_spring", into=other)
    put(tree.out / "report.json", (other / "report.json").read_bytes())
    with pytest.raises(CatalogNotFoundError, match=r"report\.json is not what `index` wrote"):
        index(tree.root, into=tree.out, add=True)


def test_nothing_is_added_to_a_catalog_whose_sources_are_gone(tree: Tree) -> None:
    before = tree.out.joinpath("report.json").read_bytes()
    moved = tree.root.rename(tree.folder / "moved")
    with pytest.raises(
        CatalogNotFoundError, match=r"was made from .*, which is not there"
    ) as caught:
        index(moved, into=tree.out, add=True)
    assert str(tree.root) in str(caught.value)
    assert tree.out.joinpath("report.json").read_bytes() == before


def test_a_scene_that_is_torn_in_the_journal_is_read_anew(
    tree: Tree, expected: dict[str, Any]
) -> None:
    put(tree.journal / "ROIs1158_spring_1.arrow", b"ARROW1\0\0" + bytes(100) + b"ARROW1")
    put(tree.journal / "ROIs2017_winter_112.partial", b"ARROW1")
    (tree.out / "report.json").unlink()
    told = Told()
    tree.index(progress=told)
    assert told.files_read() == 27
    assert contents_of(tree.out) == expected
    assert {path.name for path in tree.journal.iterdir()} == {
        "ROIs1158_spring_1.arrow",
        "ROIs2017_winter_112.arrow",
    }


@pytest.mark.parametrize("name", ["ROIs1158_spring_1.arrow", ""], ids=["a scene", "the journal"])
def test_a_journal_that_cannot_be_written_is_named(tree: Tree, name: str) -> None:
    path = tree.journal / name
    if name:
        path.unlink()
        path.mkdir()
    else:
        shutil.rmtree(path)
        path.write_bytes(b"")
    before = stamps_of(tree.out)
    with pytest.raises(OutputError, match=r"catalog\.journal\S* cannot be written"):
        tree.index()
    assert stamps_of(tree.out) == before


def test_a_journal_that_was_deleted_is_written_anew(tree: Tree) -> None:
    scenes = tree.scenes().keys()
    shutil.rmtree(tree.journal)
    told = Told()
    tree.index(progress=told)
    assert told.files_read() == 54
    assert tree.scenes().keys() == scenes


def seasons_of(out: Path) -> dict[tuple[str, int], set[str]]:
    seasons: dict[tuple[str, int], set[str]] = {}
    for row in rows_of(out).values():
        key = (row["sen12ms:season"], row["sen12ms:scene"])
        seasons.setdefault(key, set()).add(row["sen12ms:local_season"])
    return seasons


def test_the_table_of_seasons_is_honoured_and_its_change_noticed(
    tree: Tree, expected: dict[str, Any]
) -> None:
    by_hemisphere = {("spring", 1): {"fall"}, ("winter", 112): {"winter"}}
    assert seasons_of(tree.out) == by_hemisphere
    table = tree.root / "seasons.csv"
    for season in ("summer", "spring"):
        journal = tree.scenes()
        put(table, f"scene,true_season\nROIs1158_spring_1,{season}\n".encode())
        report = tree.index()
        assert report.rejected == ()
        assert tree.scenes_since(journal) == {"ROIs1158_spring_1"}
        assert seasons_of(tree.out) == by_hemisphere | {("spring", 1): {season}}
    table.unlink()
    tree.index()
    assert contents_of(tree.out) == expected


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_called_seasons_csv_is_not_waited_for(tree: Tree) -> None:
    os.mkfifo(tree.root / "seasons.csv")
    (rejected,) = tree.index().rejected
    assert rejected.path == str(tree.root / "seasons.csv")
    assert rejected.reason == "is not a table of seasons: is not a regular file"


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_table_of_seasons_in_a_folder_that_is_not_utf_8_is_rejected(tree: Tree) -> None:
    folder = os.fsencode(tree.root) + b"/\xff"
    try:
        os.mkdir(folder)
    except OSError:
        pytest.skip("this file system has Unicode names only")
    with open(folder + b"/seasons.csv", "wb") as file:
        file.write(b"nothing")
    (rejected,) = tree.index().rejected
    assert rejected.path == rf"{tree.root}/\udcff/seasons.csv"
