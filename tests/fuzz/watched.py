"""Linux's word on whether files of a folder were opened or changed."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_ACCESS, _MODIFY, _OPEN = 0x1, 0x2, 0x20
_MOVED, _CREATE, _DELETE = 0xC0, 0x100, 0x200
_EVENTS: Final = _ACCESS | _MODIFY | _OPEN | _MOVED | _CREATE | _DELETE


class Watched:
    """Tells of any access to the files of one folder since the last question; see inotify(7)."""

    def __init__(self, folder: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(os.O_NONBLOCK)
        if libc.inotify_add_watch(self._descriptor, os.fsencode(folder), _EVENTS) < 0:
            raise OSError(ctypes.get_errno(), f"{folder} cannot be watched")

    def was_touched(self) -> bool:
        """Whether anything happened."""
        try:
            return bool(os.read(self._descriptor, 1 << 16))
        except BlockingIOError:
            return False
