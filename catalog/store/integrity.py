"""`checksums.sha256`: detects large files of a catalog that `index` did not write."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from typing import TYPE_CHECKING, Final

from catalog.errors import CatalogNotFoundError
from catalog.store import staging
from catalog.store.outputs import whole_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    Recorded = dict[str, list[str]]
    """By name of a file, its SHA-256 and that of its ends."""

_ALWAYS: Final = (staging.ITEMS, staging.DATABASE, staging.REPORT)
_OF_ARCHIVES: Final = (staging.MEMBERS, staging.ARCHIVE_LIST)
_OF_PAGE: Final = f"{staging.MAP}/{staging.CHECKSUMS}"
_AGAIN: Final = "run `sen12ms index` again, which rebuilds it"
_COMMENT: Final = "# "
"""What `sha256sum` passes over: it is before the digests of the ends."""
_LINE: Final = re.compile(r"^(?:# )?([0-9a-f]{64})  ([^\0-\x1f]+)$", re.MULTILINE)
_END_BYTES: Final = 64 << 10


def write_checksums(folder: Path) -> None:
    """Record SHA-256 of a catalog's files, for `sha256sum --check` to read, and of their ends.

    The map page, which no command reads, has a list of its own, which is in the list of the others.
    """
    archives = [name for name in _OF_ARCHIVES if (folder / name).is_file()]
    names = [*_ALWAYS, *archives, *staging.partition_files(folder)]
    page = folder / staging.MAP
    own = page / staging.CHECKSUMS
    paths = sorted(path for path in page.rglob("*") if path.is_file() and path != own)
    pages = [path.relative_to(page).as_posix() for path in paths]
    _write_list(page, [*pages, f"../{staging.PAGE}"])
    _write_list(folder, [*names, _OF_PAGE])


def _write_list(folder: Path, names: Sequence[str]) -> None:
    found = {name: [file_sha256(folder / name), _ends_sha256(folder / name)] for name in names}
    with whole_file(folder / staging.CHECKSUMS) as partial:
        partial.write_text(_text_of(found), encoding="utf-8", newline="\n")


def _text_of(recorded: Recorded) -> str:
    lines = [f"{whole}  {name}\n" for name, (whole, _) in recorded.items()]
    lines += [f"{_COMMENT}{ends}  {name}\n" for name, (_, ends) in recorded.items()]
    return "".join(lines)


def check_parts(folder: Path) -> None:
    """Check that the files of a catalog belong together, by their sizes and ends alone.

    That takes a fraction of a millisecond, and tells files of another catalog or run, and files
    that were cut off or edited: Parquet and DuckDB keep their directories at the ends. For the rest
    see `damaged_files`. Nothing is known of a folder without checksums.

    Raises
    ------
    CatalogNotFoundError
        If one of them is not what `index` wrote with the others.
    """
    # Once more, since `index` may have put another catalog in its place in between.
    name = _other_part(folder) and _other_part(folder)
    if name:
        raise foreign(folder / name)


def foreign(path: Path) -> CatalogNotFoundError:
    """What to raise where a file does not belong to the others of its catalog."""
    return CatalogNotFoundError(
        f"{path} does not belong to the other files of the catalog: {_AGAIN}"
    )


def recorded_sha256(folder: Path, name: str) -> str | None:
    """SHA-256 of a file as `index` recorded it, in hexadecimal; None where there is no record."""
    try:
        return _recorded(folder)[name][0]
    except (OSError, ValueError, LookupError):
        return None


def _other_part(folder: Path) -> str | None:
    try:
        recorded = _recorded(folder)
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return staging.CHECKSUMS
    for name in (*_ALWAYS, *_OF_ARCHIVES):
        try:
            found = [_ends_sha256(folder / name)]
        except FileNotFoundError:
            continue
        except OSError:
            return name
        if found != recorded.get(name, [])[1:]:
            return name
    return None


def damaged_files(folder: Path) -> dict[str, str]:
    """Files of a catalog that are missing, damaged or edited, or of another catalog.

    Returns
    -------
    dict
        By path below the folder, what is wrong and the remedy. Where there are no checksums, only
        that is told.
    """
    sometimes = [*_OF_ARCHIVES, *staging.partition_files(folder)]
    problems = _problems(folder, (*_ALWAYS, _OF_PAGE), sometimes)
    page = _problems(folder / staging.MAP, (), ())
    problems |= {posixpath.normpath(f"{staging.MAP}/{name}"): told for name, told in page.items()}
    return {name: f"{problem}: {_AGAIN}" for name, problem in problems.items()}


def is_untouched(folder: Path, files: int, written_ns: int) -> bool:
    """Whether a folder has so many files, none of which changed after the catalog was written."""
    try:
        with os.scandir(folder) as entries:
            changed = [entry.stat().st_mtime_ns for entry in entries]
    except OSError:
        return False
    return len(changed) == files and max(changed) <= written_ns


def _problems(folder: Path, always: Sequence[str], sometimes: Sequence[str]) -> dict[str, str]:
    """What is wrong in one folder, by name: those that are always there, recorded, or found."""
    try:
        recorded = _recorded(folder)
    except (OSError, ValueError):
        return {staging.CHECKSUMS: "is missing or cannot be understood"}
    found = [name for name in sometimes if (folder / name).exists()]
    names = dict.fromkeys((*always, *found, *recorded))
    problems = {name: _problem(folder / name, recorded.get(name)) for name in names}
    return {name: problem for name, problem in problems.items() if problem}


def _problem(path: Path, recorded: list[str] | None) -> str | None:
    try:
        found = [file_sha256(path), _ends_sha256(path)]
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None if found == recorded else "is not what `index` wrote"


def _recorded(folder: Path) -> Recorded:
    """What is recorded of each file.

    Raises
    ------
    OSError, ValueError
        If it cannot be read or understood.
    """
    return recorded_from_text((folder / staging.CHECKSUMS).read_bytes().decode())


def recorded_from_text(text: str) -> Recorded:
    """What `checksums.sha256` records of each file.

    Raises
    ------
    ValueError
        If it cannot be understood.
    """
    recorded: Recorded = {}
    for digest, name in _LINE.findall(text):
        recorded.setdefault(name, []).append(digest)
    if {*map(len, recorded.values())} != {2} or _text_of(recorded) != text:
        raise ValueError(f"{staging.CHECKSUMS} is not as `index` writes it")
    if any(map(_leads_elsewhere, recorded)):
        raise ValueError(f"{staging.CHECKSUMS} names a file of another folder")
    return recorded


def _leads_elsewhere(name: str) -> bool:
    """Whether a file is neither below the folder of its list nor beside that, as the page is."""
    return name.startswith("/") or ".." in name.removeprefix("../").split("/")


def file_sha256(path: Path) -> str:
    """SHA-256 of the bytes of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ends_sha256(path: Path) -> str:
    """SHA-256 of the size of a file, its first and its last 64 KiB."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        digest = hashlib.sha256(size.to_bytes(8, "little"))
        digest.update(file.read(_END_BYTES))
        file.seek(max(0, size - _END_BYTES))
        digest.update(file.read(_END_BYTES))
    return digest.hexdigest()
