"""What the commands do, as processes of their own where only that proves it."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sysconfig
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from catalog import Catalog
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Run
    from tests.conftest import Golden, Small

SEN12MS = Path(sysconfig.get_path("scripts")) / "sen12ms"
SCENE = SyntheticScene("summer", 142, 32632, (617663.8928573742, 4971972.657152842), 29, (211, 212))
CUT_OFF = "ROIs1868_summer/s2_142/ROIs1868_summer_s2_142_p212.tif"
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}


def sen12ms(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The installed command."""
    command = [str(SEN12MS), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=60
    )


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A dataset of two patches, one file of which is cut off."""
    root = tmp_path / "SEN12MS"
    for _ in write_scene(root, SCENE, sparse=("s1", "s2")):
        pass
    os.truncate(root / CUT_OFF, 100_000)
    return root


# Exit codes and streams


def test_answer_is_code_0_on_standard_output(small: Small) -> None:
    done = sen12ms("select", small.out, "--region", "Italy", "--format", "paths")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 27


def test_error_is_code_1_on_standard_error(small: Small) -> None:
    done = sen12ms("select", small.out, "--region", "Itly")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: there is no region 'Itly'")
    assert done.stderr.count("\n") == 1


def test_usage_error_is_code_2_on_standard_error(small: Small) -> None:
    done = sen12ms("select", small.out, "--seasn", "fall")
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such option '--seasn'" in done.stderr


def test_rejected_files_are_code_3_without_a_progress_bar(broken: Path, golden: Golden) -> None:
    done = sen12ms("index", broken, "-o", broken.parent / "catalog")
    assert (done.returncode, done.stdout) == (3, "")
    golden.check("cli/index_rejected.txt", done.stderr.replace(str(broken.parent), "FOLDER"))


def test_progress_bars_are_drawn_on_a_terminal(broken: Path) -> None:
    ours, theirs = pty.openpty()
    command = [SEN12MS, "index", broken, "-o", broken.parent / "catalog"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        drawn = b""
        while chunk := _read(ours):
            drawn += chunk
        assert process.stdout
        assert process.stdout.read() == b""
    os.close(ours)
    assert b"reading" in drawn
    assert b"6/6" in drawn
    assert b"1 rejected" in drawn


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so at the end
        return b""


@pytest.mark.parametrize(
    "arguments",
    [
        ["select", "OUT", "--format", "paths"],
        ["sql", "OUT", "FROM range(300000)", "--format", "csv"],
    ],
    ids=["little", "much"],
)
def test_closed_pipe_is_the_quiet_end(small: Small, arguments: list[str]) -> None:
    command = [SEN12MS, *(str(small.out) if word == "OUT" else word for word in arguments)]
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen(command, stdout=writer, stderr=subprocess.PIPE) as process:
        os.close(writer)
        _, complaints = process.communicate(timeout=60)
    assert complaints == b""
    assert process.returncode == 0, "a reader that has had enough is no error"


# index


def test_index_says_what_it_did_and_nothing_on_standard_output(
    run: Run, broken: Path, golden: Golden
) -> None:
    (broken / CUT_OFF).unlink()
    result = run("index", broken, "-o", broken.parent / "out", "--workers", "1")
    assert (result.code, result.out) == (0, "")
    golden.check("cli/index_incomplete.txt", result.err.replace(str(broken.parent), "FOLDER"))
    with Catalog.open(broken.parent / "out") as cat:
        assert len(cat.select()) == 2


def test_index_again_is_the_same_catalog(run: Run, broken: Path) -> None:
    out = broken.parent / "out"
    first = run("index", broken, "-o", out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert run("index", broken, "-o", out) == first
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_index_of_several_roots_is_one_catalog(run: Run, tmp_path: Path) -> None:
    for number in (142, 143):
        scene = SyntheticScene("summer", number, 32632, SCENE.origin, 29, (211,))
        for _ in write_scene(tmp_path / f"disk{number}", scene, sparse=("s1", "s2")):
            pass
    roots, out = [tmp_path / "disk142", tmp_path / "disk143"], tmp_path / "out"
    assert run("index", *roots, "-o", out).code == 0
    with Catalog.open(out) as cat:
        both = cat.select().ids
    assert both == ["ROIs1868_summer_142_p211", "ROIs1868_summer_143_p211"]
    lost = f"No longer in it: {roots[1]}; with --add it would have stayed.\n"
    assert run("index", roots[0], "-o", out).err.endswith(lost)
    added = run("index", roots[1], "--add", "-o", out)
    assert (added.code, "No longer" in added.err) == (0, False)
    with Catalog.open(out) as cat:
        assert cat.select().ids == both


def test_files_that_are_there_twice_are_summed_up_behind_the_bad_ones(
    run: Run, broken: Path
) -> None:
    out, copy = broken.parent / "out", broken.parent / "twice"
    run("index", broken, "-o", out)
    shutil.copytree(broken, copy)
    done = run("index", copy, "--add", "-o", out)
    assert done.code == 3
    total, *cut_off, counts, twice = done.err.splitlines()[-5:]
    assert total.startswith("7 files rejected")
    assert all(" is truncated: " in line for line in cut_off)
    assert counts == "  5 files are there twice; the first of them:"
    assert "is a second file of the same patch and sensor: the catalog has " in twice


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_links_to_files_are_the_same_files(
    run: Run, broken: Path, link: Callable[[str, str], None]
) -> None:
    out, links = broken.parent / "out", broken.parent / "links"
    shutil.copytree(broken, links, copy_function=link)
    (links / CUT_OFF).unlink()
    done = run("index", broken, links, "-o", out)
    assert "\n1 file rejected" in done.err
    with Catalog.open(out) as cat:
        assert all(path.startswith(str(broken)) for path in cat.select().paths("s1"))


def test_href_base_stands_in_place_of_the_root(run: Run, broken: Path) -> None:
    out, base = broken.parent / "out", "https://example.org/SEN12MS"
    run("index", broken, "-o", out, "--href-base", base)
    paths = run("select", out, "--format", "paths", "--sensor", "lc").out.splitlines()
    assert paths[0] == f"{base}/ROIs1868_summer/lc_142/ROIs1868_summer_lc_142_p211.tif"
    assert len(paths) == 2


# info and check


def test_info_names_what_is_missing_and_rejected(run: Run, broken: Path, golden: Golden) -> None:
    out = broken.parent / "catalog"
    run("index", broken, "-o", out)
    result = run("info", out)
    assert (result.code, result.err) == (0, "")
    text = result.out.replace(str(broken.parent), "FOLDER")
    lines = [line.rstrip() for line in text.splitlines()]
    golden.check("cli/info_rejected.txt", "\n".join(lines) + "\n")


def test_check_of_a_good_catalog_says_so(run: Run, small: Small) -> None:
    result = run("check", small.out)
    assert (result.code, result.out) == (0, "")
    assert result.err == "54 patches, 162 files: no problems\n"


def test_check_prints_findings_and_is_code_1(run: Run, broken: Path, golden: Golden) -> None:
    out = broken.parent / "catalog"
    run("index", broken, "-o", out)
    os.truncate(broken / CUT_OFF.replace("s2", "lc"), 1_000)
    (broken / CUT_OFF.replace("s2", "s1")).unlink()
    (out / "sen12ms/summer/ROIs1868_summer_142/ROIs1868_summer_142_p211.json").write_text("{}")
    result = run("check", out)
    assert result.code == 1
    text = f"{result.out}---\n{result.err}".replace(str(broken.parent), "FOLDER")
    golden.check("cli/check_findings.txt", text)


def test_check_of_a_moved_dataset_finds_it(run: Run, broken: Path) -> None:
    out, moved = broken.parent / "catalog", broken.parent / "moved"
    (broken / CUT_OFF).unlink()
    run("index", broken, "-o", out)
    broken.rename(moved)
    assert run("check", out).code == 1
    assert run("check", out, "--root", moved).code == 0


# sql


def test_sql_reads_its_query_from_a_file(run: Run, small: Small, tmp_path: Path) -> None:
    path = tmp_path / "how_many.sql"
    path.write_text("-- How many?\nSELECT count(*) AS n FROM patches\n", encoding="utf-8")
    result = run("sql", small.out, path, "--format", "csv")
    assert (result.code, result.out, result.err) == (0, "n\n54\n", "")


def test_sql_reads_its_query_from_standard_input(small: Small) -> None:
    command = [SEN12MS, "sql", small.out, "-", "--format", "csv"]
    query = "SELECT count(*) AS n FROM patches"
    done = subprocess.run(command, input=query, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "n\n54\n", "")


# demo


@pytest.fixture
def little_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """One scene of two patches, one of them the one that is broken on purpose."""
    monkeypatch.setattr(import_module("catalog.cli.demo"), "SCENES", (SCENE,))


@pytest.mark.usefixtures("little_demo")
def test_demo_makes_a_catalog_and_shows_an_answer(run: Run, tmp_path: Path, golden: Golden) -> None:
    result = run("demo", tmp_path / "demo")
    assert result.code == 0
    text = f"{result.out}---\n{result.err}".replace(str(tmp_path), "FOLDER")
    lines = [line.rstrip() for line in text.splitlines()]
    golden.check("cli/demo.txt", "\n".join(lines) + "\n")
    assert run("info", tmp_path / "demo" / "catalog").code == 0


@pytest.mark.usefixtures("little_demo")
def test_demo_may_be_made_again_in_the_same_place(run: Run, tmp_path: Path) -> None:
    first = run("demo", tmp_path / "demo")
    assert run("demo", tmp_path / "demo") == first


@pytest.mark.usefixtures("little_demo")
def test_demo_leaves_a_dataset_alone_that_it_did_not_make(run: Run, tmp_path: Path) -> None:
    real = tmp_path / "SEN12MS" / CUT_OFF
    real.parent.mkdir(parents=True)
    real.write_bytes(b"a real file")
    result = run("demo", tmp_path)
    assert result.code == 1
    assert result.err.startswith(f"Error: {tmp_path}")
    assert real.read_bytes() == b"a real file"


@pytest.mark.usefixtures("little_demo")
def test_demo_leaves_a_folder_alone_that_holds_anything_else(run: Run, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    result = run("demo", tmp_path)
    assert result.code == 1
    assert "is not empty: name a new folder" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
