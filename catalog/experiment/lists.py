"""Lists of patches: ids, file names or paths; a line each, or pickled as the official ones are."""

from __future__ import annotations

import io
import pickle
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, NoReturn

from catalog.datasets.legacy import parse_name, patch_id
from catalog.errors import ManifestError
from catalog.store.manifest_file import LISTS, Entry, Manifest, checked_format, read_manifest

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

_ID_PARTS: Final = 4  # ROIs1158, spring, 1, p30


def read_list(path: str | os.PathLike[str]) -> Manifest:
    """Read a manifest, or an official list: names only, in the order of the file.

    Raises
    ------
    ManifestError
        If there is no such file, or a line of it is no patch.
    """
    file = Path(path)
    try:
        ending = checked_format(file)
        if ending not in LISTS:
            return read_manifest(file)
        lines = _unpickled(file) if ending == ".pkl" else file.read_text("utf-8").splitlines()
    except OSError as error:
        raise ManifestError(f"{file} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ManifestError(f"{file} is no text: {error}") from error
    ids = patch_ids(lines, str(file))
    return Manifest(tuple(Entry(name) for name in ids))


def patch_ids(names: Iterable[str], where: str = "the list") -> list[str]:
    """Ids of patches that are called by id, file name or path of any sensor; each once.

    Empty lines, and lines that start with `#`, are passed over.

    Raises
    ------
    ManifestError
        If a name is none of these; the message says where it stands.
    """
    ids: dict[str, None] = {}
    for number, text in enumerate(names, 1):
        name = text.strip()
        if not name or name.startswith("#"):
            continue
        known = _patch_id(name)
        if known is None:
            raise ManifestError(
                f"{where}, line {number}: {name[:80]!r} is no patch; write ids "
                "(ROIs1158_spring_1_p30), file names or paths"
            )
        ids[known] = None
    return list(ids)


def _patch_id(name: str) -> str | None:
    file = PurePosixPath(name.replace("\\", "/")).name
    parts = file.split("_")
    if len(parts) == _ID_PARTS:
        file = "_".join((*parts[:2], "s2", *parts[2:])) + ".tif"
    parsed = parse_name(file)
    return parsed and patch_id(parsed[0])


class _PlainUnpickler(pickle.Unpickler):
    """Makes lists and texts, and imports nothing: a pickle could otherwise run any code."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise ManifestError(f"it asks for {module}.{name}, and a list of names needs no code")

    def persistent_load(self, pid: Any) -> NoReturn:
        raise ManifestError(f"it refers to {pid!r} outside of the file")


def _unpickled(file: Path) -> list[str]:
    try:
        names = _PlainUnpickler(io.BytesIO(file.read_bytes())).load()
    except ManifestError as error:
        raise ManifestError(f"{file} is not opened: {error}") from error
    except (pickle.UnpicklingError, ValueError, IndexError, EOFError, KeyError, TypeError) as error:
        raise ManifestError(f"{file} is no pickled list: {error}") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ManifestError(f"{file} holds a {type(names).__name__}, not a list of names")
    return names
