"""Tasks over an engine, processes by default: results as they come."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from loky import ProcessPoolExecutor, cpu_count
from loky.backend import get_context

from catalog.source.bucket import call_reaching, reached

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from concurrent.futures import Future
    from multiprocessing import SimpleQueue

_Result = TypeVar("_Result")

_AHEAD: Final = 2
"""Tasks in flight per process: enough to keep it busy, few enough to keep memory flat."""
_PATIENCE_SECONDS: Final = 0.5
_IDLE_SECONDS: Final = 10
"""A process without work ends itself after that: so it does when this one was killed."""
_CHANNEL: Final[list[SimpleQueue[Any]]] = []
"""In a process that works: leads to the one that hears."""


class Engine(Protocol):
    """What does tasks: processes of this machine, or a cluster."""

    def run(
        self,
        function: Callable[..., _Result],
        tasks: Iterable[tuple[Any, ...]],
        hear: Callable[[Any], None] | None = None,
        *,
        small: bool = False,
        portable: bool = False,
    ) -> Generator[_Result]:
        """As `run_tasks`; `small` work is done sooner than a second process is started.

        `portable` tasks read nothing on this machine but what is in their arguments, of which the
        first is a journal: that is all that they write to. Closing it ends the tasks that are not
        done.
        """


@dataclass(frozen=True, slots=True)
class Processes:
    """Processes of this machine."""

    workers: int | None = None
    """How many at most; by default as many as cores, and one for small work."""

    def count(self, *, small: bool) -> int:
        """How many work at most."""
        return self.workers or (1 if small else cpu_count())

    def run(
        self,
        function: Callable[..., _Result],
        tasks: Iterable[tuple[Any, ...]],
        hear: Callable[[Any], None] | None = None,
        *,
        small: bool = False,
        portable: bool = False,  # noqa: ARG002 - all is on this machine
    ) -> Generator[_Result]:
        """Call a function with each tuple of arguments."""
        call = partial(call_reaching, reached(), function)
        return run_tasks(call, tasks, self.count(small=small), hear)


def run_tasks(
    function: Callable[..., _Result],
    tasks: Iterable[tuple[Any, ...]],
    workers: int,
    hear: Callable[[Any], None] | None = None,
) -> Generator[_Result]:
    """Call a function with each tuple of arguments; yield the results in the order they come.

    With one worker everything happens in this process, in order. Otherwise loky starts the
    processes: unlike those of the standard library, they do not import the user's script again.

    Parameters
    ----------
    function : callable
        What is to be done; a module has it, so that other processes find it.
    tasks : iterable of tuple
        Its arguments.
    workers : int
        Processes at most.
    hear : callable, optional
        Called with what the tasks tell meanwhile, at least twice a second: then the first argument
        of `function` is a callable that tells.
    """
    pending = list(tasks)
    if workers <= 1 or len(pending) <= 1:
        told = () if hear is None else (hear,)
        yield from (function(*told, *arguments) for arguments in pending)
        return
    channel: SimpleQueue[Any] = get_context("loky").SimpleQueue()
    executor = ProcessPoolExecutor(
        min(workers, len(pending)), timeout=_IDLE_SECONDS, initializer=_connect, initargs=(channel,)
    )
    call = (function,) if hear is None else (_call_telling, function)
    running: set[Future[_Result]] = set()
    try:
        for number, arguments in enumerate(pending, 1):
            running.add(executor.submit(*call, *arguments))
            while len(running) >= workers * _AHEAD or (running and number == len(pending)):
                done, running = _some_done(running, channel, hear)
                yield from (future.result() for future in done)
        executor.shutdown()
    except BaseException:
        executor.shutdown(wait=True, kill_workers=True)
        raise


def _some_done(
    running: set[Future[_Result]], channel: SimpleQueue[Any], hear: Callable[[Any], None] | None
) -> tuple[set[Future[_Result]], set[Future[_Result]]]:
    """Those that are done, at least one, and those that are not; meanwhile, hear what they tell."""
    while True:
        done, left = wait(running, _PATIENCE_SECONDS, FIRST_COMPLETED)
        while hear is not None and not channel.empty():
            hear(channel.get())
        if done:
            return done, left


def _connect(channel: SimpleQueue[Any]) -> None:
    _CHANNEL.append(channel)


def _call_telling(function: Callable[..., _Result], *arguments: Any) -> _Result:
    return function(_CHANNEL[-1].put, *arguments)
