"""The fuzzing itself: it draws the same again, and sees what is wrong."""

from __future__ import annotations

import os
import random
import re
from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING

import fuzz_archives
import fuzz_cql2
import fuzz_headers
import fuzz_manifests
import fuzz_names
import fuzz_requests
import fuzz_scenes
import pytest
import run
from internals import HeaderReader, read_header
from mutations import mutate
from outcome import Outcome
from page import add_to_table
from watched import Watched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from outcome import Target

DATA = bytes(range(256)) * 8


def test_the_same_seed_is_the_same_damage() -> None:
    mutants = [[mutate(DATA, random.Random(seed)) for seed in range(200)] for _ in range(2)]
    assert mutants[0] == mutants[1]
    assert len({mutant.data for mutant in mutants[0]}) > 150


def test_nothing_changes_before_the_first_damaged_byte() -> None:
    for seed in range(500):
        mutant = mutate(DATA, random.Random(seed), within=100)
        assert mutant.first < 100
        assert mutant.data[: mutant.first] == DATA[: mutant.first]


@pytest.fixture(scope="module")
def headers(tmp_path_factory: pytest.TempPathFactory) -> fuzz_headers.Headers:
    return fuzz_headers.Headers(tmp_path_factory.mktemp("headers"))


def test_all_good_headers_are_accepted_and_as_rasterio_has_them(
    headers: fuzz_headers.Headers,
) -> None:
    for seed in headers.seeds:
        header = read_header(HeaderReader(), seed)
        headers.path.write_bytes(seed)
        assert header is not None
        assert fuzz_headers.difference(headers.path, header) == ""


def test_a_header_that_says_otherwise_than_rasterio_is_seen(headers: fuzz_headers.Headers) -> None:
    (seed, other, *_) = headers.seeds
    header = read_header(HeaderReader(), seed)
    assert header is not None
    headers.path.write_bytes(other)
    assert fuzz_headers.difference(headers.path, header).startswith("bands: rasterio has 2")
    headers.path.write_bytes(seed[:-1] + bytes([seed[-1] ^ 1]))
    assert fuzz_headers.difference(headers.path, header) == ""
    headers.path.write_bytes(seed[:100])
    assert "rasterio refuses" in fuzz_headers.difference(headers.path, header)


def test_a_good_file_that_is_lost_from_a_scene_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes = fuzz_scenes.Scenes(tmp_path)
    assert scenes.run(random.Random(1)).problem == ""
    lost = tmp_path / "mutant" / "ROIs1158_spring/s1_1/ROIs1158_spring_s1_1_p60.tif"
    lost.unlink()
    monkeypatch.setattr(fuzz_scenes, "_MOST_BAD", 1)
    problems = {scenes.run(random.Random(seed)).problem for seed in range(1, 4)}
    assert any("a good file" in problem for problem in problems)


def test_a_wrong_row_of_an_archive_is_seen(tmp_path: Path) -> None:
    archives = fuzz_archives.Archives(tmp_path)
    plain = archives.packed[0]
    archives.evidence = plain.data
    path = tmp_path / plain.name
    path.write_bytes(plain.data)
    members, _ = fuzz_archives.archive_members(path, tmp_path / "seek.gzi")
    assert archives._problem(plain, len(plain.data), members) == ""
    assert "is lost" in archives._problem(plain, len(plain.data), members[1:])
    moved = members[0]._replace(offset=members[0].offset + 512)
    other = moved._replace(record=members[2].record)
    assert archives._problem(plain, 0, [other]).endswith("tarfile finds no such member")


