"""Standard streams that are closed, full, broken, or of an encoding that lacks a letter."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Final

_MODES: Final = {"stdin": "r", "stdout": "w", "stderr": "w"}


def open_closed_streams() -> None:
    """Give the null device to streams that are closed.

    Libraries expect streams to be there, and the next file that is opened would get the number of
    the closed one, and what some library prints.
    """
    for name, mode in _MODES.items():
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def flush_output() -> None:
    """Write what is left of standard output.

    Raises
    ------
    OSError
        If that cannot be written; it is dropped, or Python would try again at its end. A reader
        that has had enough, such as `head`, is no error.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        drop_output()
        if not isinstance(error, BrokenPipeError):
            raise


def drop_output() -> None:
    """Send whatever is still to be written to standard output to the null device."""
    with suppress(OSError), open(os.devnull, "wb") as null:  # OSError: it is no file
        os.dup2(null.fileno(), sys.stdout.fileno())


def sentence(error: OSError | UnicodeEncodeError) -> str:
    """What went wrong with a stream or file, for a user."""
    if isinstance(error, UnicodeEncodeError):
        letter = error.object[error.start]
        return (
            f"{letter!a} cannot be written in the encoding {error.encoding}: "
            "set PYTHONIOENCODING=utf-8:surrogateescape, or write to a file"
        )
    reason = error.strerror or str(error)
    return f"{error.filename or 'reading or writing'} failed: {reason}"
