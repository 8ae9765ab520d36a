"""README, tutorial, how-to pages and notebook run as they stand, on the demo's own paths."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from catalog import index
from catalog.cli.demo import SCENES
from catalog.source.synthetic import write_scene

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", "docs/tutorial.md", *sorted(
    path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "how-to").glob("*.md")
)]  # fmt: skip
NOT_HERE = re.compile(r"^(make|pip) |sen12ms serve")
"""Commands that install, build or serve."""


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


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """Language and text of what a page shows as Python and shell."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for match in re.finditer(r"^```(python|bash)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield match[1], match[2]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("place")
def test_page_runs(page: str) -> None:
    names: dict[str, object] = {"__name__": "page"}
    for language, block in blocks(page):
        if language == "bash":
            run_in_shell(block)
        else:
            run_in_python(block, names)


def run_in_shell(block: str) -> None:
    lines = [line for line in block.splitlines() if not NOT_HERE.search(line)]
    if not lines:
        return
    command = ["bash", "-euo", "pipefail", "-c", "\n".join(lines)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode in (0, 141), done.stderr  # 141: `head` had enough


def run_in_python(block: str, names: dict[str, object]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other libraries
        try:
            exec(compile(block, "page", "exec"), names)
        except ImportError as error:
            if "catalog" in str(error.name):
                raise
            pytest.skip(f"{error.name} is an optional extra")


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