def test_a_file_that_is_opened_is_seen(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").touch()
    watched = Watched(tmp_path)
    assert not watched.was_touched()
    (tmp_path / "secret.csv").read_bytes()
    assert watched.was_touched()
    assert not watched.was_touched()


def test_names_of_a_list_are_read_without_running_it() -> None:
    assert fuzz_manifests._ids(
        ["#x", "a/ROIs1158_spring_lc_1_p30.tif", "ROIs1158_spring_1_p30"]
    ) == ["ROIs1158_spring_1_p30"]
    with pytest.raises(Exception, match="not a plain value"):
        fuzz_manifests._names(".pkl", b"cos\nsystem\n(S'true'\ntR.")


def test_a_wrong_name_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = fuzz_names.Names(tmp_path)
    assert names.run(random.Random(0)).problem == ""
    monkeypatch.setattr(fuzz_names, "parse_name", lambda _: None)
    assert "is read as None" in names.run(random.Random(0)).problem


@pytest.mark.parametrize("target", [fuzz_cql2.Cql2, fuzz_requests.Requests])
def test_an_answer_of_other_patches_is_seen(
    target: type[Target], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = target(tmp_path)
    with getattr(asked, "open", nullcontext()):
        right = [asked.run(random.Random(seed)) for seed in range(20)]
        assert not any(outcome.problem for outcome in right)
        assert any(outcome.accepted for outcome in right)
        monkeypatch.setattr(f"{target.__module__}.holds", lambda *_: None)
        found = [asked.run(random.Random(seed)).problem for seed in range(20)]
        assert any("where Python has []" in problem for problem in found)


def turn_for_ever() -> None:
    while True:
        pass


@pytest.mark.parametrize(
    ("act", "problem"),
    [
        (lambda: Outcome(3), ""),
        (turn_for_ever, "takes more than 0.1 s of the processor"),
        (lambda: os.stat("/nowhere"), "FileNotFoundError"),
    ],
    ids=["good", "hung", "raised"],
)
def test_what_is_raised_or_hangs_is_a_problem(act: Callable[[], object], problem: str) -> None:
    target = SimpleNamespace(run=lambda _: act())
    outcome = run.attempt(target, random.Random(0), 0.1)
    assert problem in outcome.problem
    assert bool(outcome.problem) == bool(problem)


def test_what_is_found_is_kept_with_its_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run.keep(run.Plan("names", 7, 0, None), 3, "wrong", b"input", tmp_path / "found")
    assert (tmp_path / "found" / "names-7-3.bin").read_bytes() == b"input"
    told = (tmp_path / "found" / "names-7-3.txt").read_text(encoding="utf-8")
    assert told == "make fuzz ONLY=names SEED=7 CASE=3\n\nwrong\n"


HEADER = ("what", "tried", "wrong", "command")
BEGIN, END = "<!-- kills: written by `make kills` -->\n", "<!-- end of kills -->\n"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text(f"before\n{BEGIN}old\n{END}after\n", encoding="utf-8")
    return path


def table_of(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    assert text.startswith(
        f"before\n{BEGIN}\n| what | tried | wrong | command |\n|---|--:|--:|---|\n"
    )
    assert text.endswith(f"\n\n{END}after\n")
    return text.removeprefix(f"before\n{BEGIN}").removesuffix(f"{END}after\n").split("\n")[3:-2]


def test_figures_of_several_runs_add_up(page: Path) -> None:
    add_to_table("kills", HEADER, [["a", 1234, 1, "`b`"], ["c", 5, 0, "`d`"]], 1, page=page)
    assert table_of(page)[:2] == ["| a | 1,234 | 1 | `b` |", "| c | 5 | 0 | `d` |"]
    add_to_table("kills", HEADER, [["a", 1000, 0, "`b`"]], 1, page=page)
    add_to_table("kills", HEADER, [["e", 2, 0, "`f`"]], 7, page=page)
    *rows, empty, runs = table_of(page)
    assert rows == ["| a | 2,234 | 1 | `b` |", "| c | 5 | 0 | `d` |", "| e | 2 | 0 | `f` |"]
    assert re.fullmatch(r"Runs: \d{4}-\d\d-\d\d \(seed 1\), \d{4}-\d\d-\d\d \(seed 7\)\.", runs)
    assert empty == ""


def test_figures_are_forgotten_when_asked_or_when_the_columns_are_others(page: Path) -> None:
    add_to_table("kills", ("what", "tried", "command"), [["a", 1, "`b`"]], 1, page=page)
    add_to_table("kills", HEADER, [["a", 2, 0, "`b`"]], 2, page=page)
    assert table_of(page)[0] == "| a | 2 | 0 | `b` |"
    add_to_table("kills", HEADER, [["a", 3, 0, "`b`"]], 3, fresh=True, page=page)
    rows = table_of(page)
    assert rows[0] == "| a | 3 | 0 | `b` |"
    assert rows[-1].endswith("(seed 3).")
    assert "seed 2" not in rows[-1]


def test_a_page_without_the_markers_is_refused(page: Path) -> None:
    with pytest.raises(ValueError, match="no markers for fuzz"):
        add_to_table("fuzz", HEADER, [], 1, page=page)
