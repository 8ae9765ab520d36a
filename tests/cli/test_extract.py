"""`sen12ms extract`, and `sen12ms index` of archives."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from catalog.cli.extract import _sentence
from catalog.reading.extraction import ExtractionSource
from catalog.source.tar_members import Cost

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Run
    from tests.conftest import Golden, Packed, Small

    Pack = Callable[..., list[Path]]


def test_extract_says_what_it_did_and_nothing_on_standard_output(
    run: Run, packed: Packed, tmp_path: Path, golden: Golden
) -> None:
    result = run("extract", packed.out, "--region", "Italy", "--sensor", "lc", "--to", tmp_path)
    assert (result.code, result.out) == (0, "")
    text = result.err.replace(str(tmp_path), "DIR").replace(str(packed.out.parent), "FOLDER")
    golden.check("cli/extract.txt", re.sub(r"(pass:|takes) [0-9.]+ MB", r"\1 N MB", text))
    assert len(list(tmp_path.rglob("*.tif"))) == 9
    again = run("extract", packed.out, "--region", "Italy", "--sensor", "lc", "--to", tmp_path)
    assert again.err.endswith("9 files were there already.\n")


def test_dry_run_prints_count_and_bytes(run: Run, packed: Packed, tmp_path: Path) -> None:
    arguments = ("--where", "patch = 30", "--to", tmp_path / "to", "--dry-run")
    result = run("extract", packed.out, *arguments)
    assert (result.code, result.out) == (0, "6 files, 4,988,784 bytes\n")
    assert not (tmp_path / "to").exists()


def test_files_on_disk_are_linked(run: Run, small: Small, tmp_path: Path) -> None:
    arguments = ("--where", "patch = 30", "--to", tmp_path / "to", "--how", "symlink")
    result = run("extract", small.out, *arguments)
    assert result.err.startswith("folders: 6 files, 5.0 MB, by symlink\n")
    assert all(path.is_symlink() for path in (tmp_path / "to").rglob("*.tif"))


def test_file_that_cannot_be_written_is_code_3(run: Run, small: Small, tmp_path: Path) -> None:
    root = tmp_path / "SEN12MS"
    shutil.copytree(small.root / "ROIs1158_spring", root / "ROIs1158_spring")
    run("index", root, "-o", tmp_path / "catalog")
    name = "ROIs1158_spring/lc_1/ROIs1158_spring_lc_1_p30.tif"
    os.truncate(root / name, 10)
    result = run("extract", tmp_path / "catalog", "--sensor", "lc", "--to", tmp_path / "to")
    assert result.code == 3
    assert "1 could not be written:\n" in result.err
    assert f"  {root}/{name} has 10 bytes where 262,788 are recorded\n" in result.err


def test_what_was_not_written_is_not_counted(run: Run, small: Small, tmp_path: Path) -> None:
    asked = ("--region", "Italy", "--sensor", "lc", "--root", tmp_path / "nope")
    result = run("extract", small.out, *asked, "--to", tmp_path / "to")
    assert result.code == 3
    assert f"\n0 files, 0.0 MB: {tmp_path}/to\n9 could not be written:\n" in result.err
    assert list((tmp_path / "to").rglob("*.*")) == []


def test_folder_of_archives_is_answered_with_their_names(
    run: Run, small: Small, pack: Pack, tmp_path: Path
) -> None:
    shutil.copytree(small.root / "ROIs1158_spring", tmp_path / "a" / "ROIs1158_spring")
    archives = pack(tmp_path / "a", tmp_path / "archives")
    result = run("index", tmp_path / "archives", "-o", tmp_path / "catalog")
    assert (result.code, result.err.count("\n")) == (1, 1)
    assert f"such as {min(archives)}\n" in result.err


def test_index_of_a_damaged_archive_is_code_3(
    run: Run, small: Small, pack: Pack, tmp_path: Path
) -> None:
    shutil.copytree(small.root / "ROIs1158_spring", tmp_path / "a" / "ROIs1158_spring")
    archives = pack(tmp_path / "a", tmp_path)
    os.truncate(archives[0], os.path.getsize(archives[0]) // 2)
    result = run("index", *archives, "-o", tmp_path / "catalog")
    assert (result.code, result.out) == (3, "")
    size = os.path.getsize(archives[0])
    assert f"{archives[0]} is damaged at byte {size:,} of {size:,}: it ends too early" in result.err


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (
            ExtractionSource("a.tar.gz", 12, 20_500_000, "seek", Cost(4e7, 9e9)),
            "by seeking: 40.0 MB to decompress on one thread, where one pass takes 9,000.0 MB on 2",
        ),
        (
            ExtractionSource("a.tar.gz", 12, 20_500_000, "pass", Cost(4e7, 3e7)),
            "in one pass: 30.0 MB to decompress on 2 threads, where seeking takes 40.0 MB on one",
        ),
        (
            ExtractionSource("a.tar.gz", 12, 20_500_000, "pass", Cost(None, 3e7)),
            "in one pass: 30.0 MB to decompress, without a valid seek index",
        ),
        (ExtractionSource("a.tar.gz", 12, 20_500_000, "hardlink", None), "by hardlink"),
    ],
    ids=["seek", "pass", "no index", "folders"],
)
def test_way_is_told_with_both_costs(source: ExtractionSource, sentence: str) -> None:
    assert _sentence(source) == f"a.tar.gz: 12 files, 20.5 MB, {sentence}"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("FOLDER/nope", "--to", "FOLDER/to"), 1, "there is no catalog in FOLDER/nope"),
        (("OUT",), 2, "Missing option '--to'"),
        (("OUT", "--to", "FOLDER/file"), 1, "FOLDER/file cannot be written"),
        (("OUT", "--to", "FOLDER/file/to"), 1, "FOLDER/file/to cannot be written"),
        (("OUT", "--to", "FOLDER/to", "--how", "move"), 2, "'move' is not one of"),
        (("OUT", "--to", "FOLDER/to", "--how", "symlink"), 1, "needs files on disk"),
        (("OUT", "--to", "FOLDER/to", "--region", "Itly"), 1, "Italy"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_mistake_is_answered_with_one_sentence(
    run: Run, packed: Packed, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "file").write_text("")
    words = [word.replace("OUT", str(packed.out)) for word in arguments]
    result = run("extract", *(word.replace("FOLDER", str(tmp_path)) for word in words))
    assert (result.code, result.out) == (code, "")
    assert said in result.err.replace(str(tmp_path), "FOLDER")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
