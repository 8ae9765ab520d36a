"""STAC Browser is found in its cache, told of the catalog, or replaced by the hosted one."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import httpx
import pytest

from catalog.errors import ServeError
from catalog.server.build_browser import build_browser, format_lock
from catalog.server.stac_browser import LOCK, browser_folder, config_script, hosted_url

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.conftest import Small


def test_the_hosted_browser_opens_the_catalog_of_this_server() -> None:
    url = hosted_url("http://127.0.0.1:8000/catalog/catalog.json")
    assert url == (
        "https://radiantearth.github.io/stac-browser/#/external/"
        "http:/127.0.0.1:8000/catalog/catalog.json"
    )


def test_its_configuration_names_this_server_and_no_other() -> None:
    script = config_script("http://127.0.0.1:8000/", "SEN12MS")
    assert set(re.findall(r"https?://[^/\"]+", script)) == {"http://127.0.0.1:8000"}
    config = json.loads(script.splitlines()[0].removeprefix("window.STAC_BROWSER_CONFIG = ")[:-1])
    assert config["catalogUrl"] == "http://127.0.0.1:8000/api"


def test_the_cache_is_where_the_user_keeps_caches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert browser_folder().is_relative_to(tmp_path)


def test_the_lock_file_pins_every_package_and_names_no_host() -> None:
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    packages = [package for path, package in lock["packages"].items() if path]
    assert len(packages) > 1000
    assert all(package["integrity"].startswith("sha512-") for package in packages)
    assert "://" not in LOCK.read_text(encoding="utf-8")
    assert lock["packages"]["node_modules/ol-stac"]["version"] == "1.1.0"


def test_the_lock_file_is_in_its_own_format() -> None:
    text = LOCK.read_text(encoding="utf-8")
    assert format_lock(json.loads(text)) == text


def test_without_npm_the_build_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ServeError, match=r"install Node\.js"):
        build_browser(lambda _: None)
    assert not browser_folder().exists()


def test_a_browser_that_is_there_is_not_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    browser_folder().mkdir(parents=True)
    said: list[str] = []
    assert build_browser(said.append) == browser_folder()
    assert said == [f"STAC Browser 4.0.1 is in {browser_folder()} already."]


def test_without_it_its_page_says_what_to_run_and_the_map_works(
    small: Small,
    serving: Callable[..., AbstractContextManager[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with serving(small.out) as url:
        page = httpx.get(f"{url}browser/")
        start = httpx.get(url, follow_redirects=True)
    assert page.status_code == 404
    assert "sen12ms serve --build-browser" in page.text
    assert start.status_code == 200
    assert "map/app.js" in start.text
