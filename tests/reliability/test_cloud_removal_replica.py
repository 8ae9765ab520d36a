"""3,136 patches of SEN12MS-CR go through every command, equal from folders and archives."""

from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING

import httpx
import pytest
from click.testing import CliRunner
from hosts import serve
from trees import rows_of

from catalog import Catalog
from catalog.cli import sen12ms
from catalog.datasets import SEN12MS_CR
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.bench
PATCHES = tuple(range(30, 814))
SCENES = (
    SyntheticScene("spring", 1, 32737, (374_132.25, 8_118_022.75), 29, PATCHES),
    SyntheticScene("summer", 142, 32632, (617_663.75, 4_971_972.75), 29, PATCHES),
    SyntheticScene("fall", 139, 32650, (374_132.25, 4_118_022.75), 29, PATCHES),
    SyntheticScene("winter", 22, 32631, (250_868.5, 1_962_386.75), 29, PATCHES),
)
CONDITIONS = ("--season", "fall", "--bbox", "100,30,120,40")


def run(*arguments: object) -> str:
    done = CliRunner().invoke(sen12ms, [*map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def outs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Catalogs of the same patches, from folders and from archives."""
    folder = tmp_path_factory.mktemp("replica")
    for scene in SCENES:
        for _ in write_scene(folder / "CR", scene, SEN12MS_CR, sparse=tuple(SEN12MS_CR.sensors)):
            pass
    archives = []
    for part in sorted((folder / "CR").iterdir()):
        archives.append(folder / f"{part.name}.tar.gz")
        with tarfile.open(archives[-1], "w:gz", compresslevel=1) as archive:
            archive.add(part, part.name)
    run("index", folder / "CR", "-o", folder / "folders")
    run("index", *archives, "-o", folder / "packed")
    return folder / "folders", folder / "packed"


def test_the_tables_differ_in_paths_alone(outs: tuple[Path, Path]) -> None:
    tables = [rows_of(out) for out in outs]
    for rows in tables:
        assert len(rows) == 4 * len(PATCHES) == 3136
        for row in rows.values():
            for sensor in SEN12MS_CR.sensors:
                del row["assets"][sensor]["href"]
    assert tables[0] == tables[1]


@pytest.mark.parametrize(
    "command",
    [
        ("select", *CONDITIONS, "--format", "ids"),
        ("sql", "SELECT scene_id, patches, country FROM scenes", "--format", "csv"),
        ("sql", "SELECT id FROM patches_in_box(115.0, 36.5, 117.0, 37.5)", "--format", "csv"),
        ("sample", "-n", "100", "--stratify", "season", "--format", "ids"),
    ],
    ids=["select", "scenes", "macro", "sample"],
)
def test_commands_give_equal_answers(outs: tuple[Path, Path], command: tuple[str, ...]) -> None:
    name, *others = command
    answers = [run(name, out, *others) for out in outs]
    assert answers[0] == answers[1]
    assert len(answers[0].splitlines()) >= 2


def test_catalogs_are_sound(outs: tuple[Path, Path]) -> None:
    for out in outs:
        run("check", out)
        assert json.loads(run("info", out, "--json"))


def test_manifests_splits_and_leakage(outs: tuple[Path, Path], tmp_path: Path) -> None:
    answers = []
    for number, out in enumerate(outs):
        manifest = tmp_path / f"{number}.csv"
        run("split", out, "--fractions", "train=0.5,val=0.5", "--buffer-km", "5", "-o", manifest)
        found = CliRunner().invoke(
            sen12ms, ["leakage", str(out), f"{manifest}:train", f"{manifest}:val"]
        )
        assert found.exit_code == 0, found.output
        rows = [row.split(",")[:2] for row in manifest.read_text("utf-8").splitlines()[2:]]
        answers.append(rows)
    assert answers[0] == answers[1]
    assert len(answers[0]) == 3136


def test_files_are_extracted_as_they_were(outs: tuple[Path, Path], tmp_path: Path) -> None:
    box = ("--season", "fall", "--where", "patch < 40")
    run("extract", outs[1], *box, "--to", tmp_path / "some")
    with Catalog.open(outs[0]) as cat:
        chosen = cat.select(season="fall", where="patch < 40")
        for sensor in SEN12MS_CR.sensors:
            for path in chosen.paths(sensor):
                (found,) = (tmp_path / "some").rglob(path.rpartition("/")[2])
                with open(path, "rb") as file:
                    assert found.read_bytes() == file.read()


def test_the_server_answers(outs: tuple[Path, Path]) -> None:
    with serve(outs[0]) as url:
        for path in (
            "api/collections/sen12ms-cr",
            "api/collections/sen12ms-cr/queryables",
            "api/search?limit=3&filter=sen12ms:season='fall'",
            *(f"previews/fall/139/30/{name}.png" for name in SEN12MS_CR.previews),
        ):
            assert httpx.get(f"{url}{path}").status_code == 200, path
        assert httpx.get(f"{url}catalog/map/about.json").json()["cover"] == {}
