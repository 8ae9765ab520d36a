"""A port of this machine, and the application behind it until somebody stops it."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import uvicorn

from catalog.errors import ServeError

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def listen(host: str, port: int) -> socket.socket:
    """A socket that is connected to already: a browser may open its URL before the server runs.

    Parameters
    ----------
    host : str
        Name or address of the interface.
    port : int
        0 for any that is free.

    Raises
    ------
    ServeError
        If the port is taken, or there is no such interface.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise ServeError(
            f"{host}:{port} cannot be listened on: {error.strerror}; name another --port, or 0"
        ) from error
    # asyncio sets this on sockets of its own only; without it every small answer takes 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket) -> str:
    """URL of the server behind a socket, with a slash at its end."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared with, not bound to
        host = "localhost"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def run(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until Ctrl-C."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
