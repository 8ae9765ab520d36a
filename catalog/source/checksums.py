"""`checksums.sha512`, which may lie beside the data: a SHA-512 and a name a line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_LINE: Final = re.compile(r"([0-9a-fA-F]{128})\s+[* ]?(\S.*?)\s*")


def read_checksums(folders: Iterable[str], names: Collection[str]) -> dict[str, str]:
    """SHA-512 in hexadecimal by file name, of those of the names that are listed.

    Parameters
    ----------
    folders : iterable of str
        Where to look for the list.
    names : collection of str
        File names, without folders.
    """
    sums: dict[str, str] = {}
    for folder in folders:
        path = Path(folder, "checksums.sha512")
        if not path.is_file():
            continue
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                match = _LINE.fullmatch(line)
                name = match[2].replace("\\", "/").rpartition("/")[2] if match else ""
                if match and name in names:
                    sums[name] = match[1].lower()
    return sums
