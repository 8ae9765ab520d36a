"""The application of the catalog that is on disk now: `index` may write another one meanwhile."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool

from catalog.errors import CatalogError
from catalog.server.app import create_app
from catalog.store import staging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.applications import Starlette
    from starlette.types import Receive, Scope, Send

    from catalog.reading.catalog import Catalog

_LOOK_SECONDS: Final = 1.0


class CurrentApp:
    """Answers from one whole catalog: the old one until the new one can be opened.

    Parameters
    ----------
    catalog : Catalog
        As it is now.
    reopen : callable
        Opens what is in its place.
    hosts : iterable of str
        See `create_app`.
    """

    def __init__(
        self, catalog: Catalog, reopen: Callable[[], Catalog], hosts: Iterable[str]
    ) -> None:
        self._folder = catalog.folder
        self._reopen = reopen
        self._hosts = tuple(hosts)
        self._lock = Lock()
        self._stamp = self._now()
        self._looked = time.monotonic()
        self.app: Starlette = create_app(catalog, self._hosts)
        """Of the catalog that was opened last."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and time.monotonic() - self._looked > _LOOK_SECONDS:
            self._looked = time.monotonic()
            if self._now() != self._stamp:
                await run_in_threadpool(self._renew)
        await self.app(scope, receive, send)

    def _now(self) -> tuple[int, int, int] | None:
        """What tells another catalog: `index` writes its checksums last, and renames its folder."""
        if self._folder is None:
            return None
        try:
            found = (self._folder / staging.CHECKSUMS).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _renew(self) -> None:
        with self._lock:
            stamp = self._now()
            if stamp is None or stamp == self._stamp:
                return
            try:
                self.app = create_app(self._reopen(), self._hosts)
            except CatalogError:
                return  # half of it is there: the next request looks again
            self._stamp = stamp
