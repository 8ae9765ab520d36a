"""What a newcomer types: formats by suffix, lists of ids, silence broken, nothing cut off."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas
import pyarrow.parquet as pq
import pytest
from trees import copied

import catalog
from catalog import Catalog, index

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Run
    from tests.conftest import Small

ITALY = ("--region", "Italy")
READERS: dict[str, Callable[[Path], list[str]]] = {
    "a.csv": lambda path: [line.split(",")[0] for line in path.read_text().splitlines()[1:]],
    "a.json": lambda path: [row["id"] for row in json.loads(path.read_text())],
    "a.geojson": lambda path: [row["id"] for row in json.loads(path.read_text())["features"]],
    "a.parquet": lambda path: pq.read_table(path)["id"].to_pylist(),
    "a.geoparquet": lambda path: geopandas.read_parquet(path)["id"].tolist(),
    "a.GPKG": lambda path: geopandas.read_file(path)["id"].tolist(),
    "a.fgb": lambda path: sorted(geopandas.read_file(path)["id"]),
}


@pytest.mark.parametrize("name", READERS)
def test_format_is_that_of_the_suffix(
    run: Run, small: Small, expected: Catalog, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    assert run("select", small.out, *ITALY, "-o", path).code == 0
    assert READERS[name](path) == expected.select(region="Italy").ids


def test_text_file_has_the_paths(run: Run, small: Small, expected: Catalog, tmp_path: Path) -> None:
    assert run("select", small.out, *ITALY, "-o", tmp_path / "a.txt").code == 0
    paths = expected.select(region="Italy").paths()
    assert (tmp_path / "a.txt").read_text().splitlines() == paths


def test_answer_of_sql_has_the_format_of_the_suffix(run: Run, small: Small, tmp_path: Path) -> None:
    query = "SELECT scene_id FROM scenes ORDER BY ALL"
    assert run("sql", small.out, query, "-o", tmp_path / "a.csv").code == 0
    assert (tmp_path / "a.csv").read_text().startswith("scene_id\nROIs")
    assert run("sql", small.out, query, "-o", tmp_path / "a.txt").code == 2


@pytest.mark.parametrize("command", [("select", *ITALY), ("sql", "FROM scenes")])
def test_dash_is_standard_output(
    run: Run, small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    name, *rest = command
    assert run(name, small.out, *rest, "-o", "-") == run(name, small.out, *rest)
    assert list(tmp_path.iterdir()) == []


def test_limit_keeps_the_first(run: Run, small: Small, expected: Catalog) -> None:
    found = run("select", small.out, "--limit", 3, "--format", "ids")
    assert found.out.splitlines() == expected.select().ids[:3]


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.json", "a.parquet", "a.geojson"])
def test_ids_come_from_what_select_wrote(
    run: Run, small: Small, expected: Catalog, tmp_path: Path, name: str
) -> None:
    run("select", small.out, *ITALY, "-o", tmp_path / name)
    found = run("select", small.out, "--ids", tmp_path / name, "--format", "ids")
    assert (found.err, found.out.splitlines()) == ("", expected.select(region="Italy").ids)


def test_ids_come_from_standard_input(
    run: Run, small: Small, expected: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = expected.select().ids[0]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{first}\nROIs1158_spring_9_p9\n"))
    found = run("select", small.out, "--ids", "-", "--format", "ids")
    assert found.out == f"{first}\n"
    assert found.err == "1 of 2 ids are not in the catalog: ROIs1158_spring_9_p9\n"


NOTHING = {
    "select": ("select", "--format", "paths"),
    "csv": ("select", "--format", "csv"),
    "plot": ("plot", "-o", "FOLDER/p.png"),
    "extract": ("extract", "--to", "FOLDER/files", "--dry-run"),
    "manifest": ("manifest", "save", "-o", "FOLDER/m.json"),
}


@pytest.mark.parametrize("case", NOTHING)
def test_nothing_found_is_explained(run: Run, small: Small, tmp_path: Path, case: str) -> None:
    if case == "plot":
        pytest.importorskip("matplotlib", reason="matplotlib is an optional extra")
    name, *rest = (word.replace("FOLDER", str(tmp_path)) for word in NOTHING[case])
    if name == "manifest":
        name, *rest = rest
        words = ["manifest", name, small.out, *rest]
    else:
        words = [name, small.out, *rest]
    found = run(*words, "--region", "Kenya", "--season", "summer")
    assert "No patch passes the filters: region=Kenya, season=summer.\n" in found.err
    assert "Without region: 18 patches.\n" in found.err
    assert "The nearest scene is ROIs1158_spring_1 (MOZ), 1,3" in found.err
    quiet = run(*words, "--region", "Kenya", "--season", "summer", "--quiet")
    assert quiet == type(found)(found.code, found.out, "")


@pytest.mark.parametrize("option", ["--where", "--filter"])
def test_a_country_that_is_compared_with_a_name_is_explained(
    run: Run, small: Small, option: str
) -> None:
    hint = "The column country holds ISO codes, such as KOR: --region takes names.\n"
    assert hint in run("select", small.out, option, "country = 'South Korea'").err
    assert hint not in run("select", small.out, option, "season = 'summer' AND lat > 89").err


def test_missing_land_cover_is_named(run: Run, small: Small, tmp_path: Path) -> None:
    root = copied(small, tmp_path)
    for path in root.rglob("*_lc_*.tif"):
        path.unlink()
    index(root, into=tmp_path / "out", workers=1)
    found = run("select", tmp_path / "out", "--cover", "forest>0.1")
    assert found.out == "0 patches\n"
    assert "No patch of this catalog has lc: index those files" in found.err


def on_a_terminal(*arguments: object) -> list[str]:
    """Lines of a command on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "dumb", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "catalog", *map(str, arguments)]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        text = b""
        while chunk := _read(ours):
            text += chunk
    os.close(ours)
    assert process.returncode == 0
    return text.decode().replace("\r", "").splitlines()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so at the end
        return b""


