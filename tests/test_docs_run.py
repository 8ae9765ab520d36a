"""README, tutorial, how-to pages and notebook run as they stand, on the demo's own paths."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
import warnings
from pathlib import Path

import pytest
from pages import PAGES, ROOT, blocks, run_in_python, run_in_shell

from catalog import index
from catalog.cli.demo import SCENES
from catalog.source.synthetic import write_scene

STORES = ("docs/how-to/cluster.md", "docs/how-to/object-stores.md")
"""Pages that need a store or a cluster: `test_docs_stores.py` runs them."""
NOT_RUN = ("docs/how-to/cloud-removal.md",)
"""The page on SEN12MS-CR names a whole catalog of each dataset, and lists of both."""


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sen12ms demo` makes, with Sentinel files that hold no pixels."""
    folder = tmp_path_factory.mktemp("demo")
    for scene in SCENES:
        for _ in write_scene(folder / "SEN12MS", scene, sparse=("s1", "s2")):
            pass
    broken = "ROIs1868_summer/s2_142/ROIs1868_summer_s2_142_p212.tif"
    os.truncate(folder / "SEN12MS" / broken, 100_000)
    index(folder / "SEN12MS", into=folder / "catalog", workers=2)
    return folder


@pytest.fixture
def place(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `demo/SEN12MS` and `demo/catalog`, to work in."""
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "SEN12MS").symlink_to(demo / "SEN12MS")
    shutil.copytree(demo / "catalog", tmp_path / "demo" / "catalog")
    monkeypatch.chdir(tmp_path)
    scripts = sysconfig.get_path("scripts")
    monkeypatch.setenv("PATH", f"{scripts}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if page not in STORES])
@pytest.mark.usefixtures("place")
def test_page_runs(page: str) -> None:
    names: dict[str, object] = {"__name__": "page"}
    for language, block in blocks(page):
        if language == "bash":
            run_in_shell(block)
        else:
            run_in_python(block, names)


@pytest.mark.parametrize("page", [page for page in PAGES if page not in NOT_RUN])
def test_all_that_a_page_shows_is_run(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert {*re.findall(r"^```(\w+)$", text, re.MULTILINE)} <= {"bash", "python", "sql"}


@pytest.mark.slow
@pytest.mark.usefixtures("place")
def test_tasks_of_the_readme_have_answers() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    for language, block in blocks("README.md"):
        for line in block.replace("\\\n", " ").splitlines():
            if language == "bash" and re.match(r"sen12ms (select|sql|info|split)", line):
                done = subprocess.run(
                    ["bash", "-c", line], capture_output=True, text=True, check=True
                )
                output = re.search(r"-o ([\w.]+)$", line)
                assert Path(output[1]).stat().st_size > 500 if output else done.stdout, line


@pytest.mark.slow
def test_notebook_runs(place: Path) -> None:
    nbformat = pytest.importorskip("nbformat", reason="nbclient is an optional extra")
    client = pytest.importorskip("nbclient", reason="nbclient is an optional extra")
    pytest.importorskip("ipykernel", reason="ipykernel is an optional extra")
    notebook = nbformat.read(ROOT / "docs" / "first-hour.ipynb", as_version=4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of jupyter_client
        client.NotebookClient(
            notebook, timeout=120, resources={"metadata": {"path": place}}
        ).execute()
    shown = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    assert "<svg" in shown[1][0]["data"]["text/html"]
    assert all(cell for cell in shown), "every cell shows something"
    assert (place / "train.parquet").stat().st_size > 0


def test_pages_of_the_site_are_all_in_its_navigation() -> None:
    listed = set(re.findall(r": ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert listed == pages


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    folder = (ROOT / page).parent
    assert [target for target in targets if not (folder / target).exists()] == []
