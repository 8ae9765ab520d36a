"""`sen12ms serve` says where to look, stops when told, and needs its extra."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from catalog.server.stac_browser import browser_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Run
    from tests.conftest import Small

MAIN = "from catalog.cli import main; main()"
NO_STARLETTE = f"import sys; sys.modules['starlette.applications'] = None; {MAIN}"


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, "serve", *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def test_serve_prints_where_to_look_and_stops_on_ctrl_c(small: Small) -> None:
    with start(MAIN, small.out, "--port", 0) as process:
        assert process.stderr is not None
        url = process.stderr.readline().removeprefix("Map:").strip()
        try:
            catalog = httpx.get(f"{url}catalog/catalog.json").json()
        finally:
            process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert url.startswith("http://127.0.0.1:")
    assert catalog["id"] == "sen12ms-catalog"
    assert "STAC Browser:" in rest
    assert "Traceback" not in rest
    assert process.returncode == 0


def test_without_the_extra_one_sentence_says_what_to_install(small: Small) -> None:
    with start(NO_STARLETTE, small.out) as process:
        _, message = process.communicate()
    assert process.returncode == 1
    assert "pip install 'sen12ms-catalog[server]'" in message
    assert len(message.splitlines()) == 1


def test_a_folder_without_a_catalog_is_one_sentence(run: Run, tmp_path: Path) -> None:
    result = run("serve", tmp_path)
    assert result.code == 1
    assert "make one with `sen12ms index" in result.err


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What `--open` opens, in place of a browser; and no server that waits."""
    urls: list[str] = []
    monkeypatch.setattr("webbrowser.open", urls.append)
    run: Callable[..., Any] = lambda *_: None  # noqa: E731
    monkeypatch.setattr("catalog.server.hosting.run", run)
    return urls


def test_open_opens_stac_browser_if_it_was_built(
    run: Run,
    small: Small,
    opened: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    unbuilt = run("serve", small.out, "--port", 0, "--open")
    assert "https://radiantearth.github.io/stac-browser/#/external/http:/127" in unbuilt.err
    assert "sen12ms serve --build-browser" in unbuilt.err
    (browser_folder() / "stac-browser").mkdir(parents=True)
    built = run("serve", small.out, "--port", 0, "--open")
    assert "radiantearth" not in built.err
    assert [url.rpartition(":")[2].partition("/")[2] for url in opened] == ["", "browser/"]
