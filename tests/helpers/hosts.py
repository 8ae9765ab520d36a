"""Hosts of a catalog: the server of this package, and one that knows nothing but files."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import uvicorn

from catalog import Catalog
from catalog.server.app import create_app
from catalog.server.hosting import config_of, listen, url_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def serve(out: Path, root: Path | None = None) -> Iterator[str]:
    """The URL of a server of a catalog, with a slash at its end."""
    with Catalog.open(out, root=root) as cat, listen("127.0.0.1", 0) as listener:
        app = create_app(cat)
        server = uvicorn.Server(config_of(app))
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
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as host:
        thread = Thread(target=host.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{host.server_port}/"
        finally:
            host.shutdown()
            thread.join()