def test_nothing_is_cut_off_in_80_columns(small: Small, expected: Catalog) -> None:
    lines = on_a_terminal("select", small.out)
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines[2:22]] == expected.select().ids[:20]
    assert "…" not in "".join(lines)
    lines = on_a_terminal("sql", small.out, "SELECT id, s2, lc FROM patches LIMIT 1")
    assert max(map(len, lines)) <= 80
    assert "…" not in "".join(lines)


@pytest.mark.parametrize(
    ("words", "start", "found"),
    [
        (("select", "OUT", "--region"), "Ital", {"Italy"}),
        (("select", "OUT", "--region"), "côte", {"Côte d'Ivoire"}),
        (("select", "OUT", "--not-region"), "DEU", {"DEU"}),
        (("select", "OUT", "--cover"), "for", {"forest>="}),
        (("select", "OUT", "--cover"), "lccs_lu.n", {"lccs_lu.natural_herbaceous>="}),
        (("select", "OUT", "--season"), "S", {"spring", "summer"}),
        (("sel",), "", None),
    ],
)
def test_shell_completes(words: tuple[str, ...], start: str, found: set[str] | None) -> None:
    typed = " ".join(["sen12ms", *words, start]).strip()
    environment = {
        **os.environ,
        "_SEN12MS_COMPLETE": "bash_complete",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split()) - 1),
    }
    program = "from catalog.cli import sen12ms; sen12ms(prog_name='sen12ms')"
    told = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (told.returncode, told.stderr) == (0, "")
    names = {line.partition(",")[2] for line in told.stdout.splitlines()}
    assert names >= (found or {"select"})
    assert found is None or len(names) <= 8


def test_process_that_ends_after_reading_the_regions_ends_well() -> None:
    """Arrow's threads, if they read an open file, abort it more often than not."""
    program = "from catalog.store.geoparquet import read_region_names; read_region_names()"
    for _ in range(6):
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
        assert (ended.returncode, ended.stderr) == (0, b"")


def test_sensors_of_the_filter_are_those_whose_archives_are_listed(run: Run, small: Small) -> None:
    asked = run("archives", small.out, *ITALY, "--sensor", "s2", "--json")
    assert asked == run("archives", small.out, *ITALY, "--needs", "s2", "--json")


def test_sample_is_printed_as_it_is_asked_for(run: Run, small: Small) -> None:
    drawn = ("sample", small.out, "-n", 4)
    refused = run(*drawn, "-o", "-")
    assert (refused.code, refused.out) == (2, "")
    assert "--format" in refused.err
    assert len(run(*drawn, "-o", "-", "--format", "ids").out.splitlines()) == 4


def test_root_without_the_files_is_said(run: Run, small: Small, tmp_path: Path) -> None:
    asked = ("select", small.out, "--sensor", "s2", "--format", "paths", "--root")
    assert run(*asked, small.root).err == ""
    wrong = run(*asked, tmp_path)
    assert wrong.err.count("\n") == 1
    assert f"{tmp_path}/ROIs" in wrong.err
    run("extract", small.out, *ITALY, "--sensor", "lc", "--to", tmp_path)
    assert f"sen12ms select {tmp_path}\n" in run(*asked, tmp_path).err
    assert run(*asked, tmp_path, "--quiet").err == ""


