"""What a server does when it is busy, when it is stopped, and when `index` runs meanwhile."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest
import uvicorn
from starlette.exceptions import HTTPException
from starlette.requests import Request

from catalog import Catalog, index
from catalog.server.current import CurrentApp
from catalog.server.guard import LOOPBACK
from catalog.server.hosting import config_of, listen, url_of
from catalog.server.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from catalog.query.session import Session
    from tests.server.conftest import Dataset

ENDLESS = "SELECT count(*) FROM range(10000000000) AS a WHERE hash(a.range) % 7 = 1"


async def _still_there() -> dict[str, str]:
    await anyio.sleep_forever()
    raise AssertionError


async def _gone() -> dict[str, str]:
    return {"type": "http.disconnect"}


def request(*, gone: bool = False) -> Request:
    return Request(
        {"type": "http", "method": "GET", "headers": []}, _gone if gone else _still_there
    )


def endless(session: Session) -> Callable[[], object]:
    return lambda: session.fetch(ENDLESS)


def test_a_question_that_takes_too_long_is_ended(demo: Dataset) -> None:
    with Catalog.open(demo.out) as cat:
        pool = Pool(cat.session, seconds=0.5)
        start = time.monotonic()
        with pytest.raises(HTTPException, match=r"takes more than 0\.5 s: ask for less"):
            anyio.run(pool.run, request(), endless(cat.session))
        assert time.monotonic() - start < 10
        assert not pool.is_busy
        assert cat.session.fetch("SELECT 1") == [(1,)]


def test_a_question_is_ended_when_its_client_leaves_and_others_go_on(demo: Dataset) -> None:
    with Catalog.open(demo.out) as cat:
        pool = Pool(cat.session)
        found: list[object] = []

        async def leave() -> None:
            with pytest.raises(Exception, match="INTERRUPT"):
                await pool.run(request(gone=True), endless(cat.session))

        async def both() -> None:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(leave)
                answer = partial(cat.session.fetch, "SELECT 7")
                found.extend([await pool.run(request(), answer) for _ in range(20)])

        anyio.run(both)
        assert found == [[(7,)]] * 20


def test_more_questions_than_can_wait_are_told_to_come_again(demo: Dataset) -> None:
    with Catalog.open(demo.out) as cat:
        pool = Pool(cat.session)
        go = threading.Event()
        refused: list[HTTPException] = []

        async def ask() -> None:
            try:
                await pool.run(request(), go.wait)
            except HTTPException as error:
                refused.append(error)

        async def crowd() -> None:
            async with anyio.create_task_group() as tasks:
                for _ in range(60):
                    tasks.start_soon(ask)
                await anyio.sleep(0.5)
                go.set()

        anyio.run(crowd)
        assert len(refused) == 60 - 43
        assert {error.status_code for error in refused} == {503}
        assert refused[0].headers == {"Retry-After": "5"}


def test_ctrl_c_ends_the_server_while_it_answers(demo: Dataset) -> None:
    script = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from catalog.query.session import Session\n"
        f"ask = lambda self, *_: self.cursor().execute({ENDLESS!r}).fetchall()\n"
        "Session.fetch = ask\n"
        f"sys.argv = ['sen12ms', 'serve', {str(demo.out)!r}, '--port', '0']\n"
        "from catalog.cli import main\n"
        "main()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        url = process.stderr.readline().split()[-1]
        asking = threading.Thread(target=_ask, args=(f"{url}api/search",))
        asking.start()
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=15) == 0
        assert process.stderr.read().count("Traceback") == 0
        asking.join()


def _ask(url: str) -> None:
    """The answer does not come: the server ends."""
    with suppress(httpx.TransportError):
        assert httpx.get(url, timeout=60).status_code == 500


def test_a_catalog_that_index_writes_again_takes_the_place_of_the_old_one(
    tiny: Dataset, tmp_path: Path
) -> None:
    root, out = tmp_path / "dataset", tmp_path / "catalog"
    shutil.copytree(tiny.root, root)
    index(root, into=out)
    with Catalog.open(out) as cat, listen("127.0.0.1", 0) as listener:
        app = CurrentApp(cat, lambda: Catalog.open(out), LOOPBACK)
        server = uvicorn.Server(config_of(app))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        url = f"{url_of(listener)}api/search"
        try:
            before = httpx.get(url).json()["numberMatched"]
            gone = next(root.rglob("*_p182.tif")).name
            for path in root.rglob("*_p182.tif"):
                path.unlink()
            index(root, into=out)
            time.sleep(1.1)
            after = httpx.get(url).json()
        finally:
            server.should_exit = True
            thread.join()
    assert gone
    assert after["numberMatched"] == before - 1
    assert "ROIs1868_summer_142_p182" not in {item["id"] for item in after["features"]}
