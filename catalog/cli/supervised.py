"""Run a command in a child process, which can be killed.

A scalar function over one huge value is neither interrupted by DuckDB nor bound by its memory
limit: `length(repeat('x', 1e9))` in a query. A second process has no such questions to ask: it
waits, and kills.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from typing import Final

import click

from catalog.errors import QueryError

MEMORY_BYTES: Final = 8 << 30
"""What the process may allocate: twice what DuckDB itself allows for."""
_GRACE_SECONDS: Final = 2.0
"""How long an interrupted question may take to end by itself."""
_POLL_SECONDS: Final = 0.01
_children: Final[set[int]] = set()
"""This process, if it is such a child."""


def supervise(seconds: float) -> None:
    """Go on in a child process, within `MEMORY_BYTES` and so many seconds.

    The parent waits, and exits as the child does. Where there is no fork, or the command was not
    started by a shell, all goes on in this process.

    Raises
    ------
    QueryError
        In the parent: if the child needed more time or memory.
    """
    if not hasattr(os, "fork") or not click.get_current_context().obj:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _children.add(os.getpid())
        _limit_memory()
        return
    raise click.exceptions.Exit(_outcome(child, seconds))


def leave(code: int) -> None:
    """End this process; a child ends at once: the threads of libraries are not in it."""
    if os.getpid() in _children:
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _limit_memory() -> None:
    import resource  # noqa: PLC0415 - not on Windows

    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = MEMORY_BYTES if most == resource.RLIM_INFINITY else min(most, MEMORY_BYTES)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))


def _outcome(child: int, seconds: float) -> int:
    """The exit code of the child; it is killed after its time, or some time after Ctrl-C."""
    deadline = time.monotonic() + seconds
    interrupted = False
    while True:
        try:
            code = _wait(child, deadline)
        except KeyboardInterrupt:
            interrupted = True
            deadline = min(deadline, time.monotonic() + _GRACE_SECONDS)
            continue
        if interrupted:
            raise KeyboardInterrupt
        if code is None:
            raise QueryError(f"the query took longer than {seconds:g} s: raise --timeout")
        if code < 0:
            raise QueryError(
                f"the query was ended by signal {-code}: it needs more memory than the "
                f"{MEMORY_BYTES >> 30} GiB that a query may use"
            )
        return code


def _wait(child: int, deadline: float) -> int | None:
    """The exit code, negative for a signal; None if the child was killed at the deadline."""
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
        time.sleep(_POLL_SECONDS)
