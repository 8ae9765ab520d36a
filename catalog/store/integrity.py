"""`checksums.sha256`: what tells a catalog's large files from others than `index` wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from catalog.store import staging
from catalog.store.outputs import whole_file
from catalog.store.static import file_sha256

if TYPE_CHECKING:
    from pathlib import Path

_ALWAYS: Final = (staging.ITEMS, staging.DATABASE, staging.REPORT)
_OF_ARCHIVES: Final = (staging.MEMBERS, staging.ARCHIVE_LIST)
_AGAIN: Final = "run `sen12ms index` again, which makes it anew"


def write_checksums(folder: Path) -> None:
    """Record the SHA-256 of the files of a catalog, as `sha256sum --check` reads it."""
    names = [*_ALWAYS, *(name for name in _OF_ARCHIVES if (folder / name).is_file())]
    lines = [f"{file_sha256(folder / name)}  {name}\n" for name in names]
    with whole_file(folder / staging.CHECKSUMS) as partial:
        partial.write_text("".join(lines), encoding="utf-8", newline="\n")


def damaged_files(folder: Path) -> dict[str, str]:
    """Files of a catalog that are missing, damaged or edited, or of another catalog.

    Returns
    -------
    dict
        By path below the folder, what is wrong and the remedy. Where there are no checksums, only
        that is told.
    """
    try:
        text = (folder / staging.CHECKSUMS).read_text(encoding="utf-8")
        recorded = {name: found for found, name in map(str.split, text.splitlines())}
    except (OSError, ValueError):
        return {staging.CHECKSUMS: f"is missing or cannot be understood: {_AGAIN}"}
    present = [name for name in _OF_ARCHIVES if name in recorded or (folder / name).exists()]
    problems = {name: _problem(folder / name, recorded.get(name)) for name in (*_ALWAYS, *present)}
    return {name: f"{problem}: {_AGAIN}" for name, problem in problems.items() if problem}


def _problem(path: Path, recorded: str | None) -> str | None:
    try:
        found = file_sha256(path)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None if found == recorded else "is not what `index` wrote"
