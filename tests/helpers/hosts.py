"""Hosts of a catalog: the server of this package, one of files alone, and a proxy before one."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn
from starlette.staticfiles import StaticFiles

from catalog import Catalog
from catalog.server.app import create_app
from catalog.server.hosting import config_of, listen, url_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def serve(out: Path, root: Path | None = None, root_path: str = "") -> Iterator[str]:
    """The URL of a server of a catalog, with a slash at its end."""
    with Catalog.open(out, root=root) as cat, running(create_app(cat), root_path) as url:
        yield url


@contextmanager
def ranged_host(folder: Path) -> Iterator[str]:
    """URL of a host of files that knows ranges of bytes, with a slash at its end."""
    with running(StaticFiles(directory=folder)) as url:
        yield url


@contextmanager
def running(app: Any, root_path: str = "") -> Iterator[str]:
    """The URL of an application that runs, with a slash at its end."""
    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(config_of(app, root_path))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield url_of(listener)
        finally:
            server.should_exit = True
            thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as it is there
        pass


@contextmanager
def static_host(folder: Path) -> Iterator[str]:
    """URL of a host that knows nothing but files, with a slash at its end."""
    with _hosted(partial(_Quiet, directory=str(folder))) as url:
        yield url


@contextmanager
def _hosted(handler: Callable[..., _Quiet]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as host:
        thread = Thread(target=host.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{host.server_port}/"
        finally:
            host.shutdown()
            thread.join()


class _Proxy(_Quiet):
    """Passes on what is below a path, without that path, as jupyter-server-proxy does."""

    def __init__(self, *given: Any, prefix: str, target: str, **more: Any) -> None:
        self.prefix, self.target = prefix, target
        super().__init__(*given, **more)

    def do_GET(self) -> None:
        if not self.path.startswith(self.prefix):
            self.send_error(404)
            return
        url = self.target + self.path.removeprefix(self.prefix)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = {name: value for name, value in self.headers.items() if name != "Connection"}
        with (
            httpx.Client(verify=False) as client,
            client.stream(self.command, url, headers=asked, content=body) as answer,
        ):
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name not in {"connection", "server", "date"}:
                    self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # a browser may leave
                for part in answer.iter_raw():
                    self.wfile.write(part)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.do_GET()


@contextmanager
def proxy(target: str, prefix: str) -> Iterator[str]:
    """URL of a proxy before a server; both URLs, and the path of the proxy, end in a slash."""
    handler = partial(_Proxy, prefix=prefix, target=target)
    with _hosted(handler) as url:
        yield url + prefix.removeprefix("/")
