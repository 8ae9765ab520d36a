"""Files that appear whole, or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.errors import CatalogError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator


def checked_target(target: str | os.PathLike[str]) -> Path:
    """Where to write, as a path; a name that no file system has is refused.

    Raises
    ------
    OutputError
        If it holds a NUL character.
    """
    if "\0" in os.fspath(target):
        raise OutputError(f"{os.fspath(target)!r} holds a NUL character: leave it out")
    return Path(target)


@contextmanager
def whole_file(target: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary name beside a file, which takes its place once all is written.

    A device or a pipe has no such name: it is written to as it is.

    Raises
    ------
    OutputError
        If it cannot be written: it is a folder, its folder is missing, the disk is full.
    """
    path = Path(os.path.realpath(checked_target(target)))
    # Not of `path`, which does not exist where /dev/stdout is a pipe.
    special = os.path.exists(target) and not (os.path.isfile(target) or os.path.isdir(target))
    partial = Path(target) if special else path.with_name(f"{path.name}.partial")
    try:
        if path.is_dir():
            raise OutputError(f"{target} cannot be written: it is a folder")
        if not path.parent.is_dir():
            raise OutputError(f"{target} cannot be written: there is no folder {path.parent}")
        yield partial
        if not special:
            os.replace(partial, path)
    except CatalogError:
        raise
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        if not special:
            with suppress(OSError):
                partial.unlink()
