"""The files that the server may read: those in the catalog's folder, and those that it names.

A path never comes from a URL alone. A name below the catalog's folder must lead to a file in it,
after all symbolic links; a file of the dataset is found by its key in the catalog, and must lie
below the dataset's root.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Self

import orjson

from catalog.errors import CatalogNotFoundError
from catalog.model import GDAL_PREFIX, UNMOVED, Rebase
from catalog.query.literals import filled
from catalog.query.statements import statement
from catalog.reading.table_items import encoded_items
from catalog.server.responses import read_whole
from catalog.server.unpacked import Unpacked
from catalog.stac.collection import PARQUET, item_links
from catalog.stac.item import item_path
from catalog.store.report import read_report

if TYPE_CHECKING:
    from catalog.datasets import Dataset
    from catalog.model import PatchKey
    from catalog.query.session import Session
    from catalog.reading.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Site:
    """A catalog and its dataset, as files."""

    dataset: Dataset
    """What the catalog holds."""
    folder: Path
    """The catalog."""
    moved: Rebase
    """Where the files of the dataset are now, if it was moved."""
    roots: tuple[Rebase, ...]
    """Folders with files of the dataset, and what stands for them in hrefs; in order of trial."""
    session: Session
    """Where the table is asked."""
    unpacked: Unpacked
    """Files that lie in archives."""

    @classmethod
    def from_catalog(cls, catalog: Catalog) -> Self:
        """The files of an opened catalog.

        Raises
        ------
        CatalogNotFoundError
            If it is a bare table, or its report is missing or damaged.
        """
        if catalog.folder is None:
            raise CatalogNotFoundError(
                f"{catalog.items} is a bare table: serve the folder of the catalog"
            )
        folder = Path(os.path.abspath(catalog.folder))
        report = read_report(folder)
        moved = catalog.session.moved
        start = None if report.href_base is None else report.href_start
        recorded = tuple(Rebase(start, root) for root in report.roots)
        roots = recorded if moved == UNMOVED else (moved,)
        unpacked = Unpacked(catalog)
        return cls(catalog.dataset, folder, moved, roots, catalog.session, unpacked)

    @property
    def is_packed(self) -> bool:
        """Whether files of the dataset lie in archives, so that reading one takes a while."""
        return any(root.new.startswith(GDAL_PREFIX) for root in self.roots)

    def catalog_file(self, name: str) -> Path | None:
        """A file of the catalog, by its path below the folder; None if there is none."""
        return file_below(self.folder, name)

    def item(self, key: PatchKey) -> dict[str, Any] | None:
        """The item of a patch, or its row if it has no file; None if there is no such patch."""
        name = self.dataset.patch_id(key)
        path = self.catalog_file(item_path(self.dataset, key.of_scene, name))
        if path is not None:
            return read_whole(path)
        return self._item_of_table(name)

    def catalog_json(self, name: str) -> dict[str, Any] | None:
        """What a JSON file of the catalog says, by its path; None if there is none.

        Items that have no files are answered from the table, and their scenes link them.

        Raises
        ------
        HTTPException
            500 if the file is damaged.
        """
        path = self.catalog_file(name)
        if path is not None:
            return self._with_items(read_whole(path))
        item = PurePosixPath(name).stem
        key = self.dataset.parse_id(item)
        known = key is not None and name == item_path(self.dataset, key.of_scene, item)
        return self._item_of_table(item) if known else None

    def _item_of_table(self, item: str) -> dict[str, Any] | None:
        return next((orjson.loads(raw) for _, raw in encoded_items(self.session, [item])), None)

    def _with_items(self, value: dict[str, Any]) -> dict[str, Any]:
        links = value.get("links", ())
        key = self.dataset.parse_scene_id(str(value.get("id")))
        if key is None or all(link.get("type") != PARQUET for link in links):
            return value
        self.session.define_files()
        query = filled(statement("queries/items_of_scene"), **key._asdict())
        return value | {"links": [*links, *item_links(self.session.fetch(query))]}

    def members(self, key: PatchKey) -> dict[str, Path] | None:
        """The files of a patch that are there, by sensor; None if there is no such patch."""
        item = self.item(key)
        if item is None:
            return None
        assets = item["assets"]
        present = [name for name in self.dataset.sensors if assets.get(name)]
        hrefs = {name: assets[name]["href"] for name in present}
        found = {name: path for name in hrefs if (path := self._local(hrefs[name])) is not None}
        if any(hrefs[name].startswith(GDAL_PREFIX) for name in hrefs.keys() - found.keys()):
            return self.unpacked.files(key) | found
        return found

    def _local(self, href: str) -> Path | None:
        found = (file_below(Path(root.new), root.of(href)) for root in self.roots)
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
