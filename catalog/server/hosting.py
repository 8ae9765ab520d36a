"""Listen on a port, and serve the application until it is stopped."""

from __future__ import annotations

import ctypes
import logging
import os
import platform
import socket
import sys
from asyncio import CancelledError
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import uvicorn

from catalog.errors import ServeError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from catalog.server.current import CurrentApp


_M_ARENA_MAX: Final = -8
"""Of mallopt: the greatest number of arenas, in glibc's malloc.h."""
ANY: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to
"""Interfaces that mean all of them."""


def address_of_this_machine(family: int) -> str:
    """The address that other machines of the network reach this one at; no packet is sent."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("2001:db8::1" if family == socket.AF_INET6 else "192.0.2.1", 9))
        except OSError:
            return "::1" if family == socket.AF_INET6 else "localhost"
        return str(probe.getsockname()[0])


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
    try:
        host.encode("idna")
    except UnicodeError as error:
        raise ServeError(
            f"{host[:80]!r} is not the name of an interface: write an address such as 127.0.0.1"
        ) from error
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise ServeError(
            f"the server cannot listen on {host}:{port}: {_reason(error)}; name another --host or "
            "--port, 0 for any port that is free"
        ) from error
    # asyncio sets this on sockets of its own only; without it every small answer takes 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _reason(error: OSError) -> str:
    """What the system says, without the address, which Python adds."""
    return (error.strerror or str(error)).partition(" (while")[0]


def url_of(listener: socket.socket) -> str:
    """URL of the server behind a socket, with a slash at its end."""
    host, port = listener.getsockname()[:2]
    if host in ANY:
        host = address_of_this_machine(listener.family)
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def config_of(app: ASGIApp, root_path: str = "") -> uvicorn.Config:
    """How the server runs: it ignores headers of proxies, and does not wait for connections."""
    logging.getLogger("uvicorn.error").addFilter(_is_worth_telling)
    return uvicorn.Config(
        app,
        log_level="warning",
        proxy_headers=False,
        root_path=root_path.strip("/") and f"/{root_path.strip('/')}",
        timeout_graceful_shutdown=1,
    )


def _is_worth_telling(record: logging.LogRecord) -> bool:
    """Whether it is anything but a request that was cancelled when the server stopped."""
    return record.exc_info is None or not isinstance(record.exc_info[1], CancelledError)


def _share_freed_memory() -> None:
    """Let threads that come use memory that others freed, where the C library is glibc.

    It gives each thread an arena of its own, and each keeps what slow searches once needed: see
    mallopt(3).
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def run(app: CurrentApp, listener: socket.socket, root_path: str = "") -> None:
    """Serve until Ctrl-C, which ends it within a second, whatever is being answered.

    Parameters
    ----------
    app : CurrentApp
        What answers.
    listener : socket
        From `listen`.
    root_path : str
        What a proxy leaves out of the paths that it passes on, as JupyterHub's does.
    """
    _share_freed_memory()
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config_of(app, root_path)).run(sockets=[listener])
    if app.is_busy:
        # A thread that still asks would keep the process alive until it is done.
        sys.stderr.flush()
        os._exit(0)
