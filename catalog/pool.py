"""Tasks over processes: a few at a time, results as they come."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, wait
from typing import TYPE_CHECKING, Any, Final, TypeVar

from loky import ProcessPoolExecutor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_Result = TypeVar("_Result")

_AHEAD: Final = 2
"""Tasks in flight per process: enough to keep it busy, few enough to keep memory flat."""
_IDLE_SECONDS: Final = 10
"""A process without work ends itself after that: so it does when this one was killed."""


def run_tasks(
    function: Callable[..., _Result], tasks: Iterable[tuple[Any, ...]], workers: int
) -> Iterator[_Result]:
    """Call a function with each tuple of arguments; yield the results in the order they come.

    With one worker everything happens in this process, in order. Otherwise loky starts the
    processes: unlike those of the standard library, they do not import the user's script again.
    """
    pending = list(tasks)
    if workers <= 1 or len(pending) <= 1:
        for arguments in pending:
            yield function(*arguments)
        return
    executor = ProcessPoolExecutor(min(workers, len(pending)), timeout=_IDLE_SECONDS)
    waiting = iter(pending)
    try:
        running = set()
        for arguments in waiting:
            running.add(executor.submit(function, *arguments))
            if len(running) >= workers * _AHEAD:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
        executor.shutdown()
    except BaseException:
        executor.shutdown(wait=True, kill_workers=True)
        raise
