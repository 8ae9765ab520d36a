"""What a server does when it is busy, when it is stopped, and when `index` runs meanwhile."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
import uvicorn
from starlette.exceptions import HTTPException
from starlette.requests import Request

from catalog import Catalog, index
from catalog.errors import QueryError
from catalog.server.current import CurrentApp
from catalog.server.guard import LOOPBACK
from catalog.server.hosting import config_of, listen, url_of
from catalog.server.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


@dataclass
class Renewed:
    """A server of a catalog that `index` writes again."""

    url: str
    dataset: Dataset
    opened: list[Catalog]
    """All that it opened, the first one first."""

    def index_without(self, patch: str) -> None:
        for path in self.dataset.root.rglob(f"*_{patch}.tif"):
            path.unlink()
        index(self.dataset.root, into=self.dataset.out)
        time.sleep(1.1)

    @property
    def matched(self) -> int:
        return int(httpx.get(f"{self.url}api/search").json()["numberMatched"])

    def is_open(self, number: int) -> bool:
        """Whether it answers; one that is replaced is closed soon after the answer of another."""
        time.sleep(0.5)
        try:
            self.opened[number].sql("SELECT 1")
        except QueryError:
            return False
        return True


@pytest.fixture
def renewed(tiny: Dataset) -> Iterator[Renewed]:
    opened = [Catalog.open(tiny.out)]

    def reopen() -> Catalog:
        opened.append(Catalog.open(tiny.out))
        return opened[-1]

    with listen("127.0.0.1", 0) as listener:
        app = CurrentApp(opened[0], reopen, LOOPBACK)
        server = uvicorn.Server(config_of(app))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield Renewed(url_of(listener), tiny, opened)
        server.should_exit = True
        thread.join()
    for cat in opened:
        cat.close()


def test_a_catalog_that_index_writes_again_takes_the_place_of_the_old_one(
    renewed: Renewed,
) -> None:
    assert renewed.matched == 3
    renewed.index_without("p182")
    after = httpx.get(f"{renewed.url}api/search").json()
    assert after["numberMatched"] == 2
    assert "ROIs1868_summer_142_p182" not in {item["id"] for item in after["features"]}
    assert [renewed.is_open(0), renewed.is_open(1)] == [False, True]
    assert httpx.get(f"{renewed.url}api/search").json() == after


def test_the_old_catalog_is_closed_after_its_last_answer(renewed: Renewed) -> None:
    """A search whose body comes slowly is asked of the catalog that was there at its start."""
    address = urlsplit(renewed.url)
    with socket.create_connection((address.hostname, address.port or 0), timeout=30) as slow:
        head = f"POST /api/search HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n"
        slow.sendall(f"{head}Content-Length: 11\r\n\r\n{{".encode())
        time.sleep(0.5)
        renewed.index_without("p182")
        assert renewed.matched == 2
        assert [renewed.is_open(0), renewed.is_open(1)] == [True, True]
        slow.sendall(b'"limit":1}')
        with slow.makefile("rb") as file:
            answer = file.read()
    assert b'"numberMatched":3' in answer
    assert renewed.matched == 2
    assert [renewed.is_open(0), renewed.is_open(1)] == [False, True]


def test_a_catalog_that_cannot_be_opened_leaves_the_old_one_in_its_place(
    renewed: Renewed,
) -> None:
    report = renewed.dataset.out / "report.json"
    whole = report.read_bytes()
    report.write_bytes(whole[:10])
    checksums = renewed.dataset.out / "checksums.sha256"
    checksums.write_bytes(checksums.read_bytes())
    time.sleep(1.1)
    assert renewed.matched == 3
    assert renewed.is_open(0)
    assert not any(renewed.is_open(number) for number in range(1, len(renewed.opened)))
    report.write_bytes(whole)
    time.sleep(1.1)
    assert renewed.matched == 3
    assert not renewed.is_open(0)