def test_json_is_for_programs(run: Run, small: Small, expected: Catalog, tmp_path: Path) -> None:
    checked = json.loads(run("check", small.out, "--json").out)
    assert checked == {"patches": 54, "files": 162, "unreachable": 0, "findings": []}
    strata = json.loads(run("sample", small.out, "-n", 4, "--json").out)
    assert strata == [{"name": "all", "available": 54, "wanted": 4, "taken": 4}]
    parts = json.loads(run("split", small.out, "--fractions", "a=0.5,b=0.5", "--json").out)
    assert sorted(patch for part in parts.values() for patch in part["ids"]) == sorted(
        expected.select().ids
    )
    folds = json.loads(run("split", small.out, "--folds", 2, "--json").out)
    assert [set(fold) for fold in folds] == [{"train", "val"}] * 2
    taken = run("extract", small.out, *ITALY, "--to", tmp_path / "x", "--json", "--quiet")
    assert (json.loads(taken.out)["files"], taken.err) == (27, "")
    indexed = run("index", tmp_path / "x", "-o", tmp_path / "out", "--json", "--quiet")
    assert (json.loads(indexed.out)["patches"], indexed.err) == (9, "")


def test_sample_says_which_patches(run: Run, small: Small, expected: Catalog) -> None:
    found = run("sample", small.out, "-n", 4, "--format", "ids")
    assert found.out.splitlines() == expected.select().sample(4).ids
    refused = run("sample", small.out, "-n", "1.0")
    assert refused.code == 2
    assert "'1.0' is not a size: write 100 patches as 100, half as 0.5" in refused.err
    assert run("sample", small.out, "-n", "many").code == 2


def test_check_of_a_moved_dataset_says_root_once(run: Run, small: Small, tmp_path: Path) -> None:
    root = copied(small, tmp_path)
    index(root, into=tmp_path / "out", workers=1)
    root.rename(tmp_path / "other")
    found = run("check", tmp_path / "out")
    assert found.code == 1
    assert found.out == (
        f"{root} is not there, with 162 files: if it was moved, name it with --root\n"
    )
    assert run("check", tmp_path / "out", "--root", tmp_path / "other").code == 0
    (tmp_path / "elsewhere").mkdir()
    lost = run("check", tmp_path / "out", "--root", tmp_path / "elsewhere")
    assert lost.out.count("cannot be found") == 162


def test_package_knows_its_version_and_is_typed(run: Run) -> None:
    assert run("--version").out == f"sen12ms, version {catalog.__version__}\n"
    told = subprocess.run(
        [sys.executable, "-m", "catalog", "--version"],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert told.stdout == f"sen12ms, version {catalog.__version__}\n"
    assert (Path(catalog.__file__).parent / "py.typed").is_file()


def test_text_without_quotes_is_explained(run: Run, small: Small) -> None:
    for where in ("country = ITA", 'country = "ITA"'):
        found = run("select", small.out, "--where", where)
        assert found.err.endswith("text is written in single quotes: 'ITA'\n")


def test_archives_of_a_selection_are_listed(run: Run, small: Small) -> None:
    found = run("archives", small.out, *ITALY, "--needs", "s2")
    assert (found.code, found.err.startswith("1 archive: 9 files, ")) == (0, True)
    assert found.out.splitlines()[1].split()[:2] == ["ROIs1868_summer_s2.tar.gz", "9"]
    listed = json.loads(run("archives", small.out, *ITALY, "--json").out)
    assert [each["sensor"] for each in listed] == ["lc", "s1", "s2"]
    assert run("archives", small.out, "--needs", "s3").code == 1


def test_extracted_folder_is_selected_from(run: Run, small: Small, tmp_path: Path) -> None:
    done = run("extract", small.out, *ITALY, "--sensor", "s2", "--to", tmp_path / "italy")
    assert f"It is a catalog of these patches: sen12ms select {tmp_path}/italy\n" in done.err
    paths = run("select", tmp_path / "italy", "--sensor", "s2", "--format", "paths").out
    assert len(paths.splitlines()) == 9
    assert all(Path(path).is_file() for path in paths.splitlines())
    assert run("info", tmp_path / "italy").code == 0


def test_manifest_is_loaded_from_standard_input(
    run: Run, small: Small, expected: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = expected.select().ids[:2]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(first)))
    assert run("manifest", "load", "-", small.out, "--format", "ids").out.split() == first


def test_flat_table_is_not_a_catalog_and_says_which_one_is(
    run: Run, small: Small, tmp_path: Path
) -> None:
    run("select", small.out, *ITALY, "-o", tmp_path / "flat.parquet")
    refused = run("select", tmp_path / "flat.parquet")
    assert refused.code == 1
    assert "--format stac-geoparquet can be opened" in refused.err


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc")
def test_place_where_nothing_can_be_written_is_not_said_to_be_busy(run: Run, small: Small) -> None:
    refused = run("index", small.root, "-o", "/proc/x")
    assert (refused.code, "/proc/x cannot be written" in refused.err) == (1, True)
