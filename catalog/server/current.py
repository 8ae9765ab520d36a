"""The application of the catalog that is on disk now: `index` may write another one meanwhile."""

from __future__ import annotations

import time
from dataclasses import dataclass
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


@dataclass(eq=False, slots=True)
class Served:
    """A catalog, and what answers from it."""

    catalog: Catalog
    """Open."""
    app: Starlette
    """Of this catalog."""
    requests: int = 0
    """How many are being answered."""

    @property
    def is_busy(self) -> bool:
        """Whether anything is still asked of it."""
        return self.requests > 0 or bool(self.app.state.pool.is_busy)


class CurrentApp:
    """Answers from one whole catalog: the old one until the new one can be opened.

    The old one is closed as soon as all that was asked of it is answered.

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
        self._served = Served(catalog, create_app(catalog, self._hosts))
        self._replaced: list[Served] = []

    @property
    def is_busy(self) -> bool:
        """Whether a question is being answered, by this catalog or an older one."""
        return any(served.app.state.pool.is_busy for served in (self._served, *self._replaced))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._served.app(scope, receive, send)
            return
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._looked = time.monotonic()
            if self._now() != self._stamp:
                await run_in_threadpool(self._renew)
        served = self._served
        served.requests += 1
        try:
            await served.app(scope, receive, send)
        finally:
            served.requests -= 1
            self._close_replaced()

    def _close_replaced(self) -> None:
        for served in [old for old in self._replaced if not old.is_busy]:
            self._replaced.remove(served)
            served.catalog.close()

    def _now(self) -> tuple[int, int, int] | None:
        """Identity of the catalog on disk: `index` writes its checksums last, and renames it."""
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
                catalog = self._reopen()
            except CatalogError:
                return  # half of it is there: the next request looks again
            try:
                app = create_app(catalog, self._hosts)
            except CatalogError:
                catalog.close()
                return
            self._replaced.append(self._served)
            self._served, self._stamp = Served(catalog, app), stamp
