"""A sensor that is added to the definition works everywhere, with no other line changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio

from catalog.query.statements import sql_folder
from catalog.source.synthetic import write_scene
from tests.conftest import SCENES

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., str]

pytestmark = pytest.mark.slow

DEFINITION = """
[sensors.radar]
title = "A third instrument"
roles = ["data"]
dtype = "uint16"
picture = { style = "reflectance", bands = ["X", "X", "X"] }
bands = [{ name = "X", description = "Counts" }]

[previews.overview_radar]
title = "The third instrument"
roles = ["overview"]
sensors = ["radar"]
reduction = 1

"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs commands of a copy of the package whose definition has one more sensor."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(Path(str(files("catalog"))), folder / "catalog")
    if not (folder / "catalog" / "sql").is_dir():
        shutil.copytree(Path(str(sql_folder())), folder / "sql")
    path = folder / "catalog" / "datasets" / "sen12ms" / "dataset.toml"
    path.write_text(path.read_text("utf-8").replace("[legends]", f"{DEFINITION}[legends]"), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(folder)}

    def run_command(*arguments: object, module: str = "catalog") -> str:
        start = ["-c"] if module == "" else ["-m", module]
        command = [sys.executable, *start, *map(str, arguments)]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, cwd=folder, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run_command


@pytest.fixture(scope="module")
def out(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog of patches with four files each."""
    folder = tmp_path_factory.mktemp("four")
    for path in write_scene(folder / "SEN12MS", SCENES[0]):
        if "_s1_" not in path.name:
            continue
        other = Path(str(path).replace("s1_1", "radar_1"))
        other.parent.mkdir(exist_ok=True)
        with rasterio.open(path) as source:
            profile = source.profile | {"count": 1, "dtype": "uint16"}
        with rasterio.open(other, "w", **profile) as target:
            target.write(np.arange(65_536, dtype=np.uint16).reshape(1, 256, 256))
    run("index", folder / "SEN12MS", "-o", folder / "catalog")
    return folder / "catalog"


def test_paths_of_the_sensor_are_selected(run: Run, out: Path) -> None:
    paths = run("select", out, "--sensor", "radar", "--format", "paths").split()
    assert len(paths) == 9
    assert all("radar_1" in path for path in paths)
    (row,) = json.loads(
        run("sql", out, "SELECT count(radar) AS n FROM patches", "--format", "json")
    )
    assert row == {"n": 9}


def test_catalog_is_found_right_and_complete(run: Run, out: Path) -> None:
    run("check", out)
    assert "9 complete" in run("info", out)


def test_manifest_has_its_paths_and_sizes(run: Run, out: Path, tmp_path: Path) -> None:
    run("manifest", "save", out, "-o", tmp_path / "all.csv")
    header = (tmp_path / "all.csv").read_text("utf-8").splitlines()[1].split(",")
    assert {"radar", "radar_bytes"} <= set(header)
    run("manifest", "verify", tmp_path / "all.csv", out)


def test_item_has_the_asset_and_the_picture_draws(run: Run, out: Path, tmp_path: Path) -> None:
    item = json.loads(next(out.rglob("*_p30.json")).read_text("utf-8"))
    assert item["assets"]["radar"]["href"].endswith("ROIs1158_spring_radar_1_p30.tif")
    collection = json.loads((out / "sen12ms" / "collection.json").read_text("utf-8"))
    assert collection["item_assets"]["radar"]["bands"][0]["name"] == "X"
    run("plot", out, "-o", tmp_path / "all.png")
    assert (tmp_path / "all.png").stat().st_size > 10_000


def test_server_serves_its_file_and_preview(run: Run, out: Path) -> None:
    script = (
        "import sys\n"
        "from starlette.testclient import TestClient\n"
        "from catalog import Catalog\n"
        "from catalog.server.app import create_app\n"
        "app = create_app(Catalog.open(sys.argv[1]))\n"
        "with TestClient(app, base_url='http://localhost') as client:\n"
        "    for path in ('data/ROIs1158_spring/radar_1/ROIs1158_spring_radar_1_p30.tif',\n"
        "                 'previews/spring/1/30/overview_radar.png'):\n"
        "        assert client.get(path).status_code == 200, path\n"
    )
    run(script, out, module="")
