"""Runs a command until its n-th step towards the disk, then ends the process as a crash would.

`python crash_shim.py STEP LOG WATCHED COMMAND...`: steps are files opened for writing, renames,
removals and fsyncs below WATCHED. LOG gets what `power_loss.py` needs in order to lose what was not
yet on the disk: which files were synced and when they were last changed by then, and the renames
that no sync of a folder followed, with the files that they replaced.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR


class Disk:
    """What of the changes below a folder is on the disk for sure."""

    def __init__(self, step: int, log: Path, watched: Path) -> None:
        self.left, self.log, self.watched = step, log, str(watched)
        self.synced: dict[int, int] = {}
        """By inode, the time of the last change when it was synced."""
        self.renames: list[tuple[str, str, str | None]] = []
        """From, to, and the name that the replaced file was kept under; not synced."""
        self.steps = 0
        self._is_busy = False

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Count a step; see `sys.addaudithook`."""
        if self._is_busy:
            return
        self._is_busy = True
        try:
            self._note(event, arguments)
        finally:
            self._is_busy = False

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        is_write = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES
        if is_write or event in {"os.remove", "os.rmdir"}:
            self._step(arguments[0])
        elif event == "os.rename":
            self._step(arguments[1])
            source, target = map(os.path.abspath, arguments[:2])
            if target.startswith(self.watched):
                self.renames.append((source, target, self._kept(target)))

    def _kept(self, target: str) -> str | None:
        """Another name for the file that a rename replaces."""
        if not os.path.isfile(target):
            return None
        name = f"{self.log}.{len(self.renames)}"
        os.link(target, name)
        return name

    def fsync(self, descriptor: int) -> None:
        """Sync a file, or a folder and with it the renames into it."""
        self._is_busy = True
        try:
            self._step(self.watched)
            real_fsync(descriptor)
            status = os.fstat(descriptor)
            self.synced[status.st_ino] = status.st_mtime_ns
            self.renames = [
                rename
                for rename in self.renames
                if os.stat(os.path.dirname(rename[1])).st_ino != status.st_ino
            ]
        finally:
            self._is_busy = False

    def _step(self, path: object) -> None:
        if not isinstance(path, str | os.PathLike):
            return
        if os.path.abspath(os.fsdecode(path)).startswith(self.watched):
            self.steps += 1
            if self.steps == self.left:
                self.write_log()
                os._exit(137)

    def write_log(self) -> None:
        """Write what is known."""
        known = {"synced": self.synced, "renames": self.renames, "steps": self.steps}
        self.log.write_text(json.dumps(known), encoding="utf-8")


real_fsync = os.fsync


def main() -> None:
    """Run the command line in this process, watched."""
    step, log, watched, *command = sys.argv[1:]
    from catalog.cli import main as run_command  # noqa: PLC0415 - imports open files

    disk = Disk(int(step), Path(log), Path(watched))
    os.fsync = disk.fsync
    sys.addaudithook(disk.hook)
    sys.argv = ["sen12ms", *command]
    try:
        run_command()
    finally:
        disk.write_log()


if __name__ == "__main__":
    main()
