"""Writing the map page into the folder of a catalog."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from catalog.query.database import open_database
from catalog.query.session import Session
from catalog.stac.item import preview_name
from catalog.store import staging
from catalog.store.checksummed import digest
from catalog.store.integrity import file_sha256
from catalog.viewer.columns import packed
from catalog.viewer.search_table import described, legends, patches

if TYPE_CHECKING:
    from catalog.datasets import Dataset

PAGE: Final = Path(__file__).with_name("page")
"""The page as it is shipped: what every catalog has."""


@cache
def page_digest() -> str:
    """SHA-256 of the shipped page: another one means another catalog."""
    return digest(*(f"{name} {file_sha256(PAGE / name)}" for name in _names()))


def write_page(folder: Path, dataset: Dataset, *, items: bool, previews: bool) -> None:
    """Write the page, and the tables that it searches.

    Parameters
    ----------
    folder : Path
        The catalog, with its `catalog.duckdb`.
    dataset : Dataset
        What it holds.
    items : bool
        Whether every item has a file.
    previews : bool
        Whether there are pictures beside the items.
    """
    for name in _names():
        # Content alone: how the package was installed says nothing of who may write a catalog.
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PAGE / name, folder / name)
    data = folder / staging.MAP
    session = Session(open_database(folder / staging.DATABASE, dataset=dataset))
    try:
        columns, names = patches(session)
        about = described(session, names) | _addresses(items=items, previews=previews)
        (data / "patches.columns.gz").write_bytes(packed(columns))
        for scheme, counts in legends(session):
            (data / f"{scheme}.columns.gz").write_bytes(packed(counts))
    finally:
        session.close()
    (folder / staging.ABOUT).write_bytes(orjson.dumps(about))


def _names() -> list[str]:
    """The files of the shipped page, as paths below it."""
    return sorted(path.relative_to(PAGE).as_posix() for path in PAGE.rglob("*") if path.is_file())


def _addresses(*, items: bool, previews: bool) -> dict[str, str | None]:
    """Where the page finds what belongs to a patch: templates, relative to the catalog's folder."""
    scene = "{collection}/{season}/{scene_id}"
    return {
        "item": f"{scene}/{{id}}.json" if items else None,
        "picture": f"{scene}/{preview_name('{id}', '{picture}')}" if previews else None,
        "browser": None,
        "files": None,
    }
