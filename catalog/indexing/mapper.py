"""Tasks over processes: a few at a time, results as they come."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, wait
from typing import TYPE_CHECKING, Any, Final, TypeVar

from loky import ProcessPoolExecutor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

_Result = TypeVar("_Result")

_AHEAD: Final = 2
"""Tasks in flight per process: enough to keep it busy, few enough to keep memory flat."""
_PATIENCE_SECONDS: Final = 0.5
_IDLE_SECONDS: Final = 10
"""A process without work ends itself after that: so it does when this one was killed."""


def in_this_process(tasks: int, workers: int) -> bool:
    """Whether `run_tasks` starts no other process."""
    return workers <= 1 or tasks <= 1


def run_tasks(
    function: Callable[..., _Result],
    tasks: Iterable[tuple[Any, ...]],
    workers: int,
    meanwhile: Callable[[], None] = lambda: None,
) -> Iterator[_Result]:
    """Call a function with each tuple of arguments; yield the results in the order they come.

    With one worker everything happens in this process, in order. Otherwise loky starts the
    processes: unlike those of the standard library, they do not import the user's script again.
    While none of them has a result, `meanwhile` is called every half second.
    """
    pending = list(tasks)
    if in_this_process(len(pending), workers):
        for arguments in pending:
            yield function(*arguments)
        return
    executor = ProcessPoolExecutor(min(workers, len(pending)), timeout=_IDLE_SECONDS)
    waiting = iter(pending)
    try:
        running: set[Future[_Result]] = set()
        for arguments in waiting:
            running.add(executor.submit(function, *arguments))
            if len(running) >= workers * _AHEAD:
                done, running = _some_done(running, meanwhile)
                yield from (future.result() for future in done)
        while running:
            done, running = _some_done(running, meanwhile)
            yield from (future.result() for future in done)
        executor.shutdown()
    except BaseException:
        executor.shutdown(wait=True, kill_workers=True)
        raise


def _some_done(
    running: set[Future[_Result]], meanwhile: Callable[[], None]
) -> tuple[set[Future[_Result]], set[Future[_Result]]]:
    """Those that are done, at least one, and those that are not."""
    while True:
        done, left = wait(running, _PATIENCE_SECONDS, FIRST_COMPLETED)
        if done:
            return done, left
        meanwhile()
