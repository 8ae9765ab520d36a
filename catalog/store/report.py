"""What a run of `index` did, as `report.json` keeps it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

import orjson

from catalog.errors import CatalogNotFoundError
from catalog.model import (
    GDAL_PREFIX,
    Rebase,
    Rejected,
    archive_of,
    gdal_name,
    is_member,
    is_url,
)
from catalog.store import staging

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ITEM_FILES: Final = ("files", "none")
"""Whether items have files of their own, or are in the table alone; the default comes first."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run of `index` did; `report.json` holds the same."""

    package: str
    """Version of sen12ms-catalog."""
    dataset: str
    """Id of the dataset."""
    inputs: str
    """SHA-256 over all that the catalog was made from."""
    roots: tuple[str, ...]
    """Absolute paths of the folders that were read; of archives, GDAL's names of their contents."""
    href_base: str | None
    """What hrefs start with in place of the root; None for absolute paths."""
    schema_url: str | None
    """What items name as the schema of the dataset's own fields."""
    files: int
    """Files with a name of the dataset."""
    scenes: int
    """Scenes in the catalog."""
    patches: int
    """Patches in the catalog."""
    missing: Mapping[str, int]
    """Patches without a file, by sensor."""
    rejected: tuple[Rejected, ...]
    """Files that are not in the catalog, by path."""
    cloud_cover: Mapping[str, Any] | None = None
    """Where the cloud cover comes from: `source`, the table; `taken`, how many patches have it;
    `not_in_catalog` and `without_value`, how many of its other ids have a value or have none. None
    where no table was given."""
    land_cover: Mapping[str, Any] | None = None
    """Where class counts come from that the dataset has not: `source`, the table; `taken`, how many
    patches have them; `missing` and `other_grid`, ids of those that are not there, or lie on
    another grid. None where no other catalog was named."""
    items: str = ITEM_FILES[0]
    """Whether items have files of their own, `files`, or are in the table alone, `none`."""
    partition: str | None = None
    """What the table is partitioned by once more: `season`, `continent` or `scene`."""
    storage: Mapping[str, Any] | None = None
    """The object stores that hrefs lead to, by bucket, as STAC's storage extension has them; None
    where they lead to none."""
    alternate: str | None = None
    """URL of a web server that stands for the root once more, as STAC's alternate assets; None if
    there is none."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Absolute paths of the folders and archives that were read."""
        return tuple(archive_of(root) if is_member(root) else root for root in self.roots)

    @property
    def href_start(self) -> str:
        """What all hrefs start with, without the slash behind it: empty if they share nothing.

        Of archives it is their folder, as GDAL's name of a member starts: `/vsitar/{/data`.
        """
        if self.href_base is not None:
            return self.href_base.rstrip("/")
        folders = [os.path.dirname(root) if is_member(root) else root for root in self.roots]
        if any("://" in folder for folder in folders):
            return _shared_start(folders)
        try:
            return os.path.commonpath(folders).rstrip("/")
        except ValueError:  # on Windows: on two drives
            return ""

    def moved_to(self, root: str | os.PathLike[str]) -> Rebase:
        """Where files are if the data is below `root` now.

        Raises
        ------
        CatalogNotFoundError
            If some are in folders and others in archives, whose names share no start.
        """
        if self.href_base is None and len(set(map(is_member, self.roots))) > 1:
            raise CatalogNotFoundError(
                f"the catalog is of folders and of archives, and {root} cannot replace both: "
                "index them again where they are now"
            )
        old, new = self.href_start, os.fspath(root)
        new = new.rstrip("/") if is_url(new) else os.path.abspath(new)
        return Rebase(old, f"{GDAL_PREFIX}{gdal_name(new)}" if is_member(old) else new)


def _shared_start(urls: Sequence[str]) -> str:
    """The folder that all URLs share; empty if they are of several servers."""
    parts = zip(*(url.split("/") for url in urls), strict=False)
    shared = [names[0] for names in takewhile(lambda names: len(set(names)) == 1, parts)]
    return "/".join(shared) if len(shared) > 2 else ""


def read_report(out: Path) -> Report:
    """The report of the catalog at `out`.

    Raises
    ------
    CatalogNotFoundError
        If it is missing, or cannot be understood.
    """
    path = out / staging.REPORT
    if not path.is_file():
        raise CatalogNotFoundError(
            f"there is no {path}: make the catalog with `sen12ms index ROOT -o {out}`"
        )
    return report_from_json(path.read_bytes(), str(path))


def report_from_json(content: bytes, path: str) -> Report:
    """The report that a `report.json` holds.

    Raises
    ------
    CatalogNotFoundError
        If it cannot be understood; the message names its path.
    """
    try:
        values = orjson.loads(content)
        rejected = tuple(Rejected(**entry) for entry in values.pop("rejected"))
        return Report(**values | {"roots": tuple(map(str, values["roots"])), "rejected": rejected})
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise CatalogNotFoundError(
            f"{path} is not a report: run `sen12ms index` again, which rebuilds it"
        ) from error
