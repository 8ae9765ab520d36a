"""Who may ask, and what browsers are told: hosts, other pages, headers."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse

from catalog.datasets import DATASETS
from catalog.stac.collection import PARQUET
from catalog.store import staging

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
# OpenLayers and STAC Browser set styles; STAC Browser's page starts with a script of its own.
_POLICY: Final = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline'; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; frame-ancestors 'self'"
)
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "SAMEORIGIN",
}
_SHARED: Final = (
    *("/api", "/schemas/", "/data/", "/previews/", f"/catalog/{staging.CATALOG}"),
    *(f"/catalog/{dataset}/" for dataset in DATASETS),
)
"""What STAC clients need; other files of the catalog tell paths of this machine."""
_PROTOCOLS: Final = frozenset({"http", "https"})


class Guard:
    """Refuses other hosts than those that are known, and adds the headers that browsers heed.

    Below the path of a proxy, what that says of the protocol is believed: links are of that one.

    Parameters
    ----------
    app : ASGI application
        What answers.
    hosts : iterable of str
        Names, without a port, that the server is asked by; `*` for any.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self.app = app
        self.hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        host = _name(asked.get("host", ""))
        if "*" not in self.hosts and host not in self.hosts:
            told = (
                f"this server is not called {host[:80]!r}: start it with --allow-host {host[:80]}\n"
            )
            await PlainTextResponse(told, 400)(scope, receive, send)
            return

        protocol = asked.get("x-forwarded-proto", "").partition(",")[0].strip()
        if scope.get("root_path") and protocol in _PROTOCOLS:
            scope = {**scope, "scheme": protocol}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                if headers.get("content-type", "").startswith("text/html"):
                    headers["Content-Security-Policy"] = _POLICY
            await send(message)

        await self.app(scope, receive, send_with_headers)


class Sharing(CORSMiddleware):
    """Lets pages of other servers read what STAC clients need, and nothing else."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            app,
            allow_origins=["*"],
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=["*"],
            allow_private_network=True,
            expose_headers=["Accept-Ranges", "Content-Length", "Content-Range", "ETag"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if _is_shared(path):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def send(self, message: Message, send: Send, request_headers: Headers) -> None:
        """Answer with permission to read, unless it is a table: so a search may end, too."""
        headers = Headers(raw=message.get("headers", []))
        if headers.get("content-type", "").startswith(PARQUET):
            await send(message)
        else:
            await super().send(message, send, request_headers)


def _is_shared(path: str) -> bool:
    """Whether any page may read what is at a path; one that leads elsewhere is not shared."""
    leads_there = not path.startswith("/catalog/") or path == posixpath.normpath(path)
    return leads_there and path.startswith(_SHARED)


def _name(host: str) -> str:
    """The name in a Host header: without the port, in lower case."""
    name, bracket, _ = host.lower().partition("]")
    return f"{name}]" if bracket else name.partition(":")[0]
