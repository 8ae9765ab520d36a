"""A few threads for slow requests, so that files are served at any time."""

from __future__ import annotations

from threading import get_ident
from time import monotonic
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
import anyio.to_thread
from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from catalog.query.session import Session

    T = TypeVar("T")

_THREADS: Final = 3
_WAITING: Final = 40
"""Requests that may wait for a thread; others are refused."""
_SECONDS: Final = 20.0
"""Longest time for one request."""
_LOOK_SECONDS: Final = 0.2


class Pool:
    """Runs slow requests, and ends those that take too long or whose client has left.

    Parameters
    ----------
    session : Session
        Where they are asked.
    seconds : float
        Longest time for one request.
    """

    def __init__(self, session: Session, seconds: float = _SECONDS) -> None:
        self._session = session
        self._seconds = seconds
        self._limiter = anyio.CapacityLimiter(_THREADS)
        self._asked = 0
        self._answering: set[int] = set()

    @property
    def is_busy(self) -> bool:
        """Whether a question is being answered."""
        return bool(self._answering)

    async def run(self, request: Request, call: Callable[[], T]) -> T:
        """The answer of a function that asks the session.

        Raises
        ------
        HTTPException
            503 if too many wait, or it takes too long.
        """
        if self._asked >= _THREADS + _WAITING:
            raise HTTPException(503, "too many requests at once: try again", {"Retry-After": "5"})
        self._asked += 1
        try:
            return await self._watched(request, call)
        finally:
            self._asked -= 1

    async def _watched(self, request: Request, call: Callable[[], T]) -> T:
        threads: list[int] = []
        late = False

        def answer() -> T:
            thread = get_ident()
            threads.append(thread)
            self._answering.add(thread)
            try:
                return call()
            finally:
                self._answering.discard(thread)

        async def watch() -> None:
            nonlocal late
            started = None
            while True:
                await anyio.sleep(_LOOK_SECONDS)
                started = started or (monotonic() if threads else None)
                late = started is not None and monotonic() - started > self._seconds
                if late or (threads and await request.is_disconnected()):
                    # Again and again: DuckDB forgets it while it prepares a question.
                    self._session.interrupt(threads[0])

        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(watch)
                found = await anyio.to_thread.run_sync(
                    answer, abandon_on_cancel=True, limiter=self._limiter
                )
                tasks.cancel_scope.cancel()
        except ExceptionGroup as errors:
            if late:
                raise HTTPException(
                    503, f"the answer takes more than {self._seconds:g} s: ask for less"
                ) from errors
            raise errors.exceptions[0] from None
        return found
