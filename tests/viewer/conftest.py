"""The map page on a static host: `http.server`, a folder, and Chromium."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from hosts import serve, static_host

from catalog import Catalog, index
from catalog.cli.demo import SCENES
from catalog.datasets import SEN12MS_CR
from catalog.source.synthetic import write_scene

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no chromium")
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def catalog_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalog of the dozen scenes of `sen12ms demo`, without images but in one scene."""
    folder = tmp_path_factory.mktemp("viewer")
    for scene in SCENES:
        pictured = (scene.season, scene.scene) == ("summer", 142)
        for _ in write_scene(folder / "SEN12MS", scene, sparse=() if pictured else ("s1", "s2")):
            pass
    # Some files are missing, as in a dataset that was copied in part.
    for sensor in ("s1", "lc"):
        for path in sorted(folder.rglob(f"*_{sensor}_*_p*7.tif")):
            path.unlink()
    index(folder / "SEN12MS", into=folder / "catalog")
    return folder / "catalog"


@pytest.fixture(scope="session")
def borrowing_folder(catalog_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SEN12MS-CR of the same scenes, whose land cover comes from that catalog where it has some."""
    folder = tmp_path_factory.mktemp("borrowing")
    for scene in SCENES:
        list(write_scene(folder / "CR", scene, SEN12MS_CR, sparse=tuple(SEN12MS_CR.sensors)))
    index(folder / "CR", into=folder / "catalog", land_cover_from=catalog_folder)
    return folder / "catalog"


@pytest.fixture(scope="session")
def host(catalog_folder: Path) -> Iterator[str]:
    """A static host of the catalog."""
    with static_host(catalog_folder) as url:
        yield url


@pytest.fixture(scope="session")
def cat(catalog_folder: Path) -> Iterator[Catalog]:
    with Catalog.open(catalog_folder) as cat:
        yield cat


@pytest.fixture(scope="session")
def page(chromium: Browser, host: str) -> Iterator[Page]:
    """A page of the host's own, so that modules can be imported; nothing is shown."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{host}report.json")
    yield page
    context.close()


@pytest.fixture(scope="session")
def server_url(catalog_folder: Path) -> Iterator[str]:
    """The page on a server of the catalog."""
    with serve(catalog_folder) as url:
        yield url
