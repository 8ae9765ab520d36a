"""Open a catalog for a command, so that Ctrl-C interrupts its queries."""

from __future__ import annotations

import signal
import socket
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from catalog.reading.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_AGAIN_SECONDS: Final = 0.2


@contextmanager
def opened(out: str, root: str | None = None) -> Iterator[Catalog]:
    """`Catalog.open`; Ctrl-C interrupts its queries.

    DuckDB looks for Ctrl-C between its tasks only, and a task may take hours.
    """
    with Catalog.open(out, root=root) as cat, _at_interrupt(cat.interrupt):
        yield cat


@contextmanager
def _at_interrupt(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at Ctrl-C from a thread of its own: the main one may wait for DuckDB.

    Raises
    ------
    KeyboardInterrupt
        In place of whatever DuckDB raises then.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    interrupted = Event()
    thread = Thread(target=_listen, args=(reader, interrupted, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        writer.close()
        thread.join()
        reader.close()
        if interrupted.is_set():
            raise KeyboardInterrupt


def _listen(reader: socket.socket, interrupted: Event, stop: Callable[[], None]) -> None:
    """Python writes the number of every signal to its wake-up socket.

    DuckDB forgets an interrupt that comes while a question is being prepared: it is repeated.
    """
    while True:
        try:
            received = reader.recv(1)
        except TimeoutError:
            stop()
            continue
        if not received:
            return
        if received[0] == signal.SIGINT:
            interrupted.set()
            stop()
            reader.settimeout(_AGAIN_SECONDS)
