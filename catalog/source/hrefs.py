"""Maps file paths to asset hrefs."""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from urllib.parse import quote

from catalog.model import is_member


@dataclass(frozen=True, slots=True)
class Hrefs:
    """Hrefs of files: their absolute paths, or a base and the path below the root."""

    roots: tuple[str, ...]
    """Absolute paths of the folders that are read; of archives, GDAL's names of their contents."""
    base: str | None = None
    """URL or path that stands for the root; None to keep absolute paths."""

    def of_file(self, path: str) -> str:
        """Href of one file below a root."""
        if self.base is None:
            return path
        root = max((root for root in self.roots if path.startswith(_start(root))), key=len)
        if is_member(path):  # GDAL separates by slashes on every system
            below = posixpath.relpath(path, root)
        else:
            below = os.path.relpath(path, root).replace(os.sep, "/")
        return f"{self.base.rstrip('/')}/{quote(below) if '://' in self.base else below}"


def _start(root: str) -> str:
    """How paths below a root start."""
    return f"{root}/" if is_member(root) else os.path.join(root, "")
