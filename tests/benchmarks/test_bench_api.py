"""A page of 100 items of the STAC API, over HTTP of the whole catalog, beside other servers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from conftest import serving

from catalog.server.hosting import listen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conftest import Bench

ROUNDS = 100
POLYGON = "POLYGON((-10 35, 30 35, 30 60, -10 60, -10 35))"
SEARCHES: dict[str, tuple[dict[str, Any], int]] = {
    "box": ({"bbox": [10, 44, 12, 46]}, 10),
    "all": ({}, 10),
    "CQL2 with a polygon": (
        {
            "filter": f"\"sen12ms:season\" = 'winter' AND S_INTERSECTS(geometry, {POLYGON})",
            "filter-lang": "cql2-text",
        },
        15,
    ),
}
"""Parameters, and the milliseconds that a page may take."""
LEAST_RATIO = 5
MOST_WITHOUT_FILES = 4
"""How many times longer a page may take where items have no files."""
RUSTAC_DUCKDB = "1.5.4"
RUSTAC = (
    "rustac==0.9.12",
    *(f"duckdb-extension-{name}=={RUSTAC_DUCKDB}" for name in ("spatial", "icu", "parquet")),
)
"""Its server, and what its DuckDB needs."""
STAC_FASTAPI = "stac-fastapi.api==7.0.0"
THROUGH_STAC_FASTAPI = {
    "a dict, as its clients answer by default": "dict",
    "a dict that its models validate": "models",
    "bytes, past its models": "bytes",
}
"""What a backend of stac-fastapi answers with, and its name in the program that serves it."""

pytestmark = pytest.mark.bench


@pytest.fixture(scope="module")
def ours(full: Path) -> Iterator[httpx.Client]:
    with _client(full) as client:
        yield client


@pytest.fixture(scope="module")
def without_files(
    full: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[httpx.Client]:
    """The same catalog, whose items are in the table alone."""
    folder = tmp_path_factory.mktemp("without")
    for name in ("items.parquet", "catalog.duckdb", "report.json"):
        shutil.copy(full / name, folder)
    with _client(folder) as client:
        yield client


@contextmanager
def _client(folder: Path) -> Iterator[httpx.Client]:
    with serving(folder) as (url, _), httpx.Client(base_url=f"{url}api/", timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def rustac(full: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client | None]:
    """A client of rustac's server of the same table; None if it does not start.

    Its DuckDB would fetch extensions from the network: the last version whose extensions are on
    PyPI is installed, with them where DuckDB looks.
    """
    home = tmp_path_factory.mktemp("rustac")
    if not _installed(home / "lib", "--no-deps", *RUSTAC):
        yield None
        return
    extensions = home / ".duckdb" / "extensions" / f"v{RUSTAC_DUCKDB}" / "linux_amd64"
    extensions.mkdir(parents=True)
    for path in home.glob("lib/*/extensions/*/*.duckdb_extension"):
        shutil.copy(path, extensions)
    port = _free_port()
    program = str(home / "lib" / "bin" / "rustac")
    command = [program, "serve", "--addr", f"127.0.0.1:{port}", str(full / "items.parquet")]
    environment = {"HOME": str(home), "PYTHONPATH": str(home / "lib")}
    with _other(command, port, environment) as client:
        yield client


def _installed(folder: Path, *packages: str) -> bool:
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder)]
    return subprocess.run([*install, *packages], check=False).returncode == 0


def _free_port() -> int:
    with listen("127.0.0.1", 0) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def _other(
    command: Sequence[str], port: int, environment: dict[str, str]
) -> Iterator[httpx.Client | None]:
    """A client of a server that a command starts; None if it does not start."""
    silent, known = subprocess.DEVNULL, os.environ | environment
    with subprocess.Popen(command, stdout=silent, stderr=silent, env=known) as process:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/", timeout=20) as client:
            yield client if _starts(client) else None
        process.terminate()


def _starts(client: httpx.Client) -> bool:
    for _ in range(200):
        try:
            return client.get("").status_code == 200
        except httpx.ConnectError:
            time.sleep(0.1)
        except httpx.TransportError:
            return False
    return False


def milliseconds(client: httpx.Client, body: dict[str, Any]) -> float:
    start = time.perf_counter()
    client.post("search", json=body)
    return (time.perf_counter() - start) * 1000


def answers(client: httpx.Client, body: dict[str, Any]) -> bool:
    try:
        answer = client.post("search", json=body)
    except httpx.TransportError:
        return False
    return answer.status_code == 200 and len(answer.json()["features"]) == 100


def _told(times: list[float], client: httpx.Client, body: dict[str, Any]) -> list[str]:
    answer = client.post("search", json=body)
    size = f"{len(answer.content) / 1000:,.0f}"
    counts = "yes" if "numberMatched" in answer.json() else "no"
    return [f"{median(times):.1f}", f"{min(times):.1f}", size, counts]


@pytest.mark.parametrize("name", SEARCHES)
def test_page_of_100_items(
    ours: httpx.Client, rustac: httpx.Client | None, bench: Bench, name: str
) -> None:
    asked, limit_ms = SEARCHES[name]
    body = {"limit": 100, "collections": ["sen12ms"], **asked}
    assert answers(ours, body)
    other = rustac if rustac is not None and answers(rustac, body) else None
    times: list[float] = []
    theirs: list[float] = []
    for number in range(ROUNDS):
        times.append(milliseconds(ours, body))
        if other is not None and number % 5 == 0:
            theirs.append(milliseconds(other, body))
    rows = [["ours", *_told(times, ours, body)]]
    rows.append(["rustac", *(_told(theirs, other, body) if other else ["no answer", "", "", ""])])
    bench.table(
        f"A page of 100 items: {name}",
        ["server", "median, ms", "least, ms", "kB", "says how many match"],
        rows,
    )
    typical = median(times)
    bench.bar(f"page by {name}, ms", typical, f"<= {limit_ms}", held=typical <= limit_ms)
    if theirs and name == "box":  # the others take rustac less: it counts nothing
        ratio = median(theirs) / typical
        bench.bar(
            f"page by {name}, rustac / ours", ratio, f">= {LEAST_RATIO}", held=ratio >= LEAST_RATIO
        )


@pytest.mark.parametrize("name", SEARCHES)
def test_page_of_100_items_without_files(
    ours: httpx.Client, without_files: httpx.Client, bench: Bench, name: str
) -> None:
    body = {"limit": 100, "collections": ["sen12ms"], **SEARCHES[name][0]}
    times: dict[httpx.Client, list[float]] = {ours: [], without_files: []}
    for client in times:
        assert answers(client, body)
    for _ in range(ROUNDS):
        for client, found in times.items():
            found.append(milliseconds(client, body))
    before, after = map(median, times.values())
    bench.table(
        f"A page of 100 items, with and without files: {name}",
        ["items", "median, ms"],
        [["files", f"{before:.1f}"], ["none", f"{after:.1f}"]],
    )
    ratio = after / before
    held = ratio <= MOST_WITHOUT_FILES
    bench.bar(f"page by {name}, none / files", ratio, f"<= {MOST_WITHOUT_FILES}", held=held)


def test_page_of_100_items_through_stac_fastapi(
    ours: httpx.Client, full: Path, bench: Bench, tmp_path: Path
) -> None:
    if not _installed(tmp_path / "lib", STAC_FASTAPI):
        pytest.skip(f"{STAC_FASTAPI} cannot be installed")
    program = str(Path(__file__).with_name("stac_fastapi_server.py"))
    environment = {"PYTHONPATH": os.pathsep.join([str(tmp_path / "lib"), *filter(None, sys.path)])}
    body = {"limit": 100, "collections": ["sen12ms"], **SEARCHES["box"][0]}
    clients = {"ours": ours}
    with ExitStack() as stack:
        for name, how in THROUGH_STAC_FASTAPI.items():
            port = _free_port()
            command = [sys.executable, program, how, str(port), str(full)]
            client = stack.enter_context(_other(command, port, environment))
            assert client is not None, name
            clients[name] = client
        for client in clients.values():
            assert answers(client, body)
        pages = {name: partial(milliseconds, client, body) for name, client in clients.items()}
        bench.compare(
            "A page of 100 items: box, through stac-fastapi", pages, unit="page", rounds=ROUNDS
        )
