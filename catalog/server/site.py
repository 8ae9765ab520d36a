"""What may be read through the server: the catalog's folder, and files that the catalog names.

A path never comes from a URL alone. A name below the catalog's folder must lead to a file in it, by
whatever symbolic links; a file of the dataset is found by its key in the catalog, and must lie
below the dataset's root.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from catalog.datasets import SEN12MS
from catalog.datasets.legacy import SENSORS, patch_id
from catalog.model import Rebase
from catalog.stac.item import item_path
from catalog.store.report import read_report
from catalog.store.static import read_json

if TYPE_CHECKING:
    from catalog.model import PatchKey


@dataclass(frozen=True, slots=True)
class Site:
    """A catalog and its dataset, as files."""

    folder: Path
    """The catalog."""
    places: tuple[Rebase, ...]
    """Folders with files of the dataset, and what stands for them in hrefs; in order of trial."""

    @classmethod
    def open(cls, out: str | os.PathLike[str], root: str | os.PathLike[str] | None = None) -> Self:
        """Find out where things are.

        Parameters
        ----------
        out : path
            The folder that `index` wrote.
        root : path, optional
            Where the dataset is now, if it was moved since.

        Raises
        ------
        CatalogNotFoundError
            If there is no catalog.
        """
        folder = Path(os.path.abspath(out))
        report = read_report(folder)
        if root is not None:
            return cls(folder, (report.moved_to(root),))
        start = None if report.href_base is None else report.href_start
        return cls(folder, tuple(Rebase(start, place) for place in report.roots))

    def catalog_file(self, name: str) -> Path | None:
        """A file of the catalog, by its path below the folder; None if there is none."""
        return file_below(self.folder, name)

    def item(self, key: PatchKey) -> dict[str, Any] | None:
        """The item of a patch as the catalog has it; None if there is none."""
        path = self.catalog_file(item_path(SEN12MS, key.of_scene, patch_id(key)))
        return None if path is None else dict(read_json(path))

    def members(self, key: PatchKey) -> dict[str, Path] | None:
        """The files of a patch that are there, by sensor; None if there is no such patch."""
        item = self.item(key)
        if item is None:
            return None
        assets = item["assets"]
        found = {name: self._local(assets[name]["href"]) for name in SENSORS if name in assets}
        return {name: path for name, path in found.items() if path is not None}

    def _local(self, href: str) -> Path | None:
        found = (file_below(Path(place.new), place.of(href)) for place in self.places)
        return next((path for path in found if path is not None), None)


def file_below(folder: Path, name: str) -> Path | None:
    """A file by its path below a folder; None if there is none, or if the path leads elsewhere.

    Symbolic links are followed first: what counts is where the file really is.
    """
    try:
        path = (folder / name).resolve(strict=True)
        inside = path.is_relative_to(folder.resolve(strict=True))
    except (OSError, RuntimeError, ValueError):  # not there; a loop of links; a NUL in the name
        return None
    return path if inside and path.is_file() else None
