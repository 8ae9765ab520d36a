"""Maps file paths to asset hrefs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import quote, unquote

from catalog.model import is_member, is_url, is_web


@dataclass(frozen=True, slots=True)
class Hrefs:
    """Hrefs of files: their absolute paths, or a base and the path below the root."""

    roots: tuple[str, ...]
    """Absolute paths or URLs of the folders that are read; of archives, GDAL's names of their
    contents."""
    base: str | None = None
    """URL or path that stands for the root; None to keep absolute paths."""
    alternate: str | None = None
    """URL of a web server that stands for the root once more; None if there is none."""

    def of_file(self, path: str) -> str:
        """Href of one file below a root."""
        if self.base is None:
            return path
        start = max(filter(path.startswith, map(_start, self.roots)), key=len)
        below = path.removeprefix(start)
        if is_web(path):
            below = unquote(below)
        elif not (is_member(path) or is_url(path)):  # these have slashes on every system
            below = below.replace(os.sep, "/")
        return f"{self.base.rstrip('/')}/{quote(below) if is_web(self.base) else below}"

    def of_alternate(self, href: str) -> str | None:
        """Where the file of an href is on the other web server, too; None if there is none."""
        if self.alternate is None:
            return None
        starts = self.roots if self.base is None else (self.base.rstrip("/") or "/",)
        return Hrefs(starts, self.alternate).of_file(href)


def _start(root: str) -> str:
    """How paths below a root start."""
    return f"{root}/" if is_member(root) or is_url(root) else os.path.join(root, "")
