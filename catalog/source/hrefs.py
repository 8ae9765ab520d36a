"""What the catalog says where a file is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Hrefs:
    """Hrefs of files: their absolute paths, or a base and the path below the root."""

    roots: tuple[str, ...]
    """Absolute paths of the folders that are read."""
    base: str | None = None
    """URL or path that stands for the root; None to keep absolute paths."""

    def of(self, path: str) -> str:
        """Href of one file below a root."""
        if self.base is None:
            return path
        root = max((root for root in self.roots if _is_below(path, root)), key=len)
        below = os.path.relpath(path, root).replace(os.sep, "/")
        return f"{self.base.rstrip('/')}/{quote(below) if '://' in self.base else below}"


def _is_below(path: str, root: str) -> bool:
    return path.startswith(os.path.join(root, ""))
